// Cluster IPs and node ports (pkg/registry/core/service/storage/alloc.go, {ipallocator,portallocator}).
// Both ranges keep their low part for addresses that people choose: what is drawn comes from the upper part first.

import type { ModelReader } from '../tables.ts'
import type { Chance } from './chance.ts'
import type { Service, ServicePort, ServiceSpec } from './objects.ts'
import { withFamilies } from './service-families.ts'
import { allocatesNodePorts, keepAllocated, needsHealthCheckPort, normalizeClusterIPs } from './service-strategy.ts'
import type { StatusCause } from './status-errors.ts'
import { index, invalidValue } from './validation/field-errors.ts'

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

type Used = { ips: Set<string>; ports: Set<number> }

function inUse(reader: ModelReader, except: string | undefined): Used {
  const used: Used = { ips: new Set(), ports: new Set() }
  for (const service of reader.all('services')) {
    if (service.metadata.uid === except) continue
    for (const ip of service.spec.clusterIPs ?? []) used.ips.add(ip)
    for (const port of service.spec.ports ?? []) if (port.nodePort) used.ports.add(port.nodePort)
    if (service.spec.healthCheckNodePort) used.ports.add(service.spec.healthCheckNodePort)
  }
  return used
}

/**
 * The service with its addresses and ports; or the errors for which the API server turns it away (422); or, as a text,
 * what it calls an internal error (500).
 */
export function allocateService(
  reader: ModelReader,
  given: Service,
  old: Service | undefined,
  chance: Chance,
): Service | StatusCause[] | string {
  const kept = normalizeClusterIPs(old ? keepAllocated(given.spec, old.spec) : given.spec, old?.spec)
  const familied = withFamilies({ ...given, spec: kept }, old?.spec)
  if (Array.isArray(familied)) return familied
  const used = inUse(reader, old?.metadata.uid)
  const errors: StatusCause[] = []
  let spec = allocateIPs(familied, old?.spec, used, chance, errors)
  if (errors.length > 0) return errors
  if ((spec.type === 'NodePort' || spec.type === 'LoadBalancer') && spec.ports) {
    const held = new Set((old?.spec.ports ?? []).flatMap((p) => p.nodePort || []))
    spec = { ...spec, ports: allocatePorts(spec.ports, used, held, allocatesNodePorts(spec), chance, errors) }
    if (errors.length > 0) return errors
  }
  if (needsHealthCheckPort(spec) && !(old && needsHealthCheckPort(old.spec))) {
    const wanted = spec.healthCheckNodePort
    if (wanted) {
      const why = portProblem(wanted, used)
      if (why) return `failed to allocate requested HealthCheck NodePort ${wanted}: ${why}`
    } else spec = { ...spec, healthCheckNodePort: drawPort(used, chance) }
  }
  return spec === given.spec ? given : { ...given, spec }
}

function allocateIPs(
  spec: ServiceSpec,
  old: ServiceSpec | undefined,
  used: Used,
  chance: Chance,
  errors: StatusCause[],
): ServiceSpec {
  if (spec.type === 'ExternalName' || spec.clusterIPs?.[0] === 'None' || spec.clusterIP === 'None') return spec
  // An update keeps its address; what else is written there, validation refuses.
  if (old && old.type !== 'ExternalName') return spec
  if (!spec.clusterIP) {
    const ip = drawIp(used, chance)
    return { ...spec, clusterIP: ip, clusterIPs: [ip] }
  }
  const problem = claimIp(spec.clusterIP, used)
  if (problem)
    errors.push(invalidValue('spec.clusterIPs', spec.clusterIPs, `failed to allocate IP ${spec.clusterIP}: ${problem}`))
  return spec
}

function claimIp(text: string, used: Used): string | undefined {
  const ip = parseIp(text)
  // MetaAllocator.getAllocator: no ServiceCIDR holds it; network and broadcast address count as outside.
  if (ip === undefined || ip <= CIDR_BASE || ip >= CIDR_BASE + CIDR_SIZE - 1)
    return 'the provided network does not match the current range'
  return used.ips.has(text) ? 'provided IP is already allocated' : undefined
}

/** A free number of the upper band, from a random place on; then of the lower band. */
function draw(
  low: number,
  size: number,
  band: number,
  start: number,
  isFree: (n: number) => boolean,
): number | undefined {
  for (const [first, room, from] of [
    [low + band, size - band, start],
    [low, band, 0],
  ] as const)
    for (let tries = 0; tries < room; tries++) {
      const n = first + ((from + tries) % room)
      if (isFree(n)) return n
    }
  return undefined
}

function drawIp(used: Used, chance: Chance): string {
  const room = CIDR_SIZE - STATIC_ADDRESSES - 1
  const start = chance.random('cluster IP', room)
  const ip = draw(CIDR_BASE, CIDR_SIZE - 1, STATIC_ADDRESSES, start, (n) => n > CIDR_BASE && !used.ips.has(formatIp(n)))
  return formatIp(ip ?? CIDR_BASE + 1)
}

function portProblem(port: number, used: Used): string | undefined {
  if (port < NODE_PORT_FIRST || port > NODE_PORT_LAST)
    return `provided port is not in the valid range. The range of valid ports is ${NODE_PORT_FIRST}-${NODE_PORT_LAST}`
  return used.ports.has(port) ? 'provided port is already allocated' : undefined
}

/** initNodePorts, updateNodePorts. TCP and UDP of one port number share its node port. */
function allocatePorts(
  ports: ServicePort[],
  used: Used,
  held: ReadonlySet<number>,
  drawn: boolean,
  chance: Chance,
  errors: StatusCause[],
): ServicePort[] {
  const mine = new Set<number>()
  const claim = (port: number, i: number): void => {
    const why = mine.has(port) || held.has(port) ? undefined : portProblem(port, used)
    if (why) errors.push(invalidValue(`${index('spec.ports', i)}.nodePort`, port, why))
    mine.add(port)
    used.ports.add(port)
  }
  ports.forEach((port, i) => port.nodePort && claim(port.nodePort, i))
  const byPort = new Map<number, number>()
  for (const port of ports) if (port.nodePort) byPort.set(port.port, port.nodePort)
  return ports.map((port) => {
    if (port.nodePort || !drawn) return port
    const shared = held.size === 0 ? byPort.get(port.port) : undefined
    const nodePort = shared ?? drawPort(used, chance)
    byPort.set(port.port, nodePort)
    return { ...port, nodePort }
  })
}

function drawPort(used: Used, chance: Chance): number {
  const size = NODE_PORT_LAST - NODE_PORT_FIRST + 1
  const start = chance.random('node port', size - STATIC_PORTS)
  const port = draw(NODE_PORT_FIRST, size, STATIC_PORTS, start, (n) => !used.ports.has(n)) ?? NODE_PORT_FIRST
  used.ports.add(port)
  return port
}
