/** The tables of a mode as the command prints them that a person would use, and the lines of one Service in them. */
import type { ProxyModeName } from '../model/kube-proxy/mode.ts'
import { liveRules } from '../model/linux/netfilter/live-rules.ts'
import { printSave } from '../model/linux/netfilter/print-save.ts'
import type { ModelReader } from '../model/tables.ts'
import { ciliumDbg } from '../tools/bpf/cilium-dbg.ts'
import type { Tool } from '../tools/contract.ts'
import { ipset } from '../tools/ipset/ipset.ts'
import { ipvsadm } from '../tools/ipvsadm/ipvsadm.ts'
import { nftTool } from '../tools/nft/nft.ts'
import type { TextTable } from './protocol.ts'
import type { SampleLine } from './rules-protocol.ts'

type Printer = (reader: ModelReader, node: string) => string

/** What a tool prints on the node, where it answers at once. */
const printed =
  (tool: Tool, ...words: readonly string[]): Printer =>
  (reader, node) =>
    tool.run({
      argv: [tool.name, ...words],
      stdin: undefined,
      reader,
      place: { at: 'node', node },
      env: {},
      cwd: '/root',
      files: { read: () => undefined, list: () => undefined },
      tty: false,
    }).out ?? ''

const PRINTERS: Readonly<Partial<Record<TextTable, Printer>>> = {
  iptables: (reader, node) => printSave(liveRules(reader, node)),
  nftables: printed(nftTool, 'list', 'ruleset'),
  ipvs: printed(ipvsadm, '-Ln'),
  ipset: printed(ipset, 'list'),
  ebpf: printed(ciliumDbg, 'bpf', 'lb', 'list'),
}

export function textOf(table: TextTable | ProxyModeName, reader: ModelReader, node: string): string | undefined {
  return table === 'userspace' ? undefined : PRINTERS[table]?.(reader, node)
}

export function sizeOf(text: string): { lines: number; bytes: number } {
  let lines = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++
  return { lines, bytes: text.length }
}

const MOST_SERVERS = 4

/** In a table that is looked up: its head, the line of the Service, and its backends. */
export function entryLines(text: string, address: string, backend: string | undefined): SampleLine[] {
  const all = text.split('\n')
  const at = all.findIndex((line) =>
    line
      .trim()
      .split(/\s+/)
      .some((word) => word.startsWith(address)),
  )
  if (at < 0) return []
  const rest: SampleLine[] = []
  for (const line of all.slice(at + 1)) {
    if (!/^\s*->/.test(line) && !line.startsWith(address)) break
    rest.push({ text: line.trimEnd(), state: backend !== undefined && line.includes(backend) ? 'now' : 'rest' })
  }
  const chosen = rest.findIndex((line) => line.state === 'now')
  const from = Math.max(0, Math.min(chosen, rest.length - MOST_SERVERS))
  const head = all
    .slice(0, at)
    .findLast((line) => /[A-Z]/.test(line) && !/\d+\.\d+\.\d+/.test(line) && !line.startsWith('IP '))
  return [
    ...(head === undefined ? [] : [{ text: head.trimEnd(), state: 'rest' as const }]),
    { text: all[at]!.trimEnd(), state: 'yes' },
    ...rest.slice(from, from + MOST_SERVERS),
  ]
}
