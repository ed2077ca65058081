// oom_score_adj of a container: who dies first when the node runs out of memory.
// Upstream: pkg/kubelet/qos/policy.go (GetContainerOOMScoreAdjust), pkg/kubelet/types/pod_update.go (IsNodeCriticalPod).
import type { Container, PodSpec } from '../../apiserver/objects.ts'
import { quantityValue } from '../../apiserver/quantity.ts'
import { hasPodLevelResources, podQos } from '../qos.ts'
import { isSidecar } from '../restart-policy.ts'
import { sumOfContainers } from './pod-resources.ts'

export const kubeletOomScoreAdj = -999
export const kubeProxyOomScoreAdj = -999
const guaranteed = -997
const bestEffort = 1000
/** pkg/apis/scheduling SystemCriticalPriority + 1000: the class system-node-critical. */
export const nodeCriticalPriority = 2_000_001_000
export const systemCriticalPriority = 2_000_000_000

export function oomScoreAdj(spec: PodSpec, container: Container, nodeMemoryBytes: number): number {
  if ((spec.priority ?? 0) >= nodeCriticalPriority) return guaranteed
  const qos = podQos(spec)
  if (qos === 'Guaranteed') return guaranteed
  if (qos === 'BestEffort') return bestEffort
  const memory = (c: Container): number => quantityValue(c.resources?.requests?.memory)

  // What the pod asks for beyond its containers is shared out in equal parts.
  const share = unallocatedShare(spec)
  const score = (request: number): number => 1000 - Math.trunc((1000 * (request + share)) / nodeMemoryBytes)
  let adjust = score(memory(container))
  if (isSidecar(container)) {
    // A sidecar is never more killable than the least protected container that it serves.
    adjust = Math.min(adjust, score(Math.min(...spec.containers.map(memory))))
  }
  // Below any Guaranteed container's protection, above a BestEffort one's exposure.
  if (adjust < 1000 + guaranteed) return 1000 + guaranteed
  return adjust === bestEffort ? adjust - 1 : adjust
}

function unallocatedShare(spec: PodSpec): number {
  const podLevel = quantityValue(spec.resources?.requests?.memory)
  if (!hasPodLevelResources(spec) || podLevel === 0) return 0
  const containers = spec.containers.length + (spec.initContainers ?? []).length
  return Math.trunc((podLevel - quantityValue(sumOfContainers(spec, 'requests').memory)) / containers)
}
