/** A replica from hand-written records: for tests of what pictures select, and for the gallery of fixtures. */
import type { SimEvent } from '../../sim/contract.ts'
import type { Tables } from '../../model/tables.ts'
import type { Replica } from '../contract.ts'

export type FixtureTables = { [K in keyof Tables]?: Record<string, Tables[K]> }

export interface Fixture {
  readonly now: number
  readonly tables: FixtureTables
  readonly pending?: readonly SimEvent[]
  readonly recent?: readonly SimEvent[]
}

type Index = (record: never, id: string) => string | undefined

const node: Index = (r: { node: string }) => r.node
const ownerUid: Index = (r: { metadata: { ownerReferences?: { uid: string; controller?: boolean }[] } }) =>
  r.metadata.ownerReferences?.find((o) => o.controller)?.uid
const namespace: Index = (r: { metadata: { namespace?: string } }) => r.metadata.namespace
const netns: Index = (r: { node: string; netns: string }) => `${r.node}|${r.netns}`

/** The indexes that views read; the model declares the same ones with its tables. */
const INDEXES: { [table: string]: { [index: string]: Index } } = {
  pods: {
    node: (r: Tables['pods']) => r.spec.nodeName,
    owner: ownerUid,
    namespace,
    uid: (r: Tables['pods']) => r.metadata.uid,
  },
  endpointslices: {
    namespace,
    owner: ownerUid,
    service: (r: Tables['endpointslices']) =>
      `${r.metadata.namespace ?? ''}/${r.metadata.labels?.['kubernetes.io/service-name'] ?? ''}`,
  },
  podWorkers: { node },
  probes: { node },
  backoffs: { node },
  sandboxes: { node, pod: (r: Tables['sandboxes']) => r.metadata.uid },
  containers: { node, sandbox: (r: Tables['containers']) => r.sandboxId, pod: (r: Tables['containers']) => r.podUid },
  images: { node },
  pulls: { node },
  netns: { node },
  links: { node, netns },
  routes: { node, netns },
  listeners: { node, netns },
  processes: { node },
  units: { node },
  criCalls: { node },
}

export function fixtureReplica(fixture: Fixture): Replica {
  const table = (name: string) => (fixture.tables as Record<string, Record<string, object> | undefined>)[name] ?? {}
  return {
    now: fixture.now,
    recent: fixture.recent ?? [],
    executed: fixture.recent?.length ?? 0,
    branch: 0,
    get: (name, id) => table(name)[id] as never,
    all: (name) => Object.values(table(name)) as never,
    by: (name, index, key) => {
      const of = INDEXES[name]?.[index]
      if (!of) throw new Error(`fixture: no index ${index} on ${name}`)
      return Object.entries(table(name))
        .filter(([id, record]) => of(record as never, id) === key)
        .map(([, record]) => record) as never
    },
    count: (name) => Object.keys(table(name)).length,
    pending: () => fixture.pending ?? [],
  }
}
