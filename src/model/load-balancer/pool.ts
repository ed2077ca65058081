/** Which Services get an address, and from where. Pure. */
import type { Service } from '../apiserver/objects.ts'

/** The one IPAddressPool of the lab: on the node network, far from its machines. */
export const POOL = { name: 'lab', first: '172.18.255.200', last: '172.18.255.250' } as const
/** Addresses that the cloud outside gives out. */
export const CLOUD_POOL = { name: 'cloud', first: '203.0.113.200', last: '203.0.113.250' } as const
type Pool = { readonly name: string; readonly first: string; readonly last: string }

const PREFIX = 'metallb.io'

export const keyOf = (service: { metadata: { namespace?: string; name: string } }): string =>
  `${service.metadata.namespace ?? 'default'}/${service.metadata.name}`

/** A class names another controller; without one, the controller that runs takes it. */
export const wantsAddress = (service: Service | undefined): service is Service =>
  service?.spec.type === 'LoadBalancer' && service.spec.loadBalancerClass === undefined

export const addressOf = (service: Service): string | undefined => service.status?.loadBalancer?.ingress?.[0]?.ip

const lastByte = (ip: string): number => Number(ip.slice(ip.lastIndexOf('.') + 1))
const network = (ip: string): string => ip.slice(0, ip.lastIndexOf('.') + 1)

export function inPool(pool: Pool, ip: string): boolean {
  const byte = lastByte(ip)
  return network(ip) === network(pool.first) && byte >= lastByte(pool.first) && byte <= lastByte(pool.last)
}

export function poolSize(pool: Pool): number {
  return lastByte(pool.last) - lastByte(pool.first) + 1
}

/** The lowest free address. */
export function nextFree(pool: Pool, used: ReadonlySet<string>): string | undefined {
  for (let byte = lastByte(pool.first); byte <= lastByte(pool.last); byte++) {
    const ip = `${network(pool.first)}${byte}`
    if (!used.has(ip)) return ip
  }
  return undefined
}

type Ports = Service['spec']['ports']
const portsOverlap = (a: Ports, b: Ports): boolean =>
  (a ?? []).some((p) => (b ?? []).some((q) => p.port === q.port && (p.protocol ?? 'TCP') === (q.protocol ?? 'TCP')))

const sharingKey = (service: Service): string =>
  service.metadata.annotations?.[`${PREFIX}/allow-shared-ip`] ??
  service.metadata.annotations?.['metallb.universe.tf/allow-shared-ip'] ??
  ''

/** allocator.go checkSharing: two Services share an address only when both name one key, and no port is used twice. */
export function sharingProblem(service: Service, ip: string, other: Service): string | undefined {
  const key = sharingKey(service)
  if (key === '' || key !== sharingKey(other))
    return `can't change sharing key for "${keyOf(service)}", address also in use by ${keyOf(other)}`
  if (portsOverlap(service.spec.ports, other.spec.ports)) {
    const taken = service.spec.ports!.find((p) => portsOverlap([p], other.spec.ports))!
    return `port ${taken.protocol ?? 'TCP'}/${taken.port} is already in use on "${ip}"`
  }
  return undefined
}

/** getDesiredLbIPs: the annotation, or the old field. */
export function desiredAddress(service: Service): { ip?: string; problem?: string } {
  const a = service.metadata.annotations ?? {}
  const annotated = a[`${PREFIX}/loadBalancerIPs`] ?? a['metallb.universe.tf/loadBalancerIPs'] ?? ''
  const field = service.spec.loadBalancerIP ?? ''
  if (annotated !== '' && field !== '')
    return { problem: `service can not have both ${PREFIX}/loadBalancerIPs and svc.Spec.LoadBalancerIP` }
  const ip = (annotated || field).trim()
  if (ip === '') return {}
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(ip))
    return {
      problem: annotated
        ? `invalid ${PREFIX}/loadBalancerIPs: "${annotated}"`
        : `invalid spec.loadBalancerIP "${field}"`,
    }
  return { ip }
}

export const POOL_ANNOTATION = `${PREFIX}/ip-allocated-from-pool`
