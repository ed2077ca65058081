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

/** Types of the data of a named map. */
export type MapData = (name: string) => readonly string[] | 'verdict' | undefined

/** `counters`: what a counter of the rule stands at, where it is kept apart from the text. */
export function nftRuleText(
  text: string,
  family: Family,
  counters?: readonly [number, number],
  mapData?: MapData,
): string {
  const rule = loadedNftRule(text)
  const parts = statementsOf(rule, family).map((statement) => statementText(statement, family, counters, mapData))
  if (rule.comment !== undefined) parts.push(`comment "${rule.comment}"`)
  return parts.join(' ')
}

/** What a rule does once it matched, for a trace. */
export function nftActionText(text: string, family: Family, mapData?: MapData): string {
  const statements = loadedNftRule(text).statements.filter((s) => s.kind !== 'match' && s.kind !== 'counter')
  // which verdict a map gave is told with what was found in it
  return statements
    .map((s) =>
      s.kind === 'vmap'
        ? `vmap ${s.map.kind === 'named' ? `@${s.map.name}` : '{ }'}`
        : statementText(s, family, undefined, mapData),
    )
    .join(' ')
}

/** Without the comparisons that a later one implies (payload_dependency_kill). */
function statementsOf(rule: NftRule, family: Family): readonly Statement[] {
  const out: Statement[] = []
  rule.statements.forEach((statement, i) => {
    // a reset needs TCP, and says so in inet only (payload_dependency_kill)
    if (statement.kind === 'reject' && statement.how === 'tcp') {
      if (family === 'inet' && !out.some(saysTcp)) out.push(IS_TCP)
      else if (family !== 'inet' && out.length > 0 && isTcp(out[out.length - 1]!)) out.pop()
    }
    if (!implied(statement, rule.statements[i + 1], family)) out.push(statement)
  })
  return out
}

const IS_TCP: Statement = {
  kind: 'match',
  left: { kind: 'meta', key: 'l4proto', type: typeNamed('inet_proto') },
  op: '==',
  anyBit: false,
  right: { kind: 'value', type: typeNamed('inet_proto'), value: 6 },
}

const saysTcp = (statement: Statement): boolean => firstPayload(statement) === 'tcp' || isTcp(statement)

function isTcp(statement: Statement): boolean {
  if (statement.kind !== 'match' || statement.right.kind !== 'value' || statement.right.value !== 6) return false
  return statement.right.type.name === 'inet_proto'
}

function implied(statement: Statement, next: Statement | undefined, family: Family): boolean {
  if (statement.kind !== 'match' || statement.op !== '==' || statement.right.kind !== 'value' || !next) return false
  const { left, right } = statement
  const after = firstPayload(next)
  if (after === undefined) return false
  const l4 =
    (left.kind === 'meta' && left.key === 'l4proto') ||
    (left.kind === 'payload' && (left.field === 'protocol' || left.field === 'nexthdr'))
  if (l4) return L4_NUMBER[after] === right.value && (left.kind === 'meta' || family !== 'inet')
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

export function statementText(
  statement: Statement,
  family: Family,
  counters?: readonly [number, number],
  mapData?: MapData,
): string {
  switch (statement.kind) {
    case 'match':
      return matchText(statement)
    case 'vmap':
      return `${expressionText(statement.key)} vmap ${setText(statement.map)}`
    case 'verdict':
      return verdictText(statement)
    case 'assign':
      return `${expressionText(statement.to)} set ${expressionText(folded(statement.value))}`
    case 'nat':
      return natText(statement, family, mapData)
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
      for (const one of statements)
        inner += one.kind === 'counter' && one.packets + one.bytes === 0 ? ' counter' : ` ${statementText(one, family)}`
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
  if (left.kind === 'binary' && left.op === '&' && left.right.kind === 'value' && left.right.type.bitmask)
    if (right.kind === 'value' && right.value === 0)
      return `${expressionText(left.left)} ${op === '!=' ? '' : '! '}${constantText(left.right)}`
  const prefix = asPrefix(left, right)
  if (prefix && (op === '==' || op === '!=')) return `${prefix.what} ${op === '!=' ? '!= ' : ''}${prefix.text}`
  const sign = op === '==' ? (left.kind === 'binary' ? '== ' : '') : anyBit ? '! ' : `${op} `
  return `${what} ${sign}${valueText(right, op !== '==' && !anyBit)}`
}

/** The kernel keeps a mask and what is turned in it (nft_bitwise): `x & m | v`, `x | v` where the mask is all but v. */
function folded(value: Expression): Expression {
  if (value.kind !== 'binary' || value.op !== '|' || value.right.kind !== 'value') return value
  const inner = value.left
  if (inner.kind !== 'binary' || inner.op !== '&' || inner.right.kind !== 'value') return value
  const mask = (Number(inner.right.value) | Number(value.right.value)) >>> 0
  if (mask === 0xffffffff) return { ...value, left: inner.left }
  return { ...value, left: { ...inner, right: { ...inner.right, value: mask } } }
}

/** Flags after a written operator are joined with bars. */
function valueText(right: Expression, written: boolean): string {
  if (!isConstant(right)) return expressionText(right)
  const text = constantText(right)
  return written && right.kind === 'value' && right.type.bitmask ? text.replace(/,/g, ' | ') : text
}

/** `ip saddr & 255.255.255.0 == 10.1.1.0` is a prefix (relational_binop_postprocess). */
function asPrefix(left: Expression, right: Expression | SetExpression): { what: string; text: string } | undefined {
  if (left.kind !== 'binary' || left.op !== '&' || left.right.kind !== 'value' || right.kind !== 'value')
    return undefined
  if (right.type.name !== 'ipv4_addr') return undefined
  const mask = Number(left.right.value)
  let bits = 0
  while (bits < 32 && (mask & (1 << (31 - bits))) !== 0) bits++
  if (32 - bits > 0 && (mask & (bits === 0 ? -1 : (1 << (32 - bits)) - 1)) !== 0) return undefined
  return { what: expressionText(left.left), text: `${constantText(right)}${bits === 32 ? '' : `/${bits}`}` }
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
  return element!.data || element!.key.kind === 'any' || element!.key.kind === 'tuple' ? undefined : element
}

function natText(statement: NatStatement, table: Family, mapData: MapData | undefined): string {
  const { name, address, port, flags } = statement
  let out: string = name
  const tuple = statement.withPort || (address !== undefined && isPair(address, mapData))
  if (address || (port && name !== 'masquerade' && name !== 'redirect')) {
    const family = statement.family ?? (tuple && address ? familyOf(address, mapData) : undefined)
    if (family && (tuple || table === 'inet')) out += ` ${family}`
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

/** An address with a port. */
function isPair(address: Expression, mapData: MapData | undefined): boolean {
  if (address.kind === 'tuple') return true
  if (address.kind !== 'map') return false
  if (address.map.kind === 'literal') return address.map.elements[0]?.data?.kind === 'tuple'
  const data = mapData?.(address.map.name)
  return data !== undefined && data !== 'verdict' && data.length > 1
}

function familyOf(address: Expression, mapData: MapData | undefined): 'ip' | 'ip6' | undefined {
  if (address.kind === 'map' && address.map.kind === 'named') {
    const data = mapData?.(address.map.name)
    return data?.[0] === 'ipv6_addr' ? 'ip6' : data === undefined ? undefined : 'ip'
  }
  if (address.kind === 'map' && address.map.kind === 'literal') {
    const data = address.map.elements[0]?.data
    return data && data.kind !== 'verdict' ? familyOf(data, mapData) : undefined
  }
  if (address.kind === 'tuple') return familyOf(address.parts[0]!, mapData)
  return isSix(address) ? 'ip6' : address.kind === 'value' && address.type.name === 'ipv4_addr' ? 'ip' : undefined
}

const isSix = (address: Expression): boolean => 'type' in address && address.type === typeNamed('ipv6_addr')

function rejectText({ how, code }: Extract<Statement, { kind: 'reject' }>, family: Family): string {
  if (how === 'tcp') return 'reject with tcp reset'
  const own = family === 'ip' ? 'icmp' : family === 'ip6' ? 'icmpv6' : 'icmpx'
  if (how === undefined || (how === own && code === 'port-unreachable')) return 'reject'
  return `reject with ${how} ${code}`
}

/** The burst is printed when it is not the usual five packets. */
function limitText(text: string): string {
  const found = /^limit rate (over )?(\d+) ?\/ ?(\w+)(?: burst (\d+))?/.exec(text)
  if (!found) return text
  return `limit rate ${found[1] ?? ''}${found[2]}/${found[3]}${found[4] === undefined || found[4] === '5' ? '' : ` burst ${found[4]} packets`}`
}
