/**
 * A bare cluster of nodes with bridges and pods, with kube-proxy on each and nothing else: for tests of packets, and for
 * the harness that compares the model with a real kernel.
 */
import { Machine } from '../../../sim/machine.ts'
import type { EndpointSlice, Service } from '../../apiserver/objects.ts'
import { kubeProxy } from '../../kube-proxy/component.ts'
import { ipvsTermination } from '../../kube-proxy/ipvs/termination.ts'
import type { LinkRecord, MachineRecord, ModelComponent, ModelWorld, Tables } from '../../tables.ts'
import { bpf } from '../bpf/component.ts'
import { ipvs } from '../ipvs/component.ts'
import { nft } from '../nft/component.ts'
import { kernel } from '../kernel.ts'
import { netfilter } from '../netfilter/component.ts'
import { packets } from './component.ts'
import type { ConnectRequest, NetRequest } from './connect.ts'
import type { ConnectResult } from './result.ts'

export interface StageNode {
  readonly name: string
  readonly ip: string
  /** The first three octets of its pods. */
  readonly pods: string
}

export const TWO_NODES: readonly StageNode[] = [
  { name: 'worker-1', ip: '172.18.0.3', pods: '10.244.1' },
  { name: 'worker-2', ip: '172.18.0.4', pods: '10.244.2' },
]

export interface StagePod {
  readonly name: string
  readonly node: string
  readonly ip: string
  readonly tcp?: readonly number[]
  readonly udp?: readonly number[]
}

export interface Stage {
  readonly machine: Machine<Tables>
  readonly results: ConnectResult[]
  run(untilMicros: number): void
  connect(request: ConnectRequest): ConnectResult | undefined
  change(change: (world: ModelWorld) => void): void
  watch(resource: string, type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK', object: object): void
  /** Starts kube-proxy on every node with these objects as its first lists. */
  startProxies(services: readonly Service[], slices: readonly EndpointSlice[]): void
}

type NewLink = Partial<LinkRecord> & Pick<LinkRecord, 'node' | 'netns' | 'name' | 'kind' | 'addresses'>

function putLink(world: ModelWorld, link: NewLink): void {
  const id = `${link.node}|${link.netns}|${link.name}`
  world.put('links', id, { index: 1, mac: '02:00:00:00:00:01', mtu: 1500, up: true, ...link })
}

function putRoute(world: ModelWorld, node: string, netns: string, dst: string, dev: string, via?: string): void {
  world.put('routes', `${node}|${netns}|${dst}`, { node, netns, dst, dev, ...(via === undefined ? {} : { via }) })
}

function putMachine(world: ModelWorld, name: string, ip: string, podCIDR: string): void {
  world.put('machines', name, { name, ip, podCIDR, cable: true } as MachineRecord)
}

function buildNode(world: ModelWorld, node: StageNode, nodes: readonly StageNode[]): void {
  const { name } = node
  putMachine(world, name, node.ip, `${node.pods}.0/24`)
  world.put('netns', `${name}|`, { node: name, name: '', inode: 1, sandboxId: '', sysctls: {} })
  putLink(world, { node: name, netns: '', name: 'lo', kind: 'loopback', addresses: ['127.0.0.1/8'] })
  putLink(world, { node: name, netns: '', name: 'eth0', kind: 'device', addresses: [`${node.ip}/16`] })
  putLink(world, { node: name, netns: '', name: 'cni0', kind: 'bridge', addresses: [`${node.pods}.1/24`] })
  putRoute(world, name, '', '172.18.0.0/16', 'eth0')
  putRoute(world, name, '', `${node.pods}.0/24`, 'cni0')
  putRoute(world, name, '', 'default', 'eth0', '172.18.0.1')
  for (const other of nodes) if (other !== node) putRoute(world, name, '', `${other.pods}.0/24`, 'eth0', other.ip)
}

function buildPod(world: ModelWorld, pod: StagePod): void {
  const { node, name, ip } = pod
  const subnet = ip.slice(0, ip.lastIndexOf('.'))
  const host = `v-${name}`
  world.put('netns', `${node}|${name}`, { node, name, inode: 2, sandboxId: name, sysctls: {} })
  putLink(world, { node, netns: name, name: 'lo', kind: 'loopback', addresses: ['127.0.0.1/8'] })
  const inside = { netns: '', name: host, index: 9 }
  putLink(world, { node, netns: name, name: 'eth0', kind: 'veth', addresses: [`${ip}/24`], peer: inside })
  const outside = { netns: name, name: 'eth0', index: 2 }
  putLink(world, { node, netns: '', name: host, kind: 'veth', addresses: [], master: 'cni0', peer: outside })
  putRoute(world, node, name, `${subnet}.0/24`, 'eth0')
  putRoute(world, node, name, 'default', 'eth0', `${subnet}.1`)
  const listen = (proto: 'tcp' | 'udp', port: number): void =>
    world.put('listeners', `${node}|${name}|${proto}|0.0.0.0|${port}`, {
      node,
      netns: name,
      proto,
      ip: '0.0.0.0',
      port,
      pid: 7,
      containerId: name,
    })
  for (const port of pod.tcp ?? []) listen('tcp', port)
  for (const port of pod.udp ?? []) listen('udp', port)
}

/** Programs answer every request with the name of their pod and the peer they see. */
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

export function newStage(nodes: readonly StageNode[], pods: readonly StagePod[], seed = 1): Stage {
  const results: ConnectResult[] = []
  const changes: ((world: ModelWorld) => void)[] = []
  const stage: ModelComponent = {
    roles: ['stage', 'apiserver', 'wire'],
    rules: [],
    tables: { machines: { owner: 'stage' }, configmaps: { owner: 'stage' } },
    handlers: {
      change: (world) => changes.shift()?.(world),
      result: (_, event) => void results.push(event.data as ConnectResult),
      'api.request': () => undefined,
      'wire.lost': () => undefined,
    },
  }
  const machine = new Machine<Tables>([kernel, netfilter, packets, bpf, ipvs, nft, ipvsTermination, kubeProxy, stage, programs], { seed })
  const run = (until: number): void => {
    while ((machine.nextAt() ?? Infinity) <= until) machine.step()
    if (until > machine.now) machine.idleUntil(until)
  }
  const change = (what: (world: ModelWorld) => void): void => {
    changes.push(what)
    machine.input({ kind: 'change', to: 'stage', data: {} })
    run(machine.now)
  }
  const watch: Stage['watch'] = (resource, type, object) => {
    const data = { watch: 'w', type, resource, object }
    for (const node of nodes)
      machine.input({ kind: 'api.watch', from: 'apiserver', to: `${node.name}/kube-proxy`, data })
  }
  change((world) => {
    putMachine(world, 'control-plane', '172.18.0.2', '10.244.0.0/24')
    for (const node of nodes) buildNode(world, node, nodes)
    for (const pod of pods) buildPod(world, pod)
  })
  return {
    machine,
    results,
    run,
    change,
    watch,
    connect(request) {
      const to = 'host' in request.from ? request.from.host : `${request.from.node}/kernel`
      const before = results.length
      machine.input({ kind: 'net.connect', to, data: { ...request, answer: { to: 'stage', kind: 'result' } } })
      const end = machine.now + request.timeoutMicros + 1_000_000
      while (results.length === before && (machine.nextAt() ?? Infinity) <= end) machine.step()
      return results[before]
    },
    startProxies(services, slices) {
      for (const node of nodes)
        machine.input({ kind: 'kube-proxy.start', to: `${node.name}/kube-proxy`, data: { pid: 42 } })
      for (const service of services) watch('services', 'ADDED', service)
      for (const slice of slices) watch('endpointslices', 'ADDED', slice)
      watch('services', 'BOOKMARK', {})
      watch('endpointslices', 'BOOKMARK', {})
      run(machine.now + 2_000_000)
    },
  }
}

const META = { namespace: 'default', resourceVersion: '1', creationTimestamp: '' }

export function serviceOf(name: string, spec: object, status?: object): Service {
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...META, name, uid: name },
    spec,
    status: status ?? {},
  }
  return service as Service
}

export function sliceOf(
  service: string,
  endpoints: readonly { ip: string; node: string; conditions?: object }[],
  ports: readonly { name: string; port: number; protocol: string }[],
): EndpointSlice {
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...META, name: `${service}-x`, uid: service, labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    endpoints: endpoints.map((e) => ({
      addresses: [e.ip],
      nodeName: e.node,
      conditions: e.conditions ?? { ready: true },
    })),
    ports,
  }
  return slice as unknown as EndpointSlice
}
