/** Random things that people do to a cluster: manifests, changes, deletions, work on nodes. */
import type { ModelReader } from '../model/tables.ts'
import type { Input } from '../sim/contract.ts'
import { hash32, nextBits } from '../sim/random.ts'

export type Below = (limit: number) => number
type Plain = Record<string, unknown>

export function generator(seed: number): Below {
  let state = hash32(`fuzz ${seed}`)
  return (limit) => {
    const next = nextBits(state)
    state = next.state
    return Math.floor((next.bits / 0x1_0000_0000) * limit)
  }
}

export const pick = <V>(below: Below, list: readonly V[]): V => list[below(list.length)]!
const plain = <V>(value: V): V => JSON.parse(JSON.stringify(value)) as V

const SERVERS = ['httpd:2.4', 'nginx:1.29', 'nodeglass/web:1']
const IMAGES = [
  ...SERVERS,
  ...SERVERS,
  'busybox:1.37',
  'registry.k8s.io/pause:3.10.1',
  'nodeglass/crasher:1',
  'nodeglass/memory-hog:1',
  'nodeglass/ignores-sigterm:1',
  'example.com/nobody/knows:1',
  'httpd:no-such-tag',
]
const portOf = (image: string): number => (image.startsWith('nodeglass/web') ? 8080 : 80)

function probe(below: Below, port: number): Plain {
  const how = pick<Plain>(below, [
    { httpGet: { path: pick(below, ['/', '/healthz', '/nope']), port } },
    { tcpSocket: { port: below(4) === 0 ? 9999 : port } },
    { exec: { command: ['sh', '-c', pick(below, ['true', 'test -f /tmp/ok', 'sleep 3', 'exit 1'])] } },
  ])
  return {
    ...how,
    periodSeconds: 1 + below(6),
    timeoutSeconds: 1 + below(3),
    failureThreshold: 1 + below(3),
    initialDelaySeconds: below(5),
  }
}

function container(below: Below, name: string): Plain {
  const image = pick(below, IMAGES)
  const port = portOf(image)
  const maybe = (chance: number, value: Plain): Plain => (below(chance) === 0 ? value : {})
  const script = pick(below, [
    `sleep ${1 + below(60)}; exit ${below(2)}`,
    'while true; do touch /tmp/ok; sleep 7; rm /tmp/ok; sleep 7; done',
    'trap "exit 0" TERM; sleep 1000 & wait',
    'sleep 100000',
  ])
  return {
    name,
    image,
    ...maybe(3, { command: ['sh', '-c', script] }),
    ...maybe(3, { readinessProbe: probe(below, port) }),
    ...maybe(4, { livenessProbe: probe(below, port) }),
    ...maybe(8, { startupProbe: { ...probe(below, port), failureThreshold: 3 + below(10) } }),
    ...maybe(3, {
      resources: {
        requests: { cpu: `${50 * (1 + below(6))}m`, memory: '64Mi' },
        ...maybe(2, { limits: { memory: '128Mi' } }),
      },
    }),
    ...maybe(4, {
      lifecycle: {
        ...maybe(2, {
          preStop: pick<Plain>(below, [
            { sleep: { seconds: 1 + below(10) } },
            { exec: { command: ['sleep', '3'] } },
            { httpGet: { path: '/', port } },
          ]),
        }),
        ...maybe(3, { postStart: { exec: { command: ['sh', '-c', pick(below, ['true', 'sleep 2', 'exit 1'])] } } }),
      },
    }),
    ...maybe(3, { imagePullPolicy: pick(below, ['Always', 'IfNotPresent', 'Never']) }),
  }
}

function initContainer(below: Below, name: string): Plain {
  if (below(2) === 0) return { ...container(below, name), restartPolicy: 'Always' }
  return {
    name,
    image: pick(below, IMAGES),
    command: ['sh', '-c', `sleep ${below(4)}; exit ${below(6) === 0 ? 1 : 0}`],
  }
}

export function podSpec(below: Below): Plain {
  const inits = below(3) === 0 ? Array.from({ length: 1 + below(3) }, (_, i) => initContainer(below, `init-${i}`)) : []
  return {
    containers: ['a', ...(below(3) === 0 ? ['b'] : [])].map((name) => container(below, name)),
    ...(inits.length > 0 ? { initContainers: inits } : {}),
    ...(below(3) === 0 ? { terminationGracePeriodSeconds: below(20) } : {}),
    ...(below(8) === 0
      ? { nodeSelector: { 'kubernetes.io/hostname': pick(below, ['worker-1', 'worker-2', 'nowhere']) } }
      : {}),
    ...(below(8) === 0 ? { activeDeadlineSeconds: 5 + below(60) } : {}),
    ...(below(6) === 0
      ? {
          tolerations: [
            { operator: 'Exists', ...(below(2) === 0 ? { effect: 'NoExecute', tolerationSeconds: below(60) } : {}) },
          ],
        }
      : {}),
    ...(below(12) === 0 ? { hostNetwork: true } : {}),
    ...(below(6) === 0
      ? {
          volumes: [
            {
              name: 'v',
              ...pick<Plain>(below, [
                { emptyDir: {} },
                { configMap: { name: 'settings', optional: below(2) === 0 } },
                { secret: { secretName: 'no-such-secret' } },
              ]),
            },
          ],
        }
      : {}),
  }
}

/** A template that becomes ready wherever it lands and stays so. */
export function goodSpec(below: Below): Plain {
  const image = pick(below, SERVERS)
  return {
    containers: [
      {
        name: 'a',
        image,
        resources: { requests: { cpu: '10m' } },
        ...(below(2) === 0 ? { readinessProbe: { tcpSocket: { port: portOf(image) }, periodSeconds: 2 } } : {}),
      },
    ],
    ...(below(3) === 0 ? { terminationGracePeriodSeconds: below(10) } : {}),
  }
}

/** For a merge patch that is to replace a spec. */
const NO_SPEC: Plain = Object.fromEntries(
  [
    'initContainers',
    'terminationGracePeriodSeconds',
    'nodeSelector',
    'activeDeadlineSeconds',
    'tolerations',
    'hostNetwork',
    'volumes',
  ].map((key) => [key, null]),
)

const NAMESPACES = ['default', 'default', 'default', 'one', 'two']
const NODES = ['control-plane', 'worker-1', 'worker-2']

export function request(below: Below, reader: ModelReader, step: number): Plain {
  const app = `app-${below(5)}`
  const namespace = pick(below, NAMESPACES)
  const spec = below(2) === 0 ? goodSpec(below) : podSpec(below)
  const template = { metadata: { labels: { app } }, spec }
  // Mostly something that is there; now and then a name that may not be.
  const some = (table: 'pods' | 'deployments' | 'daemonsets' | 'services'): Plain => {
    const all = reader.all(table).filter(({ metadata }) => table === 'pods' || metadata.namespace !== 'kube-system')
    if (all.length === 0 || (table !== 'pods' && below(8) === 0)) return { name: app }
    const { metadata } = pick(below, all)
    return { name: metadata.name, namespace: metadata.namespace }
  }
  const somePod = (): Plain => some('pods')
  const apps = { group: 'apps' }
  const deployment = (replicas: number): Plain => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: app, namespace },
    spec: {
      replicas,
      selector: { matchLabels: { app } },
      template,
      ...(below(3) === 0
        ? {
            strategy: pick<Plain>(below, [
              { type: 'Recreate' },
              { type: 'RollingUpdate', rollingUpdate: { maxSurge: below(3), maxUnavailable: 1 + below(2) } },
              { type: 'RollingUpdate', rollingUpdate: { maxSurge: '50%', maxUnavailable: 0 } },
            ]),
          }
        : {}),
      ...(below(4) === 0 ? { minReadySeconds: below(10) } : {}),
      ...(below(4) === 0 ? { progressDeadlineSeconds: 20 + below(100), minReadySeconds: 0 } : {}),
    },
  })
  const service = (type: string): Plain => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: app, namespace },
    spec: {
      ...(type === 'Headless' ? { clusterIP: 'None' } : { type }),
      ...(type === 'ExternalName'
        ? { externalName: 'example.com' }
        : { selector: { app }, ports: [{ port: 80, targetPort: pick<unknown>(below, [80, 8080, 'http']) }] }),
      ...(below(4) === 0 && type !== 'Headless' && type !== 'ExternalName' ? { sessionAffinity: 'ClientIP' } : {}),
      ...(below(4) === 0 && (type === 'NodePort' || type === 'LoadBalancer') ? { externalTrafficPolicy: 'Local' } : {}),
      ...(below(4) === 0 && type === 'ClusterIP' ? { internalTrafficPolicy: 'Local' } : {}),
      ...(below(6) === 0 && type !== 'ExternalName' ? { publishNotReadyAddresses: true } : {}),
      ...(below(4) === 0
        ? { trafficDistribution: pick(below, ['PreferClose', 'PreferSameZone', 'PreferSameNode']) }
        : {}),
      ...(below(4) === 0 && type === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: false } : {}),
      ...(below(6) === 0 && type === 'LoadBalancer' ? { loadBalancerSourceRanges: ['172.18.0.0/16'] } : {}),
    },
  })
  const kinds: (() => Plain)[] = [
    () => ({ verb: 'create', resource: 'deployments', ...apps, body: deployment(below(6)) }),
    () => ({ verb: 'create', resource: 'deployments', ...apps, body: deployment(1 + below(4)) }),
    () => ({
      verb: 'create',
      resource: 'pods',
      body: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: `pod-${step}`, namespace, labels: { app } },
        spec: { ...spec, restartPolicy: pick(below, ['Always', 'OnFailure', 'Never']) },
      },
    }),
    () => ({
      verb: 'create',
      resource: 'daemonsets',
      ...apps,
      body: {
        apiVersion: 'apps/v1',
        kind: 'DaemonSet',
        metadata: { name: app, namespace },
        spec: {
          selector: { matchLabels: { daemon: app } },
          template: { metadata: { labels: { app, daemon: app } }, spec: { ...spec, nodeSelector: undefined } },
        },
      },
    }),
    () => ({
      verb: 'create',
      resource: 'services',
      body: service(pick(below, ['ClusterIP', 'ClusterIP', 'NodePort', 'LoadBalancer', 'Headless', 'ExternalName'])),
    }),
    () => ({
      verb: 'create',
      resource: 'configmaps',
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace }, data: { a: 'b' } },
    }),
    () => ({
      verb: 'create',
      resource: 'namespaces',
      namespace: undefined,
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: pick(below, ['one', 'two']) } },
    }),
    () => ({ verb: 'delete', resource: 'namespaces', namespace: undefined, name: pick(below, ['one', 'two']) }),
    () => ({
      verb: 'delete',
      resource: 'deployments',
      ...apps,
      ...some('deployments'),
      propagationPolicy: pick(below, ['Background', 'Foreground', 'Orphan']),
    }),
    () => ({ verb: 'delete', resource: 'daemonsets', ...apps, ...some('daemonsets') }),
    () => ({ verb: 'delete', resource: 'services', ...some('services') }),
    () => ({
      verb: 'delete',
      resource: 'pods',
      ...somePod(),
      ...(below(3) === 0 ? { gracePeriodSeconds: below(2) } : {}),
    }),
    () => ({ verb: 'delete', resource: 'pods', ...somePod() }),
    () => ({
      verb: 'create',
      resource: 'pods',
      subresource: 'eviction',
      ...somePod(),
      body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: {} },
    }),
    () => ({
      verb: 'patch',
      resource: 'deployments',
      ...apps,
      ...some('deployments'),
      patchType: 'merge',
      body: { spec: { replicas: below(8) } },
    }),
    () => ({
      verb: 'patch',
      resource: 'deployments',
      ...apps,
      ...some('deployments'),
      patchType: 'merge',
      body: { spec: { template: { spec: { ...NO_SPEC, ...spec } } } },
    }),
    () => ({
      verb: 'patch',
      resource: 'deployments',
      ...apps,
      ...some('deployments'),
      patchType: 'strategic',
      body: {
        spec: { paused: below(2) === 0, template: { metadata: { annotations: { restartedAt: String(step) } } } },
      },
    }),
    () => ({
      verb: 'patch',
      resource: 'daemonsets',
      ...apps,
      ...some('daemonsets'),
      patchType: 'strategic',
      body: { spec: { template: { metadata: { annotations: { restartedAt: String(step) } } } } },
    }),
    () => ({
      verb: 'patch',
      resource: 'pods',
      ...somePod(),
      patchType: 'merge',
      body: { metadata: { labels: { app: pick(below, [app, 'other', null]) } } },
    }),
    () => ({
      verb: 'patch',
      resource: 'services',
      ...some('services'),
      patchType: 'merge',
      body: { spec: { selector: { app: `app-${below(5)}` } } },
    }),
    // Its type changes, and with it what belonged to the old one.
    () => ({
      verb: 'patch',
      resource: 'services',
      ...some('services'),
      patchType: 'merge',
      body: {
        spec: pick<object>(below, [
          { type: 'LoadBalancer', externalTrafficPolicy: pick(below, ['Cluster', 'Local']) },
          { type: 'NodePort' },
          { type: 'ClusterIP' },
          { type: 'ExternalName', externalName: 'external.lab' },
          { trafficDistribution: pick(below, ['PreferSameZone', 'PreferSameNode', null]) },
        ]),
      },
    }),
    () => ({
      verb: 'patch',
      resource: 'nodes',
      namespace: undefined,
      name: pick(below, NODES),
      patchType: 'merge',
      body: { spec: { unschedulable: below(2) === 0 } },
    }),
    () => ({
      verb: 'patch',
      resource: 'nodes',
      namespace: undefined,
      name: pick(below, NODES.slice(1)),
      patchType: 'merge',
      body: {
        spec: {
          taints:
            below(2) === 0
              ? null
              : [{ key: 'fuzz', value: 'x', effect: pick(below, ['NoExecute', 'NoSchedule', 'PreferNoSchedule']) }],
        },
      },
    }),
    () => ({
      verb: 'patch',
      resource: 'nodes',
      namespace: undefined,
      name: pick(below, NODES.slice(1)),
      patchType: 'merge',
      body: { metadata: { labels: { 'topology.kubernetes.io/zone': pick(below, ['a', 'b', null]) } } },
    }),
    // The node goes, its kubelet stays; it comes back when that is started again.
    () =>
      below(4) > 0
        ? { verb: 'delete', resource: 'pods', ...somePod() }
        : { verb: 'delete', resource: 'nodes', namespace: undefined, name: pick(below, NODES) },
    () => ({ verb: 'deletecollection', resource: 'pods', labelSelector: `app=${app}` }),
  ]
  return plain({ namespace, ...pick(below, kinds)() })
}

/** A file in the manifest directory of a node is written, changed or removed. */
export function staticPodInput(below: Below): Input {
  const node = pick(below, NODES)
  const manifest = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'static', labels: { app: 'app-0' } },
    spec: plain(below(2) === 0 ? goodSpec(below) : podSpec(below)),
  }
  return {
    kind: 'kubelet.manifest',
    to: `${node}/kubelet`,
    data: { file: 'static.yaml', ...(below(3) === 0 ? {} : { manifest }) },
  }
}

const fromLaptop = (data: Plain): Input => ({ kind: 'api.request', from: 'laptop', to: 'apiserver', data: plain(data) })

/** What makes every workload able to come up: nodes that take pods, templates that run, no static pods of ours. */
export function healing(below: Below, reader: ModelReader, keepGood: boolean): Input[] {
  const inputs: Input[] = []
  for (const node of reader.all('nodes')) {
    const taints =
      node.metadata.name === 'control-plane'
        ? [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }]
        : null
    const keep = (node.spec.taints ?? []).filter((t) => t.key.startsWith('node.kubernetes.io/'))
    inputs.push(
      fromLaptop({
        verb: 'patch',
        resource: 'nodes',
        name: node.metadata.name,
        patchType: 'merge',
        body: {
          spec: { unschedulable: null, taints: taints || keep.length > 0 ? [...(taints ?? []), ...keep] : null },
        },
      }),
    )
  }
  for (const [resource, list] of [
    ['deployments', reader.all('deployments')],
    ['daemonsets', reader.all('daemonsets')],
  ] as const)
    for (const { metadata, spec } of list) {
      if (metadata.namespace === 'kube-system') continue
      const held = spec.template.spec
      const good =
        keepGood &&
        held.containers.length === 1 &&
        held.containers[0]!.resources?.requests?.['cpu'] === '10m' &&
        !held.initContainers &&
        !held.volumes
      const heal = good
        ? { paused: null }
        : {
            paused: null,
            template: {
              spec: { ...NO_SPEC, ...goodSpec(below) },
            },
          }
      inputs.push(
        fromLaptop({
          verb: 'patch',
          resource,
          group: 'apps',
          namespace: metadata.namespace,
          name: metadata.name,
          patchType: 'merge',
          body: { spec: resource === 'deployments' ? heal : { template: heal.template } },
        }),
      )
    }
  for (const node of NODES)
    inputs.push({ kind: 'kubelet.manifest', to: `${node}/kubelet`, data: { file: 'static.yaml' } })
  return inputs
}
