/**
 * The cache of CoreDNS: three watches at the API server, kept per node. While the API cannot be reached it answers from
 * what it heard last. Upstream: coredns plugin/kubernetes/controller.go.
 */
import { sendOver, type ApiRequest, type ApiWatchEvent } from '../messages.ts'
import type { DnsNameRecord, DnsZoneRecord, ModelComponent, ModelWorld } from '../tables.ts'
import type { EndpointSlice, Service } from '../apiserver/objects.ts'
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import { SECOND } from '../../sim/clock.ts'
import { WATCHED } from './coredns.ts'

/** `coredns.start`, NODE/proc -> NODE/coredns: the program runs. A second one on the node shares the cache. */
function start(world: ModelWorld, event: SimEvent): void {
  const node = placeOf(event.to)
  const zone = world.get('dnsZones', node)
  if (!zone) world.put('dnsZones', node, { node, namespaces: [], synced: [] })
  else if (event.kind === 'coredns.start' || WATCHED.every((resource) => zone.synced.includes(resource))) return
  world.because('DN1', { watches: WATCHED })
  for (const resource of WATCHED) {
    const request: ApiRequest = {
      verb: 'watch',
      resource,
      userAgent: 'coredns',
      ...(resource === 'endpointslices' ? { group: 'discovery.k8s.io' } : {}),
    }
    sendOver(world, 'api.request', 'apiserver', request)
  }
  // Until all three lists are in.
  world.send('timer.coredns-retry', event.to, {}, { delayMicros: 5 * SECOND })
}

function put(world: ModelWorld, name: DnsNameRecord): void {
  const empty = name.service === undefined && Object.keys(name.slices).length === 0
  world.put('dnsNames', `${name.node}|${name.key}`, empty ? undefined : name)
}

function watched(world: ModelWorld, event: SimEvent<ApiWatchEvent>): void {
  const node = placeOf(event.to)
  const zone = world.get('dnsZones', node)
  if (!zone) return
  const { type, resource, object } = event.data
  const change = (more: Partial<DnsZoneRecord>) => world.put('dnsZones', node, { ...zone, ...more })
  if (type === 'BOOKMARK') {
    if (!zone.synced.includes(resource)) change({ synced: [...zone.synced, resource] })
    return
  }
  const { name, namespace = '' } = object.metadata
  const gone = type === 'DELETED'
  if (resource === 'namespaces') {
    const others = zone.namespaces.filter((n) => n !== name)
    return change({ namespaces: gone ? others : [...others, name] })
  }
  const key =
    resource === 'services'
      ? `${namespace}/${name}`
      : `${namespace}/${object.metadata.labels?.['kubernetes.io/service-name']}`
  const before = world.get('dnsNames', `${node}|${key}`) ?? { node, key, slices: {} }
  if (resource === 'services') {
    const { service: _old, ...rest } = before
    return put(world, gone ? rest : { ...rest, service: object as unknown as Service })
  }
  const { [name]: _slice, ...slices } = before.slices
  put(world, { ...before, slices: gone ? slices : { ...slices, [name]: object as unknown as EndpointSlice } })
}

export const zoneWatch: ModelComponent = {
  roles: ['coredns'],
  rules: [
    {
      id: 'DN1',
      says: 'CoreDNS answers from its own copy of Services, EndpointSlices and namespaces, fed by watches.',
      source: 'coredns plugin/kubernetes/controller.go newdnsController',
    },
  ],
  tables: { dnsNames: { owner: 'dns', indexes: { node: (r) => r.node } }, dnsZones: { owner: 'dns' } },
  handlers: {
    'coredns.start': start,
    'timer.coredns-retry': start,
    'api.response': () => {},
    'api.watch': watched,
  },
}
