/**
 * The page's read-only copy of the records. It reads like the model's world; its indexes are written here by hand, so
 * that the model stays out of the page (a test holds them against the model's own).
 */
import type { Micros, SimEvent } from '../sim/contract.ts'
import type { Tables } from '../model/tables.ts'
import { EVENTS_PER_FRAME, type Frame, type Replica } from './protocol.ts'

type KeyOf = (record: never) => string | undefined
type Row = Record<string, unknown> & {
  node: string
  uid: string
  spec?: { nodeName?: string }
  metadata: {
    namespace?: string
    uid: string
    labels?: Labels
    ownerReferences?: { uid: string; controller?: boolean }[]
  }
}
type Labels = Readonly<Record<string, string>>

const field =
  (name: string): KeyOf =>
  (record: Row) =>
    record[name] as string | undefined
const onNode =
  (name: string): KeyOf =>
  (record: Row) =>
    `${record.node}|${record[name] as string}`

/** An index is found by its name; where a table means something of its own by it, it stands in `OWN`. */
const BY_NAME: Readonly<Record<string, KeyOf>> = {
  node: field('node'),
  namespace: (object: Row) => object.metadata.namespace,
  owner: (object: Row) => object.metadata.ownerReferences?.find((ref) => ref.controller)?.uid,
  uid: (object: Row) => object.metadata.uid,
  netns: onNode('netns'),
  pod: onNode('uid'),
  sandbox: field('sandboxId'),
  container: field('containerId'),
  unit: onNode('unit'),
  table: onNode('table'),
  flow: field('flow'),
  resource: field('resource'),
  watcher: field('watcher'),
  involved: (event: { involvedObject: { uid?: string } }) => event.involvedObject.uid || undefined,
  service(slice: Row) {
    const name = slice.metadata.labels?.['kubernetes.io/service-name']
    return name === undefined ? undefined : `${slice.metadata.namespace}/${name}`
  },
}

const OWN: { readonly [K in keyof Tables]?: Readonly<Record<string, KeyOf | undefined>> } = {
  // Needs the list of resources, which the page does not have.
  otherobjects: { resource: undefined },
  pods: { node: (pod: Row) => pod.spec?.nodeName || undefined },
  sandboxes: { pod: (sandbox: Row) => sandbox.metadata.uid },
  containers: { pod: field('podUid') },
  containerLogs: { container: field('container') },
  placements: { namespace: field('namespace'), owner: (placement: { owner: string }) => placement.owner || undefined },
}

export function keyOf(table: string, index: string): KeyOf | undefined {
  const own = (OWN as Record<string, Record<string, KeyOf | undefined> | undefined>)[table]
  return own && index in own ? own[index] : BY_NAME[index]
}

const NONE: readonly never[] = Object.freeze([])

class LiveTable {
  readonly rows = new Map<string, object>()
  private list: readonly object[] | undefined
  private readonly groups = new Map<string, Map<string, object[]>>()

  put(id: string, record: object | undefined): void {
    if (record) this.rows.set(id, record)
    else this.rows.delete(id)
    this.list = undefined
    this.groups.clear()
  }
  all(): readonly object[] {
    return (this.list ??= Object.freeze([...this.rows.values()]))
  }
  /** Grouped when first asked for, thrown away with the next write: a frame writes many rows and is read once. */
  by(table: string, index: string, wanted: string): readonly object[] {
    let groups = this.groups.get(index)
    if (!groups) {
      const key = keyOf(table, index)
      if (!key) throw new Error(`the replica has no index ${index} on ${table}: add it to src/lab/replica.ts`)
      groups = new Map()
      for (const record of this.rows.values()) {
        const found = key(record as never)
        if (found === undefined) continue
        const group = groups.get(found)
        if (group) group.push(record)
        else groups.set(found, [record])
      }
      this.groups.set(index, groups)
    }
    return groups.get(wanted) ?? NONE
  }
}

export class LiveReplica {
  private tables = new Map<string, LiveTable>()
  private waiting = new Map<number, SimEvent>()
  private events: SimEvent[] = []
  private executed = 0
  private branch = 0
  private now: Micros = 0
  /** Grows with every frame that changed a record or an event. */
  version = 0

  apply(frame: Frame): void {
    const { changes, scheduled, settled, reset } = frame
    if (frame.whole) {
      this.tables = new Map()
      this.waiting = new Map()
    }
    for (const table of reset) this.tables.delete(table)
    for (const [table, id, record] of changes) this.table(table).put(id, record)
    for (const id of settled) this.waiting.delete(id)
    for (const event of scheduled) this.waiting.set(event.id, event)
    if (frame.jumped || frame.whole) this.events = [...frame.events]
    else if (frame.events.length > 0) {
      this.events.push(...frame.events)
      if (this.events.length > 2 * EVENTS_PER_FRAME) this.events = this.events.slice(-EVENTS_PER_FRAME)
    }
    this.executed = frame.executed
    this.branch = frame.branch
    this.now = frame.now
    const news = changes.length + scheduled.length + settled.length + reset.length + frame.events.length > 0
    if (news || frame.whole || frame.jumped) this.version++
  }

  /** A reading of the present state; a new object so that React sees a new version. */
  view(shown: Micros): Replica {
    const live = this
    return {
      now: shown,
      executed: this.executed,
      branch: this.branch,
      get recent() {
        return live.events
      },
      get: (table, id) => live.table(table).rows.get(id) as never,
      all: (table) => live.table(table).all() as never,
      by: (table, index, key) => live.table(table).by(table, index, key) as never,
      count: (table, index, key) =>
        index === undefined ? live.table(table).rows.size : live.table(table).by(table, index, key!).length,
      pending: () => live.waiting.values(),
    }
  }

  /** Model time of the records, which the shown moment is never far from. */
  get recordsAt(): Micros {
    return this.now
  }
  entries(table: string): Iterable<[string, object]> {
    return this.table(table).rows.entries()
  }

  private table(name: string): LiveTable {
    let table = this.tables.get(name)
    if (!table) this.tables.set(name, (table = new LiveTable()))
    return table
  }
}
