/** Segments and datagrams out of the two sockets of a flow, and their repetition while nothing comes back. */
import { SECOND } from '../../../sim/clock.ts'
import type { SimEvent } from '../../../sim/contract.ts'
import type { FlowRecord, ModelWorld, NetPlace } from '../../tables.ts'
import type { Packet } from '../netfilter/packet.ts'
import { changeFlow, listPacket, newPacket } from './flow.ts'
import { actorOf } from './places.ts'
import { failFlow } from './result.ts'
import { emit } from './stack.ts'
import { sendHop } from './wire.ts'

export const FIN = 1
export const SYN = 2
export const RST = 4
export const PSH = 8
export const ACK = 16
export const NET_RTO = 'timer.net-rto'

/** net.ipv4.tcp_syn_retries; after the last one 64 s more and the connect fails. */
const SYN_RETRIES = 6
/** Data is repeated from 200 ms on, doubling; fifteen times by default (tcp_retries2), far past any deadline here. */
const DATA_RTO = SECOND / 5
const DATA_RETRIES = 15

interface Again {
  /** Repeat after this long, doubling. Absent: this segment asks for no answer. */
  readonly again?: number
}

function clientHeader(flow: FlowRecord, flags: number): Packet {
  const { proto, src, dst, sport, dport } = flow
  if (proto === 'icmp') return { proto, src, dst, sport, dport: 0, icmp: { type: 8, code: 0 } }
  return { proto, src, dst, sport, dport, ...(proto === 'tcp' ? { flags } : {}) }
}

function serverHeader(flow: FlowRecord, flags: number): Packet {
  const server = flow.server!
  return {
    proto: flow.proto,
    src: server.ip,
    dst: server.peerIp,
    sport: server.port,
    dport: server.peerPort,
    ...(flow.proto === 'tcp' ? { flags } : {}),
  }
}

export function sendFromClient(world: ModelWorld, id: string, flags: number, what: string, options: Again = {}): void {
  const flow = world.get('flows', id)
  if (flow) send(world, flow, 'client', flow.client, clientHeader(flow, flags), flags, what, options)
}

export function sendFromServer(world: ModelWorld, id: string, flags: number, what: string, options: Again = {}): void {
  const flow = world.get('flows', id)
  if (flow?.server) send(world, flow, 'server', flow.server.at, serverHeader(flow, flags), flags, what, options)
}

function send(
  world: ModelWorld,
  flow: FlowRecord,
  by: 'client' | 'server',
  place: NetPlace,
  header: Packet,
  flags: number,
  what: string,
  options: Again,
): void {
  const actor = actorOf(place)
  const packet = newPacket(world, flow.id, by === 'client' ? 'request' : 'reply', what, header)
  let change: Partial<FlowRecord> = {}
  if (options.again !== undefined) {
    world.cancel(flow.timer)
    const timer = world.send(NET_RTO, actor, { flow: flow.id }, { from: actor, delayMicros: options.again })
    change = { timer, unanswered: { by, flags, what } }
  }
  listPacket(world, packet, change)
  const out = emit(world, place, packet)
  if (!out) return
  if ('failed' in out) {
    if (by === 'client') failFlow(world, flow.id, out.failed)
    return
  }
  // through the loopback: the packet is in the same stack already, its socket has it a moment later
  sendHop(world, out.packet, place, place, 'lo', out.afterMicros, true)
}

/** `timer.net-rto`: nothing came back in time. */
export function repeat(world: ModelWorld, event: SimEvent<{ flow: string }>): void {
  const flow = world.get('flows', event.data.flow)
  if (!flow?.unanswered) return
  const { by, flags, what } = flow.unanswered
  if (flow.endedAt !== undefined && by === 'client') return
  const tries = flow.tries + 1
  const connecting = flow.proto === 'tcp' && (flags & SYN) !== 0
  const most = flow.proto === 'tcp' ? (connecting ? SYN_RETRIES : DATA_RETRIES) : (flow.attempts ?? 1) - 1
  if (tries > most) {
    if (by === 'client') failFlow(world, flow.id, 'timeout')
    return
  }
  changeFlow(world, flow.id, { tries })
  world.because('NW1', { what, tries })
  const base = flow.proto === 'tcp' ? (connecting ? SECOND : DATA_RTO) : (flow.retryMicros ?? SECOND)
  const again = flow.proto === 'tcp' ? base * (1 << tries) : base
  if (by === 'client') sendFromClient(world, flow.id, flags, what, { again })
  else sendFromServer(world, flow.id, flags, what, { again })
}

export const DATA_AGAIN = { again: DATA_RTO } as const
