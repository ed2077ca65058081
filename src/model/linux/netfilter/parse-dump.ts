/**
 * Rules as people paste them: `iptables-save` with and without counters, `iptables -S`, command lines, output of grep
 * without tables or chains, numbered lists, lines that a terminal wrapped. What cannot be used is refused with what to
 * do instead; what can be used in part is used, and each liberty is named.
 */
import { isNftListing, parseNftListing } from '../nft/parse-listing.ts'
import type { NftRuleset } from '../nft/nft-ruleset.ts'
import type { HookPass, StepTexts } from './hooks.ts'
import { tablesOfChains } from './homeless-rules.ts'
import { readSetLine } from './ip-set.ts'
import { notADump } from './not-a-dump.ts'
import { parseRuleLine } from './parse-rule.ts'
import { COMMAND, type Line, RULE, type Say, usableLines } from './paste-lines.ts'
import { BUILT_IN, MapRules } from './ruleset.ts'
import { RuleError } from './rule-words.ts'

export interface DumpProblem {
  /** From 1. */
  readonly line: number
  readonly severity: 'error' | 'warning' | 'note'
  readonly message: string
}

export interface Dump {
  readonly rules: MapRules
  /** An error means that nothing was loaded. */
  readonly problems: readonly DumpProblem[]
  readonly ruleCount: number
  /** A ruleset of nft: its chains hang at the hooks beside those of iptables, of which there are none. */
  readonly nft?: NftRuleset
  readonly passes?: readonly HookPass[]
  readonly texts?: StepTexts
}

const IPV6 = /(?:-[sd]|--to-(?:destination|source)) \[?[0-9a-f]*:[0-9a-f:]*:/i

/** `defaultTable` is taken for rules that stand under no `*table` line; without it the table is worked out. */
export function parseDump(text: string, defaultTable?: string): Dump {
  const problems: DumpProblem[] = []
  const say = (line: number, severity: DumpProblem['severity'], message: string): void =>
    void problems.push({ line, severity, message })
  if (isNftListing(text)) {
    const { ruleset: nft, problems: found, ruleCount } = parseNftListing(text)
    return { rules: new MapRules(), problems: found, ruleCount, nft, passes: nft.passes(), texts: nft.texts() }
  }
  const lines = oneFamily(usableLines(text, say), say)
  const wrong = notADump(lines)
  if (wrong) return { rules: new MapRules(), problems: [{ ...wrong, severity: 'error' }], ruleCount: 0 }

  const rules = new MapRules(lines.some((line) => IPV6.test(line.text)) ? 6 : 4)
  const homeless: Line[] = []
  const ended = new Set<string>()
  /** Under a `*table` line, or below a command that lists one table. */
  let table = ''
  let listed = ''
  let tableAt = 1
  let ruleCount = 0
  for (const line of lines) {
    let body = line.text
    let home = table || listed || defaultTable
    if (COMMAND.test(body)) {
      body = body.replace(COMMAND, '').replace(/^(?:-w\s+(?:\d+\s+)?)/, '')
      const chosen = /(?:^|\s)-t\s+(\S+)\s*/.exec(body)
      if (chosen) body = `${body.slice(0, chosen.index)} ${body.slice(chosen.index + chosen[0].length)}`.trim()
      home = chosen?.[1] ?? 'filter'
    }
    if (body.startsWith('table ')) listed = body.slice(6)
    else if (body.startsWith('*')) {
      table = body.slice(1).trim()
      listed = ''
      if (!BUILT_IN[table])
        say(line.at, 'warning', `table ${table} is not one of the kernel's: ${Object.keys(BUILT_IN).join(', ')}`)
      if (ended.has(table))
        say(line.at, 'warning', `table ${table} stands here twice, as of two machines: the rules of both are taken`)
      rules.table(table)
      tableAt = line.at
    } else if (body.startsWith('COMMIT')) {
      ended.add(table)
      table = ''
    } else if (body.startsWith(':') || /^-[PN]\s/.test(body)) {
      if (home) declareChain(rules, home, body, line.at, say)
      else homeless.push({ at: line.at, text: body })
    } else if (RULE.test(body)) {
      ruleCount++
      if (home) addRule(rules, home, body, line.at, say)
      else homeless.push({ at: line.at, text: body })
    } else if (!readSetLine(rules.knownSets, body)) say(line.at, 'warning', `not a rule, passed over: ${short(body)}`)
  }
  if (homeless.length > 0) house(rules, homeless, say)
  if (table !== '') say(tableAt, 'note', `table ${table} has no COMMIT: the dump may be cut off`)
  // A machine without rules prints its tables and chains all the same.
  if (ruleCount === 0 && rules.tables().length === 0)
    say(1, 'error', 'no rule in it: paste the output of `iptables-save`')
  return { rules, problems, ruleCount }
}

/** `iptables-save; ip6tables-save` in one paste: a packet is of one family. */
function oneFamily(lines: readonly Line[], say: Say): Line[] {
  const marks = lines.filter((line) => line.text.startsWith('family '))
  const both = marks.some((m) => m.text === 'family 4') && marks.some((m) => m.text === 'family 6')
  let family = marks[0]?.text ?? ''
  const out: Line[] = []
  let told = false
  for (const line of lines) {
    if (line.text.startsWith('family ')) {
      family = line.text
      if (both && family === 'family 6' && !told) {
        told = true
        say(line.at, 'note', 'the output of ip6tables-save is left out; paste it alone to trace an IPv6 packet')
      }
    } else if (!both || family === 'family 4') out.push(line)
  }
  return out
}

function short(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

function declareChain(rules: MapRules, table: string, body: string, at: number, say: Say): void {
  const found = /^:(\S+)\s+(\S+)(?:\s+\[(\d+):(\d+)\])?/.exec(body) ?? /^-[PN]\s+(\S+)(?:\s+(\S+))?/.exec(body)
  if (!found) return say(at, 'warning', `cannot read this line: ${short(body)}`)
  const name = found[1]!
  const policy = found[2]
  const chains = rules.table(table)
  chains.set(name, {
    name,
    ...(policy === 'ACCEPT' || policy === 'DROP'
      ? { policy }
      : BUILT_IN[table]?.includes(name)
        ? { policy: 'ACCEPT' as const }
        : {}),
    rules: chains.get(name)?.rules ?? [],
    ...(found[3] === undefined ? {} : { counters: [Number(found[3]), Number(found[4])] as const }),
  })
}

function addRule(rules: MapRules, table: string, body: string, at: number, say: Say): void {
  const found = /(-A|--append|-I|--insert)\s+(\S+)(?:\s+(\d+)(?=\s))?/.exec(body)
  const name = found?.[2]
  if (!name) return say(at, 'warning', 'a rule without a chain, passed over')
  const insert = found![1] === '-I' || found![1] === '--insert'
  const text = insert ? body.replace(found![0], `-A ${name}`) : body
  try {
    parseRuleLine(text)
  } catch (error) {
    if (!(error instanceof RuleError)) throw error
    say(at, 'warning', `${error.message}; the rule is kept, and whether it matches stays open`)
  }
  const chains = rules.table(table)
  const chain = chains.get(name) ?? { name, rules: [] }
  if (insert) (chain.rules as string[]).splice(Number(found![3] ?? 1) - 1, 0, text)
  else (chain.rules as string[]).push(text)
  chains.set(name, chain)
}

function house(rules: MapRules, lines: readonly Line[], say: Say): void {
  const { byChain, fallback } = tablesOfChains(lines)
  const used = new Set<string>()
  for (const { at, text } of lines) {
    const name = /^(?:\[\d+:\d+\]\s*)?(?::|-\w\s+|--(?:append|insert)\s+)(\S+)/.exec(text)?.[1] ?? ''
    const table = byChain.get(name) ?? fallback
    used.add(table)
    if (RULE.test(text)) addRule(rules, table, text, at, say)
    else declareChain(rules, table, text, at, say)
  }
  say(lines[0]!.at, 'note', `no *table line above: taken as table ${[...used].sort().join(' and ')}`)
}
