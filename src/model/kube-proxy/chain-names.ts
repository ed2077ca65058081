/** Names of chains: pkg/proxy/iptables/proxier.go portProtoHash, servicePortEndpointChainName. */
import { sha256Base32 } from './sha256.ts'

/** `servicePortName` is `namespace/name:port`; `protocol` is in lower case. */
export function portProtoHash(servicePortName: string, protocol: string): string {
  return sha256Base32(servicePortName + protocol, 16)
}

export function endpointChainName(servicePortName: string, protocol: string, endpoint: string): string {
  return `KUBE-SEP-${sha256Base32(servicePortName + protocol + endpoint, 16)}`
}

const SERVICE_CHAIN = /^KUBE-(SVC|SVL|SEP|FW|EXT)-/

/** Chains that kube-proxy makes and takes away per Service and endpoint. */
export function isServiceChainName(chain: string): boolean {
  return SERVICE_CHAIN.test(chain)
}
