/**
 * A load balancer of the cloud that is a proxy (`ipMode: Proxy`): it speaks with the node port in its own name, so the
 * client's address ends here. kube-proxy leaves such an address alone, so pods too go out to it.
 */
import type { CloudBalancerRecord, CloudSessionRecord } from '../../load-balancer/records.ts'
import type { ModelWorld, PacketRecord } from '../../tables.ts'
import { cidrContains, parseCidr, parseIp } from '../netfilter/address.ts'
import type { Packet } from '../netfilter/packet.ts'
import { putPacket } from './flow.ts'

const SESSIONS_KEPT = 200
/** Its own end towards the nodes, as in places.ts. */
const PROXY_IP = '203.0.113.30'

/** The packet as the proxy sends it on to a node; a text: why it does not. */
export function towardsNode(
  world: ModelWorld,
  balancer: CloudBalancerRecord,
  node: string,
  packet: PacketRecord,
): PacketRecord | string {
  const { now } = packet
  let session = world.get('cloudSessions', packet.flow)
  if (!session) {
    const spec = world.get('services', balancer.service)?.spec
    const port = spec?.ports?.find((p) => p.port === now.dport && (p.protocol ?? 'TCP').toLowerCase() === now.proto)
    if (!port) return `the load balancer does not listen on ${now.proto} port ${now.dport}`
    if (!port.nodePort) return 'the load balancer has no node port to speak to (allocateLoadBalancerNodePorts: false)'
    const src = parseIp(now.src)
    const ranges = spec?.loadBalancerSourceRanges ?? []
    if (
      ranges.length > 0 &&
      !ranges.some((r) => {
        const cidr = parseCidr(r.trim())
        return src && cidr && cidrContains(cidr, src)
      })
    )
      // prettier-ignore
      return `the load balancer takes no packets from ${now.src} (loadBalancerSourceRanges)`
    const n = world.serial('cloud session')
    const { src: client, sport, dst: ip, dport } = now
    const nodeIp = world.get('machines', node)?.ip ?? ''
    session = { flow: packet.flow, node, client, sport, ip, dport, port: 20_000 + (n % 40_000), nodeIp, nodePort: port.nodePort, n } // prettier-ignore
    world.put('cloudSessions', packet.flow, session)
    const old = world.by('cloudSessions', 'n', String(n - SESSIONS_KEPT))[0]
    if (old) world.put('cloudSessions', old.flow, undefined)
    world.because('NW7', {
      client: `${client}:${sport}`,
      from: `${PROXY_IP}:${session.port}`,
      to: `${nodeIp}:${port.nodePort}`,
    })
  }
  return changed(world, packet, {
    src: PROXY_IP,
    sport: session.port,
    dst: session.nodeIp,
    dport: session.nodePort,
  })
}

/** A node's answer to the proxy, as the client gets it; undefined: it is for the cloud itself. */
export function backToClient(world: ModelWorld, packet: PacketRecord): PacketRecord | undefined {
  const session: CloudSessionRecord | undefined = world.get('cloudSessions', packet.flow)
  if (!session || packet.way !== 'reply' || packet.now.dst !== PROXY_IP) return undefined
  const { client, sport, ip, dport } = session
  const about = packet.now.icmp?.about
  if (!about) return changed(world, packet, { src: ip, sport: dport, dst: client, dport: sport })
  const told = { ...about, src: client, sport, dst: ip, dport }
  return changed(world, packet, { src: ip, dst: client, icmp: { ...packet.now.icmp!, about: told } })
}

function changed(world: ModelWorld, packet: PacketRecord, change: Partial<Packet>): PacketRecord {
  const next: PacketRecord = { ...packet, now: { ...packet.now, ...change } }
  putPacket(world, next)
  return next
}
