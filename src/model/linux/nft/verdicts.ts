/** What a rule of nft asks of NAT and of a refusal. linux net/netfilter/nft_nat.c, nft_masq.c, nft_reject.c. */
import type { TableVerdict } from '../netfilter/evaluate.ts'
import type { NatRange, Rule, Target } from '../netfilter/rule.ts'
import { ipText, spanOf } from './data-type.ts'
import { evaluate, isUnknown, type Place, type Result } from './expressions.ts'
import type { Expression, NatStatement, Statement } from './statement.ts'

export const noRule = (chain: string): Rule => ({
  chain,
  src: undefined,
  dst: undefined,
  inDev: undefined,
  outDev: undefined,
  proto: undefined,
  fragment: undefined,
  matches: [],
  target: undefined,
})

type NatTarget = Extract<Target, { kind: 'DNAT' | 'SNAT' | 'MASQUERADE' | 'REDIRECT' }>

export function natVerdict<T>(place: Place, statement: NatStatement, done: (verdict: TableVerdict) => T, no: T): T {
  const target = natTarget(place, statement)
  if (!target) return no
  return done({ kind: 'NAT', target, chain: place.chain, index: place.index, rule: place.question.rule })
}

interface Bounds {
  readonly from: number | bigint
  readonly to: number | bigint
}

function natTarget(place: Place, statement: NatStatement): NatTarget | undefined {
  const { walk } = place
  const flags = statement.flags.map((flag) => `--${FLAG_NAMES[flag] ?? flag}`)
  const address = bounds(place, statement.address)
  const port = bounds(place, statement.port)
  if (address === 'no' || port === 'no') return undefined
  const at = address?.[0]
  const with2 = address?.[1] ?? port?.[0]
  const ports = with2 ? { from: Number(with2.from), to: Number(with2.to) } : undefined
  if (statement.name === 'masquerade' || statement.name === 'redirect')
    return { kind: statement.name === 'masquerade' ? 'MASQUERADE' : 'REDIRECT', ports, flags }
  const family = walk.family
  if (at && (typeof at.from === 'bigint') !== (family === 6)) return undefined
  const to: NatRange = {
    from: at === undefined ? undefined : ipText(at.from, family),
    to: at === undefined ? undefined : ipText(at.to, family),
    ports,
  }
  return { kind: statement.name === 'dnat' ? 'DNAT' : 'SNAT', to, text: to.from ?? '', flags }
}

const FLAG_NAMES: Readonly<Record<string, string>> = { 'fully-random': 'random-fully' }

/** Lowest and highest of each part; `no`: a map that has no such key, and the rule ends there. */
function bounds(place: Place, expression: Expression | undefined): readonly Bounds[] | undefined | 'no' {
  if (!expression) return undefined
  if (expression.kind === 'range') return [{ from: expression.from as number, to: expression.to as number }]
  if (expression.kind === 'prefix') return [widen(expression)]
  if (expression.kind === 'tuple') {
    const parts = expression.parts.map((part) => bounds(place, part))
    return parts.flatMap((part) => (part === 'no' || !part ? [] : part))
  }
  const value: Result = evaluate(place, expression)
  if (value === undefined) return 'no'
  if (isUnknown(value)) {
    place.walk.assumed.add(`the address of a ${place.chain} rule is not known (${value.about}): no NAT`)
    return 'no'
  }
  if (typeof value === 'object' && 'constant' in value) return bounds(place, value.constant)
  const list = Array.isArray(value) ? value : [value]
  return list.map((one) => ({ from: one as number, to: one as number }))
}

function widen(prefix: Extract<Expression, { kind: 'prefix' }>): Bounds {
  const { value, bits, type } = prefix
  if (typeof value === 'bigint') return { from: value, to: value + (1n << BigInt(type.bytes * 8 - bits)) - 1n }
  return { from: value as number, to: (value as number) + spanOf(type.bytes * 8 - bits) - 1 }
}

const ICMP_CODES: Readonly<Record<string, string>> = {
  'net-unreachable': 'icmp-net-unreachable',
  'host-unreachable': 'icmp-host-unreachable',
  'prot-unreachable': 'icmp-proto-unreachable',
  'port-unreachable': 'icmp-port-unreachable',
  'net-prohibited': 'icmp-net-prohibited',
  'host-prohibited': 'icmp-host-prohibited',
  'admin-prohibited': 'icmp-admin-prohibited',
  'no-route': 'icmp-net-unreachable',
}
const ICMP6_CODES: Readonly<Record<string, string>> = {
  'no-route': 'icmp6-no-route',
  'admin-prohibited': 'icmp6-adm-prohibited',
  'addr-unreachable': 'icmp6-addr-unreachable',
  'host-unreachable': 'icmp6-addr-unreachable',
  'port-unreachable': 'icmp6-port-unreachable',
}

/** In the words of iptables, which the stack answers by. */
export function rejectWith(statement: Extract<Statement, { kind: 'reject' }>, family: 4 | 6): string {
  if (statement.how === 'tcp') return 'tcp-reset'
  const code = statement.code ?? 'port-unreachable'
  return (
    (family === 4 ? ICMP_CODES[code] : ICMP6_CODES[code]) ??
    (family === 4 ? 'icmp-port-unreachable' : 'icmp6-port-unreachable')
  )
}
