import { useRef, useState, type ReactNode } from 'react'
import { theLab, useLab } from '../../lab/client.ts'
import { PLANES, type Plane } from '../../lab/protocol.ts'
import { stopwatch } from '../../sim/clock.ts'
import { InlineGlyph } from '../../views/drawing/Glyph.tsx'
import { PLANE_NAMES } from '../../views/drawing/plane.ts'
import { useNarrow } from '../hooks.ts'
import { JumpBack, JumpForward, Pause, Play, StepBack, StepForward } from '../icons.tsx'
import { Clock } from './Clock.tsx'
import { Menu } from './Menu.tsx'
import { Scrubber } from './Scrubber.tsx'
import { jump, jumpTo, play, setFactor, setFollow, SPEEDS, spellFactor, step } from './time.ts'
import shell from './shell.module.css'
import css from './transport.module.css'

const KINDS: readonly [title: string, plane: Plane][] = PLANES.map((plane) => [PLANE_NAMES[plane], plane])

/** Time in the hand: step, play, pace, clock, the whole run as a line, forks. */
export function Transport({ end }: { end?: ReactNode }) {
  const narrow = useNarrow()
  const playing = useLab((state) => state.playing)
  const ready = useLab((state) => state.ready)
  const first = useLab((state) => state.executed === 0)
  return (
    <footer className={css.bar} aria-label="Time">
      <div className={css.steps} role="group" aria-label="Steps">
        {!narrow && (
          <button
            className={shell.icon}
            aria-label="Back to the last flag"
            title="Back to the last flag  ["
            onClick={() => jump(-1)}
          >
            <JumpBack />
          </button>
        )}
        <button
          className={shell.icon}
          aria-label="Step back one message"
          title="Step back  ,"
          disabled={!ready || first}
          onClick={(event) => step(-1, event.shiftKey)}
        >
          <StepBack size={narrow ? 18 : 16} />
        </button>
        <button
          className={`${shell.icon} ${playing && !narrow ? shell.on : ''}`}
          aria-label={playing ? 'Pause' : 'Play'}
          title={playing ? 'Pause  Space' : 'Play  Space'}
          disabled={!ready}
          onClick={() => play()}
        >
          {playing ? <Pause size={narrow ? 18 : 16} /> : <Play size={narrow ? 18 : 16} />}
        </button>
        <button
          className={shell.icon}
          aria-label="Step forward one message"
          title="Step forward  ."
          disabled={!ready}
          onClick={(event) => step(1, event.shiftKey)}
        >
          <StepForward size={narrow ? 18 : 16} />
        </button>
        {!narrow && <JumpMenu />}
      </div>
      {!narrow && <PaceControls />}
      <Clock />
      <Scrubber forks={!narrow} />
      {end ?? (!narrow && <BranchChooser />)}
      <Busy />
      <Stopped />
    </footer>
  )
}

function JumpMenu() {
  const [open, setOpen] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  return (
    <>
      <button
        ref={button}
        className={shell.icon}
        aria-label="Jump ahead to"
        title="Jump ahead to…"
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <JumpForward />
      </button>
      {open && (
        <Menu anchor={button} label="Jump ahead to" onClose={() => setOpen(false)} style={{ left: 120, bottom: 58 }}>
          <div className={shell.menuTitle} role="presentation">
            Jump ahead to the next
          </div>
          {KINDS.map(([title, plane]) => (
            <button key={plane} role="menuitem" onClick={() => jumpTo({ planes: [plane], routine: true })}>
              <InlineGlyph plane={plane} /> {title}
            </button>
          ))}
          <hr />
          <button role="menuitem" onClick={() => step(1, true)}>
            <span>event, timers too</span>
            <kbd className={shell.kbd}>Shift .</kbd>
          </button>
          <button role="menuitem" onClick={() => jump(1)}>
            <span>flag that is known</span>
            <kbd className={shell.kbd}>]</kbd>
          </button>
        </Menu>
      )}
    </>
  )
}

function PaceControls() {
  const pace = useLab((state) => state.pace)
  const [open, setOpen] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  const follow = pace.mode === 'follow'
  return (
    <>
      <button
        role="switch"
        aria-checked={follow}
        className={css.follow}
        title="Follow: each message that the picture watches is shown for 0.6 s; gaps are compressed  F"
        onClick={() => setFollow(!follow)}
      >
        Follow <span className={css.switch} aria-hidden="true" />
      </button>
      <button
        ref={button}
        className={css.pace}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-label={
          follow
            ? 'Pace: each message shown 0.6 s. Choose a speed'
            : `Speed ${spellFactor(pace.factor)}. Choose another`
        }
        onClick={() => setOpen(!open)}
      >
        {follow ? (
          <>
            each event
            <br />
            shown 0.6 s
          </>
        ) : (
          <>
            <b>{spellFactor(pace.factor)}</b>
            <br />
            {pace.factor === 1 ? 'real time' : pace.factor > 1 ? 'faster' : 'slower'}
          </>
        )}
      </button>
      {open && (
        <Menu anchor={button} label="Pace" onClose={() => setOpen(false)} style={{ left: 250, bottom: 58 }}>
          <button role="menuitemradio" aria-checked={follow} onClick={() => setFollow(true)}>
            <span>Follow</span>
            <kbd className={shell.kbd}>F</kbd>
          </button>
          <hr />
          {SPEEDS.map((factor) => (
            <button
              key={factor}
              role="menuitemradio"
              aria-checked={!follow && pace.factor === factor}
              onClick={() => setFactor(factor)}
            >
              <span>{spellFactor(factor)}</span>
              {factor === 1 && <span>real time</span>}
            </button>
          ))}
        </Menu>
      )}
    </>
  )
}

function BranchChooser() {
  const branch = useLab((state) => state.branch)
  const branches = useLab((state) => state.branches)
  const [open, setOpen] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  const nameOf = (id: number): string => {
    const found = branches.find((one) => one.id === id)
    return found?.parent === undefined ? 'main' : found.cause
  }
  if (branches.length < 2)
    return (
      <span className={css.branch}>
        <b>main</b>
        no forks
      </span>
    )
  return (
    <>
      <button
        ref={button}
        className={css.branch}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-label={`Branch ${nameOf(branch)} of ${branches.length}. Choose another`}
        onClick={() => setOpen(!open)}
      >
        <b>{nameOf(branch)}</b>
        {branches.length} branches
      </button>
      {open && (
        <Menu anchor={button} label="Branches" onClose={() => setOpen(false)} style={{ right: 12, bottom: 58 }}>
          {branches.map((one) => (
            <button
              key={one.id}
              role="menuitemradio"
              aria-checked={one.id === branch}
              onClick={() => theLab().send({ t: 'branch', id: one.id })}
            >
              <span>{nameOf(one.id)}</span>
              <span>{one.parent === undefined ? '' : `from ${stopwatch(one.forkedAt)}`}</span>
            </button>
          ))}
        </Menu>
      )}
    </>
  )
}

function Busy() {
  const busy = useLab((state) => state.busy)
  if (!busy) return null
  return (
    <span className={css.busy} role="status">
      computing {stopwatch(busy.at)} of {stopwatch(busy.of)}
    </span>
  )
}

/** The model itself has failed: the run stands before that event and can be stepped back. */
function Stopped() {
  const stopped = useLab((state) => state.stopped)
  const failed = useLab((state) => state.failed)
  if (!stopped && !failed) return null
  return (
    <div className={`${shell.float} ${css.stopped}`} role="alert">
      <h2>{stopped ? 'The model has stopped here.' : 'The lab could not do that.'}</h2>
      <p>
        {stopped
          ? 'This is a mistake in the model, not in your cluster. You can step back and go on another way; the link of this moment shows the mistake to us.'
          : 'What is shown is still the last state that the lab could compute.'}
      </p>
      <code>{stopped?.message ?? failed}</code>
      <div className={css.buttons}>
        {stopped && (
          <button className={shell.primary} onClick={() => step(-1)}>
            Step back
          </button>
        )}
        <button className={shell.button} onClick={() => location.reload()}>
          Start again
        </button>
      </div>
    </div>
  )
}
