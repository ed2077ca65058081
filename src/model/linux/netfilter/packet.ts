import { joinHostPort } from './address.ts'

/** What netfilter sees of a packet, as a plain record. */
export interface Packet {
  /** `tcp`, `udp`, `sctp`, `icmp`, `ipv6-icmp` or another protocol name. */
  readonly proto: string
  readonly src: string
  readonly dst: string
  /** Ports; for an ICMP echo the identifier stands in `sport`. */
  readonly sport: number
  readonly dport: number
  /** TCP flags, bits of `TCP_FLAGS`; a packet without them is taken for a SYN. */
  readonly flags?: number
  readonly icmp?: { readonly type: number; readonly code: number; readonly about?: Tuple }
  readonly mark?: number
  /** Length of the IP packet in bytes, for counters. */
  readonly length?: number
}

/** One direction of a connection, as conntrack keeps it. */
export interface Tuple {
  readonly proto: string
  readonly src: string
  readonly dst: string
  readonly sport: number
  readonly dport: number
}

export function tupleKey(t: Tuple): string {
  return `${t.proto} ${t.src}:${t.sport}>${t.dst}:${t.dport}`
}

export function reverse(t: Tuple): Tuple {
  return { proto: t.proto, src: t.dst, dst: t.src, sport: t.dport, dport: t.sport }
}

export function packetText(p: Packet | Tuple): string {
  if (p.proto.includes('icmp')) return `${p.proto} ${p.src} > ${p.dst}`
  return `${p.proto} ${joinHostPort(p.src, p.sport)} > ${joinHostPort(p.dst, p.dport)}`
}
