// Admission on the node: the scheduler may have counted wrong, or have been bypassed.
// Upstream: pkg/kubelet/lifecycle/predicate.go (Admit, generalFilter), pkg/scheduler/framework/plugins (the filters it reuses).
import type { Node, Pod } from '../apiserver/objects.ts'
import { milliValue, quantityValue } from '../apiserver/quantity.ts'
import { tolerates } from '../controllers/node-lifecycle/decisions.ts'
import type { ModelWorld } from '../tables.ts'
import { podResources } from './cm/pod-resources.ts'
import { insufficientMessage } from './event-texts.ts'
import { nodeCapacity } from './node-status.ts'

export type Refusal = { reason: string; message: string }

/** Undefined: welcome. Counts every pod that the kubelet runs, in the order in which they came. */
export function admit(world: ModelWorld, node: string, pod: Pod): Refusal | undefined {
  const machine = world.get('machines', node)
  if (machine === undefined) return undefined
  const { allocatable } = nodeCapacity(machine)
  const others = world
    .by('kubeletPods', 'node', node)
    .filter((p) => p.mirrorOf === undefined && !p.removed && p.uid !== pod.metadata.uid && live(world, node, p.pod))
  if (others.length + 1 > quantityValue(allocatable.pods)) {
    return outOf('pods', 1, others.length, quantityValue(allocatable.pods))
  }
  const requests = podResources(pod.spec, 'requests')
  for (const resource of Object.keys(requests)) {
    const value = resource === 'cpu' ? milliValue : quantityValue
    const requested = value(requests[resource])
    if (requested === 0) continue
    const capacity = value(allocatable[resource])
    const used = others.reduce((sum, p) => sum + value(podResources(p.pod.spec, 'requests')[resource]), 0)
    if (used + requested > capacity) return outOf(resource, requested, used, capacity)
  }
  const object = world.get('nodes', node)
  if (object && !selected(object, pod)) {
    return {
      reason: 'NodeAffinity',
      message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    }
  }
  const taint = (object?.spec.taints ?? []).find(
    (t) => t.effect === 'NoExecute' && !(pod.spec.tolerations ?? []).some((x) => tolerates(x, t)),
  )
  if (taint && !isStatic(pod)) {
    return { reason: 'TaintToleration', message: `Predicate TaintToleration failed: node(s) had untolerated taint(s)` }
  }
  return undefined
}

function live(world: ModelWorld, node: string, pod: Pod): boolean {
  const phase = world.get('podStatuses', `${node}|${pod.metadata.uid}`)?.status.phase ?? pod.status?.phase
  if (phase === 'Failed' || phase === 'Succeeded') return false
  return world.get('podWorkers', `${node}|${pod.metadata.uid}`) !== undefined
}

function outOf(resource: string, requested: number, used: number, capacity: number): Refusal {
  return { reason: `OutOf${resource}`, message: insufficientMessage(resource, requested, used, capacity) }
}

export function isStatic(pod: Pod): boolean {
  const source = pod.metadata.annotations?.['kubernetes.io/config.source']
  return source !== undefined && source !== 'api'
}

function selected(node: Node, pod: Pod): boolean {
  const labels = node.metadata.labels ?? {}
  return Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value)
}
