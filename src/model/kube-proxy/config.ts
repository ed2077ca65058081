/** What kube-proxy was started with and what it knows of its node. pkg/proxy/apis/config, pkg/proxy/util. */
import { type Cidr, cidrContains, type Ip, isLoopback, parseCidr, parseIp } from '../linux/netfilter/address.ts'

/** Defaults of KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1, defaults.go). */
export const DEFAULTS = {
  bindAddress: '0.0.0.0',
  healthzBindAddress: '0.0.0.0:10256',
  metricsBindAddress: '127.0.0.1:10249',
  configSyncPeriod: '15m',
  iptables: {
    syncPeriod: '30s',
    minSyncPeriod: '1s',
    localhostNodePorts: true,
    masqueradeBit: 14,
    masqueradeAll: false,
  },
  nftables: { syncPeriod: '30s', minSyncPeriod: '1s', masqueradeBit: 14, masqueradeAll: false },
  conntrack: {
    maxPerCore: 32_768,
    min: 131_072,
    tcpEstablishedTimeout: '24h',
    tcpCloseWaitTimeout: '1h',
    tcpBeLiberal: false,
  },
  clientConnection: { qps: 5, burst: 10 },
  detectLocalMode: 'ClusterCIDR',
  /** What no nodePortAddresses at all mean (platformApplyDefaults). */
  nodePortAddresses: {
    iptables: 'unset = all local addresses',
    ipvs: 'unset = all local addresses',
    nftables: 'unset = primary (node IPs only)',
  },
  oomScoreAdj: -999,
} as const

export interface ProxierConfig {
  readonly family: 4 | 6
  readonly nodeName: string
  readonly nodeIP: string
  /** `192.168.0.2/24` of every interface of the node. */
  readonly nodeAddresses: readonly string[]
  readonly zone: string
  readonly masqueradeAll: boolean
  /** As it is written into rules. */
  readonly masqueradeMark: string
  readonly localhostNodePorts: boolean
  /** CIDRs; empty: every address of the node. */
  readonly nodePortAddresses: readonly string[]
  readonly tcpBeLiberal: boolean
  readonly randomFully: boolean
  /** Counters that the kernel could make. */
  readonly nfacct: { readonly invalidDropped: boolean; readonly localhostNodePorts: boolean }
  /** How a packet from a pod of this cluster or node is told; undefined: it cannot be. */
  readonly localDetector: { readonly ifLocal: string; readonly ifNotLocal: string } | undefined
  readonly nodeHints: boolean
  /** ServiceCIDRs of this family, joined with `,`. Only nftables mode asks for them. */
  readonly serviceCIDRs?: string
}

/** `%#08x` of the masquerade bit: 14 gives 0x004000 (backend.go NewBackend). */
export function masqueradeMark(bit: number): string {
  return `0x${((1 << bit) >>> 0).toString(16).padStart(6, '0')}`
}

/** pkg/proxy/util/localdetector.go */
export function localDetector(
  mode: string | undefined,
  of: { cidrs?: readonly string[]; bridge?: string; prefix?: string },
  family: 4 | 6,
): ProxierConfig['localDetector'] {
  switch (mode) {
    case 'ClusterCIDR':
    case 'NodeCIDR': {
      const cidr = (of.cidrs ?? []).map((text) => parseCidr(text.trim())).find((c) => c?.family === family)
      return cidr && { ifLocal: `-s ${cidr.text}`, ifNotLocal: `! -s ${cidr.text}` }
    }
    case 'BridgeInterface':
      return of.bridge ? { ifLocal: `-i ${of.bridge}`, ifNotLocal: `! -i ${of.bridge}` } : undefined
    case 'InterfaceNamePrefix':
      return of.prefix ? { ifLocal: `-i ${of.prefix}+`, ifNotLocal: `! -i ${of.prefix}+` } : undefined
    default:
      return undefined
  }
}

/** pkg/proxy/util/nodeport_addresses.go NodePortAddresses */
export interface NodePortAddresses {
  readonly matchAll: boolean
  readonly cidrs: readonly Cidr[]
  readonly containsLoopback: boolean
}

const LOOPBACK = parseIp('127.0.0.1')!

export function nodePortAddresses(texts: readonly string[], family: 4 | 6): NodePortAddresses {
  let cidrs = texts.map((text) => parseCidr(text)).filter((c): c is Cidr => c?.family === family)
  // none of this family: all of it
  if (cidrs.length === 0) cidrs = [parseCidr(family === 4 ? '0.0.0.0/0' : '::/0')!]
  return {
    matchAll: cidrs.some((cidr) => cidr.prefix === 0),
    cidrs,
    containsLoopback:
      family === 4 && cidrs.some((cidr) => cidrContains(cidr, LOOPBACK) || cidr.words[0]! >>> 24 === 127),
  }
}

/** GetNodeIPs: the node's own addresses that the CIDRs choose. */
export function nodePortIPs(addresses: NodePortAddresses, nodeAddresses: readonly string[], family: 4 | 6): Ip[] {
  const chosen = new Map<string, Ip>()
  for (const cidr of addresses.cidrs)
    for (const text of nodeAddresses) {
      const ip = parseIp(text.split('/')[0]!)
      if (ip?.family === family && cidrContains(cidr, ip)) chosen.set(ip.text, ip)
    }
  return [...chosen.values()]
}

/** NodePorts on 127.0.0.1 work for IPv4 only, and only where the chosen addresses hold it (NewProxier). */
export function servesLocalhost(config: ProxierConfig): boolean {
  return (
    config.family === 4 && config.localhostNodePorts && nodePortAddresses(config.nodePortAddresses, 4).containsLoopback
  )
}

export { isLoopback }
