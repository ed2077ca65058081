// What the kubelet sends: CRI calls to the runtime of its node, requests to the API server, events about objects.
// Every answer carries back `ctx` with the number of the process that asked, because no handler can wait.
import type { CriMethod } from '../cri/api.ts'
import type { Container, Node, ObjectReference, Pod } from '../apiserver/objects.ts'
import { request, type ClientLimits } from '../controllers/client.ts'
import { recordEvent } from '../controllers/event-recorder.ts'
import { sendOver, type ApiRequest } from '../messages.ts'
import type { KubeletRecord, ModelWorld } from '../tables.ts'
import type { EventText } from './event-texts.ts'

/** KubeletConfiguration kubeAPIQPS, kubeAPIBurst; events have a client of their own with the same figures. */
const apiLimits: ClientLimits = { qps: 50, burst: 100 }

/** Who asked: the part of the kubelet that gets the answer. */
export type Ctx = {
  boot: number
  who:
    | 'worker'
    | 'relist'
    | 'runtime'
    | 'gc'
    | 'probe'
    | 'status'
    | 'delete'
    | 'lease'
    | 'node'
    | 'watch'
    | 'mirror'
    | 'object'
    | 'event'
  uid?: string
  /** Job of the worker, attempt of the probe, version of the status. */
  epoch?: number
  /** Container, probe, object: whatever the asker has to know again. */
  key?: string
}

export const kubeletOf = (world: Pick<ModelWorld, 'get'>, node: string): KubeletRecord | undefined =>
  world.get('kubelets', node)

/** Whether the process that set a timer is still the one that runs. */
export function isAlive(world: Pick<ModelWorld, 'get'>, node: string, boot: number): boolean {
  const kubelet = world.get('kubelets', node)
  return kubelet !== undefined && kubelet.running && kubelet.boot === boot
}

export function bootOf(world: ModelWorld, node: string): number {
  return world.get('kubelets', node)?.boot ?? 0
}

export function cri(world: ModelWorld, node: string, method: CriMethod, body: object, ctx: Omit<Ctx, 'boot'>): void {
  sendOver(
    world,
    'cri.request',
    `${node}/containerd`,
    { method, request: body, ctx: { boot: bootOf(world, node), ...ctx } },
    { from: `${node}/kubelet` },
  )
}

export function api(world: ModelWorld, node: string, body: ApiRequest, ctx: Omit<Ctx, 'boot'>): void {
  // Not the bucket of the events: status updates must not wait behind them.
  request(world, 'kubelet-client', apiLimits, {
    userAgent: 'kubelet',
    ...body,
    ctx: { boot: bootOf(world, node), ...ctx },
  })
}

/** Heartbeats and watches have their own client and wait for nobody. */
export function apiAtOnce(world: ModelWorld, node: string, body: ApiRequest, ctx: Omit<Ctx, 'boot'>): void {
  sendOver(
    world,
    'api.request',
    'apiserver',
    { userAgent: 'kubelet', ...body, ctx: { boot: bootOf(world, node), ...ctx } },
    { from: `${node}/kubelet` },
  )
}

export function podReference(pod: Pod): ObjectReference {
  return {
    kind: 'Pod',
    namespace: pod.metadata.namespace ?? 'default',
    name: pod.metadata.name,
    uid: pod.metadata.uid,
    apiVersion: 'v1',
    resourceVersion: pod.metadata.resourceVersion,
  }
}

/** `spec.containers{app}`: the part of the pod that an event is about. kubecontainer.fieldPath. */
function fieldPath(pod: Pod, container: Pick<Container, 'name'>): string {
  const has = (list: readonly Container[] | undefined): boolean => (list ?? []).some((c) => c.name === container.name)
  if (has(pod.spec.initContainers)) return `spec.initContainers{${container.name}}`
  if (has(pod.spec.ephemeralContainers)) return `spec.ephemeralContainers{${container.name}}`
  return `spec.containers{${container.name}}`
}

export function tell(
  world: ModelWorld,
  node: string,
  pod: Pod,
  text: EventText,
  container?: Pick<Container, 'name'>,
): void {
  const about = podReference(pod)
  const full = container ? { ...about, fieldPath: fieldPath(pod, container) } : about
  recordEvent(world, 'kubelet', full, text, { limits: apiLimits, host: node })
}

export function tellOfNode(world: ModelWorld, node: string, text: EventText, uid?: Node['metadata']['uid']): void {
  // The kubelet names the node by its name where it has to give a uid.
  recordEvent(world, 'kubelet', { kind: 'Node', name: node, uid: uid ?? node }, text, { limits: apiLimits, host: node })
}

/** `rpc error: code = NotFound desc = ...`, as gRPC prints an error. */
export function rpcError(error: { code: string; message: string }): string {
  return `rpc error: code = ${error.code} desc = ${error.message}`
}

/** Go's wait.Jitter: up to `percent` hundredths more. */
export function jitter(world: ModelWorld, node: string, micros: number, percent: number): number {
  return micros + world.random(`kubelet ${node} jitter`, Math.max(1, Math.floor((micros * percent) / 100)))
}
