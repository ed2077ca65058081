/**
 * CoreDNS with the Corefile of kubeadm: the zone cluster.local from the API, everything else forwarded.
 * Upstream: coredns plugin/kubernetes (kubernetes.go, lookup.go, object/), plugin/forward.
 */
import type { EndpointPort, EndpointSlice, Service } from '../apiserver/objects.ts'
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
  all(): readonly { readonly service?: Service }[]
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

type Host = { ip: string; host: string; ports: readonly EndpointPort[] }

/** The endpoints that have a name: ready ones, each by its hostname or by its address with dashes. */
function hostsOf(zone: Zone, namespace: string, service: string): Host[] {
  const hosts = new Map<string, Host>()
  for (const slice of zone.slices(namespace, service)) {
    if (slice.addressType !== undefined && slice.addressType !== 'IPv4') continue
    for (const endpoint of slice.endpoints ?? []) {
      if (endpoint.conditions?.ready === false) continue
      for (const ip of endpoint.addresses) {
        const known = hosts.get(ip)
        const ports = [...(known?.ports ?? []), ...(slice.ports ?? [])]
        hosts.set(ip, { ip, host: endpoint.hostname ?? ip.replaceAll('.', '-'), ports })
      }
    }
  }
  return [...hosts.values()]
}

export function answerFromZone(zone: Zone, query: DnsQuery, depth = 0): DnsResponse | undefined {
  const name = query.name.toLowerCase().replace(/\.$/, '')
  if (name.endsWith('.in-addr.arpa')) return reverse(zone, query, name)
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
  if (spec.type === 'ExternalName') return alias(zone, query, spec.externalName ?? '', depth)
  const port = labels.length === 2 && labels.every((l) => l.startsWith('_')) ? labels : undefined
  const host = port || labels.length !== 1 ? undefined : labels[0]
  if (labels.length > (port ? 2 : 1)) return missing()
  const headless = spec.clusterIP === 'None'
  if (!headless && host === undefined) {
    if (query.type === 'SRV' || port) return srv(query, serviceRecords(service), port)
    return reply(query, 'NOERROR', query.type === 'A' && spec.clusterIP ? [spec.clusterIP] : [])
  }
  // kubernetes.go findServices: a headless Service, or one endpoint by its name.
  const all = hostsOf(zone, namespace, serviceName)
  const chosen = host === undefined ? all : all.filter((e) => e.host === host)
  if (chosen.length === 0) return missing()
  const domain = `${serviceName}.${namespace}.svc.${CLUSTER_DOMAIN}.`
  if (query.type === 'SRV') {
    const records = chosen.flatMap((e) => e.ports.map((p) => ({ ...p, target: `${e.host}.${domain}` })))
    return srv(query, records, port)
  }
  return reply(query, 'NOERROR', query.type === 'A' ? chosen.map((e) => e.ip) : [])
}

/** ExternalName: the other name, and what that one resolves to (plugin/backend_lookup.go A: CNAME). */
function alias(zone: Zone, query: DnsQuery, target: string, depth: number): DnsResponse {
  const name = target.replace(/\.$/, '')
  const cname = { name: `${query.name}.`, type: 'CNAME', ttl: TTL, value: `${name}.` }
  const next: DnsQuery = { ...query, name }
  const found = depth < 8 ? (answerFromZone(zone, next, depth + 1) ?? answerOutside(next)) : undefined
  return { ...reply(query, 'NOERROR'), answers: [cname, ...(found?.answers ?? [])] }
}

type ServiceRecord = { name?: string; protocol?: string; port?: number; target: string }

const serviceRecords = ({ metadata, spec }: Service): ServiceRecord[] => {
  const target = `${metadata.name}.${metadata.namespace}.svc.${CLUSTER_DOMAIN}.`
  return (spec.ports ?? []).map(({ name, protocol, port }) => ({ name, protocol, port, target }))
}

/** One record a port (and endpoint); they share a weight of 100. */
function srv(query: DnsQuery, records: readonly ServiceRecord[], labels: readonly string[] | undefined): DnsResponse {
  const found = records.filter(
    (r) => !labels || (`_${r.name ?? ''}` === labels[0] && `_${(r.protocol ?? 'TCP').toLowerCase()}` === labels[1]),
  )
  if (found.length === 0) return reply(query, 'NXDOMAIN')
  if (query.type !== 'SRV') return reply(query, 'NOERROR')
  const weight = Math.max(1, Math.floor(100 / found.length))
  return reply(query, 'NOERROR', found.map((r) => `0 ${weight} ${r.port ?? 0} ${r.target}`)) // prettier-ignore
}

/** reverse.go: the Service with this cluster IP, else the endpoints with this address. */
function reverse(zone: Zone, query: DnsQuery, name: string): DnsResponse | undefined {
  const ip = name.replace(/\.in-addr\.arpa$/, '').split('.').reverse().join('.') // prettier-ignore
  const domains: string[] = []
  for (const { service } of zone.all())
    if (service?.spec.clusterIPs?.includes(ip))
      domains.push(`${service.metadata.name}.${service.metadata.namespace}.svc.${CLUSTER_DOMAIN}.`)
  if (domains.length === 0)
    for (const { service } of zone.all()) {
      const { name: of, namespace = '' } = service?.metadata ?? { name: '' }
      for (const { host } of hostsOf(zone, namespace, of).filter((e) => e.ip === ip))
        domains.push(`${host}.${of}.${namespace}.svc.${CLUSTER_DOMAIN}.`)
    }
  // fallthrough in-addr.arpa
  return domains.length === 0 ? undefined : reply(query, 'NOERROR', query.type === 'PTR' ? domains : [])
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
    all: () => reader.by('dnsNames', 'node', node),
  }
}

/** What the kubernetes plugin watches. */
export const WATCHED = ['services', 'endpointslices', 'namespaces'] as const

export function answerQuery(reader: ModelReader, node: string, query: DnsQuery): DnsResponse {
  const zone = zoneOf(reader, node)
  if (!zone) return reply(query, 'SERVFAIL', [], false)
  return answerFromZone(zone, query) ?? answerOutside(query)
}
