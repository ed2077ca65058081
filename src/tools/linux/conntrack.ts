import type { ConntrackRecord, ModelReader } from '../../model/tables.ts'
import { tupleKey } from '../../model/linux/netfilter/packet.ts'
import type { Input } from '../../sim/contract.ts'
import { listConntrack } from '../../model/linux/net/conntrack-table.ts'
import type { Tool, ToolCall, ToolResult } from '../contract.ts'
import { readWords } from '../words.ts'

const NUMBERS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, icmp: 1 }
const VERSION = 'conntrack v1.4.8 (conntrack-tools)'

/** One entry as libnetfilter_conntrack prints it. */
export function conntrackLine(entry: ConntrackRecord, now: number | undefined): string {
  const { orig, reply } = entry
  const { proto } = orig
  const tuple = (t: ConntrackRecord['orig']) =>
    proto === 'icmp'
      ? `src=${t.src} dst=${t.dst} type=${t === orig ? 8 : 0} code=0 id=${t.sport}`
      : `src=${t.src} dst=${t.dst} sport=${t.sport} dport=${t.dport}`
  // the tuples alone, as a [DESTROY] event has them
  const left = now === undefined ? '' : `${Math.max(0, Math.floor((entry.expiresAt - now) / 1e6))} `
  const state = now === undefined || entry.state === undefined ? '' : `${entry.state} `
  return `${proto.padEnd(8)} ${NUMBERS[proto] ?? 0} ${left}${state}${tuple(orig)} ${entry.seenReply ? '' : '[UNREPLIED] '}${tuple(reply)} ${entry.assured ? '[ASSURED] ' : ''}mark=${entry.mark} use=1\n`
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
  if (words.flags.has('S')) return { out: statistics(call.reader, node), exit: 0 }
  if (words.flags.has('E')) return watch(call, entries)
  if (words.flags.has('F'))
    return {
      err: `${VERSION}: connection tracking table has been emptied.\n`,
      inputs: deleting(node, entries),
      exit: 0,
    }
  const text = entries.map((e) => conntrackLine(e, call.reader.now)).join('')
  if (words.flags.has('D')) {
    return {
      out: text,
      err: `${VERSION}: ${entries.length} flow entries have been deleted.\n`,
      outFirst: true,
      inputs: deleting(node, entries),
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

function deleting(node: string, entries: readonly ConntrackRecord[]): Input[] {
  if (entries.length === 0) return []
  const ids = entries.map((e) => `${e.node}|${tupleKey(e.orig)}`)
  return [{ kind: 'kernel.conntrack-delete', to: `${node}/kernel`, from: 'laptop', data: { ids } }]
}

/** One line a CPU. Of what it counts, only what the model knows is ever more than nothing. */
function statistics(reader: ModelReader, node: string): string {
  const cpus = reader.get('machines', node)?.cpus ?? 1
  const stats = reader.get('conntrackStats', node)
  let out = ''
  for (let cpu = 0; cpu < cpus; cpu++) {
    const { invalid = 0, drop = 0, earlyDrop = 0 } = stats?.cpus[cpu] ?? {}
    out += `cpu=${cpu}   \tfound=0 invalid=${invalid} insert=0 insert_failed=0 drop=${drop} early_drop=${earlyDrop} error=0 search_restart=0 clash_resolve=0 chaintoolong=0 \n`
  }
  return out
}

type Seen = Record<string, ConntrackRecord>

/** What an event tells of an entry: a change of anything else (its timer, its counters) is no event (IPCT_*). */
const telling = (e: ConntrackRecord): string => `${e.state} ${e.seenReply} ${e.assured} ${e.mark}`

/** `conntrack -E`: events as they come, until Ctrl-C. */
function watch(call: ToolCall, entries: readonly ConntrackRecord[]): ToolResult {
  const now = Object.fromEntries(entries.map((e) => [tupleKey(e.orig), e]))
  const before = call.state as { seen: Seen; shown: number } | undefined
  let out = ''
  let shown = before?.shown ?? 0
  const say = (kind: string, line: string): void => {
    out += `${kind.padStart(9)} ${line}`
    shown++
  }
  if (before) {
    for (const [key, e] of Object.entries(now)) {
      const old = before.seen[key]
      if (!old || old.startedAt !== e.startedAt) say('[NEW]', eventLine(e, call.reader.now))
      else if (telling(old) !== telling(e)) say('[UPDATE]', eventLine(e, call.reader.now))
    }
    for (const [key, e] of Object.entries(before.seen)) if (!now[key]) say('[DESTROY]', eventLine(e, undefined))
  }
  if (call.interrupted)
    return { out, err: `${VERSION}: ${shown} flow events have been shown.\n`, outFirst: true, exit: 0 }
  return { out, state: { seen: now, shown }, wait: { tables: ['conntrack'] } }
}

/** Without the parts that only a dump has. */
const eventLine = (e: ConntrackRecord, now: number | undefined): string =>
  conntrackLine(e, now).replace(/ ?mark=0 use=1\n$/, '\n')

export const conntrack: Tool = {
  name: 'conntrack',
  summary: 'tracked connections: conntrack -L [-p tcp] [-d ADDRESS], -D, -E, -S, -C',
  places: ['node'],
  run,
}
