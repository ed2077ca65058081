/** What the kube-proxy of a node knows, as records, and the form in which a sync wants it. */
import { SECOND } from '../../sim/clock.ts'
import type { EndpointSlice, Service } from '../apiserver/objects.ts'
import type { ModelReader, ModelWorld, ProxiedServiceRecord } from '../tables.ts'
import { localDetector, masqueradeMark, type ProxierConfig } from './config.ts'
import { CLUSTER_CIDR, type ProxyConfiguration } from './configuration.ts'
import { type EndpointInfo, type EndpointsByPort, endpointsOfSlices, serviceOfSlice } from './endpoints.ts'
import { type ServicePortInfo, servicePorts } from './service-port.ts'
import type { ServiceState } from './iptables/sync.ts'

/** The ServiceCIDR `kubernetes` that the API server makes of its own flag. */
const SERVICE_CIDR = '10.96.0.0/12'

const configs = new WeakMap<ProxyConfiguration, Map<string, ProxierConfig>>()
const DEFAULT: ProxyConfiguration = {
  mode: 'iptables',
  clusterCIDR: CLUSTER_CIDR,
  masqueradeAll: false,
  masqueradeBit: 14,
  localhostNodePorts: true,
  nodePortAddresses: [],
  tcpBeLiberal: false,
  conntrack: {
    maxPerCore: 32_768,
    min: 131_072,
    tcpEstablishedMicros: 0,
    tcpCloseWaitMicros: 0,
    udpMicros: 0,
    udpStreamMicros: 0,
  },
  minSyncMicros: SECOND,
  syncMicros: 30 * SECOND,
  options: {},
}

/** What the kube-proxy of a node was started with, and what it knows of its node. The same record for the same facts. */
export function liveConfig(reader: ModelReader, node: string, zone: string): ProxierConfig {
  const ip = reader.get('machines', node)?.ip ?? ''
  const own = reader.get('kubeProxies', node)?.configuration ?? DEFAULT
  const key = `${node}|${ip}|${zone}`
  let known = configs.get(own)
  if (!known) configs.set(own, (known = new Map<string, ProxierConfig>()))
  let config = known.get(key)
  if (!config) {
    config = {
      family: 4,
      nodeName: node,
      nodeIP: ip,
      nodeAddresses: ['127.0.0.1/8', `${ip}/16`],
      zone,
      masqueradeAll: own.masqueradeAll,
      masqueradeMark: masqueradeMark(own.masqueradeBit),
      localhostNodePorts: own.localhostNodePorts,
      nodePortAddresses: own.nodePortAddresses.map((text) => (text === 'primary' ? `${ip}/32` : text)),
      tcpBeLiberal: own.tcpBeLiberal,
      randomFully: true,
      nfacct: { invalidDropped: false, localhostNodePorts: false },
      localDetector: localDetector('ClusterCIDR', { cidrs: own.clusterCIDR.split(',') }, 4),
      nodeHints: true,
      serviceCIDRs: SERVICE_CIDR,
    }
    known.set(key, config)
  }
  return config
}

const proxiedId = (node: string, service: string): string => `${node}|${service}`

export function keyOf(object: { metadata: { namespace?: string; name: string } }): string {
  return `${object.metadata.namespace ?? 'default'}/${object.metadata.name}`
}

/** Keeps a Service, or forgets it. True when it means a change of rules (ServiceChangeTracker.Update). */
export function trackService(world: ModelWorld, node: string, service: Service, gone: boolean): boolean {
  const key = keyOf(service)
  const old = world.get('proxiedServices', proxiedId(node, key))
  const before = old?.object ? servicePorts(old.object, 4) : []
  const after = gone ? [] : servicePorts(service, 4)
  const { object: _, ...rest } = old ?? { node, service: key, slices: {} }
  keep(world, gone ? rest : { ...rest, object: service })
  return !samePorts(before, after)
}

/** Keeps a slice, or forgets it. Returns the Service it belongs to (EndpointsChangeTracker.EndpointSliceUpdate). */
export function trackSlice(world: ModelWorld, node: string, slice: EndpointSlice, gone: boolean): string | undefined {
  const service = serviceOfSlice(slice)
  if (!service || slice.addressType !== 'IPv4') return undefined
  const old = world.get('proxiedServices', proxiedId(node, service)) ?? { node, service, slices: {} }
  if (gone && !old.slices[slice.metadata.name]) return undefined
  const { [slice.metadata.name]: _, ...others } = old.slices
  keep(world, { ...old, slices: gone ? others : { ...others, [slice.metadata.name]: slice } })
  return service
}

function keep(world: ModelWorld, record: ProxiedServiceRecord): void {
  const empty = !record.object && Object.keys(record.slices).length === 0
  world.put('proxiedServices', proxiedId(record.node, record.service), empty ? undefined : record)
}

export function forgetAll(world: ModelWorld, node: string): void {
  for (const record of world.by('proxiedServices', 'node', node))
    world.put('proxiedServices', proxiedId(node, record.service), undefined)
}

function samePorts(a: readonly ServicePortInfo[], b: readonly ServicePortInfo[]): boolean {
  return a.length === b.length && JSON.stringify(a) === JSON.stringify(b)
}

const states = new WeakMap<ProxiedServiceRecord, ServiceState>()
const bySlices = new WeakMap<Readonly<Record<string, EndpointSlice>>, EndpointsByPort>()
const NONE: readonly EndpointInfo[] = []
const NO_PORTS: readonly ServicePortInfo[] = []

/** The same state for the same record: a sync of 10,000 Services looks at each, and one of them has changed. */
function stateOf(record: ProxiedServiceRecord): ServiceState {
  let state = states.get(record)
  if (!state) {
    // an update of the Service alone leaves the very same endpoints, and so the lines made from them
    let byPort = bySlices.get(record.slices)
    if (!byPort)
      bySlices.set(
        record.slices,
        (byPort = endpointsOfSlices(record.service, Object.values(record.slices), 4, record.node)),
      )
    const ports = record.object ? servicePorts(record.object, 4) : NO_PORTS
    const endpoints = ports.map((port) => byPort[port.portKey] ?? NONE)
    state = { service: record.service, ports, endpoints: (port) => endpoints[ports.indexOf(port)] ?? NONE }
    states.set(record, state)
  }
  return state
}

const lists = new WeakMap<readonly ProxiedServiceRecord[], ServiceState[]>()

/** Services that kube-proxy serves, in the order in which they were first seen. */
export function serviceStates(reader: ModelReader, node: string): readonly ServiceState[] {
  const records = reader.by('proxiedServices', 'node', node)
  let list = lists.get(records)
  if (!list) {
    list = []
    for (const record of records) {
      const state = stateOf(record)
      if (state.ports.length > 0) list.push(state)
    }
    lists.set(records, list)
  }
  return list
}
