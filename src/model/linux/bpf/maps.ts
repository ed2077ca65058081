/** Maps of the load balancer, pinned below /sys/fs/bpf/tc/globals: bpf/lib/common.h lb4_key, lb4_service, lb4_backend. */
import { placeOf, type SimEvent } from '../../../sim/contract.ts'
import type { ModelReader, ModelWorld } from '../../tables.ts'

export type LbProto = 'tcp' | 'udp' | 'sctp'
/** LB_LOOKUP_SCOPE_EXT, LB_LOOKUP_SCOPE_INT: what a policy Local needs an entry of its own for. */
export type LbScope = 'external' | 'internal'

/** cilium_lb4_services_v2: the master entry of slot 0 with its backend slots. id: `node|proto ip:port/scope`. */
export type BpfServiceRecord = {
  node: string
  ip: string
  port: number
  proto: LbProto
  scope: LbScope
  type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalIPs'
  /** `namespace/name:port` */
  name: string
  revNat: number
  /** Ids of backends in slots 1, 2, ... */
  backends: readonly number[]
  /** Seconds of session affinity; 0: none. */
  affinity: number
}
/** cilium_lb4_backends_v3. id: `node|ID`. */
export type BpfBackendRecord = {
  node: string
  id: number
  ip: string
  port: number
  proto: LbProto
  state: 'active' | 'terminating'
}
/** cilium_lb4_affinity: which backend a client had last. id: `node|client|revNat`. */
export type BpfAffinityRecord = { node: string; client: string; revNat: number; backend: number; lastUsed: number }
/** cilium_ct4_global, of packets that came from outside to a Service. id: `node|proto client:port>service:port`. */
export type BpfFlowRecord = {
  node: string
  proto: LbProto
  client: { ip: string; port: number }
  service: { ip: string; port: number }
  backend: { ip: string; port: number; id: number }
  revNat: number
  /** The source that a backend on another node sees: this node's address and a port (cilium_snat_v4_external). */
  snat?: { ip: string; port: number }
  startedAt: number
  /** It ended: FIN or RST was seen both ways; a new SYN chooses anew. */
  closing?: boolean
  expiresAt: number
  packets: number
}
/** What the agent set up on a node. id: node. */
export type BpfAgentRecord = {
  node: string
  algorithm: 'random' | 'maglev'
  attachedAt: number
  nextBackend: number
  nextRevNat: number
}

/** `kernel.bpf-map-update`, answered by `kernel.bpf-map-updated`: map entries set and deleted, and the programs attached. */
export type BpfUpdate = {
  agent: Omit<BpfAgentRecord, 'attachedAt'> | undefined
  services: readonly BpfServiceRecord[]
  backends: readonly BpfBackendRecord[]
  /** Ids of records. */
  gone: { readonly services: readonly string[]; readonly backends: readonly string[] }
  ctx?: unknown
}

export const serviceId = (node: string, proto: string, ip: string, port: number, scope: LbScope): string =>
  `${node}|${proto} ${ip}:${port}/${scope}`
export const backendId = (node: string, id: number): string => `${node}|${id}`

export function update(world: ModelWorld, event: SimEvent<BpfUpdate>): void {
  const node = placeOf(event.to)
  const { agent, services, backends, gone, ctx } = event.data
  for (const backend of backends) world.put('bpfBackends', backendId(node, backend.id), backend)
  for (const s of services) world.put('bpfServices', serviceId(node, s.proto, s.ip, s.port, s.scope), s)
  for (const id of gone.services) world.put('bpfServices', id, undefined)
  for (const id of gone.backends) world.put('bpfBackends', id, undefined)
  if (agent === undefined) detach(world, node)
  else world.put('bpfAgents', node, { ...agent, attachedAt: world.get('bpfAgents', node)?.attachedAt ?? world.now })
  if (event.from !== event.to && event.from !== 'input')
    world.send('kernel.bpf-map-updated', event.from, { ok: true, ctx }, { delayMicros: 30 })
}

export function detach(world: ModelWorld, node: string): void {
  for (const s of world.by('bpfServices', 'node', node))
    world.put('bpfServices', serviceId(node, s.proto, s.ip, s.port, s.scope), undefined)
  for (const b of world.by('bpfBackends', 'node', node)) world.put('bpfBackends', backendId(node, b.id), undefined)
  for (const a of world.by('bpfAffinity', 'node', node))
    world.put('bpfAffinity', affinityId(node, a.client, a.revNat), undefined)
  for (const f of world.by('bpfFlows', 'node', node)) world.put('bpfFlows', flowId(node, f), undefined)
  world.put('bpfAgents', node, undefined)
}

export const affinityId = (node: string, client: string, revNat: number): string => `${node}|${client}|${revNat}`
export const flowId = (node: string, f: Pick<BpfFlowRecord, 'proto' | 'client' | 'service'>): string =>
  `${node}|${f.proto} ${f.client.ip}:${f.client.port}>${f.service.ip}:${f.service.port}`

/** A packet's or a socket's destination in the map, as lb4_lookup_service finds it. */
export function lookupService(
  reader: ModelReader,
  node: string,
  proto: string,
  ip: string,
  port: number,
  scope: LbScope,
): BpfServiceRecord | undefined {
  return (
    reader.get('bpfServices', serviceId(node, proto, ip, port, scope)) ??
    // without a policy Local there is one entry, which serves both (lb4_svc_is_two_scopes)
    (scope === 'internal' ? reader.get('bpfServices', serviceId(node, proto, ip, port, 'external')) : undefined)
  )
}
