/** The conntrack table of each machine as records: found by either tuple, gone after its timeout. */
import { SECOND } from '../../../sim/clock.ts'
import { placeOf, type SimEvent } from '../../../sim/contract.ts'
import type { ConntrackRecord, ModelReader, ModelWorld } from '../../tables.ts'
import { countFull, maxOf } from './conntrack-limits.ts'
import type { ConntrackEntry, Tracked } from '../netfilter/conntrack.ts'
import { type Tuple, tupleKey } from '../netfilter/packet.ts'

export const CONNTRACK_GC = 'timer.conntrack-gc'
/** How often a machine sweeps while it has entries; a lookup never finds one that is past its time. */
const SWEEP_MICROS = 30 * SECOND

const entryId = (node: string, orig: Tuple): string => `${node}|${tupleKey(orig)}`

export function findConntrack(reader: ModelReader, node: string, tuple: Tuple): ConntrackRecord | undefined {
  const key = `${node}|${tupleKey(tuple)}`
  const live = (entry: ConntrackRecord | undefined): ConntrackRecord | undefined =>
    entry && entry.expiresAt > reader.now ? entry : undefined
  const orig = live(reader.get('conntrack', key))
  if (orig) return orig
  for (const entry of reader.by('conntrack', 'reply', key)) if (live(entry)) return entry
  return undefined
}

/** Entries of a machine that `conntrack -L` would list. */
export function listConntrack(reader: ModelReader, node: string): ConntrackRecord[] {
  return reader.by('conntrack', 'node', node).filter((entry) => entry.expiresAt > reader.now)
}

export function keepConntrack(world: ModelWorld, node: string, tracked: Tracked): void {
  const entry = tracked.entry
  if (!entry || tracked.state === 'INVALID' || tracked.state === 'UNTRACKED' || tracked.state === 'RELATED') return
  const id = entryId(node, entry.orig)
  if (tracked.kill) {
    world.put('conntrack', id, undefined)
    return
  }
  const old = world.get('conntrack', id)
  if (!old && !world.has('conntrack', 'node', node))
    world.send(CONNTRACK_GC, `${node}/kernel`, {}, { delayMicros: SWEEP_MICROS, from: `${node}/kernel` })
  const startedAt = old && old.expiresAt > world.now ? old.startedAt : world.now
  world.put('conntrack', id, recordOf(node, entry, startedAt, world.now, (old?.packets ?? 0) + 1))
}

/** Spelled out and not spread: there is one for every packet that passes a machine. */
function recordOf(
  node: string,
  entry: ConntrackEntry,
  startedAt: number,
  now: number,
  packets: number,
): ConntrackRecord {
  const { orig, reply, state, seenReply, assured, dnat, snat, mark, timeoutSeconds, answeredAt } = entry
  const expiresAt = now + timeoutSeconds * SECOND
  if (state !== undefined && answeredAt === undefined)
    return {
      orig,
      reply,
      state,
      seenReply,
      assured,
      dnat,
      snat,
      mark,
      timeoutSeconds,
      node,
      startedAt,
      expiresAt,
      packets,
    }
  return {
    orig,
    reply,
    ...(state === undefined ? {} : { state }),
    seenReply,
    assured,
    dnat,
    snat,
    mark,
    timeoutSeconds,
    ...(answeredAt === undefined ? {} : { answeredAt }),
    node,
    startedAt,
    expiresAt,
    packets,
  }
}

export function deleteConntrack(world: ModelWorld, entry: ConntrackRecord): void {
  world.put('conntrack', entryId(entry.node, entry.orig), undefined)
}

/**
 * gc_worker (nf_conntrack_core.c): what is past its time goes. After a packet found the table full it also takes, while
 * the table is 95 % full, what is not [ASSURED] and TCP connections that are closing.
 */
export function sweepConntrack(world: ModelWorld, event: SimEvent): void {
  const node = placeOf(event.to)
  const stats = world.get('conntrackStats', node)
  const limit = stats?.lastFullAt === undefined ? Infinity : Math.floor(maxOf(world, node) / 100) * 95 || Infinity
  let left = world.count('conntrack', 'node', node)
  for (const entry of world.by('conntrack', 'node', node)) {
    const expired = entry.expiresAt <= world.now
    if (!expired && (left < limit || !canEarlyDrop(entry))) continue
    deleteConntrack(world, entry)
    if (!expired) countFull(world, node, entry.orig, true)
    left--
  }
  if (left > 0) world.send(CONNTRACK_GC, event.to, {}, { delayMicros: SWEEP_MICROS })
}

const CLOSING: ReadonlySet<string> = new Set(['FIN_WAIT', 'LAST_ACK', 'TIME_WAIT', 'CLOSE', 'CLOSE_WAIT'])

/** gc_worker_can_early_drop, nf_conntrack_proto_tcp.c tcp_can_early_drop */
const canEarlyDrop = (entry: ConntrackRecord): boolean =>
  !entry.assured || (entry.state !== undefined && CLOSING.has(entry.state))
