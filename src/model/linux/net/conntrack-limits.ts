/**
 * The size of a machine's conntrack table, what happens when it is full, and its timeouts as they are set.
 * linux net/netfilter/nf_conntrack_core.c __nf_conntrack_alloc, early_drop; nf_conntrack_standalone.c.
 */
import type { ModelReader, ModelWorld } from '../../tables.ts'
import { appendJournal } from '../journal.ts'
import { type ConntrackTimeouts, TIMEOUTS, type TcpState } from '../netfilter/conntrack.ts'
import { type Tuple, tupleKey } from '../netfilter/packet.ts'
import { sysctlOf } from '../sysctls.ts'

/** What `conntrack -S` counts, one list a CPU. id: node. */
export type ConntrackStatsRecord = {
  node: string
  cpus: readonly ConntrackCounters[]
  lastFullAt?: number
  said: number
}
export type ConntrackCounters = { invalid: number; drop: number; earlyDrop: number }

/** A new connection finds the table full: an entry that may go, or nothing, and then the packet is dropped. */
export type Room = { readonly evict?: string } | undefined

/** NF_CT_EVICTION_RANGE */
const BUCKETS_LOOKED_AT = 8

export const maxOf = (reader: ModelReader, node: string): number =>
  Number(sysctlOf(reader, node, 'net.netfilter.nf_conntrack_max'))

/** undefined: the table is full and no entry could go. */
export function roomFor(reader: ModelReader, node: string, tuple: Tuple): Room {
  const max = maxOf(reader, node)
  if (max === 0 || reader.count('conntrack', 'node', node) < max) return {}
  // early_drop looks at the entries of eight buckets only, for one that is not [ASSURED]
  const buckets = Number(sysctlOf(reader, node, 'net.netfilter.nf_conntrack_buckets'))
  const at = bucketOf(tuple, buckets)
  for (const entry of reader.by('conntrack', 'node', node)) {
    if (entry.assured) continue
    const distance = (bucketOf(entry.orig, buckets) - at + buckets) % buckets
    if (distance < BUCKETS_LOOKED_AT) return { evict: `${node}|${tupleKey(entry.orig)}` }
  }
  return undefined
}

/** The kernel hashes with siphash and a secret; which bucket it is cannot be known outside, that it is spread can. */
function bucketOf(tuple: Tuple, buckets: number): number {
  return spread(tupleKey(tuple)) % buckets
}

function spread(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** net.core.message_cost and message_burst: ten lines, then one in five seconds. */
const BURST = 10
const COST_MICROS = 5_000_000

/** The packet that found no room: counted, and said in the kernel's log as often as that may speak. */
export function countFull(world: ModelWorld, node: string, tuple: Tuple, evicted: boolean): void {
  count(world, node, tuple, evicted ? 'earlyDrop' : 'drop')
  if (evicted) return
  const stats = world.get('conntrackStats', node)!
  const quiet = world.now - (stats.lastFullAt ?? -COST_MICROS) >= COST_MICROS
  const said = quiet ? 0 : stats.said
  if (said >= BURST) return
  appendJournal(world, node, 'kernel', 'nf_conntrack: nf_conntrack: table full, dropping packet', 'kernel')
  world.put('conntrackStats', node, {
    ...stats,
    lastFullAt: quiet ? world.now : (stats.lastFullAt ?? 0),
    said: said + 1,
  })
}

/** Packets of a connection are worked on by one CPU: the network card spreads them by a hash of their addresses. */
export function count(world: ModelWorld, node: string, tuple: Tuple, what: keyof ConntrackCounters): void {
  const cpus = world.get('machines', node)?.cpus ?? 1
  const stats = world.get('conntrackStats', node) ?? {
    node,
    cpus: Array.from({ length: cpus }, () => ({ invalid: 0, drop: 0, earlyDrop: 0 })),
    said: 0,
  }
  const cpu = spread(tupleKey(tuple)) % stats.cpus.length
  world.put('conntrackStats', node, {
    ...stats,
    cpus: stats.cpus.map((counters, i) => (i === cpu ? { ...counters, [what]: counters[what] + 1 } : counters)),
  })
}

const TCP_NAMES: Readonly<Partial<Record<TcpState, string>>> = {
  SYN_SENT: 'syn_sent',
  SYN_RECV: 'syn_recv',
  ESTABLISHED: 'established',
  FIN_WAIT: 'fin_wait',
  CLOSE_WAIT: 'close_wait',
  LAST_ACK: 'last_ack',
  TIME_WAIT: 'time_wait',
  CLOSE: 'close',
}
const timeouts = new WeakMap<Readonly<Record<string, string>>, ConntrackTimeouts>()

/** The timeouts of a machine; the same record while its parameters are. */
export function timeoutsOf(reader: ModelReader, node: string): ConntrackTimeouts {
  const set = reader.get('netns', `${node}|`)?.sysctls
  if (!set) return TIMEOUTS
  let known = timeouts.get(set)
  if (!known) {
    const seconds = (name: string): number => Number(sysctlOf(reader, node, `net.netfilter.nf_conntrack_${name}`))
    const tcp = { ...TIMEOUTS.tcp }
    for (const [state, name] of Object.entries(TCP_NAMES)) tcp[state as TcpState] = seconds(`tcp_timeout_${name}`)
    tcp.SYN_SENT2 = tcp.SYN_SENT
    known = {
      tcp,
      udp: seconds('udp_timeout'),
      udpStream: seconds('udp_timeout_stream'),
      icmp: seconds('icmp_timeout'),
      generic: seconds('generic_timeout'),
    }
    timeouts.set(set, known)
  }
  return known
}
