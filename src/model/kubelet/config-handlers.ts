// What the sync loop does with an update of its pods.
// Upstream: pkg/kubelet/kubelet.go (HandlePodAdditions, HandlePodUpdates, HandlePodRemoves, HandlePodReconcile, rejectPod).
import type { ModelWorld } from '../tables.ts'
import { admit } from './admission.ts'
import { tell } from './calls.ts'
import { klog } from './klog.ts'
import { podEvents } from './event-texts.ts'
import { podText, updatePod, worker, workerId } from './pod-workers.ts'
import { currentStatus, forgetStatus, setStatus } from './status-manager.ts'

export function podAdded(world: ModelWorld, node: string, uid: string): void {
  const record = world.get('kubeletPods', workerId(node, uid))
  if (record === undefined) return
  klog(world, node, 'I', 'kubelet.go:2537', 'SyncLoop ADD', { source: record.source, pods: [podText(record.pod)] })
  const { pod } = record
  const ended = pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded'
  if (!ended && pod.metadata.deletionTimestamp === undefined && worker(world, node, uid) === undefined) {
    const refused = admit(world, node, pod)
    if (refused) {
      world.because('KL21', { reason: refused.reason, message: refused.message })
      tell(world, node, pod, podEvents.refused(refused.reason, refused.message))
      setStatus(world, node, pod, {
        ...currentStatus(world, node, pod),
        phase: 'Failed',
        reason: refused.reason,
        message: `Pod was rejected: ${refused.message}`,
      })
      return
    }
  }
  updatePod(world, node, uid, { type: 'create' })
}

export function podUpdated(world: ModelWorld, node: string, uid: string): void {
  const record = world.get('kubeletPods', workerId(node, uid))
  if (record === undefined) return
  const deleted = record.pod.metadata.deletionTimestamp !== undefined
  klog(
    world,
    node,
    'I',
    deleted ? 'kubelet.go:2553' : 'kubelet.go:2545',
    deleted ? 'SyncLoop DELETE' : 'SyncLoop UPDATE',
    {
      source: record.source,
      pods: [podText(record.pod)],
    },
  )
  updatePod(world, node, uid, { type: 'update' })
}

/** The pod is gone from its source: whatever still runs of it must end. */
export function podRemoved(world: ModelWorld, node: string, uid: string): void {
  const record = world.get('kubeletPods', workerId(node, uid))
  if (record === undefined) return
  klog(world, node, 'I', 'kubelet.go:2549', 'SyncLoop REMOVE', { source: record.source, pods: [podText(record.pod)] })
  const live = worker(world, node, uid)
  if (live === undefined || live.finished) {
    world.put('kubeletPods', workerId(node, uid), undefined)
    // A pod that was refused has a status but never had a worker that housekeeping could forget.
    if (live === undefined) forgetStatus(world, node, uid)
    return
  }
  // The worker still needs the spec to end the pod by; housekeeping forgets it afterwards.
  world.put('kubeletPods', workerId(node, uid), { ...record, removed: true })
  updatePod(world, node, uid, { type: 'kill' })
}

export function podReconciled(world: ModelWorld, node: string, uid: string): void {
  const pod = world.get('kubeletPods', workerId(node, uid))?.pod
  if (pod === undefined) return
  // Only somebody else's condition can change what the kubelet has to say: a readiness gate.
  const gates = pod.spec.readinessGates ?? []
  if (gates.length > 0) updatePod(world, node, uid, { type: 'sync' })
}
