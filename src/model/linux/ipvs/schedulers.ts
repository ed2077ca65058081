/**
 * Which real server a new connection gets. linux net/netfilter/ipvs/ip_vs_{rr,wrr,lc,wlc,sed,nq,sh,dh,mh}.c. `servers`
 * stand in the kernel's order, the last added first; overload thresholds are not modelled.
 */
import type { Ip } from '../netfilter/address.ts'
import { foldAddress, hash32, HASH_BITS, HASH_SIZE, MAGLEV_SIZE, maglevHash, sourceHash, tableFor } from './maglev.ts'
import type { RealServer, SchedulerFlag, SchedulerName } from './records.ts'
import { serverKey } from './records.ts'

export interface Load {
  readonly active: number
  readonly inactive: number
}

export interface Cursor {
  /** `address:port`, or '' for the head of the list. */
  readonly at: string
  readonly cw: number
}

export interface Scheduling {
  readonly scheduler: SchedulerName
  readonly flags: readonly SchedulerFlag[]
  readonly servers: readonly RealServer[]
}

export interface NewFlow {
  readonly src: Ip
  readonly sport: number
  readonly dst: Ip
}

export interface Choice {
  /** Into `servers`. */
  readonly index: number
  /** Where the scheduler stands from now on. */
  readonly cursor?: Cursor
  /** How many servers were looked at. */
  readonly looked: number
}

export const START: Cursor = { at: '', cw: 0 }

export function schedule(
  service: Scheduling,
  cursor: Cursor,
  load: (server: RealServer) => Load,
  flow: NewFlow,
): Choice | undefined {
  const { servers } = service
  if (servers.length === 0) return undefined
  switch (service.scheduler) {
    case 'rr':
      return roundRobin(servers, cursor)
    case 'wrr':
      return weightedRoundRobin(servers, cursor)
    case 'lc':
    case 'wlc':
    case 'sed':
    case 'nq':
      return least(service.scheduler, servers, load)
    case 'dh':
      return hashed(tableFor('dh', servers)[hash32(foldAddress(flow.dst), HASH_BITS)], servers)
    case 'sh':
    case 'mh':
      return bySource(service.scheduler, service.flags, servers, flow)
  }
}

const indexAt = (servers: readonly RealServer[], at: string): number =>
  at === '' ? -1 : servers.findIndex((server) => serverKey(server) === at)

/** ip_vs_rr_schedule */
function roundRobin(servers: readonly RealServer[], cursor: Cursor): Choice | undefined {
  const last = indexAt(servers, cursor.at)
  let looked = 0
  let from = last + 1
  for (let pass = 0; pass < 2; pass++) {
    for (let i = from; i < servers.length; i++) {
      looked++
      if (servers[i]!.weight > 0) return { index: i, cursor: { at: serverKey(servers[i]!), cw: 0 }, looked }
      if (i === last) return undefined
    }
    if (last < 0) return undefined
    from = 0
  }
  return undefined
}

export function greatestCommonWeight(servers: readonly RealServer[]): number {
  let g = 0
  for (const { weight } of servers) {
    if (weight <= 0) continue
    let [a, b] = [weight, g]
    while (b > 0) [a, b] = [b, a % b]
    g = a
  }
  return g > 0 ? g : 1
}

const heaviest = (servers: readonly RealServer[]): number => servers.reduce((most, s) => Math.max(most, s.weight), 0)

/** ip_vs_wrr_schedule */
function weightedRoundRobin(servers: readonly RealServer[], cursor: Cursor): Choice | undefined {
  const step = greatestCommonWeight(servers)
  const most = heaviest(servers) - (step - 1)
  if (most === 0) return undefined
  const last = indexAt(servers, cursor.at)
  let { cw } = cursor
  let at = last
  let stop = -2
  let lastPass = false
  let restarted = false
  let looked = 0
  for (;;) {
    for (let i = at + 1; i < servers.length; i++) {
      looked++
      if (servers[i]!.weight >= cw) return { index: i, cursor: { at: serverKey(servers[i]!), cw }, looked }
      if (i === stop) return undefined
    }
    at = -1
    cw -= step
    if (cw <= 0) {
      cw = most
      if (lastPass || last < 0) return undefined
      restarted = true
    }
    lastPass = cw <= step
    if (lastPass && restarted && last >= 0) stop = last
  }
}

/** The smallest overhead, by weight except in lc; the first in the list wins a draw. */
function least(
  name: 'lc' | 'wlc' | 'sed' | 'nq',
  servers: readonly RealServer[],
  load: (server: RealServer) => Load,
): Choice | undefined {
  let best = -1
  let bestOverhead = 0
  for (let i = 0; i < servers.length; i++) {
    const { weight } = servers[i]!
    if (weight <= 0) continue
    const { active, inactive } = load(servers[i]!)
    // ip_vs_dest_conn_overhead, and of sed and nq ip_vs_sed_dest_overhead: as if this connection were there already
    const overhead = name === 'lc' || name === 'wlc' ? active * 256 + inactive : active + 1
    if (name === 'nq' && active === 0) return { index: i, looked: i + 1 }
    const better =
      best < 0 || (name === 'lc' ? overhead < bestOverhead : bestOverhead * weight > overhead * servers[best]!.weight)
    if (better) {
      best = i
      bestOverhead = overhead
    }
  }
  return best < 0 ? undefined : { index: best, looked: servers.length }
}

function hashed(index: number | undefined, servers: readonly RealServer[]): Choice | undefined {
  return index === undefined || servers[index]!.weight <= 0 ? undefined : { index, looked: 1 }
}

/** ip_vs_sh_schedule, ip_vs_mh_schedule: the same source gets the same server; with `fallback` another when that is out. */
function bySource(
  name: 'sh' | 'mh',
  flags: readonly SchedulerFlag[],
  servers: readonly RealServer[],
  flow: NewFlow,
): Choice | undefined {
  const table = tableFor(name, servers)
  const port = flags.includes('flag-2') ? flow.sport : 0
  const hash = name === 'sh' ? sourceHash : maglevHash
  const first = hash(flow.src, port, 0)
  const chosen = hashed(table[first], servers)
  if (chosen || !flags.includes('flag-1') || table[first] === undefined) return chosen
  const size = name === 'sh' ? HASH_SIZE : MAGLEV_SIZE
  for (let offset = 0; offset < size; offset++) {
    const other = hashed(table[hash(flow.src, port, (offset + first) % size)], servers)
    if (other) return { ...other, looked: offset + 2 }
  }
  return undefined
}

/** A server was added, removed or changed: where the scheduler stands then (add_dest, del_dest, upd_dest). */
export function afterChange(
  service: Scheduling,
  cursor: Cursor,
  before: readonly RealServer[],
  removed: string | undefined,
): Cursor {
  if (service.scheduler === 'wrr') {
    // ip_vs_wrr_dest_changed
    const step = greatestCommonWeight(service.servers)
    const most = heaviest(service.servers) - (step - 1)
    const cw =
      cursor.cw > most || cursor.cw === 0 ? most : step > 1 ? Math.floor(cursor.cw / step) * step + 1 : cursor.cw
    return { at: '', cw }
  }
  if (service.scheduler === 'rr' && removed !== undefined && removed === cursor.at) {
    const at = indexAt(before, removed)
    return { at: at > 0 ? serverKey(before[at - 1]!) : '', cw: 0 }
  }
  return cursor
}
