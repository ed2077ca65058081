/**
 * What kube-proxy keeps of a Service, one record per port: pkg/proxy/serviceport.go newBaseServiceInfo,
 * pkg/proxy/servicechangetracker.go serviceToServiceMap, pkg/api/v1/service/util.go.
 */
import type { Service } from '../apiserver/objects.ts'
import { type Cidr, parseCidr, parseIp } from '../linux/netfilter/address.ts'
import { portProtoHash } from './chain-names.ts'

export interface ServicePortInfo {
  /** `namespace/name` */
  readonly service: string
  /** `namespace/name:port`, or without `:port` where the port has no name. */
  readonly name: string
  /** Finds the endpoints: port name and protocol. */
  readonly portKey: string
  /** Lower case. */
  readonly protocol: string
  readonly clusterIP: string
  readonly port: number
  readonly nodePort: number
  readonly externalIPs: readonly string[]
  /** Load-balancer addresses that kube-proxy captures. */
  readonly loadBalancerVIPs: readonly string[]
  readonly sourceRanges: readonly Cidr[]
  /** Seconds of ClientIP affinity; 0: none. */
  readonly stickySeconds: number
  readonly externalPolicyLocal: boolean
  readonly internalPolicyLocal: boolean
  readonly healthCheckNodePort: number
  /** Shared by the names of its KUBE-SVC, -SVL, -EXT and -FW chains. */
  readonly hash: string
}

export function portKey(name: string | undefined, protocol: string | undefined): string {
  return `${name ?? ''}/${protocol ?? 'TCP'}`
}

/** The Service is reached from outside by some address (BaseServicePortInfo.ExternallyAccessible). */
export function externallyAccessible(info: ServicePortInfo): boolean {
  return info.nodePort !== 0 || info.loadBalancerVIPs.length > 0 || info.externalIPs.length > 0
}

/** Local external policy still needs the Cluster set, for traffic that starts in the cluster. */
export function usesClusterEndpoints(info: ServicePortInfo): boolean {
  return !info.internalPolicyLocal || externallyAccessible(info)
}

export function usesLocalEndpoints(info: ServicePortInfo): boolean {
  return info.internalPolicyLocal || (info.externalPolicyLocal && externallyAccessible(info))
}

const memo4 = new WeakMap<Service, readonly ServicePortInfo[]>()
const memo6 = new WeakMap<Service, readonly ServicePortInfo[]>()

/** Empty for a Service that kube-proxy leaves alone: headless, ExternalName, of the other family, of another proxy. */
export function servicePorts(service: Service, family: 4 | 6): readonly ServicePortInfo[] {
  const memo = family === 4 ? memo4 : memo6
  let ports = memo.get(service)
  if (!ports) memo.set(service, (ports = readPorts(service, family)))
  return ports
}

function readPorts(service: Service, family: 4 | 6): ServicePortInfo[] {
  const { spec } = service
  const labels = service.metadata.labels ?? {}
  if ('service.kubernetes.io/service-proxy-name' in labels) return []
  if (!spec.clusterIP || spec.clusterIP === 'None' || spec.type === 'ExternalName') return []
  const clusterIP = parseIp(clusterIPOf(service, family) ?? '')
  if (!clusterIP || clusterIP.family !== family) return []
  const accessible =
    spec.type === 'LoadBalancer' ||
    spec.type === 'NodePort' ||
    (spec.type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0)
  const externalPolicyLocal = accessible && spec.externalTrafficPolicy === 'Local'
  const ownFamily = (texts: readonly (string | undefined)[]): string[] =>
    texts.flatMap((text) => {
      const ip = parseIp(text ?? '')
      return ip?.family === family ? [ip.text] : []
    })
  const service_ = `${service.metadata.namespace ?? 'default'}/${service.metadata.name}`
  const shared = {
    service: service_,
    clusterIP: clusterIP.text,
    externalIPs: ownFamily(spec.externalIPs ?? []),
    loadBalancerVIPs: ownFamily(
      (service.status?.loadBalancer?.ingress ?? []).filter((i) => (i.ipMode ?? 'VIP') === 'VIP').map((i) => i.ip),
    ),
    sourceRanges: (spec.loadBalancerSourceRanges ?? []).flatMap((text) => {
      const cidr = text.includes('/') ? parseCidr(text.trim()) : undefined
      return cidr?.family === family ? [cidr] : []
    }),
    stickySeconds:
      spec.sessionAffinity === 'ClientIP' ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800) : 0,
    externalPolicyLocal,
    internalPolicyLocal: spec.internalTrafficPolicy === 'Local',
    healthCheckNodePort: spec.type === 'LoadBalancer' && externalPolicyLocal ? (spec.healthCheckNodePort ?? 0) : 0,
  }
  return (spec.ports ?? []).map((port) => {
    const name = port.name ? `${service_}:${port.name}` : service_
    const protocol = (port.protocol ?? 'TCP').toLowerCase()
    return {
      ...shared,
      name,
      portKey: portKey(port.name, port.protocol),
      protocol,
      port: port.port,
      nodePort: port.nodePort ?? 0,
      hash: portProtoHash(name, protocol),
    }
  })
}

/** pkg/proxy/util GetClusterIPByFamily */
function clusterIPOf(service: Service, family: 4 | 6): string | undefined {
  const { ipFamilies, clusterIP, clusterIPs } = service.spec
  if (!ipFamilies || ipFamilies.length === 0) return clusterIP
  const at = ipFamilies.indexOf(family === 4 ? 'IPv4' : 'IPv6')
  return at < 0 ? undefined : (clusterIPs?.[at] ?? (at === 0 ? clusterIP : undefined))
}
