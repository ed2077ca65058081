// The whole API status of a pod, as the kubelet would send it now.
// Upstream: pkg/kubelet/kubelet_pods.go (generateAPIPodStatus, convertStatusToAPIStatus),
// pkg/kubelet/prober/prober_manager.go (UpdatePodStatus), pkg/kubelet/status/status_manager.go (updateStatusInternal).
import type { Condition, Container, ContainerStatus, Pod, PodStatus, QosClass } from '../apiserver/objects.ts'
import { containerStatuses, type StartFailure } from './container-statuses.ts'
import type { ProbeResult } from './pod-actions.ts'
import { podPhase } from './pod-phase.ts'
import {
  containersReadyCondition,
  initializedCondition,
  kubeletPodConditions,
  podReadyCondition,
  readyToStartContainersCondition,
} from './pod-conditions.ts'
import { isSidecar } from './restart-policy.ts'
import type { RuntimePod } from './runtime-status.ts'

export type ProbeFacts = {
  readiness: (containerId: string) => ProbeResult | undefined
  startup: (containerId: string) => ProbeResult | undefined
}

export type StatusFacts = ProbeFacts & {
  failure: (containerName: string) => StartFailure | undefined
  qosClass: QosClass
  hostIP: string
  /** Set when something inside the kubelet ended the pod: eviction, deadline, admission. */
  ended?: { reason: string; message: string }
  /** The pod is past its end: no container will be started again. */
  terminal: boolean
  staticPod: boolean
  now: string
}

/** `old`: the status that the status manager holds, or the API's where it holds none. */
export function generatePodStatus(pod: Pod, runtime: RuntimePod, old: PodStatus, facts: StatusFacts): PodStatus {
  const inits = pod.spec.initContainers ?? []
  const of = (containers: readonly Container[], previous: readonly ContainerStatus[] | undefined, isInit: boolean) =>
    containerStatuses({ pod, runtime, containers, previous: previous ?? [], isInit, failure: facts.failure })

  const regular = of(pod.spec.containers, old.containerStatuses, false)
  const init = of(inits, old.initContainerStatuses, true)
  const ephemeral = of(pod.spec.ephemeralContainers ?? [], old.ephemeralContainerStatuses, false)

  let phase = podPhase({
    spec: pod.spec,
    statuses: [...regular, ...init],
    terminal: facts.terminal,
    hasInitialized: anyRegularContainerStartedInNewestSandbox(pod, runtime),
    staticPod: facts.staticPod,
  })
  const apiPhase = pod.status?.phase
  if (phase !== 'Failed' && phase !== 'Succeeded') {
    if (old.phase === 'Failed' || old.phase === 'Succeeded') phase = old.phase
    else if (apiPhase === 'Failed' || apiPhase === 'Succeeded') phase = apiPhase
  }
  let reason = phase === old.phase ? old.reason || pod.status?.reason : undefined
  let message = phase === old.phase ? old.message || pod.status?.message : undefined
  if (facts.ended) {
    phase = 'Failed'
    reason = facts.ended.reason
    message = facts.ended.message
  }
  // A pod does not come back from its end.
  if (apiPhase === 'Failed' || apiPhase === 'Succeeded') phase = apiPhase

  const containers = regular.map((s) => withProbes(s, pod.spec.containers, facts))
  const initContainers = init.map((s) => withInitProbes(s, inits, facts))

  const kubeletOwned: readonly string[] = kubeletPodConditions
  const conditions = (pod.status?.conditions ?? []).filter((c) => !kubeletOwned.includes(c.type))
  const disrupted = old.conditions?.find((c) => c.type === 'DisruptionTarget')
  if (disrupted && !conditions.some((c) => c.type === 'DisruptionTarget')) conditions.push(disrupted)
  const statuses = [...initContainers, ...containers]
  conditions.push(
    readyToStartContainersCondition(pod, runtime),
    initializedCondition(pod.spec, statuses, phase),
    podReadyCondition(pod.spec, conditions, statuses, phase),
    containersReadyCondition(pod.spec, statuses, phase),
    { type: 'PodScheduled', status: 'True' },
  )
  const generation = pod.metadata.generation
  const hostNetwork = pod.spec.hostNetwork === true
  const podIP = runtime.ips[0] ?? (hostNetwork ? facts.hostIP : undefined)

  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase,
    conditions: conditions.map((c) => withTransition(c, old.conditions, facts.now, generation)),
    ...(message ? { message } : {}),
    ...(reason ? { reason } : {}),
    hostIP: facts.hostIP,
    hostIPs: [{ ip: facts.hostIP }],
    ...(podIP ? { podIP, podIPs: [{ ip: podIP }] } : {}),
    startTime: old.startTime ?? facts.now,
    ...(init.length > 0 ? { initContainerStatuses: initContainers } : {}),
    containerStatuses: containers,
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral } : {}),
    qosClass: facts.qosClass,
  }
}

/** lastTransitionTime moves only with the status: updateLastTransitionTime in status_manager.go. */
function withTransition(
  condition: Condition,
  before: readonly Condition[] | undefined,
  now: string,
  generation: number | undefined,
): Condition {
  const previous = before?.find((c) => c.type === condition.type)
  const kept = previous !== undefined && previous.status === condition.status
  return {
    ...condition,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    lastProbeTime: null,
    lastTransitionTime: (kept ? previous.lastTransitionTime : condition.lastTransitionTime) ?? now,
  }
}

/** Upstream HasAnyActiveRegularContainerStarted: containers of the sandbox of now only. */
export function anyRegularContainerStartedInNewestSandbox(pod: Pod, runtime: RuntimePod): boolean {
  const since = runtime.sandboxes[0]?.createdAt
  if (since === undefined) return false
  return runtime.containers.some(
    (c) =>
      c.createdAt >= since &&
      (c.state === 'running' || c.state === 'exited') &&
      pod.spec.containers.some((spec) => spec.name === c.name),
  )
}

const bareId = (status: ContainerStatus): string => (status.containerID ?? '').replace(/^[a-z-]+:\/\//, '')

function started(status: ContainerStatus, spec: Container | undefined, facts: ProbeFacts): boolean {
  if (status.state.running === undefined) return false
  const result = facts.startup(bareId(status))
  if (result !== undefined) return result === 'Success'
  // No result: started, unless a startup probe is there and has yet to speak.
  return spec?.startupProbe === undefined
}

function withProbes(status: ContainerStatus, specs: readonly Container[], facts: ProbeFacts): ContainerStatus {
  const spec = specs.find((c) => c.name === status.name)
  const isStarted = started(status, spec, facts)
  let ready = false
  if (isStarted) {
    const result = facts.readiness(bareId(status))
    ready = result !== undefined ? result === 'Success' : spec?.readinessProbe === undefined
  }
  return { ...status, started: isStarted, ready }
}

function withInitProbes(status: ContainerStatus, specs: readonly Container[], facts: ProbeFacts): ContainerStatus {
  const spec = specs.find((c) => c.name === status.name)
  if (spec !== undefined && isSidecar(spec)) return withProbes(status, specs, facts)
  const ready = status.state.terminated?.exitCode === 0
  return { ...status, started: status.state.running !== undefined, ready }
}
