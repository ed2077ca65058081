// SyncPod: brings a pod that should run to its spec, step by step.
// Upstream: pkg/kubelet/kubelet.go (SyncPod), pkg/kubelet/kuberuntime/kuberuntime_manager.go (SyncPod).
import type { Pod } from '../apiserver/objects.ts'
import type { PodSandboxStatusResponse, RunPodSandboxResponse } from '../cri/api.ts'
import type { CriResponse } from '../messages.ts'
import type { ModelWorld, PodJob, PodWorkerRecord } from '../tables.ts'
import { deadlineExceeded, deadlineOf } from './active-deadline.ts'
import { cri, rpcError, tell } from './calls.ts'
import { sandboxConfig } from './container-config.ts'
import { podEvents } from './event-texts.ts'
import { beginKills, killOf } from './kill-pod.ts'
import { klog } from './klog.ts'
import { ensureMirror } from './mirror-pods.ts'
import { computePodActions, type PodActions } from './pod-actions.ts'
import { actionFacts, makeStatus, podOf, runtimeOf } from './pod-view.ts'
import { completeJob, podText, putWorker } from './pod-workers.ts'
import { addProbes, triggerReadiness } from './prober/prober.ts'
import { startNextContainer } from './start-container.ts'
import { setStatus } from './status-manager.ts'
import { waitForVolumes } from './volumes.ts'

export function startSync(world: ModelWorld, record: PodWorkerRecord): void {
  const { node, uid } = record
  const pod = podOf(world, node, uid)
  if (pod === undefined) return completeJob(world, record, {})
  const deadline = deadlineOf(world, node, pod)
  if (deadline !== undefined && world.now >= deadline && record.ended === undefined) {
    tell(world, node, pod, podEvents.deadlineExceeded())
    return startSync(world, { ...record, ended: deadlineExceeded })
  }
  const status = makeStatus(world, record, pod, false)
  world.because('KL26', {
    pod: podText(pod),
    phase: status.phase ?? '',
    restartPolicy: pod.spec.restartPolicy ?? 'Always',
  })
  setStatus(world, node, pod, status)
  triggerReadiness(world, node, uid, [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])])
  if (status.phase === 'Succeeded' || status.phase === 'Failed') {
    // Nothing will run again: take down the sandbox as well.
    return completeJob(world, record, { next: 'terminating' })
  }
  const kubelet = world.get('kubelets', node)!
  if (kubelet.networkError !== '' && pod.spec.hostNetwork !== true) {
    world.because('KL11', { networkError: kubelet.networkError })
    tell(world, node, pod, podEvents.networkNotReady(kubelet.networkError))
    return completeJob(world, record, { error: `network is not ready: ${kubelet.networkError}`, transient: true })
  }
  if (record.isStatic) ensureMirror(world, node, uid)
  if (!record.mounted) return waitForVolumes(world, record, pod)
  afterVolumes(world, record, pod)
}

/** The runtime half: what is missing, and the first step towards it. */
export function afterVolumes(world: ModelWorld, record: PodWorkerRecord, pod: Pod): void {
  const { node, uid } = record
  addProbes(world, node, pod)
  const runtime = runtimeOf(world, node, uid)
  const actions = computePodActions(pod, runtime, actionFacts(world, node, pod))
  if (idle(actions)) return completeJob(world, record, {})

  world.because('KL2', {
    pod: podText(pod),
    createSandbox: actions.createSandbox,
    killPod: actions.killPod,
    starts: [...actions.initContainersToStart, ...actions.containersToStart].length,
    kills: actions.containersToKill.length,
  })
  if (actions.createSandbox) world.because('KL3', { attempt: actions.attempt, sandbox: actions.sandboxId })
  if (actions.initContainersToStart.length > 0) world.because('KL6', { next: actions.initContainersToStart })
  if (actions.createSandbox && actions.sandboxId !== '') tell(world, node, pod, podEvents.sandboxChanged())
  const job: PodJob = {
    ...record.job!,
    sandboxId: actions.sandboxId,
    attempt: actions.attempt,
    ip: runtime.ips[0] ?? '',
    createSandbox: actions.createSandbox,
    starts: startsOf(pod, actions),
    acted: true,
  }
  if (actions.killPod) {
    const running = runtime.containers.filter((c) => c.state === 'running' || c.state === 'unknown')
    const sandboxes = runtime.sandboxes.map((s) => s.id)
    const kills = running.map((c) => killOf(world, record, pod, c.id, c.name, ''))
    return beginKills(world, { ...record, job: { ...job, kills, sandboxes } })
  }
  const kills = actions.containersToKill.map((k) => {
    world.because('KL14', { container: k.name, reason: k.reason, message: k.message })
    return killOf(world, record, pod, k.id, k.name, k.message, k.reason)
  })
  for (const kill of actions.containersToKill) {
    klog(world, node, 'I', 'kuberuntime_manager.go:1250', 'Message for Container of pod', {
      containerName: kill.name,
      containerStatusID: `{Type:containerd ID:${kill.id}}`,
      pod: podText(pod),
      containerMessage: kill.message,
    })
  }
  beginKills(world, { ...record, job: { ...job, kills } })
}

function idle(actions: PodActions): boolean {
  return (
    !actions.killPod &&
    !actions.createSandbox &&
    actions.containersToKill.length === 0 &&
    actions.ephemeralContainersToStart.length === 0 &&
    actions.initContainersToStart.length === 0 &&
    actions.containersToStart.length === 0
  )
}

function startsOf(pod: Pod, actions: PodActions): PodJob['starts'] {
  return [
    ...actions.ephemeralContainersToStart.map((i) => ({
      kind: 'ephemeral' as const,
      name: pod.spec.ephemeralContainers![i]!.name,
    })),
    ...actions.initContainersToStart.map((i) => ({ kind: 'init' as const, name: pod.spec.initContainers![i]!.name })),
    ...actions.containersToStart.map((i) => ({ kind: 'container' as const, name: pod.spec.containers[i]!.name })),
  ]
}

/** All kills of this sync are done: on to the sandbox, or straight to the containers. */
export function afterSyncKills(world: ModelWorld, record: PodWorkerRecord): void {
  const { node, uid } = record
  const pod = podOf(world, node, uid)
  const job = record.job!
  if (pod === undefined) return completeJob(world, record, {})
  if (!job.createSandbox) return startNextContainer(world, record, pod)
  // Init containers of the old sandbox must not be taken for those of the new one.
  for (const old of runtimeOf(world, node, uid).containers) {
    if (pod.spec.initContainers?.some((c) => c.name === old.name)) {
      cri(world, node, 'RemoveContainer', { container_id: old.id }, { who: 'gc' })
    }
  }
  putWorker(world, {
    ...record,
    doing: 'RunPodSandbox',
    job: { ...job, step: 'sandbox', call: { method: 'RunPodSandbox', since: world.now } },
  })
  cri(
    world,
    node,
    'RunPodSandbox',
    { config: sandboxConfig(node, pod, job.attempt), runtime_handler: pod.spec.runtimeClassName ?? '' },
    { who: 'worker', uid, epoch: record.epoch },
  )
}

export function onSandboxAnswer(world: ModelWorld, record: PodWorkerRecord, pod: Pod, response: CriResponse): void {
  const { node, uid } = record
  const job = record.job!
  if (response.method === 'RunPodSandbox') {
    if (response.error) {
      const err = rpcError(response.error)
      klog(world, node, 'E', 'kuberuntime_manager.go:1475', 'CreatePodSandbox for pod failed', {
        err,
        pod: podText(pod),
      })
      tell(world, node, pod, podEvents.failedCreateSandbox(err))
      const { name, namespace } = pod.metadata
      const error = `failed to "CreatePodSandbox" for "${name}_${namespace ?? 'default'}(${uid})" with CreatePodSandboxError: ${JSON.stringify(`Failed to create sandbox for pod "${name}_${namespace ?? 'default'}(${uid})": ${err}`)}`
      return completeJob(world, record, { error })
    }
    const sandboxId = (response.response as RunPodSandboxResponse).pod_sandbox_id
    putWorker(world, {
      ...record,
      doing: 'PodSandboxStatus',
      job: { ...job, sandboxId, call: { method: 'PodSandboxStatus', since: world.now } },
    })
    cri(world, node, 'PodSandboxStatus', { pod_sandbox_id: sandboxId }, { who: 'worker', uid, epoch: record.epoch })
    return
  }
  if (response.error) {
    const err = rpcError(response.error)
    tell(world, node, pod, podEvents.failedSandboxStatus(err))
    return completeJob(world, record, { error: err })
  }
  const { network } = (response.response as PodSandboxStatusResponse).status
  startNextContainer(world, { ...record, job: { ...job, ip: network.ip } }, pod)
}
