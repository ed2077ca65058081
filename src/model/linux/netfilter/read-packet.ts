/** A packet in one line, as people give it: `tcp 10.244.1.5:40000 > 10.96.0.10:80`. */
import { parseIp } from './address.ts'
import type { Packet } from './packet.ts'
import { protocolOf } from './rule.ts'

const WITH_PORTS: ReadonlySet<string> = new Set(['tcp', 'udp', 'sctp', 'udplite', 'dccp'])

/** `tcp A:P > B:P`, `udp [fd00::1]:53 > [fd00::2]:53`, `icmp 10.0.0.1 > 10.0.0.2`; or what is wrong with it. */
export function readPacket(text: string): Packet | { readonly error: string } {
  const found = /^\s*(\S+)\s+(\S+)\s*-?>\s*(\S+)\s*$/.exec(text)
  if (!found) return { error: "write it as 'tcp 10.244.1.5:40000 > 10.96.0.10:80'" }
  const src = end(found[2]!)
  if ('error' in src) return src
  const dst = end(found[3]!)
  if ('error' in dst) return dst
  return packetOf(found[1]!, src, dst)
}

export interface PacketEnd {
  readonly ip: string
  readonly port: number | undefined
}

/** The first packet of a flow between two ends; or what is wrong with it. */
export function packetOf(protocol: string, src: PacketEnd, dst: PacketEnd): Packet | { readonly error: string } {
  const proto = protocolOf(protocol)
  if (!proto || proto.number === 0) return { error: `unknown protocol ${protocol}` }
  for (const { ip, port } of [src, dst])
    if (!parseIp(ip) || (port !== undefined && !(port >= 0 && port <= 65_535)))
      return { error: `"${ip}${port === undefined ? '' : `:${port}`}" is not an address with a port` }
  if (src.ip.includes(':') !== dst.ip.includes(':')) return { error: 'one address is IPv4, the other IPv6' }
  const ports = WITH_PORTS.has(proto.name)
  if (ports && dst.port === undefined) return { error: `${proto.name} needs a destination port` }
  return {
    proto: proto.name,
    src: parseIp(src.ip)!.text,
    dst: parseIp(dst.ip)!.text,
    sport: src.port ?? (ports ? 40_000 : 0),
    dport: dst.port ?? 0,
    ...(proto.name.includes('icmp') ? { icmp: { type: proto.name === 'icmp' ? 8 : 128, code: 0 } } : {}),
  }
}

function end(part: string): PacketEnd | { readonly error: string } {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(part)
  const plain = /^([^:]+)(?::(\d+))?$/.exec(part)
  const [, ip, port] = bracketed ?? plain ?? [undefined, part, undefined]
  if (!parseIp(ip!) || (port !== undefined && Number(port) > 65_535))
    return { error: `"${part}" is not an address with a port` }
  return { ip: ip!, port: port === undefined ? undefined : Number(port) }
}
