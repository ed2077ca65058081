/** What the kernel keeps for IPVS, as records. linux include/net/ip_vs.h. */
import type { Micros } from '../../../sim/contract.ts'
import { joinHostPort } from '../netfilter/address.ts'

export type IpvsProto = 'tcp' | 'udp' | 'sctp'
export const SCHEDULERS = ['rr', 'wrr', 'lc', 'wlc', 'sh', 'dh', 'sed', 'nq', 'mh'] as const
export type SchedulerName = (typeof SCHEDULERS)[number]
/** IP_VS_SVC_F_SCHED1 to 3: of sh and mh the first is fallback, the second port. */
export type SchedulerFlag = 'flag-1' | 'flag-2' | 'flag-3'

export interface VirtualAddress {
  readonly proto: IpvsProto
  readonly address: string
  readonly port: number
}

export interface RealServer {
  readonly address: string
  readonly port: number
  readonly weight: number
  /** The last weight that was not 0, where `weight` is (dest->last_weight): mh keeps its places for it. */
  readonly lastWeight?: number
}

/** A virtual server. id: `node|proto address:port`. */
export interface IpvsServiceRecord extends VirtualAddress {
  readonly node: string
  readonly scheduler: SchedulerName
  readonly flags: readonly SchedulerFlag[]
  /** Persistence: for so long a client stays with its server. 0: none. */
  readonly persistentSeconds: number
  /** In the kernel's order: the last added first (list_add_rcu in __ip_vs_new_dest). */
  readonly servers: readonly RealServer[]
}

/** Where a scheduler stands (svc->sched_data). Same id as its service. */
export interface IpvsCursorRecord {
  readonly node: string
  /** `address:port` of the server last chosen; '': the head of the list. */
  readonly at: string
  /** wrr: the weight that a server needs now. */
  readonly cw: number
}

export type IpvsState =
  | 'NONE'
  | 'ESTABLISHED'
  | 'SYN_SENT'
  | 'SYN_RECV'
  | 'FIN_WAIT'
  | 'TIME_WAIT'
  | 'CLOSE'
  | 'CLOSE_WAIT'
  | 'LAST_ACK'
  | 'LISTEN'
  | 'SYNACK'
  | 'UDP'
  | 'ASSURED'

/** A connection, or a template of persistence (client port 0). id: `node|proto client>virtual`; a template's has a `%`. */
export interface IpvsConnRecord {
  readonly node: string
  readonly proto: IpvsProto
  readonly client: string
  readonly cport: number
  readonly vaddr: string
  readonly vport: number
  readonly daddr: string
  readonly dport: number
  readonly template: boolean
  readonly state: IpvsState
  readonly timeoutSeconds: number
  readonly startedAt: Micros
  readonly expiresAt: Micros
  /** Id of the template that it holds alive. */
  readonly control?: string
}

/** Counters of a virtual or a real server, with what the estimator saw last. id: that of the service, or `service|address:port`. */
export interface IpvsStatsRecord {
  readonly node: string
  readonly conns: number
  readonly inPkts: number
  readonly outPkts: number
  readonly inBytes: number
  readonly outBytes: number
  readonly estimate: Estimate
}

/** ip_vs_est.c: totals at the last tick, and rates in its own fixed point. */
export interface Estimate {
  readonly tick: number
  readonly seen: readonly [number, number, number, number, number]
  readonly rates: readonly [number, number, number, number, number]
}

/** `ipvsadm --set`. id: node. */
export interface IpvsTimeoutsRecord {
  readonly node: string
  readonly tcp: number
  readonly tcpfin: number
  readonly udp: number
}

export const TIMEOUT_DEFAULTS = { tcp: 900, tcpfin: 120, udp: 300 } as const

export function virtualKey(at: VirtualAddress): string {
  return `${at.proto} ${joinHostPort(at.address, at.port)}`
}

export const serviceId = (node: string, at: VirtualAddress): string => `${node}|${virtualKey(at)}`
export const serverKey = (server: { readonly address: string; readonly port: number }): string =>
  joinHostPort(server.address, server.port)
export const serverId = (service: string, server: { readonly address: string; readonly port: number }): string =>
  `${service}|${serverKey(server)}`

export function connId(
  node: string,
  proto: IpvsProto,
  client: string,
  cport: number,
  vaddr: string,
  vport: number,
): string {
  return `${node}|${proto} ${client}:${cport}>${vaddr}:${vport}`
}

export function templateId(node: string, proto: IpvsProto, client: string, vaddr: string, vport: number): string {
  return `${node}|${proto}% ${client}>${vaddr}:${vport}`
}

export function idOfConn(conn: IpvsConnRecord): string {
  return conn.template
    ? templateId(conn.node, conn.proto, conn.client, conn.vaddr, conn.vport)
    : connId(conn.node, conn.proto, conn.client, conn.cport, conn.vaddr, conn.vport)
}

/** Index: what a packet of the real server looks like. */
export function replyKey(conn: IpvsConnRecord): string | undefined {
  if (conn.template) return undefined
  return replyKeyOf(conn.node, conn.proto, conn.daddr, conn.dport, conn.client, conn.cport)
}

export function replyKeyOf(
  node: string,
  proto: IpvsProto,
  daddr: string,
  dport: number,
  client: string,
  cport: number,
): string {
  return `${node}|${proto} ${daddr}:${dport}>${client}:${cport}`
}

/** Index: the real server that it is bound to. */
export function serverOfConn(conn: IpvsConnRecord): string {
  const service = serviceId(conn.node, { proto: conn.proto, address: conn.vaddr, port: conn.vport })
  return serverId(service, { address: conn.daddr, port: conn.dport })
}
