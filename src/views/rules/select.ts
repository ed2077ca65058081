import { loadedRule, printRule } from '../../lab/trace.ts'
import type { TextTable } from '../../lab/protocol.ts'
import type { ChainRecord } from '../../model/tables.ts'
import type { Micros, Replica } from '../contract.ts'

export type Tab = TextTable | 'conntrack' | 'routes' | 'links'

export interface TabInfo {
  readonly id: Tab
  readonly title: string
  readonly command: (node: string) => string
  /** What the node's proxy writes. */
  readonly main?: boolean
}

const ON: Readonly<Record<Tab, { title: string; command: string; has?: (replica: Replica, node: string) => boolean }>> =
  {
    nftables: {
      title: 'nftables',
      command: 'nft list ruleset',
      has: (replica, node) => replica.all('nftTables').some((table) => table.node === node),
    },
    ipvs: {
      title: 'IPVS',
      command: 'ipvsadm -Ln',
      has: (replica, node) => replica.all('ipvsServices').some((service) => service.node === node),
    },
    ipset: {
      title: 'ipset',
      command: 'ipset list',
      has: (replica, node) => replica.all('ipsets').some((set) => set.node === node),
    },
    ebpf: {
      title: 'eBPF maps',
      command: 'cilium-dbg bpf lb list',
      has: (replica, node) => replica.get('bpfAgents', node) !== undefined,
    },
    iptables: { title: 'iptables', command: 'iptables-save -c' },
    conntrack: { title: 'conntrack', command: 'conntrack -L' },
    routes: { title: 'Routes', command: 'ip route' },
    links: { title: 'Links', command: 'ip addr' },
  }

/** What the node uses: every node has iptables rules of the kubelet, flows, routes and links. */
export function tabsOf(replica: Replica, node: string): TabInfo[] {
  const runs = replica.get('kubeProxies', node)?.mode ?? 'iptables'
  const mode = runs === 'userspace' ? 'iptables' : runs
  return (Object.keys(ON) as Tab[])
    .filter((id) => ON[id].has?.(replica, node) ?? true)
    .map((id) => ({
      id,
      title: ON[id].title,
      command: (on) => `ssh ${on} ${ON[id].command}`,
      ...(id === mode ? { main: true } : {}),
    }))
}

/** A text filtered by words that must all occur. */
export function plainLines(text: string, search: string): { lines: readonly string[]; total: number } {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  const all = text.split('\n')
  if (all[all.length - 1] === '') all.pop()
  const fit = words.length === 0 ? all : all.filter((line) => words.every((word) => line.toLowerCase().includes(word)))
  return { lines: fit.slice(0, LINE_LIMIT), total: fit.length }
}

export const TABLES = ['nat', 'filter', 'mangle', 'raw'] as const

export interface RuleLine {
  readonly key: string
  readonly text: string
  readonly chain: string
  readonly kind: 'chain' | 'rule'
  /** Written by the last write. */
  readonly fresh: boolean
  /** The chain that this rule jumps to. */
  readonly jump: string | undefined
  /** Counted since the rule was written. */
  readonly packets: number
  readonly bytes: number
}

export function chainsOf(replica: Replica, node: string, table: string): ChainRecord[] {
  return replica
    .by('chains', 'node', node)
    .filter((chain) => chain.table === table)
    .sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
}
/** Built-in chains first, as iptables-save prints them. */
const rank = (chain: ChainRecord): number => (chain.policy === undefined ? 1 : 0)

export const LINE_LIMIT = 3_000

/** A rule as iptables-save prints it; chains keep the spelling of whoever wrote it. */
const spelled = new Map<string, string>()
function saved(rule: string): string {
  let text = spelled.get(rule)
  if (text === undefined) {
    if (spelled.size > 50_000) spelled.clear()
    spelled.set(rule, (text = printRule(loadedRule(rule))))
  }
  return text
}

/** The table as text, filtered by words that must all occur; how many lines there are in all. */
export function ruleLines(
  replica: Replica,
  node: string,
  table: string,
  search: string,
): { lines: RuleLine[]; total: number } {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  const fits = (text: string): boolean => words.every((word) => text.toLowerCase().includes(word))
  const added = new Set(replica.get('netfilter', node)?.added ?? [])
  const hits = replica.get('ruleHits', node)?.hits
  const chains = chainsOf(replica, node, table)
  const lines: RuleLine[] = []
  let total = 0
  const add = (line: RuleLine): void => {
    if (!fits(line.text)) return
    total++
    if (lines.length < LINE_LIMIT) lines.push(line)
  }
  for (const chain of chains)
    add({
      key: `:${chain.name}`,
      text: `:${chain.name} ${chain.policy ?? '-'}`,
      chain: chain.name,
      kind: 'chain',
      fresh: false,
      jump: undefined,
      packets: 0,
      bytes: 0,
    })
  for (const chain of chains)
    chain.rules.forEach((rule, i) => {
      const text = saved(rule)
      add({
        key: `${chain.name} ${i}`,
        text,
        chain: chain.name,
        kind: 'rule',
        fresh: added.has(`${table} ${text}`),
        jump: /-[jg] (\S+)/.exec(text)?.[1],
        packets: hits?.[`${table} ${chain.name} ${i}`]?.[0] ?? 0,
        bytes: hits?.[`${table} ${chain.name} ${i}`]?.[1] ?? 0,
      })
    })
  return { lines, total }
}

export interface Row {
  readonly key: string
  readonly cells: readonly string[]
  readonly select: { table: string; id: string }
  /** Beside the second cell. */
  readonly clock?: { readonly since: Micros; readonly until: Micros }
}

export function conntrackRows(replica: Replica, node: string, now: Micros): Row[] {
  return replica.by('conntrack', 'node', node).flatMap((entry) => {
    if (entry.expiresAt <= now) return []
    const { orig, reply } = entry
    const id = `${node}|${orig.proto} ${orig.src}:${orig.sport}>${orig.dst}:${orig.dport}`
    const flags = entry.assured ? '[ASSURED]' : entry.seenReply ? '' : '[UNREPLIED]'
    return [
      {
        key: id,
        cells: [
          orig.proto,
          `${Math.ceil((entry.expiresAt - now) / 1e6)} s`,
          entry.state ?? '',
          `${orig.src}:${orig.sport} → ${orig.dst}:${orig.dport}`,
          `${reply.src}:${reply.sport} → ${reply.dst}:${reply.dport}`,
          flags,
        ],
        select: { table: 'conntrack', id },
        clock: { since: entry.expiresAt - entry.timeoutSeconds * 1e6, until: entry.expiresAt },
      },
    ]
  })
}

export function routeRows(replica: Replica, node: string): Row[] {
  return replica.by('routes', 'netns', `${node}|`).map((route) => ({
    key: route.dst,
    cells: [route.dst, route.via ?? '', route.dev, route.src ?? '', route.proto ?? '', route.scope ?? ''],
    select: { table: 'routes', id: `${node}||${route.dst}` },
  }))
}

export function linkRows(replica: Replica, node: string): Row[] {
  return replica.by('links', 'node', node).map((link) => ({
    key: `${link.netns} ${link.name}`,
    cells: [
      `${link.index}: ${link.name}`,
      link.netns === ''
        ? 'host'
        : (replica.by('sandboxes', 'node', node).find((s) => s.netns === link.netns)?.metadata.name ?? link.netns),
      link.kind,
      link.addresses.join(' '),
      link.master ? `in ${link.master}` : link.peer ? `pair of ${link.peer.name}` : '',
      link.up ? 'UP' : 'DOWN',
    ],
    select: { table: 'links', id: `${node}|${link.netns}|${link.name}` },
  }))
}
