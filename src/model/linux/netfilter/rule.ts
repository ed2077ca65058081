/** What one iptables rule says, after parsing. The shapes follow the kernel's match and target structures. */
import type { Cidr } from './address.ts'

export interface PortRange {
  readonly from: number
  readonly to: number
  readonly not: boolean
}

export interface CidrMatch {
  readonly cidr: Cidr
  readonly not: boolean
}

export interface InterfaceMatch {
  /** As written: a trailing `+` matches any interface that starts so. */
  readonly name: string
  readonly not: boolean
}

export interface MarkValue {
  readonly value: number
  readonly mask: number
  readonly not: boolean
}

export type Match =
  | { readonly kind: 'comment'; readonly text: string }
  | PortsMatch
  | {
      readonly kind: 'multiport'
      readonly side: 's' | 'd' | 'both'
      readonly ports: readonly PortRange[]
      readonly not: boolean
    }
  | {
      readonly kind: 'icmp'
      readonly name: 'icmp' | 'icmp6'
      readonly type: number
      readonly code: number | undefined
      readonly not: boolean
    }
  | ConntrackMatch
  | AddrTypeMatch
  | (MarkValue & { readonly kind: 'mark' | 'connmark' })
  | { readonly kind: 'statistic'; readonly mode: 'random'; readonly probability: number; readonly not: boolean }
  | {
      readonly kind: 'statistic'
      readonly mode: 'nth'
      readonly every: number
      readonly packet: number
      readonly not: boolean
    }
  | RecentMatch
  | {
      readonly kind: 'physdev'
      readonly options: readonly { readonly name: string; readonly value: string | undefined; readonly not: boolean }[]
    }
  | { readonly kind: 'nfacct'; readonly name: string }
  | { readonly kind: 'limit'; readonly rate: string; readonly burst: number }
  /** A match that the model does not evaluate: kept as written, and asked about when a packet meets it. */
  | { readonly kind: 'opaque'; readonly name: string; readonly args: readonly string[] }

export interface PortsMatch {
  readonly kind: 'ports'
  readonly name: 'tcp' | 'udp' | 'sctp' | 'udplite' | 'dccp'
  readonly sport: PortRange | undefined
  readonly dport: PortRange | undefined
  readonly flags: { readonly mask: number; readonly set: number; readonly not: boolean } | undefined
  /** Options without meaning for the model (`--tcp-option`, `--chunk-types`), as written. */
  readonly rest: readonly string[]
}

export interface ConntrackMatch {
  readonly kind: 'conntrack'
  /** `state` is the older spelling; it prints under its own name. */
  readonly name: 'conntrack' | 'state'
  readonly states: { readonly names: readonly string[]; readonly not: boolean } | undefined
  readonly status: { readonly names: readonly string[]; readonly not: boolean } | undefined
  readonly direction: 'ORIGINAL' | 'REPLY' | undefined
  /** `ctorigdst` and the like, in the order in which iptables prints them. */
  readonly tuple: readonly { readonly name: string; readonly value: string; readonly not: boolean }[]
}

export interface AddrTypeMatch {
  readonly kind: 'addrtype'
  readonly src: { readonly types: readonly string[]; readonly not: boolean } | undefined
  readonly dst: { readonly types: readonly string[]; readonly not: boolean } | undefined
  readonly limit: 'in' | 'out' | undefined
}

export interface RecentMatch {
  readonly kind: 'recent'
  readonly mode: 'set' | 'rcheck' | 'update' | 'remove'
  readonly not: boolean
  readonly name: string
  readonly seconds: number | undefined
  readonly reap: boolean
  readonly hitcount: number | undefined
  readonly rttl: boolean
  readonly mask: string
  readonly side: 'rsource' | 'rdest'
}

export type Target =
  | { readonly kind: 'verdict'; readonly name: 'ACCEPT' | 'DROP' | 'RETURN' | 'QUEUE' }
  | { readonly kind: 'chain'; readonly name: string; readonly goto: boolean }
  | { readonly kind: 'REJECT'; readonly with: string }
  | { readonly kind: 'DNAT' | 'SNAT'; readonly to: NatRange; readonly text: string; readonly flags: readonly string[] }
  | {
      readonly kind: 'MASQUERADE' | 'REDIRECT'
      readonly ports: { readonly from: number; readonly to: number } | undefined
      readonly flags: readonly string[]
    }
  /** One network onto another, host bits kept: the destination on the way in, the source on the way out. */
  | { readonly kind: 'NETMAP'; readonly to: Cidr }
  /** A proxy on this machine takes the packet as it is. */
  | {
      readonly kind: 'TPROXY'
      readonly port: number
      readonly address: string | undefined
      readonly value: number
      readonly mask: number
      readonly args: readonly string[]
    }
  /** A program decides. */
  | { readonly kind: 'NFQUEUE'; readonly args: readonly string[] }
  /** `value` and `mask` as `--set-xmark`: new = (old & ~mask) ^ value. */
  | { readonly kind: 'MARK'; readonly value: number; readonly mask: number }
  | {
      readonly kind: 'CONNMARK'
      readonly mode: 'set' | 'save' | 'restore'
      readonly value: number
      readonly mask: number
      readonly ctmask: number
    }
  | { readonly kind: 'NOTRACK'; readonly name: 'NOTRACK' | 'CT'; readonly args: readonly string[] }
  /** Targets after which the packet goes on unchanged as far as the model is concerned. */
  | { readonly kind: 'passing'; readonly name: string; readonly args: readonly string[] }
  /** A target that the model does not evaluate. */
  | { readonly kind: 'opaque'; readonly name: string; readonly args: readonly string[] }

export interface NatRange {
  readonly from: string | undefined
  readonly to: string | undefined
  readonly ports: { readonly from: number; readonly to: number } | undefined
}

export interface Rule {
  readonly chain: string
  readonly src: CidrMatch | undefined
  readonly dst: CidrMatch | undefined
  readonly inDev: InterfaceMatch | undefined
  readonly outDev: InterfaceMatch | undefined
  /** Protocol name as iptables prints it, and number; undefined for any. */
  readonly proto: { readonly name: string; readonly number: number; readonly not: boolean } | undefined
  readonly fragment: 'yes' | 'not' | undefined
  readonly matches: readonly Match[]
  readonly target: Target | undefined
}

export const PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  ipencap: 4,
  tcp: 6,
  udp: 17,
  dccp: 33,
  ipv6: 41,
  gre: 47,
  esp: 50,
  ah: 51,
  'ipv6-icmp': 58,
  ospf: 89,
  ipip: 94,
  vrrp: 112,
  sctp: 132,
  udplite: 136,
}

const PROTOCOL_NAMES = new Map(Object.entries(PROTOCOLS).map(([name, number]) => [number, name]))

export function protocolOf(text: string): { name: string; number: number } | undefined {
  const lower = text.toLowerCase()
  if (lower === 'all' || lower === 'any') return { name: 'all', number: 0 }
  const name = lower === 'icmpv6' || lower === 'icmp6' ? 'ipv6-icmp' : lower
  if (Object.hasOwn(PROTOCOLS, name)) return { name, number: PROTOCOLS[name]! }
  if (!/^\d{1,3}$/.test(text) || Number(text) > 255) return undefined
  const number = Number(text)
  return { name: number === 0 ? 'all' : (PROTOCOL_NAMES.get(number) ?? text), number }
}

/** Bits of `--tcp-flags`, in the order in which iptables prints their names. */
export const TCP_FLAGS = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32 } as const
