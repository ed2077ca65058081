/** Places with an address: network namespaces of nodes, and the machines outside. Who is where on which wire. */
import type { MachineRecord, ModelReader, NetPlace } from '../../tables.ts'
import { MapRules } from '../netfilter/ruleset.ts'
import type { NetNamespace } from '../netfilter/namespace.ts'
import { liveRules } from '../netfilter/live-rules.ts'
import { passesOf } from './facilities.ts'
import { roomFor, timeoutsOf } from './conntrack-limits.ts'
import { findConntrack } from './conntrack-table.ts'
import { joined } from '../../../sim/joined.ts'

/** The docker host is the gateway of the node network; what lies behind it is the internet of the lab. */
export const OUTSIDE = {
  laptop: '172.18.0.1',
  external: '203.0.113.10',
  registry: '203.0.113.20',
  cloud: '203.0.113.30',
} as const
export const GATEWAY = OUTSIDE.laptop
export type OutsideHost = keyof typeof OUTSIDE

/** The actor at whose door a packet arrives: the host's kernel, a pod's process, or a machine outside. */
export function actorOf(place: NetPlace): string {
  if ('host' in place) return place.host
  return place.netns === '' ? `${place.node}/kernel` : `${place.node}/proc`
}

export const isOutside = (place: NetPlace): place is { host: OutsideHost } => 'host' in place

export function samePlace(a: NetPlace, b: NetPlace): boolean {
  if ('host' in a || 'host' in b) return 'host' in a && 'host' in b && a.host === b.host
  return a.node === b.node && a.netns === b.netns
}

export function machineWithIp(reader: ModelReader, ip: string): MachineRecord | undefined {
  return reader.all('machines').find((machine) => machine.ip === ip)
}

export function outsideWithIp(ip: string): OutsideHost | undefined {
  return (Object.keys(OUTSIDE) as OutsideHost[]).find((host) => OUTSIDE[host] === ip)
}

const NO_RULES = new MapRules(4)

/** A namespace of a pod has no rules of its own and tracks no connections. */
export function namespaceOf(reader: ModelReader, node: string, netns: string): NetNamespace {
  const key = joined(node, netns)
  const host = netns === ''
  const sysctls = reader.get('netns', key)?.sysctls ?? {}
  return {
    rules: host ? liveRules(reader, node) : NO_RULES,
    links: reader.by('links', 'netns', key),
    routes: reader.by('routes', 'netns', key),
    conntrack: host ? (tuple) => findConntrack(reader, node, tuple) : () => undefined,
    sysctls: {
      // kubeadm asks for forwarding; kube-proxy sets route_localnet at its start
      ipForward: host && (sysctls['net.ipv4.ip_forward'] ?? '1') === '1',
      routeLocalnet: host && sysctls['net.ipv4.conf.all.route_localnet'] === '1',
    },
    recent: (list, address) =>
      reader.get('recent', `${node}|${list}|${address}`)?.seen.map((at) => (reader.now - at) / 1_000_000),
    nowSeconds: reader.now / 1_000_000,
    ...(host ? { timeouts: timeoutsOf(reader, node), room: (tuple) => roomFor(reader, node, tuple) } : {}),
    ...(host ? { passes: passesOf(reader, node) } : {}),
  }
}

/** The address a socket of this place uses towards the world: the first that is not loopback. */
export function primaryAddress(reader: ModelReader, place: NetPlace): string | undefined {
  if ('host' in place) return OUTSIDE[place.host]
  for (const link of reader.by('links', 'netns', joined(place.node, place.netns)))
    for (const address of link.addresses)
      if (!address.startsWith('127.') && !address.includes(':')) return address.split('/')[0]
  return undefined
}
