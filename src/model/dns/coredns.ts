/**
 * CoreDNS with the Corefile of kubeadm: the zone cluster.local from the API, everything else forwarded.
 * Upstream: coredns plugin/kubernetes (kubernetes.go, lookup.go, object/), plugin/forward.
 */
import type { EndpointSlice, Service } from '../apiserver/objects.ts'
import type { ModelReader } from '../tables.ts'
import type { DnsQuery, DnsResponse } from '../images/payloads.ts'
import { CLUSTER_DOMAIN } from './resolv-conf.ts'

/** TTL of the kubernetes plugin as kubeadm sets it. */
const TTL = 30

/** What CoreDNS knows: its cache of the API. */
export type Zone = {
  service(namespace: string, name: string): Service | undefined
  slices(namespace: string, name: string): readonly EndpointSlice[]
  hasNamespace(namespace: string): boolean
}

const reply = (
  query: DnsQuery,
  rcode: DnsResponse['rcode'],
  values: readonly string[] = [],
  authoritative = true,
): DnsResponse => ({
  protocol: 'dns',
  rcode,
  name: query.name,
  authoritative,
  answers: values.map((value) => ({ name: `${query.name}.`, type: query.type, ttl: TTL, value })),
})

export function answerFromZone(zone: Zone, query: DnsQuery): DnsResponse | undefined {
  const name = query.name.toLowerCase().replace(/\.$/, '')
  if (name !== CLUSTER_DOMAIN && !name.endsWith(`.${CLUSTER_DOMAIN}`)) return undefined
  const labels = name.slice(0, -CLUSTER_DOMAIN.length - 1).split('.')
  const kind = labels.pop()
  const namespace = labels.pop()
  const missing = () => reply(query, 'NXDOMAIN')
  if (kind === 'pod' && namespace !== undefined && labels.length === 1) {
    // `pods insecure`: any address in dashes resolves to itself.
    const ip = labels[0]!.replaceAll('-', '.')
    return /^\d+\.\d+\.\d+\.\d+$/.test(ip) ? reply(query, 'NOERROR', query.type === 'A' ? [ip] : []) : missing()
  }
  if (kind !== 'svc' || namespace === undefined) return missing()
  const serviceName = labels.pop()
  if (serviceName === undefined) return zone.hasNamespace(namespace) ? reply(query, 'NOERROR') : missing()
  const service = zone.service(namespace, serviceName)
  if (!service) return missing()
  const { spec } = service
  if (spec.type === 'ExternalName') return reply(query, 'NOERROR', [`${spec.externalName}.`])
  const headless = spec.clusterIP === 'None'
  if (!headless) {
    if (labels.length > 0) return query.type === 'SRV' ? srv(zone, query, service, labels) : missing()
    return reply(query, 'NOERROR', query.type === 'A' && spec.clusterIP ? [spec.clusterIP] : [])
  }
  const endpoints: { ip: string; host: string }[] = []
  for (const slice of zone.slices(namespace, serviceName))
    for (const endpoint of slice.endpoints ?? []) {
      if (endpoint.conditions?.ready === false && !spec.publishNotReadyAddresses) continue
      for (const ip of endpoint.addresses) endpoints.push({ ip, host: endpoint.hostname ?? ip.replaceAll('.', '-') })
    }
  const host = labels.at(-1)
  const chosen = host === undefined ? endpoints : endpoints.filter((e) => e.host === host)
  if (chosen.length === 0) return missing()
  return reply(query, 'NOERROR', query.type === 'A' ? chosen.map((e) => e.ip) : [])
}

function srv(_zone: Zone, query: DnsQuery, service: Service, labels: readonly string[]): DnsResponse {
  const [port, protocol] = labels
  const found = service.spec.ports?.find(
    (p) => `_${p.name}` === port && `_${(p.protocol ?? 'TCP').toLowerCase()}` === protocol,
  )
  const target = `${service.metadata.name}.${service.metadata.namespace}.svc.${CLUSTER_DOMAIN}.`
  return found ? reply(query, 'NOERROR', [`0 100 ${found.port} ${target}`]) : reply(query, 'NXDOMAIN')
}

/** Names outside of the cluster go to the resolver of the node, which knows these. */
const OUTSIDE_NAMES: Readonly<Record<string, string>> = {
  'external.lab': '203.0.113.10',
  'example.com': '203.0.113.10',
  'www.example.com': '203.0.113.10',
  'kubernetes.io': '203.0.113.10',
  'registry-1.docker.io': '203.0.113.20',
  'registry.k8s.io': '203.0.113.20',
}

export function answerOutside(query: DnsQuery): DnsResponse {
  const ip = OUTSIDE_NAMES[query.name.replace(/\.$/, '').toLowerCase()]
  if (ip === undefined) return reply(query, 'NXDOMAIN', [], false)
  return reply(query, 'NOERROR', query.type === 'A' ? [ip] : [], false)
}

/** The zone as the CoreDNS of the node has heard of it; undefined while its first lists are not complete. */
export function zoneOf(reader: ModelReader, node: string): Zone | undefined {
  const zone = reader.get('dnsZones', node)
  if (!zone || zone.synced.length < WATCHED.length) return undefined
  const entry = (namespace: string, name: string) => reader.get('dnsNames', `${node}|${namespace}/${name}`)
  return {
    service: (namespace, name) => entry(namespace, name)?.service,
    slices: (namespace, name) => Object.values(entry(namespace, name)?.slices ?? {}),
    hasNamespace: (namespace) => zone.namespaces.includes(namespace),
  }
}

/** What the kubernetes plugin watches. */
export const WATCHED = ['services', 'endpointslices', 'namespaces'] as const

export function answerQuery(reader: ModelReader, node: string, query: DnsQuery): DnsResponse {
  const zone = zoneOf(reader, node)
  if (!zone) return reply(query, 'SERVFAIL', [], false)
  return answerFromZone(zone, query) ?? answerOutside(query)
}
