/**
 * The controller of MetalLB: gives a Service of type LoadBalancer an address of the pool and writes it into its status.
 * metallb controller/service.go convergeBalancer, controller/main.go SetBalancer.
 */
import { MILLI, rfc3339, SECOND } from '../../sim/clock.ts'
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import type { KubeObject, Service } from '../apiserver/objects.ts'
import { sendThrottled, THROTTLED } from '../controllers/client.ts'
import { recordEvent, referenceTo } from '../controllers/event-recorder.ts'
import { appendContainerLog } from '../cri/container-log.ts'
import { whilePowered } from '../linux/power.ts'
import { type ApiRequest, type ApiWatchEvent, sendOver } from '../messages.ts'
import type { ModelComponent, ModelWorld } from '../tables.ts'
import {
  addressOf,
  desiredAddress,
  inPool,
  keyOf,
  nextFree,
  POOL,
  POOL_ANNOTATION,
  sharingProblem,
  wantsAddress,
} from './pool.ts'
import type { MetalLbControllerRecord } from './records.ts'

const NAME = 'metallb-controller'
const WATCH_AGAIN = 'timer.metallb-watch'

export type MetalLbStart = { pid: number }

/** A line in the log of its container: go-kit's JSON, keys in order. */
export function metalLbLog(world: ModelWorld, node: string, pid: number, fields: Record<string, unknown>): void {
  const container = world.get('processes', `${node}|${pid}`)?.containerId
  if (container === undefined) return
  const all: Record<string, unknown> = { ...fields, ts: rfc3339(world.now) }
  const keys = Object.keys(all).sort((a, b) => (a < b ? -1 : 1))
  const line = `{${keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(all[key])}`).join(',')}}`
  appendContainerLog(world, container, 'stderr', line)
}

/** Opens watches, and again while their first lists do not come. */
export function openWatches(
  world: ModelWorld,
  resources: readonly string[],
  synced: readonly string[],
  userAgent: string,
): void {
  for (const resource of resources) {
    if (synced.includes(resource)) continue
    const request: ApiRequest = {
      verb: 'watch',
      resource,
      userAgent,
      ...(resource === 'endpointslices' ? { group: 'discovery.k8s.io' } : {}),
    }
    sendOver(world, 'api.request', 'apiserver', request)
  }
}

function running(world: ModelWorld, actor: string): MetalLbControllerRecord | undefined {
  const record = world.get('metalLbControllers', placeOf(actor))
  return record?.running ? record : undefined
}

function put(world: ModelWorld, record: MetalLbControllerRecord): MetalLbControllerRecord {
  world.put('metalLbControllers', record.node, record)
  return record
}

function start(world: ModelWorld, event: SimEvent<MetalLbStart>): void {
  const node = placeOf(event.to)
  const { pid } = event.data
  put(world, { node, running: true, since: world.now, pid, synced: false, assigned: {} })
  metalLbLog(world, node, pid, { level: 'info', msg: 'MetalLB controller starting version 0.15.3 (commit simulated)' })
  openWatches(world, ['services'], [], NAME)
  world.send(WATCH_AGAIN, event.to, { since: world.now }, { from: event.to, delayMicros: 10 * SECOND })
}

function watchAgain(world: ModelWorld, event: SimEvent<{ since: number }>): void {
  const record = running(world, event.to)
  if (!record || record.synced || record.since !== event.data.since) return
  openWatches(world, ['services'], [], NAME)
  world.send(WATCH_AGAIN, event.to, event.data, { from: event.to, delayMicros: 10 * SECOND })
}

function stop(world: ModelWorld, event: SimEvent): void {
  const record = running(world, event.to)
  if (record) put(world, { ...record, running: false })
}

function watched(world: ModelWorld, event: SimEvent<ApiWatchEvent>): void {
  const record = running(world, event.to)
  if (!record) return
  const { type, object } = event.data
  if (type === 'BOOKMARK') {
    if (!record.synced) put(world, { ...record, synced: true })
    return reprocessAll(world, record.node)
  }
  const service = object as unknown as Service
  // An address that a status holds is taken before anything is given out.
  const held = wantsAddress(service) ? addressOf(service) : undefined
  if (!record.synced) {
    if (held && inPool(POOL, held)) put(world, { ...record, assigned: { ...record.assigned, [keyOf(service)]: held } })
    return
  }
  if (type === 'DELETED') {
    if (record.assigned[keyOf(service)] === undefined) return
    unassign(world, record.node, keyOf(service))
    return reprocessAll(world, record.node)
  }
  converge(world, record.node, keyOf(service))
}

/** Services without an address are looked at again when one is given back. */
function reprocessAll(world: ModelWorld, node: string): void {
  for (const service of world.all('services')) converge(world, node, keyOf(service))
}

function unassign(world: ModelWorld, node: string, key: string): void {
  const record = world.get('metalLbControllers', node)!
  const { [key]: _, ...assigned } = record.assigned
  put(world, { ...record, assigned })
}

function converge(world: ModelWorld, node: string, key: string): void {
  const service = world.get('services', key)
  const record = world.get('metalLbControllers', node)
  if (!service || !record?.running || !record.synced) return
  const mine = record.assigned[key]
  if (!wantsAddress(service) || service.metadata.deletionTimestamp !== undefined) {
    if (mine === undefined) return
    unassign(world, node, key)
    world.because('LB3', { service: key, ip: mine })
    if (service.metadata.annotations?.[POOL_ANNOTATION] !== undefined) annotate(world, service, null)
    return
  }
  const desired = desiredAddress(service)
  if (desired.problem !== undefined)
    return failed(world, service, mine === undefined ? 'AllocationFailed' : 'LoadBalancerFailed', desired.problem)
  if (mine !== undefined && (desired.ip === undefined || desired.ip === mine)) {
    if (addressOf(service) !== mine) publish(world, service, mine)
    return
  }
  const choice = choose(world, record, service, desired.ip)
  if ('problem' in choice) return failed(world, service, 'AllocationFailed', choice.problem)
  put(world, { ...record, assigned: { ...record.assigned, [key]: choice.ip } })
  world.because('LB1', { service: key, ip: choice.ip, pool: POOL.name })
  const says = { event: 'ipAllocated', ip: [choice.ip], level: 'info', msg: 'IP address assigned by controller' }
  metalLbLog(world, node, record.pid, says)
  tell(world, service, 'Normal', 'IPAllocated', `Assigned IP ["${choice.ip}"]`)
  publish(world, service, choice.ip)
}

/** allocator.go Assign and Allocate. */
function choose(
  world: ModelWorld,
  record: MetalLbControllerRecord,
  service: Service,
  wanted: string | undefined,
): { ip: string } | { problem: string } {
  const others = Object.entries(record.assigned).filter(([key]) => key !== keyOf(service))
  if (wanted === undefined) {
    const ip = nextFree(POOL, new Set(others.map(([, used]) => used)))
    return ip === undefined ? { problem: 'no available IPs' } : { ip }
  }
  if (!inPool(POOL, wanted)) return { problem: `["${wanted}"] is not allowed in config` }
  for (const [key, used] of others) {
    const other = used === wanted ? world.get('services', key) : undefined
    const problem = other && sharingProblem(service, wanted, other)
    if (problem !== undefined) return { problem }
  }
  return { ip: wanted }
}

function failed(world: ModelWorld, service: Service, reason: string, why: string): void {
  world.because('LB2', { service: keyOf(service), why })
  const what =
    reason === 'AllocationFailed'
      ? `Failed to allocate IP for "${keyOf(service)}": ${why}`
      : `invalid requested loadbalancer IPs: ${why}`
  tell(world, service, 'Warning', reason, what)
}

function tell(world: ModelWorld, service: Service, type: 'Normal' | 'Warning', reason: string, message: string): void {
  recordEvent(world, NAME, referenceTo(service as unknown as KubeObject), { type, reason, message })
}

function annotate(world: ModelWorld, service: Service, pool: string | null): void {
  ask(world, service, { body: { metadata: { annotations: { [POOL_ANNOTATION]: pool } } } })
}

function publish(world: ModelWorld, service: Service, ip: string): void {
  if (service.metadata.annotations?.[POOL_ANNOTATION] !== POOL.name) annotate(world, service, POOL.name)
  ask(world, service, {
    subresource: 'status',
    body: { status: { loadBalancer: { ingress: [{ ip, ipMode: 'VIP' }] } } },
  })
}

function ask(world: ModelWorld, { metadata }: Service, more: Partial<ApiRequest>): void {
  const request: ApiRequest = {
    verb: 'patch',
    patchType: 'merge',
    resource: 'services',
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    userAgent: NAME,
    ...more,
  }
  sendOver(world, 'api.request', 'apiserver', request, { extraMicros: MILLI })
}

export const metalLbController: ModelComponent = {
  roles: [NAME],
  tables: { metalLbControllers: { owner: 'load-balancer' } },
  rules: [
    {
      id: 'LB1',
      says: 'A Service of type LoadBalancer gets the lowest free address of the pool, or the one it asks for.',
      source: 'metallb controller/service.go convergeBalancer, internal/allocator/allocator.go Allocate',
    },
    {
      id: 'LB2',
      says: 'Without an address that it may have, a Service stays pending; it is looked at again when one is given back.',
      source: 'metallb controller/service.go allocateIPs',
    },
    {
      id: 'LB3',
      says: 'An address goes back to the pool with its Service, or when the Service is no LoadBalancer any more.',
      source: 'metallb controller/service.go clearServiceState',
    },
  ],
  handlers: {
    ...whilePowered({
      [`${NAME}.start`]: start,
      'api.watch': watched,
      'api.response': () => {},
      [WATCH_AGAIN]: watchAgain,
      [THROTTLED]: sendThrottled,
    }),
    [`${NAME}.stop`]: stop,
  },
}
