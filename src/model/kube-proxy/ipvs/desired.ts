/**
 * What ipvs mode wants of the kernel: virtual servers with their real ones, addresses on kube-ipvs0, entries of sets.
 * pkg/proxy/ipvs/proxier.go syncProxyRules, syncService, syncEndpoint.
 */
import type { IpvsProto, SchedulerFlag, SchedulerName, VirtualAddress } from '../../linux/ipvs/records.ts'
import { cidrContains, isLoopback, parseIp } from '../../linux/netfilter/address.ts'
import { nodePortAddresses, nodePortIPs, type ProxierConfig } from '../config.ts'
import type { EndpointInfo } from '../endpoints.ts'
import type { ServiceState } from '../iptables/sync.ts'
import type { ServicePortInfo } from '../service-port.ts'
import { categorizeEndpoints } from '../topology.ts'
import { SETS } from './sets.ts'

export interface VirtualServer extends VirtualAddress {
  readonly scheduler: SchedulerName
  readonly flags: readonly SchedulerFlag[]
  readonly persistentSeconds: number
  /** Its address belongs on kube-ipvs0. */
  readonly bind: boolean
  readonly endpoints: readonly EndpointInfo[]
}

export interface Desired {
  readonly servers: readonly VirtualServer[]
  readonly bound: ReadonlySet<string>
  /** By the name of the set in IPv4. */
  readonly sets: ReadonlyMap<string, ReadonlySet<string>>
  /** Load-balancer addresses that this node itself may not use. */
  readonly closedToNode: readonly { readonly ip: string; readonly proto: string; readonly port: number }[]
  readonly endpoints: number
  readonly noLocalInternal: number
  readonly noLocalExternal: number
}

export interface DesiredInput {
  readonly config: ProxierConfig
  readonly services: readonly ServiceState[]
  readonly scheduler: string
  /** `10.0.0.1/24` of every device but kube-ipvs0. */
  readonly nodeAddresses: readonly string[]
}

export function desiredState(input: DesiredInput): Desired {
  const { config, services } = input
  const { family } = config
  const sets = new Map<string, Set<string>>(SETS.map(({ name }) => [name, new Set()]))
  const add = (set: string, entry: string): void => void sets.get(set)!.add(entry)
  const own = ownAddresses(input.nodeAddresses, family)
  const nodeIPs = services.some((s) => s.ports.some((p) => p.nodePort !== 0)) ? nodePortTargets(input, own) : []
  const servers = new Map<string, VirtualServer>()
  const bound = new Set<string>()
  const closedToNode: { ip: string; proto: string; port: number }[] = []
  const noLocal = { internal: new Set<string>(), external: new Set<string>() }
  const nodeIP = parseIp(config.nodeIP)
  let endpoints = 0

  const serve = (port: ServicePortInfo, chosen: Chosen, address: string, number: number, bind: boolean): void => {
    const at = { proto: port.protocol as IpvsProto, address, port: number }
    servers.set(`${at.proto} ${address} ${number}`, {
      ...at,
      scheduler: input.scheduler as SchedulerName,
      // the flag that mh reads as "by source and port"
      flags: input.scheduler === 'mh' ? ['flag-2'] : [],
      persistentSeconds: port.stickySeconds,
      bind,
      endpoints: chosen,
    })
    if (bind) bound.add(address)
  }

  for (const service of services)
    for (const port of service.ports) {
      const all = service.endpoints(port)
      endpoints += all.length
      const { protocol: proto } = port
      for (const ep of all) if (ep.isLocal) add('KUBE-LOOP-BACK', `${ep.ip},${proto}:${ep.port},${ep.ip}`)
      const internal = choose(all, port, config, port.internalPolicyLocal, noLocal)
      const external = (): Chosen => choose(all, port, config, port.externalPolicyLocal, noLocal)

      add('KUBE-CLUSTER-IP', `${port.clusterIP},${proto}:${port.port}`)
      serve(port, internal, port.clusterIP, port.port, true)
      for (const ip of port.externalIPs) {
        add(port.externalPolicyLocal ? 'KUBE-EXTERNAL-IP-LOCAL' : 'KUBE-EXTERNAL-IP', `${ip},${proto}:${port.port}`)
        serve(port, external(), ip, port.port, !own.includes(ip))
      }
      for (const ip of port.loadBalancerVIPs) {
        const entry = `${ip},${proto}:${port.port}`
        add('KUBE-LOAD-BALANCER', entry)
        if (port.externalPolicyLocal) add('KUBE-LOAD-BALANCER-LOCAL', entry)
        if (port.sourceRanges.length > 0) {
          add('KUBE-LOAD-BALANCER-FW', entry)
          for (const cidr of port.sourceRanges) add('KUBE-LOAD-BALANCER-SOURCE-CIDR', `${entry},${cidr.text}`)
          if (nodeIP && port.sourceRanges.some((cidr) => cidrContains(cidr, nodeIP)))
            add('KUBE-LOAD-BALANCER-SOURCE-IP', `${entry},${ip}`)
          else closedToNode.push({ ip, proto, port: port.port })
        }
        serve(port, external(), ip, port.port, !own.includes(ip))
      }
      if (port.nodePort !== 0) {
        if (nodeIPs.length === 0) continue
        const name = proto.toUpperCase()
        const entries = proto === 'sctp' ? nodeIPs.map((ip) => `${ip},sctp:${port.nodePort}`) : [String(port.nodePort)]
        const suffix = proto === 'sctp' ? `${name}-HASH` : name
        for (const entry of entries) {
          add(`KUBE-NODE-PORT-${suffix}`, entry)
          if (port.externalPolicyLocal) add(`KUBE-NODE-PORT-LOCAL-${suffix}`, entry)
        }
        for (const ip of nodeIPs) serve(port, external(), ip, port.nodePort, false)
      }
      if (port.healthCheckNodePort !== 0) add('KUBE-HEALTH-CHECK-NODE-PORT', String(port.healthCheckNodePort))
    }
  sets.set('KUBE-IPVS-IPS', bound)
  return {
    servers: [...servers.values()],
    bound,
    sets,
    closedToNode,
    endpoints,
    noLocalInternal: noLocal.internal.size,
    noLocalExternal: noLocal.external.size,
  }
}

type Chosen = readonly EndpointInfo[]
const NONE: Chosen = []

/** The same endpoints give the same lists, so that a sync sees at a glance what has not changed. */
const categories = new WeakMap<
  ServicePortInfo,
  { readonly all: Chosen; readonly config: ProxierConfig; readonly found: ReturnType<typeof categorizeEndpoints> }
>()

/**
 * syncEndpoint: under policy Local the local endpoints, and where this node has none, all of them: pods of this node still
 * get through, an answer to anybody else comes from an address that was never asked (kubernetes pull 97081).
 */
function choose(
  all: readonly EndpointInfo[],
  port: ServicePortInfo,
  config: ProxierConfig,
  localOnly: boolean,
  noLocal: { internal: Set<string>; external: Set<string> },
): Chosen {
  let known = categories.get(port)
  if (!known || known.all !== all || known.config !== config)
    categories.set(port, (known = { all, config, found: categorizeEndpoints(all, port, config) }))
  const { cluster = NONE, local = NONE, hasAny } = known.found
  if (!localOnly) return cluster
  if (local.length > 0) return local
  if (hasAny && port.internalPolicyLocal) noLocal.internal.add(port.service)
  if (hasAny && port.externalPolicyLocal) noLocal.external.add(port.service)
  return cluster
}

/** GetAllLocalAddressesExcept(kube-ipvs0): neither loopback nor, of IPv6, link-local. */
function ownAddresses(addresses: readonly string[], family: 4 | 6): string[] {
  return addresses.flatMap((text) => {
    const ip = parseIp(text.split('/')[0]!)
    if (ip?.family !== family || isLoopback(ip)) return []
    return family === 6 && ip.words[0]! >>> 22 === 0xfe80 >>> 6 ? [] : [ip.text]
  })
}

function nodePortTargets({ config, nodeAddresses }: DesiredInput, own: readonly string[]): readonly string[] {
  const chosen = nodePortAddresses(config.nodePortAddresses, config.family)
  if (chosen.matchAll) return own
  return nodePortIPs(chosen, nodeAddresses, config.family)
    .filter((ip) => !isLoopback(ip))
    .map((ip) => ip.text)
}
