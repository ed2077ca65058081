/** The moments at which the Node picture is drawn without a model. The first is that of the mock-up. */
import type { Fixture, FixtureTables } from '../drawing/fixture-replica.ts'
import {
  container,
  event,
  kubelet,
  link,
  machine,
  pod,
  sandbox,
  sandboxIdOf,
  status,
  uidOf,
  worker,
} from '../drawing/fixture-objects.ts'

const NODE = 'worker-1'
const NOW = 12_481_000

const MACHINES = {
  'control-plane': machine('control-plane', '172.18.0.2', '10.244.0.0/24'),
  'worker-1': machine(NODE, '172.18.0.3', '10.244.1.0/24'),
}

function table<T>(records: readonly (readonly [string, T])[]): Record<string, T> {
  return Object.fromEntries(records)
}

const WEB1 = 'web-6c9f7d8b5-4xk2p'
const WEB2 = 'web-6c9f7d8b5-9tq8m'

function mock(): Fixture {
  const waiting = (name: string) => status(name, { waiting: { reason: 'ContainerCreating' } })
  const tables: FixtureTables = {
    machines: MACHINES,
    kubelets: { [NODE]: kubelet(NODE, NOW, { inHand: { channel: 'config', what: 'ADD', at: NOW - 100_000 } }) },
    pods: table(
      [
        pod('coredns', NODE, ['coredns'], { born: 1_000_000, namespace: 'kube-system' }),
        pod(WEB1, NODE, ['web'], {
          born: 2_000_000,
          ready: false,
          status: { containerStatuses: [waiting('web')] },
          spec: { containers: [{ name: 'web', image: 'shop/web:1.4' }] },
        }),
        pod(WEB2, NODE, ['web'], { born: 3_000_000, ready: false, status: { containerStatuses: [waiting('web')] } }),
        pod('mailer', NODE, ['mailer'], {
          born: 4_000_000,
          ready: false,
          status: {
            containerStatuses: [
              status('mailer', { terminated: { exitCode: 1, reason: 'Error' } }, { restartCount: 3 }),
            ],
          },
        }),
      ].map((p) => [`${p.metadata.namespace}/${p.metadata.name}`, p]),
    ),
    podWorkers: table(
      [
        worker('coredns', NODE),
        worker(WEB1, NODE, { busy: true, doing: 'PullImage shop/web:1.4', since: NOW - 600_000 }),
        worker(WEB2, NODE, { busy: true, doing: 'RunPodSandbox', since: NOW - 3_100 }),
        worker('mailer', NODE),
      ].map((w) => [`${NODE}|${w.uid}`, w]),
    ),
    sandboxes: table(
      [
        sandbox('coredns', NODE, { ip: '10.244.1.2' }),
        sandbox(WEB1, NODE, { ip: '10.244.1.7' }),
        sandbox(WEB2, NODE, { stage: 'cni', state: 'SANDBOX_NOTREADY' }),
        sandbox('mailer', NODE, { ip: '10.244.1.4' }),
      ].map((s) => [s.id, s]),
    ),
    containers: table(
      [
        container('coredns', 'coredns', NODE),
        container('mailer', 'mailer', NODE, {
          state: 'CONTAINER_EXITED',
          exitCode: 1,
          reason: 'Error',
          metadata: { name: 'mailer', attempt: 3 },
        }),
      ].map((c) => [c.id, c]),
    ),
    backoffs: {
      [`${NODE}|mailer`]: {
        node: NODE,
        key: 'mailer',
        what: 'container',
        uid: uidOf('mailer'),
        container: 'mailer',
        delayMicros: 40_000_000,
        since: NOW - 17_000_000,
        until: NOW + 23_000_000,
      },
    },
    probes: {
      [`${NODE}|${uidOf('coredns')}|coredns|readiness`]: {
        node: NODE,
        uid: uidOf('coredns'),
        namespace: 'kube-system',
        pod: 'coredns',
        container: 'coredns',
        probe: 'readiness',
        nextAt: NOW + 3_200_000,
        periodMicros: 10_000_000,
        result: 'success',
        successes: 4,
        failures: 0,
        inFlight: false,
      } as never,
    },
    pulls: {
      [`${NODE}|shop/web:1.4`]: {
        node: NODE,
        image: 'shop/web:1.4',
        startedAt: NOW - 600_000,
        state: 'layers',
        calls: [],
        layers: [
          { digest: 'sha256:a', size: 30_000_000, startedAt: 1, doneAt: NOW - 400_000 },
          { digest: 'sha256:b', size: 11_000_000, startedAt: 1, doneAt: NOW - 300_000 },
          { digest: 'sha256:c', size: 3_000_000, startedAt: 1, doneAt: NOW - 200_000 },
          { digest: 'sha256:d', size: 13_000_000, startedAt: NOW - 200_000, doneAt: NOW + 122_000 },
          { digest: 'sha256:e', size: 7_000_000 },
        ],
      } as never,
    },
    kubeProxies: { [NODE]: { node: NODE, running: true, mode: 'iptables', lastSyncAt: NOW - 2_000_000 } as never },
    netfilter: { [NODE]: { node: NODE, rules: 84 } as never },
    criCalls: {
      [`${NODE}|1`]: {
        id: `${NODE}|1`,
        node: NODE,
        method: 'PullImage',
        caller: `${NODE}/kubelet`,
        request: {},
        ctx: { uid: uidOf(WEB1) },
        since: NOW - 600_000,
        doing: 'fetches layers',
      },
      [`${NODE}|2`]: {
        id: `${NODE}|2`,
        node: NODE,
        method: 'RunPodSandbox',
        caller: `${NODE}/kubelet`,
        request: {},
        ctx: { uid: uidOf(WEB2) },
        since: NOW - 3_100,
        doing: 'CNI ADD',
      },
    },
    netns: {
      [`${NODE}|cni-${WEB2}`]: { node: NODE, name: `cni-${WEB2}`, inode: 1, sandboxId: sandboxIdOf(WEB2), sysctls: {} },
    },
    links: table([
      [`${NODE}||cni0`, link(NODE, '', 'cni0', { kind: 'bridge', addresses: ['10.244.1.1/24'] })],
      [`${NODE}||eth0`, link(NODE, '', 'eth0', { kind: 'device', addresses: ['172.18.0.3/16'] })],
      ...['coredns', WEB1, 'mailer'].map((p) => [`${NODE}|cni-${p}|eth0`, link(NODE, `cni-${p}`, 'eth0')] as const),
    ]),
    processes: {},
  }
  const kubeletActor = `${NODE}/kubelet`
  const containerd = `${NODE}/containerd`
  return {
    now: NOW,
    tables,
    pending: [
      event('api.watch', 'apiserver', kubeletActor, NOW - 120, NOW + 100, {
        type: 'ADDED',
        resource: 'pods',
        object: { kind: 'Pod', metadata: { name: 'x' } },
      }),
      event('api.request', kubeletActor, 'apiserver', NOW - 160, NOW + 60, {
        verb: 'patch',
        resource: 'pods',
        subresource: 'status',
        name: WEB1,
        namespace: 'shop',
      }),
      event('cri.request', kubeletActor, containerd, NOW - 30, NOW + 30, {
        method: 'PullImage',
        request: { image: { image: 'shop/web:1.4' } },
      }),
      event('registry.layer', 'registry', containerd, NOW - 100_000, NOW + 400_000, { digest: 'sha256:d' }),
      event('registry.layer', 'registry', containerd, NOW - 260_000, NOW + 160_000, { digest: 'sha256:d' }),
      event('cni.add', containerd, `${NODE}/cni`, NOW - 30, NOW + 40, {
        command: 'ADD',
        args: { K8S_POD_UID: uidOf(WEB2), K8S_POD_NAME: WEB2 },
      }),
      event('net.hop', `${NODE}/kernel`, 'worker-2/kernel', NOW - 50, NOW + 50, {
        what: 'SYN',
        dev: 'eth0',
        at: { node: 'worker-2', netns: '' },
      }),
    ],
  }
}

/** Many pods of a few kinds, for the smaller drawings and for speed. */
function crowd(count: number): Fixture {
  const names = Array.from(
    { length: count },
    (_, i) =>
      `web-6c9f7d8b5-${'bcdfghjklmnpqrstvwxz2456789'.charAt(i % 27)}${'bcdfghjklmnpqrstvwxz2456789'.charAt((i * 7) % 27)}x${i % 10 === 0 ? 'k' : 'z'}${'bcdfghjklm'.charAt(Math.floor(i / 27) % 10)}`,
  )
  const qos = ['Burstable', 'BestEffort', 'Burstable', 'Guaranteed'] as const
  return {
    now: NOW,
    tables: {
      machines: MACHINES,
      kubelets: { [NODE]: kubelet(NODE, NOW, { statusQueued: 0 }) },
      pods: table(
        names.map((name, i) => [
          `shop/${name}`,
          pod(name, NODE, i % 9 === 4 ? ['web', 'log'] : ['web'], {
            born: i * 1_000_000,
            ready: i % 6 !== 5,
            status: { qosClass: qos[i % 4], conditions: [{ type: 'Ready', status: i % 6 === 5 ? 'False' : 'True' }] },
          }),
        ]),
      ),
      podWorkers: table(
        names.map((name, i) => [
          `${NODE}|${uidOf(name)}`,
          worker(name, NODE, { busy: i % 11 === 3, doing: i % 11 === 3 ? 'StartContainer web' : '' }),
        ]),
      ),
      sandboxes: table(
        names
          .filter((_, i) => i % 13 !== 12)
          .map((name, i) => [sandboxIdOf(name), sandbox(name, NODE, { ip: `10.244.1.${i + 2}` })]),
      ),
      containers: table(
        names
          .filter((_, i) => i % 13 !== 12)
          .flatMap((name, i) =>
            (i % 9 === 4 ? ['web', 'log'] : ['web']).map((c) => {
              const record = container(
                name,
                c,
                NODE,
                i % 7 === 6 ? { state: 'CONTAINER_EXITED', exitCode: 137, reason: 'OOMKilled' } : {},
              )
              return [record.id, record] as const
            }),
          ),
      ),
      links: table([
        [`${NODE}||cni0`, link(NODE, '', 'cni0', { kind: 'bridge', addresses: ['10.244.1.1/24'] })],
        ...names.map((p) => [`${NODE}|cni-${p}|eth0`, link(NODE, `cni-${p}`, 'eth0')] as const),
      ]),
    },
  }
}

/** The cable is pulled; a pod with a sidecar ends; one pod is bound and nothing is there yet; one uses the host's network. */
function trouble(): Fixture {
  return {
    now: NOW,
    tables: {
      machines: { ...MACHINES, 'worker-1': machine(NODE, '172.18.0.3', '10.244.1.0/24', { cable: false }) },
      kubelets: { [NODE]: kubelet(NODE, NOW, { notReady: 'container runtime network not ready' }) },
      pods: table(
        [
          pod('kube-proxy-x8wd4', NODE, ['kube-proxy'], {
            born: 0,
            spec: { hostNetwork: true, containers: [{ name: 'kube-proxy', image: 'kube-proxy' }] },
          }),
          pod('cache-7d4b9c6f5-k2p8x', NODE, ['redis', 'exporter', 'log-shipper'], {
            born: 1_000_000,
            deletedAt: NOW + 20_000_000,
            grace: 30,
          }),
          pod('report-29384-zq7vd', NODE, ['report'], {
            born: 2_000_000,
            ready: false,
            status: { containerStatuses: [status('report', { waiting: { reason: 'ImagePullBackOff' } })] },
          }),
          pod('db-0', NODE, ['postgres'], { born: 3_000_000, ready: false }),
        ].map((p) => [`${p.metadata.namespace}/${p.metadata.name}`, p]),
      ),
      podWorkers: table(
        [worker('cache-7d4b9c6f5-k2p8x', NODE, { state: 'terminating', busy: true, doing: 'StopContainer redis' })].map(
          (w) => [`${NODE}|${w.uid}`, w],
        ),
      ),
      sandboxes: table(
        [
          sandbox('kube-proxy-x8wd4', NODE, { hostNetwork: true, ip: '172.18.0.3', netns: '' }),
          sandbox('cache-7d4b9c6f5-k2p8x', NODE, { ip: '10.244.1.9' }),
          sandbox('report-29384-zq7vd', NODE, { ip: '10.244.1.10' }),
        ].map((s) => [s.id, s]),
      ),
      containers: table(
        [
          container('kube-proxy-x8wd4', 'kube-proxy', NODE),
          container('cache-7d4b9c6f5-k2p8x', 'redis', NODE),
          container('cache-7d4b9c6f5-k2p8x', 'exporter', NODE, {
            state: 'CONTAINER_EXITED',
            exitCode: 0,
            reason: 'Completed',
          }),
          container('cache-7d4b9c6f5-k2p8x', 'log-shipper', NODE),
        ].map((c) => [c.id, c]),
      ),
      links: table([
        [`${NODE}||cni0`, link(NODE, '', 'cni0', { kind: 'bridge', addresses: ['10.244.1.1/24'] })],
        ...['cache-7d4b9c6f5-k2p8x', 'report-29384-zq7vd'].map(
          (p) => [`${NODE}|cni-${p}|eth0`, link(NODE, `cni-${p}`, 'eth0')] as const,
        ),
      ]),
    },
  }
}

export const fixtures: Readonly<Record<string, () => Fixture>> = {
  mock,
  trouble,
  'no pods': () => ({
    now: NOW,
    tables: { machines: MACHINES, kubelets: { [NODE]: kubelet(NODE, NOW, { statusQueued: 0 }) } },
  }),
  '8 pods': () => crowd(8),
  '24 pods': () => crowd(24),
  '40 pods': () => crowd(40),
  '300 pods': () => crowd(300),
}
