/** UDP connections that conntrack still sends to endpoints that serve no more: pkg/proxy/conntrack/cleanup.go. */
import { listConntrack } from '../linux/net/conntrack-table.ts'
import { tupleKey } from '../linux/netfilter/packet.ts'
import type { ModelReader } from '../tables.ts'
import type { ProxierConfig } from './config.ts'
import type { ServiceState } from './iptables/sync.ts'

/** Ids of `conntrack` records. */
export function staleUdpEntries(
  reader: ModelReader,
  node: string,
  services: readonly ServiceState[],
  config: ProxierConfig,
): string[] {
  const entries = listConntrack(reader, node).filter((entry) => entry.orig.proto === 'udp')
  if (entries.length === 0) return []
  /** `ip:port`, or `:port` of a node port -> endpoints that serve. */
  const serving = new Map<string, Set<string>>()
  for (const service of services)
    for (const port of service.ports) {
      if (port.protocol !== 'udp') continue
      const endpoints = new Set(
        service
          .endpoints(port)
          .filter((ep) => ep.ready || ep.serving)
          .map((ep) => ep.text),
      )
      // with no endpoint at all the reject rule has the word
      if (endpoints.size === 0) continue
      for (const ip of [port.clusterIP, ...port.externalIPs, ...port.loadBalancerVIPs])
        serving.set(`${ip}:${port.port}`, endpoints)
      if (port.nodePort !== 0) serving.set(`:${port.nodePort}`, endpoints)
    }
  const own = new Set(config.nodeAddresses.map((address) => address.split('/')[0]!))
  return entries
    .filter((entry) => {
      const { orig, reply } = entry
      const endpoints =
        serving.get(`${orig.dst}:${orig.dport}`) ?? (own.has(orig.dst) ? serving.get(`:${orig.dport}`) : undefined)
      return endpoints !== undefined && !endpoints.has(`${reply.src}:${reply.sport}`)
    })
    .map((entry) => `${node}|${tupleKey(entry.orig)}`)
}
