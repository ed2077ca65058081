// ipFamilies and ipFamilyPolicy of a Service in a cluster with IPv4 alone
// (pkg/registry/core/service/storage/alloc.go initIPFamilyFields).

import type { Service, ServiceSpec } from './objects.ts'
import type { StatusCause } from './status-errors.ts'
import { index, invalidValue } from './validation/field-errors.ts'
import { isIpv6 } from './validation/names.ts'
import { clusterIPErrors } from './validation/service-addresses.ts'

const POLICY = 'spec.ipFamilyPolicy'
const SEVERAL = (what: string): string =>
  `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`

/** The spec with its families, or why it cannot have them. */
export function withFamilies(given: Service, old: ServiceSpec | undefined): ServiceSpec | StatusCause[] {
  let spec = given.spec
  if (spec.type === 'ExternalName') return spec
  const headlessAlone = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0
  if (spec.ipFamilyPolicy === undefined) {
    // Headless without a selector: whoever fills its slices may use either family, whatever the cluster has.
    const ipFamilyPolicy = old?.ipFamilyPolicy ?? (headlessAlone ? 'RequireDualStack' : 'SingleStack')
    spec = { ...spec, ipFamilyPolicy }
  }
  const early = clusterIPErrors(spec)
  if (early.length > 0) return early
  const errors: StatusCause[] = []
  const policy = spec.ipFamilyPolicy!
  if (old && old.type !== 'ExternalName') {
    const sameIPs = same(old.clusterIPs, spec.clusterIPs)
    const sameFamilies = same(old.ipFamilies, spec.ipFamilies)
    if (policy === 'SingleStack') {
      // The secondary ones are given back when nothing but the policy changed.
      if (sameIPs && (spec.clusterIPs?.length ?? 0) > 1) spec = { ...spec, clusterIPs: spec.clusterIPs!.slice(0, 1) }
      if (sameFamilies && (spec.ipFamilies?.length ?? 0) > 1)
        spec = { ...spec, ipFamilies: spec.ipFamilies!.slice(0, 1) }
    }
  }
  if (policy === 'SingleStack') {
    if (spec.clusterIPs?.length === 2) errors.push(invalidValue(POLICY, policy, SEVERAL('cluster IPs')))
    if (spec.ipFamilies?.length === 2) errors.push(invalidValue(POLICY, policy, SEVERAL('IP families')))
  }
  const families = [...(spec.ipFamilies ?? [])]
  spec.clusterIPs?.forEach((ip, i) => {
    if (ip === 'None' || i < families.length) return
    if (isIpv6(ip))
      errors.push(invalidValue(index('spec.clusterIPs', i), spec.clusterIPs, 'IPv6 is not configured on this cluster'))
    else families.push('IPv4')
  })
  if (errors.length > 0) return errors
  if (headlessAlone) {
    if (families.length === 0) families.push('IPv4')
    if (families.length < 2 && policy !== 'SingleStack') families.push(families[0] === 'IPv4' ? 'IPv6' : 'IPv4')
    return { ...spec, ipFamilies: families }
  }
  if (policy === 'RequireDualStack')
    errors.push(invalidValue(POLICY, policy, 'this cluster is not configured for dual-stack services'))
  families.forEach((family, i) => {
    if (family !== 'IPv4')
      errors.push(invalidValue(index('spec.ipFamilies', i), family, 'not configured on this cluster'))
  })
  if (errors.length > 0) return errors
  return { ...spec, ipFamilies: families.length === 0 ? ['IPv4'] : families }
}

const same = (a: readonly string[] | undefined, b: readonly string[] | undefined): boolean =>
  (a ?? []).join() === (b ?? []).join()
