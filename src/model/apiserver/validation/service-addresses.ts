// clusterIP, clusterIPs, ipFamilies and the addresses in a Service's status (validation.go
// ValidateServiceClusterIPsRelatedFields, validateUpgradeDowngradeClusterIPs, validateUpgradeDowngradeIPFamilies,
// ValidateLoadBalancerStatus).

import type { Service, ServiceSpec } from '../objects.ts'
import {
  child,
  duplicate,
  forbiddenField,
  index,
  invalidValue,
  notSupported,
  required,
  type FieldError,
} from './field-errors.ts'
import { subdomainErrors } from './meta.ts'
import { IP_MESSAGE, isIp, isIpv6 } from './names.ts'

const FAMILIES = ['IPv4', 'IPv6']
const POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack']
const IPS = 'spec.clusterIPs'

export const isHeadless = (spec: ServiceSpec): boolean => spec.clusterIPs?.[0] === 'None' || spec.clusterIP === 'None'

export function clusterIPErrors(spec: ServiceSpec): FieldError[] {
  if (spec.type === 'ExternalName') return []
  const errors: FieldError[] = []
  const ips = spec.clusterIPs ?? []
  if (spec.clusterIP) {
    if (ips.length === 0) errors.push(required(IPS))
    else if (ips[0] !== spec.clusterIP) errors.push(invalidValue(IPS, ips, 'first value must match `clusterIP`'))
  } else if (ips.length > 0) errors.push(invalidValue(IPS, ips, 'must be empty when `clusterIP` is not specified'))
  const seen = new Set<string>()
  spec.ipFamilies?.forEach((family, i) => {
    const at = index('spec.ipFamilies', i)
    if (!FAMILIES.includes(family)) errors.push(notSupported(at, family, FAMILIES))
    if (seen.has(family)) errors.push(duplicate(at, family))
    seen.add(family)
  })
  if (spec.ipFamilyPolicy !== undefined && !POLICIES.includes(spec.ipFamilyPolicy))
    errors.push(notSupported('spec.ipFamilyPolicy', spec.ipFamilyPolicy, POLICIES))
  let bad = false
  ips.forEach((ip, i) => {
    if (i === 0 && ip === 'None') {
      if (ips.length > 1) {
        bad = true
        errors.push(invalidValue(IPS, ips, "'None' must be the first and only value"))
      }
    } else if (!isIp(ip)) {
      bad = true
      errors.push(invalidValue(index(IPS, i), ip, IP_MESSAGE))
    }
  })
  if (ips.length > 2) errors.push(invalidValue(IPS, ips, 'may only hold up to 2 values'))
  if (bad) return errors
  if (ips.length > 1 && new Set(ips.map(isIpv6)).size < ips.length)
    errors.push(invalidValue(IPS, ips, 'may specify no more than one IP for each IP family'))
  if (!isHeadless(spec) && errors.length === 0)
    ips.forEach((ip, i) => {
      const family = spec.ipFamilies?.[i]
      if (family !== undefined && (family === 'IPv6') !== isIpv6(ip))
        errors.push(invalidValue(index(IPS, i), ip, `expected an ${family} value as indicated by \`ipFamilies[${i}]\``))
    })
  return errors
}

/** The first address and family of a Service stay what they are, unless it was or becomes an ExternalName. */
export function addressChangeErrors(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName') return []
  const headless = isHeadless(spec)
  const errors: FieldError[] = []
  if (!headless || !isHeadless(old))
    errors.push(...kept(IPS, spec.clusterIPs ?? [], old.clusterIPs ?? [], 'primary clusterIP can not be unset'))
  if (!headless && !isHeadless(old))
    errors.push(
      ...kept('spec.ipFamilies', spec.ipFamilies ?? [], old.ipFamilies ?? [], 'primary ipFamily can not be unset'),
    )
  return errors
}

function kept(field: string, now: readonly string[], old: readonly string[], unset: string): FieldError[] {
  if (old.length > 0 && now.length === 0) return [invalidValue(index(field, 0), now, unset)]
  const changed: FieldError[] = []
  const compared = old.length === now.length ? old.length : Math.min(1, old.length)
  for (let i = 0; i < compared; i++)
    if (old[i] !== now[i]) changed.push(invalidValue(index(field, i), now, 'may not change once set'))
  return changed
}

const INGRESS = 'status.loadBalancer.ingress'
const IP_MODES = ['Proxy', 'VIP']

export function loadBalancerStatusErrors({ spec, status }: Service): FieldError[] {
  const ingress = status?.loadBalancer?.ingress ?? []
  if (spec.type !== 'LoadBalancer')
    return ingress.length > 0 ? [forbiddenField(INGRESS, 'may only be used when `spec.type` is "LoadBalancer"')] : []
  return ingress.flatMap(({ ip, ipMode, hostname }, i) => {
    const at = index(INGRESS, i)
    const errors: FieldError[] = []
    if (ip && !isIp(ip)) errors.push(invalidValue(child(at, 'ip'), ip, IP_MESSAGE))
    if (ipMode === undefined) {
      if (ip) errors.push(required(child(at, 'ipMode'), 'must be specified when `ip` is set'))
    } else if (!ip) errors.push(forbiddenField(child(at, 'ipMode'), 'may not be specified when `ip` is not set'))
    else if (!IP_MODES.includes(ipMode)) errors.push(notSupported(child(at, 'ipMode'), ipMode, IP_MODES))
    if (hostname) {
      errors.push(...subdomainErrors(child(at, 'hostname'), hostname))
      if (isIp(hostname))
        errors.push(invalidValue(child(at, 'hostname'), hostname, 'must be a DNS name, not an IP address'))
    }
    return errors
  })
}
