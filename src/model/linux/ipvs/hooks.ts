/**
 * IPVS at the hooks: a packet to a virtual server gets a connection and a new destination and is sent on as if this host
 * had made it; a packet of a real server gets the virtual source back. linux net/netfilter/ipvs/ip_vs_core.c
 * (ip_vs_ops4, ip_vs_in_hook, ip_vs_schedule, ip_vs_sched_persist, ip_vs_leave, handle_response), ip_vs_xmit.c
 * (ip_vs_nat_xmit), ip_vs_nfct.c (ip_vs_update_conntrack).
 */
import { SECOND } from '../../../sim/clock.ts'
import type { ModelReader } from '../../tables.ts'
import { findConntrack } from '../net/conntrack-table.ts'
import type { TableVerdict } from '../netfilter/evaluate.ts'
import type { Detour, HookPass } from '../netfilter/hooks.ts'
import { markIpvs, ipvsOf } from '../netfilter/ipvs-property.ts'
import { isLocalAddress } from '../netfilter/route.ts'
import { TCP_FLAGS } from '../netfilter/rule.ts'
import { replaceEntry, rewriteFor } from '../netfilter/connection.ts'
import type { Walk } from '../netfilter/walk.ts'
import { findByReply, findConn } from './connections.ts'
import type { IpvsKeep } from './keep.ts'
import {
  connId,
  type IpvsConnRecord,
  type IpvsProto,
  type IpvsServiceRecord,
  serverKey,
  serviceId,
  templateId,
} from './records.ts'
import { START } from './schedulers.ts'
import { nextState, timeoutOf } from './states.ts'
import { pickServer } from './pick.ts'

const PROTOS: Readonly<Record<number, IpvsProto>> = { 6: 'tcp', 17: 'udp', 132: 'sctp' }
const TABLE = 'ipvs'
/** Chain names in traces. */
export const CONNECTIONS = 'connections'
export const chainOf = (service: IpvsServiceRecord): string =>
  `${service.proto.toUpperCase()} ${serverKey({ address: service.address, port: service.port })}`

export function ipvsPasses(reader: ModelReader, node: string): readonly HookPass[] {
  const request = (walk: Walk): TableVerdict | Detour | undefined => clientToServer(reader, node, walk)
  const reply = (walk: Walk): undefined => serverToClient(reader, node, walk)
  const pass = (hook: HookPass['hook'], priority: number, run: HookPass['run']): HookPass => ({
    hook,
    priority,
    type: 'filter',
    table: TABLE,
    run,
  })
  return [
    pass('INPUT', 98, reply),
    pass('INPUT', 99, request),
    pass('OUTPUT', -99, reply),
    pass('OUTPUT', -98, request),
    pass('FORWARD', 100, reply),
  ]
}

const sysctl = (reader: ModelReader, node: string, name: string, fallback: string): string =>
  reader.get('netns', `${node}|`)?.sysctls[`net.ipv4.vs.${name}`] ?? fallback

/* ------------------------------------------------------------------ from clients */

function clientToServer(reader: ModelReader, node: string, walk: Walk): TableVerdict | Detour | undefined {
  const proto = PROTOS[walk.proto]
  if (proto === undefined || ipvsOf(walk)) return undefined
  const client = walk.src.text
  const vaddr = walk.dst.text
  const id = connId(node, proto, client, walk.sport, vaddr, walk.dport)
  const keep: Mutable<IpvsKeep> = { conns: [] }
  const found = findConn(reader, id)
  let conn = found && stillGood(reader, node, walk, found, id, keep)
  if (conn === 'drop') {
    keepOf(walk, keep)
    return dropped(walk, 'its real server is gone: the connection is forgotten (expire_nodest_conn)')
  }
  let service = reader.get('ipvsServices', serviceId(node, { proto, address: vaddr, port: walk.dport }))
  let fresh = false
  if (!conn) {
    if (!service || !startsFlow(proto, walk.flags)) {
      if (keep.conns.length > 0) keepOf(walk, keep)
      return undefined
    }
    walk.trace.enter(walk.hook, TABLE)
    const made = newConn(reader, node, service, walk, proto, keep)
    if (!made) {
      walk.trace.lookedUp()
      return {
        kind: 'REJECT',
        with: 'icmp-port-unreachable',
        chain: chainOf(service),
        index: 0,
        policy: false,
        why: `virtual server ${chainOf(service)}: no real server to be had`,
      }
    }
    conn = made
    fresh = true
  } else {
    walk.trace.enter(walk.hook, TABLE)
  }
  service ??= undefined
  const state = nextState(proto, conn.state, 'client', walk.flags)
  keep.conns.push(later(reader, node, conn, state))
  keep.count = { service: serviceId(node, serviceOf(conn)), server: serverKey(serverOf(conn)), way: 'in', fresh }
  keepOf(walk, keep)
  tell(walk, conn, service, fresh)
  markIpvs(walk, { proto, vaddr: conn.vaddr, vport: conn.vport })
  rewriteFor(walk, 'dst', 'DNAT', conn.daddr, conn.dport)
  updateConntrack(reader, node, walk, conn)
  // a real server of this host: the packet simply goes on (ip_vs_nat_xmit, local)
  return isLocalAddress(walk.links, walk.dst) ? undefined : { kind: 'OUTPUT' }
}

/** tcp_conn_schedule, udp_conn_schedule: of TCP only a SYN may open a connection (sloppy_tcp is off). */
function startsFlow(proto: IpvsProto, flags: number): boolean {
  return proto !== 'tcp' || ((flags & TCP_FLAGS.SYN) !== 0 && (flags & TCP_FLAGS.RST) === 0)
}

/** What ip_vs_in_hook asks of a connection that it found. undefined: schedule anew. */
function stillGood(
  reader: ModelReader,
  node: string,
  walk: Walk,
  conn: IpvsConnRecord,
  id: string,
  keep: Mutable<IpvsKeep>,
): IpvsConnRecord | 'drop' | undefined {
  const service = reader.get('ipvsServices', serviceId(node, serviceOf(conn)))
  const server = service?.servers.find((one) => one.address === conn.daddr && one.port === conn.dport)
  const forget = (): void => void keep.conns.push({ id, record: undefined })
  const noDest = sysctl(reader, node, 'expire_nodest_conn', '0') !== '0'
  const oldEntry = walk.ctEntry !== undefined && findConntrack(reader, node, walk.ctEntry.orig) !== undefined
  const reuse = sysctl(reader, node, 'conn_reuse_mode', '1') !== '0'
  if (reuse && conn.proto === 'tcp' && (walk.flags & (TCP_FLAGS.SYN | TCP_FLAGS.ACK)) === TCP_FLAGS.SYN) {
    if ((noDest && server?.weight === 0 && conn.state !== 'SYN_RECV') || conn.state === 'TIME_WAIT') {
      forget()
      return undefined
    }
  }
  if (server) return conn
  if (!noDest) return 'drop'
  forget()
  return oldEntry ? 'drop' : undefined
}

function newConn(
  reader: ModelReader,
  node: string,
  service: IpvsServiceRecord,
  walk: Walk,
  proto: IpvsProto,
  keep: Mutable<IpvsKeep>,
): IpvsConnRecord | undefined {
  const id = serviceId(node, service)
  const choose = (): IpvsServiceRecord['servers'][number] | undefined => {
    const choice = pickServer(reader, service, reader.get('ipvsCursors', id) ?? START, {
      src: walk.src,
      sport: walk.sport,
      dst: walk.dst,
    })
    if (!choice) return undefined
    if (choice.cursor) keep.cursor = { id, record: { node, ...choice.cursor } }
    return service.servers[choice.index]
  }
  const base = { node, proto, client: walk.src.text, vaddr: service.address, vport: service.port }
  const start = { startedAt: reader.now, expiresAt: reader.now }
  if (service.persistentSeconds === 0) {
    const server = choose()
    if (!server) return undefined
    const to = { daddr: server.address, dport: server.port, template: false, state: 'NONE', timeoutSeconds: 3 } as const
    return { ...base, cport: walk.sport, ...to, ...start }
  }
  // ip_vs_sched_persist: the client's template says where to; without a usable one the scheduler does, once
  const control = templateId(node, proto, base.client, service.address, service.port)
  let template = findConn(reader, control)
  walk.trace.lookedUp()
  const held = template && service.servers.find((s) => s.address === template!.daddr && s.port === template!.dport)
  // ip_vs_check_template: gone, or quiescent where expire_quiescent_template is set
  const quiescent = held?.weight === 0 && sysctl(reader, node, 'expire_quiescent_template', '0') !== '0'
  if (!template || !held || quiescent) {
    const server = choose()
    if (!server) return undefined
    template = {
      ...base,
      cport: 0,
      daddr: server.address,
      dport: server.port,
      template: true,
      state: 'NONE',
      timeoutSeconds: service.persistentSeconds,
      ...start,
    }
  }
  const timeoutSeconds = service.persistentSeconds
  template = { ...template, timeoutSeconds, expiresAt: reader.now + timeoutSeconds * SECOND }
  keep.conns.push({ id: control, record: template })
  const { daddr, dport } = template
  return {
    ...base,
    cport: walk.sport,
    daddr,
    dport,
    template: false,
    state: 'NONE',
    timeoutSeconds: 3,
    control,
    ...start,
  }
}

/** After a packet: the state, and the time from now on (ip_vs_set_state, __ip_vs_conn_put_timer). */
function later(
  reader: ModelReader,
  node: string,
  conn: IpvsConnRecord,
  state: IpvsConnRecord['state'],
): IpvsKeep['conns'][number] {
  const timeoutSeconds = timeoutOf(conn.proto, state, reader.get('ipvsTimeouts', node))
  const { proto, client, cport, vaddr, vport } = conn
  return {
    id: connId(node, proto, client, cport, vaddr, vport),
    record: { ...conn, state, timeoutSeconds, expiresAt: reader.now + timeoutSeconds * SECOND },
    // an established connection makes its template count (ip_vs_control_assure_ct); UDP does with its first packet
    ...(conn.control !== undefined && (state === 'ESTABLISHED' || state === 'UDP') ? { assures: conn.control } : {}),
  }
}

const serviceOf = (conn: IpvsConnRecord): { proto: IpvsProto; address: string; port: number } => ({
  proto: conn.proto,
  address: conn.vaddr,
  port: conn.vport,
})
const serverOf = (conn: IpvsConnRecord): { address: string; port: number } => ({
  address: conn.daddr,
  port: conn.dport,
})

/**
 * With net.ipv4.vs.conntrack the entry's reply comes from the real server; it says nothing of NAT, so the nat hooks leave
 * the packets alone and IPVS itself rewrites each one. Without it, conntrack never hears of the connection.
 */
function updateConntrack(reader: ModelReader, node: string, walk: Walk, conn: IpvsConnRecord): void {
  const entry = walk.ctEntry
  if (sysctl(reader, node, 'conntrack', '0') === '0') {
    walk.untracked = true
    walk.ctEntry = undefined
    return
  }
  if (!entry || walk.ctDirection !== 0) return
  const known = findConntrack(reader, node, entry.orig)
  if (known && !(walk.ctState === 'NEW' || (walk.flags & TCP_FLAGS.SYN) !== 0)) return
  if (known && conn.proto === 'udp') return
  if (entry.reply.src === conn.daddr && entry.reply.sport === conn.dport) return
  replaceEntry(walk, { ...entry, reply: { ...entry.reply, src: conn.daddr, sport: conn.dport } })
}

/* ------------------------------------------------------------------ from real servers */

function serverToClient(reader: ModelReader, node: string, walk: Walk): undefined {
  if (ipvsOf(walk)) return undefined
  const about = icmpAbout(walk)
  const proto = about ? protoNamed(about.proto) : PROTOS[walk.proto]
  if (proto === undefined) return undefined
  const conn = about
    ? findByReply(reader, node, proto, about.dst, about.dport, about.src, about.sport)
    : findByReply(reader, node, proto, walk.src.text, walk.sport, walk.dst.text, walk.dport)
  if (!conn) return undefined
  walk.trace.enter(walk.hook, TABLE)
  walk.trace.lookedUp(connText(conn))
  walk.trace.run(walk.trace.chain(TABLE, CONNECTIONS), 0, 0, true)
  markIpvs(walk, { proto, vaddr: conn.vaddr, vport: conn.vport })
  if (!about) {
    const state = nextState(proto, conn.state, 'server', walk.flags)
    keepOf(walk, {
      conns: [later(reader, node, conn, state)],
      count: { service: serviceId(node, serviceOf(conn)), server: serverKey(serverOf(conn)), way: 'out', fresh: false },
    })
  }
  // of an ICMP error ip_vs_nat_icmp changes the address alone
  rewriteFor(walk, 'src', 'un-DNAT', conn.vaddr, conn.vport)
  if (sysctl(reader, node, 'conntrack', '0') === '0') {
    walk.untracked = true
    walk.ctEntry = undefined
  }
  return undefined
}

function icmpAbout(walk: Walk): { proto: string; src: string; dst: string; sport: number; dport: number } | undefined {
  if (walk.proto !== 1 && walk.proto !== 58) return undefined
  return walk.packet0?.icmp?.about
}

const protoNamed = (name: string): IpvsProto | undefined =>
  name === 'tcp' || name === 'udp' || name === 'sctp' ? name : undefined

/* ------------------------------------------------------------------ what is said and kept */

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

function keepOf(walk: Walk, keep: IpvsKeep): void {
  const bytes = walk.proto === 6 ? ((walk.flags & 2) !== 0 ? 60 : (walk.flags & 8) !== 0 ? 132 : 52) : 70
  walk.effects.push({ kind: 'keep', facility: 'ipvs', data: { ...keep, bytes } })
}

function connText(conn: IpvsConnRecord): string {
  const at = (address: string, port: number): string => serverKey({ address, port })
  return `${conn.proto.toUpperCase()} ${at(conn.client, conn.cport)} > ${at(conn.vaddr, conn.vport)} > ${at(conn.daddr, conn.dport)}`
}

function tell(walk: Walk, conn: IpvsConnRecord, service: IpvsServiceRecord | undefined, fresh: boolean): void {
  const { trace } = walk
  // the connection table is asked first, then that of the virtual servers
  if (fresh) trace.lookedUp()
  trace.lookedUp(connText(conn))
  const index = service?.servers.findIndex((s) => s.address === conn.daddr && s.port === conn.dport) ?? -1
  if (fresh && service && index >= 0) trace.run(trace.chain(TABLE, chainOf(service)), index, index, true)
  else trace.run(trace.chain(TABLE, CONNECTIONS), 0, 0, true)
}

function dropped(walk: Walk, why: string): TableVerdict {
  walk.trace.enter(walk.hook, TABLE)
  walk.trace.lookedUp()
  return { kind: 'DROP', chain: CONNECTIONS, index: 0, policy: false, why }
}
