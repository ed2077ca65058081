// For tests of the controllers and the scheduler: a cluster of the real API server, the real controller manager and
// scheduler, and kubelets that do no more than answer (pods become ready, terminate, leases are renewed).
import { parseRfc3339, rfc3339, rfc3339Micro, SECOND } from '../../sim/clock.ts'
import type { Micros } from '../../sim/contract.ts'
import { Machine } from '../../sim/machine.ts'
import { apiserver } from '../apiserver/apiserver.ts'
import { garbageCollector } from '../apiserver/garbage.ts'
import { initialObjects } from '../apiserver/initial-objects.ts'
import type { KubeObject, Node, Pod, PodStatus } from '../apiserver/objects.ts'
import type { ApiRequest, ApiResponse, ApiWatchEvent } from '../messages.ts'
import { sendOver } from '../messages.ts'
import { scheduler } from '../scheduler/scheduler.ts'
import type { MachineRecord, ModelComponent, ModelWorld, Tables } from '../tables.ts'
import { controllerManager, START } from './controllers.ts'

export type TestOptions = {
  /** Name -> what differs from a 4 cpu, 8 GiB worker. */
  nodes?: Record<
    string,
    { cpu?: string; labels?: Record<string, string>; taints?: Node['spec']['taints']; maxPods?: number }
  >
  /** How long a pod takes from being bound to being ready. Undefined: pods never start. */
  startMicros?: Micros
  seed?: number
}

const FAKE_KUBELET = 'fakelet'

function fakeKubelet(options: TestOptions): ModelComponent {
  const start = options.startMicros
  return {
    roles: [FAKE_KUBELET, 'laptop', 'wire', 'cluster'],
    rules: [],
    tables: {
      machines: { owner: 'test' },
      faults: { owner: 'test' },
    },
    handlers: {
      'test.machine': (world, event) => {
        const m = event.data as MachineRecord
        world.put('machines', m.name, m)
      },
      'test.cable': (world, event) => {
        const { name, cable } = event.data as { name: string; cable: boolean }
        world.put('machines', name, { ...world.get('machines', name)!, cable })
      },
      'test.boot': (world, event) => {
        const node = event.to.split('/')[0]!
        ask(world, { verb: 'watch', resource: 'pods', fieldSelector: `spec.nodeName=${node}` })
        world.send('timer.test.lease', event.to, {}, { delayMicros: 100_000 })
      },
      'timer.test.lease': (world, event) => {
        const node = event.to.split('/')[0]!
        const held = world.get('leases', `kube-node-lease/${node}`)
        const spec = { holderIdentity: node, leaseDurationSeconds: 40, renewTime: rfc3339Micro(world.now) }
        ask(
          world,
          held
            ? { verb: 'update', resource: 'leases', namespace: 'kube-node-lease', name: node, body: { ...held, spec } }
            : {
                verb: 'create',
                resource: 'leases',
                namespace: 'kube-node-lease',
                body: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: node }, spec },
              },
        )
        world.send('timer.test.lease', event.to, {}, { delayMicros: 10 * SECOND })
      },
      'test.request': (world, event) => ask(world, event.data as ApiRequest),
      'api.watch': (world, event) => {
        const change = event.data as ApiWatchEvent
        if (change.resource !== 'pods' || change.type === 'BOOKMARK' || change.type === 'DELETED') return
        const pod = change.object as unknown as Pod
        const key = { namespace: pod.metadata.namespace, name: pod.metadata.name }
        if (pod.metadata.deletionTimestamp !== undefined)
          world.send('timer.test.kill', event.to, key, { delayMicros: SECOND })
        else if (change.type === 'ADDED' && start !== undefined)
          world.send('timer.test.run', event.to, key, { delayMicros: start })
      },
      'timer.test.run': (world, event) => {
        const { namespace, name } = event.data as { namespace: string; name: string }
        const pod = world.get('pods', `${namespace}/${name}`)
        if (!pod || pod.metadata.deletionTimestamp) return
        const n = world.serial('test ips')
        const ip = `10.244.${Math.floor(n / 250)}.${(n % 250) + 2}`
        const at = rfc3339(world.now)
        const status: PodStatus = {
          ...pod.status,
          phase: 'Running',
          podIP: ip,
          podIPs: [{ ip }],
          startTime: at,
          conditions: [
            ...(pod.status?.conditions ?? []).filter((c) => c.type === 'PodScheduled'),
            { type: 'Ready', status: 'True', lastTransitionTime: at, lastProbeTime: null },
          ],
        }
        ask(world, {
          verb: 'patch',
          patchType: 'strategic',
          resource: 'pods',
          subresource: 'status',
          namespace,
          name,
          body: { status },
        })
      },
      'timer.test.kill': (world, event) => {
        const { namespace, name } = event.data as { namespace: string; name: string }
        ask(world, { verb: 'delete', resource: 'pods', namespace, name, gracePeriodSeconds: 0 })
      },
      'api.response': (world, event) => {
        const answer = event.data as ApiResponse
        if (answer.code >= 400 && event.to === 'laptop')
          throw new Error(`${answer.request.resource}: ${answer.message}`)
        void world
      },
      'wire.lost': () => {},
    },
  }
}

function ask(world: ModelWorld, request: ApiRequest): void {
  sendOver(world, 'api.request', 'apiserver', request)
}

export class TestCluster {
  readonly machine: Machine<Tables>

  constructor(options: TestOptions = {}) {
    this.machine = new Machine<Tables>(
      [apiserver, garbageCollector, controllerManager, scheduler, fakeKubelet(options)],
      {
        seed: options.seed ?? 1,
      },
    )
    const nodes = options.nodes ?? { 'worker-1': {}, 'worker-2': {} }
    this.machine.input({ kind: 'test.machine', to: 'cluster', data: machineRecord('control-plane') })
    for (const name of Object.keys(nodes))
      this.machine.input({ kind: 'test.machine', to: 'cluster', data: machineRecord(name) })
    this.machine.input({ kind: 'api.seed', to: 'apiserver', data: { objects: initialObjects() } })
    this.machine.input({ kind: START, to: 'controller-manager', data: {} })
    this.machine.input({ kind: START, to: 'scheduler', data: {} })
    for (const [name, node] of Object.entries(nodes)) {
      this.create(nodeObject(name, node), `${name}/${FAKE_KUBELET}`)
      this.machine.input({ kind: 'test.boot', to: `${name}/${FAKE_KUBELET}`, data: {} })
    }
  }

  get reader() {
    return this.machine.reader
  }

  request(request: ApiRequest, from = 'laptop'): void {
    this.machine.input({ kind: 'test.request', to: from, data: request })
  }

  create(object: Record<string, unknown>, from = 'laptop'): void {
    const { kind, metadata } = object as unknown as KubeObject
    this.request(
      { verb: 'create', resource: `${kind.toLowerCase()}s`, namespace: metadata.namespace ?? 'default', body: object },
      from,
    )
  }

  /** Runs for so long; `each` sees the world after every event. */
  run(micros: Micros, each?: () => void): void {
    const until = this.machine.now + micros
    for (let next = this.machine.nextAt(); next !== undefined && next <= until; next = this.machine.nextAt()) {
      this.machine.step()
      each?.()
    }
    this.machine.idleUntil(until)
  }

  pods(namespace = 'default'): readonly Pod[] {
    return this.reader.by('pods', 'namespace', namespace)
  }

  /** Messages of Events, oldest first, with their counts. */
  events(reason: string): string[] {
    return this.reader
      .all('events')
      .filter((e) => e.reason === reason)
      .map((e) => `${e.message}${(e.count ?? 1) > 1 ? ` x${e.count}` : ''}`)
  }
}

function machineRecord(name: string): MachineRecord {
  return {
    name,
    ip: '172.18.0.9',
    podCIDR: '',
    role: name === 'control-plane' ? 'control-plane' : 'worker',
    cpus: 4,
    memoryKi: 8_388_608,
    ephemeralKi: 100_000_000,
    kernelVersion: '',
    osImage: '',
    kubeletVersion: '',
    containerRuntimeVersion: '',
    bootID: '',
    machineID: '',
    systemUUID: '',
    labels: {},
    taints: [],
    maxPods: 110,
    cable: true,
  }
}

function nodeObject(name: string, node: NonNullable<TestOptions['nodes']>[string]): Record<string, unknown> {
  const allocatable = {
    cpu: node.cpu ?? '4',
    memory: '8Gi',
    'ephemeral-storage': '90Gi',
    pods: String(node.maxPods ?? 110),
  }
  const ok = (type: string, status: string): object => ({
    type,
    status,
    lastHeartbeatTime: rfc3339(0),
    lastTransitionTime: rfc3339(0),
    reason: 'KubeletReady',
    message: '',
  })
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', ...node.labels } },
    spec: node.taints ? { taints: node.taints } : {},
    status: {
      allocatable,
      capacity: allocatable,
      conditions: [
        ok('MemoryPressure', 'False'),
        ok('DiskPressure', 'False'),
        ok('PIDPressure', 'False'),
        ok('Ready', 'True'),
      ],
    },
  }
}

export function deployment(
  name: string,
  replicas: number,
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          containers: [{ name: 'web', image: 'nodeglass/web:1', ports: [{ containerPort: 8080, name: 'http' }] }],
        },
      },
      ...more,
    },
  }
}

export const secondsOf = (text: string): number => parseRfc3339(text) / SECOND
