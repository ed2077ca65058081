/** Connections as they stand at a moment: an entry past its time is not found any more. ip_vs_conn.c. */
import { SECOND } from '../../../sim/clock.ts'
import type { Micros } from '../../../sim/contract.ts'
import type { ModelReader } from '../../tables.ts'
import { type IpvsConnRecord, type IpvsProto, replyKeyOf, type RealServer, serverId } from './records.ts'
import type { Load } from './schedulers.ts'
import { isActive } from './states.ts'

type Reader = Pick<ModelReader, 'get' | 'by' | 'now'>

/** A template that is due while connections hold it waits for another minute (ip_vs_conn_expire, expire_later). */
const LATER: Micros = 60 * SECOND

export function isLive(reader: Reader, conn: IpvsConnRecord, id: string): boolean {
  if (conn.expiresAt > reader.now) return true
  return conn.template && templateEnd(reader, conn, id) > reader.now
}

/** When a template goes, as far as its connections are known now. */
export function templateEnd(reader: Reader, conn: IpvsConnRecord, id: string): Micros {
  let end = conn.expiresAt
  if (end > reader.now) return end
  let last = 0
  for (const held of reader.by('ipvsConns', 'control', id)) last = Math.max(last, held.expiresAt)
  while (last > end) end += LATER
  return end
}

export function findConn(reader: Reader, id: string): IpvsConnRecord | undefined {
  const conn = reader.get('ipvsConns', id)
  return conn && isLive(reader, conn, id) ? conn : undefined
}

/** ip_vs_conn_out_get: by what its real server's packets look like. */
export function findByReply(
  reader: Reader,
  node: string,
  proto: IpvsProto,
  daddr: string,
  dport: number,
  client: string,
  cport: number,
): IpvsConnRecord | undefined {
  for (const conn of reader.by('ipvsConns', 'reply', replyKeyOf(node, proto, daddr, dport, client, cport)))
    if (conn.expiresAt > reader.now) return conn
  return undefined
}

export interface Connections extends Load {
  /** Templates bound to it. */
  readonly persistent: number
}

/** ActiveConn and InActConn of a real server. */
export function connectionsOf(reader: Reader, service: string, server: RealServer): Connections {
  let active = 0
  let inactive = 0
  let persistent = 0
  for (const conn of reader.by('ipvsConns', 'server', serverId(service, server))) {
    if (conn.template) {
      if (conn.expiresAt > reader.now) persistent++
      continue
    }
    if (conn.expiresAt <= reader.now) continue
    if (isActive(conn)) active++
    else inactive++
  }
  return { active, inactive, persistent }
}
