/** What is said of each mode of kube-proxy, in words. What it writes and what that costs is computed. */
import type { ProxyModeName } from '../../model/kube-proxy/mode.ts'
import type { Costs } from '../../lab/mode-law.ts'

export interface ModeFacts {
  readonly mode: ProxyModeName
  readonly name: string
  /** As of Kubernetes 1.36. */
  readonly state: string
  readonly hook: string
  readonly command: string
  /** Modes have no hue: width and dashes of their lines. */
  readonly stroke: { readonly width: number; readonly dash?: string }
  readonly figure: (costs: Costs) => number
  readonly unit: (costs: Costs) => string
  readonly says: (costs: Costs) => string
  /** What a sync writes is counted in. */
  readonly written: string
}

const count = (n: number, one: string, many = `${one}s`): string => `${spellCount(n)} ${n === 1 ? one : many}`

export const FOUR_MODES: readonly ModeFacts[] = [
  {
    mode: 'iptables',
    name: 'iptables',
    state: 'the default',
    hook: 'nat PREROUTING',
    command: 'iptables-save -t nat',
    stroke: { width: 2.5 },
    figure: (costs) => costs.compared,
    unit: () => 'rules compared',
    says: () => 'One more for each Service in front.',
    written: 'lines of a restore',
  },
  {
    mode: 'ipvs',
    name: 'IPVS',
    state: 'deprecated since 1.35',
    hook: 'LOCAL_IN, kube-ipvs0',
    command: 'ipvsadm -Ln',
    stroke: { width: 1.75, dash: '7 3' },
    figure: (costs) => costs.lookups,
    unit: (costs) => (costs.lookups === 1 ? 'hash look-up' : 'hash look-ups'),
    says: (costs) => `In sets, connections, Services. And ${count(costs.compared, 'iptables rule')} compared.`,
    written: 'calls',
  },
  {
    mode: 'nftables',
    name: 'nftables',
    state: 'stable since 1.33',
    hook: 'nat prerouting',
    command: 'nft list ruleset',
    stroke: { width: 1.25 },
    figure: (costs) => costs.compared,
    unit: (costs) => `rules compared, ${count(costs.lookups, 'look-up')}`,
    says: () => 'The same whatever the number of Services.',
    written: 'lines of a transaction',
  },
  {
    mode: 'ebpf',
    name: 'eBPF',
    state: 'the CNI’s, no kube-proxy',
    hook: 'cgroup/connect4',
    command: 'cilium-dbg bpf lb list',
    stroke: { width: 2, dash: '1.5 4' },
    figure: (costs) => costs.lookups,
    unit: (costs) => (costs.lookups === 1 ? 'map hit' : 'map hits'),
    says: () => 'Before the first packet: no DNAT comes after it.',
    written: 'map updates',
  },
]

/** 1,015 */
export function spellCount(n: number): string {
  return String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** What real kernels were seen to take: shared/kernel-oracle, Linux 6.18, three endpoints a Service. */
export const MEASURED_AT: readonly number[] = [1_000, 5_000, 10_000]
export const MEASURED_CONNECT: readonly {
  readonly name: string
  readonly stroke: ModeFacts['stroke']
  readonly micros: readonly number[]
}[] = [
  { name: 'iptables-nft', stroke: { width: 1.75, dash: '6 4' }, micros: [41, 108, 193] },
  { name: 'iptables-legacy', stroke: { width: 2.5 }, micros: [30, 53, 89] },
  { name: 'nftables', stroke: { width: 1.25 }, micros: [24, 25, 25] },
]
export const MEASURED_RESTORE = 'Writing 10,000 Services took iptables-legacy 2.0 s, iptables-nft 3.9 s, nftables 49 s'
