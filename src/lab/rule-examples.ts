/** Dumps to try, written by the model's own kube-proxy on a node made for it. */
import type { Service } from '../model/apiserver/objects.ts'
import type { ProxyModeName } from '../model/kube-proxy/mode.ts'
import { MODES } from '../model/kube-proxy/modes.ts'
import { newStage, serviceOf, sliceOf, type StagePod } from '../model/linux/net/stage.ts'
import { textOf } from './mode-text.ts'
import type { Example, PacketForm } from './rules-protocol.ts'

const NODE = 'worker-1'
const NODE_IP = '172.18.0.3'
const CLIENT: StagePod = { name: 'client', node: NODE, ip: '10.244.1.20' }
const WEB: readonly StagePod[] = [
  { name: 'web-1', node: NODE, ip: '10.244.1.14', tcp: [8080] },
  { name: 'web-2', node: NODE, ip: '10.244.1.23', tcp: [8080] },
  { name: 'web-3', node: 'worker-2', ip: '10.244.2.31', tcp: [8080] },
]
const VIP = '10.96.44.17'
const PORTS = [{ name: 'http', port: 8080, protocol: 'TCP' }]

const web = (more: object = {}): Service =>
  serviceOf('web', {
    type: 'ClusterIP',
    clusterIP: VIP,
    ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080, nodePort: 30080 }],
    ...more,
  })
const clusterOnly = (): Service =>
  serviceOf('web', { type: 'ClusterIP', clusterIP: VIP, ports: [{ name: 'http', port: 80, protocol: 'TCP' }] })

const packet = (of: Partial<PacketForm>): PacketForm => ({
  proto: 'tcp',
  src: CLIENT.ip,
  sport: '40000',
  dst: VIP,
  dport: '80',
  inDev: '',
  nodeIps: `${NODE_IP} 10.244.1.1`,
  known: false,
  ...of,
})

interface Kind {
  readonly mode: ProxyModeName
  readonly service: () => Service
  readonly pods: readonly StagePod[]
  readonly packet: PacketForm
}

const KINDS: Readonly<Record<string, Kind>> = {
  'cluster-ip': { mode: 'iptables', service: clusterOnly, pods: WEB, packet: packet({}) },
  hairpin: { mode: 'iptables', service: clusterOnly, pods: WEB.slice(0, 1), packet: packet({ src: WEB[0]!.ip }) },
  'no-endpoints': { mode: 'iptables', service: clusterOnly, pods: [], packet: packet({}) },
  'node-port-local': {
    mode: 'iptables',
    service: () => web({ type: 'NodePort', externalTrafficPolicy: 'Local' }),
    pods: WEB.slice(2),
    packet: packet({ src: '198.51.100.7', dst: NODE_IP, dport: '30080' }),
  },
  nftables: { mode: 'nftables', service: clusterOnly, pods: WEB, packet: packet({}) },
}

export function exampleOf(id: string): Example {
  const kind = KINDS[id]
  if (!kind) throw new Error(`There is no example ${id}.`)
  if (!MODES[kind.mode]) throw new Error(`This build does not have the mode ${kind.mode} yet.`)
  const nodes = [{ name: NODE, ip: NODE_IP, pods: '10.244.1' }]
  const stage = newStage(nodes, [])
  stage.machine.input({ kind: 'proxy.settings', to: `${NODE}/kube-proxy`, data: { mode: kind.mode } })
  stage.startProxies(
    [kind.service()],
    [
      sliceOf(
        'web',
        kind.pods.map((pod) => ({ ip: pod.ip, node: pod.node })),
        PORTS,
      ),
    ],
  )
  const text = textOf(kind.mode, stage.machine.reader, NODE)
  if (text === undefined) throw new Error(`This build does not print the tables of the mode ${kind.mode} yet.`)
  return { text, packet: kind.packet }
}
