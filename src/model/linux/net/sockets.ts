/**
 * What a socket does with a segment that reached it. TCP in small: handshake, one request, one response, close; resets.
 * net/ipv4/tcp_input.c, tcp_ipv4.c, udp.c, icmp.c.
 */
import type { FlowRecord, ListenerRecord, ModelWorld, NetPlace, PacketRecord } from '../../tables.ts'
import { findListener } from '../listeners.ts'
import type { Packet } from '../netfilter/packet.ts'
import type { NetRequest } from './connect.ts'
import { daemonAnswer } from './daemons.ts'
import { changeFlow, listPacket, newPacket } from './flow.ts'
import { listensOutside, outsideAnswer } from './outside-servers.ts'
import { keepOpen } from './keep-alive.ts'
import { isOutside, samePlace } from './places.ts'
import { answered, failFlow, succeedFlow } from './result.ts'
import { ACK, DATA_AGAIN, FIN, PSH, RST, sendFromClient, sendFromServer, SYN } from './segments.ts'
import { emit, sendIcmp, sendReset } from './stack.ts'
import { sendHop } from './wire.ts'

/** A packet is at its destination's stack: hand it to the socket. */
export function land(world: ModelWorld, packet: PacketRecord, place: NetPlace, inDev: string): void {
  const flow = world.get('flows', packet.flow)
  if (!flow) return
  const header = packet.now
  if (header.icmp) landIcmp(world, flow, packet, place, header)
  else if (packet.way === 'request') landAtServer(world, flow, packet, place, inDev, header)
  else landAtClient(world, flow, packet, place, header)
}

function landIcmp(world: ModelWorld, flow: FlowRecord, packet: PacketRecord, place: NetPlace, header: Packet): void {
  const about = header.icmp!.about
  if (about) {
    const mine =
      samePlace(place, flow.client) &&
      about.src === flow.src &&
      about.sport === flow.sport &&
      about.dst === flow.dst &&
      about.dport === flow.dport
    if (mine) failFlow(world, flow.id, header.icmp!.code === 3 ? 'refused' : 'unreachable')
    return
  }
  if (header.icmp!.type === 8) {
    const reply: Packet = { ...header, src: header.dst, dst: header.src, icmp: { type: 0, code: 0 }, mark: 0 }
    const answer = newPacket(world, flow.id, 'reply', 'echo reply', reply)
    listPacket(world, answer)
    const out = emit(world, place, answer)
    if (out && 'packet' in out) sendHop(world, out.packet, place, place, 'lo', out.afterMicros, true)
  } else if (samePlace(place, flow.client) && packet.way === 'reply' && header.src === flow.dst) {
    changeFlow(world, flow.id, { connectedAt: world.now })
    succeedFlow(world, flow.id)
  }
}

function listenerAt(
  world: ModelWorld,
  place: NetPlace,
  proto: 'tcp' | 'udp',
  header: Packet,
): ListenerRecord | undefined {
  if (!isOutside(place)) return findListener(world, place.node, place.netns, proto, header.dst, header.dport)
  const { host } = place
  const outside = { node: host, netns: '', proto, ip: header.dst, port: header.dport, pid: 1 }
  return proto === 'tcp' && listensOutside(host, header.dport) ? outside : undefined
}

function landAtServer(
  world: ModelWorld,
  flow: FlowRecord,
  packet: PacketRecord,
  place: NetPlace,
  inDev: string,
  header: Packet,
): void {
  if (flow.proto === 'udp') return landDatagram(world, flow, packet, place, inDev, header)
  const flags = header.flags ?? 0
  const server = flow.server
  if (flags & SYN) {
    const listener = listenerAt(world, place, 'tcp', header)
    if (!listener) {
      world.because('NW5', { ip: header.dst, port: header.dport })
      if (!isOutside(place)) sendReset(world, packet, place, header)
      else failFlow(world, flow.id, 'refused', 20_000)
      return
    }
    changeFlow(world, flow.id, { server: serverEnd(place, header, listener) })
    return sendFromServer(world, flow.id, SYN | ACK, 'SYN, ACK')
  }
  const known =
    server &&
    samePlace(server.at, place) &&
    header.dst === server.ip &&
    header.dport === server.port &&
    header.src === server.peerIp &&
    header.sport === server.peerPort
  if (!known) {
    if (!(flags & RST) && !isOutside(place)) sendReset(world, packet, place, header)
    return
  }
  if (flags & RST) return
  if (flags & FIN) {
    changeFlow(world, flow.id, { state: flow.state === 'failed' ? 'failed' : 'closed' })
    return sendFromServer(world, flow.id, FIN | ACK, 'FIN, ACK')
  }
  if (flags & PSH) {
    if (flow.state === 'requested' || flow.response !== undefined) {
      // a repeated request: the first one is being worked on, or its answer was lost
      if (flow.response !== undefined) sendFromServer(world, flow.id, PSH | ACK, 'response', DATA_AGAIN)
      else sendFromServer(world, flow.id, ACK, 'ACK')
      return
    }
    const listener = listenerAt(world, place, 'tcp', header)
    if (!listener) return sendReset(world, packet, place as { node: string; netns: string }, header)
    changeFlow(world, flow.id, { state: 'requested' })
    if (!flow.routine) sendFromServer(world, flow.id, ACK, 'ACK')
    handRequest(world, flow.id, listener, header)
  } else if (flow.unanswered?.by === 'server') answered(world, flow.id)
}

function serverEnd(place: NetPlace, header: Packet, listener: ListenerRecord): NonNullable<FlowRecord['server']> {
  return {
    at: place,
    ip: header.dst,
    port: header.dport,
    peerIp: header.src,
    peerPort: header.sport,
    pid: listener.pid,
    ...(listener.containerId === undefined ? {} : { containerId: listener.containerId }),
  }
}

function landDatagram(
  world: ModelWorld,
  flow: FlowRecord,
  packet: PacketRecord,
  place: NetPlace,
  inDev: string,
  header: Packet,
): void {
  const listener = listenerAt(world, place, 'udp', header)
  if (!listener) {
    world.because('NW5', { ip: header.dst, port: header.dport })
    if (!isOutside(place)) sendIcmp(world, packet, place, inDev, header, 'icmp-port-unreachable')
    return
  }
  changeFlow(world, flow.id, {
    server: serverEnd(place, header, listener),
    state: 'requested',
    connectedAt: flow.connectedAt ?? world.now,
  })
  handRequest(world, flow.id, listener, header)
}

/** To the program of the container; daemons of the machine itself answer by a small table. */
function handRequest(world: ModelWorld, id: string, listener: ListenerRecord, header: Packet): void {
  const flow = world.get('flows', id)!
  const at = flow.server!.at
  const kernel = isOutside(at) ? at.host : `${listener.node}/kernel`
  if (listener.containerId === undefined) {
    const response = isOutside(at)
      ? outsideAnswer(at.host, `${header.src}:${header.sport}`, flow.request)
      : daemonAnswer(listener.port, flow.request)
    world.send('net.respond', kernel, response === undefined ? { flow: id, reset: true } : { flow: id, response }, {
      from: kernel,
      delayMicros: 300,
    })
    return
  }
  const data: NetRequest = {
    flow: id,
    pid: listener.pid,
    containerId: listener.containerId,
    proto: flow.proto === 'udp' ? 'udp' : 'tcp',
    ip: header.dst,
    port: header.dport,
    peerIp: header.src,
    peerPort: header.sport,
    request: flow.request,
  }
  world.send('net.request', `${listener.node}/proc`, data, { from: kernel, delayMicros: 12 })
}

function landAtClient(
  world: ModelWorld,
  flow: FlowRecord,
  packet: PacketRecord,
  place: NetPlace,
  header: Packet,
): void {
  const flags = header.flags ?? 0
  const mine =
    samePlace(place, flow.client) &&
    header.src === flow.dst &&
    header.sport === flow.dport &&
    header.dst === flow.src &&
    header.dport === flow.sport
  if (!mine) {
    // an answer from somebody who was not asked: no socket waits for it
    world.because('NW4', { expected: `${flow.dst}:${flow.dport}`, got: `${header.src}:${header.sport}` })
    if (flow.proto === 'tcp' && !(flags & RST) && !isOutside(place)) sendReset(world, packet, place, header)
    return
  }
  if (flow.proto === 'udp') {
    answered(world, flow.id)
    return succeedFlow(world, flow.id)
  }
  if (flags & RST) {
    if (flow.endedAt === undefined) failFlow(world, flow.id, flow.connectedAt === undefined ? 'refused' : 'reset')
    return
  }
  if (flags & SYN) {
    const first = flow.connectedAt === undefined
    if (flow.endedAt !== undefined && first)
      return sendReset(world, packet, place as { node: string; netns: string }, header)
    if (first) answered(world, flow.id, { state: 'connected', connectedAt: world.now })
    // of a probe, the acknowledgement rides on what follows it at once
    if (!flow.routine) sendFromClient(world, flow.id, ACK, 'ACK')
    if (!first) return
    if (flow.request !== undefined) return sendFromClient(world, flow.id, PSH | ACK, flow.what, DATA_AGAIN)
    succeedFlow(world, flow.id)
    return sendFromClient(world, flow.id, FIN | ACK, 'FIN, ACK')
  }
  if (flags & FIN) {
    changeFlow(world, flow.id, { state: flow.state === 'failed' ? 'failed' : 'closed' })
    return sendFromClient(world, flow.id, ACK, 'ACK')
  }
  if (flags & PSH) {
    if (flow.endedAt !== undefined || flow.idle) return
    if (flow.keep) return keepOpen(world, flow)
    answered(world, flow.id)
    succeedFlow(world, flow.id)
    return sendFromClient(world, flow.id, FIN | ACK, 'FIN, ACK')
  }
  if (flow.unanswered?.by === 'client') answered(world, flow.id)
}
