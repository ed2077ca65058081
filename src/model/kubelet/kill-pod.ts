// Ending containers: preStop, turn, StopContainer; then the sandboxes.
// Upstream: pkg/kubelet/kuberuntime/kuberuntime_container.go (killContainer, killContainersWithSyncResult),
// kuberuntime_termination_order.go, pkg/kubelet/kubelet.go (SyncTerminatingPod, SyncTerminatingRuntimePod).
import type { Pod } from '../apiserver/objects.ts'
import type { ContainerStatusResponse } from '../cri/api.ts'
import { SECOND } from '../../sim/clock.ts'
import type { SimEvent } from '../../sim/contract.ts'
import { placeOf } from '../../sim/contract.ts'
import type { CriResponse } from '../messages.ts'
import type { KillRecord, ModelWorld, PodJob, PodWorkerRecord } from '../tables.ts'
import { cri, rpcError, tell } from './calls.ts'
import { podEvents } from './event-texts.ts'
import { runHook } from './hooks.ts'
import { gracePeriodSeconds, killMessage, minimumGracePeriodSeconds, stopPlan } from './kill-container.ts'
import { klog } from './klog.ts'
import type { KillReason } from './pod-actions.ts'
import { makeStatus, podOf, runtimeOf } from './pod-view.ts'
import { completeJob, podText, putWorker, worker } from './pod-workers.ts'
import { stopLivenessAndStartup } from './prober/prober.ts'
import { isSidecar } from './restart-policy.ts'
import { runtimeContainer } from './runtime-answers.ts'
import { specOf } from './start-container.ts'
import { setStatus } from './status-manager.ts'
import { afterSyncKills } from './sync-pod.ts'
import { joined } from '../../sim/joined.ts'

/** `override`: seconds set from outside (deletion, eviction); they replace what the spec says. */
export function killOf(
  world: ModelWorld,
  record: PodWorkerRecord,
  pod: Pod | undefined,
  id: string,
  name: string,
  message: string,
  reason?: KillReason,
  override?: number,
): KillRecord {
  const spec = pod && specOf(pod, name)
  const grace = override ?? (pod ? gracePeriodSeconds(pod, spec, reason) : minimumGracePeriodSeconds)
  return { id, name, message: killMessage(name, message), grace, since: world.now, state: 'turn' }
}

/** SyncTerminatingPod: the pod must end; its containers get the grace that the worker holds. */
export function startKill(world: ModelWorld, record: PodWorkerRecord): void {
  const { node, uid } = record
  const pod = podOf(world, node, uid)
  if (pod !== undefined) {
    setStatus(world, node, pod, makeStatus(world, record, pod, false))
    stopLivenessAndStartup(world, node, uid)
  }
  const runtime = runtimeOf(world, node, uid)
  const running = runtime.containers.filter((c) => c.state === 'running' || c.state === 'unknown')
  const kills = running.map((c) => killOf(world, record, pod, c.id, c.name, '', undefined, record.grace))
  // The dead ones too: a sandbox whose pause was killed still holds its address (ConvertPodStatusToRunningPod).
  const sandboxes = runtime.sandboxes.map((s) => s.id)
  if (running.length > 0)
    world.because('KL15', { pod: `${record.namespace}/${record.name}`, graceSeconds: record.grace ?? 0 })
  beginKills(world, { ...record, job: { ...record.job!, kills, sandboxes, acted: true } })
}

/** Starts every kill of the job; they run beside each other. */
export function beginKills(world: ModelWorld, record: PodWorkerRecord): void {
  const { node, uid } = record
  const pod = podOf(world, node, uid)
  const job = record.job!
  if (job.kills.length === 0) return killsDone(world, record)
  const started = job.kills.map((kill) => {
    const spec = pod && specOf(pod, kill.name)
    if (pod) tell(world, node, pod, podEvents.killing(kill.message), spec ?? { name: kill.name })
    klog(world, node, 'I', 'kuberuntime_container.go:864', 'Killing container with a grace period', {
      pod: pod ? podText(pod) : `${record.namespace}/${record.name}`,
      containerName: kill.name,
      containerID: `containerd://${kill.id}`,
      gracePeriod: kill.grace,
    })
    return stopPlan(kill.grace, spec).runPreStop ? { ...kill, state: 'preStop' as const } : kill
  })
  const busy = putWorker(world, {
    ...record,
    doing: `StopContainer ${started.map((k) => k.name).join(', ')}`,
    job: { ...job, step: 'kill', kills: started },
  })
  for (const kill of started) {
    if (kill.state !== 'preStop') continue
    const spec = specOf(pod!, kill.name)!
    runHook(world, busy, spec, kill.id, spec.lifecycle!.preStop!, 'preStop', kill.grace)
  }
  takeTurns(world, busy, pod)
}

/** Sidecars wait for the containers that they serve, and for the sidecars after them. */
function mayStop(pod: Pod | undefined, kills: readonly KillRecord[], kill: KillRecord): boolean {
  const inits = pod?.spec.initContainers ?? []
  const index = inits.findIndex((c) => c.name === kill.name)
  if (index < 0 || !isSidecar(inits[index]!)) return true
  return kills.every((other) => {
    if (other === kill || other.state === 'done') return true
    const place = inits.findIndex((c) => c.name === other.name)
    return place >= 0 && place < index
  })
}

/** Sends StopContainer for every kill whose turn has come. */
function takeTurns(world: ModelWorld, record: PodWorkerRecord, pod: Pod | undefined): void {
  const { node, uid } = record
  const job = record.job!
  // Several kills in one sync are one after another; those of a whole pod run beside each other.
  const wholePod = job.kind === 'kill' || job.sandboxes.length > 0
  const going: KillRecord[] = []
  const kills = job.kills.map((kill, i) => {
    if (kill.state !== 'turn') return kill
    const inOrder = wholePod ? mayStop(pod, job.kills, kill) : job.kills.slice(0, i).every((k) => k.state === 'done')
    const waited = Math.floor((world.now - kill.since) / SECOND)
    if (!inOrder && waited < kill.grace) return kill
    const left = {
      ...kill,
      state: 'stopping' as const,
      grace: Math.max(kill.grace - waited, minimumGracePeriodSeconds),
    }
    going.push(left)
    return left
  })
  const waiting = kills.filter((k) => k.state === 'turn')
  const busy = putWorker(world, { ...record, job: { ...job, kills } })
  for (const kill of going) {
    cri(
      world,
      node,
      'StopContainer',
      { container_id: kill.id, timeout: kill.grace },
      { who: 'worker', uid, epoch: record.epoch, key: kill.id },
    )
  }
  if (wholePod) {
    // A sidecar does not wait for longer than its own grace.
    for (const kill of waiting) {
      const delayMicros = Math.max(0, kill.since + kill.grace * SECOND - world.now)
      world.send('timer.kubelet.turn', `${node}/kubelet`, { uid, epoch: busy.epoch, id: kill.id }, { delayMicros })
    }
  }
}

export function onTurn(world: ModelWorld, event: SimEvent<{ uid: string; epoch: number; id: string }>): void {
  const node = placeOf(event.to)
  const { uid, epoch, id } = event.data
  const record = worker(world, node, uid)
  if (record?.epoch !== epoch || record.job?.kills.find((k) => k.id === id)?.state !== 'turn') return
  takeTurns(world, record, podOf(world, node, uid))
}

/** The preStop hook of a container ended, well or not: what it took is off the grace. */
export function onPreStop(
  world: ModelWorld,
  record: PodWorkerRecord,
  containerId: string,
  error: string | undefined,
): void {
  const { node, uid } = record
  const pod = podOf(world, node, uid)
  const job = record.job
  const kill = job?.kills.find((k) => k.id === containerId)
  if (job === undefined || kill?.state !== 'preStop') return
  if (error !== undefined && pod) {
    klog(world, node, 'E', 'kuberuntime_container.go:722', 'PreStop hook failed', {
      err: error,
      pod: podText(pod),
      containerName: kill.name,
    })
    tell(world, node, pod, podEvents.failedPreStop('PreStopHook failed'), { name: kill.name })
  }
  const kills = job.kills.map((k) => (k.id === containerId ? { ...k, state: 'turn' as const } : k))
  takeTurns(world, { ...record, job: { ...job, kills } }, pod)
}

export function onStopAnswer(world: ModelWorld, record: PodWorkerRecord, key: string, response: CriResponse): void {
  const { node, uid } = record
  const job = record.job!
  const pod = podOf(world, node, uid)
  const kill = job.kills.find((k) => k.id === key)
  if (kill === undefined || kill.state !== 'stopping') return
  let { errors } = job
  if (response.error && response.error.code !== 'NotFound') {
    const err = rpcError(response.error)
    klog(world, node, 'E', 'kuberuntime_container.go:881', 'Container termination failed with gracePeriod', {
      err,
      containerName: kill.name,
      containerID: `containerd://${kill.id}`,
      gracePeriod: kill.grace,
    })
    errors = [...errors, `failed to "KillContainer" for "${kill.name}" with KillContainerError: ${JSON.stringify(err)}`]
  }
  const kills = job.kills.map((k) => (k.id === key ? { ...k, state: 'done' as const } : k))
  const next = { ...record, job: { ...job, kills, errors } }
  if (kills.every((k) => k.state === 'done')) return killsDone(world, next)
  takeTurns(world, next, pod)
}

/** All containers of the job are down. */
function killsDone(world: ModelWorld, record: PodWorkerRecord): void {
  const { node, uid } = record
  const job = record.job!
  const failedKill = job.errors.find((e) => e.startsWith('failed to "KillContainer"'))
  if (failedKill !== undefined) return completeJob(world, record, { error: failedKill })
  const [sandbox] = job.sandboxes
  if (sandbox !== undefined) {
    putWorker(world, {
      ...record,
      doing: 'StopPodSandbox',
      job: { ...job, step: 'stopSandbox', call: { method: 'StopPodSandbox', since: world.now } },
    })
    cri(
      world,
      node,
      'StopPodSandbox',
      { pod_sandbox_id: sandbox },
      { who: 'worker', uid, epoch: record.epoch, key: sandbox },
    )
    return
  }
  if (job.kind === 'sync') return afterSyncKills(world, { ...record, job: { ...job, kills: [] } })
  inspectEnd(world, record)
}

export function onStopSandbox(world: ModelWorld, record: PodWorkerRecord, response: CriResponse): void {
  const job = record.job!
  if (response.error && response.error.code !== 'NotFound') {
    const err = rpcError(response.error)
    klog(world, record.node, 'E', 'kuberuntime_manager.go:1768', 'Failed to stop sandbox', {
      podSandboxID: job.sandboxes[0] ?? '',
      err,
    })
    const name = `${record.name}_${record.namespace}(${record.uid})`
    return completeJob(world, record, {
      error: `failed to "KillPodSandbox" for "${record.uid}" with KillPodSandboxError: ${JSON.stringify(err)}: ${name}`,
    })
  }
  const { call: _call, ...rest } = job
  killsDone(world, { ...record, job: { ...rest, sandboxes: job.sandboxes.slice(1) } })
}

/** After a kill the runtime is asked how each container ended, so that the last status is right. */
function inspectEnd(world: ModelWorld, record: PodWorkerRecord): void {
  const { node, uid } = record
  const job: PodJob = record.job!
  const left = runtimeOf(world, node, uid).containers.map((c) => c.id)
  if (left.length === 0) return ended(world, record)
  putWorker(world, {
    ...record,
    doing: 'ContainerStatus',
    job: { ...job, step: 'inspect', inspect: { left, containers: [] } },
  })
  cri(
    world,
    node,
    'ContainerStatus',
    { container_id: left[0]! },
    { who: 'worker', uid, epoch: record.epoch, key: left[0]! },
  )
}

export function onInspect(world: ModelWorld, record: PodWorkerRecord, response: CriResponse): void {
  const { node, uid } = record
  const job = record.job!
  const found = response.error ? [] : [runtimeContainer((response.response as ContainerStatusResponse).status)]
  const left = job.inspect!.left.slice(1)
  const containers = [...job.inspect!.containers, ...found]
  if (left.length > 0) {
    putWorker(world, { ...record, job: { ...job, inspect: { left, containers } } })
    cri(
      world,
      node,
      'ContainerStatus',
      { container_id: left[0]! },
      { who: 'worker', uid, epoch: record.epoch, key: left[0]! },
    )
    return
  }
  const cached = world.get('podCache', joined(node, uid))
  if (cached) world.put('podCache', joined(node, uid), { ...cached, containers })
  const alive = containers.filter((c) => c.state === 'running')
  if (alive.length > 0) {
    return completeJob(world, record, {
      error: `detected running containers after a successful KillPod, CRI violation: ${alive.map((c) => c.name).join(', ')}`,
    })
  }
  ended(world, record)
}

function ended(world: ModelWorld, record: PodWorkerRecord): void {
  const { node, uid } = record
  const pod = podOf(world, node, uid)
  if (pod) setStatus(world, node, pod, makeStatus(world, record, pod, true))
  completeJob(world, record, { next: 'terminated' })
}
