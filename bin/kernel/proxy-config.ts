/** kube-proxy's configuration on a node of a topology, where it is not what kubeadm writes. */
import { localDetector, masqueradeMark, type ProxierConfig } from '../../src/model/kube-proxy/config.ts'
import { CLUSTER_CIDR } from '../../src/model/kube-proxy/configuration.ts'
import type { StageNode } from '../../src/model/linux/net/stage.ts'
import type { Topology } from './topology.ts'

export interface ProxySettings {
  readonly masqueradeAll: boolean
  /** CIDRs; empty: every address; `primary`: the node's own. */
  readonly nodePortAddresses: readonly string[]
}

export function proxyConfig(topology: Topology, node: StageNode): ProxierConfig {
  const settings = topology.proxy ?? { masqueradeAll: false, nodePortAddresses: [] }
  return {
    family: 4,
    nodeName: node.name,
    nodeIP: node.ip,
    nodeAddresses: ['127.0.0.1/8', `${node.ip}/16`, `${node.pods}.1/24`],
    zone: '',
    masqueradeAll: settings.masqueradeAll,
    masqueradeMark: masqueradeMark(14),
    localhostNodePorts: true,
    nodePortAddresses: settings.nodePortAddresses.map((cidr) => (cidr === 'primary' ? `${node.ip}/32` : cidr)),
    tcpBeLiberal: false,
    randomFully: true,
    nfacct: { invalidDropped: false, localhostNodePorts: false },
    localDetector: localDetector('ClusterCIDR', { cidrs: [CLUSTER_CIDR] }, 4),
    nodeHints: true,
  }
}
