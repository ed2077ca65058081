// Services and what they point at (validation.go ValidateService, ValidateServiceUpdate, ValidateEndpoints,
// pkg/apis/discovery/validation).

import { externallyAccessible } from '../defaults/kind-defaults.ts'
import type { EndpointSlice, KubeObject, Service, ServicePort, ServiceSpec } from '../objects.ts'
import {
  child,
  duplicate,
  forbiddenField,
  IMMUTABLE,
  index,
  invalidValue,
  key,
  notSupported,
  required,
  type FieldError,
} from './field-errors.ts'
import { portOrName } from './container.ts'
import { dnsLabelErrors, labelErrors, labelNameErrors, subdomainErrors } from './meta.ts'
import { addressChangeErrors, clusterIPErrors, isHeadless } from './service-addresses.ts'
import { CIDR_MESSAGE, IP_MESSAGE, isCidr, isIp, isIpv4, isIpv6, isPortNumber } from './names.ts'

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const MAX_AFFINITY = 86_400

export function serviceErrors(service: Service): FieldError[] {
  const spec = service.spec ?? ({} as ServiceSpec)
  const headless = isHeadless(spec)
  const errors: FieldError[] = hintAnnotationErrors(service)
  if (!spec.ports?.length && !headless && spec.type !== 'ExternalName') errors.push(required('spec.ports'))
  if (spec.type === 'LoadBalancer') {
    if (headless)
      errors.push(invalidValue('spec.clusterIPs[0]', 'None', "may not be set to 'None' for LoadBalancer services"))
  } else if (spec.type === 'NodePort') {
    if (headless)
      errors.push(invalidValue('spec.clusterIPs[0]', 'None', "may not be set to 'None' for NodePort services"))
  } else if (spec.type === 'ExternalName') {
    const none = 'may not be set for ExternalName services'
    if (spec.clusterIP || spec.clusterIPs?.length) errors.push(forbiddenField('spec.clusterIPs', none))
    if (spec.ipFamilies?.length) errors.push(forbiddenField('spec.ipFamilies', none))
    if (spec.ipFamilyPolicy !== undefined) errors.push(forbiddenField('spec.ipFamilyPolicy', none))
    const name = (spec.externalName ?? '').replace(/\.$/, '')
    if (name) errors.push(...subdomainErrors('spec.externalName', name))
    else errors.push(required('spec.externalName'))
  }
  const names = new Set<string>()
  spec.ports?.forEach((port, i) =>
    errors.push(...portErrors(port, (spec.ports?.length ?? 0) > 1, names, `spec.ports[${i}]`)),
  )
  errors.push(...labelErrors(spec.selector, 'spec.selector'))
  errors.push(...affinityErrors(spec))
  errors.push(...clusterIPErrors(spec))
  spec.externalIPs?.forEach((ip, i) => errors.push(...plainIpErrors(ip, index('spec.externalIPs', i))))
  if (!spec.type) errors.push(required('spec.type'))
  else if (!TYPES.includes(spec.type)) errors.push(notSupported('spec.type', spec.type, TYPES))
  errors.push(...duplicatePortErrors(spec))
  errors.push(...loadBalancerErrors(service))
  errors.push(...trafficErrors(spec))
  return errors
}

function portErrors(port: ServicePort, needsName: boolean, names: Set<string>, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (!port.name) {
    if (needsName) errors.push(required(child(path, 'name')))
  } else {
    errors.push(...dnsLabelErrors(child(path, 'name'), port.name))
    if (names.has(port.name)) errors.push(duplicate(child(path, 'name'), port.name))
    names.add(port.name)
  }
  for (const why of isPortNumber(port.port ?? 0)) errors.push(invalidValue(child(path, 'port'), port.port ?? 0, why))
  if (!port.protocol) errors.push(required(child(path, 'protocol')))
  else if (!PROTOCOLS.includes(port.protocol))
    errors.push(notSupported(child(path, 'protocol'), port.protocol, PROTOCOLS))
  if (port.targetPort !== port.port) errors.push(...portOrName(port.targetPort, child(path, 'targetPort')))
  if (port.appProtocol !== undefined) errors.push(...labelNameErrors(port.appProtocol, child(path, 'appProtocol')))
  return errors
}

function duplicatePortErrors(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = []
  const ports = new Set<string>()
  const nodePorts = new Set<string>()
  spec.ports?.forEach((port, i) => {
    const at = index('spec.ports', i)
    const number = `${port.protocol}/${port.port}`
    if (ports.has(number)) errors.push(duplicate(at, { protocol: port.protocol, port: port.port }))
    ports.add(number)
    if (!port.nodePort) return
    if (spec.type === 'ClusterIP')
      errors.push(forbiddenField(child(at, 'nodePort'), "may not be used when `type` is 'ClusterIP'"))
    const node = `${port.protocol}/${port.nodePort}`
    if (nodePorts.has(node)) errors.push(duplicate(child(at, 'nodePort'), port.nodePort))
    nodePorts.add(node)
  })
  return errors
}

function affinityErrors(spec: ServiceSpec): FieldError[] {
  if (!spec.sessionAffinity) return [required('spec.sessionAffinity')]
  if (spec.sessionAffinity === 'ClientIP') {
    const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 0
    const path = 'spec.sessionAffinityConfig.clientIP.timeoutSeconds'
    return seconds <= 0 || seconds > MAX_AFFINITY
      ? [invalidValue(path, seconds, `must be greater than 0 and less than ${MAX_AFFINITY}`)]
      : []
  }
  if (spec.sessionAffinity !== 'None')
    return [notSupported('spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None'])]
  return spec.sessionAffinityConfig
    ? [forbiddenField('spec.sessionAffinityConfig', 'must not be set when session affinity is None')]
    : []
}

const BALANCER_ONLY = "may only be used when `type` is 'LoadBalancer'"
const SOURCE_RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges'

function loadBalancerErrors({ metadata, spec }: Service): FieldError[] {
  const errors: FieldError[] = []
  const other = spec.type !== 'LoadBalancer'
  const annotation = metadata.annotations?.[SOURCE_RANGES]
  const ranges = (field: string, list: readonly string[], at: (i: number) => string): void => {
    if (other) errors.push(forbiddenField(field, BALANCER_ONLY))
    list.forEach((cidr, i) => {
      if (!isCidr(cidr.trim())) errors.push(invalidValue(at(i), cidr.trim(), CIDR_MESSAGE))
    })
  }
  const field = 'spec.LoadBalancerSourceRanges'
  if (spec.loadBalancerSourceRanges?.length) ranges(field, spec.loadBalancerSourceRanges, (i) => index(field, i))
  else if (annotation !== undefined) {
    const at = key('metadata.annotations', SOURCE_RANGES)
    ranges(at, annotation.trim() === '' ? [] : annotation.split(','), () => at)
  }
  if (spec.allocateLoadBalancerNodePorts !== undefined && other)
    errors.push(forbiddenField('spec.allocateLoadBalancerNodePorts', BALANCER_ONLY))
  if (spec.loadBalancerClass !== undefined)
    errors.push(
      ...(other
        ? [forbiddenField('spec.loadBalancerClass', BALANCER_ONLY)]
        : labelNameErrors(spec.loadBalancerClass, 'spec.loadBalancerClass')),
    )
  return errors
}

const HINTS = 'service.kubernetes.io/topology-aware-hints'
const MODE = 'service.kubernetes.io/topology-mode'

function hintAnnotationErrors({ metadata }: Service): FieldError[] {
  const { [HINTS]: hints, [MODE]: mode } = metadata.annotations ?? {}
  if (hints === undefined || mode === undefined || hints === mode) return []
  const why = `must match annotations[${HINTS}] when both are specified`
  return [invalidValue(key('metadata.annotations', MODE), mode, why)]
}

const DISTRIBUTIONS = ['PreferClose', 'PreferSameNode', 'PreferSameZone']

function trafficErrors(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = []
  const external = spec.externalTrafficPolicy
  if (!externallyAccessible(spec)) {
    if (external)
      errors.push(
        invalidValue('spec.externalTrafficPolicy', external, 'may only be set for externally-accessible services'),
      )
  } else if (!external) errors.push(required('spec.externalTrafficPolicy'))
  else if (external !== 'Cluster' && external !== 'Local')
    errors.push(notSupported('spec.externalTrafficPolicy', external, ['Cluster', 'Local']))
  const checked = spec.type === 'LoadBalancer' && external === 'Local'
  if (checked && spec.healthCheckNodePort)
    for (const why of isPortNumber(spec.healthCheckNodePort))
      errors.push(invalidValue('spec.healthCheckNodePort', spec.healthCheckNodePort, why))
  if (!checked && spec.healthCheckNodePort)
    errors.push(
      invalidValue(
        'spec.healthCheckNodePort',
        spec.healthCheckNodePort,
        "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      ),
    )
  const internal = spec.internalTrafficPolicy
  if (internal !== undefined && internal !== 'Cluster' && internal !== 'Local')
    errors.push(notSupported('spec.internalTrafficPolicy', internal, ['Cluster', 'Local']))
  const distribution = spec.trafficDistribution
  if (distribution !== undefined && !DISTRIBUTIONS.includes(distribution))
    errors.push(notSupported('spec.trafficDistribution', distribution, DISTRIBUTIONS))
  return errors
}

export function serviceUpdateErrors(service: Service, old: Service): FieldError[] {
  const { spec } = service
  const errors = addressChangeErrors(spec, old.spec)
  if (spec.type === 'LoadBalancer' && old.spec.type === 'LoadBalancer')
    if (spec.loadBalancerClass !== old.spec.loadBalancerClass)
      errors.push(invalidValue('spec.loadBalancerClass', spec.loadBalancerClass, 'may not change once set'))
  const checked = (s: ServiceSpec): boolean => s.type === 'LoadBalancer' && s.externalTrafficPolicy === 'Local'
  if (checked(spec) && checked(old.spec) && spec.healthCheckNodePort !== old.spec.healthCheckNodePort)
    errors.push(forbiddenField('spec.healthCheckNodePort', IMMUTABLE))
  return [...errors, ...serviceErrors(service)]
}

/** ValidateNonSpecialIP */
function plainIpErrors(ip: string, path: string): FieldError[] {
  if (!isIp(ip)) return [invalidValue(path, ip, IP_MESSAGE)]
  if (ip === '0.0.0.0' || ip === '::') return [invalidValue(path, ip, `may not be unspecified (${ip})`)]
  if (ip.startsWith('127.') || ip === '::1')
    return [invalidValue(path, ip, 'may not be in the loopback range (127.0.0.0/8, ::1/128)')]
  if (ip.startsWith('169.254.') || /^fe[89ab]/i.test(ip))
    return [invalidValue(path, ip, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)')]
  if (ip.startsWith('224.0.0.') || /^ff02:/i.test(ip))
    return [invalidValue(path, ip, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)')]
  return []
}

const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6']

export function endpointSliceErrors(slice: EndpointSlice, old?: EndpointSlice): FieldError[] {
  const errors: FieldError[] = []
  if (!slice.addressType) errors.push(required('addressType'))
  else if (!ADDRESS_TYPES.includes(slice.addressType))
    errors.push(notSupported('addressType', slice.addressType, ADDRESS_TYPES))
  if (old && old.addressType !== slice.addressType)
    errors.push(invalidValue('addressType', slice.addressType, 'field is immutable'))
  if ((slice.endpoints?.length ?? 0) > 1000)
    errors.push({
      reason: 'FieldValueTooMany',
      field: 'endpoints',
      message: `Too many: ${slice.endpoints.length}: must have at most 1000 items`,
    })
  slice.endpoints?.forEach((endpoint, i) => {
    const at = index('endpoints', i)
    if (!endpoint.addresses?.length) errors.push(required(child(at, 'addresses'), 'must contain at least 1 address'))
    endpoint.addresses?.forEach((address, a) => {
      const here = index(child(at, 'addresses'), a)
      if (slice.addressType === 'IPv4') {
        if (!isIpv4(address)) errors.push(invalidValue(here, address, 'must be an IPv4 address'))
        else errors.push(...plainIpErrors(address, here))
      } else if (slice.addressType === 'IPv6') {
        if (!isIpv6(address)) errors.push(invalidValue(here, address, 'must be an IPv6 address'))
        else errors.push(...plainIpErrors(address, here))
      } else errors.push(...subdomainErrors(here, address))
    })
    if (endpoint.nodeName) errors.push(...subdomainErrors(child(at, 'nodeName'), endpoint.nodeName))
    if (endpoint.hostname) errors.push(...dnsLabelErrors(child(at, 'hostname'), endpoint.hostname))
  })
  const names = new Set<string>()
  slice.ports?.forEach((port, i) => {
    const at = index('ports', i)
    const name = port.name ?? ''
    if (name) errors.push(...dnsLabelErrors(child(at, 'name'), name))
    if (names.has(name)) errors.push(duplicate(child(at, 'name'), name))
    names.add(name)
    if (!port.protocol) errors.push(required(child(at, 'protocol')))
    else if (!PROTOCOLS.includes(port.protocol))
      errors.push(notSupported(child(at, 'protocol'), port.protocol, PROTOCOLS))
    if (port.port !== undefined)
      for (const why of isPortNumber(port.port)) errors.push(invalidValue(child(at, 'port'), port.port, why))
  })
  return errors
}

type Subset = { addresses?: { ip?: string }[]; notReadyAddresses?: { ip?: string }[]; ports?: ServicePort[] }

export function endpointsErrors(object: KubeObject): FieldError[] {
  const errors: FieldError[] = []
  ;((object.subsets ?? []) as Subset[]).forEach((subset, i) => {
    const at = index('subsets', i)
    if (!subset.addresses?.length && !subset.notReadyAddresses?.length)
      errors.push(required(at, 'must specify `addresses` or `notReadyAddresses`'))
    for (const kind of ['addresses', 'notReadyAddresses'] as const)
      subset[kind]?.forEach((address, a) => errors.push(...plainIpErrors(address.ip ?? '', `${at}.${kind}[${a}].ip`)))
    subset.ports?.forEach((port, p) => {
      const here = `${at}.ports[${p}]`
      if ((subset.ports?.length ?? 0) > 1 && !port.name) errors.push(required(child(here, 'name')))
      for (const why of isPortNumber(port.port ?? 0))
        errors.push(invalidValue(child(here, 'port'), port.port ?? 0, why))
    })
  })
  return errors
}
