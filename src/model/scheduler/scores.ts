// Which of the nodes that fit is best: the Score plugins of the default profile with their weights
// (pkg/scheduler/apis/config/v1/default_plugins.go: TaintToleration 3, NodeAffinity 2, PodTopologySpread 2,
// InterPodAffinity 2, NodeResourcesFit 1, NodeResourcesBalancedAllocation 1; ImageLocality is left out).
import type { Node, Pod } from '../apiserver/objects.ts'
import { matchesTerm, untolerated } from '../controllers/daemonset/node-match.ts'
import { controllerOf } from '../controllers/pod-facts.ts'
import type { ModelReader, NodeRoomRecord } from '../tables.ts'
import { affinityPreference, HOSTNAME, spreadChecks, ZONE, type Domains } from './affinity.ts'
import { allocatableOf } from './filters.ts'
import type { Demand } from './requests.ts'

export type Candidate = { node: Node; room: NodeRoomRecord }
export type Score = { total: number; parts: Record<string, number> }

/** Scores in the order of the candidates. */
export function scoreNodes(
  reader: ModelReader,
  pod: Pod,
  demand: Demand,
  candidates: readonly Candidate[],
  nodes: ReadonlyMap<string, Node>,
): Score[] {
  const least = candidates.map((c) => leastAllocated(demand, c))
  const balance = demand.bestEffort ? undefined : candidates.map((c) => balanced(demand, c))
  const taints = normalized(
    candidates.map(({ node }) => preferNoSchedule(pod, node)),
    true,
  )
  const affinity = normalized(
    candidates.map(({ node }) => preferredAffinity(pod, node)),
    false,
  )
  const spread = spreadScores(reader, pod, candidates, nodes)
  const preference = affinityPreference(reader, pod, nodes)
  const neighbours = preference && rescaled(candidates.map(({ node }) => preference(node)))
  return candidates.map((_, i) => {
    const parts: Record<string, number> = { LeastAllocated: least[i]! }
    if (balance) parts['BalancedAllocation'] = balance[i]!
    if (taints) parts['TaintToleration'] = 3 * taints[i]!
    if (affinity) parts['NodeAffinity'] = 2 * affinity[i]!
    if (spread) parts['PodTopologySpread'] = 2 * spread[i]!
    if (neighbours) parts['InterPodAffinity'] = 2 * neighbours[i]!
    let total = 0
    for (const name in parts) total += parts[name]!
    return { total, parts }
  })
}

/** leastResourceScorer: the mean of what is free of cpu and memory, with this pod on it. */
function leastAllocated(demand: Demand, { node, room }: Candidate): number {
  const has = allocatableOf(node)
  const part = (total: number, used: number): number =>
    total === 0 || used > total ? 0 : Math.floor(((total - used) * 100) / total)
  const cpu = part(has.milliCpu, room.scoredMilliCpu + demand.scoredMilliCpu)
  const memory = part(has.memory, room.scoredMemory + demand.scoredMemory)
  return Math.floor((cpu + memory) / 2)
}

/** balancedResourceScorer: cpu and memory used to the same share is best. */
function balanced(demand: Demand, { node, room }: Candidate): number {
  const has = allocatableOf(node)
  const share = (used: number, total: number): number => (total === 0 ? 1 : Math.min(1, used / total))
  const cpu = share(room.milliCpu + demand.milliCpu, has.milliCpu)
  const memory = share(room.memory + demand.memory, has.memory)
  return Math.floor((1 - Math.abs(cpu - memory) / 2) * 100)
}

function preferNoSchedule(pod: Pod, node: Node): number {
  const soft = (node.spec.taints ?? []).filter((t) => t.effect === 'PreferNoSchedule')
  return soft.filter((t) => untolerated([t], pod.spec.tolerations, ['PreferNoSchedule'])).length
}

function preferredAffinity(pod: Pod, node: Node): number {
  let total = 0
  for (const { weight, preference } of pod.spec.affinity?.nodeAffinity
    ?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
    if (matchesTerm(preference, node)) total += weight
  return total
}

/** DefaultNormalizeScore; undefined when all are 0, as it then adds the same to all. */
function normalized(values: readonly number[], reverse: boolean): number[] | undefined {
  const most = Math.max(...values)
  if (most === 0) return undefined
  return values.map((v) => {
    const share = Math.floor((v * 100) / most)
    return reverse ? 100 - share : share
  })
}

/** From lowest 0 to highest 100; all alike: 0 (interpodaffinity NormalizeScore). */
function rescaled(values: readonly number[]): number[] {
  const low = Math.min(...values)
  const span = Math.max(...values) - low
  return values.map((v) => (span === 0 ? 0 : Math.floor(((v - low) * 100) / span)))
}

/**
 * Soft spreading. A pod without constraints of its own, but of a controller, is spread over nodes (and zones where there
 * are any): the cluster's default constraints. Upstream selects its siblings by the Services and controllers that match
 * it; here they are the pods of the same controller.
 */
function spreadScores(
  reader: ModelReader,
  pod: Pod,
  candidates: readonly Candidate[],
  nodes: ReadonlyMap<string, Node>,
): number[] | undefined {
  const own = spreadChecks(reader, pod, nodes, 'ScheduleAnyway')
  const constraints: { key: string; domains: Domains; maxSkew: number }[] = own.map((c) => ({
    key: c.constraint.topologyKey,
    domains: c.domains,
    maxSkew: c.constraint.maxSkew,
  }))
  const owner = controllerOf(pod)
  if (!pod.spec.topologySpreadConstraints?.length && owner) {
    const siblings = reader.get('siblings', owner.uid)
    if (!siblings) return undefined
    for (const [key, maxSkew] of [
      [HOSTNAME, 3],
      [ZONE, 5],
    ] as const) {
      if (!candidates.some(({ node }) => node.metadata.labels?.[key] !== undefined)) continue
      const domains: Domains = new Map()
      for (const name in siblings.nodes) {
        const value = nodes.get(name)?.metadata.labels?.[key]
        if (value !== undefined) domains.set(value, (domains.get(value) ?? 0) + siblings.nodes[name]!)
      }
      constraints.push({ key, domains, maxSkew })
    }
  }
  if (constraints.length === 0) return undefined
  const raw = candidates.map(({ node }) => {
    let total = 0
    for (const { key, domains, maxSkew } of constraints) {
      const value = node.metadata.labels?.[key]
      // Upstream weighs a domain's count by the logarithm of the number of domains; with one weight for all domains of a
      // constraint the order of the nodes is the same.
      if (value !== undefined) total += (domains.get(value) ?? 0) + maxSkew - 1
    }
    return total
  })
  const most = Math.max(...raw)
  const low = Math.min(...raw)
  if (most === 0) return raw.map(() => 100)
  return raw.map((v) => Math.floor((100 * (most + low - v)) / most))
}
