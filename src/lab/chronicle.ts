/** What the scrubber shows of a branch's past: how many messages when, and the moments that matter. */
import type { JournalEntry, Micros } from '../sim/contract.ts'
import type { ContainerRecord, FaultRecord } from '../model/tables.ts'
import type { Node, Pod } from '../model/apiserver/objects.ts'
import { PLANES, type Bookmark, type Density, type Plane } from './protocol.ts'
import { shortName } from './short-name.ts'
import { nameOfInput, planeOf } from './watch.ts'

const BUCKETS = 240
const FIRST_BUCKET: Micros = 10_000
const MOST_BOOKMARKS = 200

export class Chronicle {
  readonly bookmarks: Bookmark[] = []
  private bucketMicros: Micros = FIRST_BUCKET
  private counts: Record<Plane, number[]> = { api: [], cri: [], kernel: [], packet: [], store: [] }
  private seen = 0
  private readonly planes = new Map<string, Plane | undefined>()

  private readonly flagsFrom: Micros

  constructor(flagsFrom: Micros) {
    this.flagsFrom = flagsFrom
  }

  /** Takes entries in order; what it has seen already (a replay of the past) it passes over. */
  add(entry: JournalEntry): void {
    if (entry.n <= this.seen) return
    this.seen = entry.n
    const { event } = entry
    if (event.from !== event.to) this.count(event.kind, event.at)
    if (event.at >= this.flagsFrom && entry.changes.length > 0 && this.bookmarks.length < MOST_BOOKMARKS)
      this.mark(entry)
  }

  density(): Density {
    const planes = {} as Record<Plane, readonly number[]>
    for (const plane of PLANES) planes[plane] = Array.from(this.counts[plane], (n) => n ?? 0)
    return { bucketMicros: this.bucketMicros, planes }
  }

  private count(kind: string, at: Micros): void {
    let plane = this.planes.get(kind)
    if (plane === undefined && !this.planes.has(kind)) this.planes.set(kind, (plane = planeOf(kind)))
    if (!plane) return
    while (at >= this.bucketMicros * BUCKETS) this.coarsen()
    const counts = this.counts[plane]
    const bucket = Math.floor(at / this.bucketMicros)
    counts[bucket] = (counts[bucket] ?? 0) + 1
  }

  private coarsen(): void {
    this.bucketMicros *= 2
    for (const plane of PLANES) {
      const fine = this.counts[plane]
      const coarse: number[] = []
      for (let i = 0; i < fine.length; i += 2) coarse.push((fine[i] ?? 0) + (fine[i + 1] ?? 0))
      this.counts[plane] = coarse
    }
  }

  private mark(entry: JournalEntry): void {
    const { event } = entry
    if (event.causes.length === 0) {
      const says = nameOfAct(event)
      if (says) this.bookmarks.push({ at: event.at, n: entry.n, says, tone: 'plain' })
    }
    for (const { table, from, to } of entry.changes) {
      const found = bookmarkOf(table, from, to)
      if (found) this.bookmarks.push({ at: entry.event.at, n: entry.n, ...found })
    }
  }
}

/** What a person did, where it changes something: `create pods/web`. Faults speak for themselves by their record. */
function nameOfAct(event: JournalEntry['event']): string | undefined {
  const { verb } = (event.data ?? {}) as { verb?: string }
  if (event.kind !== 'api.request' || verb === undefined || /^(get|list|watch)$/.test(verb)) return undefined
  return nameOfInput(event)
}

type Found = Pick<Bookmark, 'says' | 'tone'>

function conditionOf(object: Pod | Node | undefined, type: string): string | undefined {
  return object?.status?.conditions?.find((condition) => condition.type === type)?.status
}

function bookmarkOf(table: string, from: object | undefined, to: object | undefined): Found | undefined {
  switch (table) {
    case 'pods': {
      const [before, after] = [from as Pod | undefined, to as Pod | undefined]
      const name = shortName((after ?? before)!.metadata.name ?? '')
      if (!before && after) return undefined
      if (before && !after) return { says: `${name} gone`, tone: 'plain' }
      const phase = after?.status?.phase
      if (phase === 'Failed' && before?.status?.phase !== 'Failed')
        return { says: `${name} ${after?.status?.reason ?? 'Failed'}`, tone: 'fail' }
      const ready = conditionOf(after, 'Ready')
      if (ready !== conditionOf(before, 'Ready') && ready === 'True') return { says: `${name} Ready`, tone: 'plain' }
      return undefined
    }
    case 'nodes': {
      const [before, after] = [from as Node | undefined, to as Node | undefined]
      const ready = conditionOf(after, 'Ready')
      if (!after || ready === undefined || ready === conditionOf(before, 'Ready')) return undefined
      const name = after.metadata.name ?? ''
      if (ready === 'True') return { says: `${name} Ready`, tone: 'plain' }
      return { says: `${name} ${ready === 'Unknown' ? 'Unknown' : 'not Ready'}`, tone: 'fail' }
    }
    case 'containers': {
      const [before, after] = [from as ContainerRecord | undefined, to as ContainerRecord | undefined]
      if (after?.state !== 'CONTAINER_EXITED' || before?.state === 'CONTAINER_EXITED') return undefined
      if (after.reason === 'OOMKilled') return { says: `${after.metadata.name} OOMKilled`, tone: 'fail' }
      return after.exitCode ? { says: `${after.metadata.name} exit ${after.exitCode}`, tone: 'fail' } : undefined
    }
    case 'faults': {
      const fault = (to ?? from) as FaultRecord
      return to ? { says: `${fault.name} ${fault.target}`, tone: 'fail' } : { says: `${fault.name} off`, tone: 'plain' }
    }
    default:
      return undefined
  }
}
