/** Why: from the effect back to what began it, each step with its rule, its facts and its source. */
import { useEffect, useState } from 'react'
import type { CauseStep } from '../../lab/protocol.ts'
import { stopwatch } from '../../sim/clock.ts'
import type { JournalEntry } from '../../sim/contract.ts'
import type { FrameCallback, Replica, Selection } from '../contract.ts'
import { InlineClock } from '../drawing/Clock.tsx'
import { InlineGlyph } from '../drawing/Glyph.tsx'
import { Live, LiveSpan } from '../drawing/live.tsx'
import { spellLeft } from '../drawing/spell.ts'
import { hoverEvent } from '../drawing/twins.ts'
import { describeThing, nameById } from '../words/describe-thing.ts'
import { say } from '../words/say.ts'
import { selectChain, whyCannot, whyNotYet, type Step } from './select.ts'
import css from './why.module.css'

export interface WhyProps {
  readonly replica: Replica
  readonly selected: Selection | undefined
  readonly onSelect: (selection: Selection) => void
  readonly ask: <T>(
    question:
      { q: 'causes'; event: number; depth: number } | { q: 'history'; table: string; id: string; limit: number },
  ) => Promise<T>
  readonly onFrame: (callback: FrameCallback) => () => void
}

const DEPTH = 300

type Found = { for: string; steps: readonly CauseStep[] } | { for: string; says: string }

export default function WhyPanel({ replica, selected, onSelect, ask, onFrame }: WhyProps) {
  const key = selected ? JSON.stringify(selected) : ''
  const [found, setFound] = useState<Found>()
  const [turn, setTurn] = useState<'chain' | 'yet' | 'cannot'>('chain')
  const open = found?.for === key && 'says' in found

  useEffect(() => {
    if (!selected || (found?.for === key && 'steps' in found)) return
    let gone = false
    explain(selected, key, ask).then(
      (next) => !gone && setFound(next),
      (error: Error) => !gone && setFound({ for: key, says: error.message }),
    )
    return () => {
      gone = true
    }
    // What is still on its way is asked again when more has run.
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `found` is what this effect sets
  }, [key, open ? replica.executed : 0])

  if (!selected) return <p className={css.empty}>{say('why.choose')}</p>
  const about = describeThing(selected, replica, replica.now)
  const steps = found?.for === key && 'steps' in found ? selectChain(found.steps, nameById(replica)) : undefined
  const cannot = whyCannot(selected, replica)
  const title = steps?.[0] && selected.kind === 'event' ? steps[0].title : (about?.title ?? '')
  return (
    <Live replica={replica} now={replica.now} onFrame={onFrame}>
      <div className={css.why}>
        <div className={css.question}>
          <h2>{say('why.title', { what: title })}</h2>
          <p>{say('why.read')}</p>
          {turn !== 'chain' && (
            <button type="button" className={css.link} onClick={() => setTurn('chain')}>
              {say('why.back')}
            </button>
          )}
          <button
            type="button"
            className={css.link}
            aria-pressed={turn === 'yet'}
            onClick={() => setTurn(turn === 'yet' ? 'chain' : 'yet')}
          >
            {say('why.not-yet')}
          </button>
          {cannot && (
            <button
              type="button"
              className={css.link}
              aria-pressed={turn === 'cannot'}
              onClick={() => setTurn(turn === 'cannot' ? 'chain' : 'cannot')}
            >
              {cannot.question}
            </button>
          )}
        </div>
        {turn === 'yet' ? (
          <Deadlines selection={selected} replica={replica} onSelect={onSelect} />
        ) : turn === 'cannot' && cannot ? (
          <ul className={css.deadlines}>
            {cannot.reasons.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        ) : found?.for === key && 'says' in found ? (
          <p className={css.empty}>{found.says}</p>
        ) : (
          steps && (
            <ol className={css.chain} tabIndex={0} aria-label={say('why.read')}>
              {steps.map((step) => (
                <StepCard key={step.event.id} step={step} onSelect={onSelect} />
              ))}
            </ol>
          )
        )}
      </div>
    </Live>
  )
}

async function explain(selection: Selection, key: string, ask: WhyProps['ask']): Promise<Found> {
  const event = await eventOf(selection, ask)
  if (event === undefined) return { for: key, says: say('why.nothing') }
  const steps = await ask<CauseStep[]>({ q: 'causes', event, depth: DEPTH })
  return steps.length > 0 ? { for: key, steps } : { for: key, says: say('why.still') }
}

/** The event that a choice stands for: itself, or the last write to the record. */
async function eventOf(selection: Selection, ask: WhyProps['ask']): Promise<number | undefined> {
  if (selection.kind === 'event') return selection.event
  if (selection.kind === 'actor') return undefined
  const [entry] = await ask<JournalEntry[]>({ q: 'history', table: selection.table, id: selection.id, limit: 1 })
  return entry?.event.id
}

function StepCard({ step, onSelect }: { step: Step; onSelect: (selection: Selection) => void }) {
  return (
    <li
      className={css.step}
      onPointerEnter={() => hoverEvent(step.event.id)}
      onPointerLeave={() => hoverEvent(undefined)}
    >
      <h3>
        {step.plane && <InlineGlyph plane={step.plane} />}
        <button type="button" title={step.title} onClick={() => onSelect({ kind: 'event', event: step.event.id })}>
          {step.title}
        </button>
      </h3>
      <div className={css.mark}>
        {step.skipped > 0 && (
          <span className={css.skip} title={say('why.steps', { count: step.skipped })}>{`+${step.skipped}`}</span>
        )}
      </div>
      <p>{step.says}</p>
      {step.reasons.map((reason) => (
        <div key={reason.rule}>
          <p className={css.rule}>{reason.says}</p>
          {reason.facts.length > 0 && (
            <dl className={css.facts}>
              {reason.facts.map(([name, value]) => (
                <Fact key={name} name={name} value={value} />
              ))}
            </dl>
          )}
          <p className={css.source} title={reason.source}>
            {reason.rule} {shortSource(reason.source)}
          </p>
        </div>
      ))}
      <p className={css.source}>{step.root ? `${stopwatch(step.at)}, ${say('why.root')}` : stopwatch(step.at)}</p>
    </li>
  )
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  )
}

/** `prober.go doProbe` from the whole path; the path is in the title. */
function shortSource(source: string): string {
  return source.replace(/\S*\/([^/\s]+)/, '$1').slice(0, 60)
}

function Deadlines({
  selection,
  replica,
  onSelect,
}: {
  selection: Selection
  replica: Replica
  onSelect: (selection: Selection) => void
}) {
  const deadlines = whyNotYet(selection, replica)
  if (deadlines.length === 0) return <p className={css.empty}>{say('why.none-waiting')}</p>
  return (
    <ul className={css.deadlines}>
      {deadlines.map((d) => (
        <li key={d.says}>
          <InlineClock since={d.since ?? replica.now} until={d.until} harm={d.harm} />
          <LiveSpan className={d.harm ? `${css.left} ${css.harm}` : css.left} say={(now) => spellLeft(d.until - now)} />
          {d.event === undefined ? (
            <span>{d.says}</span>
          ) : (
            <button
              type="button"
              className={css.link}
              style={{ textDecoration: 'none', fontWeight: 400, padding: 0 }}
              onClick={() => onSelect({ kind: 'event', event: d.event! })}
            >
              {d.says}
            </button>
          )}
        </li>
      ))}
    </ul>
  )
}
