/** How a node stands with its lease, and what will follow if it stays silent. Pure: records and pending timers only. */
import type { Micros } from '../../sim/contract.ts'
import { parseRfc3339, SECOND } from '../../sim/clock.ts'
import type { Node, Pod, Taint } from '../../model/apiserver/objects.ts'
import type { Replica } from '../contract.ts'

/** --node-monitor-grace-period and --node-monitor-period of kube-controller-manager 1.36, the kubelet's lease renewal. */
export const GRACE = 50 * SECOND
export const PASS = 5 * SECOND
export const BEAT = 10 * SECOND
/** A beat counts as missed when it is this late: the kubelet tries again within it. */
const LATE = 2 * SECOND

export const UNREACHABLE = 'node.kubernetes.io/unreachable'
export const NOT_READY = 'node.kubernetes.io/not-ready'

export interface Heartbeat {
  /** When the lease was renewed last; undefined: never. */
  readonly renewedAt?: Micros
  /** From when the controller counts its 50 s: the pass in which it saw the last renewal. */
  readonly countsFrom: Micros
  /** The first pass after the grace: Ready becomes Unknown and the taint comes. */
  readonly unknownAt: Micros
  /** That has happened. */
  readonly unknownSince?: Micros
  readonly taintedAt?: Micros
  readonly ready: 'True' | 'False' | 'Unknown' | ''
  readonly readySince?: Micros
  readonly message: string
}

export function heartbeatOf(replica: Replica, node: string, passAt: Micros | undefined): Heartbeat {
  const object = replica.get('nodes', node)
  const lease = replica.get('leases', `kube-node-lease/${node}`)
  const renewedAt = lease?.spec.renewTime === undefined ? undefined : parseRfc3339(lease.spec.renewTime)
  const health = replica.get('nodeHealth', node)
  const seen = health !== undefined && health.leaseRenewTime === (lease?.spec.renewTime ?? '')
  const nextPass = passAt ?? replica.now + PASS
  // A renewal that no pass has seen yet counts from the pass that will see it.
  const countsFrom = health === undefined ? (renewedAt ?? replica.now) : seen ? health.probeAt : nextPass
  const condition = object?.status?.conditions?.find((c) => c.type === 'Ready')
  const taint = taintOf(object)
  const since = condition?.lastTransitionTime === undefined ? undefined : parseRfc3339(condition.lastTransitionTime)
  return {
    renewedAt,
    countsFrom,
    unknownAt:
      condition?.status === 'Unknown' && since !== undefined ? since : firstPassAfter(countsFrom + GRACE, nextPass),
    unknownSince: condition?.status === 'Unknown' ? since : undefined,
    taintedAt: taint?.timeAdded === undefined ? undefined : parseRfc3339(taint.timeAdded),
    ready: condition?.status ?? '',
    readySince: since,
    message: condition?.message ?? '',
  }
}

export function taintOf(node: Node | undefined): Taint | undefined {
  return node?.spec.taints?.find((t) => (t.key === UNREACHABLE || t.key === NOT_READY) && t.effect === 'NoExecute')
}

/** Passes come every 5 s; the grace must be over, not just equal. */
export function firstPassAfter(instant: Micros, nextPass: Micros): Micros {
  if (nextPass > instant) return nextPass
  return nextPass + (Math.floor((instant - nextPass) / PASS) + 1) * PASS
}

/** Missed beats at `now`: those that were due since the last renewal. */
export function missedBeats(renewedAt: Micros | undefined, now: Micros): number {
  if (renewedAt === undefined) return 0
  return Math.max(0, Math.floor((now - renewedAt - LATE) / BEAT))
}

export interface Toleration {
  /** Seconds; undefined: for ever; 0: not at all. */
  readonly seconds?: number
}

/** How long a pod tolerates a node that is unreachable (pkg/controller/tainteviction getMinTolerationTime). */
export function tolerationOf(pod: Pod): Toleration {
  const matching = (pod.spec.tolerations ?? []).filter(
    (t) =>
      (t.effect === undefined || t.effect === '' || t.effect === 'NoExecute') &&
      (t.key === UNREACHABLE ||
        (t.key === undefined && t.operator === 'Exists') ||
        (t.key === '' && t.operator === 'Exists')),
  )
  if (matching.length === 0) return { seconds: 0 }
  const limits = matching.flatMap((t) => (t.tolerationSeconds === undefined ? [] : [Math.max(0, t.tolerationSeconds)]))
  return limits.length === 0 ? {} : { seconds: Math.min(...limits) }
}
