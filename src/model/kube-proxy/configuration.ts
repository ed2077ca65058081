/**
 * The file that kube-proxy reads at start: KubeProxyConfiguration, kubeproxy.config.k8s.io/v1alpha1, from the ConfigMap
 * kube-system/kube-proxy. cmd/kube-proxy/app/options.go loadConfig, pkg/proxy/apis/config/validation/validation.go.
 */
import { HOUR, SECOND } from '../../sim/clock.ts'
import type { Micros } from '../../sim/contract.ts'
import type { ModelReader } from '../tables.ts'
import { fullYaml } from './full-yaml.ts'
import { nodePortAddresses } from './config.ts'
import type { ProxyModeName } from './mode.ts'
import { plainMapping } from './plain-yaml.ts'

/** kubeadm's podSubnet, which it writes into clusterCIDR. */
export const CLUSTER_CIDR = '10.244.0.0/16'

export type ProxyConfiguration = {
  mode: ProxyModeName
  clusterCIDR: string
  masqueradeAll: boolean
  masqueradeBit: number
  localhostNodePorts: boolean
  nodePortAddresses: string[]
  tcpBeLiberal: boolean
  conntrack: ConntrackConfiguration
  minSyncMicros: Micros
  syncMicros: Micros
  /** What one mode alone reads: `scheduler`, `strictARP`, `layout`. */
  options: Record<string, unknown>
}

/** KubeProxyConntrackConfiguration; 0: leave the kernel's value. */
export type ConntrackConfiguration = {
  maxPerCore: number
  min: number
  tcpEstablishedMicros: Micros
  tcpCloseWaitMicros: Micros
  udpMicros: Micros
  udpStreamMicros: Micros
}

/** What a person sets for one node's proxy, over the file that all nodes share. id: node. */
export type ProxySettingsRecord = {
  node: string
  /** From its next start. */
  mode?: ProxyModeName
  /** From its next start: `scheduler` of ipvs, `layout` of nftables (`1.35` or `1.36`). */
  options?: Record<string, unknown>
  /** At once: from hearing of a change to the sync that writes it, besides minSyncPeriod. */
  lagMicros?: Micros
  /** At once; undefined: as configured. */
  minSyncMicros?: Micros
}

export const MODE_NAMES: readonly ProxyModeName[] = ['iptables', 'nftables', 'ipvs', 'userspace', 'ebpf']
/** Those that a configuration file may name. */
const FILE_MODES: readonly string[] = ['iptables', 'ipvs', 'nftables']

type Plain = Record<string, unknown>

/** The configuration in force for a start now, or what kube-proxy says before it exits with 1. */
export function readConfiguration(reader: ModelReader, node: string): ProxyConfiguration | { readonly error: string } {
  const text = reader.get('configmaps', 'kube-system/kube-proxy')?.data?.['config.conf']
  const settings = reader.get('proxySettings', node)
  // without the add-on's ConfigMap: what kubeadm would have written
  const read = text === undefined ? { config: { clusterCIDR: CLUSTER_CIDR } as Plain } : decode(text)
  if ('error' in read) return read
  const { config } = read
  const mode = settings?.mode ?? (config.mode === undefined || config.mode === '' ? 'iptables' : config.mode)
  if (settings?.mode === undefined && !FILE_MODES.includes(String(mode)))
    return {
      error: `failed validate: KubeProxyConfiguration.Mode: Invalid value: ${JSON.stringify(mode)}: must be iptables, ipvs, nftables or blank (blank means the best-available proxy (currently iptables))`,
    }
  const own = (config[mode === 'nftables' || mode === 'ipvs' ? mode : 'iptables'] ?? {}) as Plain
  const iptables = (config.iptables ?? {}) as Plain
  const conntrack = (config.conntrack ?? {}) as Plain
  const addresses = Array.isArray(config.nodePortAddresses) ? config.nodePortAddresses.map(String) : []
  const cidrs = config.clusterCIDR
  return {
    mode: mode as ProxyModeName,
    clusterCIDR: typeof cidrs === 'string' ? cidrs : '',
    masqueradeAll: (mode === 'ipvs' ? iptables : own).masqueradeAll === true,
    masqueradeBit: numberOr((mode === 'ipvs' ? iptables : own).masqueradeBit, 14),
    localhostNodePorts: iptables.localhostNodePorts !== false,
    // platformApplyDefaults: nftables serves node ports on the primary address alone
    nodePortAddresses: mode === 'nftables' && addresses.length === 0 ? ['primary'] : addresses,
    tcpBeLiberal: conntrack.tcpBeLiberal === true,
    conntrack: {
      maxPerCore: numberOr(conntrack.maxPerCore, 32_768),
      min: numberOr(conntrack.min, 131_072),
      tcpEstablishedMicros: durationOr(conntrack.tcpEstablishedTimeout, 24 * HOUR),
      tcpCloseWaitMicros: durationOr(conntrack.tcpCloseWaitTimeout, HOUR),
      udpMicros: durationOr(conntrack.udpTimeout, 0),
      udpStreamMicros: durationOr(conntrack.udpStreamTimeout, 0),
    },
    minSyncMicros: durationOr(own.minSyncPeriod, SECOND),
    syncMicros: durationOr(own.syncPeriod, 30 * SECOND),
    options: { ...(mode === 'ipvs' ? own : {}), ...settings?.options },
  }
}

/** Kernel parameters that it sets before it starts its proxier (setupConntrack; NewProxier: route_localnet). */
export function sysctlsOf(configuration: ProxyConfiguration, cpus: number): Record<string, string> {
  const { conntrack } = configuration
  const values: Record<string, string> = {}
  const name = (short: string): string => `net.netfilter.nf_conntrack_${short}`
  const seconds = (short: string, micros: Micros): void => {
    if (micros > 0) values[name(short)] = String(Math.floor(micros / SECOND))
  }
  const max = conntrackMax(configuration, cpus)
  if (max > 0) values[name('max')] = String(max)
  seconds('tcp_timeout_established', conntrack.tcpEstablishedMicros)
  seconds('tcp_timeout_close_wait', conntrack.tcpCloseWaitMicros)
  if (configuration.tcpBeLiberal) values[name('tcp_be_liberal')] = '1'
  seconds('udp_timeout', conntrack.udpMicros)
  seconds('udp_timeout_stream', conntrack.udpStreamMicros)
  const loopback = nodePortAddresses(configuration.nodePortAddresses, 4).containsLoopback
  if (configuration.mode === 'iptables' && configuration.localhostNodePorts && loopback)
    values['net.ipv4.conf.all.route_localnet'] = '1'
  return values
}

/** getConntrackMax */
export function conntrackMax({ conntrack }: ProxyConfiguration, cpus: number): number {
  return conntrack.maxPerCore > 0 ? Math.max(conntrack.maxPerCore * cpus, conntrack.min) : 0
}

function decode(text: string): { config: Plain } | { error: string } {
  const plain = plainMapping(text)
  const read = plain ? { value: plain } : fullYaml(text)
  if ('complaint' in read)
    return {
      error: `failed complete: couldn't decode as KubeProxyConfiguration, got error: error converting YAML to JSON: yaml: ${read.complaint}`,
    }
  const config = read.value
  if (typeof config !== 'object' || config === null || Array.isArray(config))
    return { error: "failed complete: couldn't get version/kind; json parse error: cannot unmarshal into Go value" }
  const { apiVersion, kind } = config as Plain
  if (kind !== 'KubeProxyConfiguration' || apiVersion !== 'kubeproxy.config.k8s.io/v1alpha1')
    return {
      error: `failed complete: no kind ${JSON.stringify(kind ?? '')} is registered for version ${JSON.stringify(apiVersion ?? '')} in scheme "pkg/proxy/apis/config/scheme/scheme.go:31"`,
    }
  return { config: config as Plain }
}

const numberOr = (value: unknown, other: number): number => (typeof value === 'number' ? value : other)

/** `30s`, `1m30s`; 0 and nothing mean the default. */
function durationOr(value: unknown, other: Micros): Micros {
  let sum = 0
  for (const [, n, unit] of String(value ?? '').matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g))
    sum += Number(n) * { h: 3_600 * SECOND, m: 60 * SECOND, s: SECOND, ms: SECOND / 1_000 }[unit as 'h']
  return sum > 0 ? Math.round(sum) : other
}
