/** What every table of kube-proxy has, whatever the Services: pkg/proxy/nftables/proxier.go setupNFTables. */
import { isLoopback, nodePortAddresses, nodePortIPs, type ProxierConfig } from '../config.ts'
import { type Dialect, dialect, type Layout } from './dialect.ts'

export interface BaseChain {
  readonly name: string
  readonly type: 'filter' | 'nat'
  readonly hook: string
  readonly priority: number
}

export const BASE_CHAINS: readonly BaseChain[] = [
  { name: 'filter-prerouting-pre-dnat', type: 'filter', hook: 'prerouting', priority: -110 },
  { name: 'filter-output-pre-dnat', type: 'filter', hook: 'output', priority: -110 },
  { name: 'filter-input', type: 'filter', hook: 'input', priority: 0 },
  { name: 'filter-forward', type: 'filter', hook: 'forward', priority: 0 },
  { name: 'filter-output', type: 'filter', hook: 'output', priority: 0 },
  { name: 'nat-prerouting', type: 'nat', hook: 'prerouting', priority: -100 },
  { name: 'nat-output', type: 'nat', hook: 'output', priority: -100 },
  { name: 'nat-postrouting', type: 'nat', hook: 'postrouting', priority: 100 },
]

/** A reject is not allowed in prerouting before Linux 5.9, so what refuses hangs at input, forward and output. */
const JUMPS: readonly (readonly [to: string, from: string, when: string])[] = [
  ['nodeport-endpoints-check', 'filter-input', 'ct state new '],
  ['service-endpoints-check', 'filter-input', 'ct state new '],
  ['service-endpoints-check', 'filter-forward', 'ct state new '],
  ['service-endpoints-check', 'filter-output', 'ct state new '],
  ['firewall-check', 'filter-prerouting-pre-dnat', 'ct state new '],
  ['firewall-check', 'filter-output-pre-dnat', 'ct state new '],
  ['services', 'nat-output', ''],
  ['services', 'nat-prerouting', ''],
  ['masquerading', 'nat-postrouting', ''],
  ['cluster-ips-check', 'filter-forward', 'ct state new '],
  ['cluster-ips-check', 'filter-output', 'ct state new '],
]

export const TABLE_COMMENT = 'rules for kube-proxy'

/**
 * `recreate`: the first transaction of a process takes the base chains away and makes them anew, because a chain that
 * is there with another priority cannot be changed.
 */
export function setupLines(config: ProxierConfig, layout: Layout, recreate: boolean): string[] {
  const d = dialect(config, layout)
  const { table, ip, addr, mark } = d
  const out: string[] = [`add table ${table} { comment "${TABLE_COMMENT}" ; }`]
  if (recreate)
    for (const { name } of BASE_CHAINS) out.push(`add chain ${table} ${name}`, `delete chain ${table} ${name}`)
  for (const { name, type, hook, priority } of BASE_CHAINS)
    out.push(
      `add chain ${table} ${name} { type ${type} hook ${hook} priority ${priority} ; }`,
      `flush chain ${table} ${name}`,
    )
  const made = new Set<string>()
  const ensure = (chain: string): void => {
    if (made.has(chain)) return
    made.add(chain)
    out.push(`add chain ${table} ${chain}`, `flush chain ${table} ${chain}`)
  }
  const rule = (chain: string, text: string, comment?: string): void =>
    void out.push(`add rule ${table} ${chain} ${text}${comment === undefined ? '' : ` comment "${comment}"`}`)
  const set = (kind: 'set' | 'map', name: string, type: string, comment: string): void =>
    void out.push(`add ${kind} ${table} ${name} { type ${type} ; comment "${comment}" ; }`)

  for (const [to, from, when] of JUMPS) {
    ensure(to)
    rule(from, `${when}jump ${to}`)
  }
  for (const chain of ['services', 'cluster-ips-check', 'masquerading']) ensure(chain)
  if (layout === '1.35') {
    ensure('mark-for-masquerade')
    rule('mark-for-masquerade', `mark set mark or ${mark}`)
    rule('masquerading', `mark and ${mark} == 0 return`)
    rule('masquerading', `mark set mark xor ${mark}`)
    rule('masquerading', 'masquerade fully-random')
  } else {
    set('set', 'hairpin-connections', `${addr} . ${addr} . inet_proto . inet_service`, 'service hairpin connections')
    rule('masquerading', `mark and ${mark} != 0 mark set mark xor ${mark} masquerade fully-random`)
    rule(
      'masquerading',
      `ct status dnat ${ip} saddr . ${ip} daddr . meta l4proto . th dport @hairpin-connections masquerade fully-random`,
    )
  }

  set('set', 'cluster-ips', addr, 'Active ClusterIPs')
  rule('cluster-ips-check', `${ip} daddr @cluster-ips reject`, 'Reject traffic to invalid ports of ClusterIPs')
  if (config.serviceCIDRs)
    rule('cluster-ips-check', `${ip} daddr { ${config.serviceCIDRs} } drop`, 'Drop traffic to unallocated ClusterIPs')

  const addresses = nodePortAddresses(config.nodePortAddresses, config.family)
  set('set', 'nodeport-ips', addr, 'IPs that accept NodePort traffic')
  if (addresses.matchAll) out.push(`delete set ${table} nodeport-ips`)
  else {
    out.push(`flush set ${table} nodeport-ips`)
    // a packet to 127.0.0.1 cannot be sent on to a pod: nftables mode does not even try
    for (const address of nodePortIPs(addresses, config.nodeAddresses, config.family))
      if (!isLoopback(address)) out.push(`add element ${table} nodeport-ips { ${address.text} }`)
  }

  const service = `${addr} . inet_proto . inet_service : verdict`
  const port = 'inet_proto . inet_service : verdict'
  const none = 'vmap to drop or reject packets to service'
  set('map', 'no-endpoint-services', service, `${none}s with no endpoints`)
  set('map', 'no-endpoint-nodeports', port, `${none} nodeports with no endpoints`)
  out.push(
    `add chain ${table} reject-chain { comment "helper for @no-endpoint-services / @no-endpoint-nodeports" ; }`,
    `flush chain ${table} reject-chain`,
  )
  rule('reject-chain', 'reject')
  const toService = `${ip} daddr . meta l4proto . th dport`
  const toNodePort = addresses.matchAll ? d.noLocalhost : `${ip} daddr @nodeport-ips`
  rule('service-endpoints-check', `${toService} vmap @no-endpoint-services`)
  rule('nodeport-endpoints-check', `${toNodePort} meta l4proto . th dport vmap @no-endpoint-nodeports`)

  set('map', 'firewall-ips', service, 'destinations that are subject to LoadBalancerSourceRanges')
  ensure('firewall-check')
  rule('firewall-check', `${toService} vmap @firewall-ips`)

  set('map', 'service-ips', service, 'ClusterIP, ExternalIP and LoadBalancer IP traffic')
  set('map', 'service-nodeports', port, 'NodePort traffic')
  if (layout === '1.36') masqueradeClusterIPs(config, d, rule)
  rule('services', `${toService} vmap @service-ips`)
  rule(
    'services',
    `${addresses.matchAll ? 'fib daddr type local ' : ''}${toNodePort} meta l4proto . th dport vmap @service-nodeports`,
  )
  return out
}

/** Traffic from outside of the cluster may bounce to another node; its answers must come back through this one. */
function masqueradeClusterIPs(
  config: ProxierConfig,
  d: Dialect,
  rule: (chain: string, text: string, comment?: string) => void,
): void {
  if (config.masqueradeAll)
    rule('services', `${d.ip} daddr @cluster-ips ${d.markForMasquerade}`, 'masquerade all clusterIP traffic')
  else if (d.ifNotLocal)
    rule(
      'services',
      `${d.ip} daddr @cluster-ips ${d.ifNotLocal} ${d.markForMasquerade}`,
      'masquerade clusterIP traffic from outside cluster',
    )
}
