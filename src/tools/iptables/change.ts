/**
 * Changing rules by hand: `iptables -A/-I/-R/-D/-C/-N/-X/-F/-P/-Z` and `iptables-restore`. The plan is made here only to
 * find what the program would refuse; what is accepted goes to the kernel as an input. Wording and exit statuses are
 * those of iptables 1.8 (nf_tables): iptables/xshared.c do_parse, iptables/nft.c nft_strerror, iptables-restore.c.
 */
import type { Input } from '../../sim/contract.ts'
import { liveRules, type IptablesRestore } from '../../model/linux/netfilter/live-rules.ts'
import type { Zero } from '../../model/linux/netfilter/zero.ts'
import { planCommand, planRestore, type RestorePlan } from '../../model/linux/netfilter/restore.ts'
import { parseRuleLine } from '../../model/linux/netfilter/parse-rule.ts'
import { saveWord } from '../../model/linux/netfilter/rule-words.ts'
import { BUILT_IN, type ChainSource, loadedRule } from '../../model/linux/netfilter/ruleset.ts'
import type { Rule } from '../../model/linux/netfilter/rule.ts'
import type { ToolCall, ToolResult } from '../contract.ts'

export const VERSION = 'v1.8.11 (nf_tables)'
const COMMANDS: Readonly<Record<string, string>> = {
  append: 'A',
  insert: 'I',
  replace: 'R',
  delete: 'D',
  check: 'C',
  'new-chain': 'N',
  'delete-chain': 'X',
  flush: 'F',
  policy: 'P',
  zero: 'Z',
  'rename-chain': 'E',
}
const LETTERS = new Set(Object.values(COMMANDS))
/** Answers that mean: this is not there, or not like that. Exit status 1, without a version. */
const STATE = /^(Index of|Bad rule |Bad policy name|Bad built-in chain name|Chain already exists|No chain\/target)/

class Refused extends Error {
  readonly exit: number
  constructor(message: string, exit: number) {
    super(message)
    this.exit = exit
  }
}

const wrongUse = (text: string): Refused =>
  new Refused(`iptables ${VERSION}: ${text}\nTry \`iptables -h' or 'iptables --help' for more information.\n`, 2)
const noSuch = (): Refused => new Refused('iptables: No chain/target/match by that name.\n', 1)
const byKernel = (text: string): Refused => new Refused(`iptables ${VERSION}:  ${text}\n`, 4)

interface Asked {
  readonly table: string
  readonly letter: string
  readonly words: readonly string[]
}

/** undefined: nothing in `argv` changes rules. */
function readCommand(argv: readonly string[]): Asked | undefined {
  let table = 'filter'
  let letter: string | undefined
  const words: string[] = []
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!
    if (word === '-t' || word === '--table') table = argv[++i] ?? ''
    else if (word.startsWith('--table=')) table = word.slice(8)
    else if (/^(-w|--wait|-W|--wait-interval)$/.test(word)) {
      if (/^\d+$/.test(argv[i + 1] ?? '')) i++
    } else if (/^(-v|--verbose|-n|--numeric|-x|--exact|-4|--ipv4|--wait=\d+)$/.test(word)) continue
    else {
      const found = commandOf(word)
      if (found === undefined) words.push(word)
      else if (letter !== undefined) throw wrongUse(`Cannot use -${found} with -${letter}`)
      else letter = found
    }
  }
  return letter === undefined ? undefined : { table, letter, words }
}

function commandOf(word: string): string | undefined {
  if (/^-[A-Z]$/.test(word) && LETTERS.has(word[1]!)) return word[1]
  return word.startsWith('--') ? COMMANDS[word.slice(2)] : undefined
}

/** The answer to a command that changes rules; undefined when `argv` holds none. */
export function change(call: ToolCall, node: string): ToolResult | undefined {
  try {
    const asked = readCommand(call.argv.slice(1))
    return asked && { inputs: act(liveRules(call.reader, node), asked, node), exit: 0 }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return { err: error.message, exit: error.exit }
  }
}

function act(rules: ChainSource, { table, letter, words }: Asked, node: string): Input[] {
  if (!BUILT_IN[table])
    throw new Refused(
      `iptables ${VERSION}: table '${table}' does not exist\nPerhaps iptables or your kernel needs to be upgraded.\n`,
      3,
    )
  const [chain, ...rest] = words
  if (chain === undefined && !'FXZ'.includes(letter)) throw wrongUse(`option "-${letter}" requires an argument`)
  const there = (name: string): boolean => (BUILT_IN[table] ?? []).includes(name) || !!rules.chain(table, name)
  if (chain !== undefined && !'NP'.includes(letter) && !there(chain)) throw noSuch()
  switch (letter) {
    case 'E':
      throw new Refused('not simulated here: iptables -E; make a new chain with -N and delete the old one with -X\n', 1)
    case 'Z': {
      const data: Zero = { table, ...(chain === undefined ? {} : { chain }) }
      return [{ kind: 'kernel.iptables-zero', to: `${node}/kernel`, data }]
    }
    case 'F':
      return restore(
        node,
        table,
        chainsFor(rules, table, chain).map((name) => `-F ${name}`),
      )
    case 'X':
      return restore(
        node,
        table,
        deletable(rules, table, chain).map((name) => `-X ${name}`),
      )
    case 'P':
      if (rest.length !== 1) throw wrongUse('-P requires a chain and a policy')
      break
    case 'R':
      if (!/^\d+$/.test(rest[0] ?? '')) throw wrongUse('-R requires a rule number')
  }
  if ('AIRDC'.includes(letter) && !(letter === 'D' && /^\d+$/.test(rest[0] ?? ''))) {
    const lines = ruleWords(letter, rest).map((spec) => [chain, ...spec].map(saveWordOf).join(' '))
    for (const line of lines) checkRule(rules, table, letter, line)
    if (letter === 'C') {
      for (const line of lines) accepted(planCommand(rules, table, `-D ${line}`), table, rules)
      return []
    }
    const commands = lines.map((line) => `-${letter} ${line}`)
    for (const command of commands) accepted(planCommand(rules, table, command), table, rules)
    return restore(node, table, commands)
  }
  const command = `-${letter} ${words.join(' ')}`
  accepted(planCommand(rules, table, command), table, rules)
  return restore(node, table, [command])
}

const saveWordOf = (word: string | undefined): string => {
  const text = word ?? ''
  return /^[\w./:,+%=!@-]+$/.test(text) ? text : saveWord(text)
}

/** `-s A,B` stands for a rule each (xshared.c). */
function ruleWords(letter: string, words: readonly string[]): string[][] {
  let lines: string[][] = [[]]
  for (let i = 0; i < words.length; i++) {
    const before = words[i - 1] ?? ''
    const several = /^(-s|-d|--source|--src|--destination|--dst)$/.test(before) ? words[i]!.split(',') : [words[i]!]
    if (several.length > 1 && letter === 'R') throw wrongUse('Replacement rule does not specify a unique address')
    lines = lines.flatMap((line) => several.map((word) => [...line, word]))
  }
  return lines
}

/** What the parser of the command line, and then the kernel, would refuse. */
function checkRule(rules: ChainSource, table: string, letter: string, line: string): void {
  const spec = letter === 'I' || letter === 'R' ? line.replace(/^(\S+) \d+(?= |$)/, '$1') : line
  let rule: Rule
  try {
    rule = parseRuleLine(`-A ${spec}`)
  } catch (error) {
    const message = (error as Error).message
    const plain = /^unknown option "([^-].*)"$/.exec(message)
    if (plain)
      throw new Refused(
        `Bad argument \`${plain[1]}'\nTry \`iptables -h' or 'iptables --help' for more information.\n`,
        2,
      )
    throw wrongUse(message)
  }
  for (const match of rule.matches)
    if (match.kind === 'opaque')
      throw new Refused(`not simulated here: -m ${match.name}; a rule with it would match nothing that is real\n`, 1)
  const { target } = rule
  if (target?.kind === 'opaque') {
    if (!/^[A-Z0-9]+$/.test(target.name)) throw wrongUse(`Chain '${target.name}' does not exist`)
    throw new Refused(`not simulated here: the target ${target.name}\n`, 1)
  }
  if (target?.kind === 'chain') {
    if (!rules.chain(table, target.name) || BUILT_IN[table]!.includes(target.name))
      throw wrongUse(`Chain '${target.name}' does not exist`)
    return
  }
  const what = { A: 'APPEND', I: 'INSERT', R: 'REPLACE' }[letter]
  if (what && !placeAllows(table, rule))
    throw byKernel(`RULE_${what} failed (Invalid argument): rule in chain ${rule.chain}`)
}

/** The kernel takes some targets in one table and at some hooks only (checkentry of net/netfilter/xt_nat.c and others). */
function placeAllows(table: string, { chain, target }: Rule): boolean {
  const builtIn = BUILT_IN[table]!.includes(chain)
  const at = (...hooks: string[]): boolean => !builtIn || hooks.includes(chain)
  switch (target?.kind) {
    case 'DNAT':
    case 'REDIRECT':
      return table === 'nat' && at('PREROUTING', 'OUTPUT')
    case 'SNAT':
      return table === 'nat' && at('POSTROUTING', 'INPUT')
    case 'MASQUERADE':
      return table === 'nat' && at('POSTROUTING')
    case 'NETMAP':
      return table === 'nat'
    case 'TPROXY':
      return table === 'mangle' && at('PREROUTING')
    case 'REJECT':
      return table === 'filter'
    case 'NOTRACK':
      return table === 'raw'
    default:
      return true
  }
}

function chainsFor(rules: ChainSource, table: string, chain: string | undefined): string[] {
  return chain === undefined ? rules.chains(table).map(({ name }) => name) : [chain]
}

/** A chain goes only when it is empty and nobody jumps to it; a built-in one comes back with its next rule. */
function deletable(rules: ChainSource, table: string, chain: string | undefined): string[] {
  const all = rules.chains(table)
  const names = chainsFor(rules, table, chain)
  const user = names.filter((name) => !BUILT_IN[table]!.includes(name))
  for (const name of chain === undefined ? user : names) {
    const leaving = (from: string): boolean => chain === undefined && user.includes(from)
    const jumpedTo = all.some(
      (other) =>
        !leaving(other.name) &&
        other.rules.some((line) => {
          const { target } = loadedRule(line)
          return target?.kind === 'chain' && target.name === name
        }),
    )
    if (jumpedTo || (rules.chain(table, name)?.rules.length ?? 0) > 0)
      throw byKernel(`CHAIN_DEL failed (Device or resource busy): chain ${name}`)
  }
  return user
}

function accepted(plan: RestorePlan, table: string, rules: ChainSource): void {
  if (!plan.error) return
  const { message } = plan.error
  const missing = /^Chain '(.*)' does not exist$/.exec(message)
  if (missing && !rules.chain(table, missing[1]!)) throw noSuch()
  if (STATE.test(message)) throw new Refused(`iptables: ${message}\n`, 1)
  throw wrongUse(message)
}

function restore(node: string, table: string, commands: readonly string[]): Input[] {
  if (commands.length === 0) return []
  const data: IptablesRestore = { lines: [`*${table}`, ...commands, 'COMMIT'], noflush: true, writer: 'iptables' }
  return [{ kind: 'kernel.iptables-restore', to: `${node}/kernel`, data }]
}

/** `iptables-restore [--noflush] [--test] [FILE]`: all or nothing. */
export function restoreAll(
  call: ToolCall,
  node: string,
  text: string,
  { noflush, test }: { noflush: boolean; test: boolean },
): ToolResult {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  const plan = planRestore(liveRules(call.reader, node), lines, { noflush })
  if (plan.error) return restoreRefused(plan.error.line, plan.error.message, lines[plan.error.line - 1] ?? '')
  const opaque = lines.findIndex((line) => {
    if (!/^(\[\d+:\d+\] *)?-[AI] /.test(line)) return false
    const rule = loadedRule(line.replace(/^(\[\d+:\d+\] *)?-I (\S+)( \d+)?(?= |$)/, '-A $2'))
    return rule.matches.some((match) => match.kind === 'opaque') || rule.target?.kind === 'opaque'
  })
  if (opaque >= 0)
    return { err: `not simulated here: line ${opaque + 1} has a match or target that is not modelled\n`, exit: 1 }
  if (test) return { exit: 0 }
  const data: IptablesRestore = { lines, noflush, writer: 'iptables-restore' }
  return { inputs: [{ kind: 'kernel.iptables-restore', to: `${node}/kernel`, data }], exit: 0 }
}

function restoreRefused(line: number, text: string, written: string): ToolResult {
  const program = 'iptables-restore'
  const missing = /^Chain '(.*)' does not exist$/.exec(text)
  const table = /^table '(.*)' does not exist$/.exec(text)
  let message = text
  if (missing && written.split(/\s+/)[1] === missing[1]) message = 'No chain/target/match by that name.'
  if (table) message = `${program}: line ${line} table name '${table[1]}' invalid`
  if (message === 'COMMIT expected') return { err: `${program}: COMMIT expected at line ${line + 1}\n`, exit: 1 }
  const unreadable = /^Bad argument /.test(message) ? message : undefined
  if (unreadable !== undefined)
    return {
      err: `${unreadable}\nError occurred at line: ${line}\nTry \`${program} -h' or '${program} --help' for more information.\n`,
      exit: 2,
    }
  if (message.startsWith('no table in front of')) return { err: `${program}: line ${line} failed\n`, exit: 1 }
  if (STATE.test(message)) return { err: `${program}: line ${line} failed: ${message}\n`, exit: 1 }
  return {
    err: `${program} ${VERSION}: ${message}\nError occurred at line: ${line}\nTry \`${program} -h' or '${program} --help' for more information.\n`,
    exit: 2,
  }
}
