import { useEffect, useRef, useState } from 'react'
import { isRoutine, planeOf, theLab, useLab, useReplica } from '../../lab/client.ts'
import { PLANES, type Plane } from '../../lab/protocol.ts'
import { stopwatch } from '../../sim/clock.ts'
import type { SimEvent } from '../../views/contract.ts'
import { InlineGlyph } from '../../views/drawing/Glyph.tsx'
import { PLANE_NAMES } from '../../views/drawing/plane.ts'
import { narrateEvent, fromTo } from '../../views/words/narrate-event.ts'
import { nameOfIdIn } from '../layout/Caption.tsx'
import { select, useStage } from '../stage.ts'
import css from './dock.module.css'

const MOST = 120

/** Messages as a list, newest last: the text twin of everything that moved. */
export default function Events() {
  const [off, setOff] = useState<ReadonlySet<Plane>>(new Set())
  const [routine, setRoutine] = useState(false)
  const [here, setHere] = useState(false)
  const node = useStage((state) => state.node)
  const selected = useStage((state) => state.selected)
  const replica = useLab((state) => state.replica)
  const events = useReplica((records) => {
    const found: SimEvent[] = []
    for (let i = records.recent.length - 1; i >= 0 && found.length < MOST; i--) {
      const event = records.recent[i]!
      const plane = planeOf(event.kind)
      if (!plane || event.from === event.to || off.has(plane)) continue
      if (!routine && isRoutine(event)) continue
      if (here && !event.from.startsWith(`${node}/`) && !event.to.startsWith(`${node}/`)) continue
      found.push(event)
    }
    return found.reverse()
  })
  const list = useRef<HTMLOListElement>(null)
  const atEnd = useRef(true)
  useEffect(() => {
    const box = list.current
    if (box && atEnd.current) box.scrollTop = box.scrollHeight
  }, [events])
  const names = nameOfIdIn(replica)
  const toggle = (plane: Plane): void => {
    const next = new Set(off)
    if (!next.delete(plane)) next.add(plane)
    setOff(next)
  }
  return (
    <div className={css.events}>
      <div className={css.filters} role="group" aria-label="Which messages">
        {PLANES.map((plane) => (
          <button key={plane} className={css.chip} aria-pressed={!off.has(plane)} onClick={() => toggle(plane)}>
            <InlineGlyph plane={plane} state={off.has(plane) ? 'hollow' : 'solid'} /> {PLANE_NAMES[plane]}
          </button>
        ))}
        <i className={css.gap} />
        <button className={css.chip} aria-pressed={here} onClick={() => setHere(!here)}>
          only {node}
        </button>
        <button
          className={css.chip}
          aria-pressed={routine}
          title="Lease renewals, relists and status reports, which come by the clock"
          onClick={() => setRoutine(!routine)}
        >
          heartbeats
        </button>
      </div>
      <ol
        ref={list}
        className={css.list}
        tabIndex={0}
        aria-label="Messages, newest last"
        onScroll={({ currentTarget: box }) => {
          atEnd.current = box.scrollTop + box.clientHeight > box.scrollHeight - 24
        }}
      >
        {events.length === 0 && <li className={css.none}>Nothing of this kind has happened yet.</li>}
        {events.map((event) => {
          const { title, says } = narrateEvent(event, names)
          const { from, to } = fromTo(event)
          const chosen = selected?.kind === 'event' && selected.event === event.id
          return (
            <li key={event.id}>
              <button
                className={css.row}
                aria-pressed={chosen}
                title={says}
                onClick={() => select(chosen ? undefined : { kind: 'event', event: event.id })}
                onDoubleClick={() => theLab().send({ t: 'seek', at: event.at })}
              >
                <span className={css.at}>{stopwatch(event.at)}</span>
                <InlineGlyph plane={planeOf(event.kind)!} />
                <span className={css.title}>{title}</span>
                <span className={css.way}>
                  {from} → {to}
                </span>
                <span className={css.sentence}>{says}</span>
              </button>
            </li>
          )
        })}
      </ol>
    </div>
  )
}
