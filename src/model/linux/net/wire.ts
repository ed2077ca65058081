/**
 * Between two stacks: a veth pair into a bridge or out of it, the node network, the way to machines outside. Each step
 * is an event from door to door; that is what people see move.
 */
import { LATENCY } from '../../messages.ts'
import type { LinkRecord, ModelWorld, NetPlace, PacketRecord } from '../../tables.ts'
import { endPacket } from './flow.ts'
import { takenBy } from './balanced.ts'
import { backToClient } from './proxied.ts'
import { actorOf, GATEWAY, machineWithIp, type OutsideHost, outsideWithIp } from './places.ts'

/** `net.hop` (and `net.probe-hop` for routine flows): a packet reaches a device. */
export type NetHop = {
  packet: string
  flow: string
  /** In words, for the timeline. */
  what: string
  proto: string
  src: string
  dst: string
  sport: number
  dport: number
  way: PacketRecord['way']
  at: NetPlace
  dev: string
  /** It went through the stack already (loopback): only the socket is left. */
  landed?: boolean
}

const VETH_MICROS = 8
const OUTSIDE_MICROS = 14_000
/** Neighbour resolution gives up after three tries, a second apart (net.ipv4.neigh mcast_solicit). */
export const ARP_TIMEOUT_MICROS = 3_000_000
export const ARP_FAILED = 'timer.net-arp'

function hopKind(flow: string): 'net.hop' | 'net.probe-hop' {
  return flow.startsWith('probe') ? 'net.probe-hop' : 'net.hop'
}

export function sendHop(
  world: ModelWorld,
  packet: PacketRecord,
  from: NetPlace,
  to: NetPlace,
  dev: string,
  delayMicros: number,
  landed = false,
): void {
  const { src, dst, sport, dport, proto } = packet.now
  const data: NetHop = {
    packet: packet.id,
    flow: packet.flow,
    what: packet.what,
    proto,
    src,
    dst,
    sport,
    dport,
    way: packet.way,
    at: to,
    dev,
    ...(landed ? { landed } : {}),
  }
  world.send(hopKind(packet.flow), actorOf(to), data, { from: actorOf(from), delayMicros })
}

/** Out of `dev` of a namespace towards the neighbour `nextHop`. */
export function transmit(
  world: ModelWorld,
  packet: PacketRecord,
  node: string,
  netns: string,
  dev: string,
  nextHop: string,
  afterMicros: number,
): void {
  const from: NetPlace = { node, netns }
  const link = world.get('links', `${node}|${netns}|${dev}`)
  if (!link || !link.up) return lose(world, packet, `device ${dev} is down`)
  if (link.kind === 'veth') return overVeth(world, packet, from, link, nextHop, afterMicros)
  if (link.kind === 'bridge') return outOfBridge(world, packet, from, link, nextHop, afterMicros)
  overNetwork(world, packet, node, nextHop, afterMicros)
}

function lose(world: ModelWorld, packet: PacketRecord, why: string): void {
  world.because('NW2', { why })
  endPacket(world, packet.id, 'lost', why)
}

/** The other end is a port of a bridge, or stands alone. */
function overVeth(
  world: ModelWorld,
  packet: PacketRecord,
  from: { node: string; netns: string },
  link: LinkRecord,
  nextHop: string,
  afterMicros: number,
): void {
  const peer = link.peer && world.get('links', `${from.node}|${link.peer.netns}|${link.peer.name}`)
  if (!peer || !peer.up) return lose(world, packet, `the other end of ${link.name} is down`)
  const to: NetPlace = { node: from.node, netns: peer.netns }
  if (peer.master === undefined) return sendHop(world, packet, from, to, peer.name, afterMicros + VETH_MICROS)
  const bridge = world.get('links', `${from.node}|${peer.netns}|${peer.master}`)
  if (!bridge?.up) return lose(world, packet, `bridge ${peer.master} is down`)
  // A frame for the bridge's own address goes up the stack; with br_netfilter one for another port passes the hooks too.
  const own = bridge.addresses.some((a) => a.startsWith(`${nextHop}/`))
  if (own || bridgeCallsIptables(world, from.node))
    return sendHop(world, packet, from, to, bridge.name, afterMicros + VETH_MICROS)
  outOfBridge(world, packet, to as { node: string; netns: string }, bridge, nextHop, afterMicros + VETH_MICROS)
}

function bridgeCallsIptables(world: ModelWorld, node: string): boolean {
  return (world.get('netns', `${node}|`)?.sysctls['net.bridge.bridge-nf-call-iptables'] ?? '1') === '1'
}

/** The port behind which somebody has the address. */
function outOfBridge(
  world: ModelWorld,
  packet: PacketRecord,
  from: { node: string; netns: string },
  bridge: LinkRecord,
  nextHop: string,
  afterMicros: number,
): void {
  for (const port of world.by('links', 'netns', `${from.node}|${from.netns}`)) {
    if (port.master !== bridge.name || !port.peer || !port.up) continue
    const end = world.get('links', `${from.node}|${port.peer.netns}|${port.peer.name}`)
    if (end?.up && end.addresses.some((a) => a.startsWith(`${nextHop}/`)))
      return sendHop(world, packet, from, { node: from.node, netns: end.netns }, end.name, afterMicros + VETH_MICROS)
  }
  noNeighbour(world, packet, from, nextHop)
}

function noNeighbour(
  world: ModelWorld,
  packet: PacketRecord,
  from: { node: string; netns: string },
  nextHop: string,
): void {
  lose(world, packet, `nobody answers to ${nextHop} (ARP)`)
  world.send(
    ARP_FAILED,
    actorOf(from),
    { packet: packet.id, at: from },
    { from: actorOf(from), delayMicros: ARP_TIMEOUT_MICROS },
  )
}

/** Over the node network, or through its gateway to the outside. */
function overNetwork(world: ModelWorld, given: PacketRecord, node: string, nextHop: string, afterMicros: number): void {
  const from: NetPlace = { node, netns: '' }
  if (world.get('machines', node)?.cable === false) return lose(world, given, `the cable of ${node} is pulled`)
  // on the network an address of MetalLB, behind the gateway one of a load balancer
  const taken = nextHop === given.now.dst || nextHop === GATEWAY ? takenBy(world, given) : undefined
  if (taken && 'lost' in taken) return lose(world, given, taken.lost)
  const packet = taken?.packet ?? given
  const taker = taken?.node
  // a node does not answer its own question who has the address
  if (taker === node && nextHop !== GATEWAY) return noNeighbour(world, packet, { node, netns: '' }, nextHop)
  const machine = taker === undefined ? machineWithIp(world, nextHop) : world.get('machines', taker)
  if (machine) {
    if (!machine.cable) {
      lose(world, packet, `the cable of ${machine.name} is pulled`)
      world.send(
        ARP_FAILED,
        actorOf(from),
        { packet: packet.id, at: from },
        { from: actorOf(from), delayMicros: ARP_TIMEOUT_MICROS },
      )
      return
    }
    return sendHop(world, packet, from, { node: machine.name, netns: '' }, 'eth0', afterMicros + LATENCY.lan)
  }
  const host = outsideWithIp(nextHop === GATEWAY ? packet.now.dst : nextHop)
  if (host)
    return sendHop(
      world,
      packet,
      from,
      { host },
      'eth0',
      afterMicros + (host === 'laptop' ? LATENCY.lan : OUTSIDE_MICROS),
    )
  if (nextHop === GATEWAY) return lose(world, packet, `${packet.now.dst} lies outside of the lab: nobody there answers`)
  noNeighbour(world, packet, { node, netns: '' }, nextHop)
}

/** A proxying load balancer hands a node's answer on to its client. False: the packet is for the cloud itself. */
export function proxyBack(world: ModelWorld, packet: PacketRecord): boolean {
  const back = backToClient(world, packet)
  if (!back) return false
  const host = outsideWithIp(back.now.dst)
  const machine = host ? undefined : machineWithIp(world, back.now.dst)
  const from: NetPlace = { host: 'cloud' }
  if (host) sendHop(world, back, from, { host }, 'eth0', OUTSIDE_MICROS)
  else if (machine?.cable) sendHop(world, back, from, { node: machine.name, netns: '' }, 'eth0', OUTSIDE_MICROS)
  else lose(world, back, `no route from the load balancer to ${back.now.dst}`)
  return true
}

/** From a machine outside: to a node's own address, or to the node that its network routes the address to. */
export function outsideToNode(world: ModelWorld, host: OutsideHost, given: PacketRecord): void {
  const header = given.header
  const flow = world.get('flows', given.flow)
  const via = flow?.via
  const taken = machineWithIp(world, header.dst) ? undefined : takenBy(world, given)
  if (taken && 'lost' in taken) return lose(world, given, taken.lost)
  const packet = taken?.packet ?? given
  const taker = taken?.node ?? (machineWithIp(world, header.dst) ? undefined : via)
  const machine = taker === undefined ? machineWithIp(world, header.dst) : world.get('machines', taker)
  const back = outsideWithIp(header.dst)
  if (back) return sendHop(world, packet, { host }, { host: back }, 'eth0', OUTSIDE_MICROS)
  if (!machine) return lose(world, packet, `no route from ${host} to ${header.dst}`)
  if (!machine.cable) return lose(world, packet, `the cable of ${machine.name} is pulled`)
  sendHop(
    world,
    packet,
    { host },
    { node: machine.name, netns: '' },
    'eth0',
    host === 'laptop' ? LATENCY.lan : OUTSIDE_MICROS,
  )
}
