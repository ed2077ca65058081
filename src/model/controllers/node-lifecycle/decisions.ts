// What the node lifecycle controller decides, as plain functions; the live controller stands on these.
// Upstream: pkg/controller/nodelifecycle/node_lifecycle_controller.go (monitorNodeHealth, tryUpdateNodeHealth,
// processTaintBaseEviction, doNoScheduleTaintingPass, handleDisruption, ComputeZoneState, ReducedQPSFunc),
// pkg/controller/tainteviction, cmd/kube-controller-manager/app/options/nodelifecyclecontroller.go.
import type { Condition, Node, Pod, Taint } from '../../apiserver/objects.ts'
import { SECOND } from '../../../sim/clock.ts'
import type { Micros } from '../../../sim/contract.ts'

/** Options of kube-controller-manager 1.36. The grace period was 40 s before 1.32. */
export const nodeLifecycleDefaults = {
  nodeMonitorPeriod: 5 * SECOND,
  nodeMonitorGracePeriod: 50 * SECOND,
  nodeStartupGracePeriod: 60 * SECOND,
  nodeEvictionRate: 0.1,
  secondaryNodeEvictionRate: 0.01,
  largeClusterSizeThreshold: 50,
  unhealthyZoneThreshold: 0.55,
  defaultTolerationSeconds: 300,
} as const

export const taintKeys = {
  notReady: 'node.kubernetes.io/not-ready',
  unreachable: 'node.kubernetes.io/unreachable',
  memoryPressure: 'node.kubernetes.io/memory-pressure',
  diskPressure: 'node.kubernetes.io/disk-pressure',
  networkUnavailable: 'node.kubernetes.io/network-unavailable',
  pidPressure: 'node.kubernetes.io/pid-pressure',
  unschedulable: 'node.kubernetes.io/unschedulable',
} as const

/** Conditions that go Unknown together; NetworkUnavailable belongs to the network plugin and is left alone. */
export const monitoredConditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const

export type HeartbeatView = {
  /** When the controller last saw a lease renewal or a status change; undefined before the first pass over the node. */
  probeTimestamp: Micros | undefined
  now: Micros
  /** No Ready condition yet: the longer start-up grace counts. */
  neverReported?: boolean
  gracePeriod?: Micros
}

/** Whether a node has been silent for longer than its grace. Equal is still within it. */
export function heartbeatExpired(view: HeartbeatView): boolean {
  if (view.probeTimestamp === undefined) return false
  const grace =
    view.gracePeriod ??
    (view.neverReported ? nodeLifecycleDefaults.nodeStartupGracePeriod : nodeLifecycleDefaults.nodeMonitorGracePeriod)
  return view.now > view.probeTimestamp + grace
}

/** Conditions after the grace ran out; the same array where nothing changes. `now` is RFC 3339. */
export function silentConditions(
  conditions: readonly Condition[],
  createdAt: string,
  now: string,
): readonly Condition[] {
  let changed = false
  const out = [...conditions]
  for (const type of monitoredConditions) {
    const i = out.findIndex((c) => c.type === type)
    if (i < 0) {
      out.push({
        type,
        status: 'Unknown',
        reason: 'NodeStatusNeverUpdated',
        message: 'Kubelet never posted node status.',
        lastHeartbeatTime: createdAt,
        lastTransitionTime: now,
      })
      changed = true
    } else if (out[i]!.status !== 'Unknown') {
      out[i] = {
        ...out[i]!,
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
        message: 'Kubelet stopped posting node status.',
        lastTransitionTime: now,
      }
      changed = true
    }
  }
  return changed ? out : conditions
}

export function conditionStatus(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition['status'] | undefined {
  return conditions?.find((c) => c.type === type)?.status
}

/** The NoExecute taint that belongs to a Ready status; undefined for a ready node. */
export function noExecuteTaint(ready: Condition['status'] | undefined): Taint | undefined {
  if (ready === 'False') return { key: taintKeys.notReady, effect: 'NoExecute' }
  if (ready === 'Unknown') return { key: taintKeys.unreachable, effect: 'NoExecute' }
  return undefined
}

export type TaintSwap = {
  add?: Taint
  remove: Taint[]
  /** True: it waits for the eviction limiter of its zone. A swap between the two taints does not wait. */
  rateLimited: boolean
}

/** What to do with the NoExecute taints of a node whose Ready status is `ready` and which carries `taints`. */
export function noExecuteSwap(ready: Condition['status'] | undefined, taints: readonly Taint[]): TaintSwap {
  const has = (key: string): boolean => taints.some((t) => t.key === key && t.effect === 'NoExecute')
  const want = noExecuteTaint(ready)
  const remove: Taint[] = []
  for (const key of [taintKeys.notReady, taintKeys.unreachable]) {
    if (has(key) && want?.key !== key) remove.push({ key, effect: 'NoExecute' })
  }
  if (want === undefined || has(want.key)) return { remove, rateLimited: false }
  return { add: want, remove, rateLimited: remove.length === 0 }
}

const noScheduleByCondition: readonly [type: string, status: Condition['status'], key: string][] = [
  ['Ready', 'False', taintKeys.notReady],
  ['Ready', 'Unknown', taintKeys.unreachable],
  ['MemoryPressure', 'True', taintKeys.memoryPressure],
  ['DiskPressure', 'True', taintKeys.diskPressure],
  ['NetworkUnavailable', 'True', taintKeys.networkUnavailable],
  ['PIDPressure', 'True', taintKeys.pidPressure],
]

/** The NoSchedule taints that follow from conditions and cordon. */
export function noScheduleTaints(conditions: readonly Condition[] | undefined, unschedulable: boolean): Taint[] {
  const taints: Taint[] = []
  for (const [type, status, key] of noScheduleByCondition) {
    if (conditionStatus(conditions, type) === status) taints.push({ key, effect: 'NoSchedule' })
  }
  if (unschedulable) taints.push({ key: taintKeys.unschedulable, effect: 'NoSchedule' })
  return taints
}

const managedNoSchedule: readonly string[] = Object.values(taintKeys)

/** The node's taints with the managed NoSchedule ones set right; the same array where nothing changes. */
export function withNoScheduleTaints(node: Node): readonly Taint[] {
  const before = node.spec.taints ?? []
  const want = noScheduleTaints(node.status?.conditions, node.spec.unschedulable === true)
  const managed = before.filter((t) => t.effect === 'NoSchedule' && managedNoSchedule.includes(t.key))
  const same = managed.length === want.length && want.every((w) => managed.some((m) => m.key === w.key))
  if (same) return before
  return [...before.filter((t) => !managed.includes(t)), ...want]
}

export type ZoneState = 'Normal' | 'PartialDisruption' | 'FullDisruption' | 'Initial'

/** More than two nodes down and a share at the threshold: partial; none ready: full. */
export function zoneState(
  ready: number,
  notReady: number,
  threshold = nodeLifecycleDefaults.unhealthyZoneThreshold as number,
): ZoneState {
  if (ready === 0 && notReady > 0) return 'FullDisruption'
  if (notReady > 2 && notReady / (notReady + ready) >= threshold) return 'PartialDisruption'
  return 'Normal'
}

/** Nodes per second that a zone may taint NoExecute. */
export function evictionQps(
  zone: ZoneState,
  size: number,
  options: {
    rate?: number
    secondaryRate?: number
    largeClusterThreshold?: number
    allZonesFull?: boolean
  } = {},
): number {
  const rate = options.rate ?? nodeLifecycleDefaults.nodeEvictionRate
  const secondary = options.secondaryRate ?? nodeLifecycleDefaults.secondaryNodeEvictionRate
  const large = options.largeClusterThreshold ?? nodeLifecycleDefaults.largeClusterSizeThreshold
  // No zone answers: the fault is more likely the controller's own. Evict nobody.
  if (options.allZonesFull) return 0
  if (zone === 'PartialDisruption') return size > large ? secondary : 0
  // One dead zone among living ones is taken at its word.
  return rate
}

/** Label that puts a node in a zone; nodes without one share the zone ''. pkg/util/node GetZoneKey. */
export function zoneOf(node: Node): string {
  const labels = node.metadata.labels ?? {}
  const region = labels['topology.kubernetes.io/region'] ?? ''
  const zone = labels['topology.kubernetes.io/zone'] ?? ''
  return region === '' && zone === '' ? '' : `${region}:\x00:${zone}`
}

export type NodeEventText = { type: 'Normal' | 'Warning'; reason: string; message: string }

export const nodeLifecycleEvents = {
  status: (node: string, reason: string): NodeEventText => ({
    type: 'Normal',
    reason,
    message: `Node ${node} status is now: ${reason}`,
  }),
  registered: (node: string): NodeEventText => ({
    type: 'Normal',
    reason: 'RegisteredNode',
    message: `Node ${node} event: Registered Node ${node} in Controller`,
  }),
  removing: (node: string): NodeEventText => ({
    type: 'Normal',
    reason: 'RemovingNode',
    message: `Node ${node} event: Removing Node ${node} from Controller`,
  }),
  podOnNotReadyNode: (): NodeEventText => ({ type: 'Warning', reason: 'NodeNotReady', message: 'Node is not ready' }),
  deletionMark: (pod: string): NodeEventText => ({
    type: 'Normal',
    reason: 'TaintManagerEviction',
    message: `Marking for deletion Pod ${pod}`,
  }),
  deletionCancelled: (pod: string): NodeEventText => ({
    type: 'Normal',
    reason: 'TaintManagerEviction',
    message: `Cancelling deletion of Pod ${pod}`,
  }),
} as const

/** A toleration tolerates a taint: core/v1 Toleration.ToleratesTaint. */
export function tolerates(
  toleration: { key?: string; operator?: string; value?: string; effect?: string },
  taint: Taint,
): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false
  if (toleration.key && toleration.key !== taint.key) return false
  if (toleration.operator === 'Exists') return true
  return (!toleration.operator || toleration.operator === 'Equal') && (toleration.value ?? '') === (taint.value ?? '')
}

/**
 * How long a pod may stay on a node with these NoExecute taints: 0 leaves at once, undefined stays for ever.
 * Upstream: tainteviction getMinTolerationTime.
 */
export function toleratedFor(pod: Pod, taints: readonly Taint[]): number | undefined {
  let least: number | undefined
  const noExecute = taints.filter((t) => t.effect === 'NoExecute')
  const used = []
  for (const taint of noExecute) {
    const match = (pod.spec.tolerations ?? []).find((t) => tolerates(t, taint))
    if (match === undefined) return 0
    used.push(match)
  }
  for (const { tolerationSeconds } of used) {
    if (tolerationSeconds === undefined) continue
    const seconds = Math.max(0, tolerationSeconds)
    if (least === undefined || seconds < least) least = seconds
  }
  return least
}

export type ZonesAnswer = {
  allFull: boolean
  /** All zones fell silent just now: take the NoExecute taints off again and stop evicting. */
  removeNoExecute: boolean
  /** The first zone answers again: count every node's silence from now. */
  resetProbeTimestamps: boolean
}

/** Upstream handleDisruption: compares the states of all zones with those of the pass before. */
export function whenZonesFail(now: readonly ZoneState[], before: readonly ZoneState[]): ZonesAnswer {
  const full = (states: readonly ZoneState[]): boolean =>
    states.length > 0 && states.every((s) => s === 'FullDisruption')
  const allFull = full(now)
  const wereAllFull = full(before)
  return { allFull, removeNoExecute: allFull && !wereAllFull, resetProbeTimestamps: wereAllFull && !allFull }
}
