import { use, useEffect, useRef, useState } from 'react'
import { planeOf, useLab, useReplica, watches } from '../../lab/client.ts'
import type { WatchFilter } from '../../lab/protocol.ts'
import { inFlight, type Replica, type SimEvent, type ViewModule } from '../../views/contract.ts'
import { InlineGlyph } from '../../views/drawing/Glyph.tsx'
import { PLANE_NAMES, PLANES } from '../../views/drawing/plane.ts'
import { narrateEvent } from '../../views/words/narrate-event.ts'
import { useStage } from '../stage.ts'
import type { ViewEntry } from '../views.ts'
import { loadView } from './ViewHost.tsx'
import css from './lab.module.css'

export const nameOfIdIn =
  (replica: Replica) =>
  (id: string): string | undefined =>
    replica.get('sandboxes', id)?.metadata.name ?? replica.get('containers', id)?.metadata.name

/** The message in hand: the watched one that arrives next, else the last that did. */
export function messageInHand(replica: Replica, filter: WatchFilter): SimEvent | undefined {
  let found: SimEvent | undefined
  for (const event of inFlight(replica, replica.now))
    if (watches(filter, event) && (!found || event.at < found.at)) found = event
  if (found) return found
  for (let i = replica.recent.length - 1; i >= 0; i--) {
    const event = replica.recent[i]!
    if (watches(filter, event) && planeOf(event.kind)) return event
  }
  return undefined
}

function sentenceOf(module: ViewModule, entry: ViewEntry, node: string, replica: Replica): string {
  const own = module.caption?.(replica, replica.now, node)
  if (own) return own
  const event = messageInHand(replica, entry.watch(node))
  return event ? narrateEvent(event, nameOfIdIn(replica)).says : 'Nothing is under way.'
}

/** A reader that speaks cannot say a sentence every half second: it hears the newest one at this interval. */
const SPEAK_MS = 2_500

/** The text twin of the picture, and the five planes. */
export function Caption({ entry }: { entry: ViewEntry }) {
  const module = entry.now ?? use(loadView(entry))
  const node = useStage((state) => state.node)
  const ready = useLab((state) => state.ready)
  const says = useReplica((replica) => (ready ? sentenceOf(module, entry, node, replica) : 'The cluster starts.'))
  return (
    <div className={css.caption}>
      <p className={css.says}>{says}</p>
      <Spoken says={says} />
      <Legend />
    </div>
  )
}

export function Spoken({ says }: { says: string }) {
  const [spoken, setSpoken] = useState(says)
  const latest = useRef(says)
  useEffect(() => {
    latest.current = says
  }, [says])
  useEffect(() => {
    const timer = setInterval(() => setSpoken(latest.current), SPEAK_MS)
    return () => clearInterval(timer)
  }, [])
  return (
    <p className="unseen" aria-live="polite" role="status">
      {spoken}
    </p>
  )
}

export function Legend() {
  return (
    <ul className={css.legend} aria-label="The five planes">
      {PLANES.map((plane) => (
        <li key={plane}>
          <InlineGlyph plane={plane} /> {PLANE_NAMES[plane]}
        </li>
      ))}
    </ul>
  )
}
