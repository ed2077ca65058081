// The newest status of each pod, and its way to the API server: one request at a time.
// Upstream: pkg/kubelet/status/status_manager.go (SetPodStatus, updateStatusInternal, syncBatch, syncPod, TerminatePod).
import type { Pod, PodStatus } from '../apiserver/objects.ts'
import { SECOND } from '../../sim/clock.ts'
import type { ApiResponse } from '../messages.ts'
import type { ModelWorld, PodStatusRecord } from '../tables.ts'
import { api, type Ctx } from './calls.ts'
import { klog } from './klog.ts'
import { joined } from '../../sim/joined.ts'

const idOf = (node: string, uid: string): string => joined(node, uid)

/** An answer that has not come by then will not come: the HTTP/2 connection is found dead and closed. */
export const statusTimeout = 30 * SECOND

/** What the kubelet last said of the pod, or what the API says where it has said nothing. */
export function currentStatus(world: ModelWorld, node: string, pod: Pod): PodStatus {
  return world.get('podStatuses', idOf(node, pod.metadata.uid))?.status ?? pod.status ?? {}
}

export function setStatus(world: ModelWorld, node: string, pod: Pod, status: PodStatus): void {
  const { uid, name, namespace = 'default' } = pod.metadata
  const before = world.get('podStatuses', idOf(node, uid))
  if (before && same(before.status, status)) return
  // Nothing was said yet and the API already has it: after a restart of the kubelet.
  if (!before && pod.status && same(pod.status, status)) {
    world.put('podStatuses', idOf(node, uid), {
      node,
      uid,
      name,
      namespace,
      status,
      version: 1,
      sentVersion: 1,
      finished: false,
    })
    return
  }
  world.because('KL16', { pod: `${namespace}/${name}`, phase: status.phase ?? '' })
  world.put('podStatuses', idOf(node, uid), {
    node,
    uid,
    name,
    namespace,
    status,
    version: (before?.version ?? 0) + 1,
    sentVersion: before?.sentVersion ?? 0,
    finished: before?.finished ?? false,
  })
  sendNext(world, node)
}

/** The pod is down and clean: its object may go once the API knows its last status. */
export function finishPod(world: ModelWorld, node: string, uid: string): void {
  const before = world.get('podStatuses', idOf(node, uid))
  if (before === undefined || before.finished) return
  // Said again even when nothing else changed, so that the deletion follows.
  world.put('podStatuses', idOf(node, uid), { ...before, finished: true, version: before.version + 1 })
  sendNext(world, node)
}

/** The object behind the status is another one now: send what is known to it. */
export function sayAgain(world: ModelWorld, node: string, uid: string): void {
  const before = world.get('podStatuses', idOf(node, uid))
  if (before === undefined) return
  world.put('podStatuses', idOf(node, uid), { ...before, version: before.version + 1 })
  sendNext(world, node)
}

export function forgetStatus(world: ModelWorld, node: string, uid: string): void {
  world.put('podStatuses', idOf(node, uid), undefined)
}

/** Upstream isPodStatusByKubeletEqual: the times of conditions do not count, nor does the order of fields. */
function same(a: PodStatus, b: PodStatus): boolean {
  const { conditions: conditionsA = [] } = a
  const { conditions: conditionsB = [] } = b
  if (conditionsA.length !== conditionsB.length) return false
  for (const x of conditionsA) {
    const y = conditionsB.find((c) => c.type === x.type)
    if (y === undefined || x.status !== y.status || (x.reason ?? '') !== (y.reason ?? '')) return false
    if ((x.message ?? '') !== (y.message ?? '') || x.observedGeneration !== y.observedGeneration) return false
  }
  return samePlain(a, b, 'conditions')
}

function samePlain(a: unknown, b: unknown, but?: string): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const left = a as Record<string, unknown>
  const right = b as Record<string, unknown>
  for (const key in left) if (key !== but && left[key] !== undefined && !samePlain(left[key], right[key])) return false
  for (const key in right) if (key !== but && right[key] !== undefined && left[key] === undefined) return false
  return true
}

/** Sends the oldest update that waits, if none is under way. */
export function sendNext(world: ModelWorld, node: string): void {
  const kubelet = world.get('kubelets', node)
  if (kubelet === undefined || !kubelet.running || kubelet.statusSince !== undefined) return
  const waiting = world.by('podStatuses', 'unsent', node)
  for (const record of waiting) {
    const target = apiPod(world, node, record)
    if (target === undefined) continue
    world.put('kubelets', node, {
      ...kubelet,
      statusSince: world.now,
      statusUid: record.uid,
      statusQueued: waiting.length,
    })
    api(
      world,
      node,
      {
        verb: 'patch',
        resource: 'pods',
        namespace: record.namespace,
        name: record.name,
        subresource: 'status',
        patchType: 'strategic',
        body: { metadata: { uid: target.metadata.uid }, status: patchOf(target.status, record.status) },
      },
      { who: 'status', uid: record.uid, epoch: record.version },
    )
    return
  }
  if (kubelet.statusQueued !== waiting.length) world.put('kubelets', node, { ...kubelet, statusQueued: waiting.length })
}

/** The API object that the status belongs to: for a static pod its mirror, if there is one that will stay. */
function apiPod(world: ModelWorld, node: string, record: PodStatusRecord): Pod | undefined {
  const known = world.get('kubeletPods', idOf(node, record.uid))
  if (known === undefined) return undefined
  if (known.source === 'api') return known.pod
  return world
    .by('kubeletPods', 'mirror', node)
    .find(
      (m) =>
        m.pod.metadata.name === record.name &&
        m.pod.metadata.deletionTimestamp === undefined &&
        (m.pod.metadata.namespace ?? 'default') === record.namespace,
    )?.pod
}

/** Fields that are gone must be named as null, or the merge would keep them. */
function patchOf(before: PodStatus | undefined, now: PodStatus): Record<string, unknown> {
  const patch: Record<string, unknown> = { ...now }
  for (const key of Object.keys(before ?? {})) {
    if (!(key in now) && key !== 'nominatedNodeName' && key !== 'resize') patch[key] = null
  }
  patch.conditions = now.conditions?.map((c) => {
    const old = before?.conditions?.find((o) => o.type === c.type)
    return {
      ...c,
      ...(old?.reason && !c.reason ? { reason: null } : {}),
      ...(old?.message && !c.message ? { message: null } : {}),
    }
  })
  return patch
}

export function onStatusAnswer(world: ModelWorld, node: string, ctx: Ctx, response: ApiResponse): void {
  const kubelet = world.get('kubelets', node)!
  if (kubelet.statusUid !== ctx.uid) return
  const { statusSince: _since, statusUid: _uid, ...rest } = kubelet
  world.put('kubelets', node, rest)
  const record = world.get('podStatuses', idOf(node, ctx.uid!))
  if (record) {
    if (response.code < 300 || response.code === 404 || response.reason === 'Conflict') {
      const sent = { ...record, sentVersion: ctx.epoch! }
      world.put('podStatuses', idOf(node, ctx.uid!), sent)
      if (response.code < 300) deleteIfDone(world, node, sent)
      else forgetIfGone(world, node, sent, response)
    } else {
      klog(world, node, 'W', 'status_manager.go:1028', 'Failed to update status for pod', {
        pod: `${record.namespace}/${record.name}`,
        err: response.message ?? response.reason ?? `${response.code}`,
      })
      // Left unsent: the next pass tries again.
      return
    }
  }
  sendNext(world, node)
}

function forgetIfGone(world: ModelWorld, node: string, record: PodStatusRecord, response: ApiResponse): void {
  const gone = response.code === 404
  klog(
    world,
    node,
    'I',
    'status_manager.go:1009',
    gone ? 'Pod does not exist on the server' : 'Pod was deleted and then recreated, skipping status update',
    {
      pod: `${record.namespace}/${record.name}`,
      podUID: record.uid,
    },
  )
}

/** canBeDeleted: the pod was asked to go, nothing of it is left, and the API has its last status. */
export function deleteIfDone(world: ModelWorld, node: string, record: PodStatusRecord): void {
  if (!record.finished || record.sentVersion !== record.version) return
  const known = world.get('kubeletPods', idOf(node, record.uid))
  if (known === undefined || known.source !== 'api' || known.pod.metadata.deletionTimestamp === undefined) return
  world.because('KL17', { pod: `${record.namespace}/${record.name}`, sent: record.sentVersion })
  api(
    world,
    node,
    {
      verb: 'delete',
      resource: 'pods',
      namespace: record.namespace,
      name: record.name,
      gracePeriodSeconds: 0,
      preconditions: { uid: record.uid },
    },
    { who: 'delete', uid: record.uid },
  )
}

/**
 * Upstream needsReconcile, in the pass of every ten seconds: what somebody else wrote over the kubelet's word (the node
 * lifecycle controller's Ready=False, while the node was cut off) is said once more.
 */
function reconcileStatuses(world: ModelWorld, node: string): void {
  for (const record of world.by('podStatuses', 'node', node)) {
    if (record.version !== record.sentVersion) continue
    const held = apiPod(world, node, record)?.status
    if (held === undefined || agreed.get(held) === record.status) continue
    if (saysTheSame(held, record.status)) agreed.set(held, record.status)
    else sayAgain(world, node, record.uid)
  }
}
/** Pairs that were compared: both are frozen. */
const agreed = new WeakMap<PodStatus, PodStatus>()

/** Conditions of others, and fields that the kubelet never writes, do not count. */
function saysTheSame(held: PodStatus, own: PodStatus): boolean {
  const types = new Set((own.conditions ?? []).map((c) => c.type))
  const { nominatedNodeName: _nominated, resize: _resize, ...rest } = held as PodStatus & Record<string, unknown>
  return same({ ...rest, conditions: held.conditions?.filter((c) => types.has(c.type)) }, own)
}

/** Every ten seconds upstream, here with housekeeping: an answer that is overdue, or a deletion that arrived late. */
export function reviveStatuses(world: ModelWorld, node: string): void {
  const kubelet = world.get('kubelets', node)!
  if (kubelet.statusSince !== undefined && world.now - kubelet.statusSince > statusTimeout) {
    klog(world, node, 'W', 'status_manager.go:1028', 'Failed to update status for pod', {
      podUID: kubelet.statusUid ?? '',
      err: 'http2: client connection lost',
    })
    const { statusSince: _since, statusUid: _uid, ...rest } = kubelet
    world.put('kubelets', node, { ...rest, watchBroken: true })
  }
  if (Math.floor(world.now / RECONCILE) !== Math.floor((world.now - 2 * SECOND) / RECONCILE))
    reconcileStatuses(world, node)
  sendNext(world, node)
}
const RECONCILE = 10 * SECOND
