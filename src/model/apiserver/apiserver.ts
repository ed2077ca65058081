// The live API server: requests arrive, writes are committed, watchers hear of them.

import { HOUR, parseRfc3339, rfc3339, SECOND } from '../../sim/clock.ts'
import { LATENCY, sendOver, type ApiRequest, type ApiResponse } from '../messages.ts'
import type { ModelComponent, ModelHandler, ModelWorld } from '../tables.ts'
import { versionAfter, type Answer, type ObjectWrite } from './answer.ts'
import { newUid } from './chance.ts'
import { applyDefaults } from './defaults/kind-defaults.ts'
import { GARBAGE_TARGET, noticesOf, ownerUid } from './garbage.ts'
import type { Event, KubeObject, ObjectMeta } from './objects.ts'
import { objectId, qualifiedResource, resourceOf, resourceOfKind } from './resources.ts'
import { respond } from './respond.ts'
import { API_RULES } from './rules.ts'
import { fanOut, openWatch, retryWatches, WATCH_RETRY } from './watches.ts'

const EVENT_TTL = HOUR
const EVENT_SWEEP = 'timer.api.events'

/** Components of the model write what they mean; everything else is typed or pasted by people. */
const PEOPLE = new Set(['laptop', 'external', 'input'])

const onRequest: ModelHandler = (world, event) => {
  const request = event.data as ApiRequest
  const answer = respond(world, request, world, PEOPLE.has(event.from))
  if (request.verb === 'watch' && answer.code < 400) {
    reply(world, event.from, request, { code: 200, writes: [] }, LATENCY.apiRead)
    openWatch(world, request, answer)
    return
  }
  for (const [rule, facts] of answer.because ?? []) world.because(rule, facts)
  commit(world, answer.writes)
  reply(world, event.from, request, answer, answer.writes.length > 0 ? LATENCY.apiWrite : LATENCY.apiRead)
}

function reply(world: ModelWorld, to: string, request: ApiRequest, answer: Answer, extraMicros: number): void {
  const { verb, resource, namespace, name, subresource } = request
  const response: ApiResponse = { code: answer.code, request: { verb, resource } }
  if (namespace !== undefined) response.request.namespace = namespace
  if (name !== undefined) response.request.name = name
  if (subresource !== undefined) response.request.subresource = subresource
  if (answer.object !== undefined) response.object = answer.object
  if (answer.items !== undefined) response.items = answer.items
  if (answer.reason !== undefined) response.reason = answer.reason
  if (answer.message !== undefined) response.message = answer.message
  if (answer.causes !== undefined) response.causes = answer.causes
  if (answer.warnings?.length) response.warnings = answer.warnings
  if (request.ctx !== undefined) response.ctx = request.ctx
  sendOver(world, 'api.response', to, response, { extraMicros })
}

/** etcd's part: each write takes a version, the tables change, the watchers hear of it. */
function commit(world: ModelWorld, writes: readonly ObjectWrite[]): void {
  if (writes.length === 0) return
  let version = Number(versionAfter(world, 0))
  for (const write of writes) {
    version++
    const { resource: r, before, after } = write
    world.put(r.table, write.id, after as never)
    let deleted: KubeObject | undefined
    if (before && !after) deleted = { ...before, metadata: { ...before.metadata, resourceVersion: String(version) } }
    fanOut(world, write, deleted)
    if (r.resource === 'events') {
      if (after && !before) scheduleEventSweep(world)
    } else
      for (const notice of noticesOf(world, write))
        sendOver(world, 'api.garbage', GARBAGE_TARGET, notice, { extraMicros: LATENCY.apiWrite })
  }
  world.put('counters', 'resourceVersion', { value: version })
}

function scheduleEventSweep(world: ModelWorld): void {
  if (world.get('counters', 'event sweep')) return
  world.put('counters', 'event sweep', { value: 1 })
  world.send(EVENT_SWEEP, 'apiserver', {}, { delayMicros: EVENT_TTL })
}

/** An etcd lease per Event: here one timer for the oldest, and all that are due go with it. */
const onEventSweep: ModelHandler = (world) => {
  const r = resourceOf('events')!
  const writes: ObjectWrite[] = []
  let next: number | undefined
  for (const event of world.all('events')) {
    const due = eventAge(event) + EVENT_TTL
    if (due <= world.now)
      writes.push({
        resource: r,
        id: objectId(r, event.metadata.namespace, event.metadata.name),
        before: event as unknown as KubeObject,
      })
    else if (next === undefined || due < next) next = due
  }
  world.because('AP12', { expired: writes.length })
  commit(world, writes)
  if (next === undefined) world.put('counters', 'event sweep', undefined)
  else world.send(EVENT_SWEEP, 'apiserver', {}, { delayMicros: Math.max(SECOND, next - world.now) })
}

/** An update renews the lease. */
function eventAge(event: Event): number {
  const last = parseRfc3339(event.lastTimestamp ?? event.metadata.creationTimestamp)
  return Number.isNaN(last) ? 0 : last
}

/**
 * `api.seed`, at boot: objects that are there from the start, without admission, validation or messages.
 * A status that an object brings is kept.
 */
const onSeed: ModelHandler = (world, event) => {
  const { objects } = event.data as { objects: readonly KubeObject[] }
  let version = Number(versionAfter(world, 0))
  for (const given of objects) {
    const r = resourceOfKind(given.apiVersion, given.kind)
    if (!r) throw new Error(`api.seed: no resource for ${given.apiVersion} ${given.kind}`)
    const metadata: ObjectMeta = {
      ...given.metadata,
      uid: given.metadata.uid || newUid(world),
      resourceVersion: String(++version),
      creationTimestamp: given.metadata.creationTimestamp || rfc3339(world.now),
    }
    if (r.namespaced) metadata.namespace ??= 'default'
    if (r.generation) metadata.generation ??= 1
    const object = applyDefaults({ ...given, metadata })
    world.put(r.table, objectId(r, metadata.namespace, metadata.name), object as never)
  }
  world.put('counters', 'resourceVersion', { value: version })
}

const byNamespace = (o: { metadata: { namespace?: string } }): string | undefined => o.metadata.namespace

export const apiserver: ModelComponent = {
  roles: ['apiserver'],
  handlers: {
    'api.request': onRequest,
    'api.seed': onSeed,
    [EVENT_SWEEP]: onEventSweep,
    [WATCH_RETRY]: (world) => retryWatches(world),
  },
  rules: API_RULES,
  tables: {
    pods: {
      owner: 'apiserver',
      indexes: {
        node: (pod) => pod.spec.nodeName || undefined,
        owner: ownerUid,
        namespace: byNamespace,
        uid: (pod) => pod.metadata.uid,
      },
    },
    nodes: { owner: 'apiserver' },
    services: { owner: 'apiserver', indexes: { namespace: byNamespace } },
    endpointslices: {
      owner: 'apiserver',
      indexes: {
        namespace: byNamespace,
        owner: ownerUid,
        service: (slice) => {
          const name = slice.metadata.labels?.['kubernetes.io/service-name']
          return name === undefined ? undefined : `${slice.metadata.namespace}/${name}`
        },
      },
    },
    deployments: { owner: 'apiserver', indexes: { namespace: byNamespace } },
    replicasets: { owner: 'apiserver', indexes: { namespace: byNamespace, owner: ownerUid } },
    daemonsets: { owner: 'apiserver', indexes: { namespace: byNamespace } },
    leases: { owner: 'apiserver', indexes: { namespace: byNamespace } },
    namespaces: { owner: 'apiserver' },
    events: {
      owner: 'apiserver',
      indexes: { namespace: byNamespace, involved: (e) => e.involvedObject.uid || undefined },
    },
    configmaps: { owner: 'apiserver', indexes: { namespace: byNamespace } },
    secrets: { owner: 'apiserver', indexes: { namespace: byNamespace } },
    serviceaccounts: { owner: 'apiserver', indexes: { namespace: byNamespace } },
    otherobjects: {
      owner: 'apiserver',
      indexes: {
        namespace: byNamespace,
        owner: ownerUid,
        resource: (o) => {
          const r = resourceOfKind(o.apiVersion, o.kind)
          return r && qualifiedResource(r)
        },
      },
    },
    watches: { owner: 'apiserver', indexes: { resource: (w) => w.resource, watcher: (w) => w.watcher } },
    counters: { owner: 'apiserver' },
  },
}
