/** A random cluster from a seed: nodes, pods, Services of every kind, their endpoints, and flows to try. */
import type { EndpointSlice, Service } from '../../src/model/apiserver/objects.ts'
import { serviceOf, sliceOf, type StageNode, type StagePod } from '../../src/model/linux/net/stage.ts'
import { nextBits, streamSeed } from '../../src/sim/random.ts'

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
}

export interface Topology {
  readonly seed: number
  readonly nodes: readonly StageNode[]
  readonly pods: readonly StagePod[]
  readonly services: readonly Service[]
  readonly slices: readonly EndpointSlice[]
  readonly flows: readonly Flow[]
}

type Dice = { below(n: number): number; chance(percent: number): boolean; pick<T>(list: readonly T[]): T }

function dice(seed: number, stream: string): Dice {
  let state = streamSeed(seed, stream)
  const below = (n: number): number => {
    const next = nextBits(state)
    state = next.state
    return next.bits % n
  }
  return { below, chance: (percent) => below(100) < percent, pick: (list) => list[below(list.length)]! }
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
  readonly endpoints: number
  readonly clusterIP: string
  readonly outside: readonly string[]
}

export function randomTopology(seed: number): Topology {
  const roll = dice(seed, 'topology')
  const nodes: StageNode[] = []
  for (let i = 0; i < 2 + roll.below(2); i++)
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
  return {
    seed,
    nodes,
    pods,
    services: made.map((m) => m.service),
    slices: made.map((m) => m.slice),
    flows: randomFlows(dice(seed, 'flows'), made, nodes, pods),
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
  const externalIPs = roll.chance(25) ? [`192.0.2.${10 + i}`] : []
  const ingress = type === 'LoadBalancer' ? [`198.51.100.${10 + i}`] : []
  const ranges =
    ingress.length > 0 && roll.chance(35)
      ? [roll.pick(['203.0.113.0/24', '172.18.0.1/32', '10.244.1.0/24', '172.18.0.0/16'])]
      : []
  const outwards = type !== 'ClusterIP' || externalIPs.length > 0
  const etpLocal = outwards && roll.chance(40)
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
    ...(roll.chance(20) ? { internalTrafficPolicy: 'Local' } : {}),
    ...(roll.chance(20)
      ? { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } } }
      : {}),
  }
  const service = serviceOf(
    `svc${i}`,
    spec,
    ingress.length > 0 ? { loadBalancer: { ingress: ingress.map((ip) => ({ ip })) } } : undefined,
  )
  const servers = pods.filter((pod) => pod.tcp)
  const chosen = roll.chance(12) ? [] : servers.filter(() => roll.chance(55))
  const oneNode = roll.chance(25) ? roll.pick(nodes).name : undefined
  const endpoints = chosen
    .filter((pod) => oneNode === undefined || pod.node === oneNode)
    .map((pod) => ({ ip: pod.ip, node: pod.node, conditions: randomConditions(roll) }))
  const slice = sliceOf(
    `svc${i}`,
    endpoints,
    ports.map((p) => ({ name: p.name, port: p.target, protocol: p.protocol })),
  )
  return { service, slice, ports, endpoints: endpoints.length, clusterIP, outside: [...externalIPs, ...ingress] }
}

function randomConditions(roll: Dice): object {
  const n = roll.below(10)
  if (n === 0) return { ready: false, serving: true, terminating: true }
  if (n === 1) return { ready: false, serving: false, terminating: false }
  return { ready: true, serving: true, terminating: false }
}

const FLOWS = 12

function randomFlows(
  roll: Dice,
  made: readonly Made[],
  nodes: readonly StageNode[],
  pods: readonly StagePod[],
): Flow[] {
  const flows: Flow[] = []
  for (let i = 0; i < FLOWS; i++) {
    const target = made[i % made.length]!
    const port = roll.pick(target.ports)
    const from = randomClient(roll, nodes, pods)
    const ways: { dst: string; port: number; what: string }[] = [
      { dst: target.clusterIP, port: port.port, what: 'clusterIP' },
      { dst: target.clusterIP, port: port.port, what: 'clusterIP' },
      ...target.outside.map((dst) => ({ dst, port: port.port, what: 'outside IP' })),
    ]
    if (port.nodePort !== 0) {
      for (const node of nodes) ways.push({ dst: node.ip, port: port.nodePort, what: `node port of ${node.name}` })
      if ('node' in from && port.protocol === 'TCP')
        ways.push({ dst: '127.0.0.1', port: port.nodePort, what: 'node port on localhost' })
    }
    if (roll.chance(6))
      ways.splice(0, ways.length, { dst: target.clusterIP, port: 999, what: 'a port that the Service lacks' })
    else if (roll.chance(4))
      ways.splice(0, ways.length, { dst: '10.96.250.250', port: 80, what: 'an address of no Service' })
    const way = roll.pick(ways)
    const fromOutside = 'host' in from && !nodes.some((node) => node.ip === way.dst)
    flows.push({
      name: `${clientName(from)} to svc${made.indexOf(target)} ${port.name} by ${way.what}`,
      from,
      proto: port.protocol === 'UDP' ? 'udp' : 'tcp',
      dst: way.dst,
      port: way.port,
      ...(fromOutside ? { via: roll.pick(nodes).name } : {}),
      count: 1 + target.endpoints * 8,
    })
  }
  return flows
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
