// The generic PLEG at work: list, compare, inspect what changed, tell the sync loop.
// Upstream: pkg/kubelet/pleg/generic.go (Relist, updateCache), pkg/kubelet/kuberuntime (GetPods, GetPodStatus).
import { placeOf, type Micros, type SimEvent } from '../../sim/contract.ts'
import type {
  ContainerStatusResponse,
  CriContainer,
  ListContainersResponse,
  ListPodSandboxResponse,
  PodSandbox,
  PodSandboxStatusResponse,
} from '../cri/api.ts'
import type { CriResponse } from '../messages.ts'
import type { KubeletItem, ModelWorld, PodCacheRecord, RelistRecord } from '../tables.ts'
import { cri, rpcError } from './calls.ts'
import { timers } from './config.ts'
import { removeDeadContainers } from './container-gc.ts'
import { klog } from './klog.ts'
import { isSyncPodWorthy, podEventsBetween, relistPeriod, type PlegState } from './pleg-events.ts'
import { updatePod, wakeWaiting, workerId } from './pod-workers.ts'
import { runtimeContainer, runtimeSandbox } from './runtime-answers.ts'
import { runtimeRequestTimeout } from './runtime-state.ts'
import { enqueue } from './sync-loop.ts'

export const RELIST = 'timer.kubelet.relist'

export function startPleg(world: ModelWorld, node: string): void {
  const kubelet = world.get('kubelets', node)!
  world.send(RELIST, `${node}/kubelet`, { boot: kubelet.boot })
}

const empty = { sandboxes: [], containers: [], ips: [] }

export function onRelist(world: ModelWorld, event: SimEvent<{ boot: number }>): void {
  const node = placeOf(event.to)
  const kubelet = world.get('kubelets', node)
  if (kubelet === undefined || !kubelet.running || kubelet.boot !== event.data.boot) return
  const before = world.get('relists', node)
  world.put('relists', node, {
    node,
    phase: 'sandboxes',
    since: world.now,
    lists: {},
    before: before?.before ?? {},
    pods: [],
    left: [],
    got: empty,
  })
  cri(world, node, 'ListPodSandbox', {}, { who: 'relist' })
}

/** A relist that got no answer within the request timeout is given up; the next one starts a period later. */
export function checkRelist(world: ModelWorld, node: string): void {
  const relist = world.get('relists', node)
  if (relist === undefined || relist.phase === 'idle' || world.now - relist.since < runtimeRequestTimeout) return
  fail(world, relist, 'rpc error: code = DeadlineExceeded desc = context deadline exceeded')
}

function fail(world: ModelWorld, relist: RelistRecord, err: string): void {
  klog(world, relist.node, 'E', 'generic.go:238', 'GenericPLEG: Unable to retrieve pods', { err })
  rest(world, { ...relist, phase: 'idle' })
}

/** What the kubelet knows after a relist; written once where it all comes at one moment. */
type Learnt = { lastRelistAt?: Micros; cacheAt?: Micros }

/** The next relist starts one period after the end of this one. */
function rest(world: ModelWorld, relist: RelistRecord, learnt: Learnt = {}): void {
  const kubelet = world.get('kubelets', relist.node)!
  world.put('relists', relist.node, relist)
  world.put('kubelets', relist.node, { ...kubelet, ...learnt, nextRelistAt: world.now + relistPeriod })
  world.send(RELIST, `${relist.node}/kubelet`, { boot: kubelet.boot }, { delayMicros: timers.genericPlegRelistPeriod })
}

export function onRelistAnswer(world: ModelWorld, node: string, response: CriResponse): void {
  const relist = world.get('relists', node)
  if (relist === undefined || relist.phase === 'idle') return
  if (response.error && relist.phase !== 'inspect') return fail(world, relist, rpcError(response.error))
  switch (relist.phase) {
    case 'sandboxes': {
      const { items } = response.response as ListPodSandboxResponse
      world.put('relists', node, { ...relist, phase: 'containers', lists: { sandboxes: items } })
      cri(world, node, 'ListContainers', {}, { who: 'relist' })
      return
    }
    case 'containers': {
      const { containers } = response.response as ListContainersResponse
      return compare(world, { ...relist, lists: { ...relist.lists, containers } })
    }
    case 'inspect':
      return inspected(world, relist, response)
  }
}

type Group = RelistRecord['pods'][number]

function stateOf(container: CriContainer): 'running' | 'exited' | 'unknown' {
  return container.state === 'CONTAINER_RUNNING'
    ? 'running'
    : container.state === 'CONTAINER_EXITED'
      ? 'exited'
      : 'unknown'
}

/** The pods that `wanted` names, as the two lists show them. */
function groups(
  sandboxes: readonly PodSandbox[],
  containers: readonly CriContainer[],
  wanted: ReadonlySet<string>,
): Map<string, Group> {
  const byUid = new Map<string, Group>()
  const group = (uid: string, name: string, namespace: string): Group => {
    let found = byUid.get(uid)
    if (!found) byUid.set(uid, (found = { uid, states: {}, ids: [], name, namespace }))
    return found
  }
  for (const s of sandboxes) {
    if (!wanted.has(s.metadata.uid)) continue
    const g = group(s.metadata.uid, s.metadata.name, s.metadata.namespace)
    // A sandbox counts as a container of its pod: its death is an event as well.
    g.states[s.id] = s.state === 'SANDBOX_READY' ? 'running' : 'exited'
    g.ids.push({ sandbox: true, id: s.id })
  }
  for (const c of containers) {
    if (!wanted.has(c.pod_uid)) continue
    const g = group(c.pod_uid, '', '')
    g.states[c.id] = stateOf(c)
    g.ids.push({ id: c.id })
  }
  return byUid
}

function compare(world: ModelWorld, relist: RelistRecord): void {
  const { node, lists, before } = relist
  const sandboxes = lists.sandboxes as readonly PodSandbox[]
  const containers = lists.containers as readonly CriContainer[]
  const again = world.by('podCache', 'reinspect', node).map((c) => c.uid)
  const touched = changedPods(sandboxes, containers, before)
  for (const uid of again) touched.add(uid)
  const pods: Group[] = []
  if (touched.size > 0) {
    const now = groups(sandboxes, containers, touched)
    for (const uid of touched) {
      const known = world.get('podCache', workerId(node, uid))
      const group = now.get(uid)
      if (group === undefined) {
        if (known) pods.push({ uid, name: known.name, namespace: known.namespace, ids: [], states: {} })
      } else if (known?.reinspect || !equalStates(known?.states ?? {}, group.states)) pods.push(group)
    }
  }
  const learnt: Learnt = { lastRelistAt: relist.since }
  if (pods.length > 0) {
    world.put('kubelets', node, { ...world.get('kubelets', node)!, ...learnt })
    world.because('KL12', { inspected: pods.length, onRequest: again.length })
  }
  next(world, { ...relist, phase: 'inspect', before: lists, pods }, learnt)
}

/** uids of the pods of which an entry is new, is another one than before, or is gone. */
function changedPods(
  sandboxes: readonly PodSandbox[],
  containers: readonly CriContainer[],
  before: RelistRecord['before'],
): Set<string> {
  const boxes = difference((before.sandboxes ?? []) as readonly PodSandbox[], sandboxes)
  const others = difference((before.containers ?? []) as readonly CriContainer[], containers)
  const touched = new Set<string>()
  for (const s of boxes.fresh) touched.add(s.metadata.uid)
  for (const c of others.fresh) touched.add(c.pod_uid)
  for (const s of boxes.gone) touched.add(s.metadata.uid)
  for (const c of others.gone) touched.add(c.pod_uid)
  return touched
}

/** What came and what went. The runtime gives the very same entry for what did not change, and mostly in its place. */
function difference<E>(before: readonly E[], now: readonly E[]): { fresh: readonly E[]; gone: Iterable<E> } {
  let from = 0
  let oldEnd = before.length
  let newEnd = now.length
  while (from < oldEnd && from < newEnd && before[from] === now[from]) from++
  while (oldEnd > from && newEnd > from && before[oldEnd - 1] === now[newEnd - 1]) {
    oldEnd--
    newEnd--
  }
  const fresh = now.slice(from, newEnd)
  if (from === oldEnd) return { fresh, gone: [] }
  const gone = new Set(before.slice(from, oldEnd))
  return { fresh: fresh.filter((entry) => !gone.delete(entry)), gone }
}

function equalStates(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(b)
  if (keys.length !== Object.keys(a).length) return false
  for (const key of keys) if (a[key] !== b[key]) return false
  return true
}

/** Takes the next changed pod in hand, or ends the relist. */
function next(world: ModelWorld, relist: RelistRecord, learnt: Learnt = {}): void {
  const group = relist.pods[0]
  if (group === undefined) {
    rest(world, { ...relist, phase: 'idle', lists: {}, got: empty }, { ...learnt, cacheAt: relist.since })
    wakeWaiting(world, relist.node)
    return
  }
  if (group.ids.length === 0) finishPod(world, { ...relist, left: [], got: empty }, group)
  else ask(world, { ...relist, left: group.ids, got: empty })
}

function ask(world: ModelWorld, relist: RelistRecord): void {
  const first = relist.left[0]!
  world.put('relists', relist.node, relist)
  if (first.sandbox) cri(world, relist.node, 'PodSandboxStatus', { pod_sandbox_id: first.id }, { who: 'relist' })
  else cri(world, relist.node, 'ContainerStatus', { container_id: first.id }, { who: 'relist' })
}

function inspected(world: ModelWorld, relist: RelistRecord, response: CriResponse): void {
  const [, ...left] = relist.left
  let { got } = relist
  if (response.error) {
    if (response.error.code !== 'NotFound') {
      // The pod keeps its old entry and is inspected again by the next relist.
      klog(world, relist.node, 'E', 'generic.go:271', 'PLEG: Ignoring events for pod', {
        err: rpcError(response.error),
      })
      return next(world, { ...relist, pods: relist.pods.slice(1), before: {} })
    }
  } else if (response.method === 'PodSandboxStatus') {
    const sandbox = runtimeSandbox((response.response as PodSandboxStatusResponse).status)
    const ips = sandbox.state === 'READY' && sandbox.ip ? [sandbox.ip] : []
    got = {
      ...got,
      sandboxes: [...got.sandboxes, sandbox].sort((a, b) => b.createdAt - a.createdAt),
      ips: got.ips.length > 0 ? got.ips : ips,
    }
  } else {
    got = {
      ...got,
      containers: [...got.containers, runtimeContainer((response.response as ContainerStatusResponse).status)],
    }
  }
  if (left.length > 0) return ask(world, { ...relist, left, got })
  finishPod(world, { ...relist, left, got }, relist.pods[0]!)
}

/** The pod in hand is known: its cache entry, its events, then the next pod. */
function finishPod(world: ModelWorld, relist: RelistRecord, group: Group): void {
  const { node } = relist
  const { uid, states } = group
  const id = workerId(node, uid)
  const before = world.get('podCache', id)
  const known = world.get('kubeletPods', id)?.pod
  const entry: PodCacheRecord | undefined =
    group.ids.length === 0
      ? undefined
      : {
          node,
          uid,
          // As old as its oldest answer: what a worker did since then it has not seen (updateCache takes the time first).
          at: relist.since,
          ...relist.got,
          // A dead pod keeps the address that it had: getPodIPs.
          ips: relist.got.sandboxes.some((b) => b.state === 'READY') ? relist.got.ips : (before?.ips ?? []),
          namespace: known?.metadata.namespace ?? (group.namespace || before?.namespace || ''),
          name: known?.metadata.name ?? (group.name || before?.name || ''),
          states,
          reinspect: false,
        }
  world.put('podCache', id, entry)
  const events = podEventsBetween(uid, (before?.states ?? {}) as Record<string, PlegState>, states)
  for (const e of events) {
    if (isSyncPodWorthy(e.type)) enqueue(world, node, 'pleg', { what: e.type, uid, containerId: e.containerId })
  }
  // A removal alone wakes nobody, and the look was asked for.
  if (before?.reinspect && !events.some((e) => isSyncPodWorthy(e.type)))
    enqueue(world, node, 'pleg', { what: 'PodSync', uid })
  next(world, { ...relist, pods: relist.pods.slice(1) })
}

/** plegCh in the sync loop. */
export function handlePlegEvent(world: ModelWorld, node: string, item: KubeletItem): void {
  const uid = item.uid!
  const pod = world.get('kubeletPods', workerId(node, uid))?.pod
  if (pod === undefined) {
    klog(world, node, 'I', 'kubelet.go:2604', 'SyncLoop (PLEG): pod does not exist, ignore irrelevant event', {
      event: item.what,
    })
    return
  }
  if (item.what !== 'PodSync') {
    klog(world, node, 'I', 'kubelet.go:2600', 'SyncLoop (PLEG): event for pod', {
      pod: `${pod.metadata.namespace ?? 'default'}/${pod.metadata.name}`,
      event: { raw: JSON.stringify({ ID: uid, Type: item.what, Data: item.containerId ?? '' }) },
    })
  }
  updatePod(world, node, uid, { type: 'sync' })
  if (item.what === 'ContainerDied') removeDeadContainers(world, node, uid, item.containerId!)
}
