/**
 * What does not depend on any Service: the jumps from the built-in chains, the canary, the chains every sync writes.
 * pkg/proxy/iptables/proxier.go iptablesJumpChains, iptablesKubeletJumpChains; pkg/util/iptables Monitor.
 */
import { isLoopback, nodePortAddresses, nodePortIPs, type ProxierConfig, servesLocalhost } from '../config.ts'

export interface Jump {
  readonly table: 'filter' | 'nat'
  /** Built-in chain it is put in front of. */
  readonly from: string
  readonly to: string
  /** What follows `-A CHAIN`. */
  readonly rule: string
}

const NEW = '-m conntrack --ctstate NEW '

function jump(table: Jump['table'], from: string, to: string, comment: string, match = ''): Jump {
  const says = comment === '' ? '' : `-m comment --comment "${comment}" `
  return { table, from, to, rule: `${match}${says}-j ${to}` }
}

/** In the order in which a full sync makes sure of them; each is put in front, so the last ends up first. */
export const JUMPS: readonly Jump[] = [
  jump('filter', 'INPUT', 'KUBE-EXTERNAL-SERVICES', 'kubernetes externally-visible service portals', NEW),
  jump('filter', 'FORWARD', 'KUBE-EXTERNAL-SERVICES', 'kubernetes externally-visible service portals', NEW),
  jump('filter', 'INPUT', 'KUBE-NODEPORTS', 'kubernetes health check service ports'),
  jump('filter', 'FORWARD', 'KUBE-SERVICES', 'kubernetes service portals', NEW),
  jump('filter', 'OUTPUT', 'KUBE-SERVICES', 'kubernetes service portals', NEW),
  jump('filter', 'FORWARD', 'KUBE-FORWARD', 'kubernetes forwarding rules'),
  jump('filter', 'INPUT', 'KUBE-PROXY-FIREWALL', 'kubernetes load balancer firewall', NEW),
  jump('filter', 'OUTPUT', 'KUBE-PROXY-FIREWALL', 'kubernetes load balancer firewall', NEW),
  jump('filter', 'FORWARD', 'KUBE-PROXY-FIREWALL', 'kubernetes load balancer firewall', NEW),
  jump('nat', 'OUTPUT', 'KUBE-SERVICES', 'kubernetes service portals'),
  jump('nat', 'PREROUTING', 'KUBE-SERVICES', 'kubernetes service portals'),
  jump('nat', 'POSTROUTING', 'KUBE-POSTROUTING', 'kubernetes postrouting rules'),
]

/** kubelet makes the same two (pkg/kubelet/kubelet_network_linux.go). */
export const KUBELET_JUMPS: readonly Jump[] = [
  jump('filter', 'INPUT', 'KUBE-FIREWALL', ''),
  jump('filter', 'OUTPUT', 'KUBE-FIREWALL', ''),
]

/** In KUBE-FIREWALL; both write it. */
export const LOCALNET_RULE =
  '-m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP'

export function jumpsFor(config: ProxierConfig): readonly Jump[] {
  return servesLocalhost(config) ? [...JUMPS, ...KUBELET_JUMPS] : JUMPS
}

/** An empty chain by which kube-proxy notices that somebody flushed the tables. */
export const CANARY = { chain: 'KUBE-PROXY-CANARY', tables: ['mangle', 'nat', 'filter'] } as const

export const FILTER_CHAINS = [
  'KUBE-SERVICES',
  'KUBE-EXTERNAL-SERVICES',
  'KUBE-FORWARD',
  'KUBE-NODEPORTS',
  'KUBE-PROXY-FIREWALL',
] as const
export const NAT_CHAINS = ['KUBE-SERVICES', 'KUBE-NODEPORTS', 'KUBE-POSTROUTING', 'KUBE-MARK-MASQ'] as const

/** Lines of a sync in front of those of the Services. */
export function headLines(config: ProxierConfig): {
  filterChains: string[]
  filter: string[]
  natChains: string[]
  nat: string[]
} {
  const chainLine = (chain: string): string => `:${chain} - [0:0]`
  const mark = config.masqueradeMark
  const filterChains = FILTER_CHAINS.map(chainLine)
  const filter: string[] = []
  if (servesLocalhost(config)) {
    // route_localnet opens 127.0.0.1 to the neighbours; this closes it again (kubernetes issue 90259)
    filterChains.push(chainLine('KUBE-FIREWALL'))
    filter.push(`-A KUBE-FIREWALL ${LOCALNET_RULE}`)
  }
  const nat = [
    `-A KUBE-POSTROUTING -m mark ! --mark ${mark}/${mark} -j RETURN`,
    `-A KUBE-POSTROUTING -j MARK --xor-mark ${mark}`,
    `-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE${config.randomFully ? ' --random-fully' : ''}`,
    `-A KUBE-MARK-MASQ -j MARK --or-mark ${mark}`,
  ]
  return { filterChains, filter, natChains: NAT_CHAINS.map(chainLine), nat }
}

/** Lines of a sync after those of the Services. */
export function tailLines(config: ProxierConfig): { filter: string[]; nat: string[] } {
  const mark = config.masqueradeMark
  const filter: string[] = []
  if (!config.tcpBeLiberal) {
    const count = config.nfacct.invalidDropped ? ' -m nfacct --nfacct-name ct_state_invalid_dropped_pkts' : ''
    filter.push(`-A KUBE-FORWARD -m conntrack --ctstate INVALID${count} -j DROP`)
  }
  filter.push(
    `-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark ${mark}/${mark} -j ACCEPT`,
    '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  )
  return { filter, nat: nodePortLines(config) }
}

function nodePortLines(config: ProxierConfig): string[] {
  const localhost = servesLocalhost(config)
  const rule =
    '-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain"'
  const addresses = nodePortAddresses(config.nodePortAddresses, config.family)
  if (addresses.matchAll) {
    const except = config.family === 6 ? ' ! -d ::1/128' : localhost ? '' : ' ! -d 127.0.0.0/8'
    return [`${rule} -m addrtype --dst-type LOCAL${except} -j KUBE-NODEPORTS`]
  }
  return nodePortIPs(addresses, config.nodeAddresses, config.family)
    .filter((ip) => !isLoopback(ip) || localhost)
    .map((ip) => `${rule} -d ${ip.text} -j KUBE-NODEPORTS`)
}
