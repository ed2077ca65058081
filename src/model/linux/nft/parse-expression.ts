/** Expressions of a rule: what is looked at, and the constants it is compared with. nftables src/parser_bison.y. */
import { type DataType, parseTime, typeNamed, type Value } from './data-type.ts'
import { BARE_META, CT, META, PAYLOAD, typeOfPayload } from './selectors.ts'
import type { Constant, Expression, LiteralElement, SetExpression, Verdict } from './statement.ts'
import { NftSyntaxError, type Word, type Words } from './words.ts'

const INTEGER = typeNamed('integer')
const STRING = typeNamed('string')
/** Printed as it was written. */
const PLAIN = typeNamed('classid')

/** The types of the parts of a value. */
export function typesOf(expression: Expression): readonly DataType[] {
  switch (expression.kind) {
    case 'concat':
      return expression.parts.flatMap(typesOf)
    case 'binary':
      return typesOf(expression.left)
    case 'map':
      return []
    case 'tuple':
      return expression.parts.flatMap(typesOf)
    case 'any':
      return []
    default:
      return [expression.type]
  }
}

/** Whether a word starts an expression that looks at the packet. */
export function startsExpression(words: Words): boolean {
  const word = words.peek()
  if (word.kind === 'sign') {
    if (word.text === '@') return /^(?:ll|nh|th|ih)$/.test(words.peek(1).text) && words.peek(2).text === ','
    return word.text === '(' && startsAfter(words)
  }
  if (word.kind !== 'word') return false
  if (PAYLOAD[word.text]) return true
  return (
    BARE_META.has(word.text) ||
    /^(?:meta|ct|fib|numgen|symhash|jhash|socket|rt|osf|ipsec|exthdr|frag|hbh|dst|mh|rt0|tcp|vlan|arp|comp)$/.test(
      word.text,
    )
  )
}

/** Behind an opening bracket. */
function startsAfter(words: Words): boolean {
  words.at++
  const starts = startsExpression(words) && words.peek(1).text !== '|'
  words.at--
  return starts
}

/** `a . b`, each with its masks and shifts. */
export function parseExpression(words: Words): Expression {
  const first = parseBinary(words)
  let whole = first
  if (words.is('.')) {
    const parts = [first]
    while (words.take('.')) parts.push(parseBinary(words))
    whole = { kind: 'concat', parts }
  }
  if (words.is('map')) {
    words.next()
    return { kind: 'map', key: whole, map: parseSet(words, typesOf(whole), undefined) }
  }
  return whole
}

const BINARY: Readonly<Record<string, '&' | '|' | '^' | '<<' | '>>'>> = {
  '&': '&',
  and: '&',
  '|': '|',
  or: '|',
  '^': '^',
  xor: '^',
  '<<': '<<',
  lshift: '<<',
  '>>': '>>',
  rshift: '>>',
}

function parseBinary(words: Words): Expression {
  let left = parsePrimary(words)
  for (;;) {
    const word = words.peek()
    const op = word.kind === 'string' || word.kind === 'end' ? undefined : BINARY[word.text]
    if (op === undefined || !Object.hasOwn(BINARY, word.text)) return left
    words.next()
    const right = startsExpression(words) ? parsePrimary(words) : parseOperand(words, typesOf(left)[0] ?? INTEGER)
    left = { kind: 'binary', op, left, right }
  }
}

function parseOperand(words: Words, type: DataType): Constant {
  const open = words.take('(')
  let value = parseFlags(words, type)
  if (open) {
    while (words.is('|', ',')) {
      words.next()
      const more = parseFlags(words, type)
      if (value.kind === 'value' && more.kind === 'value')
        value = { kind: 'value', type, value: Number(value.value) | Number(more.value) }
    }
    words.expect(')')
  }
  return value
}

function parsePrimary(words: Words): Expression {
  if (words.take('(')) {
    const inner = parseExpression(words)
    words.expect(')')
    return inner
  }
  const word = words.next()
  const name = word.text
  if (word.kind !== 'word' && !(word.kind === 'sign' && name === '@'))
    throw new NftSyntaxError(`syntax error, unexpected ${name === '\n' ? 'newline' : name}`, word)
  if (name === '@') return rawPayload(words)
  if (name === 'meta') {
    const key = words.next()
    const type = META[key.text]
    if (type === undefined) throw new NftSyntaxError(`syntax error, unexpected ${shown(key)}`, key)
    return { kind: 'meta', key: key.text, type: typeNamed(type) }
  }
  if (BARE_META.has(name)) return { kind: 'meta', key: name, type: typeNamed(META[name] ?? 'integer') }
  if (name === 'ct') return parseCt(words)
  if (name === 'fib') return parseFib(words)
  if (name === 'numgen') return parseNumgen(words)
  if (name === 'symhash' || name === 'jhash') return parseHash(words, name)
  if (PAYLOAD[name]) {
    const field = words.next()
    const type = typeOfPayload(name, field.text)
    if (!type) {
      if (name === 'tcp' && field.text === 'option') return option(words)
      throw new NftSyntaxError(`syntax error, unexpected ${shown(field)}`, field)
    }
    return { kind: 'payload', proto: name, field: field.text, type }
  }
  if (/^(?:socket|rt|osf|ipsec|exthdr|frag|hbh|dst|mh|rt0|vlan|arp|comp)$/.test(name)) {
    const key = words.next()
    return { kind: 'opaque', text: `${name} ${key.text}`, type: PLAIN }
  }
  throw new NftSyntaxError(`syntax error, unexpected ${shown(word)}`, word)
}

const shown = (word: Word): string =>
  word.kind === 'end' ? (word.text === ';' ? 'semicolon' : word.text === '' ? 'end of file' : 'newline') : word.text

function rawPayload(words: Words): Expression {
  const parts = [words.next().text]
  while (words.take(',')) parts.push(words.next().text)
  return { kind: 'opaque', text: `@${parts.join(',')}`, type: INTEGER }
}

function option(words: Words): Expression {
  const name = words.next().text
  const field = words.next().text
  return { kind: 'opaque', text: `tcp option ${name} ${field}`, type: INTEGER }
}

function parseCt(words: Words): Expression {
  const direction = words.take('original', 'reply') as 'original' | 'reply' | undefined
  const family = words.take('ip', 'ip6') as 'ip' | 'ip6' | undefined
  const key = words.next()
  const known = CT[key.text]
  if (known === undefined) throw new NftSyntaxError(`syntax error, unexpected ${shown(key)}`, key)
  const type = typeNamed(family === 'ip6' && known === 'ipv4_addr' ? 'ipv6_addr' : known)
  return { kind: 'ct', key: key.text, ...(direction ? { direction } : {}), ...(family ? { family } : {}), type }
}

function parseFib(words: Words): Expression {
  const flags = [words.next().text]
  while (words.take('.')) flags.push(words.next().text)
  const result = words.next()
  if (!['type', 'oif', 'oifname', 'check'].includes(result.text))
    throw new NftSyntaxError(`syntax error, unexpected ${shown(result)}`, result)
  const type = { type: 'fib_addrtype', oif: 'fib_oif', oifname: 'fib_oif', check: 'boolean' }[result.text]!
  return { kind: 'fib', flags, result: result.text as 'type', type: typeNamed(type) }
}

function parseNumgen(words: Words): Expression {
  const mode = words.next()
  if (mode.text !== 'random' && mode.text !== 'inc')
    throw new NftSyntaxError(`syntax error, unexpected ${shown(mode)}`, mode)
  words.expect('mod')
  const mod = Number(words.next().text)
  const offset = words.take('offset') ? Number(words.next().text) : 0
  return { kind: 'numgen', mode: mode.text, mod, offset, type: INTEGER }
}

/** A hash of the packet: one of `mod` answers that the model does not work out. */
function parseHash(words: Words, name: string): Expression {
  let mode = name
  if (name === 'jhash') mode += ` ${expressionWords(words, 'mod')}`
  words.expect('mod')
  const mod = Number(words.next().text)
  if (words.take('seed')) mode += ` seed ${words.next().text}`
  const offset = words.take('offset') ? Number(words.next().text) : 0
  return { kind: 'numgen', mode, mod, offset, type: INTEGER }
}

function expressionWords(words: Words, end: string): string {
  const parts: string[] = []
  while (!words.is(end) && words.peek().kind !== 'end') parts.push(words.next().text)
  return parts.join(' ')
}

/* ------------------------------------------------------------------ constants */

/** One value of `type`, or flags joined with bars; with commas only outside of sets, where a comma ends an element. */
export function parseFlags(words: Words, type: DataType, inSet = false): Constant {
  const first = parseAtom(words, type)
  if (!type.bitmask || first.kind !== 'value') return first
  let bits = Number(first.value)
  while (
    (words.is('|') || (!inSet && words.is(','))) &&
    words.peek(1).kind === 'word' &&
    type.parse(words.peek(1).text) !== undefined
  ) {
    words.next()
    bits |= Number(type.parse(words.next().text))
  }
  return { kind: 'value', type, value: bits }
}

function parseAtom(words: Words, type: DataType): Constant {
  const word = words.next()
  if (word.kind === 'end' || (word.kind === 'sign' && word.text !== '*')) {
    words.at--
    throw words.unexpected()
  }
  const { text } = word
  if (text === '*' && word.kind === 'word') return { kind: 'any' }
  if (
    type.name === 'ifname' ||
    type.name === 'iface_index' ||
    type.name === 'string' ||
    type.name === 'fib_oif' ||
    type.name === 'classid'
  ) {
    if (text.endsWith('*') && !text.endsWith('\\*')) return { kind: 'wildcard', type, start: text.slice(0, -1) }
    return { kind: 'value', type, value: text }
  }
  const exact = type.parse(text)
  if (type.name === 'inet_service' && Number(exact) > 65_535) throw new NftSyntaxError('Service out of range', word)
  if (exact !== undefined) return { kind: 'value', type, value: exact }
  const slash = text.indexOf('/')
  if (slash > 0) {
    const base = type.parse(text.slice(0, slash))
    const bits = Number(text.slice(slash + 1))
    if (base !== undefined && Number.isInteger(bits) && bits >= 0 && bits <= type.bytes * 8)
      return prefixOf(type, base, bits)
  }
  const dash = text.indexOf('-')
  if (dash > 0) {
    const from = type.parse(text.slice(0, dash))
    const to = type.parse(text.slice(dash + 1))
    if (from !== undefined && to !== undefined) {
      if (from > to) throw new NftSyntaxError('Range has zero or negative size', word)
      return { kind: 'range', type, from, to }
    }
  }
  throw new NftSyntaxError(badValue(type, text), word)
}

function badValue(type: DataType, text: string): string {
  if (type.name === 'ipv4_addr' || type.name === 'ipv6_addr')
    return `Could not resolve hostname: ${/^[0-9.:]+$/.test(text) ? 'Name or service not known' : 'Temporary failure in name resolution'}`
  if (type.name === 'inet_service') return `Could not resolve service: Servname not supported for ai_socktype`
  if (type.name === 'inet_proto') return 'Could not resolve protocol name'
  return `syntax error, unexpected ${text}`
}

function prefixOf(type: DataType, base: Value, bits: number): Constant {
  const all = type.bytes * 8
  if (bits === all) return { kind: 'value', type, value: base }
  if (typeof base === 'bigint') {
    const shift = BigInt(all - bits)
    return { kind: 'prefix', type, value: (base >> shift) << shift, bits }
  }
  const mask = bits === 0 ? 0 : (0xffffffff << (all - bits)) >>> 0
  return { kind: 'prefix', type, value: (Number(base) & mask) >>> 0, bits }
}

/** `10.0.0.1 . tcp . 80-90` of `types`. */
export function parseConstant(words: Words, types: readonly DataType[], inSet = false): Constant {
  const typeAt = (i: number): DataType => types[i] ?? STRING
  if (words.peek().text === '*' && words.peek().kind === 'word') {
    words.next()
    return { kind: 'any' }
  }
  const first = parseFlags(words, typeAt(0), inSet)
  if (!words.is('.')) return first
  const parts = [first]
  while (words.take('.')) parts.push(parseFlags(words, typeAt(parts.length), inSet))
  return { kind: 'tuple', parts }
}

/* ------------------------------------------------------------------ sets and verdicts */

const VERDICTS: ReadonlySet<string> = new Set(['accept', 'drop', 'continue', 'return', 'jump', 'goto', 'queue'])

export function parseVerdict(words: Words): Verdict | undefined {
  const word = words.peek()
  if (word.kind !== 'word' || !VERDICTS.has(word.text)) return undefined
  words.next()
  const name = word.text as Verdict['name']
  if (name === 'jump' || name === 'goto') {
    const chain = words.next()
    if (chain.kind !== 'word') throw new NftSyntaxError(`syntax error, unexpected ${shown(chain)}`, chain)
    return { kind: 'verdict', name, chain: chain.text }
  }
  if (name === 'queue')
    while (words.peek().kind === 'word' && /^(?:num|to|flags|bypass|fanout|[0-9-]+)$/.test(words.peek().text))
      words.next()
  return { kind: 'verdict', name }
}

/** `@name` or `{ ... }`; `data` undefined: the types of the data are read off the words. */
export function parseSet(
  words: Words,
  types: readonly DataType[],
  data: readonly DataType[] | 'verdict' | undefined,
): SetExpression {
  if (words.take('@')) return { kind: 'named', name: words.next().text }
  words.expect('{')
  return { kind: 'literal', elements: parseElements(words, types, data) }
}

/** Elements up to the closing brace. */
export function parseElements(
  words: Words,
  types: readonly DataType[],
  data: readonly DataType[] | 'verdict' | undefined,
): LiteralElement[] {
  const elements: LiteralElement[] = []
  for (;;) {
    words.skipEnds()
    if (words.take('}')) return elements
    elements.push(parseElement(words, types, data))
    words.skipEnds()
    if (words.take(',')) continue
    words.expect('}')
    return elements
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

function parseElement(
  words: Words,
  types: readonly DataType[],
  data: readonly DataType[] | 'verdict' | undefined,
): LiteralElement {
  const element: Mutable<LiteralElement> = { key: parseConstant(words, types, true) }
  for (;;) {
    if (words.take('comment')) element.comment = words.next().text
    else if (words.take('timeout')) element.timeout = parseTime(words.next().text) ?? 0
    else if (words.take('expires')) element.expires = parseTime(words.next().text) ?? 0
    else if (words.take('counter')) {
      let packets = 0
      let bytes = 0
      if (words.take('packets')) packets = Number(words.next().text)
      if (words.take('bytes')) bytes = Number(words.next().text)
      element.counter = [packets, bytes]
    } else break
  }
  if (words.take(':')) {
    const verdict = data === undefined || data === 'verdict' ? parseVerdict(words) : undefined
    element.data = verdict ?? parseConstant(words, data === 'verdict' || !data ? guessTypes(words) : data, true)
  }
  return element
}

/** Types of the data of an anonymous map, by how the words look. */
function guessTypes(words: Words): readonly DataType[] {
  const types: DataType[] = []
  for (let i = 0; ; i += 2) {
    const text = words.peek(i).text
    types.push(typeNamed(guessType(text)))
    if (words.peek(i + 1).text !== '.' || words.peek(i + 1).kind !== 'word') return types
  }
}

function guessType(text: string): string {
  if (/^\d+\.\d+\.\d+\.\d+/.test(text)) return 'ipv4_addr'
  if (text.includes(':')) return 'ipv6_addr'
  if (/^0x/.test(text)) return 'mark'
  return /^\d+(?:-\d+)?$/.test(text) ? 'inet_service' : 'string'
}
