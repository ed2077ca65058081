/** Endpoints of each Service port out of its EndpointSlices: pkg/proxy/endpointslicecache.go, pkg/proxy/endpoint.go. */
import type { EndpointSlice } from '../apiserver/objects.ts'
import { joinHostPort, parseIp } from '../linux/netfilter/address.ts'
import { endpointChainName } from './chain-names.ts'
import { portKey } from './service-port.ts'

export interface EndpointInfo {
  readonly ip: string
  readonly port: number
  /** `ip:port` */
  readonly text: string
  readonly isLocal: boolean
  readonly ready: boolean
  readonly serving: boolean
  readonly terminating: boolean
  readonly zoneHints: readonly string[]
  readonly nodeHints: readonly string[]
  /** Its KUBE-SEP chain. */
  readonly chain: string
}

/** By `portKey`. */
export type EndpointsByPort = Readonly<Record<string, readonly EndpointInfo[]>>

export function serviceOfSlice(slice: EndpointSlice): string | undefined {
  const name = slice.metadata.labels?.['kubernetes.io/service-name']
  return name ? `${slice.metadata.namespace ?? 'default'}/${name}` : undefined
}

const NO_HINTS: readonly string[] = []

/** Most addresses stand there as they should: these cost no parsing. */
function canonicalIp(text: string, family: 4 | 6): string | undefined {
  if (family === 4 && isCanonical4(text)) return text
  const ip = parseIp(text)
  return ip?.family === family ? ip.text : undefined
}

/** Four numbers up to 255 without leading zeros. */
function isCanonical4(text: string): boolean {
  let octets = 0
  let octet = -1
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 46) {
      if (octet < 0) return false
      octets++
      octet = -1
    } else if (code < 48 || code > 57 || octet === 0) return false
    else {
      octet = (octet < 0 ? 0 : octet * 10) + code - 48
      if (octet > 255) return false
    }
  }
  return octets === 3 && octet >= 0
}

/** Sorted by the text `ip:port`: 10.244.0.10 comes before 10.244.0.8. */
export function endpointsOfSlices(
  service: string,
  slices: readonly EndpointSlice[],
  family: 4 | 6,
  nodeName: string,
): EndpointsByPort {
  const byPort: Record<string, Map<string, EndpointInfo>> = {}
  for (const slice of slices) {
    if (slice.addressType !== (family === 4 ? 'IPv4' : 'IPv6')) continue
    for (const port of slice.ports ?? []) {
      if (port.port === undefined || port.port === null) continue
      const key = portKey(port.name, port.protocol)
      const name = port.name ? `${service}:${port.name}` : service
      const protocol = (port.protocol ?? 'TCP').toLowerCase()
      const found = (byPort[key] ??= new Map())
      for (const endpoint of slice.endpoints ?? []) {
        const ip = canonicalIp(endpoint.addresses[0] ?? '', family)
        if (ip === undefined) continue
        const text = joinHostPort(ip, port.port)
        const isLocal = endpoint.nodeName !== undefined && endpoint.nodeName === nodeName
        // the same address in two slices counts once, and local wins
        if (found.has(text) && !isLocal) continue
        found.set(text, {
          ip,
          port: port.port,
          text,
          isLocal,
          ready: endpoint.conditions?.ready ?? true,
          serving: endpoint.conditions?.serving ?? true,
          terminating: endpoint.conditions?.terminating ?? false,
          zoneHints: endpoint.hints?.forZones?.map((zone) => zone.name) ?? NO_HINTS,
          nodeHints: endpoint.hints?.forNodes?.map((node) => node.name) ?? NO_HINTS,
          chain: endpointChainName(name, protocol, text),
        })
      }
    }
  }
  const out: Record<string, readonly EndpointInfo[]> = {}
  for (const key in byPort)
    out[key] = [...byPort[key]!.values()].sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
  return out
}
