/**
 * An eBPF replacement of kube-proxy in Cilium's manner: Services and backends become entries of maps. What it writes is
 * a difference: one endpoint costs its own entry and the Service's. cilium/cilium pkg/loadbalancer/reconciler.
 */
import { MILLI } from '../../../sim/clock.ts'
import {
  backendId,
  type BpfBackendRecord,
  type BpfServiceRecord,
  type BpfUpdate,
  type LbProto,
  type LbScope,
  serviceId,
} from '../../linux/bpf/maps.ts'
import type { ModelReader } from '../../tables.ts'
import type { EndpointInfo } from '../endpoints.ts'
import type { KernelWrite, ProxyMode, SyncInput, SyncPlan } from '../mode.ts'
import type { ServicePortInfo } from '../service-port.ts'
import { categorizeEndpoints } from '../topology.ts'

/** One bpf(BPF_MAP_UPDATE_ELEM) and the agent's own work for it. */
const ENTRY_MICROS = 12

export const ebpfMode: ProxyMode = {
  name: 'ebpf',
  answers: ['kernel.bpf-map-updated'],
  plan,
  cleanup(reader, node) {
    if (!reader.get('bpfAgents', node)) return []
    const data: Omit<BpfUpdate, 'ctx'> = {
      agent: undefined,
      services: [],
      backends: [],
      gone: { services: [], backends: [] },
    }
    return [{ kind: 'kernel.bpf-map-update', data, delayMicros: 5 * MILLI }]
  },
}

interface Frontend {
  readonly ip: string
  readonly port: number
  readonly type: BpfServiceRecord['type']
  readonly scope: LbScope
  readonly endpoints: readonly EndpointInfo[]
}

/** Every address of a Service port, with the endpoints behind it as seen from outside and from inside. */
export function frontends(info: ServicePortInfo, endpoints: readonly EndpointInfo[], input: SyncInput): Frontend[] {
  const { cluster = [], local = [] } = categorizeEndpoints(endpoints, info, {
    nodeName: input.config.nodeName,
    zone: input.config.zone,
    nodeHints: input.config.nodeHints,
  })
  const inside = info.internalPolicyLocal ? local : cluster
  const out: Frontend[] = [
    { ip: info.clusterIP, port: info.port, type: 'ClusterIP', scope: 'external', endpoints: inside },
  ]
  const outside = (ip: string, port: number, type: Frontend['type']): void => {
    out.push({ ip, port, type, scope: 'external', endpoints: info.externalPolicyLocal ? local : cluster })
    if (info.externalPolicyLocal) out.push({ ip, port, type, scope: 'internal', endpoints: cluster })
  }
  for (const ip of info.externalIPs) outside(ip, info.port, 'ExternalIPs')
  for (const ip of info.loadBalancerVIPs) outside(ip, info.port, 'LoadBalancer')
  if (info.nodePort !== 0) outside(input.config.nodeIP, info.nodePort, 'NodePort')
  return out
}

function plan(reader: ModelReader, input: SyncInput): SyncPlan {
  const { node } = input
  const agent = reader.get('bpfAgents', node)
  let nextBackend = agent?.nextBackend ?? 1
  let nextRevNat = agent?.nextRevNat ?? 1
  const known = new Map(reader.by('bpfBackends', 'node', node).map((b) => [`${b.proto} ${b.ip}:${b.port}`, b]))
  const backends: BpfBackendRecord[] = []
  const wanted = new Set<number>()
  const backendOf = (proto: LbProto, ep: EndpointInfo): number => {
    const key = `${proto} ${ep.text}`
    const state = ep.terminating ? 'terminating' : 'active'
    let backend = known.get(key)
    if (backend?.state !== state) {
      backend = { node, id: backend?.id ?? nextBackend++, ip: ep.ip, port: ep.port, proto, state }
      known.set(key, backend)
      backends.push(backend)
    }
    wanted.add(backend.id)
    return backend.id
  }
  const services: BpfServiceRecord[] = []
  const there = new Set<string>()
  let endpointCount = 0
  let noLocalInternal = 0
  let noLocalExternal = 0
  for (const service of input.services)
    for (const info of service.ports) {
      const endpoints = service.endpoints(info)
      endpointCount += endpoints.length
      for (const { ip, port, type, scope, endpoints: chosen } of frontends(info, endpoints, input)) {
        const proto = info.protocol as LbProto
        const id = serviceId(node, proto, ip, port, scope)
        there.add(id)
        const old = reader.get('bpfServices', id)
        const ids = chosen.map((ep) => backendOf(proto, ep))
        const affinity = info.stickySeconds
        if (chosen.length === 0 && endpoints.length > 0 && scope === 'external') {
          if (type === 'ClusterIP') noLocalInternal++
          else noLocalExternal++
        }
        const same =
          old && old.name === info.name && old.affinity === affinity && old.type === type && sameIds(old.backends, ids)
        if (same) continue
        const revNat = old?.revNat ?? nextRevNat++
        services.push({ node, ip, port, proto, scope, type, name: info.name, revNat, backends: ids, affinity })
      }
    }
  const gone = {
    services: reader.by('bpfServices', 'node', node).flatMap((s) => {
      const id = serviceId(node, s.proto, s.ip, s.port, s.scope)
      return there.has(id) ? [] : [id]
    }),
    backends: reader.by('bpfBackends', 'node', node).flatMap((b) => (wanted.has(b.id) ? [] : [backendId(node, b.id)])),
  }
  const algorithm = input.options.algorithm === 'maglev' ? 'maglev' : 'random'
  const entries =
    services.reduce((n, s) => n + 1 + s.backends.length, backends.length) + gone.services.length + gone.backends.length
  const metrics = {
    filterRules: 0,
    natRules: 0,
    natRulesTotal: 0,
    noLocalEndpointsInternal: noLocalInternal,
    noLocalEndpointsExternal: noLocalExternal,
    endpoints: endpointCount,
  }
  if (entries === 0 && agent?.algorithm === algorithm) return { writes: [], cleanedUp: true, lines: 0, metrics }
  const data: Omit<BpfUpdate, 'ctx'> = { agent: { node, algorithm, nextBackend, nextRevNat }, services, backends, gone }
  const write: KernelWrite = { kind: 'kernel.bpf-map-update', data, delayMicros: MILLI + entries * ENTRY_MICROS }
  return { writes: [write], cleanedUp: true, lines: entries, metrics }
}

function sameIds(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i])
}
