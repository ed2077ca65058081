import { loadedRule, printRule } from '../../lab/trace.ts'
import type { ChainRecord, NetfilterRecord } from '../../model/tables.ts'
import type { Micros, Replica } from '../contract.ts'

export type Tab = 'iptables' | 'conntrack' | 'routes' | 'links'
export const TABS: readonly { id: Tab; title: string; command: (node: string) => string }[] = [
  { id: 'iptables', title: 'iptables', command: (node) => `ssh ${node} iptables-save` },
  { id: 'conntrack', title: 'conntrack', command: (node) => `ssh ${node} conntrack -L` },
  { id: 'routes', title: 'Routes', command: (node) => `ssh ${node} ip route` },
  { id: 'links', title: 'Links', command: (node) => `ssh ${node} ip addr` },
]
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
      })
    })
  return { lines, total }
}

export interface Diff {
  readonly record: NetfilterRecord
  readonly added: readonly string[]
  readonly removed: readonly string[]
}
export function lastDiff(replica: Replica, node: string): Diff | undefined {
  const record = replica.get('netfilter', node)
  return record && record.addedCount + record.removedCount > 0
    ? { record, added: record.added, removed: record.removed }
    : undefined
}

export interface Row {
  readonly key: string
  readonly cells: readonly string[]
  readonly select: { table: string; id: string }
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
