/** Packets between namespaces: the handlers of `net.*` at every door, and their rules. */
import type { SimEvent } from '../../../sim/contract.ts'
import type { ModelComponent, ModelWorld, NetPlace } from '../../tables.ts'
import { whilePowered } from '../power.ts'
import { connect, type ConnectRequest, type NetRespond } from './connect.ts'
import { CONNTRACK_GC, sweepConntrack } from './conntrack-table.ts'
import { changeFlow, endPacket, putPacket } from './flow.ts'
import { closeKept, sendAgain } from './keep-alive.ts'
import { failFlow } from './result.ts'
import { ACK, DATA_AGAIN, NET_RTO, PSH, repeat, RST, sendFromClient, sendFromServer } from './segments.ts'
import { land } from './sockets.ts'
import { pass, sendIcmp } from './stack.ts'
import { ARP_FAILED, type NetHop, proxyBack } from './wire.ts'

function hop(world: ModelWorld, event: SimEvent<NetHop>): void {
  const packet = world.get('packets', event.data.packet)
  if (!packet) return
  const { at, dev, landed } = event.data
  if (landed) return land(world, packet, at, dev)
  if (packet.state !== 'moving') return
  if ('host' in at) {
    if (at.host === 'cloud' && proxyBack(world, packet)) return
    const arrived = { ...packet, state: 'delivered' as const, endedAt: world.now }
    putPacket(world, arrived)
    return land(world, arrived, at, dev)
  }
  if (!world.get('netns', `${at.node}|${at.netns}`)) return endPacket(world, packet.id, 'lost', 'its namespace is gone')
  const out = pass(world, packet, at.node, at.netns, dev)
  if (out && 'packet' in out) land(world, out.packet, at, dev)
}

/** A program answers a request. */
function respond(world: ModelWorld, event: SimEvent<NetRespond>): void {
  const { flow: id, response, reset } = event.data
  const flow = world.get('flows', id)
  if (!flow?.server) return
  if (reset) {
    if (flow.proto === 'tcp') sendFromServer(world, id, RST | ACK, 'RST, ACK')
    return
  }
  changeFlow(world, id, { response: response ?? null })
  sendFromServer(world, id, PSH | ACK, 'response', flow.proto === 'tcp' ? DATA_AGAIN : {})
}

/** The caller's patience is over. */
function deadline(world: ModelWorld, event: SimEvent<{ flow: string }>): void {
  const flow = world.get('flows', event.data.flow)
  if (!flow || flow.endedAt !== undefined) return
  failFlow(world, flow.id, 'timeout')
  if (flow.proto === 'tcp' && flow.connectedAt !== undefined) sendFromClient(world, flow.id, RST | ACK, 'RST, ACK')
}

/** Nobody answered for the neighbour: the sender is told (net/ipv4/arp.c arp_error_report). */
function noNeighbour(world: ModelWorld, event: SimEvent<{ packet: string; at: NetPlace }>): void {
  const packet = world.get('packets', event.data.packet)
  const { at } = event.data
  if (!packet || 'host' in at) return
  const last = packet.hops[packet.hops.length - 1]
  if (last?.inDev === undefined) {
    if (packet.way === 'request') failFlow(world, packet.flow, 'unreachable')
    return
  }
  sendIcmp(world, packet, at, last.inDev, packet.now, 'icmp-host-unreachable')
}

/** `net.connect`: what a tool asks for by an input, to the actor at whose place the client runs. */
function connectInput(world: ModelWorld, event: SimEvent<ConnectRequest>): void {
  connect(world, event.data)
}

export const packets: ModelComponent = {
  roles: ['kernel', 'proc', 'laptop', 'external', 'registry', 'cloud'],
  tables: {
    conntrack: {
      owner: 'linux/net',
      indexes: {
        node: (r) => r.node,
        reply: (r) => `${r.node}|${r.reply.proto} ${r.reply.src}:${r.reply.sport}>${r.reply.dst}:${r.reply.dport}`,
      },
    },
    conntrackStats: { owner: 'linux/net' },
    recent: { owner: 'linux/net', indexes: { node: (r) => r.node } },
    flows: { owner: 'linux/net' },
    packets: { owner: 'linux/net', indexes: { flow: (r) => r.flow } },
    // here, because every packet over the network looks for its address there
    neighbours: { owner: 'load-balancer' },
    cloudBalancers: { owner: 'load-balancer' },
    cloudSessions: { owner: 'load-balancer', indexes: { n: (r) => String(r.n) } },
  },
  rules: [
    {
      id: 'NF1',
      says: 'The nat chains see the first packet of a connection only; conntrack does the same to every later one, and undoes it for replies.',
      source: 'linux net/netfilter/nf_nat_core.c nf_nat_inet_fn',
    },
    {
      id: 'NF2',
      says: '-m statistic draws a number of 31 bits for each packet that reaches the rule, and matches when it is below the probability.',
      source: 'linux net/netfilter/xt_statistic.c statistic_mt',
    },
    {
      id: 'NF3',
      says: 'A rule, a policy or the routing decision stops the packet here.',
      source: 'linux net/netfilter/core.c nf_hook_slow',
    },
    {
      id: 'NF6',
      says: 'The conntrack table is full: a new connection needs the place of one that is not [ASSURED], in one of eight buckets. Where there is none, its packet is dropped.',
      source: 'linux net/netfilter/nf_conntrack_core.c __nf_conntrack_alloc, early_drop',
    },
    {
      id: 'NW1',
      says: 'A SYN without an answer is sent again after 1 s, 2 s, 4 s and so on; data after 200 ms, doubling.',
      source: 'linux net/ipv4/tcp_timer.c tcp_retransmit_timer',
    },
    { id: 'NW2', says: 'The packet is lost on the way: nobody tells the sender.', source: 'linux net/core/dev.c' },
    {
      id: 'NW3',
      says: 'Without a route to the address a connect fails at once.',
      source: 'linux net/ipv4/route.c ip_route_output_key_hash',
    },
    {
      id: 'NW4',
      says: 'An answer counts only if it comes from the address and port that were asked.',
      source: 'linux net/ipv4/inet_hashtables.c __inet_lookup_established',
    },
    {
      id: 'NW6',
      says: 'A load balancer outside sends a flow to one of its nodes, by a hash of its addresses and ports; the packet stays as it is.',
      source: 'lab: a load balancer that passes packets on, as those of clouds that keep the client address',
    },
    {
      id: 'NW7',
      says: 'A load balancer that is a proxy takes the connection and opens its own to a node port: the client is gone from the packet.',
      source: 'kubernetes/enhancements KEP-1860: ipMode Proxy',
    },
    {
      id: 'NW5',
      says: 'A port on which nobody listens answers a SYN with a reset, and a datagram with ICMP port unreachable.',
      source: 'linux net/ipv4/tcp_ipv4.c tcp_v4_send_reset, udp.c __udp4_lib_rcv',
    },
  ],
  handlers: whilePowered({
    'net.hop': hop,
    'net.probe-hop': hop,
    'net.connect': connectInput,
    'net.send': sendAgain,
    'net.close': closeKept,
    'net.respond': respond,
    [NET_RTO]: repeat,
    'timer.net-deadline': deadline,
    [ARP_FAILED]: noNeighbour,
    [CONNTRACK_GC]: sweepConntrack,
  }),
}
