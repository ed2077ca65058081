// Volumes as far as starting a pod needs them: mounted or not, and why not.
// Upstream: pkg/kubelet/volumemanager/volume_manager.go (WaitForAttachAndMount, WaitForUnmount), its reconciler, and
// pkg/util/goroutinemap/exponentialbackoff. What is in a volume is the runtime's business (cri mounts).
import type { Pod, Volume } from '../apiserver/objects.ts'
import { MILLI, SECOND } from '../../sim/clock.ts'
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import type { ModelWorld, PodWorkerRecord } from '../tables.ts'
import { tell } from './calls.ts'
import { podEvents } from './event-texts.ts'
import { klog } from './klog.ts'
import { lookUp } from './referenced-objects.ts'
import { podOf } from './pod-view.ts'
import { completeJob, podText, putWorker, worker } from './pod-workers.ts'
import { afterVolumes } from './sync-pod.ts'

/** podAttachAndMountRetryInterval: the wait looks again every 300 ms. */
const pollMicros = 300 * MILLI
/** podAttachAndMountTimeout: 2 min and 3 s. */
const waitTimeout = 123 * SECOND
const firstRetry = 500 * MILLI
const longestRetry = 122 * SECOND

type Reference = { volume: string; resource: 'configmaps' | 'secrets'; name: string }

/** What has to be read from the API before the volumes can be filled; optional sources need nothing. */
function references(volumes: readonly Volume[]): Reference[] {
  const out: Reference[] = []
  for (const v of volumes) {
    const need = (resource: Reference['resource'], name: string | undefined, optional: boolean | undefined): void => {
      // Every namespace gets this one from the controller manager; it is part of every token volume.
      if (name && !optional && name !== 'kube-root-ca.crt') out.push({ volume: v.name, resource, name })
    }
    if (v.configMap) need('configmaps', v.configMap.name, v.configMap.optional)
    if (v.secret) need('secrets', v.secret.secretName, v.secret.optional)
    for (const source of v.projected?.sources ?? []) {
      if (source.configMap) need('configmaps', source.configMap.name, source.configMap.optional)
      if (source.secret) need('secrets', source.secret.name, source.secret.optional)
    }
  }
  return out
}

export function waitForVolumes(world: ModelWorld, record: PodWorkerRecord, pod: Pod): void {
  const volumes = pod.spec.volumes ?? []
  if (volumes.length === 0) return afterVolumes(world, putWorker(world, { ...record, mounted: true }), pod)
  const job = record.job!
  world.because('KL10', { pod: podText(pod), volumes: volumes.map((v) => v.name) })
  const waiting: PodWorkerRecord = {
    ...record,
    doing: 'waits for its volumes',
    job: { ...job, step: 'volumes', volumes: job.volumes ?? { since: world.now } },
  }
  if (record.mount && record.mount.nextAt > world.now) return lookAgain(world, putWorker(world, waiting), record.mount.nextAt)
  tryMount(world, waiting, pod)
}

/** One look at what the volumes need: all there, still asked for, or missing. */
export function tryMount(world: ModelWorld, record: PodWorkerRecord, pod: Pod): void {
  const { node, uid } = record
  const job = record.job!
  const namespace = pod.metadata.namespace ?? 'default'
  const missing: Reference[] = []
  let waiting = false
  for (const reference of references(pod.spec.volumes ?? [])) {
    const state = lookUp(world, node, uid, reference.resource, namespace, reference.name)
    if (state === 'wait') waiting = true
    else if (state === 'missing') missing.push(reference)
  }
  const wait = job.volumes!
  if (waiting) {
    putWorker(world, record)
    return
  }
  if (missing.length === 0) {
    // The reconciler mounts within its 100 ms loop; the wait sees it at its next look.
    const past = world.now - wait.since
    const delayMicros = (Math.floor((past + 100 * MILLI) / pollMicros) + 1) * pollMicros - past
    putWorker(world, record)
    world.send('timer.kubelet.volumes', `${node}/kubelet`, { uid, epoch: record.epoch, mounted: true }, { delayMicros })
    return
  }
  for (const { volume, resource, name } of missing) {
    const err = `${resource === 'configmaps' ? 'configmap' : 'secret'} "${name}" not found`
    tell(world, node, pod, podEvents.mountVolumeFailed(volume, err))
    klog(
      world,
      node,
      'E',
      'nestedpendingoperations.go:348',
      `Operation for volume "${volume}" failed: MountVolume.SetUp failed for volume "${volume}" : ${err}`,
    )
  }
  // The back-off belongs to the operation, not to the wait: a wait that ran out does not start it anew.
  const tries = record.mount?.tries ?? 0
  let retry = firstRetry
  for (let i = 0; i < tries && retry < longestRetry; i++) retry *= 2
  const nextAt = world.now + Math.min(retry, longestRetry)
  lookAgain(world, putWorker(world, { ...record, mount: { tries: tries + 1, nextAt } }), nextAt)
}

/** The next look at the volumes, or the end of the wait where that comes first. */
function lookAgain(world: ModelWorld, record: PodWorkerRecord, nextAt: number): void {
  const deadline = record.job!.volumes!.since + waitTimeout
  world.send(
    'timer.kubelet.volumes',
    `${record.node}/kubelet`,
    { uid: record.uid, epoch: record.epoch, mounted: false },
    { delayMicros: Math.max(0, Math.min(nextAt, deadline) - world.now) },
  )
}

export function onVolumes(world: ModelWorld, event: SimEvent<{ uid: string; epoch: number; mounted: boolean }>): void {
  const node = placeOf(event.to)
  const { uid, epoch, mounted } = event.data
  const record = worker(world, node, uid)
  const pod = podOf(world, node, uid)
  if (record?.epoch !== epoch || record.job?.step !== 'volumes' || pod === undefined) return
  if (mounted) {
    const { volumes: _done, ...job } = record.job
    const { mount: _tries, ...rest } = record
    return afterVolumes(world, putWorker(world, { ...rest, mounted: true, job }), pod)
  }
  if (world.now - record.job.volumes!.since >= waitTimeout) {
    const names = (pod.spec.volumes ?? []).map((v) => v.name)
    const error = `unmounted volumes=[${names.join(' ')}], unattached volumes=[], failed to process volumes=[]: context deadline exceeded`
    klog(world, node, 'E', 'kubelet.go:2019', 'Unable to attach or mount volumes for pod; skipping pod', {
      err: error,
      pod: podText(pod),
    })
    return completeJob(world, record, { error })
  }
  tryMount(world, record, pod)
}

/** Unmounting is seen by the same 300 ms look. */
export function unmountMicros(world: ModelWorld, node: string): number {
  return pollMicros - world.random(`kubelet ${node} unmount`, 200) * MILLI
}
