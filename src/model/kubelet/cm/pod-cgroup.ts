// The values that the kubelet writes to a pod's cgroup.
// Upstream: pkg/kubelet/cm/helpers_linux.go (ResourceConfigForPod), pkg/kubelet/cm/pod_container_manager_linux.go.
import type { PodSpec } from '../../apiserver/objects.ts'
import { milliValue, quantityValue } from '../../apiserver/quantity.ts'
import { hasPodLevelResources, podQos } from '../qos.ts'
import { milliCpuToQuota, milliCpuToShares, minShares, quotaPeriodMicros } from './cpu-values.ts'
import { podResources } from './pod-resources.ts'

/** A missing field is left as the kernel has it. */
export type PodCgroupValues = { cpuShares: number; cpuQuota?: number; cpuPeriod?: number; memory?: number }

export function podCgroupValues(
  spec: PodSpec,
  enforceCpuLimits = true,
  cpuPeriod: number = quotaPeriodMicros,
): PodCgroupValues {
  const requests = podResources(spec, 'requests')
  const limits = podResources(spec, 'limits')
  const cpuShares = milliCpuToShares(milliValue(requests.cpu))
  // A limit for the whole pod exists only where every container has one, or the pod itself says so.
  let cpuLimited: boolean
  let memoryLimited: boolean
  if (hasPodLevelResources(spec)) {
    const own = spec.resources?.limits
    cpuLimited = own?.cpu !== undefined || everyContainer(spec, 'cpu')
    memoryLimited = own?.memory !== undefined || everyContainer(spec, 'memory')
  } else {
    cpuLimited = everyContainer(spec, 'cpu')
    memoryLimited = everyContainer(spec, 'memory')
  }
  let cpuQuota = milliCpuToQuota(milliValue(limits.cpu), cpuPeriod)
  // Not enforced: lift what an earlier kubelet may have written.
  if (!enforceCpuLimits) cpuQuota = -1
  const memory = quantityValue(limits.memory)
  switch (podQos(spec)) {
    case 'Guaranteed':
      return { cpuShares, cpuQuota, cpuPeriod, memory }
    case 'Burstable':
      return {
        cpuShares,
        ...(cpuLimited ? { cpuQuota, cpuPeriod } : {}),
        ...(memoryLimited ? { memory } : {}),
      }
    case 'BestEffort':
      return { cpuShares: minShares }
  }
}

function everyContainer(spec: PodSpec, resource: 'cpu' | 'memory'): boolean {
  return [...spec.containers, ...(spec.initContainers ?? [])].every(
    (c) => c.resources?.limits?.[resource] !== undefined && milliValue(c.resources.limits[resource]) > 0,
  )
}
