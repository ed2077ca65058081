/**
 * Rules as people paste them: `iptables-save` with and without counters, `iptables -S`, command lines, output of grep
 * without tables or chains, numbered lists, lines that a terminal wrapped. What cannot be used is refused with what to
 * do instead; what can be used in part is used, and each liberty is named.
 */
import { parseRuleLine } from './parse-rule.ts'
import { BUILT_IN, loadedRule, MapRules } from './ruleset.ts'
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
}

interface Line {
  /** From 1. */
  readonly at: number
  text: string
}

const RULE = /^(?:\[\d+:\d+\]\s*)?(?:-A|--append)\s/
const OTHER = /^(?:\*\w|:\S+\s|COMMIT\b|-[PN]\s|#)/
const COMMAND = /^(?:sudo\s+)?ip6?tables(?:-legacy|-nft)?\s+(?=-)/
const PROMPT = /^(?:\$\s|%\s|\S*[@:~][^\s]*[#$]\s|[#$]$)/

/** `defaultTable` is taken for rules that stand under no `*table` line; without it the table is worked out. */
export function parseDump(text: string, defaultTable?: string): Dump {
  const problems: DumpProblem[] = []
  const say = (line: number, severity: DumpProblem['severity'], message: string): void =>
    void problems.push({ line, severity, message })
  const lines = usableLines(text, say)
  const wrong = refusal(lines)
  if (wrong) return { rules: new MapRules(), problems: [{ ...wrong, severity: 'error' }], ruleCount: 0 }

  const rules = new MapRules(/(?:-[sd]|--to-(?:destination|source)) \[?[0-9a-f]*:[0-9a-f:]*:/i.test(text) ? 6 : 4)
  const homeless: Line[] = []
  let table = ''
  let tableAt = 1
  let ruleCount = 0
  for (const line of lines) {
    let body = line.text
    let lineTable = table
    if (COMMAND.test(body)) {
      body = body.replace(COMMAND, '').replace(/^(?:-w\s+(?:\d+\s+)?)/, '')
      const chosen = /^-t\s+(\S+)\s+/.exec(body)
      if (chosen) body = body.slice(chosen[0].length)
      lineTable = chosen?.[1] ?? 'filter'
      if (/^-(?:L|S|nL|vnL|nvL)\b/.test(body)) continue
    }
    if (body.startsWith('*')) {
      table = body.slice(1).trim()
      if (!BUILT_IN[table])
        say(line.at, 'warning', `table ${table} is not one of the kernel's: ${Object.keys(BUILT_IN).join(', ')}`)
      rules.table(table)
      tableAt = line.at
    } else if (body.startsWith('COMMIT')) table = ''
    else if (body.startsWith(':') || /^-[PN]\s/.test(body)) {
      const home = lineTable || defaultTable
      if (home) declareChain(rules, home, body, line.at, say)
      else homeless.push({ at: line.at, text: body })
    } else if (RULE.test(body)) {
      ruleCount++
      if (lineTable || defaultTable) addRule(rules, lineTable || defaultTable!, body, line.at, say)
      else homeless.push({ at: line.at, text: body })
    } else say(line.at, 'warning', `not a rule, passed over: ${short(body)}`)
  }
  if (homeless.length > 0) house(rules, homeless, say)
  if (table !== '') say(tableAt, 'note', `table ${table} has no COMMIT: the dump may be cut off`)
  // A machine without rules prints its tables and chains all the same.
  if (ruleCount === 0 && rules.tables().length === 0)
    say(1, 'error', 'no rule in it: paste the output of `iptables-save`')
  return { rules, problems, ruleCount }
}

function short(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

function usableLines(text: string, say: (line: number, severity: 'warning' | 'note', message: string) => void): Line[] {
  const out: Line[] = []
  text.split(/\r\n|\n|\r/).forEach((raw, i) => {
    const at = i + 1
    const body = raw
      .replace(/^\uFEFF/, '')
      .replace(/^\s*(?:>\s*)*/, '')
      .replace(/^\d+[.)]\s+(?=-A|\[\d)/, '')
      .trimEnd()
    if (body === '' || /^```/.test(body)) return
    if (body.startsWith('#') || (PROMPT.test(body) && !RULE.test(body))) return
    const last = out[out.length - 1]
    const known = RULE.test(body) || OTHER.test(body) || COMMAND.test(body)
    if (!known && last && RULE.test(last.text)) {
      const joined = [last.text + body, `${last.text} ${body}`].find(readable)
      if (joined !== undefined) {
        say(at, 'note', 'taken as the rest of the line above it, which a terminal wrapped')
        last.text = joined
        return
      }
    }
    out.push({ at, text: body })
  })
  return out
}

function readable(line: string): boolean {
  try {
    const rule = parseRuleLine(line)
    // a torn target name reads as a chain nobody has; only a real word counts
    return rule.target?.kind !== 'chain' || /^[A-Z]{2}|-/.test(rule.target.name)
  } catch {
    return false
  }
}

function refusal(lines: readonly Line[]): { line: number; message: string } | undefined {
  for (const { at, text } of lines) {
    if (/^Chain \S+ \((?:policy|\d+ references)/.test(text))
      return {
        line: at,
        message:
          'this is a listing of `iptables -L`, which leaves out parts of the rules; run `iptables-save` and paste that',
      }
    if (/^table (?:ip|ip6|inet|arp|bridge|netdev) \S+ \{/.test(text))
      return {
        line: at,
        message:
          'this is an nftables ruleset (`nft list ruleset`), which is not modelled; on this node `iptables-save` may print the same rules',
      }
    if (/^(?:TCP|UDP|SCTP)\s+\S+:\d+\s+\w+/.test(text) || text.startsWith('IP Virtual Server'))
      return { line: at, message: 'this is the table of ipvsadm, not rules; run `iptables-save` and paste that' }
    if (/^(?:create|add) \S+/.test(text))
      return { line: at, message: 'this is an ipset dump, not rules; run `iptables-save` and paste that' }
  }
  return undefined
}

type Say = (line: number, severity: 'warning' | 'note', message: string) => void

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
  const name = /(?:-A|--append)\s+(\S+)/.exec(body)?.[1]
  if (!name) return say(at, 'warning', 'a rule without a chain, passed over')
  try {
    parseRuleLine(body)
  } catch (error) {
    if (!(error instanceof RuleError)) throw error
    say(at, 'warning', `${error.message}; the rule is kept, and whether it matches stays open`)
  }
  const chains = rules.table(table)
  const chain = chains.get(name) ?? { name, rules: [] }
  ;(chain.rules as string[]).push(body)
  chains.set(name, chain)
}

/** Works out the table of rules that stand under none: by what they do, and by who jumps to whom. */
function house(rules: MapRules, lines: readonly Line[], say: Say): void {
  const votes = new Map<string, string>()
  const links: [string, string][] = []
  const nat = new Set(['DNAT', 'SNAT', 'MASQUERADE', 'REDIRECT'])
  for (const { text } of lines) {
    if (!RULE.test(text)) {
      const name = /^(?::|-[PN]\s+)(\S+)/.exec(text)?.[1]
      if (name === 'FORWARD') votes.set(name, 'filter')
      if (name === 'PREROUTING' || name === 'POSTROUTING') votes.set(name, 'nat')
      continue
    }
    const rule = loadedRule(text)
    if (rule.chain === 'FORWARD' || rule.chain === 'INPUT') votes.set(rule.chain, 'filter')
    if (rule.chain === 'PREROUTING' || rule.chain === 'POSTROUTING') votes.set(rule.chain, 'nat')
    const target = rule.target
    if (target && nat.has(target.kind)) votes.set(rule.chain, 'nat')
    if (target?.kind === 'REJECT') votes.set(rule.chain, 'filter')
    if (target?.kind === 'chain') {
      links.push([rule.chain, target.name])
      if (/^(KUBE-(SVC|SEP|SVL|EXT|FW|MARK|POSTROUTING))|^CNI-/.test(target.name)) votes.set(target.name, 'nat')
      if (/^KUBE-(FORWARD|FIREWALL|EXTERNAL-SERVICES|PROXY-FIREWALL)/.test(target.name))
        votes.set(target.name, 'filter')
    }
  }
  for (let round = 0; round < links.length + 1; round++) {
    let moved = false
    for (const [from, to] of links) {
      const table = votes.get(from) ?? votes.get(to)
      if (table === undefined) continue
      for (const name of [from, to])
        if (!votes.has(name)) {
          votes.set(name, table)
          moved = true
        }
    }
    if (!moved) break
  }
  const fallback = [...votes.values()].includes('nat') ? 'nat' : 'filter'
  const used = new Set<string>()
  for (const { at, text } of lines) {
    const name = /^(?:\[\d+:\d+\]\s*)?(?::|-\w\s+|--append\s+)(\S+)/.exec(text)?.[1] ?? ''
    const table = votes.get(name) ?? fallback
    used.add(table)
    if (RULE.test(text)) addRule(rules, table, text, at, say)
    else declareChain(rules, table, text, at, say)
  }
  say(lines[0]!.at, 'note', `no *table line above: taken as table ${[...used].sort().join(' and ')}`)
}
