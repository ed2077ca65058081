/**
 * The page's read-only copy of the records. It reads like the model's world; its indexes are written here by hand, so
 * that the model stays out of the page (a test holds them against the model's own).
 */
import type { Micros, SimEvent } from '../sim/contract.ts'
import type { Tables } from '../model/tables.ts'
import { EVENTS_PER_FRAME, type Frame, type Replica } from './protocol.ts'

type KeyOf = (record: never) => string | undefined

interface Meta {
  metadata: {
    name: string
    namespace?: string
    uid: string
    ownerReferences?: { uid: string; controller?: boolean }[]
    labels?: Record<string, string>
  }
}
const namespace = (object: Meta): string | undefined => object.metadata.namespace
const uid = (object: Meta): string => object.metadata.uid
const owner = (object: Meta): string | undefined => object.metadata.ownerReferences?.find((ref) => ref.controller)?.uid
const node = (record: { node: string }): string => record.node
const netns = (record: { node: string; netns: string }): string => `${record.node}|${record.netns}`
const object = { namespace, uid, owner }

export const INDEXES: { readonly [K in keyof Tables]?: Readonly<Record<string, KeyOf>> } = {
  pods: { ...object, node: (pod: { spec: { nodeName?: string } }) => pod.spec.nodeName },
  replicasets: object,
  deployments: object,
  daemonsets: object,
  endpointslices: {
    ...object,
    service: (slice: Meta) =>
      slice.metadata.labels?.['kubernetes.io/service-name'] === undefined
        ? undefined
        : `${slice.metadata.namespace}/${slice.metadata.labels['kubernetes.io/service-name']}`,
  },
  events: { namespace, involved: (event: { involvedObject: { uid?: string } }) => event.involvedObject.uid },
  services: { namespace },
  watches: {
    resource: (watch: { resource: string }) => watch.resource,
    watcher: (watch: { watcher: string }) => watch.watcher,
  },
  podWorkers: { node },
  probes: { node },
  backoffs: { node },
  sandboxes: { node, pod: (sandbox: { metadata: { uid: string } }) => sandbox.metadata.uid },
  containers: {
    node,
    sandbox: (container: { sandboxId: string }) => container.sandboxId,
    pod: (container: { podUid: string }) => container.podUid,
  },
  images: { node },
  pulls: { node },
  containerLogs: { container: (line: { container: string }) => line.container },
  netns: { node },
  processes: { node },
  units: { node },
  links: { node, netns },
  routes: { netns },
  listeners: { netns },
  journal: { unit: (line: { node: string; unit: string }) => `${line.node}|${line.unit}` },
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
  by(table: string, index: string, key: string): readonly object[] {
    let groups = this.groups.get(index)
    if (!groups) {
      const keyOf = (INDEXES as Record<string, Record<string, KeyOf> | undefined>)[table]?.[index]
      if (!keyOf) throw new Error(`the replica has no index ${index} on ${table}: add it to src/lab/replica.ts`)
      groups = new Map()
      for (const record of this.rows.values()) {
        const found = keyOf(record as never)
        if (found === undefined) continue
        const group = groups.get(found)
        if (group) group.push(record)
        else groups.set(found, [record])
      }
      this.groups.set(index, groups)
    }
    return groups.get(key) ?? NONE
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
      count: (table) => live.table(table).rows.size,
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
