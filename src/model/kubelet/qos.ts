// Quality-of-service class of a pod. Upstream: pkg/apis/core/v1/helper/qos/qos.go (ComputePodQOS), with gate
// PodLevelResources on (beta since 1.34): when pod-level resources are set, they alone decide.
import type { Container, PodSpec, QosClass, ResourceList, ResourceRequirements } from '../apiserver/objects.ts'
import { addQuantities, compareQuantities } from '../apiserver/quantity.ts'

const qosResources = ['cpu', 'memory'] as const

export type QosTotals = {
  requests: ResourceList
  limits: ResourceList
  /** Every container sets both a cpu and a memory limit above zero. */
  bothLimitsEverywhere: boolean
}

function positive(list: ResourceList | undefined): ResourceList {
  const out: ResourceList = {}
  for (const name of qosResources) {
    const value = list?.[name]
    if (value !== undefined && compareQuantities(value, '0') > 0) out[name] = value
  }
  return out
}

function add(into: ResourceList, list: ResourceList): void {
  for (const [name, value] of Object.entries(list))
    into[name] = into[name] === undefined ? value : addQuantities(into[name], value)
}

const both = (limits: ResourceList): boolean => qosResources.every((name) => limits[name] !== undefined)

/** Init containers count, ephemeral ones do not; zero counts as not set; hugepages have no say. */
export function qosTotals(containers: readonly Pick<Container, 'resources'>[]): QosTotals {
  const totals: QosTotals = { requests: {}, limits: {}, bothLimitsEverywhere: true }
  for (const { resources } of containers) {
    const limits = positive(resources?.limits)
    add(totals.requests, positive(resources?.requests))
    add(totals.limits, limits)
    if (!both(limits)) totals.bothLimitsEverywhere = false
  }
  return totals
}

export function podLevelTotals(resources: ResourceRequirements): QosTotals {
  const limits = positive(resources.limits)
  return { requests: positive(resources.requests), limits, bothLimitsEverywhere: both(limits) }
}

/** Upstream IsPodLevelResourcesSet: any supported resource named at pod level. */
export function hasPodLevelResources(spec: Pick<PodSpec, 'resources'>): boolean {
  return [spec.resources?.requests, spec.resources?.limits].some(
    (list) =>
      list !== undefined &&
      Object.keys(list).some((name) => name === 'cpu' || name === 'memory' || name.startsWith('hugepages-')),
  )
}

export function podQos(spec: PodSpec): QosClass {
  const totals = hasPodLevelResources(spec)
    ? podLevelTotals(spec.resources!)
    : qosTotals([...spec.containers, ...(spec.initContainers ?? [])])
  const { requests, limits } = totals
  const names = Object.keys(requests)
  if (names.length === 0 && Object.keys(limits).length === 0) return 'BestEffort'
  const equal =
    names.length === Object.keys(limits).length &&
    names.every((name) => limits[name] !== undefined && compareQuantities(requests[name]!, limits[name]) === 0)
  return totals.bothLimitsEverywhere && equal ? 'Guaranteed' : 'Burstable'
}
