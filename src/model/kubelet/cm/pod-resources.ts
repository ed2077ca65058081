// What a pod asks for and may use as a whole.
// Upstream: staging/src/k8s.io/component-helpers/resource/helpers.go (PodRequests, PodLimits).
import type { Container, PodSpec, ResourceList } from '../../apiserver/objects.ts'
import { addQuantities, compareQuantities } from '../../apiserver/quantity.ts'
import { isSidecar } from '../restart-policy.ts'

type Field = 'requests' | 'limits'

function add(a: ResourceList, b: ResourceList | undefined): ResourceList {
  const out = { ...a }
  for (const [name, value] of Object.entries(b ?? {}))
    out[name] = out[name] === undefined ? value : addQuantities(out[name], value)
  return out
}

function max(a: ResourceList, b: ResourceList | undefined): ResourceList {
  const out = { ...a }
  for (const [name, value] of Object.entries(b ?? {})) {
    if (out[name] === undefined || compareQuantities(value, out[name]) > 0) out[name] = value
  }
  return out
}

const listOf = (container: Container, field: Field): ResourceList | undefined => container.resources?.[field]

/** Regular containers and sidecars add up; of the init phase the largest moment counts. Without pod-level values. */
export function sumOfContainers(spec: PodSpec, field: Field): ResourceList {
  let total: ResourceList = {}
  for (const container of spec.containers) total = add(total, listOf(container, field))
  let sidecars: ResourceList = {}
  let initPeak: ResourceList = {}
  for (const container of spec.initContainers ?? []) {
    if (isSidecar(container)) {
      total = add(total, listOf(container, field))
      sidecars = add(sidecars, listOf(container, field))
      initPeak = max(initPeak, sidecars)
    } else {
      // A plain init container runs beside the sidecars that were started before it.
      initPeak = max(initPeak, add(sidecars, listOf(container, field)))
    }
  }
  return max(total, initPeak)
}

const podLevel = (name: string): boolean => name === 'cpu' || name === 'memory' || name.startsWith('hugepages-')

/** Pod-level values, where set, replace the sums; overhead of the runtime class comes on top. */
export function podResources(spec: PodSpec, field: Field): ResourceList {
  const total = sumOfContainers(spec, field)
  for (const [name, value] of Object.entries(spec.resources?.[field] ?? {})) if (podLevel(name)) total[name] = value
  if (spec.overhead === undefined) return total
  if (field === 'requests') return add(total, spec.overhead)
  // Overhead raises a limit that is there, but does not make one.
  const out = { ...total }
  for (const [name, value] of Object.entries(spec.overhead)) {
    if (out[name] !== undefined && compareQuantities(out[name], '0') > 0) out[name] = addQuantities(out[name], value)
  }
  return out
}
