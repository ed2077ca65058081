import { civil } from '../../sim/clock.ts'
import { listChains } from '../../model/linux/netfilter/list-rules.ts'
import { liveRules } from '../../model/linux/netfilter/live-rules.ts'
import { printSave, printSpecs } from '../../model/linux/netfilter/print-save.ts'
import type { Micros } from '../../sim/contract.ts'
import type { Tool, ToolCall, ToolResult } from '../contract.ts'
import { readWords } from '../words.ts'
import { change, restoreAll, VERSION } from './change.ts'

const TABLES = ['filter', 'nat', 'mangle', 'raw', 'security']
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** ctime(3). */
function ctime(at: Micros): string {
  const c = civil(at)
  const two = (n: number) => String(n).padStart(2, '0')
  return `${DAYS[c.weekday]} ${MONTHS[c.month - 1]} ${String(c.day).padStart(2)} ${two(c.hour)}:${two(c.minute)}:${two(c.second)} ${c.year}`
}

function save(call: ToolCall): ToolResult {
  if (call.place.at !== 'node') return { exit: 127 }
  const words = readWords(call.argv.slice(1), {
    flags: ['c', 'h'],
    values: ['t', 'f', 'M'],
    alias: { counters: 'c', table: 't', file: 'f', help: 'h' },
  })
  if (words.unknown)
    return {
      err: `iptables-save: unrecognized option '${words.unknown}'\nTry \`iptables-save -h' for more information.\n`,
      exit: 1,
    }
  const table = words.values.get('t')
  if (table !== undefined && !TABLES.includes(table))
    return { err: `iptables-save ${VERSION}: Cannot initialize: table '${table}' does not exist\n`, exit: 1 }
  const out = printSave(liveRules(call.reader, call.place.node), {
    counters: words.flags.has('c'),
    ...(table === undefined ? {} : { table }),
    header: { program: `iptables-save ${VERSION}`, date: ctime(call.reader.now) },
  })
  return { out, exit: 0 }
}

function run(call: ToolCall): ToolResult {
  if (call.place.at !== 'node') return { exit: 127 }
  const argv = call.argv.slice(1)
  const words = readWords(argv, {
    flags: ['n', 'v', 'x', 'h', 'L', 'S', 'V', 'line-numbers'],
    values: ['t', 'w'],
    alias: {
      table: 't',
      numeric: 'n',
      verbose: 'v',
      exact: 'x',
      list: 'L',
      'list-rules': 'S',
      version: 'V',
      wait: 'w',
      help: 'h',
    },
  })
  const table = words.values.get('t') ?? 'filter'
  const usage = (text: string) => ({
    err: `iptables ${VERSION}: ${text}\nTry \`iptables -h' or 'iptables --help' for more information.\n`,
    exit: 2,
  })
  if (words.flags.has('V')) return { out: `iptables ${VERSION}\n`, exit: 0 }
  const changed = change(call, call.place.node)
  if (changed) return changed
  if (!TABLES.includes(table))
    return {
      err: `iptables ${VERSION}: can't initialize iptables table \`${table}': Table does not exist (do you need to insmod?)\nPerhaps iptables or your kernel needs to be upgraded.\n`,
      exit: 3,
    }
  if (!words.flags.has('L') && !words.flags.has('S')) return usage('no command specified')
  const source = liveRules(call.reader, call.place.node)
  const chain = words.args[0]
  if (chain !== undefined && !source.chains(table).some((c) => c.name === chain))
    return { err: 'iptables: No chain/target/match by that name.\n', exit: 1 }
  if (words.flags.has('S')) return { out: printSpecs(source, table, chain), exit: 0 }
  return {
    out: listChains(source, table, chain, {
      verbose: words.flags.has('v'),
      lineNumbers: words.flags.has('line-numbers'),
    }),
    exit: 0,
  }
}

const chainsOf: Tool['complete'] = (words, { reader, place }) => {
  if (place.at !== 'node') return []
  const at = words.indexOf('-t')
  const table = at > 0 ? (words[at + 1] ?? 'filter') : 'filter'
  if (words.at(-2) === '-t') return TABLES
  return liveRules(reader, place.node)
    .chains(table)
    .map((chain) => chain.name)
}

export const iptables: Tool = {
  name: 'iptables',
  summary: 'list and change rules: iptables -t nat -L -n [CHAIN], iptables -A CHAIN ... -j TARGET',
  places: ['node'],
  run,
  complete: chainsOf,
}
export const iptablesSave: Tool = {
  name: 'iptables-save',
  summary: 'all rules as text that can be loaded',
  places: ['node'],
  run: save,
}

function restoreRun(call: ToolCall): ToolResult {
  if (call.place.at !== 'node') return { exit: 127 }
  const words = readWords(call.argv.slice(1), {
    flags: ['n', 't', 'c', 'v', 'h', 'V', '4'],
    values: ['T', 'w', 'W', 'M'],
    alias: { noflush: 'n', test: 't', counters: 'c', verbose: 'v', help: 'h', version: 'V', table: 'T', wait: 'w' },
  })
  if (words.unknown)
    return {
      err: `iptables-restore: unrecognized option '${words.unknown}'\nTry \`iptables-restore -h' for more information.\n`,
      exit: 1,
    }
  if (words.flags.has('V')) return { out: `iptables-restore ${VERSION}\n`, exit: 0 }
  const [file] = words.args
  const path = file?.startsWith('/') || file === undefined ? file : `${call.cwd === '/' ? '' : call.cwd}/${file}`
  const text = path === undefined ? call.stdin : call.files.read(path)
  if (path !== undefined && text === undefined)
    return { err: `Can't open ${file}: No such file or directory\n`, exit: 1 }
  return restoreAll(call, call.place.node, text ?? '', { noflush: words.flags.has('n'), test: words.flags.has('t') })
}

export const iptablesRestore: Tool = {
  name: 'iptables-restore',
  summary: 'load rules from text: iptables-restore [--noflush] [--test] FILE',
  places: ['node'],
  readsInput: (argv) => argv.slice(1).every((word) => word.startsWith('-')),
  run: restoreRun,
}
