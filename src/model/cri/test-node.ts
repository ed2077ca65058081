// For tests of the runtime: real containerd, runc, CNI, kernel, programs and packets on machines without a kubelet.
import { Machine } from '../../sim/machine.ts'
import type { JournalEntry, Micros, SimEvent } from '../../sim/contract.ts'
import { cni } from '../cni/bridge.ts'
import { zoneWatch } from '../dns/zone-watch.ts'
import { faults } from '../faults/faults.ts'
import { proc } from '../images/proc.ts'
import { kernel } from '../linux/kernel.ts'
import { bpf } from '../linux/bpf/component.ts'
import { ipvs } from '../linux/ipvs/component.ts'
import { packets } from '../linux/net/component.ts'
import { nft } from '../linux/nft/component.ts'
import { bootMachine } from '../machine-setup.ts'
import type { CriResponse } from '../messages.ts'
import type { ContainerRecord, MachineRecord, ModelComponent, Tables } from '../tables.ts'
import { containerd } from './containerd.ts'
import { registry } from './registry.ts'
import { runc } from './runc.ts'

const own = [
  'pods',
  'services',
  'endpointslices',
  'namespaces',
  'kubeProxies',
  'chains',
  'netfilter',
  'ruleHits',
  'nodes',
  'configmaps',
  'secrets',
  'kubeletObjects',
] as const

export class TestNode {
  readonly machine: Machine<Tables>
  readonly entries: JournalEntry[] = []
  private readonly answers = new Map<number, CriResponse>()
  private asked = 0

  constructor(names: readonly string[] = ['worker-1'], seed = 1) {
    const answers = this.answers
    const rig: ModelComponent = {
      roles: ['kubelet', 'wire', 'cluster', 'apiserver', 'kube-proxy'],
      rules: [],
      tables: Object.fromEntries(own.map((name) => [name, { owner: 'test', indexes: INDEXES[name] ?? {} }])) as never,
      handlers: {
        'test.boot': (world) => {
          const specs = names.map(machineSpec)
          for (const spec of specs) bootMachine(world, spec, { peers: specs })
        },
        'test.put': (world, event) => {
          const { table, id, record } = event.data as { table: 'pods'; id: string; record: never }
          world.put(table, id, record)
        },
        'cri.response': (_, event: SimEvent<CriResponse>) => {
          answers.set(event.data.ctx as number, event.data)
        },
        'api.request': () => {},
        'kube-proxy.start': () => {},
        'kube-proxy.stop': () => {},
        'kubelet.stop': () => {},
        'kubelet.start': () => {},
        'wire.lost': () => {},
        'net.done': () => {},
      },
    }
    this.machine = new Machine<Tables>(
      [rig, zoneWatch, containerd, runc, cni, kernel, packets, bpf, ipvs, nft, proc, registry, faults],
      { seed },
    )
    this.input('test.boot', 'cluster', {})
    this.run(1)
  }

  get reader() {
    return this.machine.reader
  }

  input(kind: string, to: string, data: unknown): void {
    this.machine.input({ kind, to, data })
  }

  put(table: keyof Tables, id: string, record: unknown): void {
    this.input('test.put', 'cluster', { table, id, record })
    this.run(0)
  }

  /** What a watch of the API server would say to the CoreDNS of the node. */
  tellDns(resource: string, object: object, type = 'ADDED', node = 'worker-1'): void {
    this.machine.input({
      kind: 'api.watch',
      from: 'apiserver',
      to: `${node}/coredns`,
      data: { watch: resource, type, resource, object },
    })
    this.run(0)
  }

  run(micros: Micros): void {
    const until = this.machine.now + micros
    while ((this.machine.nextAt() ?? Infinity) <= until) this.entries.push(this.machine.step()!)
    this.machine.idleUntil(until)
  }

  /** Asks containerd and runs until it answers, at most `within`. */
  call(
    method: string,
    request: object,
    options: { node?: string; within?: Micros } = {},
  ): CriResponse & { micros: Micros } {
    const ctx = this.send(method, request, options.node)
    const since = this.machine.now
    const until = since + (options.within ?? 600_000_000)
    while (!this.answers.has(ctx)) {
      if ((this.machine.nextAt() ?? Infinity) > until) throw new Error(`${method} got no answer`)
      this.entries.push(this.machine.step()!)
    }
    return { ...this.answers.get(ctx)!, micros: this.machine.now - since }
  }

  /** Asks and does not wait. */
  send(method: string, request: object, node = 'worker-1'): number {
    const ctx = ++this.asked
    this.machine.input({
      kind: 'cri.request',
      from: `${node}/kubelet`,
      to: `${node}/containerd`,
      data: { method, request, ctx },
    })
    return ctx
  }

  answerOf(ctx: number): CriResponse | undefined {
    return this.answers.get(ctx)
  }

  sandbox(name: string, node = 'worker-1', more: object = {}): string {
    const config = {
      metadata: { name, uid: `uid-${name}`, namespace: 'default', attempt: 0 },
      hostname: name,
      log_directory: `/var/log/pods/default_${name}`,
      linux: { cgroup_parent: `/kubepods.slice/kubepods-poduid_${name}.slice` },
      ...more,
    }
    const { response, error } = this.call('RunPodSandbox', { config }, { node })
    if (error) throw new Error(error.message)
    return response!.pod_sandbox_id as string
  }

  /** Sandbox, image, container: started. */
  pod(
    name: string,
    image: string,
    options: { command?: string[]; args?: string[]; env?: Record<string, string>; memory?: number; node?: string } = {},
  ): string {
    const { node = 'worker-1', command, args, env = {}, memory } = options
    const sandbox = this.sandbox(name, node)
    const pulled = this.call('PullImage', { image: { image } }, { node })
    if (pulled.error) throw new Error(pulled.error.message)
    const config = {
      metadata: { name: 'app', attempt: 0 },
      image: { image: pulled.response!.image_ref, user_specified_image: image },
      command,
      args,
      log_path: 'app/0.log',
      envs: Object.entries(env).map(([key, value]) => ({ key, value })),
      linux: { resources: { memory_limit_in_bytes: memory ?? 0, cpu_shares: 102 } },
    }
    const created = this.call('CreateContainer', { pod_sandbox_id: sandbox, config }, { node })
    if (created.error) throw new Error(created.error.message)
    const id = created.response!.container_id as string
    const started = this.call('StartContainer', { container_id: id }, { node })
    if (started.error) throw new Error(started.error.message)
    return id
  }

  container(id: string): ContainerRecord {
    return this.reader.get('containers', id)!
  }

  log(id: string): string[] {
    return this.reader.by('containerLogs', 'container', id).map((line) => line.text)
  }

  exec(id: string, cmd: string[], timeout = 0): CriResponse & { micros: Micros } {
    return this.call('ExecSync', { container_id: id, cmd, timeout }, { node: this.container(id).node })
  }
}

const INDEXES: Record<string, Record<string, (r: never) => string | undefined>> = {
  endpointslices: {
    service: (r: { metadata: { namespace: string; labels: Record<string, string> } }) =>
      `${r.metadata.namespace}/${r.metadata.labels['kubernetes.io/service-name']}`,
  } as never,
  pods: { node: (r: { spec: { nodeName?: string } }) => r.spec.nodeName } as never,
  chains: {
    node: (r: { node: string }) => r.node,
    table: (r: { node: string; table: string }) => `${r.node}|${r.table}`,
  } as never,
}

export function machineSpec(name: string, index = 0): Omit<MachineRecord, 'cable'> {
  const n = name === 'control-plane' ? 0 : Number(name.replace('worker-', '')) || index
  return {
    name,
    ip: `172.18.0.${n + 2}`,
    podCIDR: `10.244.${n}.0/24`,
    role: name === 'control-plane' ? 'control-plane' : 'worker',
    cpus: 4,
    memoryKi: 8_000_000,
    ephemeralKi: 60_000_000,
    kernelVersion: '6.8.0-90-generic',
    osImage: 'Ubuntu 24.04.4 LTS',
    kubeletVersion: 'v1.36.2',
    containerRuntimeVersion: 'containerd://2.2.1',
    bootID: '',
    machineID: '',
    systemUUID: '',
    labels: {},
    taints: [],
    maxPods: 110,
  }
}
