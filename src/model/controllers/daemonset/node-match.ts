// Which nodes a pod may stand on by name, labels and taints: shared by the DaemonSet controller and the scheduler
// (staging/src/k8s.io/component-helpers/scheduling/corev1/nodeaffinity, pkg/controller/daemon NodeShouldRunDaemonPod).
import type {
  Node,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodSpec,
  Taint,
  Toleration,
} from '../../apiserver/objects.ts'
import { tolerates } from '../node-lifecycle/decisions.ts'

export function matchesRequirement(r: NodeSelectorRequirement, value: string | undefined): boolean {
  switch (r.operator) {
    case 'In':
      return value !== undefined && (r.values ?? []).includes(value)
    case 'NotIn':
      return value === undefined || !(r.values ?? []).includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return value !== undefined && isInt(value) && Number(value) > Number(r.values?.[0])
    case 'Lt':
      return value !== undefined && isInt(value) && Number(value) < Number(r.values?.[0])
  }
}

const isInt = (text: string): boolean => /^-?\d+$/.test(text)

/** A term without any requirement matches nothing. */
export function matchesTerm(term: NodeSelectorTerm, node: Node): boolean {
  const expressions = term.matchExpressions ?? []
  const fields = term.matchFields ?? []
  if (expressions.length === 0 && fields.length === 0) return false
  return (
    expressions.every((r) => matchesRequirement(r, node.metadata.labels?.[r.key])) &&
    fields.every((r) => matchesRequirement(r, r.key === 'metadata.name' ? node.metadata.name : undefined))
  )
}

/** nodeSelector and required node affinity. */
export function matchesNodeAffinity(spec: PodSpec, node: Node): boolean {
  for (const key in spec.nodeSelector) if (node.metadata.labels?.[key] !== spec.nodeSelector[key]) return false
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return !required || required.nodeSelectorTerms.some((term) => matchesTerm(term, node))
}

/** The first taint of these effects that nothing tolerates (FindMatchingUntoleratedTaint). */
export function untolerated(
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  effects: readonly string[],
): Taint | undefined {
  return (taints ?? []).find(
    (taint) => effects.includes(taint.effect) && !(tolerations ?? []).some((t) => tolerates(t, taint)),
  )
}
