// What a Deployment says of itself (pkg/controller/deployment/sync.go calculateStatus, progress.go).
import { parseRfc3339, rfc3339, SECOND } from '../../../sim/clock.ts'
import type { Micros } from '../../../sim/contract.ts'
import type { Condition, Deployment, DeploymentStatus, ReplicaSet } from '../../apiserver/objects.ts'
import { available, maxUnavailable, replicasOf, sum } from './rolling.ts'

export const REASON = {
  created: 'NewReplicaSetCreated',
  found: 'FoundNewReplicaSet',
  updated: 'ReplicaSetUpdated',
  available: 'NewReplicaSetAvailable',
  timedOut: 'ProgressDeadlineExceeded',
  paused: 'DeploymentPaused',
  resumed: 'DeploymentResumed',
} as const

/** A deadline of MaxInt32 seconds means none. */
export function hasDeadline(d: Deployment): boolean {
  return d.spec.progressDeadlineSeconds !== undefined && d.spec.progressDeadlineSeconds !== 2147483647
}

export function condition(status: DeploymentStatus | undefined, type: string): Condition | undefined {
  return status?.conditions?.find((c) => c.type === type)
}

/** NewDeploymentCondition. */
export function makeCondition(
  type: string,
  status: Condition['status'],
  reason: string,
  message: string,
  now: Micros,
): Condition {
  const at = rfc3339(now)
  return { type, status, lastUpdateTime: at, lastTransitionTime: at, reason, message }
}

/** SetDeploymentCondition: same status and reason change nothing; the same status keeps its transition time. */
export function withCondition(conditions: readonly Condition[], next: Condition): Condition[] {
  const held = conditions.find((c) => c.type === next.type)
  if (held && held.status === next.status && held.reason === next.reason) return [...conditions]
  const set = held && held.status === next.status ? { ...next, lastTransitionTime: held.lastTransitionTime } : next
  return [...conditions.filter((c) => c.type !== next.type), set]
}

export const withoutCondition = (conditions: readonly Condition[], type: string): Condition[] =>
  conditions.filter((c) => c.type !== type)

/** calculateStatus: the counts, and Available. */
export function countStatus(
  d: Deployment,
  all: readonly ReplicaSet[],
  fresh: ReplicaSet | undefined,
  now: Micros,
): DeploymentStatus {
  const replicas = sum(all, (rs) => rs.status?.replicas ?? 0)
  const availableReplicas = sum(all, available)
  const enough = availableReplicas >= replicasOf(d) - maxUnavailable(d)
  const conditions = withCondition(
    d.status?.conditions ?? [],
    enough
      ? makeCondition('Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.', now)
      : makeCondition(
          'Available',
          'False',
          'MinimumReplicasUnavailable',
          'Deployment does not have minimum availability.',
          now,
        ),
  )
  return trimmed({
    observedGeneration: d.metadata.generation,
    replicas,
    updatedReplicas: fresh?.status?.replicas ?? 0,
    readyReplicas: sum(all, (rs) => rs.status?.readyReplicas ?? 0),
    availableReplicas,
    unavailableReplicas: Math.max(0, specTotal(all) - availableReplicas),
    terminatingReplicas: sum(all, (rs) => rs.status?.terminatingReplicas ?? 0),
    collisionCount: d.status?.collisionCount,
    conditions,
  })
}

const specTotal = (all: readonly ReplicaSet[]): number => sum(all, replicasOf)

/** As JSON has it: a count of 0 is left out (omitempty), except terminatingReplicas, which is a pointer. */
function trimmed(status: DeploymentStatus): DeploymentStatus {
  const out: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(status))
    if (value !== undefined && (value !== 0 || key === 'terminatingReplicas')) out[key] = value
  return out as DeploymentStatus
}

/** DeploymentComplete. */
export function complete(d: Deployment, s: DeploymentStatus): boolean {
  const want = replicasOf(d)
  return (
    (s.updatedReplicas ?? 0) === want &&
    (s.replicas ?? 0) === want &&
    (s.availableReplicas ?? 0) === want &&
    (s.observedGeneration ?? 0) >= (d.metadata.generation ?? 0)
  )
}

/** DeploymentProgressing: more updated, fewer old, more ready or more available than the stored status says. */
export function progressed(d: Deployment, s: DeploymentStatus): boolean {
  const before = d.status ?? {}
  const oldNow = (s.replicas ?? 0) - (s.updatedReplicas ?? 0)
  const oldBefore = (before.replicas ?? 0) - (before.updatedReplicas ?? 0)
  return (
    (s.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    oldNow < oldBefore ||
    (s.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (s.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  )
}

/** DeploymentTimedOut. */
export function timedOut(d: Deployment, s: DeploymentStatus, now: Micros): boolean {
  const held = condition(s, 'Progressing')
  if (!hasDeadline(d) || !held) return false
  if (held.reason === REASON.available) return false
  if (held.reason === REASON.timedOut) return true
  const from = parseRfc3339(held.lastUpdateTime ?? held.lastTransitionTime ?? '')
  return now - from > d.spec.progressDeadlineSeconds! * SECOND
}

/** syncRolloutStatus: the counts with Progressing and ReplicaFailure. */
export function rolloutStatus(
  d: Deployment,
  all: readonly ReplicaSet[],
  fresh: ReplicaSet | undefined,
  now: Micros,
): DeploymentStatus {
  const status = countStatus(d, all, fresh, now)
  let conditions: Condition[] = [...(status.conditions ?? [])]
  const held = condition(d.status, 'Progressing')
  const over = (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && held?.reason === REASON.available
  if (!hasDeadline(d)) conditions = withoutCondition(conditions, 'Progressing')
  else if (!over) {
    const subject = fresh ? `ReplicaSet "${fresh.metadata.name}"` : `Deployment "${d.metadata.name}"`
    if (complete(d, status))
      conditions = withCondition(
        conditions,
        makeCondition('Progressing', 'True', REASON.available, `${subject} has successfully progressed.`, now),
      )
    else if (progressed(d, status)) {
      const next = makeCondition('Progressing', 'True', REASON.updated, `${subject} is progressing.`, now)
      if (held?.status === 'True') next.lastTransitionTime = held.lastTransitionTime
      conditions = [...withoutCondition(conditions, 'Progressing'), next]
    } else if (timedOut(d, { ...status, conditions }, now))
      conditions = withCondition(
        conditions,
        makeCondition('Progressing', 'False', REASON.timedOut, `${subject} has timed out progressing.`, now),
      )
  }
  const failure = replicaFailure(all, fresh)
  conditions = failure ? withCondition(conditions, failure) : withoutCondition(conditions, 'ReplicaFailure')
  return { ...status, conditions }
}

/** getReplicaFailures: the new ReplicaSet's failure goes before those of old ones. */
function replicaFailure(all: readonly ReplicaSet[], fresh: ReplicaSet | undefined): Condition | undefined {
  for (const rs of fresh ? [fresh, ...all] : all) {
    const found = rs.status?.conditions?.find((c) => c.type === 'ReplicaFailure')
    if (found)
      return {
        type: 'ReplicaFailure',
        status: found.status,
        lastUpdateTime: found.lastTransitionTime,
        lastTransitionTime: found.lastTransitionTime,
        reason: found.reason,
        message: found.message,
      }
  }
  return undefined
}

/** requeueStuckDeployment: when to look at the progress deadline; undefined: nothing to wait for. */
export function lookAgain(d: Deployment, status: DeploymentStatus, now: Micros): Micros | undefined {
  const held = condition(d.status, 'Progressing')
  if (!hasDeadline(d) || !held) return undefined
  if (complete(d, status) || held.reason === REASON.timedOut) return undefined
  const from = parseRfc3339(held.lastUpdateTime ?? held.lastTransitionTime ?? '')
  return Math.max(0, from + d.spec.progressDeadlineSeconds! * SECOND - now) + SECOND
}
