/**
 * What makes one virtual server what it should be. pkg/proxy/ipvs/proxier.go syncService, syncEndpoint;
 * graceful_termination.go GracefulDeleteRS, MoveRSOutofGracefulDeleteList.
 */
import { connectionsOf } from '../../linux/ipvs/connections.ts'
import type { IpvsOp } from '../../linux/ipvs/operations.ts'
import { type IpvsProto, type IpvsServiceRecord, serverId, serverKey, serviceId } from '../../linux/ipvs/records.ts'
import type { ModelReader } from '../../tables.ts'
import type { VirtualServer } from './desired.ts'
import { isDraining } from './termination.ts'

/** IsRsGracefulTerminationNeeded: UDP and SCTP servers are deleted at once. */
export const DRAINS: ReadonlySet<IpvsProto> = new Set<IpvsProto>(['tcp'])

/** Endpoints for which a record of the kernel needed no change. Another record, or other endpoints, are looked at anew. */
const settled = new WeakMap<IpvsServiceRecord, VirtualServer['endpoints']>()
const NOTHING: readonly IpvsOp[] = []

/** `draining` gets the ids of real servers that keep their connections and get no new ones. */
export function serverOps(
  reader: ModelReader,
  node: string,
  wanted: VirtualServer,
  starting: boolean,
  draining: string[],
): readonly IpvsOp[] {
  const { proto, address, port, scheduler, flags, persistentSeconds } = wanted
  const service = { proto, address, port }
  const id = serviceId(node, service)
  const there = reader.get('ipvsServices', id)
  if (there && !starting && settled.get(there) === wanted.endpoints && !differs(there, wanted)) return NOTHING
  const settings = { scheduler, flags, persistentSeconds }
  const ops: IpvsOp[] = []
  if (!there) ops.push({ op: 'add-service', service, ...settings })
  else if (differs(there, wanted)) ops.push({ op: 'edit-service', service, ...settings })
  const have = new Map((there?.servers ?? []).map((server) => [serverKey(server), server]))
  const want = new Set(wanted.endpoints.map((ep) => ep.text))
  for (const ep of wanted.endpoints) {
    const old = have.get(ep.text)
    const server = { address: ep.ip, port: ep.port, weight: 1 }
    if (!old) {
      ops.push({ op: 'add-server', service, server })
      continue
    }
    // the first sync of a process sets weights right that somebody, or its predecessor, changed
    if (starting && old.weight !== 1) ops.push({ op: 'edit-server', service, server })
    else if (isDraining(reader, node, serverId(id, old)))
      ops.push({ op: 'del-server', service, server: old }, { op: 'add-server', service, server })
  }
  for (const [key, old] of have) {
    if (want.has(key) || isDraining(reader, node, serverId(id, old))) continue
    const { active, inactive } = connectionsOf(reader, id, old)
    if (DRAINS.has(proto) && active + inactive > 0) {
      draining.push(serverId(id, old))
      ops.push({ op: 'edit-server', service, server: { address: old.address, port: old.port, weight: 0 } })
    } else ops.push({ op: 'del-server', service, server: { address: old.address, port: old.port } })
  }
  // a server that drains is looked at until it is gone
  if (there && ops.length === 0 && have.size === want.size) settled.set(there, wanted.endpoints)
  return ops
}

/** VirtualServer.Equal */
function differs(there: IpvsServiceRecord, wanted: VirtualServer): boolean {
  return (
    there.scheduler !== wanted.scheduler ||
    there.persistentSeconds !== wanted.persistentSeconds ||
    there.flags.join() !== wanted.flags.join()
  )
}
