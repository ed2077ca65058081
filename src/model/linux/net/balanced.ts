/** Addresses of no machine: which node of the network takes a packet to one. */
import type { CloudBalancerRecord } from '../../load-balancer/records.ts'
import type { ModelWorld, PacketRecord } from '../../tables.ts'
import { changeFlow } from './flow.ts'
import { towardsNode } from './proxied.ts'

/** `packet` as it goes on; `lost`: why it does not. */
export type Taken = { readonly node: string; readonly packet: PacketRecord } | { readonly lost: string }

/** The node whose card answers ARP for the address (MetalLB), or to which a load balancer of the cloud sends the flow. */
export function takenBy(world: ModelWorld, packet: PacketRecord): Taken | undefined {
  const ip = packet.now.dst
  const neighbour = world.get('neighbours', ip)
  if (neighbour) return { node: neighbour.node, packet }
  const balancer = world.get('cloudBalancers', ip)
  if (!balancer?.provisioned) return undefined
  const node = targetOf(world, balancer, packet)
  if (node === undefined || balancer.ipMode === 'VIP') return node === undefined ? undefined : { node, packet }
  const on = towardsNode(world, balancer, node, packet)
  return typeof on === 'string' ? { lost: on } : { node, packet: on }
}

function targetOf(world: ModelWorld, balancer: CloudBalancerRecord, packet: PacketRecord): string | undefined {
  const flow = world.get('flows', packet.flow)
  // A flow stays where it began.
  if (flow?.via !== undefined && packet.way === 'request') return flow.via
  const node = chooseTarget(balancer, packet)
  if (node === undefined) return undefined
  const { healthy, said } = balancer.targets[node]!
  world.because('NW6', { ip: balancer.ip, node, healthy, said, ignoresHealthChecks: balancer.ignoresHealthChecks })
  if (flow && packet.way === 'request') changeFlow(world, flow.id, { via: node })
  return node
}

/** By a hash of the five numbers of the flow, over the healthy nodes; over all when none is, or when nobody asks. */
export function chooseTarget(balancer: CloudBalancerRecord, packet: Pick<PacketRecord, 'now'>): string | undefined {
  const all = Object.keys(balancer.targets).sort()
  const healthy = balancer.ignoresHealthChecks ? all : all.filter((node) => balancer.targets[node]!.healthy)
  const list = healthy.length > 0 ? healthy : all
  const { proto, src, sport, dst, dport } = packet.now
  return list.length === 0 ? undefined : list[hash(`${proto} ${src}:${sport} ${dst}:${dport}`) % list.length]
}

/** FNV-1a with a last stir, so that neighbouring ports spread. */
function hash(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d)
  return (h ^ (h >>> 15)) >>> 0
}
