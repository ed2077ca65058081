/**
 * Chains of rules as records. A chain keeps its rules as lines of text; a line is parsed when a packet or a printer
 * first needs it and remembered by its text, so that a restore of 100,000 lines costs the splitting only.
 */
import type { IpSet } from './ip-set.ts'
import { parseRuleLine } from './parse-rule.ts'
import type { Rule } from './rule.ts'
import { RuleError } from './rule-words.ts'

export type Hook = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING'

export interface Chain {
  readonly name: string
  /** Built-in chains have one, user chains none. */
  readonly policy?: 'ACCEPT' | 'DROP'
  /** `-A CHAIN ...`, with `[packets:bytes]` in front where counters are known. */
  readonly rules: readonly string[]
  /** Packets and bytes that met the policy. */
  readonly counters?: readonly [number, number]
}

/** Where the interpreter finds chains: a map for a pasted dump, a table of records in the lab. */
export interface ChainSource {
  readonly family: 4 | 6
  tables(): readonly string[]
  chain(table: string, name: string): Chain | undefined
  /** In the order in which iptables-save lists them: built-in chains by hook, then the others by name. */
  chains(table: string): readonly Chain[]
  /** Sets whose content is known. */
  sets?(name: string): IpSet | undefined
  /** Packets and bytes of a rule (from 0) or of the policy, where they are counted apart from the rules' text. */
  counters?(table: string, chain: string, rule: number | 'policy'): readonly [number, number]
}

/** Order of tables in `iptables-nft-save`, and the built-in chains of each. */
export const BUILT_IN: Readonly<Record<string, readonly string[]>> = {
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  security: ['INPUT', 'FORWARD', 'OUTPUT'],
  raw: ['PREROUTING', 'OUTPUT'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
}

export class MapRules implements ChainSource {
  readonly family: 4 | 6
  readonly byTable = new Map<string, Map<string, Chain>>()
  readonly knownSets = new Map<string, IpSet>()
  constructor(family: 4 | 6 = 4) {
    this.family = family
  }
  sets(name: string): IpSet | undefined {
    return this.knownSets.get(name)
  }
  /** Creates the table with its built-in chains, as the first rule in it does in the kernel. */
  table(name: string): Map<string, Chain> {
    let chains = this.byTable.get(name)
    if (!chains) {
      chains = new Map((BUILT_IN[name] ?? []).map((chain) => [chain, { name: chain, policy: 'ACCEPT', rules: [] }]))
      this.byTable.set(name, chains)
    }
    return chains
  }
  tables(): readonly string[] {
    return tableOrder([...this.byTable.keys()])
  }
  chain(table: string, name: string): Chain | undefined {
    return this.byTable.get(table)?.get(name)
  }
  chains(table: string): readonly Chain[] {
    return chainOrder(table, [...(this.byTable.get(table)?.values() ?? [])])
  }
  apply(changes: readonly ChainChange[]): void {
    for (const { table, name, chain } of changes) {
      if (chain) this.table(table).set(name, chain)
      else this.table(table).delete(name)
    }
  }
}

export interface ChainChange {
  readonly table: string
  readonly name: string
  /** undefined: deleted. */
  readonly chain: Chain | undefined
}

export function tableOrder(names: readonly string[]): string[] {
  const known = Object.keys(BUILT_IN)
  return [...names].sort((a, b) => known.indexOf(a) - known.indexOf(b))
}

export function chainOrder(table: string, chains: readonly Chain[]): Chain[] {
  const builtIn = BUILT_IN[table] ?? []
  const rank = (chain: Chain): number => {
    const at = builtIn.indexOf(chain.name)
    return at < 0 ? builtIn.length : at
  }
  return [...chains].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

const MEMO_LIMIT = 400_000
const memo = new Map<string, Rule>()

/** The rule that a line says. A line that cannot be read becomes a rule whose match nobody can answer. */
export function loadedRule(line: string): Rule {
  let rule = memo.get(line)
  if (rule) return rule
  try {
    rule = parseRuleLine(line)
  } catch (error) {
    if (!(error instanceof RuleError)) throw error
    rule = unreadable(line, error.message)
  }
  if (memo.size >= MEMO_LIMIT) memo.clear()
  memo.set(line, rule)
  return rule
}

function unreadable(line: string, why: string): Rule {
  // an address that was made unreadable (x.x.x.x) leaves the rest of the rule standing
  const rest = line.replace(/(?:! )?-[sd] \S*[^0-9a-fA-F.:/\s]\S*/g, '')
  if (rest !== line) {
    try {
      const rule = parseRuleLine(rest)
      return { ...rule, matches: [...rule.matches, { kind: 'opaque', name: 'unreadable', args: [why, line] }] }
    } catch (error) {
      if (!(error instanceof RuleError)) throw error
    }
  }
  const chain = /-A\s+(\S+)/.exec(line)?.[1] ?? '?'
  const jump = /\s-([jg])\s+([A-Za-z0-9_-]+)/.exec(line)
  let target: Rule['target']
  if (jump) {
    try {
      target = parseRuleLine(`-A X -${jump[1]} ${jump[2]}`).target
    } catch {
      target = { kind: 'opaque', name: jump[2]!, args: [] }
    }
  }
  return {
    chain,
    src: undefined,
    dst: undefined,
    inDev: undefined,
    outDev: undefined,
    proto: undefined,
    fragment: undefined,
    matches: [{ kind: 'opaque', name: 'unreadable', args: [why, line] }],
    target,
  }
}

const COUNTERS = /^\[(\d+):(\d+)\]/

export function countersOf(line: string): readonly [number, number] | undefined {
  if (line.charCodeAt(0) !== 91) return undefined
  const found = COUNTERS.exec(line)
  return found ? [Number(found[1]), Number(found[2])] : undefined
}

/** Counters of a rule, from wherever the source keeps them. */
export function ruleCounters(
  source: ChainSource,
  table: string,
  chain: Chain,
  index: number,
): readonly [number, number] {
  return source.counters?.(table, chain.name, index) ?? countersOf(chain.rules[index]!) ?? [0, 0]
}

export function policyCounters(source: ChainSource, table: string, chain: Chain): readonly [number, number] {
  return source.counters?.(table, chain.name, 'policy') ?? chain.counters ?? [0, 0]
}
