// The arithmetic of a Deployment (pkg/controller/deployment/util/deployment_util.go, pkg/controller/deployment/rolling.go),
// as plain functions.
import { parseRfc3339 } from '../../../sim/clock.ts'
import type { Deployment, IntOrString, ReplicaSet } from '../../apiserver/objects.ts'
import { canonical } from './template-hash.ts'

export const HASH_LABEL = 'pod-template-hash'
export const REVISION = 'deployment.kubernetes.io/revision'
export const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history'
export const DESIRED = 'deployment.kubernetes.io/desired-replicas'
export const MAX = 'deployment.kubernetes.io/max-replicas'

export const replicasOf = (x: Deployment | ReplicaSet): number => x.spec.replicas ?? 1

/** intstr.GetScaledValueFromIntOrPercent. */
export function scaled(value: IntOrString, total: number, roundUp: boolean): number {
  if (typeof value === 'number') return value
  const percent = /^(\d+)%$/.exec(value)
  if (!percent) return Number(value) || 0
  const share = Number(percent[1]) * total
  return roundUp ? Math.ceil(share / 100) : Math.floor(share / 100)
}

/** ResolveFenceposts: both 0 would stand still for ever, so maxUnavailable is at least 1 then. */
export function fenceposts(d: Deployment): { surge: number; unavailable: number } {
  const rolling = d.spec.strategy?.rollingUpdate
  const surge = scaled(rolling?.maxSurge ?? '25%', replicasOf(d), true)
  const unavailable = scaled(rolling?.maxUnavailable ?? '25%', replicasOf(d), false)
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable }
}

export const isRolling = (d: Deployment): boolean => (d.spec.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate'

export function maxUnavailable(d: Deployment): number {
  if (!isRolling(d) || replicasOf(d) === 0) return 0
  return Math.min(fenceposts(d).unavailable, replicasOf(d))
}

export const maxSurge = (d: Deployment): number => (isRolling(d) ? fenceposts(d).surge : 0)

export const sum = (sets: readonly ReplicaSet[], of: (rs: ReplicaSet) => number): number =>
  sets.reduce((total, rs) => total + of(rs), 0)
export const specReplicas = (sets: readonly ReplicaSet[]): number => sum(sets, replicasOf)
export const available = (rs: ReplicaSet): number => rs.status?.availableReplicas ?? 0

export function byAge(a: ReplicaSet, b: ReplicaSet): number {
  const born = parseRfc3339(a.metadata.creationTimestamp) - parseRfc3339(b.metadata.creationTimestamp)
  return born !== 0 ? born : a.metadata.name < b.metadata.name ? -1 : 1
}

/** EqualIgnoreHash. */
export function sameTemplate(rs: ReplicaSet, d: Deployment): boolean {
  if (rs.spec.template === d.spec.template) return true
  return canonical(withoutHash(rs)) === canonical(d.spec.template)
}

const stripped = new WeakMap<ReplicaSet, object>()
function withoutHash(rs: ReplicaSet): object {
  let template = stripped.get(rs)
  if (!template) {
    const { [HASH_LABEL]: _, ...labels } = rs.spec.template.metadata?.labels ?? {}
    template = Object.freeze({ ...rs.spec.template, metadata: { ...rs.spec.template.metadata, labels } })
    stripped.set(rs, template)
  }
  return template
}

/** FindNewReplicaSet: of several with the same template the oldest counts. */
export function findNew(d: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined {
  return [...sets].sort(byAge).find((rs) => sameTemplate(rs, d))
}

/** NewRSNewReplicas: how many replicas the new ReplicaSet may have now. */
export function newSetReplicas(d: Deployment, all: readonly ReplicaSet[], current: number): number {
  const want = replicasOf(d)
  if (!isRolling(d)) return want
  const limit = want + maxSurge(d)
  const present = specReplicas(all)
  if (present >= limit) return current
  return current + Math.min(limit - present, want - current)
}

export type Scale = { rs: ReplicaSet; to: number }

/** reconcileOldReplicaSets: unhealthy replicas first, then as many as availability allows. */
export function scaleDownOld(
  d: Deployment,
  all: readonly ReplicaSet[],
  fresh: ReplicaSet,
  old: readonly ReplicaSet[],
): { scales: Scale[]; facts: Record<string, number> } {
  const minAvailable = replicasOf(d) - maxUnavailable(d)
  const newUnavailable = replicasOf(fresh) - available(fresh)
  const most = specReplicas(all) - minAvailable - newUnavailable
  const facts = { minAvailable, newUnavailable, mayGo: most }
  if (specReplicas(old) === 0 || most <= 0) return { scales: [], facts }
  const target = new Map(old.map((rs) => [rs, replicasOf(rs)]))
  // cleanupUnhealthyReplicas
  let cleaned = 0
  for (const rs of [...old].sort(byAge)) {
    if (cleaned >= most) break
    const size = target.get(rs)!
    if (size === 0 || size === available(rs)) continue
    const less = Math.min(most - cleaned, size - available(rs))
    target.set(rs, size - less)
    cleaned += less
  }
  // scaleDownOldReplicaSetsForRollingUpdate
  const availablePods = sum(all, available)
  let budget = availablePods - minAvailable
  for (const rs of [...old].sort(byAge)) {
    if (budget <= 0) break
    const size = target.get(rs)!
    const less = Math.min(size, budget)
    target.set(rs, size - less)
    budget -= less
  }
  const scales = [...target].filter(([rs, to]) => to !== replicasOf(rs)).map(([rs, to]) => ({ rs, to }))
  return { scales, facts: { ...facts, availablePods, unhealthyGone: cleaned } }
}

/** isScalingEvent: some ReplicaSet was sized for another number of replicas. */
export function isScaling(d: Deployment, sets: readonly ReplicaSet[]): boolean {
  return sets.some((rs) => {
    const desired = rs.metadata.annotations?.[DESIRED]
    return replicasOf(rs) > 0 && desired !== undefined && Number(desired) !== replicasOf(d)
  })
}

/** dc.scale: one active ReplicaSet takes the whole change; in the middle of a rollout they share it in proportion. */
export function scaleInProportion(d: Deployment, fresh: ReplicaSet | undefined, old: readonly ReplicaSet[]): Scale[] {
  const all = fresh ? [fresh, ...old] : [...old]
  const active = all.filter((rs) => replicasOf(rs) > 0)
  const only = active.length === 1 ? active[0] : active.length === 0 ? (fresh ?? newest(old)) : undefined
  if (only) return replicasOf(only) === replicasOf(d) ? [] : [{ rs: only, to: replicasOf(d) }]
  if (fresh && isSaturated(d, fresh)) return old.filter((rs) => replicasOf(rs) > 0).map((rs) => ({ rs, to: 0 }))
  if (!isRolling(d)) return []
  const total = specReplicas(active)
  const allowed = replicasOf(d) > 0 ? replicasOf(d) + maxSurge(d) : 0
  const toAdd = allowed - total
  const up = toAdd > 0
  active.sort((a, b) =>
    replicasOf(a) !== replicasOf(b) ? replicasOf(b) - replicasOf(a) : up ? byAge(b, a) : byAge(a, b),
  )
  const target = new Map<ReplicaSet, number>()
  let added = 0
  for (const rs of active) {
    let share = 0
    if (toAdd !== 0 && replicasOf(d) > 0) {
      share = fraction(rs, d)
      const left = toAdd - added
      share = up ? Math.min(share, left) : Math.max(share, left)
    }
    target.set(rs, replicasOf(rs) + share)
    added += share
  }
  const first = active[0]
  if (first && toAdd !== 0 && replicasOf(d) > 0) target.set(first, Math.max(0, target.get(first)! + toAdd - added))
  if (replicasOf(d) === 0) for (const rs of active) target.set(rs, 0)
  return [...target].filter(([rs, to]) => to !== replicasOf(rs)).map(([rs, to]) => ({ rs, to }))
}

/** getReplicaSetFraction: this ReplicaSet's part of the change, rounded. */
function fraction(rs: ReplicaSet, d: Deployment): number {
  const before = Number(rs.metadata.annotations?.[MAX]) || (rs.status?.replicas ?? replicasOf(d))
  const size = replicasOf(d) + maxSurge(d)
  // Go rounds halves away from zero; sizes are positive.
  return Math.floor((replicasOf(rs) * size) / before + 0.5) - replicasOf(rs)
}

function newest(sets: readonly ReplicaSet[]): ReplicaSet | undefined {
  return [...sets].sort(byAge).at(-1)
}

function isSaturated(d: Deployment, rs: ReplicaSet): boolean {
  return (
    replicasOf(rs) === replicasOf(d) &&
    Number(rs.metadata.annotations?.[DESIRED]) === replicasOf(d) &&
    available(rs) === replicasOf(d)
  )
}

export const revisionOf = (rs: ReplicaSet): number => Number(rs.metadata.annotations?.[REVISION] ?? '0') || 0
export const maxRevision = (sets: readonly ReplicaSet[]): number =>
  sets.reduce((most, rs) => Math.max(most, revisionOf(rs)), 0)

/** cleanupDeployment: old ReplicaSets beyond revisionHistoryLimit, oldest first, and only those without pods. */
export function beyondHistory(d: Deployment, old: readonly ReplicaSet[]): ReplicaSet[] {
  const alive = old.filter((rs) => rs.metadata.deletionTimestamp === undefined)
  const extra = alive.length - (d.spec.revisionHistoryLimit ?? 10)
  if (extra <= 0) return []
  return [...alive]
    .sort((a, b) => revisionOf(a) - revisionOf(b) || byAge(a, b))
    .slice(0, extra)
    .filter(
      (rs) =>
        (rs.status?.replicas ?? 0) === 0 &&
        replicasOf(rs) === 0 &&
        (rs.metadata.generation ?? 0) <= (rs.status?.observedGeneration ?? 0),
    )
}
