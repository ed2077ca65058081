/** The start of one pod, message by message, as containerd and the bridge plugin do it. Times are illustrative. */
import type { SimEvent } from '../../sim/contract.ts'
import type { Fixture } from '../drawing/fixture-replica.ts'
import {
  container,
  containerIdOf,
  event,
  machine,
  pod,
  sandbox,
  sandboxIdOf,
  uidOf,
} from '../drawing/fixture-objects.ts'

const NODE = 'worker-1'
const NAME = 'web-6c9f7d8b5-4xk2p'
const UID = uidOf(NAME)
const SANDBOX = sandboxIdOf(NAME)
const WEB = containerIdOf(NAME, 'web')
const T0 = 12_000_000
const [API, KUBELET, CTRD, CNI, RUNC, KERNEL] = ['apiserver', 'kubelet', 'containerd', 'cni', 'runc', 'kernel'].map(
  (role) => (role === 'apiserver' ? role : `${NODE}/${role}`),
) as [string, string, string, string, string, string]

type Line = [ms: number, took: number, kind: string, from: string, to: string, data: unknown]

const podObject = { kind: 'Pod', metadata: { name: NAME, namespace: 'shop', uid: UID } }
const ctx = { uid: UID }

const LINES: readonly Line[] = [
  [-38, 0.2, 'api.watch', API, 'scheduler', { type: 'ADDED', resource: 'pods', object: podObject }],
  [
    -14,
    3.4,
    'api.request',
    'scheduler',
    API,
    {
      verb: 'create',
      resource: 'pods',
      subresource: 'binding',
      namespace: 'shop',
      name: NAME,
      body: { target: { name: NODE } },
    },
  ],
  [0, 0.2, 'api.watch', API, KUBELET, { type: 'ADDED', resource: 'pods', object: podObject }],
  [2.9, 0.4, 'kernel.mkdir', KUBELET, KERNEL, { path: '/sys/fs/cgroup/kubepods.slice', podUid: UID }],
  [
    6.2,
    0.1,
    'cri.request',
    KUBELET,
    CTRD,
    {
      method: 'RunPodSandbox',
      request: { config: { metadata: { name: NAME, uid: UID, namespace: 'shop', attempt: 0 } } },
      ctx,
    },
  ],
  [7.0, 0.2, 'kernel.netns-add', CTRD, KERNEL, { name: `cni-${NAME}`, sandboxId: SANDBOX }],
  [
    7.9,
    0.9,
    'cni.add',
    CTRD,
    CNI,
    { command: 'ADD', netns: `cni-${NAME}`, args: { K8S_POD_UID: UID, K8S_POD_NAME: NAME } },
  ],
  [9.5, 0.2, 'kernel.link-add', CNI, KERNEL, { kind: 'veth', netns: '', name: 'vethb02c', peerNetns: `cni-${NAME}` }],
  [11.2, 0.2, 'kernel.addr-add', CNI, KERNEL, { netns: `cni-${NAME}`, dev: 'eth0', address: '10.244.1.7/24' }],
  [12.0, 0.2, 'kernel.route-add', CNI, KERNEL, { netns: `cni-${NAME}`, dst: 'default', dev: 'eth0' }],
  [
    23.4,
    0.4,
    'cni.result',
    CNI,
    CTRD,
    { command: 'ADD', ips: [{ address: '10.244.1.7/24', gateway: '10.244.1.1' }], ctx: { id: SANDBOX } },
  ],
  [24.0, 1, 'oci.create', CTRD, RUNC, { id: SANDBOX, sandboxId: SANDBOX, args: ['/pause'], netns: '' }],
  [40.8, 0.2, 'kernel.clone', RUNC, KERNEL, { containerId: SANDBOX, comm: 'runc:[2:INIT]', cmdline: ['runc', 'init'] }],
  [44.0, 0.2, 'oci.result', RUNC, CTRD, { op: 'create', id: SANDBOX, pid: 2391 }],
  [44.6, 0.2, 'oci.start', CTRD, RUNC, { id: SANDBOX, pid: 2391, comm: 'pause', args: ['/pause'] }],
  [56.0, 0.2, 'kernel.execve', RUNC, KERNEL, { pid: 2391, containerId: SANDBOX, comm: 'pause', cmdline: ['/pause'] }],
  [57.0, 0.2, 'oci.result', RUNC, CTRD, { op: 'start', id: SANDBOX, pid: 2391 }],
  [58.3, 0.2, 'cri.response', CTRD, KUBELET, { method: 'RunPodSandbox', response: { pod_sandbox_id: SANDBOX }, ctx }],
  [
    60.1,
    0.1,
    'cri.request',
    KUBELET,
    CTRD,
    { method: 'PullImage', request: { image: { image: 'shop/web:1.4' } }, ctx },
  ],
  [61.7, 0.6, 'registry.request', CTRD, 'registry', { op: 'manifest', image: 'shop/web:1.4', ctx }],
  [
    121,
    30,
    'registry.response',
    'registry',
    CTRD,
    { op: 'manifest', image: 'shop/web:1.4', status: 200, bytes: 2_400, ctx },
  ],
  [
    123,
    0.6,
    'registry.request',
    CTRD,
    'registry',
    { op: 'blob', image: 'shop/web:1.4', digest: 'sha256:ab12cd34ef56ab12', ctx },
  ],
  [
    124,
    0.6,
    'registry.request',
    CTRD,
    'registry',
    { op: 'blob', image: 'shop/web:1.4', digest: 'sha256:bb12cd34ef56ab12', ctx },
  ],
  [
    902,
    700,
    'registry.response',
    'registry',
    CTRD,
    { op: 'blob', image: 'shop/web:1.4', digest: 'sha256:bb12cd34ef56ab12', status: 200, bytes: 11_000_000, ctx },
  ],
  [
    1904,
    1700,
    'registry.response',
    'registry',
    CTRD,
    { op: 'blob', image: 'shop/web:1.4', digest: 'sha256:ab12cd34ef56ab12', status: 200, bytes: 30_000_000, ctx },
  ],
  [2310, 0.2, 'cri.response', CTRD, KUBELET, { method: 'PullImage', response: { image_ref: 'sha256:1' }, ctx }],
  [
    2312,
    0.1,
    'cri.request',
    KUBELET,
    CTRD,
    {
      method: 'CreateContainer',
      request: { pod_sandbox_id: SANDBOX, config: { metadata: { name: 'web', attempt: 0 } } },
      ctx,
    },
  ],
  [2331, 0.2, 'cri.response', CTRD, KUBELET, { method: 'CreateContainer', response: { container_id: WEB }, ctx }],
  [2333, 0.1, 'cri.request', KUBELET, CTRD, { method: 'StartContainer', request: { container_id: WEB }, ctx }],
  [2335, 1, 'oci.create', CTRD, RUNC, { id: WEB, sandboxId: SANDBOX, args: ['httpd'] }],
  [2352, 0.2, 'kernel.clone', RUNC, KERNEL, { containerId: WEB, cmdline: ['runc', 'init'] }],
  [2354, 0.2, 'oci.result', RUNC, CTRD, { op: 'create', id: WEB, pid: 2410 }],
  [2356, 0.2, 'oci.start', CTRD, RUNC, { id: WEB, pid: 2410 }],
  [2366, 0.2, 'kernel.execve', RUNC, KERNEL, { pid: 2410, containerId: WEB, comm: 'httpd' }],
  [2367, 0.2, 'oci.result', RUNC, CTRD, { op: 'start', id: WEB, pid: 2410 }],
  [2368, 0.2, 'cri.response', CTRD, KUBELET, { method: 'StartContainer', response: {}, ctx }],
  [
    2986,
    0.3,
    'api.request',
    KUBELET,
    API,
    {
      verb: 'patch',
      resource: 'pods',
      subresource: 'status',
      namespace: 'shop',
      name: NAME,
      body: { status: { conditions: [{ type: 'Ready', status: 'True' }] } },
    },
  ],
]

/** The moment `ms` after the pod was bound: what has arrived by then, and what is under way. */
function moment(ms: number): Fixture {
  const now = T0 + ms * 1_000
  let id = 100
  let before = 0
  const all: SimEvent[] = LINES.map(([at, took, kind, from, to, data]) => {
    const made = event(kind, from, to, T0 + (at - took) * 1_000, T0 + at * 1_000, data, {
      id: id++,
      causes: before === 0 ? [] : [before],
    })
    before = made.id
    return made
  })
  const object = pod(NAME, NODE, ['web'], { born: T0 - 60_000, ready: false })
  const made = container(NAME, 'web', NODE)
  return {
    now,
    tables: {
      machines: { [NODE]: machine(NODE, '172.18.0.3', '10.244.1.0/24') },
      pods: { [`shop/${NAME}`]: object },
      sandboxes: { [SANDBOX]: sandbox(NAME, NODE) },
      containers: { [made.id]: made },
      netns: {
        [`${NODE}|cni-${NAME}`]: { node: NODE, name: `cni-${NAME}`, inode: 1, sandboxId: SANDBOX, sysctls: {} },
      },
    },
    recent: all.filter((e) => e.at <= now),
    pending: all.filter((e) => e.at > now && e.sent <= now),
  }
}

export const fixtures: Readonly<Record<string, () => Fixture>> = {
  pulling: () => moment(1_400),
  sandbox: () => moment(23.2),
  done: () => moment(3_000),
}
