/**
 * A packet in a network namespace: in from a device or out of a socket, through the hooks, and on to the next door. The
 * interpreter, conntrack and the route tables alone say where it goes.
 */
import type { Draw, ModelWorld, NetPlace, PacketHop, PacketRecord } from '../../tables.ts'
import type { Ask } from '../netfilter/walk.ts'
import type { Packet } from '../netfilter/packet.ts'
import { countHits } from '../netfilter/live-rules.ts'
import { comparedRules, expandTrace } from '../netfilter/trace.ts'
import type { Traversal } from '../netfilter/traversal.ts'
import { traverse } from '../netfilter/traverse.ts'
import { count, countFull, maxOf } from './conntrack-limits.ts'
import { keepFor, textsOf } from './facilities.ts'
import { keepConntrack } from './conntrack-table.ts'
import { listPacket, newPacket, putPacket } from './flow.ts'
import { isOutside, namespaceOf, primaryAddress } from './places.ts'
import { outsideToNode, sendHop, transmit } from './wire.ts'

/** What a stack says of a packet that it keeps: the caller hands it to a socket. */
export type Landed = { readonly packet: PacketRecord; readonly afterMicros: number }
/** A local send that failed at once: errno of connect or send. */
export type Failed = { readonly failed: 'unreachable' | 'refused' | 'denied' }

/** Sends a packet from a socket at `place`. Returns it where it stays in the same namespace (loopback). */
export function emit(world: ModelWorld, place: NetPlace, packet: PacketRecord): Landed | Failed | undefined {
  if (!isOutside(place)) return pass(world, packet, place.node, place.netns, undefined)
  putPacket(world, packet)
  outsideToNode(world, place.host, packet)
  return undefined
}

/** Takes a packet through one namespace. `inDev` undefined: a socket of it sends. */
export function pass(
  world: ModelWorld,
  packet: PacketRecord,
  node: string,
  netns: string,
  inDev: string | undefined,
): Landed | Failed | undefined {
  const ns = namespaceOf(world, node, netns)
  const draws: Draw[] = []
  const t = traverse(ns, packet.now, inDev === undefined ? {} : { inDev }, asker(world, node, draws))
  const compared = comparedRules(t.trace)
  const lookups = t.trace.lookups ?? 0
  const micros = stackMicros(compared + lookups * 2)
  const host = netns === ''
  // of a probe only the way of its first packet is kept
  const detail =
    t.trace.passes.length > 0 && (packet.header.flags === 2 || packet.header.proto === 'udp' || !isProbe(packet))
  if (host) {
    if (t.effects.length > 0) remember(world, node, t)
    keepConntrack(world, node, t.conntrack)
    if (t.conntrack.state === 'INVALID' && t.verdict === 'ACCEPT') count(world, node, packet.now, 'invalid')
    if (compared > 0) countHits(world, node, t.trace, bytesOf(packet.header))
  }
  const hop: PacketHop = {
    at: world.now,
    until: world.now + micros,
    node,
    netns,
    ...(inDev === undefined ? {} : { inDev }),
    ...(t.outDev === undefined ? {} : { outDev: t.outDev }),
    ...(t.nextHop === undefined ? {} : { nextHop: t.nextHop }),
    before: packet.now,
    after: t.packet,
    ...(host ? { ctState: t.conntrack.state, direction: t.conntrack.direction === 0 ? 'original' : 'reply' } : {}),
    nat: t.nat,
    ...(detail ? { trace: t.trace } : {}),
    ...(draws.length > 0 ? { draws } : {}),
    matched: detail ? expandTrace(ns.rules, t.trace, true, textsOf(world, node)) : [],
    compared,
    ...(lookups > 0 ? { lookups } : {}),
    verdict: t.verdict,
    ...(t.stoppedBy ? { stoppedBy: t.stoppedBy.why } : {}),
  }
  const now: PacketRecord = { ...packet, now: t.packet, hops: [...packet.hops, hop] }
  const followed = t.nat.find((change) => !change.byRule)
  if (followed) world.because('NF1', { hook: followed.hook, kind: followed.kind, from: followed.from, to: followed.to })
  if (t.verdict !== 'ACCEPT') return stopped(world, now, node, netns, inDev, t)
  if (t.fate === 'local') {
    const landed: PacketRecord = { ...now, state: 'delivered', endedAt: world.now + micros }
    putPacket(world, landed)
    return { packet: landed, afterMicros: micros }
  }
  putPacket(world, now)
  transmit(world, now, node, netns, t.outDev ?? '', t.nextHop ?? t.packet.dst, micros)
  return undefined
}

/** On the wire, with IP and TCP headers and their usual options; what an application says is taken as 80 bytes. */
function bytesOf(header: Packet): number {
  if (header.length !== undefined) return header.length
  if (header.proto !== 'tcp') return header.proto === 'udp' ? 70 : 84
  const flags = header.flags ?? 2
  return flags & 2 ? 60 : flags & 8 ? 132 : 52
}

const isProbe = (packet: PacketRecord): boolean => packet.flow.startsWith('probe')

/** A rule costs about 17 ns in nf_tables' iptables form; a stack without rules a few microseconds. */
function stackMicros(compared: number): number {
  return 3 + Math.round((compared * 17) / 1000)
}

/** Chance of the kernel: one stream per machine and purpose. */
function asker(world: ModelWorld, node: string, draws: Draw[]): Ask {
  return (question) => {
    switch (question.kind) {
      case 'random': {
        const drawn = world.random(`statistic ${node}`, 0x80000000)
        const yes = drawn < question.probability! ? 1 : 0
        draws.push({
          chain: question.chain,
          rule: question.index + 1,
          drawn: drawn / 0x80000000,
          below: question.probability! / 0x80000000,
        })
        world.because('NF2', {
          chain: question.chain,
          rule: question.index + 1,
          probability: question.probability! / 0x80000000,
          drawn: drawn / 0x80000000,
        })
        return yes
      }
      case 'nth':
        return world.random(`nth ${node}`, 2)
      case 'choice': {
        const drawn = world.random(`numgen ${node}`, question.below)
        draws.push({ chain: question.chain, rule: question.index + 1, drawn, below: question.below })
        return drawn
      }
      case 'nat-address':
      case 'port':
        return world.random(`nat ${node}`, question.below)
      default:
        return question.usual ?? 0
    }
  }
}

function remember(world: ModelWorld, node: string, t: Traversal): void {
  for (const effect of t.effects) {
    if (effect.kind === 'full') {
      world.because('NF6', { max: maxOf(world, node) })
      if (effect.evict !== undefined) world.put('conntrack', effect.evict, undefined)
      countFull(world, node, effect.tuple, effect.evict !== undefined)
    }
    if (effect.kind === 'keep') keepFor(world, node, effect.facility, effect.data)
    if (effect.kind !== 'recent') continue
    const id = `${node}|${effect.list}|${effect.address}`
    const old = world.get('recent', id)
    if (effect.op === 'remove') world.put('recent', id, undefined)
    else
      world.put('recent', id, {
        node,
        list: effect.list,
        address: effect.address,
        seen: [world.now, ...(old?.seen ?? [])].slice(0, 20),
      })
  }
}

/** Dropped, rejected or without a way on: what the sender learns of it. */
function stopped(
  world: ModelWorld,
  packet: PacketRecord,
  node: string,
  netns: string,
  inDev: string | undefined,
  t: Traversal,
): Failed | undefined {
  const why = t.stoppedBy?.why ?? t.verdict
  world.because('NF3', { why, hook: t.stoppedBy?.hook ?? '', chain: t.stoppedBy?.chain ?? '' })
  putPacket(world, { ...packet, state: t.verdict === 'REJECT' ? 'rejected' : 'dropped', endedAt: world.now, why })
  // send() of a datagram fails with EPERM; a SYN that OUTPUT drops is simply sent again later (tcp_connect)
  if (inDev === undefined && packet.header.proto === 'udp' && t.stoppedBy?.hook === 'OUTPUT')
    return { failed: 'denied' }
  if (t.verdict === 'DROP') return undefined
  if (inDev === undefined) return { failed: t.verdict === 'REJECT' ? 'refused' : 'unreachable' }
  if (t.rejectWith === 'tcp-reset') sendReset(world, packet, { node, netns }, t.packet)
  else sendIcmp(world, packet, { node, netns }, inDev, t.packet, t.rejectWith ?? 'icmp-port-unreachable')
  return undefined
}

const ICMP_CODES: Readonly<Record<string, number>> = {
  'icmp-net-unreachable': 0,
  'icmp-host-unreachable': 1,
  'icmp-proto-unreachable': 2,
  'icmp-port-unreachable': 3,
  'icmp-net-prohibited': 9,
  'icmp-host-prohibited': 10,
  'icmp-admin-prohibited': 13,
}

/** An ICMP error about `header`, from the address of the device by which it came (icmp_send). */
export function sendIcmp(
  world: ModelWorld,
  about: PacketRecord,
  from: { node: string; netns: string },
  inDev: string | undefined,
  header: Packet,
  how: string,
): void {
  if (header.icmp?.about) return
  const src = deviceAddress(world, from, inDev) ?? primaryAddress(world, from)
  if (src === undefined) return
  const { proto, sport, dport } = header
  const error: Packet = {
    proto: 'icmp',
    src,
    dst: header.src,
    sport: 0,
    dport: 0,
    icmp: { type: 3, code: ICMP_CODES[how] ?? 3, about: { proto, src: header.src, dst: header.dst, sport, dport } },
  }
  sendAlone(world, about, from, how.replace(/-/g, ' '), error)
}

/** A reset in the name of the destination. */
export function sendReset(
  world: ModelWorld,
  about: PacketRecord,
  from: { node: string; netns: string },
  header: Packet,
): void {
  const reset: Packet = {
    proto: 'tcp',
    src: header.dst,
    dst: header.src,
    sport: header.dport,
    dport: header.sport,
    flags: 4 | 16,
  }
  sendAlone(world, about, from, 'RST, ACK', reset)
}

function deviceAddress(
  world: ModelWorld,
  place: { node: string; netns: string },
  dev: string | undefined,
): string | undefined {
  if (dev === undefined) return undefined
  return world
    .get('links', `${place.node}|${place.netns}|${dev}`)
    ?.addresses.find((a) => !a.includes(':'))
    ?.split('/')[0]
}

/** A packet of the kernel itself, against the way of the one it speaks of. */
function sendAlone(
  world: ModelWorld,
  about: PacketRecord,
  from: { node: string; netns: string },
  what: string,
  header: Packet,
): void {
  const packet = newPacket(world, about.flow, about.way === 'request' ? 'reply' : 'request', what, header)
  listPacket(world, packet)
  const out = emit(world, from, packet)
  if (out && 'packet' in out) sendHop(world, out.packet, from, from, 'lo', out.afterMicros, true)
}
