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
  /** Whether a probe worker of that kind exists for the container: it may not have spoken yet. */
  probed: (containerName: string, probe: 'readiness' | 'startup') => boolean
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

  const containers = regular.map((s) => withProbes(s, old.containerStatuses, facts))
  const initContainers = init.map((s) => withInitProbes(s, inits, old.initContainerStatuses, facts))

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

  // Field by field: a pod is synced often, and an object for each field that may be absent costs as much as the rest.
  const status: { -readonly [K in keyof PodStatus]: PodStatus[K] } = {}
  if (generation !== undefined) status.observedGeneration = generation
  status.phase = phase
  status.conditions = conditions.map((c) => withTransition(c, old.conditions, facts.now, generation))
  if (message) status.message = message
  if (reason) status.reason = reason
  status.hostIP = facts.hostIP
  status.hostIPs = [{ ip: facts.hostIP }]
  if (podIP) {
    status.podIP = podIP
    status.podIPs = [{ ip: podIP }]
  }
  status.startTime = old.startTime ?? facts.now
  if (init.length > 0) status.initContainerStatuses = initContainers
  status.containerStatuses = containers
  if (ephemeral.length > 0) status.ephemeralContainerStatuses = ephemeral
  status.qosClass = facts.qosClass
  return status
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

/** The status said before of this very container: a kubelet that restarts keeps started and ready as they were. */
function before(status: ContainerStatus, old: readonly ContainerStatus[] | undefined): ContainerStatus | undefined {
  return old?.find((o) => o.containerID === status.containerID && o.state.running !== undefined)
}

function withProbes(
  status: ContainerStatus,
  old: readonly ContainerStatus[] | undefined,
  facts: ProbeFacts,
): ContainerStatus {
  if (status.state.running === undefined) return { ...status, started: false, ready: false }
  const id = bareId(status)
  const startup = facts.startup(id)
  const kept = before(status, old)
  // No result: started, unless a startup probe is there and has yet to speak.
  const started =
    startup === undefined ? kept?.started === true || !facts.probed(status.name, 'startup') : startup === 'Success'
  let ready = false
  if (started) {
    const readiness = facts.readiness(id)
    if (readiness !== undefined) ready = readiness === 'Success'
    else ready = kept?.ready === true || !facts.probed(status.name, 'readiness')
  }
  return { ...status, started, ready }
}

function withInitProbes(
  status: ContainerStatus,
  specs: readonly Container[],
  old: readonly ContainerStatus[] | undefined,
  facts: ProbeFacts,
): ContainerStatus {
  const spec = specs.find((c) => c.name === status.name)
  if (spec !== undefined && isSidecar(spec)) return withProbes(status, old, facts)
  const ready = status.state.terminated?.exitCode === 0
  return { ...status, started: status.state.running !== undefined, ready }
}
