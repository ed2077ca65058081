/**
 * A toy cluster for tests of the lab and for work on the page before or beside the model (`vite --mode fake`): one node,
 * heartbeats, and a pod start as a script of messages. It teaches nothing true about Kubernetes; it only moves.
 */
import type { Micros, World } from '../../sim/contract.ts'
import { Machine } from '../../sim/machine.ts'
import { Timeline } from '../../sim/timeline.ts'
import type { ModelComponent, Tables } from '../../model/tables.ts'
import type { Node, Pod } from '../../model/apiserver/objects.ts'

type W = World<Tables>
const N = 'worker-1'

type Step = [
  kind: string,
  from: string,
  to: string,
  micros: Micros,
  data: Record<string, unknown>,
  after?: (world: W, name: string) => void,
]

const putPod = (world: W, name: string, ready: boolean, phase: 'Pending' | 'Running'): void =>
  world.put('pods', `default/${name}`, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      resourceVersion: '1',
      creationTimestamp: '2026-06-10T22:00:00Z',
    },
    spec: { nodeName: N, containers: [{ name: 'app', image: 'httpd:2.4' }] },
    status: { phase, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  } as unknown as Pod)

const SCRIPT: readonly Step[] = [
  ['api.watch', 'apiserver', `${N}/kubelet`, 220, { type: 'ADDED', resource: 'pods' }],
  ['kernel.cgroup', `${N}/kubelet`, `${N}/kernel`, 400, { says: 'mkdir kubepods-pod.slice' }],
  ['cri.request', `${N}/kubelet`, `${N}/containerd`, 60, { method: 'RunPodSandbox' }],
  ['kernel.netns', `${N}/containerd`, `${N}/kernel`, 150, { says: 'new network namespace' }],
  ['cni.add', `${N}/containerd`, `${N}/cni`, 900, { command: 'ADD' }],
  ['kernel.link', `${N}/cni`, `${N}/kernel`, 150, { says: 'veth pair' }],
  ['cni.result', `${N}/cni`, `${N}/containerd`, 13_000, { command: 'ADD' }],
  ['oci.create', `${N}/containerd`, `${N}/runc`, 600, { says: 'pause' }],
  ['kernel.clone', `${N}/runc`, `${N}/kernel`, 17_000, { says: 'clone, join namespaces' }],
  ['cri.response', `${N}/containerd`, `${N}/kubelet`, 18_000, { method: 'RunPodSandbox' }],
  ['cri.request', `${N}/kubelet`, `${N}/containerd`, 60, { method: 'PullImage' }],
  ['registry.request', `${N}/containerd`, 'registry', 8_000, { path: 'httpd' }],
  ['registry.layer', 'registry', `${N}/containerd`, 900_000, { path: 'httpd' }],
  ['cri.response', `${N}/containerd`, `${N}/kubelet`, 300_000, { method: 'PullImage' }],
  ['cri.request', `${N}/kubelet`, `${N}/containerd`, 60, { method: 'StartContainer' }],
  ['oci.start', `${N}/containerd`, `${N}/runc`, 600, { says: 'app' }],
  ['cri.response', `${N}/containerd`, `${N}/kubelet`, 20_000, { method: 'StartContainer' }],
  [
    'api.request',
    `${N}/kubelet`,
    'apiserver',
    220,
    { verb: 'patch', resource: 'pods' },
    (world, name) => putPod(world, name, true, 'Running'),
  ],
]

function next(world: W, step: number, name: string): void {
  SCRIPT[step - 1]?.[5]?.(world, name)
  const row = SCRIPT[step]
  if (!row) return
  const [kind, from, to, micros, data] = row
  world.because('FAKE1', { step })
  world.send(kind, to, { ...data, pod: name, step: step + 1 }, { from, delayMicros: micros })
}

const onScript = (world: W, event: { data: unknown }): void => {
  const { step, pod, takesBack } = event.data as { step?: number; pod?: string; takesBack?: number }
  world.cancel(takesBack)
  if (step !== undefined && pod !== undefined) next(world, step, pod)
}
const kinds = [...new Set(SCRIPT.map(([kind]) => kind))]
const scripted = Object.fromEntries(kinds.map((kind) => [kind, onScript]))

const cluster: ModelComponent = {
  roles: ['apiserver', 'kubelet', 'containerd', 'cni', 'runc', 'kernel', 'registry'],
  rules: [{ id: 'FAKE1', says: 'The toy plays its script.', source: 'src/lab/fake' }],
  tables: { pods: { owner: 'apiserver' }, nodes: { owner: 'apiserver' }, leases: { owner: 'apiserver' } },
  handlers: {
    ...scripted,
    'timer.lease'(world) {
      world.send('api.request', 'apiserver', { verb: 'update', resource: 'leases' }, { delayMicros: 220 })
      world.send('timer.lease', `${N}/kubelet`, {}, { delayMicros: 10_000_000 + world.random('lease', 400_000) })
    },
    'timer.relist'(world) {
      world.send('cri.request', `${N}/containerd`, { method: 'ListPodSandbox' }, { delayMicros: 60 })
      world.send('timer.relist', `${N}/kubelet`, {}, { delayMicros: 1_000_000 })
    },
    'input.pod'(world, event) {
      const { name } = event.data as { name: string }
      putPod(world, name, false, 'Pending')
      next(world, 0, name)
    },
    'input.delete'(world, event) {
      world.put('pods', `default/${(event.data as { name: string }).name}`, undefined)
    },
    'input.takes-back'(world) {
      const id = world.send('kernel.link', `${N}/kernel`, { says: 'never' }, { from: `${N}/cni`, delayMicros: 500_000 })
      world.send('kernel.netns', `${N}/kernel`, { takesBack: id }, { from: `${N}/containerd`, delayMicros: 100 })
    },
    'input.fail'() {
      throw new Error('a handler of the toy fails')
    },
    'input.start'(world) {
      world.put('nodes', N, {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: N, uid: 'n1', resourceVersion: '1', creationTimestamp: '2026-06-10T22:00:00Z' },
        spec: {},
        status: { conditions: [{ type: 'Ready', status: 'True' }] },
      } as unknown as Node)
      world.send('timer.lease', `${N}/kubelet`, {}, { delayMicros: 100 })
      world.send('timer.relist', `${N}/kubelet`, {}, { delayMicros: 400 })
      putPod(world, 'coredns', true, 'Running')
    },
  },
}

export function boot(_scenario: string, seed: number): Timeline<Tables> {
  const timeline = new Timeline(new Machine<Tables>([cluster], { seed }), { checkpointEvery: 40, checkpoints: 16 })
  timeline.input({ kind: 'input.start', to: 'apiserver', data: {} })
  return timeline
}

export const openAt = (): Micros => 12_000_000
