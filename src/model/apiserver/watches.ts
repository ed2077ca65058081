// Watches: a list, then every change that matches (apiserver/pkg/storage/cacher). A watcher that cannot be reached keeps
// its watch; what it misses waits as the last state of each object, and is sent when the way is open again, as TCP and a
// re-watch from the last resourceVersion bring it about.

import { SECOND } from '../../sim/clock.ts'
import { connected, LATENCY, sendOver, type ApiRequest, type ApiWatchEvent } from '../messages.ts'
import type { ModelWorld, WatchRecord } from '../tables.ts'
import { versionAfter, type Answer, type ObjectWrite } from './answer.ts'
import type { KubeObject } from './objects.ts'
import { apiVersionOf, resourceOf, type ApiResource } from './resources.ts'
import { objectFilter } from './selectors.ts'

export const WATCH_RETRY = 'timer.api.watches'
const RETRY_EVERY = 1 * SECOND
/** More than this in a stalled watch and the server gives up on it: the watcher gets the whole list again. */
const STALL_MAX = 2_000

type WatchEventType = ApiWatchEvent['type']

const watchIndex = (r: ApiResource): string => (r.group === '' ? r.resource : `${r.resource}.${r.group}`)

/** Opens a watch and sends the list as ADDED events with a bookmark behind them. The same watch again replaces it. */
export function openWatch(world: ModelWorld, request: ApiRequest, answer: Answer): void {
  const r = resourceOf(request.resource, request.group)!
  const watcher = world.event.from
  const { labelSelector, fieldSelector } = request
  const namespace = r.namespaced ? request.namespace : undefined
  const id = [watcher, watchIndex(r), namespace ?? '', labelSelector ?? '', fieldSelector ?? ''].join('|')
  const version = versionAfter(world, 0)
  const watch: WatchRecord = {
    id,
    watcher,
    resource: watchIndex(r),
    sentVersion: Number(version),
    since: world.now,
    ...(namespace === undefined ? {} : { namespace }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  }
  world.because('AP2', { watcher, resource: watch.resource, objects: answer.items?.length ?? 0 })
  world.put('watches', id, watch)
  for (const object of answer.items ?? []) send(world, watch, 'ADDED', object, LATENCY.apiRead)
  send(world, watch, 'BOOKMARK', bookmark(r, version), LATENCY.apiRead)
}

function bookmark(r: ApiResource, resourceVersion: string): KubeObject {
  return { apiVersion: apiVersionOf(r), kind: r.kind, metadata: { resourceVersion } as KubeObject['metadata'] }
}

/** Tells each watcher whose selection the write touches. */
export function fanOut(world: ModelWorld, write: ObjectWrite, deleted: KubeObject | undefined): void {
  for (const watch of world.by('watches', 'resource', watchIndex(write.resource))) {
    const type = eventFor(watch, write)
    if (type === undefined) continue
    const object = type === 'DELETED' ? (write.after ?? deleted ?? write.before!) : write.after!
    deliver(world, watch, type, object)
  }
}

/** Moving into a selection is ADDED, out of it DELETED (cacheWatcher.convertToWatchEvent). */
function eventFor(watch: WatchRecord, write: ObjectWrite): WatchEventType | undefined {
  const { before, after } = write
  const namespace = (after ?? before)!.metadata.namespace
  if (watch.namespace !== undefined && watch.namespace !== namespace) return undefined
  let was = before !== undefined
  let is = after !== undefined
  if (watch.labelSelector || watch.fieldSelector) {
    const filter = objectFilter(write.resource.resource, watch.labelSelector, watch.fieldSelector)
    if (typeof filter === 'string') return undefined
    was = was && filter(before!)
    is = is && filter(after!)
  }
  if (is) return was ? 'MODIFIED' : 'ADDED'
  return was ? 'DELETED' : undefined
}

function deliver(world: ModelWorld, watch: WatchRecord, type: WatchEventType, object: KubeObject): void {
  if (watch.stalled || !connected(world, 'apiserver', watch.watcher)) hold(world, watch, type, object)
  else send(world, watch, type, object, LATENCY.apiWrite)
}

function send(
  world: ModelWorld,
  watch: WatchRecord,
  type: WatchEventType,
  object: KubeObject,
  extraMicros: number,
): void {
  const resource = resourceNameOf(watch)
  sendOver(world, 'api.watch', watch.watcher, { watch: watch.id, type, resource, object }, { extraMicros })
}

/** The plural without its group, as in ApiRequest.resource. */
const resourceNameOf = (watch: WatchRecord): string => watch.resource.split('.')[0]!

function hold(world: ModelWorld, watch: WatchRecord, type: WatchEventType, object: KubeObject): void {
  const key = `${object.metadata.namespace ?? ''}/${object.metadata.name}`
  const held = watch.stalled ?? {}
  const before = held[key]
  // Seen from the watcher: new and gone again is nothing; new and changed is new.
  let merged: { type: WatchEventType; object: KubeObject } | undefined = { type, object }
  if (before?.type === 'ADDED') merged = type === 'DELETED' ? undefined : { type: 'ADDED', object }
  else if (before?.type === 'DELETED' && type === 'ADDED') merged = { type: 'MODIFIED', object }
  const { [key]: _, ...others } = held
  const stalled = merged ? { ...others, [key]: merged } : others
  world.because('AP8', { watcher: watch.watcher, resource: watch.resource, waiting: Object.keys(stalled).length })
  if (Object.keys(stalled).length > STALL_MAX) return
  world.put('watches', watch.id, { ...watch, stalled })
  if (!world.get('counters', 'stalled watches')) {
    world.put('counters', 'stalled watches', { value: 1 })
    world.send(WATCH_RETRY, 'apiserver', {}, { delayMicros: RETRY_EVERY })
  }
}

/** Looks whether stalled watchers can be reached again. */
export function retryWatches(world: ModelWorld): void {
  let left = 0
  for (const watch of world.all('watches')) {
    if (!watch.stalled) continue
    if (!connected(world, 'apiserver', watch.watcher)) {
      left++
      continue
    }
    const { stalled, ...open } = watch
    world.because('AP8', { watcher: watch.watcher, resource: watch.resource, sent: Object.keys(stalled).length })
    world.put('watches', watch.id, { ...open, sentVersion: Number(versionAfter(world, 0)) })
    for (const { type, object } of Object.values(stalled))
      send(world, open, type as WatchEventType, object, LATENCY.apiRead)
  }
  if (left > 0) world.send(WATCH_RETRY, 'apiserver', {}, { delayMicros: RETRY_EVERY })
  else world.put('counters', 'stalled watches', undefined)
}
