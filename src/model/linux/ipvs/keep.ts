/** Keeps what a packet changed in IPVS: connections, where a scheduler stands, counters. */
import { SECOND } from '../../../sim/clock.ts'
import { placeOf, type SimEvent } from '../../../sim/contract.ts'
import type { ModelWorld } from '../../tables.ts'
import { deleteConntrack, findConntrack } from '../net/conntrack-table.ts'
import { templateEnd } from './connections.ts'
import { advance, NO_ESTIMATE, tickAt, totalsOf } from './estimator.ts'
import { idOfConn, type IpvsConnRecord, type IpvsCursorRecord, type IpvsStatsRecord } from './records.ts'

export const IPVS_GC = 'timer.ipvs-expire'
/** How often records of connections that are over are taken away; none of them is found after its time anyway. */
const SWEEP = 30 * SECOND

export interface IpvsKeep {
  readonly conns: {
    readonly id: string
    readonly record: IpvsConnRecord | undefined
    /** Template that counts from now on. */
    readonly assures?: string
  }[]
  readonly cursor?: { readonly id: string; readonly record: IpvsCursorRecord }
  readonly count?: {
    readonly service: string
    readonly server: string
    readonly way: 'in' | 'out'
    readonly fresh: boolean
  }
}

export function keepIpvs(world: ModelWorld, node: string, data: unknown): void {
  const { conns, cursor, count, bytes } = data as IpvsKeep & { bytes: number }
  if (conns.length > 0 && !world.has('ipvsConns', 'node', node)) {
    const actor = `${node}/kernel`
    world.send(IPVS_GC, actor, {}, { delayMicros: SWEEP, from: actor })
  }
  for (const { id, record, assures } of conns) {
    world.put('ipvsConns', id, record)
    if (assures !== undefined) assure(world, assures)
  }
  if (cursor) world.put('ipvsCursors', cursor.id, cursor.record)
  if (!count) return
  countPacket(world, node, count.service, count.way, count.fresh, bytes)
  countPacket(world, node, `${count.service}|${count.server}`, count.way, count.fresh, bytes)
}

function assure(world: ModelWorld, id: string): void {
  const template = world.get('ipvsConns', id)
  if (template && template.state === 'NONE') world.put('ipvsConns', id, { ...template, state: 'ASSURED' })
}

export const noStats = (node: string): IpvsStatsRecord => ({
  node,
  conns: 0,
  inPkts: 0,
  outPkts: 0,
  inBytes: 0,
  outBytes: 0,
  estimate: NO_ESTIMATE,
})

function countPacket(
  world: ModelWorld,
  node: string,
  id: string,
  way: 'in' | 'out',
  fresh: boolean,
  bytes: number,
): void {
  const old = world.get('ipvsStats', id) ?? { ...noStats(node), estimate: { ...NO_ESTIMATE, tick: tickAt(world.now) } }
  const estimate = advance(old.estimate, totalsOf(old), tickAt(world.now))
  world.put('ipvsStats', id, {
    node,
    conns: old.conns + (fresh ? 1 : 0),
    inPkts: old.inPkts + (way === 'in' ? 1 : 0),
    outPkts: old.outPkts + (way === 'out' ? 1 : 0),
    inBytes: old.inBytes + (way === 'in' ? bytes : 0),
    outBytes: old.outBytes + (way === 'out' ? bytes : 0),
    estimate,
  })
}

/** ip_vs_conn_drop_conntrack: an idle connection is gone after IPVS' 15 minutes, whatever conntrack would have given it. */
export function dropConntrack(world: ModelWorld, conn: IpvsConnRecord): void {
  if (conn.template || world.get('netns', `${conn.node}|`)?.sysctls['net.ipv4.vs.conntrack'] !== '1') return
  const { proto, client, cport, vaddr, vport } = conn
  const entry = findConntrack(world, conn.node, { proto, src: client, sport: cport, dst: vaddr, dport: vport })
  if (entry) deleteConntrack(world, entry)
}

/** ip_vs_conn_expire, for all that is over. */
export function sweepIpvs(world: ModelWorld, event: SimEvent): void {
  const node = placeOf(event.to)
  let left = 0
  for (const conn of world.by('ipvsConns', 'node', node)) {
    const id = idOfConn(conn)
    const end = conn.template ? templateEnd(world, conn, id) : conn.expiresAt
    if (end <= world.now) {
      world.put('ipvsConns', id, undefined)
      dropConntrack(world, conn)
    } else left++
    if (end > world.now && end !== conn.expiresAt) world.put('ipvsConns', id, { ...conn, expiresAt: end })
  }
  if (left > 0) world.send(IPVS_GC, event.to, {}, { delayMicros: SWEEP })
}
