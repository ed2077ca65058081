/**
 * Kernel parameters of a machine's own namespace: defaults of Linux and kubeadm's, and what was set since.
 * linux Documentation/networking/{ip-sysctl,nf_conntrack-sysctl,ipvs-sysctl}.rst.
 */
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import type { ModelReader, ModelWorld } from '../tables.ts'

/** `kernel.sysctl`: `sysctl -w`, and what kube-proxy and the kubelet write to /proc/sys. */
export type SysctlRequest = { values: Readonly<Record<string, string>> }

type Default = string | ((reader: ModelReader, node: string) => string)

const conntrackCount: Default = (reader, node) => String(reader.count('conntrack', 'node', node))

/** Those that the model reads or that people look for. A value of another kind is kept and named as without effect. */
export const SYSCTLS: Readonly<Record<string, Default>> = {
  'net.bridge.bridge-nf-call-iptables': '1',
  'net.ipv4.conf.all.arp_announce': '0',
  'net.ipv4.conf.all.arp_ignore': '0',
  'net.ipv4.conf.all.route_localnet': '0',
  'net.ipv4.conf.all.rp_filter': '0',
  'net.ipv4.ip_forward': '1',
  'net.ipv4.ip_local_port_range': '32768\t60999',
  'net.ipv4.vs.conn_reuse_mode': '1',
  'net.ipv4.vs.conntrack': '0',
  'net.ipv4.vs.expire_nodest_conn': '0',
  'net.ipv4.vs.expire_quiescent_template': '0',
  'net.netfilter.nf_conntrack_buckets': '262144',
  'net.netfilter.nf_conntrack_count': conntrackCount,
  'net.netfilter.nf_conntrack_icmp_timeout': '30',
  'net.netfilter.nf_conntrack_generic_timeout': '600',
  'net.netfilter.nf_conntrack_max': '262144',
  'net.netfilter.nf_conntrack_tcp_be_liberal': '0',
  'net.netfilter.nf_conntrack_tcp_loose': '1',
  'net.netfilter.nf_conntrack_tcp_timeout_close': '10',
  'net.netfilter.nf_conntrack_tcp_timeout_close_wait': '60',
  'net.netfilter.nf_conntrack_tcp_timeout_established': '432000',
  'net.netfilter.nf_conntrack_tcp_timeout_fin_wait': '120',
  'net.netfilter.nf_conntrack_tcp_timeout_last_ack': '30',
  'net.netfilter.nf_conntrack_tcp_timeout_syn_recv': '60',
  'net.netfilter.nf_conntrack_tcp_timeout_syn_sent': '120',
  'net.netfilter.nf_conntrack_tcp_timeout_time_wait': '120',
  'net.netfilter.nf_conntrack_udp_timeout': '30',
  'net.netfilter.nf_conntrack_udp_timeout_stream': '120',
}

const READ_ONLY: ReadonlySet<string> = new Set(['net.netfilter.nf_conntrack_count'])

/** undefined: there is no such parameter. */
export function sysctlOf(reader: ModelReader, node: string, name: string): string | undefined {
  const set = reader.get('netns', `${node}|`)?.sysctls[name]
  if (set !== undefined) return set
  const value = SYSCTLS[name]
  return typeof value === 'function' ? value(reader, node) : value
}

/** Why it cannot be written, in the words of sysctl(8). */
export function sysctlProblem(name: string, value: string): string | undefined {
  if (!(name in SYSCTLS)) return `cannot stat /proc/sys/${name.replaceAll('.', '/')}: No such file or directory`
  if (READ_ONLY.has(name)) return `permission denied on key "${name}"`
  return /^\d+(\s+\d+)*$/.test(value.trim()) ? undefined : `setting key "${name}": Invalid argument`
}

export function setSysctls(world: ModelWorld, event: SimEvent<SysctlRequest>): void {
  const id = `${placeOf(event.to)}|`
  const netns = world.get('netns', id)
  if (netns) world.put('netns', id, { ...netns, sysctls: { ...netns.sysctls, ...event.data.values } })
}
