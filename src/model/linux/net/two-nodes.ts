/** Two nodes with a bridge and pods each, for tests of packets: the least world in which kube-proxy and packets run. */
import { Machine } from '../../../sim/machine.ts'
import type { EndpointSlice, Service } from '../../apiserver/objects.ts'
import { kubeProxy } from '../../kube-proxy/component.ts'
import type { LinkRecord, MachineRecord, ModelComponent, ModelWorld, Tables } from '../../tables.ts'
import { kernel } from '../kernel.ts'
import { netfilter } from '../netfilter/component.ts'
import type { ConnectRequest, NetRequest } from './connect.ts'
import { packets } from './component.ts'
import type { ConnectResult } from './result.ts'

const NODES = [
  { name: 'worker-1', ip: '172.18.0.3', pods: '10.244.1' },
  { name: 'worker-2', ip: '172.18.0.4', pods: '10.244.2' },
]

export interface Pod {
  readonly name: string
  readonly node: string
  readonly ip: string
  readonly port?: number
  readonly udp?: number
}

function link(
  world: ModelWorld,
  record: Partial<LinkRecord> & Pick<LinkRecord, 'node' | 'netns' | 'name' | 'kind' | 'addresses'>,
): void {
  world.put('links', `${record.node}|${record.netns}|${record.name}`, {
    index: 1,
    mac: '02:00:00:00:00:01',
    mtu: 1500,
    up: true,
    ...record,
  })
}

function route(world: ModelWorld, node: string, netns: string, dst: string, dev: string, via?: string): void {
  world.put('routes', `${node}|${netns}|${dst}`, { node, netns, dst, dev, ...(via === undefined ? {} : { via }) })
}

function build(world: ModelWorld, pods: readonly Pod[]): void {
  world.put('machines', 'control-plane', {
    name: 'control-plane',
    ip: '172.18.0.2',
    podCIDR: '10.244.0.0/24',
    cable: true,
  } as MachineRecord)
  for (const node of NODES) {
    world.put('machines', node.name, {
      name: node.name,
      ip: node.ip,
      podCIDR: `${node.pods}.0/24`,
      cable: true,
    } as MachineRecord)
    world.put('netns', `${node.name}|`, { node: node.name, name: '', inode: 1, sandboxId: '', sysctls: {} })
    link(world, { node: node.name, netns: '', name: 'lo', kind: 'loopback', addresses: ['127.0.0.1/8'] })
    link(world, { node: node.name, netns: '', name: 'eth0', kind: 'device', addresses: [`${node.ip}/16`] })
    link(world, { node: node.name, netns: '', name: 'cni0', kind: 'bridge', addresses: [`${node.pods}.1/24`] })
    route(world, node.name, '', '172.18.0.0/16', 'eth0')
    route(world, node.name, '', `${node.pods}.0/24`, 'cni0')
    route(world, node.name, '', 'default', 'eth0', '172.18.0.1')
    for (const other of NODES) if (other !== node) route(world, node.name, '', `${other.pods}.0/24`, 'eth0', other.ip)
  }
  for (const pod of pods) {
    const { node, name, ip } = pod
    const gateway = `${ip.slice(0, ip.lastIndexOf('.'))}.1`
    world.put('netns', `${node}|${name}`, { node, name, inode: 2, sandboxId: name, sysctls: {} })
    link(world, { node, netns: name, name: 'lo', kind: 'loopback', addresses: ['127.0.0.1/8'] })
    link(world, {
      node,
      netns: name,
      name: 'eth0',
      kind: 'veth',
      addresses: [`${ip}/24`],
      peer: { netns: '', name: `v-${name}`, index: 9 },
    })
    link(world, {
      node,
      netns: '',
      name: `v-${name}`,
      kind: 'veth',
      addresses: [],
      master: 'cni0',
      peer: { netns: name, name: 'eth0', index: 2 },
    })
    route(world, node, name, `${ip.slice(0, ip.lastIndexOf('.'))}.0/24`, 'eth0')
    route(world, node, name, 'default', 'eth0', gateway)
    for (const [proto, port] of [
      ['tcp', pod.port],
      ['udp', pod.udp],
    ] as const)
      if (port !== undefined)
        world.put('listeners', `${node}|${name}|${proto}|0.0.0.0|${port}`, {
          node,
          netns: name,
          proto,
          ip: '0.0.0.0',
          port,
          pid: 7,
          containerId: name,
        })
  }
}

export interface TwoNodes {
  readonly machine: Machine<Tables>
  readonly results: ConnectResult[]
  run(untilMicros: number): void
  connect(request: ConnectRequest): ConnectResult | undefined
  change(change: (world: ModelWorld) => void): void
  watch(resource: string, type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK', object: object): void
}

/** Programs answer every request with the name of their pod and the peer they see. */
export function twoNodes(pods: readonly Pod[], seed = 1): TwoNodes {
  const results: ConnectResult[] = []
  const changes: ((world: ModelWorld) => void)[] = []
  const stage: ModelComponent = {
    roles: ['stage', 'apiserver', 'wire'],
    rules: [],
    tables: { machines: { owner: 'test' } },
    handlers: {
      build: (world) => build(world, pods),
      change: (world) => changes.shift()?.(world),
      result: (_, event) => void results.push(event.data as ConnectResult),
      'api.request': () => undefined,
      'wire.lost': () => undefined,
    },
  }
  const programs: ModelComponent = {
    roles: ['proc'],
    rules: [],
    handlers: {
      'net.request': (world, event) => {
        const request = event.data as NetRequest
        const response = { from: request.containerId, peer: request.peerIp, at: `${request.ip}:${request.port}` }
        world.send('net.respond', event.from, { flow: request.flow, response }, { delayMicros: 500 })
      },
    },
  }
  const machine = new Machine<Tables>([kernel, netfilter, packets, kubeProxy, stage, programs], { seed })
  const run = (until: number): void => {
    while ((machine.nextAt() ?? Infinity) <= until) machine.step()
    if (until > machine.now) machine.idleUntil(until)
  }
  machine.input({ kind: 'build', to: 'stage', data: {} })
  run(0)
  return {
    machine,
    results,
    run,
    change(change) {
      changes.push(change)
      machine.input({ kind: 'change', to: 'stage', data: {} })
      run(machine.now)
    },
    connect(request) {
      const from = 'host' in request.from ? request.from.host : `${request.from.node}/kernel`
      const before = results.length
      machine.input({ kind: 'net.connect', to: from, data: { ...request, answer: { to: 'stage', kind: 'result' } } })
      const end = machine.now + request.timeoutMicros + 1_000_000
      while (results.length === before && (machine.nextAt() ?? Infinity) <= end) machine.step()
      return results[before]
    },
    watch(resource, type, object) {
      for (const node of NODES)
        machine.input({
          kind: 'api.watch',
          from: 'apiserver',
          to: `${node.name}/kube-proxy`,
          data: { watch: 'w', type, resource, object },
        })
    },
  }
}

/** Starts kube-proxy on both nodes with these objects as its first lists. */
export function startProxies(stage: TwoNodes, services: readonly Service[], slices: readonly EndpointSlice[]): void {
  for (const node of NODES)
    stage.machine.input({ kind: 'kube-proxy.start', to: `${node.name}/kube-proxy`, data: { pid: 42 } })
  for (const service of services) stage.watch('services', 'ADDED', service)
  for (const slice of slices) stage.watch('endpointslices', 'ADDED', slice)
  stage.watch('services', 'BOOKMARK', {})
  stage.watch('endpointslices', 'BOOKMARK', {})
  stage.run(stage.machine.now + 2_000_000)
}

export function serviceOf(
  name: string,
  clusterIP: string,
  port: number,
  more: object = {},
  protocol: 'TCP' | 'UDP' = 'TCP',
): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp: '' },
    spec: { type: 'ClusterIP', clusterIP, ports: [{ name: 'main', port, protocol }], ...more },
  } as Service
}

export function sliceOf(
  service: string,
  pods: readonly Pod[],
  port: number,
  protocol: 'TCP' | 'UDP' = 'TCP',
): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${service}-x`,
      namespace: 'default',
      uid: service,
      resourceVersion: '1',
      creationTimestamp: '',
      labels: { 'kubernetes.io/service-name': service },
    },
    addressType: 'IPv4',
    endpoints: pods.map((pod) => ({ addresses: [pod.ip], nodeName: pod.node, conditions: { ready: true } })),
    ports: [{ name: 'main', port, protocol }],
  } as EndpointSlice
}
