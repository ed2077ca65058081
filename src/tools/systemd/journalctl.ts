import { civil, EPOCH_SECONDS, parseRfc3339 } from '../../sim/clock.ts'
import type { Micros } from '../../sim/contract.ts'
import { compactJson } from '../json-text.ts'
import type { Tool, ToolCall, ToolResult } from '../contract.ts'
import { readWords } from '../words.ts'
import { journalLine, linesOfUnit } from './journal-lines.ts'
import { unitName } from './units.ts'

const SPEC = {
  flags: ['f', 'no-pager', 'r', 'x', 'e', 'b', 'k', 'q', 'a', 'no-hostname', 'no-full', 'full', 'utc', 'all'],
  values: ['u', 'o', 'since', 'until', 'p', 'g', 't'],
  alias: { unit: 'u', follow: 'f', reverse: 'r', catalog: 'x', 'pager-end': 'e', boot: 'b', dmesg: 'k', quiet: 'q', output: 'o', S: 'since', U: 'until', priority: 'p', grep: 'g', identifier: 't', l: 'full' },
} // prettier-ignore

/** -n may stand alone (ten lines), and so may --lines. */
function takeLines(argv: readonly string[]): { rest: string[]; lines: number | undefined } {
  const rest: string[] = []
  let lines: number | undefined
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i]!
    const joined = /^(?:-n|--lines=)(\d+|all)$/.exec(arg)
    if (joined) lines = joined[1] === 'all' ? Infinity : Number(joined[1])
    else if (arg === '-n' || arg === '--lines') {
      if (/^(\d+|all)$/.test(argv[i + 1] ?? '')) lines = argv[i + 1] === 'all' ? Infinity : Number(argv[++i])
      else lines = 10
    } else rest.push(arg)
  }
  return { rest, lines }
}

const UNITS: Readonly<Record<string, number>> = {
  s: 1,
  sec: 1,
  second: 1,
  m: 60,
  min: 60,
  minute: 60,
  h: 3600,
  hr: 3600,
  hour: 3600,
  d: 86_400,
  day: 86_400,
  w: 604_800,
  week: 604_800,
}

/** systemd.time: `10 min ago`, `-10m`, `today`, `22:00`, `2026-06-10 22:01:00`. Undefined: not understood. */
export function systemdMoment(text: string, now: Micros): Micros | undefined {
  const t = text.trim().toLowerCase()
  const midnight = now - ((EPOCH_SECONDS + Math.floor(now / 1e6)) % 86_400) * 1e6 - (now % 1e6)
  if (t === 'now') return now
  if (t === 'today') return midnight
  if (t === 'yesterday') return midnight - 86_400_000_000
  const relative = /^(-|\+)?((?:\d+\s*[a-z]+\s*)+?)(\s*ago)?$/.exec(t)
  if (relative && (relative[1] || relative[3])) {
    let seconds = 0
    for (const [, n, unit] of relative[2]!.matchAll(/(\d+)\s*([a-z]+)/g)) {
      const size = UNITS[unit!] ?? UNITS[unit!.replace(/s$/, '')]
      if (size === undefined) return undefined
      seconds += Number(n) * size
    }
    return relative[1] === '+' ? now + seconds * 1e6 : now - seconds * 1e6
  }
  const date = /^(\d{4}-\d\d-\d\d)(?:[ t](\d\d:\d\d)(:\d\d)?)?$/.exec(t)
  if (date) return parseRfc3339(`${date[1]}T${date[2] ?? '00:00'}${date[3] ?? ':00'}Z`)
  const clock = /^(\d\d:\d\d)(:\d\d)?$/.exec(t)
  if (clock) {
    const c = civil(now)
    const two = (n: number) => String(n).padStart(2, '0')
    return parseRfc3339(`${c.year}-${two(c.month)}-${two(c.day)}T${clock[1]}${clock[2] ?? ':00'}Z`)
  }
  return undefined
}

function run(call: ToolCall): ToolResult {
  if (call.place.at !== 'node') return { exit: 127 }
  const { node } = call.place
  const { rest, lines } = takeLines(call.argv.slice(1))
  const words = readWords(rest, SPEC)
  if (words.unknown) return { err: `journalctl: unrecognized option '${words.unknown}'\n`, exit: 1 }
  if (words.missing) return { err: `journalctl: option '${words.missing}' requires an argument\n`, exit: 1 }
  const { reader } = call
  const since = words.values.has('since') ? systemdMoment(words.values.get('since')!, reader.now) : -Infinity
  const until = words.values.has('until') ? systemdMoment(words.values.get('until')!, reader.now) : Infinity
  if (since === undefined || until === undefined)
    return { err: `Failed to parse timestamp: ${words.values.get(since === undefined ? 'since' : 'until')}\n`, exit: 1 }
  const kernel = words.flags.has('k') ? ['kernel'] : []
  const units = [...kernel, ...(words.lists.get('u') ?? []).map(unitName)]
  const format = words.values.get('o') ?? 'short'
  const pattern = words.values.get('g')
  const wanted = linesOfUnit(reader, node, units).filter(
    (l) => l.at >= since && l.at <= until && (pattern === undefined || l.text.includes(pattern)),
  )
  const print = (list: typeof wanted) =>
    list
      .map((l) =>
        format === 'json'
          ? `${compactJson({ MESSAGE: l.text, _HOSTNAME: l.node, _PID: String(l.pid), SYSLOG_IDENTIFIER: l.comm, _SYSTEMD_UNIT: `${l.unit}.service`, __REALTIME_TIMESTAMP: String(EPOCH_SECONDS * 1e6 + l.at) })}\n`
          : journalLine(l, format),
      )
      .join('')
  const before = call.state as { seen: Readonly<Record<string, number>> } | undefined
  const newest = () =>
    Object.fromEntries(
      [...new Set(wanted.map((l) => l.unit))].map((unit) => [
        unit,
        Math.max(...wanted.filter((l) => l.unit === unit).map((l) => l.seq)),
      ]),
    )
  if (before) {
    if (call.interrupted) return { exit: 130 }
    const fresh = wanted.filter((l) => l.seq > (before.seen[l.unit] ?? -1))
    return { out: print(fresh), state: { seen: { ...before.seen, ...newest() } }, wait: { tables: ['journal'] } }
  }
  const follow = words.flags.has('f')
  const count = lines ?? (follow ? 10 : words.flags.has('e') ? 1000 : Infinity)
  const shown = Number.isFinite(count) ? wanted.slice(Math.max(0, wanted.length - count)) : wanted
  if (words.flags.has('r')) shown.reverse()
  if (follow) return { out: print(shown), state: { seen: newest() }, wait: { tables: ['journal'] } }
  return shown.length === 0 ? { out: '-- No entries --\n', exit: 0 } : { out: print(shown), exit: 0 }
}

export const journalctl: Tool = {
  name: 'journalctl',
  summary: 'the journal of this node',
  places: ['node'],
  run,
  complete: (words, { reader, place }) =>
    words.at(-2) === '-u' && place.at === 'node'
      ? reader.by('units', 'node', place.node).map((u) => u.unit)
      : ['-u', '-f', '-n', '--since', '--no-pager'],
}
