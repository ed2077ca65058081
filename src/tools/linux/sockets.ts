import type { ListenerRecord } from '../../model/tables.ts'
import { namespaceOf } from '../place.ts'
import type { Tool, ToolCall, ToolResult } from '../contract.ts'
import { readWords } from '../words.ts'

/** Listening sockets; -p names their processes. Established connections are in conntrack. */
function run(call: ToolCall): ToolResult {
  const at = namespaceOf(call.reader, call.place)
  if (!at) return { err: "not simulated here: the laptop's own sockets; on a node (ssh worker-1) ss works\n", exit: 1 }
  const words = readWords(call.argv.slice(1), {
    flags: ['l', 't', 'u', 'n', 'p', 'a', 'e', 'H', 'o', 'i', 's', '4', 'x'],
    values: ['f', 'A'],
    alias: { listening: 'l', tcp: 't', udp: 'u', numeric: 'n', processes: 'p', all: 'a', 'no-header': 'H' },
  })
  if (words.unknown) return { err: `ss: invalid option -- '${words.unknown.replace(/^-+/, '')}'\n`, exit: 255 }
  const { flags } = words
  const both = flags.has('t') === flags.has('u')
  const port = words.args.map((arg) => /^:?(\d+)$/.exec(arg)?.[1]).find((p) => p !== undefined)
  const sockets = call.reader
    .by('listeners', 'netns', `${at.node}|${at.netns}`)
    .filter((l) => (both || (l.proto === 'tcp') === flags.has('t')) && (port === undefined || String(l.port) === port))
  if (!flags.has('l') && !flags.has('a'))
    return {
      out: header(flags.has('H'), both, []),
      err: '# only listening sockets are listed (-l); conntrack -L shows connections\n',
      exit: 0,
    }
  const rows = [...sockets]
    .sort((a, b) => (a.proto === b.proto ? a.port - b.port : a.proto < b.proto ? 1 : -1))
    .map((l) => row(call, l, flags.has('p'), both))
  return { out: header(flags.has('H'), both, rows), exit: 0 }
}

function row(call: ToolCall, l: ListenerRecord, processes: boolean, both: boolean): string[] {
  const process = call.reader.get('processes', `${l.node}|${l.pid}`)
  const name = process?.comm ?? 'kubelet'
  const local = l.ip === '0.0.0.0' ? '*' : l.ip
  return [
    ...(both ? [l.proto] : []),
    l.proto === 'tcp' ? 'LISTEN' : 'UNCONN',
    '0',
    l.proto === 'tcp' ? '4096' : '0',
    `${local}:${l.port}`,
    l.proto === 'tcp' || l.ip === '0.0.0.0' ? '*:*' : '0.0.0.0:*',
    processes ? `users:(("${name}",pid=${l.pid}))` : '',
  ]
}

/** Columns as ss sizes them for its own output: each as wide as its widest cell, addresses right-aligned before the port. */
function header(hidden: boolean, both: boolean, rows: readonly string[][]): string {
  const names = [
    ...(both ? ['Netid'] : []),
    'State',
    'Recv-Q',
    'Send-Q',
    'Local Address:Port',
    'Peer Address:Port',
    'Process',
  ]
  const all = hidden ? rows : [names, ...rows]
  const widths = names.map((_, i) => Math.max(0, ...[names, ...rows].map((r) => r[i]!.length)))
  const right = (i: number) => /Address/.test(names[i]!)
  return all.map((r) => `${r.map((cell, i) => (i === r.length - 1 ? cell : right(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join(' ').trimEnd()}\n`).join('') // prettier-ignore
}

export const ss: Tool = {
  name: 'ss',
  summary: 'listening sockets: ss -ltnp',
  places: ['node', 'container', 'laptop'],
  run,
}
