/** Moments of a cluster: healthy, a cable pulled, long after, and many nodes. */
import { rfc3339Micro, SECOND } from '../../sim/clock.ts'
import type { EndpointSlice, Lease, Node, Service, Toleration } from '../../model/apiserver/objects.ts'
import type { Fixture, FixtureTables } from '../drawing/fixture-replica.ts'
import { event, machine, pod, uidOf } from '../drawing/fixture-objects.ts'
import { UNREACHABLE } from './heartbeat.ts'

const meta = (name: string, namespace?: string) => ({
  name,
  namespace,
  uid: uidOf(name),
  resourceVersion: '1',
  creationTimestamp: rfc3339Micro(0).slice(0, 19) + 'Z',
})

function node(name: string, more: { status?: 'True' | 'Unknown'; since?: number; taintedAt?: number } = {}): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: meta(name),
    spec:
      more.taintedAt === undefined
        ? {}
        : { taints: [{ key: UNREACHABLE, effect: 'NoExecute', timeAdded: rfc3339Micro(more.taintedAt) }] },
    status: {
      conditions: [{ type: 'Ready', status: more.status ?? 'True', lastTransitionTime: rfc3339Micro(more.since ?? 0) }],
    },
  }
}
function lease(name: string, renewedAt: number): Lease {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: meta(name, 'kube-node-lease'),
    spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime: rfc3339Micro(renewedAt) },
  }
}
const tolerates = (seconds?: number): Toleration[] => [
  {
    key: UNREACHABLE,
    operator: 'Exists',
    effect: 'NoExecute',
    ...(seconds === undefined ? {} : { tolerationSeconds: seconds }),
  },
]

const PODS: readonly [name: string, node: string, ip: string, seconds?: number, owner?: string][] = [
  ['client', 'worker-1', '10.244.1.5', 300],
  ['web-6c9f7d8b5-4xk2p', 'worker-1', '10.244.1.7', 300, 'ReplicaSet'],
  ['coredns', 'worker-1', '10.244.1.2', 300, 'ReplicaSet'],
  ['web-6c9f7d8b5-9tq8m', 'worker-2', '10.244.2.9', 300, 'ReplicaSet'],
  ['mailer', 'worker-2', '10.244.2.4', 30, 'ReplicaSet'],
  ['db-0', 'worker-2', '10.244.2.6', 300, 'StatefulSet'],
  ['flannel', 'worker-2', '', undefined, 'DaemonSet'],
  ['web-6c9f7d8b5-x8wd4', 'worker-3', '10.244.3.5', 300, 'ReplicaSet'],
  ['log-5d8f9-k2v7x', 'worker-3', '10.244.3.2', 300],
]

/** `ago`: seconds since worker-2 renewed its lease; the cable was pulled 4 s after that. */
function cluster(ago: number): Fixture {
  const now = 278_200_000
  const renewed = now - ago * SECOND
  const seen = renewed + 1 * SECOND
  const unknownAt = seen + 55 * SECOND
  const unknown = now >= unknownAt
  const silent = ago > 12
  const names = ['worker-1', 'worker-2', 'worker-3']
  const renewals: Record<string, number> = {
    'control-plane': now - 1_500_000,
    'worker-1': now - 4_200_000,
    'worker-2': renewed,
    'worker-3': now - 6_800_000,
  }
  const table = <T>(entries: [string, T][]) => Object.fromEntries(entries)
  const tables: FixtureTables = {
    machines: table(
      ['control-plane', ...names].map((n, i) => [
        n,
        machine(n, `172.18.0.${i + 2}`, `10.244.${i}.0/24`, { cable: !(silent && n === 'worker-2') }),
      ]),
    ),
    faults: silent
      ? { 'link-down|worker-2': { name: 'link-down', target: 'worker-2', since: renewed + 4_200_000 } }
      : {},
    nodes: table(
      ['control-plane', ...names].map((n) => [
        n,
        n === 'worker-2' && unknown ? node(n, { status: 'Unknown', since: unknownAt, taintedAt: unknownAt }) : node(n),
      ]),
    ),
    leases: table(['control-plane', ...names].map((n) => [`kube-node-lease/${n}`, lease(n, renewals[n]!)])),
    nodeHealth: table(
      ['control-plane', ...names].map((n) => [
        n,
        {
          node: n,
          probeAt: n === 'worker-2' ? seen : renewals[n]! + 900_000,
          leaseRenewTime: rfc3339Micro(renewals[n]!),
          statusSeen: '',
          ready: 'True',
          zone: 'default',
        },
      ]),
    ),
    pods: table(
      PODS.map(([name, on, ip, seconds, owner]) => {
        const p = pod(name, on, [name], {
          ready: !(unknown && on === 'worker-2'),
          spec: {
            tolerations: tolerates(seconds),
            hostNetwork: owner === 'DaemonSet',
            containers: [{ name, image: name }],
          },
          status: { phase: 'Running', podIP: ip },
        })
        return [
          `shop/${name}`,
          owner === undefined
            ? p
            : {
                ...p,
                metadata: {
                  ...p.metadata,
                  ownerReferences: [
                    { apiVersion: 'apps/v1', kind: owner, name, uid: uidOf(`rs ${name}`), controller: true },
                  ],
                },
              },
        ]
      }),
    ),
    evictions: unknown
      ? table(
          PODS.filter(([, on, , s]) => on === 'worker-2' && s !== undefined).map(([name, on, , s]) => [
            `shop/${name}`,
            {
              namespace: 'shop',
              name,
              uid: uidOf(name),
              node: on,
              taints: [UNREACHABLE],
              since: unknownAt,
              dueAt: unknownAt + s! * SECOND,
              wake: 1,
            },
          ]),
        )
      : {},
    services: {
      'shop/web': {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: meta('web', 'shop'),
        spec: { clusterIP: '10.96.44.17' },
      } as Service,
    },
    endpointslices: {
      'shop/web-k7x2q': {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { ...meta('web-k7x2q', 'shop'), labels: { 'kubernetes.io/service-name': 'web' } },
        addressType: 'IPv4',
        endpoints: PODS.filter(([name]) => name.startsWith('web')).map(([, on, ip]) => ({
          addresses: [ip],
          nodeName: on,
          conditions: { ready: !(unknown && on === 'worker-2') },
        })),
      } as EndpointSlice,
    },
  }
  return {
    now,
    tables,
    pending: [
      event(
        'timer.node-lifecycle.monitor',
        'controller-manager',
        'controller-manager',
        now - 3_200_000,
        now + 1_800_000,
      ),
      event('api.request', 'worker-1/kubelet', 'apiserver', now - 120, now + 100, {
        verb: 'update',
        resource: 'leases',
        namespace: 'kube-node-lease',
        name: 'worker-1',
      }),
      event('net.hop', 'worker-1/kernel', 'worker-3/kernel', now - 150, now + 70, {
        what: 'SYN',
        dev: 'eth0',
        at: { node: 'worker-3', netns: '' },
      }),
      ...(silent
        ? [
            event('wire.lost', 'worker-2/kubelet', 'wire', now - 100, now + 120, {
              kind: 'api.request',
              from: 'worker-2/kubelet',
              to: 'apiserver',
              data: { verb: 'update', resource: 'leases', name: 'worker-2' },
            }),
          ]
        : []),
    ],
  }
}

function many(count: number): Fixture {
  const base = cluster(5)
  const names = Array.from({ length: count }, (_, i) => `worker-${i + 1}`)
  return {
    now: base.now,
    pending: base.pending,
    tables: {
      ...base.tables,
      machines: {
        'control-plane': machine('control-plane', '172.18.0.2', '10.244.0.0/24'),
        ...Object.fromEntries(names.map((n, i) => [n, machine(n, `172.18.0.${i + 3}`, `10.244.${i + 1}.0/24`)])),
      },
      nodes: Object.fromEntries(
        ['control-plane', ...names].map((n, i) => [n, node(n, i === 7 ? { status: 'Unknown' } : {})]),
      ),
      leases: Object.fromEntries(
        ['control-plane', ...names].map((n, i) => [
          `kube-node-lease/${n}`,
          lease(n, base.now - (i === 7 ? 61 : (i * 37) % 10) * SECOND),
        ]),
      ),
      nodeHealth: {},
    },
  }
}

export const fixtures: Readonly<Record<string, () => Fixture>> = {
  'cable pulled': () => cluster(38.2),
  healthy: () => cluster(3),
  'grace over': () => cluster(53),
  unknown: () => cluster(120),
  '12 nodes': () => many(12),
  '60 nodes': () => many(60),
}
