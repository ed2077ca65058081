/**
 * What `iptables-restore` does to the chains: a plan of chain records, or an error with the line at which it stops.
 * All or nothing, as one nf_tables transaction.
 */
import { parseRuleLine } from './parse-rule.ts'
import { printSpec } from './print-rule.ts'
import { BUILT_IN, type Chain, type ChainChange, type ChainSource, loadedRule } from './ruleset.ts'
import { RuleError } from './rule-words.ts'

export interface RestoreOptions {
  /** `--noflush`: leave what is not named. Without it a named table starts empty. */
  readonly noflush?: boolean
  /** Lines of a program that writes only valid rules: skips parsing each of them now. */
  readonly trusted?: boolean
}

export interface RestoreError {
  /** From 1. */
  readonly line: number
  readonly message: string
}

export type RestorePlan =
  { readonly changes: readonly ChainChange[]; readonly error?: undefined } | { readonly error: RestoreError }

interface Draft {
  chain: Chain
  rules: string[]
  /** `rules` still belongs to the record it came from. */
  borrowed: boolean
}

class Planner {
  readonly touched = new Map<string, Map<string, Draft | undefined>>()
  table = ''
  private readonly source: ChainSource
  constructor(source: ChainSource) {
    this.source = source
  }
  drafts(): Map<string, Draft | undefined> {
    let drafts = this.touched.get(this.table)
    if (!drafts) this.touched.set(this.table, (drafts = new Map()))
    return drafts
  }
  find(name: string): Draft | undefined {
    const drafts = this.drafts()
    if (drafts.has(name)) return drafts.get(name)
    let chain = this.source.chain(this.table, name)
    if (!chain && BUILT_IN[this.table]?.includes(name)) chain = { name, policy: 'ACCEPT', rules: [] }
    if (!chain) return undefined
    const draft: Draft = { chain, rules: chain.rules as string[], borrowed: true }
    drafts.set(name, draft)
    return draft
  }
  need(name: string): Draft {
    const draft = this.find(name)
    if (!draft) throw new RuleError(`Chain '${name}' does not exist`)
    return draft
  }
  own(draft: Draft): string[] {
    if (draft.borrowed) {
      draft.rules = [...draft.rules]
      draft.borrowed = false
    }
    return draft.rules
  }
  declare(name: string, policy: string, counters: readonly [number, number] | undefined, flush: boolean): void {
    const builtIn = BUILT_IN[this.table]!.includes(name)
    if (builtIn && policy !== 'ACCEPT' && policy !== 'DROP') {
      if (policy !== '-') throw new RuleError('Bad policy name.')
    }
    const old = this.find(name)
    const keep = builtIn && !flush && old
    const chain: Chain = {
      name,
      ...(builtIn ? { policy: policy === '-' ? (old?.chain.policy ?? 'ACCEPT') : (policy as 'ACCEPT') } : {}),
      rules: [],
      ...(builtIn && counters ? { counters } : {}),
    }
    this.drafts().set(name, { chain, rules: keep ? [...old.rules] : [], borrowed: false })
  }
  startEmpty(): void {
    for (const chain of this.source.chains(this.table)) {
      if (chain.policy) this.declare(chain.name, chain.policy, undefined, true)
      else this.drafts().set(chain.name, undefined)
    }
    for (const name of BUILT_IN[this.table]!)
      if (!this.drafts().has(name)) this.declare(name, 'ACCEPT', undefined, true)
  }
  changes(): ChainChange[] {
    const out: ChainChange[] = []
    for (const [table, drafts] of this.touched)
      for (const [name, draft] of drafts) {
        if (draft?.borrowed && this.source.chain(table, name) === draft.chain) continue
        if (!draft && !this.source.chain(table, name)) continue
        out.push({ table, name, chain: draft && { ...draft.chain, rules: draft.rules } })
      }
    return out
  }
}

export function planRestore(source: ChainSource, lines: readonly string[], options: RestoreOptions = {}): RestorePlan {
  const plan = new Planner(source)
  let at = 0
  try {
    for (const line of lines) {
      at++
      readLine(plan, line, options)
    }
    if (plan.table !== '') throw new RuleError('COMMIT expected')
    if (!options.trusted) checkReferences(plan, source)
  } catch (error) {
    if (!(error instanceof RuleError)) throw error
    return { error: { line: at, message: error.message } }
  }
  return { changes: plan.changes() }
}

/** One command in a table: what `iptables -t TABLE -A ...` asks for. */
export function planCommand(source: ChainSource, table: string, command: string): RestorePlan {
  return planRestore(source, [`*${table}`, command, 'COMMIT'], { noflush: true })
}

function readLine(plan: Planner, line: string, options: RestoreOptions): void {
  const code = line.charCodeAt(0)
  // '-' 'A' ' ': nearly all lines
  if (code === 45 && line.charCodeAt(1) === 65 && line.charCodeAt(2) === 32 && plan.table !== '') {
    const end = line.indexOf(' ', 3)
    const draft = plan.need(end < 0 ? line.slice(3) : line.slice(3, end))
    if (!options.trusted) parseRuleLine(line)
    plan.own(draft).push(line)
    return
  }
  if (line === '' || code === 35) return
  if (code === 42) {
    if (plan.table !== '') throw new RuleError(`table ${plan.table} is not committed`)
    plan.table = line.slice(1).trim()
    if (!BUILT_IN[plan.table]) throw new RuleError(`table '${plan.table}' does not exist`)
    plan.drafts()
    if (!options.noflush) plan.startEmpty()
    return
  }
  if (plan.table === '') throw new RuleError(`no table in front of: ${line}`)
  if (line.startsWith('COMMIT')) {
    plan.table = ''
    return
  }
  if (code === 58) {
    const found = /^:(\S+)\s+(\S+)(?:\s+\[(\d+):(\d+)\])?\s*$/.exec(line)
    if (!found) throw new RuleError('bad chain line')
    plan.declare(
      found[1]!,
      found[2]!,
      found[3] === undefined ? undefined : [Number(found[3]), Number(found[4])],
      !options.noflush,
    )
    return
  }
  readCommand(plan, line)
}

function readCommand(plan: Planner, line: string): void {
  const found =
    /^(\[\d+:\d+\]\s*)?(-[AIDXFNPRZ]|--append|--insert|--delete|--delete-chain|--flush|--new-chain|--policy|--replace)(?:\s+(\S+))?(?:\s+(.*))?$/.exec(
      line,
    )
  if (!found) throw new RuleError(`Bad argument \`${line.split(/\s/)[0]}'`)
  const verb = found[2]!
  const name = found[3]
  let rest = found[4] ?? ''
  const position = (): number => {
    const number = /^(\d+)(?:\s+|$)/.exec(rest)
    if (!number) return 0
    rest = rest.slice(number[0].length)
    return Number(number[1])
  }
  const ruleLine = (): string => {
    const text = `${found[1] ?? ''}-A ${name} ${rest}`.trimEnd()
    parseRuleLine(text)
    return text
  }
  switch (verb) {
    case '-A':
    case '--append':
      plan.own(plan.need(name!)).push(ruleLine())
      return
    case '-I':
    case '--insert': {
      const at = position() || 1
      const rules = plan.own(plan.need(name!))
      if (at > rules.length + 1) throw new RuleError('Index of insertion too big.')
      rules.splice(at - 1, 0, ruleLine())
      return
    }
    case '-R':
    case '--replace': {
      const at = position()
      const rules = plan.own(plan.need(name!))
      if (at < 1 || at > rules.length) throw new RuleError('Index of replacement too big.')
      rules[at - 1] = ruleLine()
      return
    }
    case '-D':
    case '--delete': {
      const rules = plan.own(plan.need(name!))
      const number = /^\d+$/.test(rest) ? Number(rest) : undefined
      const wanted = number === undefined ? printSpec(parseRuleLine(`-A ${name} ${rest}`)) : ''
      const at = number === undefined ? rules.findIndex((rule) => printSpec(loadedRule(rule)) === wanted) : number - 1
      if (at < 0 || at >= rules.length)
        throw new RuleError(
          number === undefined ? 'Bad rule (does a matching rule exist in that chain?).' : 'Index of deletion too big.',
        )
      rules.splice(at, 1)
      return
    }
    case '-N':
    case '--new-chain':
      if (plan.find(name!)) throw new RuleError('Chain already exists.')
      plan.declare(name!, '-', undefined, true)
      return
    case '-P':
    case '--policy': {
      if (!BUILT_IN[plan.table]!.includes(name!)) throw new RuleError('Bad built-in chain name.')
      const draft = plan.need(name!)
      if (!draft.chain.policy) throw new RuleError('Bad built-in chain name.')
      if (rest !== 'ACCEPT' && rest !== 'DROP')
        throw new RuleError("Bad policy name. Run `dmesg' for more information.")
      draft.chain = { ...draft.chain, policy: rest }
      plan.own(draft)
      return
    }
    case '-F':
    case '--flush': {
      const draft = plan.need(name!)
      draft.rules = []
      draft.borrowed = false
      return
    }
    case '-X':
    case '--delete-chain': {
      const draft = plan.need(name!)
      if (draft.chain.policy) throw new RuleError(`CHAIN_DEL failed (Operation not supported): chain ${name}`)
      if (draft.rules.length > 0) throw new RuleError(`CHAIN_DEL failed (Device or resource busy): chain ${name}`)
      plan.drafts().set(name!, undefined)
      return
    }
    case '-Z':
      return
  }
}

/** Every jump must lead to a chain of the same table that is there after the commit. */
function checkReferences(plan: Planner, source: ChainSource): void {
  for (const [table, drafts] of plan.touched) {
    const there = (name: string): boolean =>
      drafts.has(name) ? drafts.get(name) !== undefined : source.chain(table, name) !== undefined
    for (const draft of drafts.values())
      for (const line of draft?.rules ?? []) {
        const target = loadedRule(line).target
        if (target?.kind === 'chain' && !there(target.name))
          throw new RuleError(`Chain '${target.name}' does not exist`)
      }
  }
}
