// What an update of a Service keeps, and what a change of its type takes away
// (pkg/registry/core/service/storage/storage.go patchAllocatedValues, normalizeClusterIPs; strategy.go dropTypeDependentFields;
// pkg/api/service/warnings.go).

import { externallyAccessible } from './defaults/kind-defaults.ts'
import { deepEqual } from './equality.ts'
import type { Service, ServiceSpec } from './objects.ts'

export const needsClusterIP = (spec: ServiceSpec): boolean => spec.type !== 'ExternalName'
/** For allocation `allocateLoadBalancerNodePorts` counts; for the strategy the type alone. */
export const allocatesNodePorts = (spec: ServiceSpec): boolean =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)
const hasNodePorts = (spec: ServiceSpec): boolean => spec.type === 'NodePort' || spec.type === 'LoadBalancer'
export const needsHealthCheckPort = (spec: ServiceSpec): boolean =>
  spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local'

const nodePortsOf = (spec: ServiceSpec): Set<number> => new Set((spec.ports ?? []).flatMap((p) => p.nodePort || []))

function without<K extends keyof ServiceSpec>(spec: ServiceSpec, ...keys: K[]): ServiceSpec {
  if (keys.every((key) => spec[key] === undefined)) return spec
  const rest = { ...spec }
  for (const key of keys) delete rest[key]
  return rest
}

/** patchAllocatedValues: an update that leaves them out keeps what the Service has. */
export function keepAllocated(given: ServiceSpec, old: ServiceSpec): ServiceSpec {
  let spec = given
  if (needsClusterIP(old) && needsClusterIP(spec)) {
    if (!spec.clusterIP && old.clusterIP) spec = { ...spec, clusterIP: old.clusterIP }
    if (!spec.clusterIPs?.length && spec.clusterIP === old.clusterIP && old.clusterIPs)
      spec = { ...spec, clusterIPs: old.clusterIPs }
  }
  if (allocatesNodePorts(old) && allocatesNodePorts(spec) && spec.ports) {
    const now = nodePortsOf(spec)
    const used = new Set([...nodePortsOf(old)].filter((port) => now.has(port)))
    const byName = new Map((old.ports ?? []).map((p) => [p.name ?? '', p.nodePort]))
    spec = {
      ...spec,
      ports: spec.ports.map((p) => {
        const before = byName.get(p.name ?? '')
        return p.nodePort || !before || used.has(before) ? p : { ...p, nodePort: before }
      }),
    }
  }
  if (needsHealthCheckPort(old) && needsHealthCheckPort(spec) && !spec.healthCheckNodePort && old.healthCheckNodePort)
    spec = { ...spec, healthCheckNodePort: old.healthCheckNodePort }
  return spec
}

/** normalizeClusterIPs: who writes one of `clusterIP` and `clusterIPs` means both. */
export function normalizeClusterIPs(spec: ServiceSpec, old: ServiceSpec | undefined): ServiceSpec {
  if (!old) return spec.clusterIP && !spec.clusterIPs?.length ? { ...spec, clusterIPs: [spec.clusterIP] } : spec
  const same = deepEqual(spec.clusterIPs ?? [], old.clusterIPs ?? [])
  if ((spec.clusterIP ?? '') === (old.clusterIP ?? ''))
    return same || !spec.clusterIPs?.length || spec.clusterIP ? spec : { ...spec, clusterIP: spec.clusterIPs[0]! }
  if (!same) return spec
  return spec.clusterIP ? { ...spec, clusterIPs: [spec.clusterIP] } : without(spec, 'clusterIPs')
}

/** dropTypeDependentFields: what belonged to the old type alone and was not changed goes with it. */
export function dropTypeDependentFields(object: Service, old: Service): Service {
  const before = old.spec
  let spec = object.spec
  const same = (key: keyof ServiceSpec): boolean => deepEqual(spec[key], before[key])
  if (needsClusterIP(before) && !needsClusterIP(spec)) {
    if (same('clusterIP') && same('clusterIPs')) spec = without(spec, 'clusterIP', 'clusterIPs')
    if (same('ipFamilies')) spec = without(spec, 'ipFamilies')
    if (same('ipFamilyPolicy')) spec = without(spec, 'ipFamilyPolicy')
  }
  if (hasNodePorts(before) && !hasNodePorts(spec) && spec.ports?.some((p) => p.nodePort)) {
    const had = nodePortsOf(before)
    if ([...nodePortsOf(spec)].every((port) => had.has(port)))
      spec = { ...spec, ports: spec.ports.map(({ nodePort: _, ...port }) => port) }
  }
  if (needsHealthCheckPort(before) && !needsHealthCheckPort(spec) && same('healthCheckNodePort'))
    spec = without(spec, 'healthCheckNodePort')
  if (before.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    if (same('allocateLoadBalancerNodePorts')) spec = without(spec, 'allocateLoadBalancerNodePorts')
    if (same('loadBalancerClass')) spec = without(spec, 'loadBalancerClass')
  }
  if (externallyAccessible(before) && !externallyAccessible(spec) && same('externalTrafficPolicy'))
    spec = without(spec, 'externalTrafficPolicy')
  const dropped = spec === object.spec ? object : { ...object, spec }
  // Only a LoadBalancer has addresses in its status.
  return spec.type === 'LoadBalancer' || !dropped.status?.loadBalancer?.ingress?.length
    ? dropped
    : { ...dropped, status: { ...dropped.status, loadBalancer: {} } }
}

const OLD_HINTS = 'service.kubernetes.io/topology-aware-hints'

/** GetWarningsForService, but for the ones about odd ways to write an address. */
export function serviceWarnings({ metadata, spec }: Service): string[] {
  const warnings: string[] = []
  if (metadata.annotations?.[OLD_HINTS] !== undefined)
    warnings.push(`annotation ${OLD_HINTS} is deprecated, please use service.kubernetes.io/topology-mode instead`)
  if (spec.type === 'ClusterIP' && spec.clusterIP === 'None') {
    if (spec.loadBalancerIP) warnings.push('spec.loadBalancerIP is ignored for headless services')
    if (spec.externalIPs?.length) warnings.push('spec.externalIPs is ignored for headless services')
    if (spec.sessionAffinity !== 'None') warnings.push('spec.SessionAffinity is ignored for headless services')
  }
  if (spec.type === 'ExternalName' && spec.externalIPs?.length)
    warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"')
  if (spec.type !== 'ExternalName' && spec.externalName)
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"')
  if (spec.trafficDistribution === 'PreferClose')
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"')
  return warnings
}
