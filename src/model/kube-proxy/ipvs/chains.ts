/** Chains and jumps of ipvs mode. pkg/proxy/ipvs/proxier.go iptablesJumpChain, iptablesChains, createAndLinkKubeChain. */
import type { ChainSource } from '../../linux/netfilter/ruleset.ts'

export interface IpvsJump {
  readonly table: 'nat' | 'filter'
  readonly from: string
  readonly to: string
  /** What follows `-A CHAIN`. */
  readonly rule: string
}

const jump = (table: IpvsJump['table'], from: string, to: string, comment: string): IpvsJump => ({
  table,
  from,
  to,
  rule: `-m comment --comment "${comment}" -j ${to}`,
})

/** Each is put in front, so the last of a chain ends up first. */
export const IPVS_JUMPS: readonly IpvsJump[] = [
  jump('nat', 'OUTPUT', 'KUBE-SERVICES', 'kubernetes service portals'),
  jump('nat', 'PREROUTING', 'KUBE-SERVICES', 'kubernetes service portals'),
  jump('nat', 'POSTROUTING', 'KUBE-POSTROUTING', 'kubernetes postrouting rules'),
  jump('filter', 'FORWARD', 'KUBE-FORWARD', 'kubernetes forwarding rules'),
  jump('filter', 'INPUT', 'KUBE-NODE-PORT', 'kubernetes health check rules'),
  jump('filter', 'INPUT', 'KUBE-PROXY-FIREWALL', 'kube-proxy firewall rules'),
  jump('filter', 'FORWARD', 'KUBE-PROXY-FIREWALL', 'kube-proxy firewall rules'),
  jump('filter', 'INPUT', 'KUBE-IPVS-FILTER', 'kubernetes ipvs access filter'),
  jump('filter', 'OUTPUT', 'KUBE-IPVS-OUT-FILTER', 'kubernetes ipvs access filter'),
]

/** In the order in which they are made and declared. */
export const IPVS_CHAINS: Readonly<Record<'nat' | 'filter', readonly string[]>> = {
  nat: ['KUBE-SERVICES', 'KUBE-POSTROUTING', 'KUBE-NODE-PORT', 'KUBE-LOAD-BALANCER', 'KUBE-MARK-MASQ'],
  filter: [
    'KUBE-FORWARD',
    'KUBE-NODE-PORT',
    'KUBE-PROXY-FIREWALL',
    'KUBE-SOURCE-RANGES-FIREWALL',
    'KUBE-IPVS-FILTER',
    'KUBE-IPVS-OUT-FILTER',
  ],
}

/** Chains and jumps that are missing, as lines for a restore. */
export function missingLines(rules: ChainSource): string[] {
  const lines: string[] = []
  for (const table of ['filter', 'nat'] as const) {
    const mine: string[] = []
    for (const chain of IPVS_CHAINS[table]) if (!rules.chain(table, chain)) mine.push(`:${chain} - [0:0]`)
    for (const { table: of, from, rule } of IPVS_JUMPS)
      if (of === table && !(rules.chain(table, from)?.rules ?? []).some((line) => line.endsWith(`-A ${from} ${rule}`)))
        mine.push(`-I ${from} ${rule}`)
    if (mine.length > 0) lines.push(`*${table}`, ...mine, 'COMMIT')
  }
  return lines
}

/**
 * cleanupIptablesLeftovers: the jumps, then the chains, one process of iptables each, so that one that another cleaner took
 * first does not keep the others. In their order no chain is left that a later one is asked by.
 */
export function cleanupSteps(rules: ChainSource): (readonly string[])[] {
  const steps: (readonly string[])[] = []
  for (const { table, from, rule } of IPVS_JUMPS)
    if ((rules.chain(table, from)?.rules ?? []).some((line) => line.endsWith(`-A ${from} ${rule}`)))
      steps.push([`*${table}`, `-D ${from} ${rule}`, 'COMMIT'])
  for (const table of ['nat', 'filter'] as const)
    for (const chain of IPVS_CHAINS[table])
      if (rules.chain(table, chain)) steps.push([`*${table}`, `:${chain} - [0:0]`, `-X ${chain}`, 'COMMIT'])
  return steps
}
