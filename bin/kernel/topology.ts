/** A random cluster from a seed: nodes, pods, Services of every kind, their endpoints, and flows to try. */
import type { EndpointSlice, Service } from '../../src/model/apiserver/objects.ts'
import { serviceOf, sliceOf, type StageNode, type StagePod } from '../../src/model/linux/net/stage.ts'
import { type Dice, dice } from './dice.ts'

export type Client = { readonly pod: string } | { readonly node: string } | { readonly host: 'laptop' | 'external' }

export interface Flow {
  readonly name: string
  readonly from: Client
  readonly proto: 'tcp' | 'udp'
  readonly dst: string
  readonly port: number
  /** Node to which the outside routes the address. */
  readonly via?: string
  /** How often it is tried on the real kernel, so that every backend is seen. */
  readonly count: number
  /** One client sees one backend. */
  readonly sticky: boolean
  /** What it tries, of `FEATURES`. */
  readonly covers: readonly Feature[]
}

export interface ProxySettings {
  readonly masqueradeAll: boolean
  /** CIDRs; empty: every address; `primary`: the node's own. */
  readonly nodePortAddresses: readonly string[]
}

/** Every run of more than a few topologies must have tried all of them. */
export const FEATURES = [
  'ClusterIP',
  'externalIP',
  'load balancer IP',
  'source ranges',
  'ipMode Proxy',
  'externalTrafficPolicy Local',
  'internalTrafficPolicy Local',
  'session affinity',
  'no endpoints',
  'terminating endpoints',
  'node port from a pod',
  'node port from a node',
  'node port from outside',
  'node port on localhost',
  'node port on the bridge',
  'hairpin',
  'UDP',
  'one node',
  'several nodes',
  'masqueradeAll',
  'nodePortAddresses',
  'a port that the Service lacks',
  'an address of no Service',
] as const
export type Feature = (typeof FEATURES)[number]

export interface Topology {
  readonly seed: number
  readonly nodes: readonly StageNode[]
  readonly pods: readonly StagePod[]
  readonly services: readonly Service[]
  readonly slices: readonly EndpointSlice[]
  readonly flows: readonly Flow[]
  /** undefined: as kubeadm configures kube-proxy. */
  readonly proxy: ProxySettings | undefined
  /** Of this flow the shares of the backends are counted too: all of them are alike. */
  readonly shares: Flow | undefined
}

const TCP_PORTS = [8080, 8081] as const
const UDP_PORT = 5353

interface Port {
  readonly name: string
  readonly port: number
  readonly target: number
  readonly protocol: 'TCP' | 'UDP'
  readonly nodePort: number
}

interface Made {
  readonly service: Service
  readonly slice: EndpointSlice
  readonly ports: readonly Port[]
  /** Names of the pods behind it. */
  readonly backends: readonly string[]
  readonly clusterIP: string
  readonly externalIPs: readonly string[]
  readonly ingress: readonly string[]
  readonly covers: readonly Feature[]
}

const PROXIES: readonly ProxySettings[] = [
  { masqueradeAll: true, nodePortAddresses: [] },
  { masqueradeAll: false, nodePortAddresses: ['172.18.0.0/16'] },
  { masqueradeAll: false, nodePortAddresses: ['primary'] },
  { masqueradeAll: false, nodePortAddresses: ['127.0.0.0/8'] },
  { masqueradeAll: false, nodePortAddresses: ['10.244.0.0/16', '127.0.0.0/8'] },
  { masqueradeAll: true, nodePortAddresses: ['172.18.0.0/16', '127.0.0.0/8'] },
  { masqueradeAll: false, nodePortAddresses: ['198.18.0.0/15'] },
]

/** One topology in so many has the shares of a Service counted. */
const SHARES_EVERY = 10

export function randomTopology(seed: number): Topology {
  const roll = dice(seed, 'topology')
  const nodes: StageNode[] = []
  for (let i = 0; i < (roll.chance(10) ? 1 : 2 + roll.below(2)); i++)
    nodes.push({ name: `n${i + 1}`, ip: `172.18.0.${3 + i}`, pods: `10.244.${i + 1}` })
  const pods: StagePod[] = []
  for (const node of nodes) {
    const servers = 1 + roll.below(3)
    for (let k = 0; k < servers; k++)
      pods.push({
        name: `${node.name}s${k}`,
        node: node.name,
        ip: `${node.pods}.${10 + k * 3}`,
        tcp: TCP_PORTS,
        udp: [UDP_PORT],
      })
    pods.push({ name: `${node.name}c`, node: node.name, ip: `${node.pods}.99` })
  }
  const made: Made[] = []
  const count = 3 + roll.below(4)
  for (let i = 0; i < count; i++) made.push(randomService(roll, i, nodes, pods))
  const proxy = roll.chance(35) ? roll.pick(PROXIES) : undefined
  const shared = seed % SHARES_EVERY === 0 ? evenService(count, pods) : undefined
  if (shared) made.push(shared)
  const general: Feature[] = [nodes.length === 1 ? 'one node' : 'several nodes']
  if (proxy?.masqueradeAll) general.push('masqueradeAll')
  if (proxy && proxy.nodePortAddresses.length > 0) general.push('nodePortAddresses')
  return {
    seed,
    nodes,
    pods,
    services: made.map((m) => m.service),
    slices: made.map((m) => m.slice),
    flows: randomFlows(dice(seed, 'flows'), made, nodes, pods, general),
    proxy,
    shares: shared && {
      name: 'the shares of its backends',
      from: { pod: 'n1c' },
      proto: 'tcp',
      dst: shared.clusterIP,
      port: 80,
      count: 0,
      sticky: false,
      covers: [],
    },
  }
}

/** A plain Service with every server behind it. */
function evenService(i: number, pods: readonly StagePod[]): Made {
  const clusterIP = `10.96.${i}.250`
  const port: Port = { name: 'p0', port: 80, target: 8080, protocol: 'TCP', nodePort: 0 }
  const servers = pods.filter((pod) => pod.tcp)
  const spec = { type: 'ClusterIP', clusterIP, ports: [{ name: 'p0', port: 80, targetPort: 8080, protocol: 'TCP' }] }
  return {
    service: serviceOf(`svc${i}`, spec),
    slice: sliceOf(
      `svc${i}`,
      servers.map((pod) => ({ ip: pod.ip, node: pod.node })),
      [{ name: 'p0', port: 8080, protocol: 'TCP' }],
    ),
    ports: [port],
    backends: servers.map((pod) => pod.name),
    clusterIP,
    externalIPs: [],
    ingress: [],
    covers: [],
  }
}

function randomService(roll: Dice, i: number, nodes: readonly StageNode[], pods: readonly StagePod[]): Made {
  const type = roll.pick(['ClusterIP', 'ClusterIP', 'NodePort', 'NodePort', 'LoadBalancer', 'LoadBalancer'] as const)
  const clusterIP = `10.96.${i}.${10 + roll.below(200)}`
  const ports: Port[] = []
  const udpToo = roll.chance(25)
  for (let p = 0; p < 1 + roll.below(2) + (udpToo ? 1 : 0); p++) {
    const udp = udpToo && p === 0
    ports.push({
      name: `p${p}`,
      port: 80 + p,
      target: udp ? UDP_PORT : roll.pick(TCP_PORTS),
      protocol: udp ? 'UDP' : 'TCP',
      nodePort: type === 'ClusterIP' ? 0 : 30_000 + i * 10 + p,
    })
  }
  const covers: Feature[] = []
  const tell = (feature: Feature, yes: boolean): boolean => {
    if (yes) covers.push(feature)
    return yes
  }
  const externalIPs = roll.chance(25) ? [`192.0.2.${10 + i}`] : []
  const ingress = type === 'LoadBalancer' ? [`198.51.100.${10 + i}`] : []
  const proxyMode = ingress.length > 0 && tell('ipMode Proxy', roll.chance(20))
  const ranges =
    ingress.length > 0 && tell('source ranges', roll.chance(35))
      ? [roll.pick(['203.0.113.0/24', '172.18.0.1/32', '10.244.1.0/24', '172.18.0.0/16'])]
      : []
  const outwards = type !== 'ClusterIP' || externalIPs.length > 0
  const etpLocal = outwards && tell('externalTrafficPolicy Local', roll.chance(40))
  const itpLocal = tell('internalTrafficPolicy Local', roll.chance(20))
  const sticky = tell('session affinity', roll.chance(20))
  const spec = {
    type,
    clusterIP,
    ports: ports.map((p) => ({
      name: p.name,
      port: p.port,
      targetPort: p.target,
      protocol: p.protocol,
      ...(p.nodePort ? { nodePort: p.nodePort } : {}),
    })),
    ...(externalIPs.length > 0 ? { externalIPs } : {}),
    ...(ranges.length > 0 ? { loadBalancerSourceRanges: ranges } : {}),
    ...(etpLocal
      ? { externalTrafficPolicy: 'Local', ...(type === 'LoadBalancer' ? { healthCheckNodePort: 32_000 + i } : {}) }
      : {}),
    ...(itpLocal ? { internalTrafficPolicy: 'Local' } : {}),
    ...(sticky ? { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } } } : {}),
  }
  const status = {
    loadBalancer: { ingress: ingress.map((ip) => ({ ip, ...(proxyMode ? { ipMode: 'Proxy' } : {}) })) },
  }
  const service = serviceOf(`svc${i}`, spec, ingress.length > 0 ? status : undefined)
  const servers = pods.filter((pod) => pod.tcp)
  const chosen = roll.chance(12) ? [] : servers.filter(() => roll.chance(55))
  const oneNode = roll.chance(25) ? roll.pick(nodes).name : undefined
  const leaving = roll.chance(8)
  const behind = chosen.filter((pod) => oneNode === undefined || pod.node === oneNode)
  tell('no endpoints', behind.length === 0)
  const endpoints = behind.map((pod) => {
    const conditions = leaving ? TERMINATING : randomConditions(roll)
    if (conditions === TERMINATING && !covers.includes('terminating endpoints')) covers.push('terminating endpoints')
    return { ip: pod.ip, node: pod.node, conditions }
  })
  const slice = sliceOf(
    `svc${i}`,
    endpoints,
    ports.map((p) => ({ name: p.name, port: p.target, protocol: p.protocol })),
  )
  return { service, slice, ports, backends: behind.map((pod) => pod.name), clusterIP, externalIPs, ingress, covers }
}

const TERMINATING = { ready: false, serving: true, terminating: true }

function randomConditions(roll: Dice): object {
  const n = roll.below(10)
  if (n === 0) return TERMINATING
  if (n === 1) return { ready: false, serving: false, terminating: false }
  return { ready: true, serving: true, terminating: false }
}

const FLOWS = 12

interface Aim {
  readonly dst: string
  readonly port: number
  readonly what: string
  readonly covers: Feature
}

function randomFlows(
  roll: Dice,
  made: readonly Made[],
  nodes: readonly StageNode[],
  pods: readonly StagePod[],
  general: readonly Feature[],
): Flow[] {
  const flows: Flow[] = []
  for (let i = 0; i < FLOWS; i++) {
    const target = made[i % made.length]!
    const port = roll.pick(target.ports)
    const toItself = target.backends.length > 0 && roll.chance(15)
    const from = toItself ? { pod: roll.pick(target.backends) } : randomClient(roll, nodes, pods)
    const aim = randomAim(roll, target, port, from, nodes)
    const fromOutside = 'host' in from && !nodes.some((node) => node.ip === aim.dst)
    const covers: Feature[] = [...general, ...target.covers, aim.covers]
    if ('pod' in from && target.backends.includes(from.pod)) covers.push('hairpin')
    if (port.protocol === 'UDP') covers.push('UDP')
    flows.push({
      name: `${clientName(from)} to svc${made.indexOf(target)} ${port.name} by ${aim.what}`,
      from,
      proto: port.protocol === 'UDP' ? 'udp' : 'tcp',
      dst: aim.dst,
      port: aim.port,
      ...(fromOutside ? { via: roll.pick(nodes).name } : {}),
      // a backend of n is missed once in a million times
      count: target.backends.length < 2 ? 3 : target.backends.length * 14,
      sticky: target.covers.includes('session affinity'),
      covers,
    })
  }
  return flows
}

function randomAim(roll: Dice, target: Made, port: Port, from: Client, nodes: readonly StageNode[]): Aim {
  if (roll.chance(6))
    return { dst: target.clusterIP, port: 999, what: 'a port that it lacks', covers: 'a port that the Service lacks' }
  if (roll.chance(4))
    return { dst: '10.96.250.250', port: 80, what: 'an address of no Service', covers: 'an address of no Service' }
  const cluster: Aim = { dst: target.clusterIP, port: port.port, what: 'clusterIP', covers: 'ClusterIP' }
  const aims: Aim[] = [cluster, cluster]
  for (const dst of target.externalIPs) aims.push({ dst, port: port.port, what: 'external IP', covers: 'externalIP' })
  for (const dst of target.ingress)
    aims.push({ dst, port: port.port, what: 'load balancer IP', covers: 'load balancer IP' })
  if (port.nodePort !== 0) {
    const covers: Feature =
      'pod' in from ? 'node port from a pod' : 'node' in from ? 'node port from a node' : 'node port from outside'
    for (const node of nodes)
      aims.push({ dst: node.ip, port: port.nodePort, what: `node port of ${node.name}`, covers })
    if ('node' in from && port.protocol === 'TCP')
      aims.push({
        dst: '127.0.0.1',
        port: port.nodePort,
        what: 'node port on localhost',
        covers: 'node port on localhost',
      })
    if ('pod' in from && roll.chance(30)) {
      const node = nodes.find((n) => from.pod.startsWith(n.name))!
      aims.push({
        dst: `${node.pods}.1`,
        port: port.nodePort,
        what: 'node port on the bridge',
        covers: 'node port on the bridge',
      })
    }
  }
  return roll.pick(aims)
}

export function clientName(client: Client): string {
  if ('pod' in client) return `pod ${client.pod}`
  return 'node' in client ? `node ${client.node}` : client.host
}

function randomClient(roll: Dice, nodes: readonly StageNode[], pods: readonly StagePod[]): Client {
  const n = roll.below(10)
  if (n < 5) return { pod: roll.pick(pods).name }
  if (n < 7) return { node: roll.pick(nodes).name }
  return { host: roll.pick(['laptop', 'external'] as const) }
}
