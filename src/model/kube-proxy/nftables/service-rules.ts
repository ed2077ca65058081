/**
 * What one Service port is in nftables: pkg/proxy/nftables/proxier.go syncProxyRules (the loop over svcPortMap),
 * writeServiceToEndpointDNATs and -Jumps; up to 1.35 writeServiceToEndpointRules. Made once per state of the Service and
 * its endpoints; a sync strings the blocks together.
 */
import { cidrContains, parseIp } from '../../linux/netfilter/address.ts'
import type { ProxierConfig } from '../config.ts'
import type { EndpointInfo } from '../endpoints.ts'
import { externallyAccessible, type ServicePortInfo } from '../service-port.ts'
import { categorizeEndpoints } from '../topology.ts'
import { type Container, type Dialect, dialect, type Layout, REJECT } from './dialect.ts'
import { endpointBase, portNameOf, servicePortBase } from './names.ts'

export interface SetElement {
  readonly container: Container
  readonly key: string
  /** '' in a set. */
  readonly value: string
  readonly comment: string | undefined
}

export interface ServiceBlock {
  /** Chains that it needs, in the order in which they are made. */
  readonly chains: readonly string[]
  readonly affinitySets: readonly string[]
  readonly elements: readonly SetElement[]
  /** `add chain`, `flush chain` of its chains: left out by a partial sync where nothing changed. */
  readonly ensureLines: readonly string[]
  /** `add rule` and `add set` of its chains: left out likewise. */
  readonly ruleLines: readonly string[]
  readonly noLocalInternal: boolean
  readonly noLocalExternal: boolean
}

interface Memo {
  readonly endpoints: readonly EndpointInfo[]
  readonly layout: Layout
  readonly block: ServiceBlock
}
const memo = new WeakMap<ProxierConfig, WeakMap<ServicePortInfo, Memo>>()

export function serviceBlock(
  config: ProxierConfig,
  layout: Layout,
  info: ServicePortInfo,
  endpoints: readonly EndpointInfo[],
): ServiceBlock {
  let mine = memo.get(config)
  if (!mine) memo.set(config, (mine = new WeakMap()))
  const known = mine.get(info)
  if (known && known.endpoints === endpoints && known.layout === layout) return known.block
  const block = write(config, dialect(config, layout), info, endpoints)
  mine.set(info, { endpoints, layout, block })
  return block
}

/** knftables.CommentLengthMax */
const COMMENT_LENGTH = 128

function write(config: ProxierConfig, d: Dialect, info: ServicePortInfo, all: readonly EndpointInfo[]): ServiceBlock {
  const { cluster = [], local = [], reachable, hasAny } = categorizeEndpoints(all, info, config)
  const { protocol } = info
  const portName = portNameOf(info)
  const base = servicePortBase(info.service, protocol, portName)
  const affinity = info.stickySeconds > 0
  const old = d.layout === '1.35'
  const chains: string[] = []
  const affinitySets: string[] = []
  const elements: SetElement[] = []
  const ruleLines: string[] = []
  const rule = (chain: string, text: string): void => void ruleLines.push(`add rule ${d.table} ${chain} ${text}`)
  const element = (container: Container, key: string, value = '', comment?: string): void =>
    void elements.push({ container, key, value, comment })
  const baseOf = (ep: EndpointInfo): string => endpointBase(info.service, protocol, portName, ep.ip, ep.port)

  for (const ep of reachable) {
    // since 1.36 an endpoint has a chain of its own only where affinity needs a place to note it
    if (affinity || old) chains.push(`endpoint-${baseOf(ep)}`)
    if (affinity) affinitySets.push(`affinity-${baseOf(ep)}`)
    if (!old && ep.isLocal) element('hairpin-connections', `${ep.ip} . ${ep.ip} . ${protocol} . ${ep.port}`)
  }
  const clusterChain = `service-${base}`
  const localChain = `local-${base}`
  const external = `external-${base}`
  const firewall = `firewall-${base}`
  if (cluster.length > 0) chains.push(clusterChain)
  if (local.length > 0) chains.push(localChain)
  const internalChain = info.internalPolicyLocal ? localChain : clusterChain
  const hasInternal = hasAny && !(info.internalPolicyLocal && local.length === 0)
  const hasExternal = hasAny && !(info.externalPolicyLocal && local.length === 0)
  const usesExternal = hasAny && externallyAccessible(info)
  if (usesExternal) chains.push(external)
  const refused = hasAny ? 'drop' : REJECT
  const comment = info.name.slice(0, COMMENT_LENGTH)

  const captures = (ip: string): string => `${ip} . ${protocol} . ${info.port}`
  element('cluster-ips', info.clusterIP)
  if (hasInternal) element('service-ips', captures(info.clusterIP), `goto ${internalChain}`)
  else element('no-endpoint-services', captures(info.clusterIP), refused, comment)
  for (const ip of info.externalIPs) {
    if (hasAny) element('service-ips', captures(ip), `goto ${external}`)
    if (!hasExternal) element('no-endpoint-services', captures(ip), refused, comment)
  }
  const usesFirewall = info.loadBalancerVIPs.length > 0 && info.sourceRanges.length > 0
  if (usesFirewall) chains.push(firewall)
  for (const ip of info.loadBalancerVIPs) {
    if (hasAny) element('service-ips', captures(ip), `goto ${external}`)
    if (usesFirewall) element('firewall-ips', captures(ip), `goto ${firewall}`)
  }
  if (!hasExternal)
    for (const ip of info.loadBalancerVIPs) element('no-endpoint-services', captures(ip), refused, comment)
  if (info.nodePort !== 0) {
    // node ports are not subject to loadBalancerSourceRanges
    if (hasAny) element('service-nodeports', `${protocol} . ${info.nodePort}`, `goto ${external}`)
    if (!hasExternal) element('no-endpoint-nodeports', `${protocol} . ${info.nodePort}`, refused, comment)
  }

  if (old && hasInternal) {
    const to = `${d.ip} daddr ${info.clusterIP}`
    if (config.masqueradeAll) rule(internalChain, `${to} ${d.markForMasquerade}`)
    else if (d.ifNotLocal) rule(internalChain, `${to} ${d.ifNotLocal} ${d.markForMasquerade}`)
  }
  if (usesExternal) {
    if (!info.externalPolicyLocal) rule(external, `${d.markForMasquerade}${old ? '' : ' comment "masquerade"'}`)
    else {
      // pods and the node itself reach every endpoint, as if they came in by way of a load balancer
      if (d.ifLocal) rule(external, `${d.ifLocal} goto ${clusterChain} comment "short-circuit pod traffic"`)
      rule(external, `fib saddr type local ${d.markForMasquerade} comment "masquerade local traffic"`)
      rule(external, `fib saddr type local goto ${clusterChain} comment "short-circuit local traffic"`)
    }
    if (hasExternal) rule(external, `goto ${info.externalPolicyLocal ? localChain : clusterChain}`)
  }
  if (usesFirewall) {
    const sources = info.sourceRanges.map((cidr) => cidr.text)
    const nodeIP = parseIp(config.nodeIP)
    // the node reaches such an address with that very address as its source
    if (nodeIP && info.sourceRanges.some((cidr) => cidrContains(cidr, nodeIP))) sources.push(...info.loadBalancerVIPs)
    rule(firewall, `${d.ip} saddr != { ${sources.join(' , ')} } drop`)
  }
  for (const set of affinitySets)
    ruleLines.push(
      `add set ${d.table} ${set} { type ${d.addr} ; flags dynamic,timeout ; timeout ${info.stickySeconds}s ; }`,
    )
  const toEndpoints = (chain: string, endpoints: readonly EndpointInfo[]): void => {
    if (endpoints.length === 0) return
    const choose = `numgen random mod ${endpoints.length}`
    if (!affinity && !old) {
      const targets = endpoints.map((ep, i) => `${i} : ${ep.ip} . ${ep.port}`).join(' , ')
      return rule(chain, `meta l4proto ${protocol} dnat ${d.ip} addr . port to ${choose} map { ${targets} }`)
    }
    if (affinity)
      for (const ep of endpoints) rule(chain, `${d.ip} saddr @affinity-${baseOf(ep)} goto endpoint-${baseOf(ep)}`)
    rule(chain, `${choose} vmap { ${endpoints.map((ep, i) => `${i} : goto endpoint-${baseOf(ep)}`).join(' , ')} }`)
  }
  toEndpoints(clusterChain, cluster)
  toEndpoints(localChain, local)
  if (affinity || old)
    for (const ep of reachable) {
      const chain = `endpoint-${baseOf(ep)}`
      // a pod that reaches itself must not see itself as the client
      if (old) rule(chain, `${d.ip} saddr ${ep.ip} ${d.markForMasquerade}`)
      if (affinity) rule(chain, `update @affinity-${baseOf(ep)} { ${d.ip} saddr }`)
      rule(chain, `meta l4proto ${protocol} dnat to ${ep.text}`)
    }
  return {
    chains,
    affinitySets,
    elements,
    ensureLines: chains.flatMap((chain) => [`add chain ${d.table} ${chain}`, `flush chain ${d.table} ${chain}`]),
    ruleLines,
    noLocalInternal: hasAny && !hasInternal,
    noLocalExternal: hasAny && !hasExternal,
  }
}
