/** ipset(8) 7.17: sets of netfilter, listed and changed by hand. */
import { referencesTo } from '../../model/linux/ipset/apply.ts'
import type { SetOp } from '../../model/linux/ipset/operations.ts'
import { type IpsetRecord, SET_TYPES, setId, type SetType } from '../../model/linux/ipset/records.ts'
import type { Tool, ToolCall, ToolResult } from '../contract.ts'
import { readEntry } from './entries.ts'
import { listText, saveText } from './print.ts'

const VERSION = 'ipset v7.17'

const COMMANDS: Readonly<Record<string, string>> = {
  create: 'create',
  n: 'create',
  new: 'create',
  '-N': 'create',
  add: 'add',
  '-A': 'add',
  del: 'del',
  '-D': 'del',
  test: 'test',
  '-T': 'test',
  destroy: 'destroy',
  x: 'destroy',
  '-X': 'destroy',
  list: 'list',
  l: 'list',
  '-L': 'list',
  save: 'save',
  s: 'save',
  '-S': 'save',
  restore: 'restore',
  r: 'restore',
  '-R': 'restore',
  flush: 'flush',
  f: 'flush',
  '-F': 'flush',
  swap: 'swap',
  w: 'swap',
  '-W': 'swap',
  help: 'help',
  h: 'help',
  '-H': 'help',
  version: 'version',
  v: 'version',
  '-V': 'version',
  '-v': 'version',
}

export const ipset: Tool = {
  name: 'ipset',
  summary: 'sets of addresses and ports that rules ask',
  places: ['node'],
  run,
  readsInput: (argv) => argv.some((word) => COMMANDS[word] === 'restore'),
  complete: (words, call) => {
    const last = words[words.length - 1] ?? ''
    if (words.length <= 2)
      return ['list', 'save', 'test', 'add', 'del', 'create', 'destroy'].filter((w) => w.startsWith(last))
    if (call.place.at !== 'node') return []
    return call.reader
      .by('ipsets', 'node', call.place.node)
      .map((set) => set.name)
      .filter((name) => name.startsWith(last))
  },
}

const wrong = (says: string, exit = 1): ToolResult => ({ err: `${VERSION}: ${says}\n`, exit })
const MISSING = 'The set with the given name does not exist'

interface Options {
  readonly exist: boolean
  readonly names: boolean
  readonly terse: boolean
  readonly sorted: boolean
  readonly quiet: boolean
  readonly output: string
}

function run(call: ToolCall): ToolResult {
  if (call.place.at !== 'node') return { exit: 127 }
  const { node } = call.place
  const words: string[] = []
  const seen = new Set<string>()
  let output = 'plain'
  const argv = call.argv.slice(1)
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!
    if (word === '-o' || word === '-output' || word === '--output') output = argv[++i] ?? ''
    else if (/^--?(exist|!|name|n|terse|t|sorted|s|quiet|q|resolve|r)$/.test(word) && words.length > 0)
      seen.add(word.replace(/^-+/, '')[0]!)
    else if (/^--?(exist|!|quiet|q)$/.test(word)) seen.add(word.replace(/^-+/, '')[0]!)
    else words.push(word)
  }
  const options: Options = {
    exist: seen.has('e') || seen.has('!'),
    names: seen.has('n'),
    terse: seen.has('t'),
    sorted: seen.has('s'),
    quiet: seen.has('q'),
    output,
  }
  const command = COMMANDS[words[0] ?? '']
  if (words[0] === undefined) return wrong("No command specified.\nTry `ipset help' for more information.", 2)
  if (command === undefined)
    return wrong(`No command specified: unknown argument ${words[0]}\nTry \`ipset help' for more information.`, 2)
  if (command === 'version') return { out: `${VERSION}, protocol version: 7\n`, exit: 0 }
  if (command === 'help')
    return {
      out: `${VERSION}\n\nUsage: ipset [options] COMMAND\n\nCommands:\ncreate SETNAME TYPENAME [type-specific-options]\nadd SETNAME ENTRY\ndel SETNAME ENTRY\ntest SETNAME ENTRY\ndestroy [SETNAME]\nlist [SETNAME]\nsave [SETNAME]\nrestore\nflush [SETNAME]\nswap FROM-SETNAME TO-SETNAME\n`,
      exit: 0,
    }
  if (command === 'list' || command === 'save') return list(call, node, words[1], command, options)
  if (command === 'test') return test(call, node, words, options)
  if (command === 'restore') return restore(call, node, options)
  const op = operationOf(call, node, command, words.slice(1), options)
  if ('exit' in op || 'err' in op) return op as ToolResult
  return apply(node, op as readonly SetOp[])
}

function apply(node: string, ops: readonly SetOp[]): ToolResult {
  return { inputs: [{ kind: 'kernel.ipvs-apply', to: `${node}/kernel`, data: { ops } }], exit: 0 }
}

function list(call: ToolCall, node: string, name: string | undefined, command: string, options: Options): ToolResult {
  const all = call.reader.by('ipsets', 'node', node)
  const chosen = name === undefined ? all : all.filter((set) => set.name === name)
  if (name !== undefined && chosen.length === 0) return wrong(MISSING)
  if (options.output === 'xml' || options.output === 'json')
    return { err: `not simulated here: ipset -o ${options.output}; plain and save are\n`, exit: 1 }
  if (options.names) return { out: chosen.map((set) => `${set.name}\n`).join(''), exit: 0 }
  if (command === 'save' || options.output === 'save')
    return { out: chosen.map((set) => saveText(set, options.sorted)).join(''), exit: 0 }
  return { out: chosen.map((set) => listText(call.reader, set, options.terse, options.sorted)).join('\n'), exit: 0 }
}

function test(call: ToolCall, node: string, words: readonly string[], options: Options): ToolResult {
  const set = call.reader.get('ipsets', setId(node, words[1] ?? ''))
  if (!set) return wrong(MISSING)
  const entries = readEntry(set, words[2] ?? '')
  if (!Array.isArray(entries)) return wrong(entries.wrong)
  const there = entries.every((entry) => set.members.includes(entry) || inNet(set, entry))
  if (options.quiet) return { exit: there ? 0 : 1 }
  return there
    ? { err: `Warning: ${entries[0]} is in set ${set.name}.\n`, exit: 0 }
    : { err: `${entries[0]} is NOT in set ${set.name}.\n`, exit: 1 }
}

/** The net of an entry may lie in a larger one. */
function inNet(set: IpsetRecord, entry: string): boolean {
  if (!set.type.includes('net')) return false
  const at = entry.lastIndexOf(',') + 1
  const ip = entry.slice(at).split('/')[0]!
  return set.members.some((member) => member.slice(0, at) === entry.slice(0, at) && covers(member.slice(at), ip))
}

function covers(net: string, ip: string): boolean {
  const [base = '', prefix = '32'] = net.split('/')
  const bits = (text: string): string =>
    text
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('')
  return !net.includes(':') && bits(base).slice(0, Number(prefix)) === bits(ip).slice(0, Number(prefix))
}

/** Checked here as the kernel will check it: a refusal says so at once. */
function operationOf(
  call: ToolCall,
  node: string,
  command: string,
  words: readonly string[],
  { exist }: Options,
): readonly SetOp[] | ToolResult {
  const [name, second] = words
  const set = name === undefined ? undefined : call.reader.get('ipsets', setId(node, name))
  if (name === undefined) {
    if (command !== 'flush' && command !== 'destroy')
      return wrong(`Missing mandatory argument to command ${command}\nTry \`ipset help' for more information.`, 2)
    const all = call.reader.by('ipsets', 'node', node)
    if (command === 'destroy' && all.some((one) => referencesTo(call.reader, node, one.name) > 0))
      return wrong('Set cannot be destroyed: it is in use by a kernel component')
    return all.map((one) => ({ op: `set-${command}` as 'set-flush', name: one.name }))
  }
  if (command === 'create') return create(set, name, words.slice(1), exist)
  if (!set) return wrong(MISSING)
  switch (command) {
    case 'destroy':
      if (referencesTo(call.reader, node, name) > 0)
        return wrong('Set cannot be destroyed: it is in use by a kernel component')
      return [{ op: 'set-destroy', name }]
    case 'flush':
      return [{ op: 'set-flush', name }]
    case 'swap':
      if (!call.reader.get('ipsets', setId(node, second ?? ''))) return wrong(MISSING)
      return [{ op: 'set-swap', name, other: second! }]
    default: {
      if (second === undefined)
        return wrong(
          `Missing second mandatory argument to command ${command}\nTry \`ipset help' for more information.`,
          2,
        )
      const entries = readEntry(set, second)
      if (!Array.isArray(entries)) return wrong(entries.wrong)
      const there = entries.filter((entry) => set.members.includes(entry))
      if (command === 'add' && there.length > 0 && !exist)
        return wrong("Element cannot be added to the set: it's already added")
      if (command === 'del' && there.length < entries.length && !exist)
        return wrong("Element cannot be deleted from the set: it's not added")
      return [{ op: command === 'add' ? 'set-add' : 'set-del', name, entries, exist: true }]
    }
  }
}

function create(
  there: IpsetRecord | undefined,
  name: string,
  words: readonly string[],
  exist: boolean,
): readonly SetOp[] | ToolResult {
  const [type, ...rest] = words
  if (type === undefined)
    return wrong("Missing second mandatory argument to command create\nTry `ipset help' for more information.", 2)
  if (!(SET_TYPES as readonly string[]).includes(type)) {
    if (/^(hash|bitmap|list):[a-z,]+$/.test(type) && KNOWN.has(type))
      return { err: `not simulated here: sets of type ${type}; there are ${SET_TYPES.join(', ')}\n`, exit: 1 }
    return wrong(`Syntax error: typename '${type}' is unknown`)
  }
  if (name.length > 31) return wrong(`Syntax error: setname '${name}' is longer than 31 characters`)
  if (there && !exist) return wrong('Set cannot be created: set with the same name already exists')
  const value = (option: string): string | undefined => {
    const at = rest.indexOf(option)
    return at < 0 ? undefined : rest[at + 1]
  }
  const number = (option: string): number | undefined => {
    const text = value(option)
    return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
  }
  const range = value('range')
  if (type === 'bitmap:port' && range === undefined) return wrong(`Syntax error: mandatory option 'range' is missing`)
  return [
    {
      op: 'set-create',
      name,
      type: type as SetType,
      family: value('family') === 'inet6' ? 6 : 4,
      hashsize: number('hashsize') ?? 1024,
      maxelem: number('maxelem') ?? 65_536,
      ...(range === undefined ? {} : { range }),
      exist,
    },
  ]
}

const KNOWN = new Set(
  'bitmap:ip bitmap:ip,mac hash:mac hash:ip,mac hash:ip,mark hash:net,net hash:net,port hash:net,port,net hash:net,iface list:set'.split(
    ' ',
  ),
)

/** `ipset restore < file`: what save printed. */
function restore(call: ToolCall, node: string, options: Options): ToolResult {
  const ops: SetOp[] = []
  const made = new Map<string, IpsetRecord>()
  const lines = (call.stdin ?? '').split('\n')
  for (let i = 0; i < lines.length; i++) {
    const [command, name = '', third = '', ...rest] = lines[i]!.trim().split(/\s+/)
    if (command === '' || command === undefined || command.startsWith('#') || command === 'COMMIT') continue
    const at = (result: ToolResult): ToolResult => ({
      err: result.err?.replace(': ', `: Error in line ${i + 1}: `) ?? '',
      exit: result.exit ?? 1,
    })
    if (COMMANDS[command] === 'create') {
      const op = create(call.reader.get('ipsets', setId(node, name)), name, [third, ...rest], options.exist)
      if (!Array.isArray(op)) return at(op as ToolResult)
      ops.push(...(op as SetOp[]))
      const family = rest[rest.indexOf('family') + 1] === 'inet6' ? 6 : 4
      made.set(name, {
        node,
        name,
        type: third as SetType,
        family,
        hashsize: 0,
        maxelem: 0,
        range: '',
        initval: 0,
        members: [],
      })
      continue
    }
    const set = made.get(name) ?? call.reader.get('ipsets', setId(node, name))
    if (!set) return at(wrong(MISSING))
    const entries = COMMANDS[command] === 'add' || COMMANDS[command] === 'del' ? readEntry(set, third) : []
    if (!Array.isArray(entries)) return at(wrong(entries.wrong))
    if (COMMANDS[command] === 'add') ops.push({ op: 'set-add', name, entries, exist: true })
    else if (COMMANDS[command] === 'del') ops.push({ op: 'set-del', name, entries, exist: true })
    else if (COMMANDS[command] === 'flush') ops.push({ op: 'set-flush', name })
    else return { err: `not simulated here: ${lines[i]}\n`, exit: 1 }
  }
  return apply(node, ops)
}
