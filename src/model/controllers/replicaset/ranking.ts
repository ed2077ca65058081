// Which pods go first when there are too many (pkg/controller/controller_utils.go, ActivePodsWithRanks.Less;
// pkg/controller/replicaset/replica_set.go, getPodsToDelete).
import { parseRfc3339 } from '../../../sim/clock.ts'
import type { Micros } from '../../../sim/contract.ts'
import type { Pod } from '../../apiserver/objects.ts'
import { podFacts } from '../pod-facts.ts'

const PHASE_ORDER: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 }

/** Why a pod stands before another one. */
export type RankFact =
  | 'unassigned'
  | 'phase'
  | 'not ready'
  | 'deletion cost'
  | 'more related pods on its node'
  | 'ready for a shorter time'
  | 'more restarts'
  | 'younger'
  | 'uid'

/**
 * The pods to delete, `count` of them, first the one that goes first. `related` counts the active pods of the same
 * workload on a node.
 */
export function podsToDelete(
  pods: readonly Pod[],
  count: number,
  related: ReadonlyMap<string, number>,
  now: Micros,
): Pod[] {
  // With nothing left to keep the order does not matter and upstream does not sort.
  if (count >= pods.length) return [...pods]
  return [...pods].sort((a, b) => compareForDeletion(a, b, related, now).order).slice(0, count)
}

export function compareForDeletion(
  a: Pod,
  b: Pod,
  related: ReadonlyMap<string, number>,
  now: Micros,
): { order: number; by: RankFact } {
  const nodeA = a.spec.nodeName ?? ''
  const nodeB = b.spec.nodeName ?? ''
  if ((nodeA === '') !== (nodeB === '')) return { order: nodeA === '' ? -1 : 1, by: 'unassigned' }
  const phase = phaseOf(a) - phaseOf(b)
  if (phase !== 0) return { order: phase, by: 'phase' }
  const factsA = podFacts(a)
  const factsB = podFacts(b)
  if (factsA.ready !== factsB.ready) return { order: factsA.ready ? 1 : -1, by: 'not ready' }
  const cost = deletionCost(a) - deletionCost(b)
  if (cost !== 0) return { order: cost, by: 'deletion cost' }
  const more = (related.get(nodeB) ?? 0) - (related.get(nodeA) ?? 0)
  if (more !== 0) return { order: more, by: 'more related pods on its node' }
  if (factsA.ready && factsB.ready && factsA.readySince !== factsB.readySince)
    return byAge(a, b, factsA.readySince, factsB.readySince, now, 'ready for a shorter time')
  if (factsA.restarts !== factsB.restarts) return { order: factsB.restarts - factsA.restarts, by: 'more restarts' }
  const bornA = parseRfc3339(a.metadata.creationTimestamp)
  const bornB = parseRfc3339(b.metadata.creationTimestamp)
  if (bornA !== bornB) return byAge(a, b, bornA, bornB, now, 'younger')
  return { order: 0, by: 'uid' }
}

/** The younger goes first, but ages of one power of two count as equal and the uid decides (LogarithmicScaleDown). */
function byAge(
  a: Pod,
  b: Pod,
  sinceA: Micros | undefined,
  sinceB: Micros | undefined,
  now: Micros,
  by: RankFact,
): { order: number; by: RankFact } {
  if (sinceA === undefined || sinceB === undefined) return { order: sinceA === undefined ? -1 : 1, by }
  const buckets = ageBucket(now - sinceA) - ageBucket(now - sinceB)
  if (buckets === 0) return { order: a.metadata.uid < b.metadata.uid ? -1 : 1, by: 'uid' }
  return { order: buckets, by }
}

/** The whole part of the base-2 logarithm of an age in nanoseconds; -1 for none. */
export function ageBucket(micros: Micros): number {
  if (micros <= 0) return -1
  return (BigInt(micros) * 1000n).toString(2).length - 1
}

function phaseOf(pod: Pod): number {
  return PHASE_ORDER[pod.status?.phase ?? 'Pending'] ?? 0
}

/** Annotation controller.kubernetes.io/pod-deletion-cost; a text that is no int32 counts as 0. */
function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost']
  if (text === undefined || !/^(0|-?[1-9]\d*)$/.test(text)) return 0
  const cost = Number(text)
  return cost < -2147483648 || cost > 2147483647 ? 0 : cost
}
