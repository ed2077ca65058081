import type { ModelReader } from '../../tables.ts'
import { connectionsOf } from './connections.ts'
import { type IpvsServiceRecord, serviceId } from './records.ts'
import { type Choice, type Cursor, type NewFlow, schedule } from './schedulers.ts'

/** The scheduler's choice among the servers as they are loaded now. */
export function pickServer(
  reader: ModelReader,
  service: IpvsServiceRecord,
  cursor: Cursor,
  flow: NewFlow,
): Choice | undefined {
  const id = serviceId(service.node, service)
  return schedule(service, cursor, (server) => connectionsOf(reader, id, server), flow)
}
