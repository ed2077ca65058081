/** Rules of nft as text: what a rule says, remembered by its text. nftables src/parser_bison.y (stmt). */
import { parseTime, typeNamed } from './data-type.ts'
import {
  parseConstant,
  parseExpression,
  parseFlags,
  parseSet,
  parseVerdict,
  startsExpression,
  typesOf,
} from './parse-expression.ts'
import { parseNat } from './parse-nat.ts'
import type { Constant, Expression, MatchOp, NftRule, Statement } from './statement.ts'
import { NftSyntaxError, Words, wordsOf } from './words.ts'

const MEMO_LIMIT = 200_000
const memo = new Map<string, NftRule>()

/** The rule that a text says. One that cannot be read becomes a rule that nobody can answer. */
export function loadedNftRule(text: string): NftRule {
  let rule = memo.get(text)
  if (rule) return rule
  try {
    rule = parseNftRule(text)
  } catch (error) {
    if (!(error instanceof NftSyntaxError)) throw error
    rule = withVerdict(text) ?? { statements: [{ kind: 'opaque', text }] }
  }
  if (memo.size >= MEMO_LIMIT) memo.clear()
  memo.set(text, rule)
  return rule
}

const TAIL =
  /^(.*\S)\s+((?:accept|drop|return|(?:jump|goto) \S+|reject(?: with .+)?|masquerade(?: .+)?)(?: comment "[^"]*")?)$/

/** A rule of which only the end can be read: whether it matches is asked, and then it does what it says. */
export function withVerdict(text: string): NftRule | undefined {
  const found = TAIL.exec(text)
  if (!found) return undefined
  try {
    const end = parseNftRule(found[2]!)
    return { ...end, statements: [{ kind: 'opaque', text: found[1]! }, ...end.statements] }
  } catch (error) {
    if (!(error instanceof NftSyntaxError)) throw error
    return undefined
  }
}

export function parseNftRule(text: string): NftRule {
  const words = new Words(wordsOf(text))
  const rule = parseStatements(words)
  words.skipEnds()
  if (!words.done) throw words.unexpected()
  return rule
}

/** Statements up to the end of the line, and the comment. `ends` gets the place behind each. */
export function parseStatements(words: Words, ends: number[] = []): NftRule {
  const statements: Statement[] = []
  let comment: string | undefined
  while (words.peek().kind !== 'end' && !words.is('}')) {
    if (words.is('comment')) {
      words.next()
      comment = words.next().text
      break
    }
    const before = statements[statements.length - 1]
    const start = words.peek()
    const statement = parseStatement(words)
    if (before && isLast(before)) throw new NftSyntaxError('Statement after terminal statement has no effect', start)
    statements.push(statement)
    ends.push(words.at)
  }
  return comment === undefined ? { statements } : { statements, comment }
}

const isLast = (statement: Statement): boolean =>
  (statement.kind === 'verdict' && statement.name !== 'continue') || statement.kind === 'reject'

function parseStatement(words: Words): Statement {
  const verdict = parseVerdict(words)
  if (verdict) return verdict
  const { text } = words.peek()
  switch (text) {
    case 'counter':
      return counter(words)
    case 'log':
      return log(words)
    case 'limit':
      return limit(words)
    case 'quota':
      return quota(words)
    case 'notrack':
      words.next()
      return { kind: 'notrack' }
    case 'reject':
      return reject(words)
    case 'dnat':
    case 'snat':
    case 'masquerade':
    case 'redirect':
      return parseNat(words)
    case 'add':
    case 'update':
    case 'delete':
    case 'set':
      return setStatement(words)
  }
  if (text === 'ct' && words.peek(1).text === 'count') return taken(words, words.peek(2).text === 'over' ? 4 : 3)
  if (
    text === 'ct' &&
    words.peek(2).text === 'set' &&
    ['helper', 'timeout', 'expectation'].includes(words.peek(1).text)
  )
    return taken(words, 4)
  if (!startsExpression(words)) {
    if (text === 'xt') return xtables(words)
    if (text === 'dup' || text === 'fwd' || text === 'flow') return taken(words, words.peek(1).text === 'add' ? 4 : 3)
    if (text === 'last') return taken(words, words.peek(1).text === 'used' ? 3 : 1)
    if (/^(?:tproxy|synproxy|meter|exthdr|reset)$/.test(text)) return { kind: 'opaque', text: rest(words) }
    // a lone name is taken for a value to compare with
    if (words.peek().kind !== 'word') throw words.unexpected()
    const name = words.next()
    if (words.peek().kind === 'end') throw words.unexpected()
    throw new NftSyntaxError('No symbol type information', name)
  }
  return relation(words)
}

/** An extension of iptables in a table that iptables-nft made: `xt match "comment"`, `xt target "MASQUERADE"`. */
function xtables(words: Words): Statement {
  words.next()
  const kind = words.next().text
  const name = words.next().text
  if (kind === 'target' && name === 'MASQUERADE') return { kind: 'nat', name: 'masquerade', flags: [] }
  return { kind: 'opaque', text: `xt ${kind} "${name}"` }
}

/** The next words, as they are written. */
function taken(words: Words, count: number): Statement {
  const parts: string[] = []
  for (let i = 0; i < count && words.peek().kind !== 'end'; i++) {
    const word = words.next()
    parts.push(word.kind === 'string' ? `"${word.text}"` : word.text)
  }
  return { kind: 'opaque', text: parts.join(' ').replace('@ ', '@') }
}

function quota(words: Words): Statement {
  words.next()
  if (words.take('name')) return { kind: 'opaque', text: `quota name "${words.next().text}"` }
  const over = words.take('over') !== undefined
  words.take('until')
  const size = `${words.next().text} ${words.next().text}`
  let used = ''
  if (words.take('used')) used = `${words.next().text} ${words.next().text}`
  const shown = used === '' || used === '0 bytes' ? '' : ` used ${used}`
  return { kind: 'opaque', text: `quota ${over ? 'over ' : ''}${size}${shown}` }
}

/** Words up to the comment or the end, as written. */
function rest(words: Words): string {
  const parts: string[] = []
  while (words.peek().kind !== 'end' && !words.is('comment')) {
    const word = words.next()
    parts.push(word.kind === 'string' ? `"${word.text}"` : word.text)
  }
  return parts.join(' ')
}

/* ------------------------------------------------------------------ comparisons, maps, assignments */

const OPS: Readonly<Record<string, MatchOp>> = {
  '==': '==',
  eq: '==',
  '!=': '!=',
  ne: '!=',
  '!': '!=',
  not: '!=',
  '<': '<',
  lt: '<',
  '>': '>',
  gt: '>',
  '<=': '<=',
  le: '<=',
  '>=': '>=',
  ge: '>=',
}

function relation(words: Words): Statement {
  const start = words.peek()
  let left = parseExpression(words)
  const types = typesOf(left)
  if (words.take('vmap')) return { kind: 'vmap', key: left, map: parseSet(words, types, 'verdict') }
  if (words.take('set')) return { kind: 'assign', to: left, value: assigned(words, left) }
  const sign = words.peek()
  const op = sign.kind !== 'string' && Object.hasOwn(OPS, sign.text) ? OPS[sign.text] : undefined
  if (op) words.next()
  if (words.is('{') || (words.is('@') && !startsExpression(words)))
    return { kind: 'match', left, op: op ?? '==', anyBit: false, right: parseSet(words, types, undefined) }
  if (words.peek().kind === 'end') throw words.unexpected()
  const type = types[0] ?? typeNamed('string')
  if (words.take('(')) {
    const value = parseFlags(words, type)
    words.expect(')')
    return { kind: 'match', left, op: op ?? '==', anyBit: false, right: value }
  }
  if (type.name !== 'ifname' && type.name !== 'string' && type.parse(words.peek().text) === undefined)
    if (startsExpression(words))
      return { kind: 'match', left, op: op ?? '==', anyBit: false, right: parseExpression(words) }
  const right = parseConstant(words, types)
  if (right.kind === 'tuple')
    throw new NftSyntaxError('Use concatenations with sets and maps, not singleton values', start)
  // `tcp flags syn / fin,syn,rst,ack`
  if (words.take('/') && right.kind === 'value') {
    left = { kind: 'binary', op: '&', left, right: parseFlags(words, type) }
    return { kind: 'match', left, op: op ?? '==', anyBit: false, right }
  }
  const anyBit = type.bitmask === true && left.kind !== 'binary' && (op === undefined || sign.text === '!')
  return { kind: 'match', left, op: op ?? '==', anyBit, right }
}

function assigned(words: Words, to: Expression): Expression {
  if (startsExpression(words)) return parseExpression(words)
  const value: Constant = parseConstant(words, typesOf(to))
  return value
}

/* ------------------------------------------------------------------ other statements */

function counter(words: Words): Statement {
  words.next()
  if (words.take('name')) return { kind: 'counter', name: words.next().text, packets: 0, bytes: 0 }
  const packets = words.take('packets') ? Number(words.next().text) : 0
  const bytes = words.take('bytes') ? Number(words.next().text) : 0
  return { kind: 'counter', packets, bytes }
}

/** In the order in which they are printed. */
const LOG_OPTIONS = ['prefix', 'group', 'snaplen', 'queue-threshold', 'level', 'flags']

function log(words: Words): Statement {
  words.next()
  const options = new Map<string, string>()
  for (;;) {
    const name = words.take(...LOG_OPTIONS)
    if (name === undefined) break
    const value = words.next()
    let text = value.kind === 'string' ? `"${value.text}"` : value.text
    if (name === 'flags')
      while (words.is(',') || ((value.text === 'tcp' || value.text === 'ip') && words.is('sequence', 'options'))) {
        const more = words.next().text
        text += more === ',' || text.endsWith(',') ? more : ` ${more}`
      }
    options.set(name, text)
  }
  return {
    kind: 'log',
    options: LOG_OPTIONS.flatMap((name) => (options.has(name) ? [`${name} ${options.get(name)}`] : [])).join(' '),
  }
}

function limit(words: Words): Statement {
  const from = words.at
  words.next()
  if (words.take('name')) {
    const name = words.next().text
    return { kind: 'limit', text: `limit name "${name}"`, over: false }
  }
  words.expect('rate')
  const over = words.take('over') !== undefined
  words.take('until')
  while (
    words.peek().kind === 'word' &&
    /^(?:\d+(?:\/\w+)?|\/|[kmg]?bytes(?:\/\w+)?|second|minute|hour|day|week)$/.test(words.peek().text)
  )
    words.next()
  if (words.take('burst')) {
    words.next()
    words.take('packets', 'bytes', 'kbytes', 'mbytes')
  }
  const text = words.list
    .slice(from, words.at)
    .map((word) => word.text)
    .join(' ')
  return { kind: 'limit', text, over }
}

function reject(words: Words): Statement {
  words.next()
  if (!words.take('with')) return { kind: 'reject', how: undefined, code: undefined }
  const how = words.next()
  if (how.text === 'tcp') {
    words.expect('reset')
    return { kind: 'reject', how: 'tcp', code: 'reset' }
  }
  if (!['icmp', 'icmpv6', 'icmpx'].includes(how.text))
    throw new NftSyntaxError(`syntax error, unexpected ${how.text}`, how)
  words.take('type')
  return { kind: 'reject', how: how.text, code: words.next().text }
}

/** `update @set { ip saddr timeout 3h }`, and the older `set update ip saddr timeout 3h @set`. */
function setStatement(words: Words): Statement {
  const old = words.take('set') !== undefined
  const op = words.take('add', 'update', 'delete') as 'add' | 'update' | 'delete' | undefined
  if (!op) throw words.unexpected()
  let set = ''
  if (!old) {
    words.expect('@')
    set = words.next().text
    words.expect('{')
  }
  const key = parseExpression(words)
  const timeout = words.take('timeout') ? parseTime(words.next().text) : undefined
  if (old) {
    words.expect('@')
    set = words.next().text
    return { kind: 'set', op, set, key, ...(timeout === undefined ? {} : { timeout }), statements: [] }
  }
  const statements: Statement[] = []
  while (!words.is('}') && !words.is(':')) statements.push(parseStatement(words))
  let data: Expression | ReturnType<typeof parseVerdict>
  if (words.take(':'))
    data = parseVerdict(words) ?? (startsExpression(words) ? parseExpression(words) : parseConstant(words, []))
  words.expect('}')
  return {
    kind: 'set',
    op,
    set,
    key,
    ...(timeout === undefined ? {} : { timeout }),
    statements,
    ...(data ? { data } : {}),
  }
}
