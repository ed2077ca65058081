// SyncTerminatedPod: nothing runs any more; unmount, drop the cgroup, say the last status, let the object go.
// Upstream: pkg/kubelet/kubelet.go (SyncTerminatedPod), pkg/kubelet/volumemanager (WaitForUnmount).
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import type { ModelWorld, PodWorkerRecord } from '../tables.ts'
import { makeStatus, podOf } from './pod-view.ts'
import { completeJob, putWorker, worker } from './pod-workers.ts'
import { removeProbes } from './prober/prober.ts'
import { finishPod, setStatus } from './status-manager.ts'
import { unmountMicros } from './volumes.ts'

export function startCleanup(world: ModelWorld, record: PodWorkerRecord): void {
  const { node, uid } = record
  const pod = podOf(world, node, uid)
  if (pod === undefined) return finish(world, record)
  setStatus(world, node, pod, makeStatus(world, record, pod, true))
  removeProbes(world, node, uid)
  const busy = putWorker(world, { ...record, doing: 'unmounts its volumes', job: { ...record.job!, step: 'cleanup' } })
  const delayMicros = record.mounted ? unmountMicros(world, node) : 0
  world.send('timer.kubelet.unmounted', `${node}/kubelet`, { uid, epoch: busy.epoch }, { delayMicros })
}

export function onUnmounted(world: ModelWorld, event: SimEvent<{ uid: string; epoch: number }>): void {
  const node = placeOf(event.to)
  const record = worker(world, node, event.data.uid)
  if (record?.epoch !== event.data.epoch || record.job?.step !== 'cleanup') return
  finish(world, record)
}

function finish(world: ModelWorld, record: PodWorkerRecord): void {
  completeJob(world, { ...record, mounted: false }, { next: 'finished' })
  finishPod(world, record.node, record.uid)
}
