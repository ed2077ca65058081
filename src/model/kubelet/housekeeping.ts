// Every two seconds: forget what is over, end what no one wants, notice answers that never came.
// Upstream: pkg/kubelet/kubelet_pods.go (HandlePodCleanups), pkg/kubelet/pod_workers.go (SyncKnownPods).
import { MINUTE, SECOND } from '../../sim/clock.ts'
import type { ModelWorld, PodWorkerRecord } from '../tables.ts'
import { staleBackoff } from './backoff.ts'
import { klog } from './klog.ts'
import { deleteOrphanMirrors } from './mirror-pods.ts'
import { completeJob, updatePod, workerId } from './pod-workers.ts'
import { removeProbes } from './prober/prober.ts'
import { retryObjects } from './referenced-objects.ts'
import { runtimeRequestTimeout } from './runtime-state.ts'
import { forgetStatus, reviveStatuses } from './status-manager.ts'
import { joined } from '../../sim/joined.ts'

export function housekeeping(world: ModelWorld, node: string): void {
  const kubelet = world.get('kubelets', node)!
  reviveStatuses(world, node)
  retryObjects(world, node, 30 * SECOND)
  for (const record of world.by('podWorkers', 'attended', node)) {
    if (overdue(world, record)) {
      const method = record.job!.call!.method
      completeJob(world, record, {
        error: `rpc error: code = DeadlineExceeded desc = context deadline exceeded (${method})`,
      })
    } else if (record.finished) forgetWorker(world, record)
  }
  // Until every source has spoken, a pod that is not listed may only be late.
  if (!kubelet.configSynced) return
  deleteOrphanMirrors(world, node)
  for (const cached of world.by('podCache', 'node', node)) {
    const id = workerId(node, cached.uid)
    if (world.get('kubeletPods', id) !== undefined || world.get('podWorkers', id) !== undefined) continue
    // A sandbox alone counts too: its start may have outlived the pod, or the kubelet that asked for it.
    if (!cached.containers.some((c) => c.state === 'running') && !cached.sandboxes.some((s) => s.state === 'READY'))
      continue
    klog(world, node, 'I', 'kubelet_pods.go:1190', 'Clean up containers for orphaned pod we had not seen before', {
      podUID: cached.uid,
      killPodOptions: 'gracePeriodOverride=1',
    })
    world.because('KL27', { uid: cached.uid })
    updatePod(world, node, cached.uid, { type: 'kill', grace: 1 })
  }
  if (Math.floor(world.now / MINUTE) !== Math.floor((world.now - 2 * SECOND) / MINUTE)) forgetBackoffs(world, node)
}

/** A CRI call that takes longer than runtimeRequestTimeout has failed; pulls and stops have clocks of their own. */
function overdue(world: ModelWorld, record: PodWorkerRecord): boolean {
  const call = record.job?.call
  if (call === undefined || call.method === 'PullImage') return false
  return record.busy && world.now - call.since > runtimeRequestTimeout
}

function forgetWorker(world: ModelWorld, record: PodWorkerRecord): void {
  const { node, uid } = record
  const id = workerId(node, uid)
  const known = world.get('kubeletPods', id)
  // Its source still lists it: a finished pod that is kept as a record (a Job's), or one whose deletion is on its way.
  if (known !== undefined && !known.removed) return
  world.put('podWorkers', id, undefined)
  world.put('kubeletPods', id, undefined)
  forgetStatus(world, node, uid)
  removeProbes(world, node, uid)
  for (const backoff of world.by('backoffs', 'pod', joined(node, uid)))
    world.put('backoffs', joined(node, backoff.key), undefined)
}

function forgetBackoffs(world: ModelWorld, node: string): void {
  for (const record of world.by('backoffs', 'node', node)) {
    if (staleBackoff({ backoff: record.delayMicros, lastUpdate: record.since }, world.now))
      world.put('backoffs', joined(node, record.key), undefined)
  }
}
