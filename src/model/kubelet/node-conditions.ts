// The node conditions that the kubelet sets. Upstream: pkg/kubelet/nodestatus/setters.go, pkg/kubelet/runtime.go.
import type { Condition } from '../apiserver/objects.ts'
import { SECOND } from '../../sim/clock.ts'
import type { Micros } from '../../sim/contract.ts'

/** Upstream maxWaitForContainerRuntime. */
export const maxWaitForContainerRuntime = 30 * SECOND

/** One node condition with its event, if the status changed (or is said for the first time). */
export type ConditionChange = { condition: Condition; event?: string }

function stamped(
  previous: Condition | undefined,
  next: Omit<Condition, 'lastHeartbeatTime' | 'lastTransitionTime'>,
  now: string,
): Condition {
  const same = previous !== undefined && previous.status === next.status
  return {
    ...next,
    lastHeartbeatTime: now,
    lastTransitionTime: (same ? previous.lastTransitionTime : undefined) ?? now,
  }
}

export type ReadyFacts = {
  runtimeErrors?: string
  networkErrors?: string
  storageErrors?: string
  shutdownErrors?: string
  /** Warnings that do not make the node NotReady but are said after the message. */
  softRequirements?: string
  /** Resources that the node's capacity does not name. */
  missingCapacity?: readonly string[]
  /** Kubelets before 1.31 said so when AppArmor was there; the live kubelet leaves it unset. */
  appArmor?: boolean
}

/** One error stands alone, several are listed in brackets: k8s.io/apimachinery aggregate errors. */
export function aggregate(errors: readonly string[]): string {
  const distinct = [...new Set(errors)]
  return distinct.length === 1 ? distinct[0]! : `[${distinct.join(', ')}]`
}

export function readyCondition(facts: ReadyFacts, previous: Condition | undefined, now: string): ConditionChange {
  const missing = facts.missingCapacity?.length
    ? `missing node capacity for resources: ${facts.missingCapacity.join(', ')}`
    : undefined
  const errors = [facts.runtimeErrors, facts.networkErrors, facts.storageErrors, facts.shutdownErrors, missing].filter(
    (e): e is string => e !== undefined && e !== '',
  )
  const ready = errors.length === 0
  const warning = facts.softRequirements ? `. WARNING: ${facts.softRequirements}` : ''
  const condition = stamped(
    previous,
    {
      type: 'Ready',
      status: ready ? 'True' : 'False',
      reason: ready ? 'KubeletReady' : 'KubeletNotReady',
      message: ready
        ? `kubelet is posting ready status${facts.appArmor ? '. AppArmor enabled' : ''}${warning}`
        : aggregate(errors),
    },
    now,
  )
  // Ready alone records nothing for a condition that was not there before.
  if (previous === undefined || previous.status === condition.status) return { condition }
  return { condition, event: ready ? 'NodeReady' : 'NodeNotReady' }
}

const pressureWords = {
  MemoryPressure: {
    on: ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available', 'NodeHasInsufficientMemory'],
    off: ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available', 'NodeHasSufficientMemory'],
  },
  DiskPressure: {
    on: ['KubeletHasDiskPressure', 'kubelet has disk pressure', 'NodeHasDiskPressure'],
    off: ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure', 'NodeHasNoDiskPressure'],
  },
  PIDPressure: {
    on: ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available', 'NodeHasInsufficientPID'],
    off: ['KubeletHasSufficientPID', 'kubelet has sufficient PID available', 'NodeHasSufficientPID'],
  },
} as const

export type PressureType = keyof typeof pressureWords

export function pressureCondition(
  type: PressureType,
  pressure: boolean,
  previous: Condition | undefined,
  now: string,
): ConditionChange {
  const [reason, message, event] = pressureWords[type][pressure ? 'on' : 'off']
  const status = pressure ? 'True' : 'False'
  const condition = stamped(previous, { type, status, reason, message }, now)
  return previous?.status === status ? { condition } : { condition, event }
}

export type RuntimeCondition = { type: string; status: boolean; reason?: string; message?: string }

/** Upstream kubecontainer.RuntimeCondition.String. */
export function runtimeConditionText(condition: RuntimeCondition): string {
  return `${condition.type}=${condition.status} reason:${condition.reason ?? ''} message:${condition.message ?? ''}`
}

export const networkNotReady = (condition: RuntimeCondition): string =>
  `container runtime network not ready: ${runtimeConditionText(condition)}`
export const runtimeNotReady = (condition: RuntimeCondition): string =>
  `container runtime not ready: ${runtimeConditionText(condition)}`

export type RuntimeFacts = {
  /** Time since the runtime last said it is ready; undefined: never. */
  sinceRuntimeSync: Micros | undefined
  /** Health checks that fail now, by name: "PLEG" -> its error. */
  healthErrors?: Readonly<Record<string, string>>
  runtimeError?: string
  networkError?: string
}

/** Upstream runtimeState.runtimeErrors and networkErrors. */
export function runtimeErrors(facts: RuntimeFacts): string | undefined {
  const errors: string[] = []
  if (facts.sinceRuntimeSync === undefined) errors.push('container runtime status check may not have completed yet')
  else if (facts.sinceRuntimeSync > maxWaitForContainerRuntime) errors.push('container runtime is down')
  for (const [name, err] of Object.entries(facts.healthErrors ?? {})) errors.push(`${name} is not healthy: ${err}`)
  if (facts.runtimeError !== undefined) errors.push(facts.runtimeError)
  return errors.length === 0 ? undefined : aggregate(errors)
}
