// Rules about neighbours: topology spread and inter-pod affinity (pkg/scheduler/framework/plugins/podtopologyspread,
// interpodaffinity). Both count pods that are bound or assumed.
import { matchesLabelSelector } from '../apiserver/selectors.ts'
import type { LabelSelector, Node, Pod, PodAffinityTerm, TopologySpreadConstraint } from '../apiserver/objects.ts'
import { matchesNodeAffinity, untolerated } from '../controllers/daemonset/node-match.ts'
import type { ModelReader, PlacementRecord } from '../tables.ts'

export const HOSTNAME = 'kubernetes.io/hostname'
export const ZONE = 'topology.kubernetes.io/zone'

export type Domains = Map<string, number>

/** Pods per value of a node label, among those that `counts` accepts. */
function tally(
  nodes: ReadonlyMap<string, Node>,
  topologyKey: string,
  placements: readonly PlacementRecord[],
  counts: (p: PlacementRecord) => boolean,
): Domains {
  const domains: Domains = new Map()
  for (const p of placements) {
    const value = nodes.get(p.node)?.metadata.labels?.[topologyKey]
    if (value !== undefined && counts(p)) domains.set(value, (domains.get(value) ?? 0) + 1)
  }
  return domains
}

// ------------------------------------------------------------------ topology spread

export type SpreadCheck = {
  constraint: TopologySpreadConstraint
  domains: Domains
  /** Fewest matching pods in a domain. */
  least: number
  self: number
}

/** PreFilter of PodTopologySpread: the counts for each hard constraint. */
export function spreadChecks(
  reader: ModelReader,
  pod: Pod,
  nodes: ReadonlyMap<string, Node>,
  when: TopologySpreadConstraint['whenUnsatisfiable'],
): SpreadCheck[] {
  const constraints = (pod.spec.topologySpreadConstraints ?? []).filter((c) => c.whenUnsatisfiable === when)
  if (constraints.length === 0) return []
  const placements = reader.by('placements', 'namespace', pod.metadata.namespace ?? '')
  return constraints.map((constraint) => {
    const selector = withMatchLabelKeys(constraint, pod)
    const eligible = new Map([...nodes].filter(([, node]) => isEligible(constraint, pod, node)))
    const domains = tally(
      eligible,
      constraint.topologyKey,
      placements,
      (p) => !p.terminating && matchesLabelSelector(selector, p.labels),
    )
    for (const node of eligible.values()) {
      const value = node.metadata.labels?.[constraint.topologyKey]
      if (value !== undefined && !domains.has(value)) domains.set(value, 0)
    }
    let least = Math.min(...domains.values())
    // Fewer domains than asked for: an imagined empty one counts.
    if (domains.size < (constraint.minDomains ?? 1)) least = 0
    return { constraint, domains, least, self: matchesLabelSelector(selector, pod.metadata.labels) ? 1 : 0 }
  })
}

function isEligible(constraint: TopologySpreadConstraint, pod: Pod, node: Node): boolean {
  if (node.metadata.labels?.[constraint.topologyKey] === undefined) return false
  if ((constraint.nodeAffinityPolicy ?? 'Honor') === 'Honor' && !matchesNodeAffinity(pod.spec, node)) return false
  if (constraint.nodeTaintsPolicy !== 'Honor') return true
  return untolerated(node.spec.taints, pod.spec.tolerations, ['NoSchedule', 'NoExecute']) === undefined
}

function withMatchLabelKeys(constraint: TopologySpreadConstraint, pod: Pod): LabelSelector | undefined {
  if (!constraint.matchLabelKeys?.length) return constraint.labelSelector
  const more: Record<string, string> = {}
  for (const key of constraint.matchLabelKeys) {
    const value = pod.metadata.labels?.[key]
    if (value !== undefined) more[key] = value
  }
  const matchLabels = { ...constraint.labelSelector?.matchLabels, ...more }
  return { ...constraint.labelSelector, matchLabels }
}

/** Undefined: fits. Else whether a label was missing, which no deletion of pods can heal. */
export function spreadRefuses(checks: readonly SpreadCheck[], node: Node): 'missing label' | 'skew' | undefined {
  for (const { constraint, domains, least, self } of checks) {
    const value = node.metadata.labels?.[constraint.topologyKey]
    if (value === undefined) return 'missing label'
    if ((domains.get(value) ?? 0) + self - least > constraint.maxSkew) return 'skew'
  }
  return undefined
}

// ------------------------------------------------------------------ inter-pod affinity

export type AffinityCheck = {
  affinity: { term: PodAffinityTerm; domains: Domains }[]
  anti: { term: PodAffinityTerm; domains: Domains }[]
  /** Anti-affinity of pods that stand already and that this pod would hurt. */
  existing: { topologyKey: string; domains: Domains }[]
  /** No pod anywhere matches, and the pod matches its own terms: the first of a group may go anywhere. */
  first: boolean
}

export function affinityCheck(
  reader: ModelReader,
  pod: Pod,
  nodes: ReadonlyMap<string, Node>,
): AffinityCheck | undefined {
  const guarded = reader.by('placements', 'antiAffinity', 'yes')
  const affinity = pod.spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
  const anti = pod.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
  if (affinity.length === 0 && anti.length === 0 && guarded.length === 0) return undefined
  const counted = (term: PodAffinityTerm): { term: PodAffinityTerm; domains: Domains } => ({
    term,
    domains: termDomains(reader, pod, nodes, term),
  })
  const existing: AffinityCheck['existing'] = []
  for (const p of guarded)
    for (const term of p.antiAffinity)
      if (
        term.namespaces.includes(pod.metadata.namespace ?? '') &&
        matchesLabelSelector(term.selector, pod.metadata.labels)
      )
        existing.push({ topologyKey: term.topologyKey, domains: tally(nodes, term.topologyKey, [p], () => true) })
  const wanted = affinity.map(counted)
  return {
    affinity: wanted,
    anti: anti.map(counted),
    existing,
    first:
      wanted.length > 0 &&
      wanted.every(({ domains }) => domains.size === 0) &&
      wanted.every(
        ({ term }) =>
          namespacesOf(pod, term).includes(pod.metadata.namespace ?? '') &&
          matchesLabelSelector(term.labelSelector, pod.metadata.labels),
      ),
  }
}

function namespacesOf(pod: Pod, term: PodAffinityTerm): string[] {
  return term.namespaces?.length ? term.namespaces : [pod.metadata.namespace ?? '']
}

function termDomains(reader: ModelReader, pod: Pod, nodes: ReadonlyMap<string, Node>, term: PodAffinityTerm): Domains {
  const placements = namespacesOf(pod, term).flatMap((ns) => reader.by('placements', 'namespace', ns))
  return tally(nodes, term.topologyKey, placements, (p) => matchesLabelSelector(term.labelSelector, p.labels))
}

export type AffinityRefusal = 'affinity' | 'anti-affinity' | 'existing anti-affinity'

export function affinityRefuses(check: AffinityCheck | undefined, node: Node): AffinityRefusal | undefined {
  if (!check) return undefined
  const at = (key: string): string | undefined => node.metadata.labels?.[key]
  for (const { term, domains } of check.affinity) {
    const value = at(term.topologyKey)
    if (value === undefined || (!check.first && !domains.get(value))) return 'affinity'
  }
  for (const { term, domains } of check.anti) {
    const value = at(term.topologyKey)
    if (value !== undefined && domains.get(value)) return 'anti-affinity'
  }
  for (const { topologyKey, domains } of check.existing) {
    const value = at(topologyKey)
    if (value !== undefined && domains.get(value)) return 'existing anti-affinity'
  }
  return undefined
}

/** Preferred terms: their weights, added for every pod that matches in the node's domain. */
export function affinityPreference(
  reader: ModelReader,
  pod: Pod,
  nodes: ReadonlyMap<string, Node>,
): ((node: Node) => number) | undefined {
  const want = pod.spec.affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  const avoid = pod.spec.affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  if (want.length === 0 && avoid.length === 0) return undefined
  const terms = [...want.map((w) => ({ ...w, sign: 1 })), ...avoid.map((w) => ({ ...w, sign: -1 }))].map((w) => ({
    ...w,
    domains: termDomains(reader, pod, nodes, w.podAffinityTerm),
  }))
  return (node) => {
    let total = 0
    for (const { weight, sign, podAffinityTerm, domains } of terms) {
      const value = node.metadata.labels?.[podAffinityTerm.topologyKey]
      if (value !== undefined) total += sign * weight * (domains.get(value) ?? 0)
    }
    return total
  }
}
