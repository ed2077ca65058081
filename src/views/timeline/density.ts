/** The overview's rows: messages per plane over the whole run. From the worker, else counted from what is held. */
import { useLab } from '../../lab/client.ts'
import type { Density } from '../../lab/protocol.ts'
import type { SimEvent } from '../../sim/contract.ts'
import { planeOf, PLANES } from '../drawing/plane.ts'

const HAS_LAB = typeof window !== 'undefined' && 'nodeglass' in window

export interface Overview {
  readonly density: Density
  readonly head: number
  readonly bookmarks: readonly { at: number; says: string; tone: 'plain' | 'fail' }[]
}

export function useOverview(events: readonly SimEvent[], now: number): Overview {
  // The gallery of fixtures has no worker; whether there is one never changes while the page lives.
  // eslint-disable-next-line react-hooks/rules-of-hooks
  const lab = HAS_LAB ? useLabOverview() : undefined
  if (lab?.density) return { density: lab.density, head: Math.max(lab.head, now), bookmarks: lab.bookmarks }
  return { density: countDensity(events, now), head: now, bookmarks: [] }
}

function useLabOverview() {
  const density = useLab((state) => state.density)
  const head = useLab((state) => state.head)
  const bookmarks = useLab((state) => state.bookmarks)
  return { density, head, bookmarks }
}

const BUCKETS = 160

export function countDensity(events: readonly SimEvent[], until: number): Density {
  const bucketMicros = Math.max(1, Math.ceil(until / BUCKETS))
  const planes = Object.fromEntries(PLANES.map((p) => [p, new Array<number>(BUCKETS).fill(0)])) as Record<
    (typeof PLANES)[number],
    number[]
  >
  for (const event of events) {
    const plane = planeOf(event)
    const i = Math.floor(event.at / bucketMicros)
    if (plane !== undefined && event.from !== event.to && i >= 0 && i < BUCKETS) planes[plane][i]!++
  }
  return { bucketMicros, planes }
}
