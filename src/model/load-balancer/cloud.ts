/**
 * A cloud outside of the cluster: its controller manager orders a load balancer for each Service of that type, and the
 * balancer passes packets on to nodes, as those of clouds that keep the address of the client do. It asks every node
 * whether it may: the health check node port of a Service with externalTrafficPolicy Local, else kube-proxy's own.
 * kubernetes/cloud-provider controllers/service/controller.go; intervals of pkg/cloudprovider/providers/gce.
 */
import { SECOND } from '../../sim/clock.ts'
import type { SimEvent } from '../../sim/contract.ts'
import type { KubeObject, Service } from '../apiserver/objects.ts'
import { sendThrottled, THROTTLED } from '../controllers/client.ts'
import { recordEvent, referenceTo } from '../controllers/event-recorder.ts'
import { httpGet, type HttpResponse } from '../images/payloads.ts'
import { connect } from '../linux/net/connect.ts'
import type { ConnectResult } from '../linux/net/result.ts'
import { type ApiRequest, type ApiWatchEvent, sendOver } from '../messages.ts'
import type { ModelComponent, ModelWorld } from '../tables.ts'
import { mayAnnounce } from './election.ts'
import { openWatches } from './metallb-controller.ts'
import { addressOf, CLOUD_POOL, keyOf, nextFree, wantsAddress } from './pool.ts'
import type { CloudBalancerRecord, CloudRecord, CloudTarget } from './records.ts'

const ACTOR = 'cloud'
const NAME = 'service-controller'
const WATCHED = ['services', 'nodes'] as const
const FINALIZER = 'service.kubernetes.io/load-balancer-cleanup'
/** What ordering one takes. Clouds take longer still. */
const PROVISION = 8 * SECOND
const REMOVE = 2 * SECOND
const PROVISIONED = 'timer.cloud-provisioned'
const REMOVED = 'timer.cloud-removed'
const CHECK = 'timer.cloud-check'
const WATCH_AGAIN = 'timer.cloud-watch'
const CHECK_EVERY = 8 * SECOND
const CHECK_TIMEOUT = SECOND
const UNHEALTHY_AFTER = 3
const KUBE_PROXY_HEALTH = { port: 10_256, path: '/healthz' } as const

/** Input `cloud.set`, to `cloud`. */
export type CloudSet = { on?: boolean; ignoresHealthChecks?: boolean }
type Checked = { ip: string; node: string }

const cloudOf = (world: ModelWorld): CloudRecord | undefined => {
  const cloud = world.get('clouds', ACTOR)
  return cloud?.on ? cloud : undefined
}

function set(world: ModelWorld, event: SimEvent<CloudSet>): void {
  const old = world.get('clouds', ACTOR) ?? { on: false, since: world.now, synced: [], ignoresHealthChecks: false }
  const next = { ...old, ...event.data }
  world.put('clouds', ACTOR, next)
  for (const balancer of world.all('cloudBalancers'))
    world.put('cloudBalancers', balancer.ip, { ...balancer, ignoresHealthChecks: next.ignoresHealthChecks })
  if (!next.on || old.on) return
  world.put('clouds', ACTOR, { ...next, since: world.now, synced: [] })
  openWatches(world, WATCHED, [], 'cloud-controller-manager')
  world.send(CHECK, ACTOR, {}, { from: ACTOR, delayMicros: CHECK_EVERY })
  world.send(WATCH_AGAIN, ACTOR, {}, { from: ACTOR, delayMicros: 5 * SECOND })
}

function watchAgain(world: ModelWorld): void {
  const cloud = cloudOf(world)
  if (!cloud || cloud.synced.length === WATCHED.length) return
  openWatches(world, WATCHED, cloud.synced, 'cloud-controller-manager')
  world.send(WATCH_AGAIN, ACTOR, {}, { from: ACTOR, delayMicros: 5 * SECOND })
}

function watched(world: ModelWorld, event: SimEvent<ApiWatchEvent>): void {
  const cloud = cloudOf(world)
  if (!cloud) return
  const { type, resource, object } = event.data
  if (type === 'BOOKMARK') {
    if (cloud.synced.includes(resource)) return
    const synced = [...cloud.synced, resource]
    world.put('clouds', ACTOR, { ...cloud, synced })
    if (synced.length === WATCHED.length) for (const service of world.all('services')) review(world, keyOf(service))
    return
  }
  if (cloud.synced.length < WATCHED.length) return
  if (resource === 'services') review(world, keyOf(object))
  else if (type !== 'MODIFIED' || targetsMayDiffer(world, object.metadata.name))
    for (const balancer of world.all('cloudBalancers')) putTargets(world, balancer)
}

/** Nodes that take part; a node that is not Ready stays in, and its health check takes it out (KEP-3458). */
const targetNodes = (world: ModelWorld): string[] =>
  world.all('nodes').flatMap((node) => (mayAnnounce(node) ? [node.metadata.name] : []))

const targetsMayDiffer = (world: ModelWorld, node: string): boolean =>
  world.all('cloudBalancers').some((b) => (b.targets[node] !== undefined) !== mayAnnounce(world.get('nodes', node)))

const balancerOf = (world: ModelWorld, key: string): CloudBalancerRecord | undefined =>
  world.all('cloudBalancers').find((balancer) => balancer.service === key)

/** An annotation of the lab: most clouds have one of their own for it. */
export const IP_MODE = 'cloud.nodeglass/ip-mode'
const ipModeOf = ({ metadata }: Service): 'VIP' | 'Proxy' =>
  metadata.annotations?.[IP_MODE] === 'Proxy' ? 'Proxy' : 'VIP'

function checkOf(service: Service): CloudBalancerRecord['check'] {
  const { externalTrafficPolicy, healthCheckNodePort } = service.spec
  return externalTrafficPolicy === 'Local' && healthCheckNodePort
    ? { port: healthCheckNodePort, path: '/healthz' }
    : KUBE_PROXY_HEALTH
}

/** syncLoadBalancerIfNeeded */
function review(world: ModelWorld, key: string): void {
  const service = world.get('services', key)
  const balancer = balancerOf(world, key)
  if (!wantsAddress(service) || service.metadata.deletionTimestamp !== undefined) {
    if (balancer) remove(world, balancer, service)
    return
  }
  if (balancer) {
    const check = checkOf(service)
    const ipMode = ipModeOf(service)
    if (ipMode !== balancer.ipMode) return changeMode(world, { ...balancer, ipMode }, service)
    if (check.port === balancer.check.port) return
    tell(world, service, 'UpdatedLoadBalancer', 'Updated load balancer with new hosts')
    return putTargets(world, { ...balancer, check, targets: {} })
  }
  const used = new Set(world.all('cloudBalancers').map((b) => b.ip))
  const held = addressOf(service)
  const ip = held !== undefined && !used.has(held) ? held : nextFree(CLOUD_POOL, used)
  if (ip === undefined) return tell(world, service, 'SyncLoadBalancerFailed', 'Error syncing load balancer: failed to ensure load balancer: quota exceeded', 'Warning') // prettier-ignore
  world.because('LB7', { service: key, ip })
  tell(world, service, 'EnsuringLoadBalancer', 'Ensuring load balancer')
  const finalizers = service.metadata.finalizers ?? []
  if (!finalizers.includes(FINALIZER)) ask(world, service, { body: { metadata: { finalizers: [...finalizers, FINALIZER] } } }) // prettier-ignore
  const { ignoresHealthChecks } = world.get('clouds', ACTOR)!
  const base = {
    ip,
    service: key,
    check: checkOf(service),
    since: world.now,
    ignoresHealthChecks,
    ipMode: ipModeOf(service),
  }
  putTargets(world, { ...base, targets: {}, provisioned: false })
  world.send(PROVISIONED, ACTOR, { ip }, { from: ACTOR, delayMicros: PROVISION })
}

function putTargets(world: ModelWorld, balancer: CloudBalancerRecord): void {
  const targets: Record<string, CloudTarget> = {}
  for (const node of targetNodes(world))
    targets[node] = balancer.targets[node] ?? { healthy: false, failures: 0, said: 'not asked yet' }
  world.put('cloudBalancers', balancer.ip, { ...balancer, targets })
  for (const node of Object.keys(targets))
    if (!balancer.targets[node]) checkTarget(world, { ...balancer, targets }, node)
}

function provisioned(world: ModelWorld, event: SimEvent<{ ip: string }>): void {
  const balancer = world.get('cloudBalancers', event.data.ip)
  const service = balancer && world.get('services', balancer.service)
  if (!service || balancer.provisioned) return
  world.put('cloudBalancers', balancer.ip, { ...balancer, provisioned: true })
  publish(world, service, balancer)
  tell(world, service, 'EnsuredLoadBalancer', 'Ensured load balancer')
}

function publish(world: ModelWorld, service: Service, { ip, ipMode }: CloudBalancerRecord): void {
  ask(world, service, { subresource: 'status', body: { status: { loadBalancer: { ingress: [{ ip, ipMode }] } } } })
}

function changeMode(world: ModelWorld, balancer: CloudBalancerRecord, service: Service): void {
  world.put('cloudBalancers', balancer.ip, balancer)
  if (balancer.provisioned) publish(world, service, balancer)
}

function remove(world: ModelWorld, balancer: CloudBalancerRecord, service: Service | undefined): void {
  world.put('cloudBalancers', balancer.ip, undefined)
  if (!service) return
  tell(world, service, 'DeletingLoadBalancer', 'Deleting load balancer')
  world.send(REMOVED, ACTOR, { service: balancer.service }, { from: ACTOR, delayMicros: REMOVE })
}

function removed(world: ModelWorld, event: SimEvent<{ service: string }>): void {
  const service = world.get('services', event.data.service)
  if (!service || (wantsAddress(service) && service.metadata.deletionTimestamp === undefined)) return
  tell(world, service, 'DeletedLoadBalancer', 'Deleted load balancer')
  const finalizers = (service.metadata.finalizers ?? []).filter((f) => f !== FINALIZER)
  ask(world, service, { body: { metadata: { finalizers: finalizers.length > 0 ? finalizers : null } } })
}

/** Every eight seconds every node is asked for every balancer. */
function check(world: ModelWorld): void {
  if (!cloudOf(world)) return
  world.send(CHECK, ACTOR, {}, { from: ACTOR, delayMicros: CHECK_EVERY })
  for (const balancer of world.all('cloudBalancers'))
    for (const node of Object.keys(balancer.targets)) checkTarget(world, balancer, node)
}

function checkTarget(world: ModelWorld, balancer: CloudBalancerRecord, node: string): void {
  const dst = world.get('machines', node)?.ip
  if (dst === undefined) return
  const { port, path } = balancer.check
  const ctx: Checked = { ip: balancer.ip, node }
  connect(world, {
    from: { host: 'cloud' },
    proto: 'tcp',
    dst,
    dport: port,
    request: httpGet(`${dst}:${port}`, path, 'GoogleHC/1.0'),
    what: `health check of ${node} for ${balancer.service}`,
    timeoutMicros: CHECK_TIMEOUT,
    routine: true,
    answer: { to: ACTOR, kind: 'cloud.checked' },
    ctx,
  })
}

function checked(world: ModelWorld, event: SimEvent<ConnectResult>): void {
  const { ip, node } = event.data.ctx as Checked
  const balancer = world.get('cloudBalancers', ip)
  const old = balancer?.targets[node]
  if (!balancer || !old) return
  const status = (event.data.response as HttpResponse | undefined)?.status
  const said = status === undefined ? (event.data.error ?? 'no answer') : String(status)
  const failures = status === 200 ? 0 : old.failures + 1
  const healthy = status === 200 || (old.healthy && failures < UNHEALTHY_AFTER)
  if (healthy !== old.healthy) world.because('LB8', { ip, node, said, healthy })
  const target: CloudTarget = { healthy, failures, said, checkedAt: world.now }
  world.put('cloudBalancers', ip, { ...balancer, targets: { ...balancer.targets, [node]: target } })
}

function tell(
  world: ModelWorld,
  service: Service,
  reason: string,
  message: string,
  type: 'Normal' | 'Warning' = 'Normal',
): void {
  // prettier-ignore
  recordEvent(world, NAME, referenceTo(service as unknown as KubeObject), { type, reason, message })
}

function ask(world: ModelWorld, { metadata }: Service, more: Partial<ApiRequest>): void {
  const request: ApiRequest = {
    verb: 'patch',
    patchType: 'merge',
    resource: 'services',
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    userAgent: 'cloud-controller-manager',
    ...more,
  }
  sendOver(world, 'api.request', 'apiserver', request)
}

export const cloud: ModelComponent = {
  roles: [ACTOR],
  tables: { clouds: { owner: 'load-balancer' } },
  rules: [
    {
      id: 'LB7',
      says: 'The cloud controller manager orders a load balancer for a Service of type LoadBalancer and writes its address into the status.',
      source: 'kubernetes/cloud-provider controllers/service/controller.go syncLoadBalancerIfNeeded',
    },
    {
      id: 'LB8',
      says: 'A load balancer sends new flows to healthy nodes only: one answer of 200 makes a node healthy, three other answers in a row do not. With no healthy node it tries them all.',
      source: 'kubernetes/legacy-cloud-providers gce/gce_healthchecks.go',
    },
  ],
  handlers: {
    'cloud.set': set,
    'cloud.checked': checked,
    'api.watch': watched,
    'api.response': () => {},
    [PROVISIONED]: provisioned,
    [REMOVED]: removed,
    [CHECK]: check,
    [WATCH_AGAIN]: watchAgain,
    [THROTTLED]: sendThrottled,
  },
}
