// Admission on the node: the scheduler may have counted wrong, or have been bypassed.
// Upstream: pkg/kubelet/lifecycle/predicate.go (Admit, generalFilter), pkg/scheduler/framework/plugins (the filters it reuses).
import type { Node, Pod, ResourceList } from '../apiserver/objects.ts'
import { milliValue, quantityValue } from '../apiserver/quantity.ts'
import { tolerates } from '../controllers/node-lifecycle/decisions.ts'
import type { ModelWorld } from '../tables.ts'
import { podResources } from './cm/pod-resources.ts'
import { insufficientMessage } from './event-texts.ts'
import { nodeCapacity } from './node-status.ts'
import { joined } from '../../sim/joined.ts'

export type Refusal = { reason: string; message: string }

/** Undefined: welcome. Counts every pod that the kubelet runs, in the order in which they came. */
export function admit(world: ModelWorld, node: string, pod: Pod): Refusal | undefined {
  const machine = world.get('machines', node)
  if (machine === undefined) return undefined
  const { allocatable } = nodeCapacity(machine)
  const over = world.by('podWorkers', 'attended', node).filter((w) => w.finished).length
  const count = world.countBy('podWorkers', 'node', node) - over
  if (count + 1 > quantityValue(allocatable.pods)) return outOf('pods', 1, count, quantityValue(allocatable.pods))
  const requests = requestsOf(pod)
  for (const resource of Object.keys(requests)) {
    const value = resource === 'cpu' ? milliValue : quantityValue
    const requested = value(requests[resource])
    if (requested === 0) continue
    const capacity = value(allocatable[resource])
    let used = 0
    for (const other of world.by('podWorkers', 'node', node)) {
      if (other.finished) continue
      const spec = world.get('kubeletPods', joined(node, other.uid))?.pod
      if (spec) used += value(requestsOf(spec)[resource])
    }
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

const memo = new WeakMap<object, ResourceList>()

function requestsOf(pod: Pod): ResourceList {
  let requests = memo.get(pod.spec)
  if (requests === undefined) memo.set(pod.spec, (requests = podResources(pod.spec, 'requests')))
  return requests
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
