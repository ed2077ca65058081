import type { ConntrackRecord } from '../../model/tables.ts'
import { listConntrack } from '../../model/linux/net/conntrack-table.ts'
import type { Tool, ToolCall, ToolResult } from '../contract.ts'
import { readWords } from '../words.ts'

const NUMBERS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, icmp: 1 }
const VERSION = 'conntrack v1.4.8 (conntrack-tools)'

/** One entry as libnetfilter_conntrack prints it. */
export function conntrackLine(entry: ConntrackRecord, now: number): string {
  const { orig, reply } = entry
  const { proto } = orig
  const tuple = (t: ConntrackRecord['orig']) =>
    proto === 'icmp'
      ? `src=${t.src} dst=${t.dst} type=${t === orig ? 8 : 0} code=0 id=${t.sport}`
      : `src=${t.src} dst=${t.dst} sport=${t.sport} dport=${t.dport}`
  const left = Math.max(0, Math.floor((entry.expiresAt - now) / 1e6))
  const state = entry.state === undefined ? '' : `${entry.state} `
  return `${proto.padEnd(8)} ${NUMBERS[proto] ?? 0} ${left} ${state}${tuple(orig)} ${entry.seenReply ? '' : '[UNREPLIED] '}${tuple(reply)} ${entry.assured ? '[ASSURED] ' : ''}mark=${entry.mark} use=1\n`
}

const FILTERS: Readonly<Record<string, (entry: ConntrackRecord) => string | number>> = {
  s: (e) => e.orig.src,
  d: (e) => e.orig.dst,
  sport: (e) => e.orig.sport,
  dport: (e) => e.orig.dport,
  'reply-src': (e) => e.reply.src,
  'reply-dst': (e) => e.reply.dst,
  state: (e) => e.state ?? '',
}

function run(call: ToolCall): ToolResult {
  if (call.place.at !== 'node') return { exit: 127 }
  const { node } = call.place
  const words = readWords(call.argv.slice(1), {
    flags: ['L', 'D', 'C', 'S', 'n', 'E', 'F', 'V'],
    values: ['p', 's', 'd', 'sport', 'dport', 'reply-src', 'reply-dst', 'state', 'o', 'f', 'm'],
    alias: {
      dump: 'L',
      delete: 'D',
      count: 'C',
      stats: 'S',
      proto: 'p',
      protonum: 'p',
      src: 's',
      dst: 'd',
      'orig-src': 's',
      'orig-dst': 'd',
      'orig-port-src': 'sport',
      'orig-port-dst': 'dport',
      r: 'reply-src',
      q: 'reply-dst',
      output: 'o',
      family: 'f',
      flush: 'F',
      version: 'V',
      event: 'E',
    },
  })
  if (words.unknown)
    return {
      err: `${VERSION}: Bad parameter\nTry \`conntrack -h' or 'conntrack --help' for more information.\n`,
      exit: 2,
    }
  const proto = words.values.get('p')
  const entries = listConntrack(call.reader, node).filter(
    (e) =>
      (proto === undefined || e.orig.proto === proto) &&
      Object.entries(FILTERS).every(
        ([name, value]) => !words.values.has(name) || String(value(e)) === words.values.get(name),
      ),
  )
  if (words.flags.has('V')) return { out: `${VERSION}\n`, exit: 0 }
  if (words.flags.has('C')) return { out: `${entries.length}\n`, exit: 0 }
  if (words.flags.has('S') || words.flags.has('E') || words.flags.has('F'))
    return { err: `not simulated here: conntrack ${call.argv[1]}; -L, -D and -C work\n`, exit: 1 }
  const text = entries.map((e) => conntrackLine(e, call.reader.now)).join('')
  if (words.flags.has('D')) {
    const ids = entries.map(
      (e) => `${e.node}|${e.orig.proto} ${e.orig.src}:${e.orig.sport}>${e.orig.dst}:${e.orig.dport}`,
    )
    return {
      out: text,
      err: `${VERSION}: ${entries.length} flow entries have been deleted.\n`,
      outFirst: true,
      inputs:
        ids.length > 0
          ? [{ kind: 'kernel.conntrack-delete', to: `${node}/kernel`, from: 'laptop', data: { ids } }]
          : [],
      exit: entries.length > 0 ? 0 : 1,
    }
  }
  if (!words.flags.has('L'))
    return {
      err: `${VERSION}: You need to supply a command\nTry \`conntrack -h' or 'conntrack --help' for more information.\n`,
      exit: 2,
    }
  return { out: text, err: `${VERSION}: ${entries.length} flow entries have been shown.\n`, outFirst: true, exit: 0 }
}

export const conntrack: Tool = {
  name: 'conntrack',
  summary: 'tracked connections: conntrack -L [-p tcp] [-d ADDRESS]',
  places: ['node'],
  run,
}
