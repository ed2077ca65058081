/**
 * What nft and the kernel refuse of a rule that can be read: protocols that contradict each other, ports without a
 * protocol, NAT and refusals where they have no place. nftables src/evaluate.c (stmt_evaluate_nat, conflict_resolution),
 * linux nft_nat.c nft_nat_validate, nft_reject.c nft_reject_validate.
 */
import type { Spot } from './command.ts'
import { L4_NUMBER } from './selectors.ts'
import type { Expression, NftRule, Statement } from './statement.ts'
import type { BaseChain, Family } from './store.ts'

/** Where nft points: at what is wrong, and at what it contradicts. */
export interface RuleFault {
  readonly message: string
  readonly spot: Spot
  readonly also?: Spot
}

/** A fault that the words of the rule show by themselves. `spots`: of its statements. */
export function ruleFault(rule: NftRule, family: Family, spots: readonly Spot[]): RuleFault | undefined {
  let transport: string | undefined
  let anyTransport = false
  let transportAt: Spot | undefined
  let network: 'ip' | 'ip6' | undefined = family === 'ip' || family === 'ip6' ? family : undefined
  for (const [i, statement] of rule.statements.entries()) {
    const spot = spots[i]
    if (!spot) return undefined
    const named = statement.kind === 'nat' && statement.address ? payloads(statement.address) : []
    if (named.some((proto) => L4_NUMBER[proto] !== undefined)) anyTransport = true
    if (statement.kind === 'nat' && hasPort(statement) && !transport && !anyTransport)
      return {
        message: 'transport protocol mapping is only valid after transport protocol match',
        spot: portSpot(spot),
        also: { ...spot, to: spot.from + statement.name.length - 1 },
      }
    if (statement.kind === 'reject' && statement.how === 'tcp' && transport !== undefined && transport !== 'tcp')
      return {
        message: 'you cannot use tcp reset with this protocol',
        spot: { ...spot, to: spot.from + 5 },
        ...(transportAt ? { also: transportAt } : {}),
      }
    for (const proto of protocolsIn(statement)) {
      if (proto === 'ip' || proto === 'ip6') {
        if (network !== undefined && network !== proto)
          return {
            message: `conflicting protocols specified: ${network} vs. ${proto}`,
            spot: lookSpot(spot, statement),
          }
        network = proto
      } else if (L4_NUMBER[proto] !== undefined) {
        if (transport !== undefined && transport !== proto)
          return {
            message: `conflicting protocols specified: ${transport} vs. ${proto}`,
            spot: lookSpot(spot, statement),
          }
        transport = proto
        transportAt = lookSpot(spot, statement)
      }
    }
    if (namesTransport(statement)) {
      anyTransport = true
      transportAt ??= spot
      const only = statement.kind === 'match' && statement.right.kind === 'value' ? statement.right.value : undefined
      transport ??= Object.keys(L4_NUMBER).find((name) => L4_NUMBER[name] === only)
    }
  }
  return undefined
}

function hasPort(statement: Extract<Statement, { kind: 'nat' }>): boolean {
  return statement.port !== undefined || statement.withPort === true || isPair(statement.address)
}

function isPair(address: Expression | undefined): boolean {
  if (address?.kind === 'tuple') return true
  return address?.kind === 'map' && address.map.kind === 'literal' && address.map.elements[0]?.data?.kind === 'tuple'
}

const portSpot = (spot: Spot & { readonly port?: Spot }): Spot => spot.port ?? spot

/** `tcp dport` of a comparison. */
function lookSpot(spot: Spot, statement: Statement): Spot {
  const look = statement.kind === 'match' ? statement.left : statement.kind === 'vmap' ? statement.key : undefined
  return look?.kind === 'payload' ? { ...spot, to: spot.from + look.proto.length + look.field.length } : spot
}

/** `meta l4proto` or `ip protocol` equal to something. */
function namesTransport(statement: Statement): boolean {
  if (statement.kind !== 'match' || statement.op !== '==') return false
  const { left } = statement
  return (
    (left.kind === 'meta' && left.key === 'l4proto') ||
    (left.kind === 'payload' && (left.field === 'protocol' || left.field === 'nexthdr'))
  )
}

function protocolsIn(statement: Statement): readonly string[] {
  const look = statement.kind === 'match' ? statement.left : statement.kind === 'vmap' ? statement.key : undefined
  return look ? payloads(look) : []
}

function payloads(expression: Expression): readonly string[] {
  if (expression.kind === 'payload') return [expression.proto]
  if (expression.kind === 'concat') return expression.parts.flatMap(payloads)
  if (expression.kind === 'map') return payloads(expression.key)
  return expression.kind === 'binary' ? payloads(expression.left) : []
}

const NAT_HOOKS: Readonly<Record<string, readonly BaseChain['hook'][]>> = {
  dnat: ['prerouting', 'output'],
  redirect: ['prerouting', 'output'],
  snat: ['postrouting', 'input'],
  masquerade: ['postrouting'],
}
const REJECT_HOOKS: readonly BaseChain['hook'][] = ['input', 'forward', 'output', 'prerouting']

/** Whether the kernel takes a statement in a chain that packets come to from `base`. */
export function fits(statement: Statement, base: BaseChain): boolean {
  if (statement.kind === 'nat') return base.type === 'nat' && NAT_HOOKS[statement.name]!.includes(base.hook)
  if (statement.kind === 'reject') return REJECT_HOOKS.includes(base.hook)
  return true
}

/** Types of chains and the hooks that they have. */
export function hookOf(base: BaseChain): boolean {
  if (base.type === 'nat') return ['prerouting', 'input', 'output', 'postrouting'].includes(base.hook)
  return base.type !== 'route' || base.hook === 'output'
}
