/**
 * Real servers that are on their way out: of weight 0, so that nobody new comes, until their connections are over.
 * pkg/proxy/ipvs/graceful_termination.go GracefulTerminationManager, rsCheckDeleteInterval.
 */
import { MILLI, SECOND } from '../../../sim/clock.ts'
import { placeOf, type SimEvent } from '../../../sim/contract.ts'
import { connectionsOf } from '../../linux/ipvs/connections.ts'
import type { IpvsApply, IpvsOp } from '../../linux/ipvs/operations.ts'
import { serverId, serviceId } from '../../linux/ipvs/records.ts'
import type { ModelComponent, ModelReader, ModelWorld } from '../../tables.ts'

const CHECK = 'timer.ipvs-draining'
const INTERVAL = 60 * SECOND

/** The manager's list, in the memory of one kube-proxy. id: node. */
export interface IpvsDrainingRecord {
  readonly node: string
  /** Start of the process that has it. */
  readonly since: number
  /** Ids of real servers. */
  readonly servers: readonly string[]
}

/** `kernel.ipvs-draining`: the kernel has set these to weight 0. */
export type IpvsDraining = { servers: readonly string[] }

function listOf(reader: ModelReader, node: string): IpvsDrainingRecord | undefined {
  const list = reader.get('ipvsDraining', node)
  return list && list.since === reader.get('kubeProxies', node)?.since ? list : undefined
}

/** InTerminationList, of one that is still there with weight 0. */
export function isDraining(reader: ModelReader, node: string, server: string): boolean {
  const list = listOf(reader, node)
  return list !== undefined && list.servers.includes(server) && find(reader, node, server)?.server.weight === 0
}

function find(reader: ModelReader, node: string, id: string) {
  const service = reader.get('ipvsServices', id.slice(0, id.lastIndexOf('|')))
  const server = service?.servers.find((one) => serverId(serviceId(node, service), one) === id)
  return service && server ? { service, server } : undefined
}

function draining(world: ModelWorld, event: SimEvent<IpvsDraining>): void {
  const node = placeOf(event.to)
  const proxy = world.get('kubeProxies', node)
  if (!proxy?.running) return
  const old = listOf(world, node)
  const servers = [...new Set([...(old?.servers ?? []), ...event.data.servers])]
  world.because('KI3', { servers: event.data.servers.length })
  world.put('ipvsDraining', node, { node, since: proxy.since, servers })
  if (!old || old.servers.length === 0)
    world.send(CHECK, event.to, { since: proxy.since }, { from: event.to, delayMicros: INTERVAL })
}

/** tryDeleteRs */
function check(world: ModelWorld, event: SimEvent<{ since: number }>): void {
  const node = placeOf(event.to)
  const proxy = world.get('kubeProxies', node)
  const list = listOf(world, node)
  if (!proxy?.running || !list || list.since !== event.data.since) return
  const ops: IpvsOp[] = []
  const left: string[] = []
  for (const id of list.servers) {
    const found = find(world, node, id)
    if (!found || found.server.weight !== 0) continue
    const { proto, address, port } = found.service
    const { active, inactive } = connectionsOf(world, serviceId(node, found.service), found.server)
    if (active + inactive > 0) left.push(id)
    else ops.push({ op: 'del-server', service: { proto, address, port }, server: found.server })
  }
  world.put('ipvsDraining', node, left.length > 0 ? { ...list, servers: left } : undefined)
  if (ops.length > 0) {
    const data: IpvsApply = { ops }
    world.because('KI3', { deleted: ops.length, waiting: left.length })
    world.send('kernel.ipvs-apply', `${node}/kernel`, data, { from: event.to, delayMicros: MILLI })
  }
  if (left.length > 0) world.send(CHECK, event.to, event.data, { from: event.to, delayMicros: INTERVAL })
}

export const ipvsTermination: ModelComponent = {
  roles: ['kube-proxy'],
  tables: { ipvsDraining: { owner: 'kube-proxy/ipvs' } },
  rules: [
    {
      id: 'KI1',
      says: 'Every sync of ipvs mode compares all virtual servers, sets and addresses with what the kernel has, changes what differs, and writes the same few rules.',
      source: 'kubernetes/kubernetes pkg/proxy/ipvs/proxier.go syncProxyRules',
    },
    {
      id: 'KI2',
      says: 'ipvs mode needs iptables, too: for masquerading, source ranges, and to keep other ports of virtual addresses shut. Its rules ask sets, so they do not grow.',
      source: 'kubernetes/kubernetes pkg/proxy/ipvs/proxier.go createAndLinkKubeChain, writeIptablesRules',
    },
    {
      id: 'KI3',
      says: 'A TCP server that leaves while it has connections gets weight 0; every minute those whose connections are over are deleted. UDP and SCTP servers go at once.',
      source: 'kubernetes/kubernetes pkg/proxy/ipvs/graceful_termination.go',
    },
  ],
  handlers: { 'kernel.ipvs-draining': draining, [CHECK]: check },
}
