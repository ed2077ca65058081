/**
 * The lines of one Service port: pkg/proxy/iptables/proxier.go syncProxyRules (the loop over svcPortMap) and
 * writeServiceToEndpointRules. Made once per state of the Service and its endpoints; a sync strings them together.
 */
import { cidrContains, parseIp } from '../../linux/netfilter/address.ts'
import { type ProxierConfig, servesLocalhost } from '../config.ts'
import type { EndpointInfo } from '../endpoints.ts'
import { externallyAccessible, type ServicePortInfo } from '../service-port.ts'
import { type Categorized, categorizeEndpoints } from '../topology.ts'

export interface ServiceLines {
  /** Rules of table filter. */
  readonly filter: readonly string[]
  /** Rules of the nat chains that every sync writes anew: KUBE-SERVICES, KUBE-NODEPORTS. */
  readonly natTop: readonly string[]
  /** `:CHAIN - [0:0]` and rules of the chains of this Service alone, which a partial sync leaves out. */
  readonly natChains: readonly string[]
  readonly natRules: readonly string[]
  readonly chains: readonly string[]
  readonly noLocalInternal: boolean
  readonly noLocalExternal: boolean
  readonly endpoints: Categorized
}

/** `%0.10f` of 1/n. */
export function probability(n: number): string {
  return (PROBABILITIES[n] ??= (1 / n).toFixed(10))
}
const PROBABILITIES: string[] = []

export interface LineContext {
  readonly config: ProxierConfig
  readonly localhostNodePorts: boolean
  /** More than 1,000 endpoints: comments are left out where there are as many as endpoints. */
  readonly large: boolean
}

/** Blocks of one configuration and size of cluster, by Service port. */
export interface LinesMemo {
  readonly ctx: LineContext
  readonly known: WeakMap<ServicePortInfo, { endpoints: readonly EndpointInfo[]; lines: ServiceLines }>
}
const memos = new WeakMap<ProxierConfig, Partial<Record<'large' | 'small', LinesMemo>>>()

export function linesOf(config: ProxierConfig, large: boolean): LinesMemo {
  let mine = memos.get(config)
  if (!mine) memos.set(config, (mine = {}))
  return (mine[large ? 'large' : 'small'] ??= {
    ctx: { config, localhostNodePorts: servesLocalhost(config), large },
    known: new WeakMap(),
  })
}

export function serviceLines(memo: LinesMemo, info: ServicePortInfo, endpoints: readonly EndpointInfo[]): ServiceLines {
  const known = memo.known.get(info)
  if (known && known.endpoints === endpoints) return known.lines
  const lines = write(memo.ctx, info, endpoints)
  memo.known.set(info, { endpoints, lines })
  return lines
}

const chainLine = (chain: string): string => `:${chain} - [0:0]`

function write(ctx: LineContext, info: ServicePortInfo, all: readonly EndpointInfo[]): ServiceLines {
  const { config } = ctx
  const { name, protocol, hash } = info
  const endpoints = categorizeEndpoints(all, info, config)
  const cluster = endpoints.cluster ?? []
  const local = endpoints.local ?? []
  const { hasAny } = endpoints
  const hasInternal = info.internalPolicyLocal ? local.length > 0 && hasAny : hasAny
  const hasExternal = info.externalPolicyLocal ? local.length > 0 && hasAny : hasAny
  const svc = `KUBE-SVC-${hash}`
  const svl = `KUBE-SVL-${hash}`
  const ext = `KUBE-EXT-${hash}`
  const fw = `KUBE-FW-${hash}`
  const usesExt = hasAny && externallyAccessible(info)
  const usesFw = hasAny && info.loadBalancerVIPs.length > 0 && info.sourceRanges.length > 0
  const internalChain = info.internalPolicyLocal ? svl : svc
  const why = hasAny ? 'has no local endpoints' : 'has no endpoints'
  const refuse = hasAny ? 'DROP' : 'REJECT'

  const filter: string[] = []
  const natTop: string[] = []
  const natChains: string[] = []
  const natRules: string[] = []
  const chains: string[] = []
  const proto = `-m ${protocol} -p ${protocol}`
  const to = (ip: string): string => `${proto} -d ${ip} --dport ${info.port}`
  const declare = (chain: string): void => {
    natChains.push(chainLine(chain))
    chains.push(chain)
  }

  // ClusterIP
  if (hasInternal)
    natTop.push(`-A KUBE-SERVICES -m comment --comment "${name} cluster IP" ${to(info.clusterIP)} -j ${internalChain}`)
  else filter.push(`-A KUBE-SERVICES -m comment --comment "${name} ${why}" ${to(info.clusterIP)} -j ${refuse}`)

  for (const ip of info.externalIPs) {
    if (hasAny) natTop.push(`-A KUBE-SERVICES -m comment --comment "${name} external IP" ${to(ip)} -j ${ext}`)
    if (!hasExternal)
      filter.push(`-A KUBE-EXTERNAL-SERVICES -m comment --comment "${name} ${why}" ${to(ip)} -j ${refuse}`)
  }
  for (const ip of info.loadBalancerVIPs) {
    if (hasAny)
      natTop.push(`-A KUBE-SERVICES -m comment --comment "${name} loadbalancer IP" ${to(ip)} -j ${usesFw ? fw : ext}`)
    if (usesFw)
      filter.push(
        `-A KUBE-PROXY-FIREWALL -m comment --comment "${name} traffic not accepted by ${fw}" ${to(ip)} -j DROP`,
      )
  }
  if (!hasExternal)
    for (const ip of info.loadBalancerVIPs)
      filter.push(`-A KUBE-EXTERNAL-SERVICES -m comment --comment "${name} ${why}" ${to(ip)} -j ${refuse}`)

  if (info.nodePort !== 0) {
    if (hasAny) {
      // node ports are not subject to loadBalancerSourceRanges
      if (ctx.localhostNodePorts && config.nfacct.localhostNodePorts)
        natTop.push(
          `-A KUBE-NODEPORTS -m comment --comment ${name} ${proto} -d 127.0.0.0/8 --dport ${info.nodePort} -m nfacct --nfacct-name localhost_nps_accepted_pkts -j ${ext}`,
        )
      natTop.push(`-A KUBE-NODEPORTS -m comment --comment ${name} ${proto} --dport ${info.nodePort} -j ${ext}`)
    }
    if (!hasExternal)
      filter.push(
        `-A KUBE-EXTERNAL-SERVICES -m comment --comment "${name} ${why}" -m addrtype --dst-type LOCAL ${proto} --dport ${info.nodePort} -j ${refuse}`,
      )
  }
  if (info.healthCheckNodePort !== 0)
    filter.push(
      `-A KUBE-NODEPORTS -m comment --comment "${name} health check node port" -m tcp -p tcp --dport ${info.healthCheckNodePort} -j ACCEPT`,
    )

  // traffic to the ClusterIP from outside of the cluster may bounce to another node: its source is masqueraded
  if (hasInternal) {
    const rule = `-A ${internalChain} -m comment --comment "${name} cluster IP" ${to(info.clusterIP)}`
    if (config.masqueradeAll) natRules.push(`${rule} -j KUBE-MARK-MASQ`)
    else if (config.localDetector) natRules.push(`${rule} ${config.localDetector.ifNotLocal} -j KUBE-MARK-MASQ`)
  }

  if (usesExt) {
    declare(ext)
    if (!info.externalPolicyLocal)
      natRules.push(
        `-A ${ext} -m comment --comment "masquerade traffic for ${name} external destinations" -j KUBE-MARK-MASQ`,
      )
    else {
      // pods and the node itself reach every endpoint, as if they came in by way of a load balancer
      if (config.localDetector)
        natRules.push(
          `-A ${ext} -m comment --comment "pod traffic for ${name} external destinations" ${config.localDetector.ifLocal} -j ${svc}`,
        )
      natRules.push(
        `-A ${ext} -m comment --comment "masquerade LOCAL traffic for ${name} external destinations" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ`,
        `-A ${ext} -m comment --comment "route LOCAL traffic for ${name} external destinations" -m addrtype --src-type LOCAL -j ${svc}`,
      )
    }
    if (hasExternal) natRules.push(`-A ${ext} -j ${info.externalPolicyLocal ? svl : svc}`)
  }

  if (usesFw) {
    declare(fw)
    const rule = `-A ${fw} -m comment --comment "${name} loadbalancer IP"`
    const nodeIP = parseIp(config.nodeIP)
    for (const cidr of info.sourceRanges) natRules.push(`${rule} -s ${cidr.text} -j ${ext}`)
    // the node reaches such an address with that very address as its source
    if (nodeIP && info.sourceRanges.some((cidr) => cidrContains(cidr, nodeIP)))
      for (const ip of info.loadBalancerVIPs) natRules.push(`${rule} -s ${ip} -j ${ext}`)
    natRules.push(`-A ${fw} -m comment --comment "other traffic to ${name} will be dropped by KUBE-PROXY-FIREWALL"`)
  }

  if (cluster.length > 0) {
    declare(svc)
    toEndpoints(natRules, ctx, info, svc, cluster)
  }
  if (local.length > 0) {
    declare(svl)
    toEndpoints(natRules, ctx, info, svl, local)
  }
  const comment = ctx.large ? '' : ` -m comment --comment ${name}`
  const dnat = ` ${proto} -j DNAT --to-destination `
  for (const ep of endpoints.reachable) {
    declare(ep.chain)
    const start = `-A ${ep.chain}${comment}`
    // a pod that reaches itself must not see itself as the client
    natRules.push(`${start} -s ${ep.ip} -j KUBE-MARK-MASQ`)
    const remember = info.stickySeconds > 0 ? ` -m recent --name ${ep.chain} --set` : ''
    natRules.push(remember === '' ? start + dnat + ep.text : start + remember + dnat + ep.text)
  }
  return {
    filter,
    natTop,
    natChains,
    natRules,
    chains,
    noLocalInternal: hasAny && !hasInternal,
    noLocalExternal: hasAny && !hasExternal,
    endpoints,
  }
}

function toEndpoints(
  natRules: string[],
  ctx: LineContext,
  info: ServicePortInfo,
  chain: string,
  endpoints: readonly EndpointInfo[],
): void {
  const start = `-A ${chain}`
  const about = ctx.large ? '' : ` -m comment --comment "${info.name} -> `
  const rule = (ep: EndpointInfo): string => (ctx.large ? start : `${start}${about}${ep.text}"`)
  if (info.stickySeconds > 0)
    for (const ep of endpoints)
      natRules.push(
        `${rule(ep)} -m recent --name ${ep.chain} --rcheck --seconds ${info.stickySeconds} --reap -j ${ep.chain}`,
      )
  const n = endpoints.length
  for (let i = 0; i < n; i++) {
    const ep = endpoints[i]!
    natRules.push(rule(ep) + (i < n - 1 ? chance(n - i) : ' -j ') + ep.chain)
  }
}

function chance(n: number): string {
  return (CHANCES[n] ??= ` -m statistic --mode random --probability ${probability(n)} -j `)
}
const CHANCES: string[] = []
