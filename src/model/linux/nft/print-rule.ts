/** A rule as `nft list` prints it. nftables src/rule.c, src/statement.c, src/expression.c. */
import { typeNamed, printTime } from './data-type.ts'
import { constantText, expressionText, setText, verdictText } from './expression-text.ts'
import { loadedNftRule } from './parse-rule.ts'
import { L4_NUMBER } from './selectors.ts'
import type { Family } from './store.ts'
import type {
  Constant,
  Expression,
  LiteralElement,
  NatStatement,
  NftRule,
  SetExpression,
  Statement,
} from './statement.ts'

/** `counters`: what a counter of the rule stands at, where it is kept apart from the text. */
export function nftRuleText(text: string, family: Family, counters?: readonly [number, number]): string {
  const rule = loadedNftRule(text)
  const parts = statementsOf(rule, family).map((statement) => statementText(statement, family, counters))
  if (rule.comment !== undefined) parts.push(`comment "${rule.comment}"`)
  return parts.join(' ')
}

/** What a rule does once it matched, for a trace. */
export function nftActionText(text: string, family: Family): string {
  const statements = loadedNftRule(text).statements.filter((s) => s.kind !== 'match' && s.kind !== 'counter')
  return statements.map((statement) => statementText(statement, family)).join(' ')
}

/** Without the comparisons that a later one implies (payload_dependency_kill). */
function statementsOf(rule: NftRule, family: Family): readonly Statement[] {
  return rule.statements.filter((statement, i) => !implied(statement, rule.statements[i + 1], family))
}

function implied(statement: Statement, next: Statement | undefined, family: Family): boolean {
  if (statement.kind !== 'match' || statement.op !== '==' || statement.right.kind !== 'value' || !next) return false
  const { left, right } = statement
  const after = firstPayload(next)
  if (after === undefined) return false
  const l4 =
    (left.kind === 'meta' && left.key === 'l4proto') ||
    (left.kind === 'payload' && (left.field === 'protocol' || left.field === 'nexthdr'))
  if (l4) return L4_NUMBER[after] === right.value
  if (left.kind === 'meta' && left.key === 'nfproto' && family === 'inet')
    return (after === 'ip' && right.value === 2) || (after === 'ip6' && right.value === 10)
  return false
}

function firstPayload(statement: Statement): string | undefined {
  const expression = statement.kind === 'match' ? statement.left : statement.kind === 'vmap' ? statement.key : undefined
  return expression && payloadIn(expression)
}

function payloadIn(expression: Expression): string | undefined {
  if (expression.kind === 'payload') return expression.proto === 'th' ? undefined : expression.proto
  if (expression.kind === 'binary') return payloadIn(expression.left)
  if (expression.kind === 'concat') return payloadIn(expression.parts[0]!)
  return undefined
}

export function statementText(statement: Statement, family: Family, counters?: readonly [number, number]): string {
  switch (statement.kind) {
    case 'match':
      return matchText(statement)
    case 'vmap':
      return `${expressionText(statement.key)} vmap ${setText(statement.map)}`
    case 'verdict':
      return verdictText(statement)
    case 'assign':
      return `${expressionText(statement.to)} set ${expressionText(statement.value)}`
    case 'nat':
      return natText(statement)
    case 'reject':
      return rejectText(statement, family)
    case 'counter': {
      if (statement.name !== undefined) return `counter name "${statement.name}"`
      const packets = statement.packets + (counters?.[0] ?? 0)
      const bytes = statement.bytes + (counters?.[1] ?? 0)
      return `counter packets ${packets} bytes ${bytes}`
    }
    case 'log':
      return statement.options === '' ? 'log' : `log ${statement.options}`
    case 'limit':
      return limitText(statement.text)
    case 'notrack':
      return 'notrack'
    case 'set': {
      const { op, set, key, timeout, statements, data } = statement
      let inner = expressionText(key)
      if (timeout !== undefined) inner += ` timeout ${printTime(timeout)}`
      for (const one of statements) inner += ` ${statementText(one, family)}`
      if (data) inner += ` : ${data.kind === 'verdict' ? verdictText(data) : expressionText(data)}`
      return `${op} @${set} { ${inner} }`
    }
    case 'opaque':
      return statement.text
  }
}

function matchText({ left, op, anyBit, right }: Extract<Statement, { kind: 'match' }>): string {
  const what = expressionText(left)
  const sets = right.kind === 'literal' || right.kind === 'named'
  if (sets) return `${what} ${op === '!=' ? '!= ' : ''}${setOrValue(right)}`
  if (left.kind === 'binary' && left.left.kind === 'payload' && left.left.field === 'flags' && left.op === '&')
    if (right.kind === 'value' && right.value !== 0 && left.right.kind === 'value')
      return `${expressionText(left.left)} ${op === '!=' ? '!= ' : ''}${constantText(right)} / ${constantText(left.right)}`
  const sign = op === '==' ? (left.kind === 'binary' ? '== ' : '') : anyBit ? '! ' : `${op} `
  return `${what} ${sign}${isConstant(right) ? constantText(right) : expressionText(right)}`
}

const isConstant = (expression: Expression): expression is Constant =>
  ['value', 'prefix', 'range', 'wildcard', 'any', 'tuple'].includes(expression.kind)

/** A set of one plain value is no set (optimize_singleton_set). */
function setOrValue(set: SetExpression): string {
  const only = singleton(set)
  return only ? constantText(only.key) : setText(set)
}

export function singleton(set: SetExpression): LiteralElement | undefined {
  if (set.kind !== 'literal' || set.elements.length !== 1) return undefined
  const [element] = set.elements
  return element!.data || element!.key.kind === 'any' ? undefined : element
}

function natText(statement: NatStatement): string {
  const { name, address, port, flags } = statement
  let out: string = name
  const tuple = statement.withPort || address?.kind === 'map' || address?.kind === 'tuple'
  if (address || (port && name !== 'masquerade' && name !== 'redirect')) {
    const family = statement.family ?? (tuple && address ? familyOf(address) : undefined)
    if (family && (statement.family === undefined ? tuple : true)) out += ` ${family}`
  }
  if (address || port) out += ' to '
  if (address) {
    const text = expressionText(address)
    out += port && isSix(address) ? `[${text}]` : text
  }
  if (port) out += `:${expressionText(port)}`
  if (flags.length > 0) out += ` ${flags.join(',')}`
  return out
}

function familyOf(address: Expression): 'ip' | 'ip6' | undefined {
  if (address.kind === 'map' && address.map.kind === 'literal') {
    const data = address.map.elements[0]?.data
    return data && data.kind !== 'verdict' ? familyOf(data) : undefined
  }
  if (address.kind === 'tuple') return familyOf(address.parts[0]!)
  return isSix(address) ? 'ip6' : address.kind === 'value' && address.type.name === 'ipv4_addr' ? 'ip' : undefined
}

const isSix = (address: Expression): boolean => 'type' in address && address.type === typeNamed('ipv6_addr')

function rejectText({ how, code }: Extract<Statement, { kind: 'reject' }>, family: Family): string {
  if (how === 'tcp') return 'reject with tcp reset'
  const own = family === 'ip' ? 'icmp' : family === 'ip6' ? 'icmpv6' : 'icmpx'
  if (how === undefined || (how === own && code === 'port-unreachable'))
    return own === 'icmpx' ? 'reject with icmpx port-unreachable' : 'reject'
  return `reject with ${how} ${code}`
}

/** The burst is printed as the kernel keeps it: five packets unless said. */
function limitText(text: string): string {
  const found = /^limit rate (over )?(\d+) ?\/ ?(\w+)(?: burst (\d+))?/.exec(text)
  if (!found) return text
  return `limit rate ${found[1] ?? ''}${found[2]}/${found[3]} burst ${found[4] ?? 5} packets`
}
