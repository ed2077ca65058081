/**
 * The address and port that a NAT rule gives a new connection: linux net/netfilter/nf_nat_core.c get_unique_tuple,
 * nf_nat_masquerade.c, nf_nat_redirect.c.
 */
import { type Cidr, formatIp4, formatIp6, type Ip, parseIp } from './address.ts'
import type { TableVerdict } from './evaluate.ts'
import type { Ask, Walk } from './walk.ts'
import type { NetNamespace } from './namespace.ts'
import { addressesOf, lookupRoute, sourceAddress } from './route.ts'
import type { Hook } from './ruleset.ts'

export interface NatTo {
  readonly address: string
  readonly port: number
}

/** undefined: nothing changes. Without a rule (a null binding) only a clash of source ports changes anything. */
export function natSetup(
  walk: Walk,
  ns: NetNamespace,
  ask: Ask,
  hook: Hook,
  half: 'dst' | 'src',
  verdict: Extract<TableVerdict, { kind: 'NAT' }> | undefined,
): NatTo | undefined {
  const target = verdict?.target
  if (half === 'dst') {
    if (!target) return undefined
    if (target.kind === 'NETMAP') return { address: netmap(walk.dst, target.to), port: walk.dport }
    if (target.kind === 'REDIRECT') {
      const address =
        hook === 'OUTPUT' ? (walk.family === 4 ? '127.0.0.1' : '::1') : redirectAddress(walk, question(verdict))
      if (address === undefined) return undefined
      return { address, port: target.ports?.from ?? walk.dport }
    }
    if (target.kind !== 'DNAT') {
      walk.assumed.add(`${target.kind} has no meaning in ${hook}: passed over`)
      return undefined
    }
    const address = pick(ask, verdict, target.to.from, target.to.to) ?? walk.dst.text
    const ports = target.to.ports
    return { address, port: ports ? pickPort(ask, verdict, ports.from, ports.to) : walk.dport }
  }
  if (!target) return uniquePort(walk, ns, ask, verdict, walk.src.text, undefined, false)
  if (target.kind === 'MASQUERADE') {
    const route = lookupRoute(ns.routes, walk.dst)
    const hop = (route?.via === undefined ? undefined : parseIp(route.via)) ?? walk.dst
    const dev = walk.outDev ?? route?.dev ?? ''
    const address = sourceAddress(ns.links, dev, hop, walk.family)
    if (address === undefined) {
      walk.assumed.add('the address of the outgoing interface is not known: the source is left as it was')
      return { address: walk.src.text, port: walk.sport }
    }
    return (
      uniquePort(walk, ns, ask, verdict, address, target.ports, target.flags.length > 0) ?? {
        address,
        port: walk.sport,
      }
    )
  }
  if (target.kind === 'NETMAP')
    return uniquePort(walk, ns, ask, verdict, netmap(walk.src, target.to), undefined, false) ?? undefined
  if (target.kind === 'SNAT') {
    const address = pick(ask, verdict, target.to.from, target.to.to) ?? walk.src.text
    return (
      uniquePort(
        walk,
        ns,
        ask,
        verdict,
        address,
        target.to.ports,
        target.flags.some((f) => f.startsWith('--random')),
      ) ?? { address, port: walk.sport }
    )
  }
  walk.assumed.add(`${target.kind} has no meaning in ${hook}: passed over`)
  return undefined
}

/** xt_NETMAP.c: the network's bits from the rule, the host's from the packet. */
function netmap(ip: Ip, to: Cidr): string {
  if (ip.family !== to.family) return ip.text
  const words = ip.words.map((word, i) => (to.words[i]! & to.mask[i]!) | (word & ~to.mask[i]!))
  return to.family === 4 ? formatIp4(words[0]!) : formatIp6(words)
}

/** REDIRECT to an interface that has no address drops the packet. */
export function leadsNowhere(walk: Walk, hook: Hook, verdict: Extract<TableVerdict, { kind: 'NAT' }>): boolean {
  const redirect = verdict.target.kind === 'REDIRECT' && hook === 'PREROUTING'
  return redirect && redirectAddress(walk, question(verdict)) === undefined
}

/** nf_nat_redirect: an address of the interface that the packet came by; without one the packet is dropped. */
function redirectAddress(walk: Walk, rule: ReturnType<typeof question>): string | undefined {
  const mine = addressesOf(walk.links).filter((a) => a.ip.family === walk.family)
  if (walk.links.some((link) => link.name === walk.inDev)) return mine.find((a) => a.dev === walk.inDev)?.ip.text
  const dev = walk.inDev || 'the interface that it came by'
  const about = `does ${dev} have an address, for REDIRECT to go to?`
  if (walk.ask({ ...rule, kind: 'unknown', below: 2, about, usual: 1 }) === 0) return undefined
  const known = mine.find((a) => a.dev !== 'lo')?.ip.text
  if (known === undefined)
    walk.assumed.add('REDIRECT goes to an address of the node that was not given: the destination is left as it was')
  return known ?? walk.dst.text
}

function pick(
  ask: Ask,
  verdict: Extract<TableVerdict, { kind: 'NAT' }> | undefined,
  from: string | undefined,
  to: string | undefined,
): string | undefined {
  if (from === undefined || to === undefined || from === to || !verdict) return from
  const low = parseIp(from)!
  const high = parseIp(to)!
  if (low.family === 6) return from
  const below = (high.words[0]! >>> 0) - (low.words[0]! >>> 0) + 1
  const n = ask({ ...question(verdict), kind: 'nat-address', below, about: `which address of ${from}-${to}?` })
  return formatIp4((low.words[0]! + n) | 0)
}

function pickPort(
  ask: Ask,
  verdict: Extract<TableVerdict, { kind: 'NAT' }> | undefined,
  from: number,
  to: number,
): number {
  if (from === to || !verdict) return from
  return from + ask({ ...question(verdict), kind: 'port', below: to - from + 1, about: `which port of ${from}-${to}?` })
}

function question(verdict: Extract<TableVerdict, { kind: 'NAT' }>): {
  table: string
  chain: string
  index: number
  rule: Extract<TableVerdict, { kind: 'NAT' }>['rule']
} {
  return { table: 'nat', chain: verdict.chain, index: verdict.index, rule: verdict.rule }
}

/**
 * The source port: kept where the rule allows it and nobody else has the reply tuple, drawn at random with
 * `--random-fully`, else the next free one (nf_nat_l4proto_unique_tuple).
 */
function uniquePort(
  walk: Walk,
  ns: NetNamespace,
  ask: Ask,
  verdict: Extract<TableVerdict, { kind: 'NAT' }> | undefined,
  address: string,
  range: { from: number; to: number } | undefined,
  random: boolean,
): NatTo | undefined {
  const taken = (port: number): boolean => ns.conntrack({ ...replyOf(walk, address, port) }) !== undefined
  if (walk.sport === 0) return address === walk.src.text ? undefined : { address, port: 0 }
  const inRange = !range || (walk.sport >= range.from && walk.sport <= range.to)
  if (!random && inRange && !taken(walk.sport))
    return address === walk.src.text && !verdict ? undefined : { address, port: walk.sport }
  const low = range?.from ?? (walk.sport < 512 ? 1 : walk.sport < 1024 ? 600 : 1024)
  const high = range?.to ?? (walk.sport < 512 ? 511 : walk.sport < 1024 ? 1023 : 65_535)
  const size = high - low + 1
  const start =
    random && verdict
      ? ask({ ...question(verdict), kind: 'port', below: size, about: `which source port of ${low}-${high}?` })
      : (walk.sport + 1 - low + size) % size
  for (let i = 0; i < Math.min(size, 128); i++) {
    const port = low + ((start + i) % size)
    if (!taken(port)) return { address, port }
  }
  return { address, port: walk.sport }
}

function replyOf(
  walk: Walk,
  address: string,
  port: number,
): { proto: string; src: string; dst: string; sport: number; dport: number } {
  return { proto: walk.ctEntry?.orig.proto ?? '', src: walk.dst.text, dst: address, sport: walk.dport, dport: port }
}
