// Cluster IPs and node ports (pkg/registry/core/service/{ipallocator,portallocator}, storage/alloc.go).
// Both ranges keep their low part for addresses that people choose: what is drawn comes from the upper part first.

import type { ModelReader } from '../tables.ts'
import type { Chance } from './chance.ts'
import { externallyAccessible } from './defaults/kind-defaults.ts'
import type { Service, ServicePort } from './objects.ts'
import type { StatusCause } from './status-errors.ts'

/** 10.96.0.0/12 */
const CIDR_BASE = (10 << 24) + (96 << 16)
const CIDR_SIZE = 1 << 20
/** min(max(16, size/16), 256) addresses at the low end. */
const STATIC_ADDRESSES = 256
const NODE_PORT_FIRST = 30_000
const NODE_PORT_LAST = 32_767
/** min(max(16, size/32), 128) ports at the low end. */
const STATIC_PORTS = 86

const formatIp = (n: number): string => `${(n >>> 24) & 255}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`

function parseIp(text: string): number | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || parts.some((p) => !/^\d{1,3}$/.test(p) || Number(p) > 255)) return undefined
  return parts.reduce((n, p) => n * 256 + Number(p), 0)
}

type Used = { ips: Set<string>; ports: Map<number, string> }

function inUse(reader: ModelReader, except: string | undefined): Used {
  const used: Used = { ips: new Set(), ports: new Map() }
  for (const service of reader.all('services')) {
    if (service.metadata.uid === except) continue
    for (const ip of service.spec.clusterIPs ?? []) used.ips.add(ip)
    for (const port of service.spec.ports ?? [])
      if (port.nodePort) used.ports.set(port.nodePort, port.protocol ?? 'TCP')
    if (service.spec.healthCheckNodePort) used.ports.set(service.spec.healthCheckNodePort, 'TCP')
  }
  return used
}

/** The service with its addresses and ports, or the errors for which the API server turns it away. */
export function allocateService(
  reader: ModelReader,
  given: Service,
  old: Service | undefined,
  chance: Chance,
): Service | StatusCause[] {
  let spec = old ? keepAllocated(given.spec, old.spec) : given.spec
  const used = inUse(reader, old?.metadata.uid)
  const errors: StatusCause[] = []
  if (spec.type === 'ExternalName') {
    const { clusterIP: _, clusterIPs: __, ipFamilies: ___, ipFamilyPolicy: ____, ...rest } = spec
    return { ...given, spec: rest }
  }
  if (spec.clusterIP === undefined && spec.clusterIPs?.[0] !== undefined)
    spec = { ...spec, clusterIP: spec.clusterIPs[0] }
  spec = { ...spec, ipFamilies: spec.ipFamilies ?? ['IPv4'], ipFamilyPolicy: spec.ipFamilyPolicy ?? 'SingleStack' }
  if (spec.clusterIP === 'None') spec = { ...spec, clusterIPs: ['None'] }
  else if (spec.clusterIP) {
    if (old?.spec.clusterIP !== spec.clusterIP) {
      const problem = claimIp(spec.clusterIP, used)
      if (problem)
        errors.push({
          reason: 'FieldValueInvalid',
          field: 'spec.clusterIPs',
          message: `Invalid value: ${JSON.stringify([spec.clusterIP])}: failed to allocate IP ${spec.clusterIP}: ${problem}`,
        })
    }
    spec = { ...spec, clusterIPs: spec.clusterIPs ?? [spec.clusterIP] }
  } else {
    const ip = drawIp(used, chance)
    spec = { ...spec, clusterIP: ip, clusterIPs: [ip] }
  }
  const needsPorts =
    spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)
  if (spec.type === 'NodePort' || spec.type === 'LoadBalancer')
    spec = { ...spec, ports: allocatePorts(spec.ports ?? [], used, needsPorts, chance, errors) }
  if (spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local' && !spec.healthCheckNodePort)
    spec = { ...spec, healthCheckNodePort: drawPort(used, 'TCP', chance) }
  return errors.length > 0 ? errors : { ...given, spec }
}

/** patchAllocatedValues: an update that leaves them out keeps what the service has. */
function keepAllocated(spec: Service['spec'], old: Service['spec']): Service['spec'] {
  let next = spec
  const hadIp = old.type !== 'ExternalName' && next.type !== 'ExternalName'
  if (hadIp && !next.clusterIP && !next.clusterIPs?.length)
    next = { ...next, clusterIP: old.clusterIP, clusterIPs: old.clusterIPs }
  if (hadIp)
    next = {
      ...next,
      ipFamilies: next.ipFamilies ?? old.ipFamilies,
      ipFamilyPolicy: next.ipFamilyPolicy ?? old.ipFamilyPolicy,
    }
  if (next.type !== 'ClusterIP' && old.type !== 'ClusterIP' && next.ports)
    next = {
      ...next,
      ports: next.ports.map((p) => {
        if (p.nodePort) return p
        const before = old.ports?.find((o) => o.port === p.port && o.protocol === p.protocol && o.nodePort)
        return before ? { ...p, nodePort: before.nodePort } : p
      }),
    }
  // dropTypeDependentFields: what belonged to the old type alone and was not changed goes.
  if (next.type === 'ClusterIP' && old.type !== 'ClusterIP' && next.ports)
    next = {
      ...next,
      ports: next.ports.map((p, i) => {
        if (p.nodePort === undefined || p.nodePort !== old.ports?.[i]?.nodePort) return p
        const { nodePort: _, ...rest } = p
        return rest
      }),
    }
  if (
    !externallyAccessible(next) &&
    externallyAccessible(old) &&
    next.externalTrafficPolicy === old.externalTrafficPolicy
  ) {
    const { externalTrafficPolicy: _, ...rest } = next
    next = rest
  }
  if (next.type !== 'LoadBalancer' && old.type === 'LoadBalancer') {
    const { allocateLoadBalancerNodePorts: _, healthCheckNodePort: __, ...rest } = next
    next = rest
  }
  return next
}

function claimIp(text: string, used: Used): string | undefined {
  const ip = parseIp(text)
  if (ip === undefined) return 'provided IP is not a valid IP address'
  if (ip <= CIDR_BASE || ip >= CIDR_BASE + CIDR_SIZE - 1)
    return 'the provided IP is not in the valid range. The range of valid IPs is 10.96.0.0/12'
  return used.ips.has(text) ? 'provided IP is already allocated' : undefined
}

function drawIp(used: Used, chance: Chance): string {
  const room = CIDR_SIZE - STATIC_ADDRESSES - 1
  let offset = chance.random('cluster IP', room)
  for (let tries = 0; tries < room; tries++) {
    const ip = formatIp(CIDR_BASE + STATIC_ADDRESSES + offset)
    if (!used.ips.has(ip)) return ip
    offset = (offset + 1) % room
  }
  return formatIp(CIDR_BASE + 1)
}

function allocatePorts(
  ports: ServicePort[],
  used: Used,
  draw: boolean,
  chance: Chance,
  errors: StatusCause[],
): ServicePort[] {
  const mine = new Map<number, Set<string>>()
  return ports.map((port, i) => {
    const protocol = port.protocol ?? 'TCP'
    if (!port.nodePort) return draw ? { ...port, nodePort: drawPort(used, protocol, chance) } : port
    const field = `spec.ports[${i}].nodePort`
    const why =
      port.nodePort < NODE_PORT_FIRST || port.nodePort > NODE_PORT_LAST
        ? `provided port is not in the valid range. The range of valid ports is ${NODE_PORT_FIRST}-${NODE_PORT_LAST}`
        : used.ports.has(port.nodePort) && !mine.has(port.nodePort)
          ? 'provided port is already allocated'
          : undefined
    if (why) errors.push({ reason: 'FieldValueInvalid', field, message: `Invalid value: ${port.nodePort}: ${why}` })
    mine.set(port.nodePort, (mine.get(port.nodePort) ?? new Set()).add(protocol))
    used.ports.set(port.nodePort, protocol)
    return port
  })
}

function drawPort(used: Used, protocol: string, chance: Chance): number {
  const room = NODE_PORT_LAST - NODE_PORT_FIRST + 1 - STATIC_PORTS
  let offset = chance.random('node port', room)
  for (let tries = 0; tries < room; tries++) {
    const port = NODE_PORT_FIRST + STATIC_PORTS + offset
    if (!used.ports.has(port)) {
      used.ports.set(port, protocol)
      return port
    }
    offset = (offset + 1) % room
  }
  return NODE_PORT_FIRST
}
