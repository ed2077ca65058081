// The pod conditions that the kubelet owns. Upstream: pkg/kubelet/status/generate.go.
import type { Condition, ContainerStatus, Pod, PodPhase, PodSpec } from '../apiserver/objects.ts'
import { isSidecar } from './restart-policy.ts'
import type { RuntimePod } from './runtime-status.ts'
import { sandboxChanged } from './sandbox-changed.ts'

/** Conditions that the kubelet sets and others must not: pkg/kubelet/types/pod_status.go (PodConditionsByKubelet). */
export const kubeletPodConditions = [
  'PodScheduled',
  'Ready',
  'Initialized',
  'ContainersReady',
  'PodReadyToStartContainers',
  'PodResizePending',
  'PodResizeInProgress',
] as const

const list = (names: readonly string[]): string => `[${names.join(' ')}]`

function condition(type: string, ok: boolean, reason?: string, message?: string): Condition {
  return {
    type,
    status: ok ? 'True' : 'False',
    ...(reason ? { reason } : {}),
    ...(message ? { message } : {}),
  }
}

/** `statuses` undefined: the kubelet has none yet, which is not the same as an empty list. */
export function containersReadyCondition(
  spec: PodSpec,
  statuses: readonly ContainerStatus[] | undefined,
  phase: PodPhase,
): Condition {
  const type = 'ContainersReady'
  if (statuses === undefined) return condition(type, false, 'UnknownContainerStatuses')
  const unknown: string[] = []
  const unready: string[] = []
  for (const container of [...(spec.initContainers ?? []).filter(isSidecar), ...spec.containers]) {
    const status = statuses.find((s) => s.name === container.name)
    if (status === undefined) unknown.push(container.name)
    else if (!status.ready) unready.push(container.name)
  }
  if (phase === 'Succeeded' && unknown.length === 0) return condition(type, false, 'PodCompleted')
  // Containers of a failed pod may still be on their way down; it is not ready whatever they say.
  if (phase === 'Failed') return condition(type, false, 'PodFailed')
  const messages: string[] = []
  if (unknown.length > 0) messages.push(`containers with unknown status: ${list(unknown)}`)
  if (unready.length > 0) messages.push(`containers with unready status: ${list(unready)}`)
  if (messages.length > 0) return condition(type, false, 'ContainersNotReady', messages.join(', '))
  return condition(type, true)
}

/** `conditions`: those of the pod, in which readiness gates are looked up. */
export function podReadyCondition(
  spec: PodSpec,
  conditions: readonly Condition[],
  statuses: readonly ContainerStatus[] | undefined,
  phase: PodPhase,
): Condition {
  const containers = containersReadyCondition(spec, statuses, phase)
  if (containers.status !== 'True') return { ...containers, type: 'Ready' }
  const messages: string[] = []
  for (const { conditionType } of spec.readinessGates ?? []) {
    const gate = conditions.find((c) => c.type === conditionType)
    if (gate === undefined) {
      messages.push(`corresponding condition of pod readiness gate "${conditionType}" does not exist.`)
    } else if (gate.status !== 'True') {
      messages.push(`the status of pod readiness gate "${conditionType}" is not "True", but ${gate.status}`)
    }
  }
  if (messages.length > 0) return condition('Ready', false, 'ReadinessGatesNotReady', messages.join(', '))
  return condition('Ready', true)
}

export function initializedCondition(
  spec: PodSpec,
  statuses: readonly ContainerStatus[] | undefined,
  phase: PodPhase,
): Condition {
  const type = 'Initialized'
  const inits = spec.initContainers ?? []
  if (statuses === undefined && inits.length > 0) return condition(type, false, 'UnknownContainerStatuses')
  const unknown: string[] = []
  const incomplete: string[] = []
  for (const container of inits) {
    const status = statuses?.find((s) => s.name === container.name)
    if (status === undefined) unknown.push(container.name)
    else if (isSidecar(container) ? status.started !== true : !status.ready) incomplete.push(container.name)
  }
  if (phase === 'Succeeded' && unknown.length === 0) return condition(type, true, 'PodCompleted')
  // A regular container that started proves that initialisation was complete once, even if sidecars restart now.
  if (anyRegularContainerStarted(spec, statuses ?? [])) return condition(type, true)
  const messages: string[] = []
  if (unknown.length > 0) messages.push(`containers with unknown status: ${list(unknown)}`)
  if (incomplete.length > 0) messages.push(`containers with incomplete status: ${list(incomplete)}`)
  if (messages.length > 0) return condition(type, false, 'ContainersNotInitialized', messages.join(', '))
  return condition(type, true)
}

/** Upstream: pkg/kubelet/container/helpers.go (HasAnyRegularContainerStarted). */
export function anyRegularContainerStarted(spec: PodSpec, statuses: readonly ContainerStatus[]): boolean {
  return spec.containers.some((container) => {
    const status = statuses.find((s) => s.name === container.name)
    if (status === undefined) return false
    return status.state.running !== undefined || status.state.terminated !== undefined
  })
}

export function readyToStartContainersCondition(pod: Pod, runtime: RuntimePod): Condition {
  return condition('PodReadyToStartContainers', !sandboxChanged(pod, runtime).changed)
}
