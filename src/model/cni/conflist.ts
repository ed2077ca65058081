/** The network configuration of a node as the runtime and people read it: /etc/cni/net.d/10-nodeglass.conflist. */
import type { ModelReader } from '../tables.ts'

export const CONFLIST_PATH = '/etc/cni/net.d/10-nodeglass.conflist'
export const NETWORK_NAME = 'nodeglass'
export const BRIDGE = 'cni0'

/** Undefined before the network agent has written it. */
export function conflist(reader: ModelReader, node: string): string | undefined {
  const network = reader.get('cniNodes', node)
  if (!network) return undefined
  return `{
  "cniVersion": "1.0.0",
  "name": "${NETWORK_NAME}",
  "plugins": [
    {
      "type": "bridge",
      "bridge": "${BRIDGE}",
      "isDefaultGateway": true,
      "hairpinMode": true,
      "ipMasq": false,
      "mtu": 1500,
      "ipam": {
        "type": "host-local",
        "dataDir": "/run/cni-ipam-state",
        "ranges": [[{ "subnet": "${network.podCIDR}" }]]
      }
    },
    {
      "type": "portmap",
      "capabilities": { "portMappings": true }
    }
  ]
}
`
}
