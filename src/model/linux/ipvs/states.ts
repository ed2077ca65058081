/** States of connections and how long they last. linux net/netfilter/ipvs/ip_vs_proto_{tcp,udp,sctp}.c. */
import { TCP_FLAGS } from '../netfilter/rule.ts'
import { type IpvsConnRecord, type IpvsProto, type IpvsState, type IpvsTimeoutsRecord } from './records.ts'

const TCP_STATES = [
  'NONE',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'SYNACK',
] as const

/** tcp_states: [from the client, from the server][syn, fin, ack, rst][old state]. */
const TRANSITIONS: readonly (readonly (readonly number[])[])[] = [
  [
    [3, 1, 1, 3, 3, 3, 3, 3, 3, 3, 3],
    [6, 7, 2, 5, 5, 5, 6, 7, 8, 9, 5],
    [1, 1, 2, 1, 4, 5, 6, 7, 6, 9, 1],
    [6, 6, 6, 3, 6, 6, 6, 6, 8, 9, 3],
  ],
  [
    [2, 1, 2, 3, 2, 2, 2, 2, 2, 9, 3],
    [5, 4, 2, 5, 4, 5, 6, 5, 8, 9, 5],
    [1, 1, 2, 1, 4, 5, 6, 7, 8, 1, 1],
    [6, 6, 2, 6, 6, 5, 6, 6, 6, 6, 6],
  ],
]

const SECONDS: Readonly<Record<IpvsState, number>> = {
  NONE: 2,
  ESTABLISHED: 900,
  SYN_SENT: 120,
  SYN_RECV: 60,
  FIN_WAIT: 120,
  TIME_WAIT: 120,
  CLOSE: 10,
  CLOSE_WAIT: 60,
  LAST_ACK: 30,
  LISTEN: 120,
  SYNACK: 120,
  UDP: 300,
  ASSURED: 300,
}

/** tcp_state_active_table. UDP connections never count as active. */
const ACTIVE: ReadonlySet<IpvsState> = new Set(['ESTABLISHED', 'SYN_SENT', 'SYN_RECV', 'SYNACK'])

export function isActive(conn: IpvsConnRecord): boolean {
  return conn.proto !== 'udp' && ACTIVE.has(conn.state)
}

export function timeoutOf(proto: IpvsProto, state: IpvsState, set: IpvsTimeoutsRecord | undefined): number {
  if (set && proto === 'tcp' && state === 'ESTABLISHED') return set.tcp
  if (set && proto === 'tcp' && state === 'FIN_WAIT') return set.tcpfin
  if (set && state === 'UDP') return set.udp
  return SECONDS[state]
}

/** `from`: who sent the packet. An unknown flag leaves the state (tcp_state_idx). */
export function nextState(proto: IpvsProto, state: IpvsState, from: 'client' | 'server', flags: number): IpvsState {
  if (proto === 'udp') return 'UDP'
  // SCTP has states of its own; here it goes from the first chunk to ESTABLISHED with the answer
  if (proto === 'sctp') return from === 'server' ? 'ESTABLISHED' : state === 'NONE' ? 'SYN_RECV' : state
  const row =
    flags & TCP_FLAGS.RST ? 3 : flags & TCP_FLAGS.SYN ? 0 : flags & TCP_FLAGS.FIN ? 1 : flags & TCP_FLAGS.ACK ? 2 : -1
  if (row < 0) return state
  const old = TCP_STATES.indexOf(state as (typeof TCP_STATES)[number])
  return TCP_STATES[TRANSITIONS[from === 'client' ? 0 : 1]![row]![Math.max(0, old)]!]!
}
