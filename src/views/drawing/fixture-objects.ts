/** Hand-made records, short to write: for fixtures of pictures and for tests of what they select. */
import { rfc3339 } from '../../sim/clock.ts'
import type { SimEvent } from '../../sim/contract.ts'
import type { Pod, ContainerStatus } from '../../model/apiserver/objects.ts'
import type {
  ContainerRecord,
  KubeletRecord,
  LinkRecord,
  MachineRecord,
  PodWorkerRecord,
  SandboxRecord,
} from '../../model/tables.ts'

const hex = (seed: string): string => {
  let h = 7
  for (const c of seed) h = (Math.imul(h, 31) + c.charCodeAt(0)) >>> 0
  let out = ''
  for (let i = 0; out.length < 64; i++) {
    h = (Math.imul(h ^ seed.charCodeAt(i % seed.length), 2_654_435_761) + i) >>> 0
    out += h.toString(16).padStart(8, '0')
  }
  return out.slice(0, 64)
}

export function machine(name: string, ip: string, podCIDR: string, more: Partial<MachineRecord> = {}): MachineRecord {
  return {
    name,
    ip,
    podCIDR,
    role: name === 'control-plane' ? 'control-plane' : 'worker',
    cpus: 4,
    memoryKi: 8_000_000,
    ephemeralKi: 100_000_000,
    kernelVersion: '6.8.0',
    osImage: 'Debian GNU/Linux 13 (trixie)',
    kubeletVersion: 'v1.36.0',
    containerRuntimeVersion: 'containerd://2.1.4',
    bootID: '',
    machineID: '',
    systemUUID: '',
    labels: {},
    taints: [],
    maxPods: 110,
    cable: true,
    ...more,
  }
}

export const uidOf = (name: string): string => {
  const h = hex(name)
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-9${h.slice(17, 20)}-${h.slice(20, 32)}`
}
export const sandboxIdOf = (name: string): string => hex(`sandbox ${name}`)
export const containerIdOf = (pod: string, name: string): string => hex(`container ${pod} ${name}`)

export function pod(
  name: string,
  node: string,
  containers: readonly string[],
  more: {
    namespace?: string
    born?: number
    spec?: Partial<Pod['spec']>
    status?: Partial<NonNullable<Pod['status']>>
    ready?: boolean
    labels?: Record<string, string>
    deletedAt?: number
    grace?: number
  } = {},
): Pod {
  const ready = more.ready ?? true
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: more.namespace ?? 'shop',
      uid: uidOf(name),
      resourceVersion: '100',
      creationTimestamp: rfc3339(more.born ?? 0),
      labels: more.labels,
      ...(more.deletedAt === undefined
        ? {}
        : { deletionTimestamp: rfc3339(more.deletedAt), deletionGracePeriodSeconds: more.grace ?? 30 }),
    },
    spec: { nodeName: node, containers: containers.map((c) => ({ name: c, image: `${c}:1.4` })), ...more.spec },
    status: {
      phase: ready ? 'Running' : 'Pending',
      qosClass: 'BestEffort',
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      ...more.status,
    },
  }
}

export function status(
  name: string,
  state: ContainerStatus['state'],
  more: Partial<ContainerStatus> = {},
): ContainerStatus {
  return {
    name,
    state,
    lastState: {},
    ready: state.running !== undefined,
    restartCount: 0,
    image: `${name}:1.4`,
    imageID: '',
    ...more,
  }
}

export function sandbox(name: string, node: string, more: Partial<SandboxRecord> = {}): SandboxRecord {
  return {
    id: sandboxIdOf(name),
    node,
    metadata: { name, uid: uidOf(name), namespace: 'shop', attempt: 0 },
    state: 'SANDBOX_READY',
    stage: 'ready',
    createdAt: 0,
    netns: `cni-${name}`,
    hostNetwork: false,
    ip: '',
    pid: 2391,
    labels: {},
    annotations: {},
    runtimeHandler: '',
    hostname: name,
    logDirectory: '',
    cgroupParent: '',
    ...more,
  } as SandboxRecord
}

export function container(
  podName: string,
  name: string,
  node: string,
  more: Partial<ContainerRecord> = {},
): ContainerRecord {
  return {
    id: containerIdOf(podName, name),
    node,
    sandboxId: sandboxIdOf(podName),
    podUid: uidOf(podName),
    podName,
    namespace: 'shop',
    metadata: { name, attempt: 0 },
    image: `${name}:1.4`,
    imageRef: '',
    imageId: '',
    state: 'CONTAINER_RUNNING',
    createdAt: 0,
    startedAt: 0,
    pid: 2400,
    labels: {},
    annotations: {},
    logPath: '',
    command: [],
    args: [],
    workingDir: '',
    envs: [],
    mounts: [{ containerPath: '/var/run/secrets', hostPath: '', readonly: true }],
    resources: { cpuShares: 2, cpuQuota: 0, cpuPeriod: 100_000, memoryLimitInBytes: 0, oomScoreAdj: 1000 },
    behaviour: 'sleeper',
    memory: undefined,
    ...more,
  } as ContainerRecord
}

export function worker(name: string, node: string, more: Partial<PodWorkerRecord> = {}): PodWorkerRecord {
  return {
    node,
    uid: uidOf(name),
    namespace: 'shop',
    name,
    state: 'syncing',
    busy: false,
    doing: '',
    since: 0,
    isStatic: false,
    ...more,
  } as PodWorkerRecord
}

export function kubelet(node: string, now: number, more: Partial<KubeletRecord> = {}): KubeletRecord {
  return {
    node,
    running: true,
    since: 0,
    pid: 700,
    registered: true,
    lastRelistAt: now - 610_000,
    nextRelistAt: now + 390_000,
    lastLeaseAt: now - 4_200_000,
    nextLeaseAt: now + 5_800_000,
    nextNodeStatusAt: now + 7_500_000,
    statusQueued: 1,
    notReady: '',
    ...more,
  } as KubeletRecord
}

export function link(node: string, netns: string, name: string, more: Partial<LinkRecord> = {}): LinkRecord {
  return {
    node,
    netns,
    name,
    index: 2,
    kind: 'veth',
    mac: '02:00:00:00:00:01',
    mtu: 1500,
    up: true,
    addresses: [],
    ...more,
  }
}

let nextId = 1
export function event(
  kind: string,
  from: string,
  to: string,
  sent: number,
  at: number,
  data: unknown = {},
  more: Partial<SimEvent> = {},
): SimEvent {
  return { id: more.id ?? nextId++, kind, from, to, sent, at, data, causes: [], because: [], ...more }
}
