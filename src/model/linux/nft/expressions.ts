/** What an expression is for the packet in hand. linux net/netfilter/nft_payload.c, nft_meta.c, nft_ct.c, nft_fib.c. */
import type { Ip } from '../netfilter/address.ts'
import { addressType } from '../netfilter/route.ts'
import type { Rule } from '../netfilter/rule.ts'
import type { Question, Walk } from '../netfilter/walk.ts'
import {
  ADDRESS_TYPES,
  CT_STATES,
  CT_STATUS,
  type DataType,
  ipValue,
  joinKey,
  spanOf,
  typeNamed,
  type Value,
} from './data-type.ts'
import { constantText, dataText, expressionText } from './expression-text.ts'
import { parseConstant, parseVerdict, typesOf } from './parse-expression.ts'
import { L4_NUMBER } from './selectors.ts'
import type { BaseChain, NftElement, NftSet, NftStore } from './store.ts'
import type { Constant, Expression, SetExpression, Statement, Verdict } from './statement.ts'
import { Words, wordsOf } from './words.ts'

/** Where in the rules a packet is. */
export interface Place {
  readonly walk: Walk
  readonly store: NftStore
  readonly table: string
  readonly chain: string
  readonly index: number
  readonly base: BaseChain
  /** What look-ups of this rule found; undefined: nothing. */
  readonly found: (string | undefined)[]
  readonly question: { readonly table: string; readonly chain: string; readonly index: number; readonly rule: Rule }
}

/** Nobody said: a question is asked when it matters. */
export interface Unknown {
  readonly about: string
  readonly kind: Question['kind']
}
type Part = Value | Unknown
/** A map may hold ranges and prefixes (`dnat to ... map`). undefined: the rule ends here (NFT_BREAK). */
export type Result = Part | readonly Part[] | { readonly constant: Constant } | undefined

export const isUnknown = (result: unknown): result is Unknown =>
  typeof result === 'object' && result !== null && 'about' in result

export const sure = (result: Result): number | bigint =>
  typeof result === 'bigint' ? result : Number(result as number)

const unknown = (about: string, kind: Question['kind'] = 'unknown'): Unknown => ({ about, kind })

export function evaluate(place: Place, expression: Expression): Result {
  const { walk } = place
  switch (expression.kind) {
    case 'payload':
      return payload(walk, expression.proto, expression.field)
    case 'meta':
      return meta(walk, expression.key)
    case 'ct':
      return ct(place, expression)
    case 'fib':
      return fib(walk, expression)
    case 'numgen': {
      if (expression.mod <= 1) return expression.offset
      const about = `which of ${expression.mod} does ${expressionText(expression)} give?`
      return expression.offset + walk.ask({ kind: 'choice', ...place.question, below: expression.mod, about })
    }
    case 'concat': {
      const parts: Part[] = []
      for (const part of expression.parts) {
        const value = evaluate(place, part)
        if (value === undefined) return undefined
        if (Array.isArray(value)) parts.push(...(value as Part[]))
        else parts.push(value as Part)
      }
      return parts
    }
    case 'binary':
      return binary(place, expression)
    case 'map': {
      const key = evaluate(place, expression.key)
      if (key === undefined) return undefined
      const found = lookUp(place, key, expression.key, expression.map)
      if (!found?.data || found.data.kind === 'verdict') return undefined
      return ofConstant(found.data)
    }
    case 'opaque':
      return unknown(expression.text)
    default:
      return ofConstant(expression)
  }
}

function ofConstant(constant: Constant): Result {
  if (constant.kind === 'value') return constant.value
  if (constant.kind === 'tuple' && constant.parts.every((part) => part.kind === 'value'))
    return constant.parts.map((part) => (part as { value: Value }).value)
  return { constant }
}

function binary(place: Place, expression: Extract<Expression, { kind: 'binary' }>): Result {
  const left = evaluate(place, expression.left)
  const right = evaluate(place, expression.right)
  if (left === undefined || right === undefined) return undefined
  if (isUnknown(left) || isUnknown(right)) return unknown(expressionText(expression))
  if (typeof left === 'bigint' || typeof right === 'bigint') {
    const a = BigInt(sure(left))
    const b = BigInt(sure(right))
    if (expression.op === '&') return a & b
    if (expression.op === '|') return a | b
    if (expression.op === '^') return a ^ b
    return expression.op === '<<' ? a << b : a >> b
  }
  const a = Number(sure(left)) | 0
  const b = Number(sure(right)) | 0
  if (expression.op === '&') return (a & b) >>> 0
  if (expression.op === '|') return (a | b) >>> 0
  if (expression.op === '^') return (a ^ b) >>> 0
  return expression.op === '<<' ? (a << b) >>> 0 : (a >>> 0) >>> b
}

/* ------------------------------------------------------------------ what is looked at */

function payload(walk: Walk, proto: string, field: string): Result {
  if (proto === 'ip' || proto === 'ip6') {
    if (walk.family !== (proto === 'ip' ? 4 : 6)) return undefined
    if (field === 'saddr') return ipValue(walk.src)
    if (field === 'daddr') return ipValue(walk.dst)
    if (field === 'protocol' || field === 'nexthdr') return walk.proto
    return field === 'version' ? walk.family : unknown(`${proto} ${field}`)
  }
  const number = L4_NUMBER[proto]
  if (number !== undefined && walk.proto !== number) return undefined
  if (field === 'sport') return walk.sport
  if (field === 'dport') return walk.dport
  if (proto === 'tcp' && field === 'flags') return walk.flags
  if (proto.startsWith('icmp') && field === 'type') return walk.icmpType
  if (proto.startsWith('icmp') && field === 'code') return walk.icmpCode
  return unknown(`${proto} ${field}`)
}

function meta(walk: Walk, key: string): Result {
  switch (key) {
    case 'mark':
      return walk.mark >>> 0
    case 'iif':
    case 'iifname':
      return inDevice(walk) ?? unknown('in', 'interface')
    case 'oif':
    case 'oifname':
      return walk.outDev ?? unknown('out', 'interface')
    case 'l4proto':
      return walk.proto
    case 'nfproto':
      return walk.family === 4 ? 2 : 10
    case 'protocol':
      return walk.family === 4 ? 0x800 : 0x86dd
    case 'nftrace':
      return 0
    default:
      return unknown(`meta ${key}`)
  }
}

/** nft sees the device a packet came in by in POSTROUTING, too. */
const inDevice = (walk: Walk): string | undefined =>
  walk.hook === 'POSTROUTING' && walk.inDev === '' && 'arrivedBy' in walk ? walk.arrivedBy : walk.inDev

function ct(place: Place, expression: Extract<Expression, { kind: 'ct' }>): Result {
  const { walk, base } = place
  const { key, direction } = expression
  // connection tracking runs at priority -200; over loopback a packet is known from OUTPUT
  const early = base.priority < -200 && (base.hook === 'prerouting' || base.hook === 'output') && !walk.ctEntry
  if (key === 'state') {
    if (early && !walk.untracked) return CT_STATES.invalid
    return CT_STATES[(walk.untracked ? 'untracked' : walk.ctState.toLowerCase()) as keyof typeof CT_STATES]
  }
  const known = walk.ctState === 'ESTABLISHED' || walk.ctState === 'RELATED'
  if (early || walk.untracked || (!walk.ctEntry && !known)) return undefined
  const entry = walk.ctEntry
  switch (key) {
    case 'status': {
      if (!entry) return unknown('ct status')
      let bits = (walk.dnat ? CT_STATUS.dnat : 0) | (walk.snat ? CT_STATUS.snat : 0)
      if (entry.seenReply) bits |= CT_STATUS['seen-reply']
      if (entry.assured) bits |= CT_STATUS.assured
      if (walk.ctState !== 'NEW') bits |= CT_STATUS.confirmed
      return bits
    }
    case 'direction':
      return walk.ctDirection
    case 'mark':
      return walk.ctMark >>> 0
    case 'l3proto':
      return walk.family === 4 ? 2 : 10
    case 'protocol':
      return walk.proto
    case 'zone':
      return 0
  }
  const tuple = direction === 'reply' ? entry?.reply : direction === 'original' ? entry?.orig : undefined
  if (tuple) {
    if (key === 'proto-src') return tuple.sport
    if (key === 'proto-dst') return tuple.dport
    const address = key === 'saddr' ? tuple.src : key === 'daddr' ? tuple.dst : undefined
    if (address !== undefined) return expression.type.parse(address)
  }
  return unknown(expressionText(expression))
}

function fib(walk: Walk, expression: Extract<Expression, { kind: 'fib' }>): Result {
  if (expression.result !== 'type') return unknown(expressionText(expression))
  const address: Ip = expression.flags.includes('saddr') ? walk.src : walk.dst
  const dev = expression.flags.includes('iif') ? walk.inDev : expression.flags.includes('oif') ? walk.outDev : undefined
  const name = addressType(walk.links, address, dev === '' ? undefined : dev).toLowerCase()
  return ADDRESS_TYPES[name as keyof typeof ADDRESS_TYPES] ?? ADDRESS_TYPES.unicast
}

/* ------------------------------------------------------------------ comparing */

export function compare(place: Place, match: Extract<Statement, { kind: 'match' }>): boolean {
  const left = evaluate(place, match.left)
  if (left === undefined) return false
  const { right, op } = match
  if (right.kind === 'literal' || right.kind === 'named')
    return (lookUp(place, left, match.left, right) !== undefined) !== (op === '!=')
  const wanted = isConstant(right) ? right : ofResult(evaluate(place, right), typesOf(match.left))
  if (!wanted) return false
  if (op === '==' || op === '!=') {
    if (match.anyBit && wanted.kind === 'value' && !isUnknown(left))
      return ((Number(sure(left)) & Number(wanted.value)) !== 0) === (op === '==')
    return matches(place, left, wanted, expressionText(match.left)) === (op === '==')
  }
  if (isUnknown(left)) return yes(place, left.kind, `is ${left.about} ${op} ${constantText(wanted)}?`)
  const a = sure(left)
  const b = sure(wanted.kind === 'value' ? wanted.value : 0)
  return op === '<' ? a < b : op === '>' ? a > b : op === '<=' ? a <= b : a >= b
}

const isConstant = (expression: Expression): expression is Constant =>
  ['value', 'prefix', 'range', 'wildcard', 'any', 'tuple'].includes(expression.kind)

function ofResult(result: Result, types: readonly DataType[]): Constant | undefined {
  if (result === undefined || isUnknown(result) || Array.isArray(result)) return undefined
  if (typeof result === 'object') return 'constant' in result ? result.constant : undefined
  return { kind: 'value', type: types[0] ?? typeNamed('integer'), value: result }
}

const yes = (place: Place, kind: Question['kind'], about: string): boolean =>
  place.walk.ask({ kind, ...place.question, below: 2, about }) === 1

/** Whether a value, or its parts, are what a constant says. */
function matches(place: Place, value: Exclude<Result, undefined>, constant: Constant, what: string): boolean {
  if (constant.kind === 'any') return true
  if (Array.isArray(value)) {
    const parts = value as readonly Part[]
    if (constant.kind !== 'tuple') return parts.length === 1 && matches(place, parts[0]!, constant, what)
    return constant.parts.every((part, i) => i < parts.length && matches(place, parts[i]!, part, what))
  }
  if (isUnknown(value)) {
    if (value.kind === 'interface')
      return yes(place, 'interface', `is the ${value.about} interface ${deviceText(constant)}?`)
    return yes(place, value.kind, `is ${value.about} ${constantText(constant)}?`)
  }
  if (typeof value === 'object') return false
  return inside(value as Value, constant)
}

const deviceText = (constant: Constant): string =>
  constant.kind === 'wildcard' ? `${constant.start}+` : constantText(constant).replace(/"/g, '')

function inside(value: Value, constant: Constant): boolean {
  switch (constant.kind) {
    case 'value':
      return value === constant.value
    case 'prefix': {
      if (typeof value === 'bigint') {
        const shift = BigInt(constant.type.bytes * 8 - constant.bits)
        return value >> shift === BigInt(constant.value) >> shift
      }
      const rest = spanOf(constant.type.bytes * 8 - constant.bits)
      return Math.floor(Number(value) / rest) === Math.floor(Number(constant.value) / rest)
    }
    case 'range':
      return value >= constant.from && value <= constant.to
    case 'wildcard':
      return typeof value === 'string' && value.startsWith(constant.start)
    default:
      return constant.kind === 'any'
  }
}

/* ------------------------------------------------------------------ sets and maps */

export interface Found {
  readonly data?: Constant | Verdict
}

export function lookUp(
  place: Place,
  key: Exclude<Result, undefined>,
  expression: Expression,
  set: SetExpression,
): Found | undefined {
  const what = expressionText(expression)
  if (set.kind === 'literal') {
    const element = set.elements.find((one) => matches(place, key, one.key, what))
    place.found.push(element && `${constantText(element.key)}${element.data ? ` : ${dataText(element.data)}` : ''}`)
    return element && { ...(element.data ? { data: element.data } : {}) }
  }
  const record = place.store.set(place.table, set.name)
  if (!record) {
    place.found.push(undefined)
    return yes(place, 'unknown', `is the packet's ${what} in @${set.name}, which is not in the rules?`) ? {} : undefined
  }
  const element = find(place, record, key, what)
  place.found.push(element && `${element.key}${element.data === undefined ? '' : ` : ${element.data}`}`)
  if (!element) return undefined
  return element.data === undefined ? {} : { data: dataOf(element.data, record.data) }
}

function find(place: Place, set: NftSet, key: Exclude<Result, undefined>, what: string): NftElement | undefined {
  const { store, table } = place
  const text = keyText(key, set)
  if (text !== undefined) {
    const exact = store.element(table, set.name, text)
    if (exact || !set.flags.includes('interval')) return exact
  }
  return store.elements(table, set.name).find((element) => matches(place, key, keyOf(element, set), what))
}

const setTypes = new WeakMap<NftSet, readonly DataType[]>()

export function typesOfSet(set: NftSet): readonly DataType[] {
  let types = setTypes.get(set)
  if (!types) setTypes.set(set, (types = set.types.map(typeNamed)))
  return types
}

function keyText(key: Exclude<Result, undefined>, set: NftSet): string | undefined {
  const types = typesOfSet(set)
  const parts = Array.isArray(key) ? (key as readonly Part[]) : [key as Part]
  if (parts.length !== types.length || parts.some((part) => typeof part === 'object')) return undefined
  return joinKey(types, parts as readonly Value[])
}

/** A result as the text of a key, in the types of the set or of the expression. */
export function textOf(result: Result, expression: Expression, set: NftSet | undefined): string | undefined {
  const types = set ? typesOfSet(set) : typesOf(expression)
  if (result === undefined) return undefined
  const parts = Array.isArray(result) ? (result as readonly Part[]) : [result as Part]
  if (parts.length !== types.length || parts.some((part) => typeof part === 'object')) return undefined
  return joinKey(types, parts as readonly Value[])
}

const keys = new WeakMap<NftElement, Constant>()

/** The key of an element, parsed. */
export function keyOf(element: NftElement, set: NftSet): Constant {
  let key = keys.get(element)
  if (!key) keys.set(element, (key = parseConstant(new Words(wordsOf(element.key)), typesOfSet(set), true)))
  return key
}

const VERDICT = /^(accept|drop|continue|return|queue|jump|goto)(?: (\S+))?$/

export function dataOf(text: string, data: NftSet['data']): Constant | Verdict {
  if (data === 'verdict' || data === undefined) {
    const found = VERDICT.exec(text)
    if (found)
      return {
        kind: 'verdict',
        name: found[1] as Verdict['name'],
        ...(found[2] === undefined ? {} : { chain: found[2] }),
      }
    return parseVerdict(new Words(wordsOf(text))) ?? { kind: 'verdict', name: 'continue' }
  }
  return parseConstant(new Words(wordsOf(text)), data.map(typeNamed), true)
}
