/**
 * A packet in a network namespace: in from a device or out of a socket, through the hooks, and on to the next door. The
 * interpreter, conntrack and the route tables alone say where it goes.
 */
import type { ModelWorld, NetPlace, PacketHop, PacketRecord } from '../../tables.ts'
import type { Ask } from '../netfilter/walk.ts'
import type { Packet } from '../netfilter/packet.ts'
import { comparedRules, expandTrace } from '../netfilter/trace.ts'
import type { Traversal } from '../netfilter/traversal.ts'
import { traverse } from '../netfilter/traverse.ts'
import { keepConntrack } from './conntrack-table.ts'
import { addHop, endPacket, newPacket } from './flow.ts'
import { isOutside, namespaceOf, primaryAddress } from './places.ts'
import { outsideToNode, transmit } from './wire.ts'

/** What a stack says of a packet that it keeps: the caller hands it to a socket. */
export type Landed = { readonly packet: PacketRecord; readonly header: Packet; readonly afterMicros: number }

/** Sends a segment from a socket at `place`. Returns it where it stays in the same namespace (loopback). */
export function emit(
  world: ModelWorld,
  place: NetPlace,
  flow: string,
  way: PacketRecord['way'],
  what: string,
  header: Packet,
): Landed | Failed | undefined {
  const packet = newPacket(world, flow, way, what, header)
  if (isOutside(place)) {
    outsideToNode(world, place.host, packet, header)
    return undefined
  }
  return pass(world, packet, place.node, place.netns, undefined)
}

/** A local send that failed at once: errno of connect or send. */
export type Failed = { readonly failed: 'unreachable' | 'refused' | 'denied'; readonly packet: PacketRecord }

/** Takes a packet through one namespace. `inDev` undefined: a socket of it sends. */
export function pass(
  world: ModelWorld,
  packet: PacketRecord,
  node: string,
  netns: string,
  inDev: string | undefined,
): Landed | Failed | undefined {
  const ns = namespaceOf(world, node, netns)
  const t = traverse(ns, packet.now, inDev === undefined ? {} : { inDev }, asker(world, node))
  const compared = comparedRules(t.trace)
  const micros = stackMicros(compared)
  if (netns === '') {
    keepConntrack(world, node, t.conntrack)
    remember(world, node, t)
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
    ...(netns === ''
      ? {
          ctState: t.conntrack.state,
          direction: t.conntrack.direction === 0 ? ('original' as const) : ('reply' as const),
        }
      : {}),
    nat: t.nat,
    ...(compared > 0 ? { trace: t.trace } : {}),
    matched: compared > 0 ? expandTrace(ns.rules, t.trace, true) : [],
    compared,
    verdict: t.verdict,
    ...(t.stoppedBy ? { stoppedBy: t.stoppedBy.why } : {}),
  }
  addHop(world, packet.id, t.packet, hop)
  const now = world.get('packets', packet.id) ?? packet
  if (t.verdict !== 'ACCEPT') return stopped(world, now, node, netns, inDev, t)
  if (t.fate === 'local') return { packet: now, header: t.packet, afterMicros: micros }
  transmit(world, now, node, netns, t.outDev ?? '', t.nextHop ?? t.packet.dst, micros)
  return undefined
}

/** A rule costs about 17 ns in nf_tables' iptables form; a stack without rules a few microseconds. */
function stackMicros(compared: number): number {
  return 3 + Math.round((compared * 17) / 1000)
}

/** Chance of the kernel: one stream per machine and purpose. */
function asker(world: ModelWorld, node: string): Ask {
  return (question) => {
    switch (question.kind) {
      case 'random': {
        const drawn = world.random(`statistic ${node}`, 0x80000000)
        const yes = drawn < question.probability! ? 1 : 0
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
      case 'nat-address':
      case 'port':
        return world.random(`nat ${node}`, question.below)
      default:
        return 0
    }
  }
}

function remember(world: ModelWorld, node: string, t: Traversal): void {
  for (const effect of t.effects) {
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
  endPacket(world, packet.id, t.verdict === 'REJECT' ? 'rejected' : 'dropped', why)
  if (t.verdict === 'DROP')
    return inDev === undefined && packet.header.proto === 'udp' && t.stoppedBy?.hook === 'OUTPUT'
      ? { failed: 'denied', packet }
      : undefined
  if (inDev === undefined) return { failed: t.verdict === 'REJECT' ? 'refused' : 'unreachable', packet }
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
  emit(world, from, about.flow, about.way === 'request' ? 'reply' : 'request', how.replace(/-/g, ' '), error)
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
  emit(world, from, about.flow, about.way === 'request' ? 'reply' : 'request', 'RST, ACK', reset)
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
