/** `kernel.ipvs-apply`: what it changes. linux net/netfilter/ipvs/ip_vs_ctl.c. */
import { placeOf, type SimEvent } from '../../../sim/contract.ts'
import type { LinkRecord, ModelWorld } from '../../tables.ts'
import { applySetOp, isSetOp } from '../ipset/apply.ts'
import { newSets } from '../ipset/batch.ts'
import { linkOf, nextIfindex, putLink, randomMac, removeLink } from '../links.ts'
import { dropConntrack } from './keep.ts'
import type { IpvsApplied, IpvsApply, IpvsOp } from './operations.ts'
import {
  idOfConn,
  type IpvsServiceRecord,
  type RealServer,
  SCHEDULERS,
  serverId,
  serverKey,
  serviceId,
  TIMEOUT_DEFAULTS,
} from './records.ts'
import { afterChange, START } from './schedulers.ts'

/** Records under change in one event: written once at its end, however many operations touch them. */
interface Batch {
  readonly world: ModelWorld
  readonly node: string
  readonly services: Map<string, IpvsServiceRecord | undefined>
  readonly links: Map<string, { readonly link: LinkRecord; readonly addresses: Set<string> } | undefined>
  readonly sets: ReturnType<typeof newSets>
}

export function applyIpvs(world: ModelWorld, event: SimEvent<IpvsApply>): void {
  const node = placeOf(event.to)
  const { ops, draining, ctx } = event.data
  const batch: Batch = { world, node, services: new Map(), links: new Map(), sets: newSets(world, node) }
  let error: IpvsApplied['error']
  ops.forEach((op, i) => {
    const message = isSetOp(op) ? applySetOp(batch.sets, op) : applyOne(batch, op)
    if (message !== undefined) error ??= { line: i + 1, message }
  })
  batch.sets.write()
  for (const [id, service] of batch.services)
    if (world.get('ipvsServices', id) !== service) world.put('ipvsServices', id, service)
  for (const [dev, open] of batch.links)
    if (open) putLink(world, { ...open.link, addresses: [...open.addresses] })
    else if (linkOf(world, node, '', dev)) removeLink(world, linkOf(world, node, '', dev)!)
  const answer: IpvsApplied = { ok: error === undefined, ...(error ? { error } : {}), ctx }
  if (event.from !== event.to && event.from !== 'input')
    world.send('kernel.ipvs-applied', event.from, answer, { delayMicros: 40 })
  if (draining && draining.length > 0)
    world.send('kernel.ipvs-draining', event.from, { servers: draining }, { delayMicros: 40 })
}

function current(batch: Batch, id: string): IpvsServiceRecord | undefined {
  return batch.services.has(id) ? batch.services.get(id) : batch.world.get('ipvsServices', id)
}

type Of<K extends IpvsOp['op']> = Extract<IpvsOp, { op: K }>

/** The kernel's words for what cannot be done; undefined: done. */
function applyOne(batch: Batch, op: Exclude<IpvsOp, { op: `set-${string}` }>): string | undefined {
  const { world, node } = batch
  switch (op.op) {
    case 'add-service':
    case 'edit-service':
      return putService(batch, op)
    case 'del-service':
      return delService(batch, serviceId(node, op.service))
    case 'add-server':
    case 'edit-server':
    case 'del-server':
      return changeServer(batch, op)
    case 'flush': {
      for (const service of world.by('ipvsServices', 'node', node)) delService(batch, serviceId(node, service))
      for (const [id, service] of batch.services) if (service) delService(batch, id)
      return undefined
    }
    case 'zero': {
      const only = op.service && serviceId(node, op.service)
      for (const id of statsOf(world, node))
        if (only === undefined || id === only || id.startsWith(`${only}|`)) world.put('ipvsStats', id, undefined)
      return undefined
    }
    case 'timeouts': {
      const old = world.get('ipvsTimeouts', node) ?? TIMEOUT_DEFAULTS
      const { tcp, tcpfin, udp } = op
      world.put('ipvsTimeouts', node, { node, tcp: tcp || old.tcp, tcpfin: tcpfin || old.tcpfin, udp: udp || old.udp })
      return undefined
    }
    case 'sysctl': {
      const netns = world.get('netns', `${node}|`)
      if (netns) world.put('netns', `${node}|`, { ...netns, sysctls: { ...netns.sysctls, ...op.values } })
      return undefined
    }
    default:
      return changeDevice(batch, op)
  }
}

function putService(batch: Batch, op: Of<'add-service' | 'edit-service'>): string | undefined {
  const id = serviceId(batch.node, op.service)
  const old = current(batch, id)
  if (op.op === 'add-service' && old) return 'Service already exists'
  if (op.op === 'edit-service' && !old) return 'No such service'
  if (!SCHEDULERS.includes(op.scheduler)) return 'Scheduler or persistence engine not found'
  const { proto, address, port } = op.service
  const next: IpvsServiceRecord = {
    node: batch.node,
    proto,
    address,
    port,
    scheduler: op.scheduler,
    flags: op.flags ?? [],
    persistentSeconds: op.persistentSeconds ?? 0,
    servers: old?.servers ?? [],
  }
  batch.services.set(id, next)
  // a scheduler that comes anew starts at the head of the list (ip_vs_bind_scheduler)
  if (old && old.scheduler !== next.scheduler)
    batch.world.put('ipvsCursors', id, { node: batch.node, ...afterChange(next, START, next.servers, undefined) })
  return undefined
}

function delService(batch: Batch, id: string): string | undefined {
  const old = current(batch, id)
  if (!old) return 'No such service'
  batch.services.set(id, undefined)
  batch.world.put('ipvsCursors', id, undefined)
  batch.world.put('ipvsStats', id, undefined)
  for (const server of old.servers) forgetServer(batch, id, server)
  return undefined
}

function changeServer(batch: Batch, op: Of<'add-server' | 'edit-server' | 'del-server'>): string | undefined {
  const id = serviceId(batch.node, op.service)
  const service = current(batch, id)
  if (!service) return op.op === 'add-server' ? 'Service not defined' : 'No such service'
  const key = serverKey(op.server)
  const at = service.servers.findIndex((one) => serverKey(one) === key)
  if (op.op === 'add-server' ? at >= 0 : at < 0)
    return op.op === 'add-server' ? 'Destination already exists' : 'No such destination'
  let servers: readonly RealServer[]
  if (op.op === 'del-server') servers = service.servers.filter((_, i) => i !== at)
  else {
    const { address, port, weight } = op.server
    const before = service.servers[at]
    const last = weight > 0 ? undefined : (before?.lastWeight ?? before?.weight)
    const server: RealServer = {
      address,
      port,
      weight,
      ...(last === undefined || last === 0 ? {} : { lastWeight: last }),
    }
    servers = at < 0 ? [server, ...service.servers] : service.servers.map((one, i) => (i === at ? server : one))
  }
  const next = { ...service, servers }
  batch.services.set(id, next)
  if (service.scheduler === 'rr' || service.scheduler === 'wrr') {
    const before = batch.world.get('ipvsCursors', id) ?? START
    const removed = op.op === 'del-server' ? key : undefined
    const after = afterChange(next, before, service.servers, removed)
    if (after.at !== before.at || after.cw !== before.cw)
      batch.world.put('ipvsCursors', id, { node: batch.node, at: after.at, cw: after.cw })
  }
  if (op.op === 'del-server') forgetServer(batch, id, op.server)
  return undefined
}

/** A real server goes: its counters, and with expire_nodest_conn its connections (ip_vs_expire_nodest_conn_flush). */
function forgetServer(batch: Batch, service: string, server: Omit<RealServer, 'weight'>): void {
  const { world, node } = batch
  const id = serverId(service, server)
  if (world.get('ipvsStats', id)) world.put('ipvsStats', id, undefined)
  if ((world.get('netns', `${node}|`)?.sysctls['net.ipv4.vs.expire_nodest_conn'] ?? '0') === '0') return
  for (const conn of world.by('ipvsConns', 'server', id)) {
    world.put('ipvsConns', idOfConn(conn), undefined)
    dropConntrack(world, conn)
  }
}

/** Ids of the counters of a machine. */
function statsOf(world: ModelWorld, node: string): string[] {
  return world.by('ipvsServices', 'node', node).flatMap((service) => {
    const id = serviceId(node, service)
    return [id, ...service.servers.map((server) => serverId(id, server))]
  })
}

/** drivers/net/dummy.c: a device that is nowhere; kube-proxy never sets it up, yet its addresses are local. */
function changeDevice(batch: Batch, op: Of<'dummy-add' | 'dummy-del' | 'bind' | 'unbind'>): string | undefined {
  const { world, node } = batch
  if (!batch.links.has(op.dev)) {
    const link = linkOf(world, node, '', op.dev)
    batch.links.set(op.dev, link && { link, addresses: new Set(link.addresses) })
  }
  const open = batch.links.get(op.dev)
  if (op.op === 'dummy-add') {
    if (open) return undefined
    const index = nextIfindex(world, node)
    const device = { index, kind: 'dummy' as const, mac: randomMac(world), mtu: 1500, up: false, addresses: [] }
    batch.links.set(op.dev, { link: { node, netns: '', name: op.dev, ...device }, addresses: new Set() })
    return undefined
  }
  if (!open) return 'No such device'
  if (op.op === 'dummy-del') {
    batch.links.set(op.dev, undefined)
    return undefined
  }
  const cidr = `${op.address}/${op.address.includes(':') ? 128 : 32}`
  if (op.op === 'bind') open.addresses.add(cidr)
  else open.addresses.delete(cidr)
  return undefined
}
