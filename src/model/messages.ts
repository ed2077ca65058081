/**
 * What is said between components: the kinds of events, who sends them to whom, and what they carry. A message is an
 * event with `from !== to`; its travel time is `at - sent`. `ctx` is plain data of the caller that comes back in the
 * answer, because no handler can wait.
 */
import type { KubeObject } from './apiserver/objects.ts'
import type { ModelWorld } from './tables.ts'
import { placeOf, type EventId, type Micros } from '../sim/contract.ts'

/** `api.request`, to `apiserver`. Answered by `api.response` to the sender. */
export type ApiRequest = {
  verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection'
  /** Plural, as in the path: `pods`, `deployments`, `leases`. */
  resource: string
  /** '' for the core group. Only needed where `resource` alone is not clear. */
  group?: string
  namespace?: string
  name?: string
  subresource?: 'status' | 'binding' | 'scale' | 'eviction' | 'finalize'
  body?: KubeObject | Record<string, unknown>
  patchType?: 'merge' | 'strategic' | 'apply' | 'json'
  fieldManager?: string
  labelSelector?: string
  fieldSelector?: string
  gracePeriodSeconds?: number
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
  /** Fail with 409 unless the stored object has this resourceVersion or uid. */
  preconditions?: { resourceVersion?: string; uid?: string }
  dryRun?: boolean
  userAgent?: string
  ctx?: unknown
}

/** `api.response`, from `apiserver`. `code` 200/201 or an HTTP error with a metav1.Status body. */
export type ApiResponse = {
  code: number
  object?: KubeObject
  items?: readonly KubeObject[]
  /** Of an error: NotFound, AlreadyExists, Conflict, Invalid, Forbidden, ... */
  reason?: string
  message?: string
  /** Of an Invalid error: one per field. */
  causes?: readonly { reason: string; message: string; field: string }[]
  /** `Warning:` headers. */
  warnings?: readonly string[]
  request: Pick<ApiRequest, 'verb' | 'resource' | 'namespace' | 'name' | 'subresource'>
  ctx?: unknown
}

/** `api.watch`, from `apiserver` to the watcher. After the first list comes one BOOKMARK: the cache is in sync. */
export type ApiWatchEvent = {
  watch: string
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  resource: string
  object: KubeObject
}

/** `cri.request`, `NODE/kubelet` -> `NODE/containerd`; `method` and the fields of `request` as in cri-api api.proto. */
export type CriRequest = { method: string; request: Record<string, unknown>; ctx?: unknown }
/** `cri.response`, back. `error.code` is the gRPC code name (`Unknown`, `NotFound`, ...). */
export type CriResponse = {
  method: string
  response?: Record<string, unknown>
  error?: { code: string; message: string }
  ctx?: unknown
}

/** `cni.add`, `cni.del`: containerd -> `NODE/cni`; answered by `cni.result` to containerd. */
export type CniRequest = {
  command: 'ADD' | 'DEL' | 'CHECK'
  containerId: string
  netns: string
  ifname: string
  args: { K8S_POD_NAMESPACE: string; K8S_POD_NAME: string; K8S_POD_UID: string; K8S_POD_INFRA_CONTAINER_ID: string }
  ctx?: unknown
}
export type CniResult = {
  command: 'ADD' | 'DEL' | 'CHECK'
  ips?: { address: string; gateway: string }[]
  error?: string
  ctx?: unknown
}

/** One-way travel times and handling times, whole microseconds. Figures a person can check on a small cluster. */
export const LATENCY = {
  /** Between two machines on the node network. */
  lan: 220,
  /** Between two processes of one machine over loopback or a unix socket. */
  local: 60,
  /** API server: read from its cache. */
  apiRead: 900,
  /** API server: a write, most of it etcd's fsync. */
  apiWrite: 3_200,
  /** netlink call. */
  netlink: 150,
} as const satisfies Record<string, Micros>

/** Actors that live on a node whatever their name says. */
const CONTROL_PLANE_ACTORS: ReadonlySet<string> = new Set(['apiserver', 'scheduler', 'controller-manager'])

/** The machine an actor runs on; undefined for `laptop`, `registry`, `external` and the like. */
export function machineOf(world: Pick<ModelWorld, 'get'>, actor: string): string | undefined {
  if (CONTROL_PLANE_ACTORS.has(actor)) return 'control-plane'
  const place = placeOf(actor)
  return world.get('machines', place) ? place : undefined
}

/** Whether two actors can reach each other now: on one machine always, else over both cables. */
export function connected(world: Pick<ModelWorld, 'get'>, a: string, b: string): boolean {
  const from = machineOf(world, a)
  const to = machineOf(world, b)
  if (from !== undefined && from === to) return true
  return cableOf(world, from) && cableOf(world, to)
}

const cableOf = (world: Pick<ModelWorld, 'get'>, machine: string | undefined): boolean =>
  machine === undefined || world.get('machines', machine)!.cable

/**
 * Sends a message that travels as its two actors stand: within one machine, or over the node network. With a pulled
 * cable between them it is lost: nothing arrives, an event `wire.lost` (from the sender, to `wire`) says so, and the
 * caller's own deadline has to notice. `extraMicros` is the sender's work before it leaves (an etcd write, a fork).
 * Returns the event id, or undefined where it was lost.
 */
export function sendOver(
  world: ModelWorld,
  kind: string,
  to: string,
  data: unknown,
  options: { extraMicros?: Micros; from?: string; causes?: readonly EventId[] } = {},
): EventId | undefined {
  const from = options.from ?? world.event.to
  const here = machineOf(world, from)
  const there = machineOf(world, to)
  const local = here !== undefined && here === there
  const delayMicros = (options.extraMicros ?? 0) + (local ? LATENCY.local : LATENCY.lan)
  if (!local && !(cableOf(world, here) && cableOf(world, there))) {
    world.send('wire.lost', 'wire', { kind, from, to, data }, { from, delayMicros, causes: options.causes })
    return undefined
  }
  return world.send(kind, to, data, { from, delayMicros, causes: options.causes })
}
