/** Names of chains and sets: pkg/proxy/nftables/proxier.go hashAndTruncate, servicePortChainNameBase. */
import type { ServicePortInfo } from '../service-port.ts'
import { sha256Base32 } from '../sha256.ts'

/** knftables.NameLengthMax (256) less the longest prefix (16). */
const LONGEST = 240

function hashed(name: string): string {
  const out = `${sha256Base32(name, 8)}-${name}`
  return out.length > LONGEST ? `${out.slice(0, LONGEST - 3)}...` : out
}

/** `HASH-namespace/service/protocol/port`, after one of `service-`, `local-`, `external-`, `firewall-`. */
export function servicePortBase(service: string, protocol: string, portName: string): string {
  return hashed(`${service}/${protocol}/${portName}`)
}

/** `HASH-namespace/service/protocol/port__ip/port`, after `endpoint-` or `affinity-`. */
export function endpointBase(service: string, protocol: string, portName: string, ip: string, port: number): string {
  return hashed(`${service}/${protocol}/${portName}__${ip.replace(/:/g, '.')}/${port}`)
}

export function portNameOf(info: Pick<ServicePortInfo, 'service' | 'name'>): string {
  return info.name.slice(info.service.length + 1)
}

/** Chains of Services and endpoints have a slash in their name, all others none. */
export function isServiceChainName(chain: string): boolean {
  return chain.includes('/')
}

export function isAffinitySetName(set: string): boolean {
  return set.startsWith('affinity-')
}
