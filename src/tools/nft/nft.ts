/**
 * `nft`: lists what a machine holds, and changes it by transactions. Wording, pointing and exit statuses are those of
 * nftables 1.0.6 (src/main.c, src/erec.c).
 */
import type { Input } from '../../sim/contract.ts'
import type { NftApply } from '../../model/linux/nft/apply.ts'
import { liveNft } from '../../model/linux/nft/live-store.ts'
import type { ListOptions } from '../../model/linux/nft/print-ruleset.ts'
import { planTransaction } from '../../model/linux/nft/transaction.ts'
import type { Tool, ToolCall, ToolResult } from '../contract.ts'
import { readWords } from '../words.ts'
import { type Complaint, complaint } from './complaint.ts'
import { getElement, list } from './list.ts'
import { withDefinitions } from './definitions.ts'
import { flushManaged, managedTables } from './managed.ts'
import { monitor } from './monitor.ts'

export const VERSION = 'nftables v1.0.6 (Lester Gooch #5)'

const HELP = `Usage: nft [ options ] [ cmds... ]

Options (general):
  -h, --help                      Show this help
  -v, --version                   Show version information

Options (ruleset input handling):
  -f, --file <filename>           Read input from <filename>
  -c, --check                     Check commands validity without actually applying the changes.

Options (ruleset list formatting):
  -a, --handle                    Output rule handle.
  -s, --stateless                 Omit stateful information of ruleset.
  -t, --terse                     Omit contents of sets.
  -n, --numeric                   Print fully numerical output.
`

function run(call: ToolCall): ToolResult {
  if (call.place.at !== 'node') return { exit: 127 }
  const words = readWords(call.argv.slice(1), {
    flags: ['h', 'v', 'c', 'a', 's', 't', 'n', 'e', 'j', 'y', 'p', 'S', 'u', 'N', 'T', 'i', 'o', 'd'],
    values: ['f', 'I', 'D'],
    alias: {
      help: 'h',
      version: 'v',
      check: 'c',
      handle: 'a',
      stateless: 's',
      terse: 't',
      numeric: 'n',
      echo: 'e',
      json: 'j',
      file: 'f',
      service: 'S',
      reversedns: 'N',
      optimize: 'o',
    },
    stopAtWord: true,
  })
  if (words.unknown !== undefined) return { err: `nft: unrecognized option '${words.unknown}'\n`, exit: 1 }
  if (words.missing !== undefined) return { err: `nft: option requires an argument -- '${words.missing}'\n`, exit: 1 }
  if (words.flags.has('h')) return { out: HELP, exit: 0 }
  if (words.flags.has('v')) return { out: `${VERSION}\n`, exit: 0 }
  if (words.flags.has('j')) return { err: 'not simulated here: JSON (-j); leave it out\n', exit: 1 }
  if (words.flags.has('i')) return { err: 'not simulated here: nft -i; write one command at a time\n', exit: 1 }
  const options: ListOptions = {
    handles: words.flags.has('a'),
    stateless: words.flags.has('s'),
    terse: words.flags.has('t'),
    now: call.reader.now,
  }
  const check = words.flags.has('c')
  const file = words.values.get('f')
  if (file !== undefined) return fromFile(call, call.place.node, file, options, check)
  if (words.args.length === 0) return { err: 'nft: no command specified\n', exit: 1 }
  if (words.args[0] === 'monitor') return monitor(call, call.place.node, words.args.slice(1))
  return perform(call, call.place.node, words.args.join(' '), undefined, options, check)
}

function fromFile(call: ToolCall, node: string, file: string, options: ListOptions, check: boolean): ToolResult {
  const stdin = file === '-' || file === '/dev/stdin'
  const path = file.startsWith('/') ? file : `${call.cwd === '/' ? '' : call.cwd}/${file}`
  const text = stdin ? (call.stdin ?? '') : call.files.read(path)
  if (text === undefined)
    return { err: `internal:0:0-0: Error: Could not open file "${file}": No such file or directory\n\n`, exit: 1 }
  return perform(call, node, withDefinitions(text), stdin ? '/dev/stdin' : file, options, check)
}

const READS = /^(?:list|get|reset|describe)\b/

/** A line that lists ends a transaction of its own; all others together are one. */
function perform(
  call: ToolCall,
  node: string,
  text: string,
  file: string | undefined,
  options: ListOptions,
  check: boolean,
): ToolResult {
  const store = liveNft(call.reader, node)
  const lines = text.split('\n')
  const changes: string[] = []
  const readers: { line: string; number: number }[] = []
  lines.forEach((line, i) => {
    if (READS.test(line.trim())) {
      readers.push({ line: line.trim().replace(/;$/, ''), number: i + 1 })
      changes.push('')
    } else changes.push(line)
  })
  const inputs: Input[] = []
  if (changes.some((line) => line.trim() !== '')) {
    const plan = planTransaction(store, changes, { now: call.reader.now })
    if (plan.error) return { err: complaint(plan.error, lines, file), exit: 1 }
    if (!check && plan.changes.length > 0) {
      const data: NftApply = { lines: changes, writer: 'nft' }
      inputs.push({ kind: 'kernel.nft-apply', to: `${node}/kernel`, data })
    }
    if (!check && changes.some((line) => /^\s*flush ruleset\s*(?:ip\s*)?;?\s*$/.test(line)))
      inputs.push(...flushManaged(call.reader, node))
  }
  let out = ''
  for (const { line, number } of readers) {
    const answer = line.startsWith('get')
      ? getElement(store, line, options)
      : list(store, line, options, managedTables(call.reader, node))
    if (typeof answer === 'string') out += answer
    else {
      const at: Complaint = { ...answer, line: number }
      return { ...(inputs.length > 0 ? { inputs } : {}), out, err: complaint(at, lines, file), exit: 1, outFirst: true }
    }
  }
  return { ...(inputs.length > 0 ? { inputs } : {}), ...(out === '' ? {} : { out }), exit: 0 }
}

const COMMANDS = ['list', 'add', 'insert', 'delete', 'flush', 'create', 'destroy', 'replace', 'get', 'monitor']
const LISTS = ['ruleset', 'tables', 'table', 'chains', 'chain', 'sets', 'set', 'maps', 'map', 'counters']
const OBJECTS = ['table', 'chain', 'rule', 'set', 'map', 'element']
const FAMILIES = ['ip', 'ip6', 'inet']

const complete: Tool['complete'] = (words, { reader, place }) => {
  if (place.at !== 'node') return []
  const [command, object, family, table, ...rest] = words.slice(1).filter((word) => !word.startsWith('-'))
  const store = liveNft(reader, place.node)
  if (object === undefined) return command?.startsWith('-') ? ['-a', '-f', '-s', '-t'] : COMMANDS
  if (family === undefined) return command === 'list' ? LISTS : command === 'flush' ? [...OBJECTS, 'ruleset'] : OBJECTS
  if (table === undefined) return FAMILIES
  if (rest.length === 0) return store.tables().flatMap((t) => (t.family === family ? [t.name] : []))
  if (rest.length > 1) return []
  const key = `${family}/${table}`
  if (object === 'chain' || object === 'rule') return store.chains(key).map((chain) => chain.name)
  return store
    .sets(key)
    .flatMap((set) => ((object === 'map') === (set.data !== undefined) || object === 'element' ? [set.name] : []))
}

export const nftTool: Tool = {
  name: 'nft',
  summary: 'list and change nftables: nft list ruleset, nft list map ip kube-proxy service-ips, nft -f FILE',
  places: ['node'],
  readsInput: (argv) => {
    const at = argv.findIndex((word) => word === '-f' || word === '--file')
    return at >= 0 && (argv[at + 1] === '-' || argv[at + 1] === '/dev/stdin')
  },
  run,
  complete,
}
