// Which pods a DaemonSet should have on which nodes (pkg/controller/daemon/daemon_controller.go podsShouldBeOnNode,
// NodeShouldRunDaemonPod; update.go rollingUpdate; util/daemonset_util.go).
import type { DaemonSet, Node, Pod, PodSpec, Toleration } from '../../apiserver/objects.ts'
import type { ModelWorld } from '../../tables.ts'
import { scaled } from '../deployment/rolling.ts'
import { keyOf, podAvailable, podFacts } from '../pod-facts.ts'
import { matchesNodeAffinity, untolerated } from './node-match.ts'

/** Label with the hash of the template a pod was made from. */
export const REVISION_HASH = 'controller-revision-hash'

export type Plan = { creates: Node[]; deletes: { pod: Pod; why?: string }[] }

/** podsShouldBeOnNode for each node. */
export function managePlan(world: ModelWorld, ds: DaemonSet, byNode: ReadonlyMap<string, Pod[]>): Plan {
  const plan: Plan = { creates: [], deletes: [] }
  const facts: Record<string, string> = {}
  const known = new Set<string>()
  for (const node of world.all('nodes')) {
    known.add(node.metadata.name)
    const pods = byNode.get(node.metadata.name) ?? []
    const fit = nodeFits(ds, node)
    if (fit.run && pods.length === 0) {
      plan.creates.push(node)
      facts[node.metadata.name] = 'fits and has none'
    } else if (!fit.stay) {
      for (const pod of pods) if (!podFacts(pod).terminating) plan.deletes.push({ pod })
      if (pods.length > 0) facts[node.metadata.name] = fit.why
    } else {
      const alive: Pod[] = []
      for (const pod of pods) {
        if (podFacts(pod).terminating) continue
        if (pod.status?.phase === 'Failed')
          plan.deletes.push({
            pod,
            why: `Found failed daemon pod ${keyOf(pod)} on node ${node.metadata.name}, will try to kill it`,
          })
        else alive.push(pod)
      }
      // The oldest of several stays.
      alive.sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1))
      for (const pod of alive.slice(1)) plan.deletes.push({ pod })
    }
  }
  // getUnscheduledPodsWithoutNode: named a node that is gone.
  for (const [node, pods] of byNode)
    if (!known.has(node))
      for (const pod of pods) if (!pod.spec.nodeName && !podFacts(pod).terminating) plan.deletes.push({ pod })
  if (plan.creates.length > 0) world.because('DS1', { daemonSet: keyOf(ds), nodes: facts })
  else if (plan.deletes.length > 0) world.because('DS2', { daemonSet: keyOf(ds), nodes: facts })
  return plan
}

/** NodeShouldRunDaemonPod: a NoSchedule taint keeps a new pod away, only NoExecute removes one that runs. */
export function nodeFits(ds: DaemonSet, node: Node): { run: boolean; stay: boolean; why: string } {
  const spec = ds.spec.template.spec
  if (spec.nodeName && spec.nodeName !== node.metadata.name)
    return { run: false, stay: false, why: 'another node is named' }
  if (!matchesNodeAffinity(spec, node)) return { run: false, stay: false, why: 'labels do not match' }
  const tolerations = daemonTolerations(spec)
  const taint = untolerated(node.spec.taints, tolerations, ['NoSchedule', 'NoExecute'])
  if (!taint) return { run: true, stay: true, why: '' }
  const stay = untolerated(node.spec.taints, tolerations, ['NoExecute']) === undefined
  return { run: false, stay, why: `taint ${taint.key}:${taint.effect}` }
}

export function daemonTolerations(spec: PodSpec): Toleration[] {
  const extra: Toleration[] = [
    { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
    { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
    { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
    { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
    { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
    { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
  ]
  if (spec.hostNetwork)
    extra.push({ key: 'node.kubernetes.io/network-unavailable', operator: 'Exists', effect: 'NoSchedule' })
  const own = spec.tolerations ?? []
  return [
    ...own,
    ...extra.filter((e) => !own.some((t) => t.key === e.key && t.operator === e.operator && t.effect === e.effect)),
  ]
}

/** GetTargetNodeName: bound, or named by affinity. */
function targetNode(pod: Pod): string {
  if (pod.spec.nodeName) return pod.spec.nodeName
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  const field = terms?.[0]?.matchFields?.find((f) => f.key === 'metadata.name')
  return field?.values?.[0] ?? ''
}

export function groupByNode(pods: readonly Pod[]): Map<string, Pod[]> {
  const byNode = new Map<string, Pod[]>()
  for (const pod of pods) {
    const node = targetNode(pod)
    const list = byNode.get(node)
    if (list) list.push(pod)
    else byNode.set(node, [pod])
  }
  return byNode
}

export const rolls = (ds: DaemonSet): boolean => (ds.spec.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate'

/** rollingUpdate with maxSurge 0: old pods that are down go at once, others within maxUnavailable. */
export function rollingPlan(world: ModelWorld, ds: DaemonSet, hash: string, byNode: ReadonlyMap<string, Pod[]>): Pod[] {
  let desired = 0
  for (const node of world.all('nodes')) if (nodeFits(ds, node).run) desired++
  const limit = Math.max(1, scaled(ds.spec.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, desired, true))
  let unavailable = 0
  const down: Pod[] = []
  const up: Pod[] = []
  for (const pods of byNode.values())
    for (const pod of pods) {
      const isNew = pod.metadata.labels?.[REVISION_HASH] === hash
      const ok = podAvailable(pod, ds.spec.minReadySeconds ?? 0, world.now)
      if (!ok) unavailable++
      if (isNew || podFacts(pod).terminating) continue
      ;(ok ? up : down).push(pod)
    }
  return [...down, ...up.slice(0, Math.max(0, limit - unavailable))]
}
