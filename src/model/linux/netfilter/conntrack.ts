/**
 * Connection tracking: entries as plain records, the TCP state table, timeouts. linux net/netfilter/nf_conntrack_core.c,
 * nf_conntrack_proto_tcp.c (tcp_conntracks), nf_conntrack_proto_udp.c.
 */
import { TCP_FLAGS } from './rule.ts'
import { type Packet, reverse, type Tuple } from './packet.ts'

export type TcpState =
  | 'NONE'
  | 'SYN_SENT'
  | 'SYN_RECV'
  | 'ESTABLISHED'
  | 'FIN_WAIT'
  | 'CLOSE_WAIT'
  | 'LAST_ACK'
  | 'TIME_WAIT'
  | 'CLOSE'
  | 'SYN_SENT2'

export interface ConntrackEntry {
  readonly orig: Tuple
  readonly reply: Tuple
  /** TCP only. */
  readonly state?: TcpState
  readonly seenReply: boolean
  readonly assured: boolean
  /** NAT was set up: the reply tuple differs from the mirrored original one. */
  readonly dnat: boolean
  readonly snat: boolean
  readonly mark: number
  readonly timeoutSeconds: number
  /** UDP: when it was first answered; two seconds later it counts as a stream. */
  readonly answeredAt?: number
}

export type CtState = 'NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID' | 'UNTRACKED'

export interface ConntrackTimeouts {
  readonly tcp: Readonly<Record<TcpState, number>>
  readonly udp: number
  readonly udpStream: number
  readonly icmp: number
  readonly generic: number
}

/** Kernel defaults in seconds, with what kube-proxy sets at start (conntrack.tcpEstablishedTimeout, tcpCloseWaitTimeout). */
export const TIMEOUTS: ConntrackTimeouts = {
  tcp: {
    NONE: 120,
    SYN_SENT: 120,
    SYN_RECV: 60,
    ESTABLISHED: 86_400,
    FIN_WAIT: 120,
    CLOSE_WAIT: 3_600,
    LAST_ACK: 30,
    TIME_WAIT: 120,
    CLOSE: 10,
    SYN_SENT2: 120,
  },
  udp: 30,
  udpStream: 120,
  icmp: 30,
  generic: 600,
}

const STATES: readonly TcpState[] = [
  'NONE',
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'FIN_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
  'TIME_WAIT',
  'CLOSE',
  'SYN_SENT2',
]
const IV = -1
const IG = -2
/** [direction][syn, synack, fin, ack, rst][old state] -> new state, invalid or ignored. */
const TRANSITIONS: readonly (readonly (readonly number[])[])[] = [
  [
    [1, 1, IG, IG, IG, IG, IG, 1, 1, 9],
    [IV, IV, 2, IV, IV, IV, IV, IV, IV, 2],
    [IV, IV, 4, 4, 6, 6, 6, 7, 8, IV],
    [3, IV, 3, 3, 5, 5, 7, 7, 8, IV],
    [IV, 8, 8, 8, 8, 8, 8, 8, 8, 8],
  ],
  [
    [IV, 9, IV, IV, IV, IV, IV, 1, IV, 9],
    [IV, 2, IG, IG, IG, IG, IG, IG, IG, 2],
    [IV, IV, 4, 4, 6, 6, 6, 7, 8, IV],
    [IV, IG, 2, 3, 5, 5, 7, 7, 8, IG],
    [IV, 8, 8, 8, 8, 8, 8, 8, 8, 8],
  ],
]

function flagIndex(flags: number): number {
  if (flags & TCP_FLAGS.RST) return 4
  if (flags & TCP_FLAGS.SYN) return flags & TCP_FLAGS.ACK ? 1 : 0
  if (flags & TCP_FLAGS.FIN) return 2
  return flags & TCP_FLAGS.ACK ? 3 : -1
}

export function tupleOf(p: Packet): Tuple {
  if (p.icmp) return { proto: p.proto, src: p.src, dst: p.dst, sport: p.sport, dport: p.sport }
  return { proto: p.proto, src: p.src, dst: p.dst, sport: p.sport, dport: p.dport }
}

/** ICMP errors speak of another connection and make no entry of their own. */
export function isIcmpError(p: Packet): boolean {
  return p.icmp?.about !== undefined
}

export interface Tracked {
  readonly state: CtState
  /** 0: the direction of the first packet; 1: the reply. */
  readonly direction: 0 | 1
  /** The entry after this packet; undefined for INVALID and UNTRACKED. */
  readonly entry: ConntrackEntry | undefined
  /** This packet made the entry. */
  readonly fresh: boolean
  /** The packet ends the entry at once (a reset in answer to a SYN). */
  readonly kill?: boolean
}

export type FindEntry = (tuple: Tuple) => ConntrackEntry | undefined

const INVALID: Tracked = { state: 'INVALID', direction: 0, entry: undefined, fresh: false }

/** What nf_conntrack_in finds for a packet. `nowSeconds` serves UDP streams only. */
export function track(
  packet: Packet,
  find: FindEntry,
  nowSeconds: number,
  timeouts: ConntrackTimeouts = TIMEOUTS,
): Tracked {
  if (packet.icmp?.about) {
    const about = packet.icmp.about
    const entry = find(about)
    if (!entry) return INVALID
    // the error travels against the packet that it speaks of
    const direction = sameTuple(entry.orig, about) ? 1 : 0
    return { state: 'RELATED', direction, entry, fresh: false }
  }
  const tuple = tupleOf(packet)
  const entry = find(tuple)
  if (!entry) return first(packet, tuple, timeouts)
  const direction = sameTuple(entry.orig, tuple) ? 0 : 1
  if (packet.proto === 'tcp') return nextTcp(packet, entry, direction, timeouts)
  const seenReply = entry.seenReply || direction === 1
  let { assured, answeredAt } = entry
  let timeoutSeconds =
    packet.proto === 'udp' ? timeouts.udp : packet.proto.includes('icmp') ? timeouts.icmp : timeouts.generic
  if (packet.proto === 'udp' && seenReply) {
    answeredAt ??= nowSeconds
    if (nowSeconds - answeredAt > 2) {
      assured = true
      timeoutSeconds = timeouts.udpStream
    }
  }
  const next: ConntrackEntry = {
    ...entry,
    seenReply,
    assured,
    timeoutSeconds,
    ...(answeredAt === undefined ? {} : { answeredAt }),
  }
  return { state: seenReply ? 'ESTABLISHED' : 'NEW', direction, entry: next, fresh: false }
}

function sameTuple(a: Tuple, b: Tuple): boolean {
  return a.proto === b.proto && a.src === b.src && a.dst === b.dst && a.sport === b.sport && a.dport === b.dport
}

function first(packet: Packet, tuple: Tuple, timeouts: ConntrackTimeouts): Tracked {
  let state: TcpState | undefined
  let timeoutSeconds =
    packet.proto === 'udp' ? timeouts.udp : packet.proto.includes('icmp') ? timeouts.icmp : timeouts.generic
  if (packet.proto === 'tcp') {
    const index = flagIndex(packet.flags ?? TCP_FLAGS.SYN)
    const to = index < 0 ? IV : TRANSITIONS[0]![index]![0]!
    if (to < 0) return INVALID
    // nf_conntrack_tcp_loose: a connection that is under way already is picked up
    state = STATES[to]!
    timeoutSeconds = timeouts.tcp[state]
  }
  const entry: ConntrackEntry = {
    orig: tuple,
    reply: reverse(tuple),
    ...(state === undefined ? {} : { state }),
    seenReply: false,
    assured: false,
    dnat: false,
    snat: false,
    mark: 0,
    timeoutSeconds,
  }
  return { state: 'NEW', direction: 0, entry, fresh: true }
}

function nextTcp(packet: Packet, entry: ConntrackEntry, direction: 0 | 1, timeouts: ConntrackTimeouts): Tracked {
  const index = flagIndex(packet.flags ?? TCP_FLAGS.SYN)
  const old = entry.state ?? 'NONE'
  const to = index < 0 ? IV : TRANSITIONS[direction]![index]![STATES.indexOf(old)]!
  if (to === IV) return INVALID
  const seenReply = entry.seenReply || direction === 1
  const ctState: CtState = seenReply ? 'ESTABLISHED' : 'NEW'
  if (to === IG) return { state: ctState, direction, entry: { ...entry, seenReply }, fresh: false }
  const state = STATES[to]!
  const kill = index === 4 && !entry.seenReply
  const assured =
    entry.assured || (state === 'ESTABLISHED' && (old === 'SYN_RECV' || old === 'ESTABLISHED') && seenReply)
  return {
    state: ctState,
    direction,
    entry: { ...entry, state, seenReply, assured, timeoutSeconds: timeouts.tcp[state] },
    fresh: false,
    ...(kill ? { kill } : {}),
  }
}
