// Event objects as client-go's recorder and correlator make them
// (staging/src/k8s.io/client-go/tools/record: event.go makeEvent, events_cache.go EventCorrelator).
import { EPOCH_SECONDS, MINUTE, rfc3339, SECOND } from '../../sim/clock.ts'
import type { Micros } from '../../sim/contract.ts'
import type { KubeObject, ObjectReference } from '../apiserver/objects.ts'
import type { EventId, EventMemoryRecord, ModelWorld } from '../tables.ts'
import { CONTROLLER_LIMITS, request, type ClientLimits } from './client.ts'

/** Spam filter: 25 events at once per component and object, then one in five minutes. */
const SPAM_BURST = 25
const SPAM_COST: Micros = 300 * SECOND
/** The tenth different message with one reason within ten minutes, and every new one after it, is combined. */
const GROUP_MAX = 10
const GROUP_WINDOW: Micros = 10 * MINUTE
const REMEMBERED = 40

export type Told = { type: 'Normal' | 'Warning'; reason: string; message: string }

export function referenceTo(object: KubeObject): ObjectReference {
  return {
    kind: object.kind,
    ...(object.metadata.namespace ? { namespace: object.metadata.namespace } : {}),
    name: object.metadata.name,
    uid: object.metadata.uid,
    apiVersion: object.apiVersion,
    resourceVersion: object.metadata.resourceVersion,
  }
}

/** Name of a new Event: the object's name and the time in nanoseconds, in hex. */
export function eventName(world: ModelWorld, name: string): string {
  const nanos = (BigInt(EPOCH_SECONDS) * 1_000_000n + BigInt(world.now)) * 1000n
  return `${name}.${(nanos + BigInt(world.serial('event names') % 1000)).toString(16)}`
}

/** Tells of something that happened to `about`. Fire and forget: the answer is not waited for. */
export function recordEvent(
  world: ModelWorld,
  component: string,
  about: ObjectReference,
  told: Told,
  options: { limits?: ClientLimits; causes?: readonly EventId[]; host?: string } = {},
): void {
  const id = `${component}|${about.uid ?? about.name ?? ''}`
  const memory = world.get('eventMemory', id) ?? { paidUntil: 0, dropped: 0, groups: {}, sent: {} }
  const groupKey = `${told.type}|${told.reason}`
  const known = memory.groups[groupKey]
  const fresh = known !== undefined && world.now - known.since <= GROUP_WINDOW ? known : undefined
  const messages = fresh?.messages ?? []
  const seen = messages.includes(told.message)
  const group = {
    messages: seen || messages.length >= GROUP_MAX - 1 ? messages : [...messages, told.message],
    since: world.now,
  }
  const combined = !seen && messages.length >= GROUP_MAX - 1
  const message = combined ? `(combined from similar events): ${told.message}` : told.message
  // One event per part of the object: two containers of a pod do not share a count (getEventKey).
  const sentKey = combined ? groupKey : `${groupKey}|${about.fieldPath ?? ''}|${told.message}`
  const groups = { ...memory.groups, [groupKey]: group }

  const namespace = about.namespace ?? 'default'
  const before = memory.sent[sentKey]
  const limits = options.limits ?? CONTROLLER_LIMITS
  const stamp = rfc3339(world.now)
  const observed = before
    ? { ...before, count: before.count + 1, at: world.now }
    : { name: eventName(world, about.name ?? ''), count: 1, first: stamp, at: world.now }

  // The filter comes after the count: what it holds back is told by the next event that gets through.
  const paidUntil = Math.max(memory.paidUntil, world.now) + SPAM_COST
  if (paidUntil - world.now > SPAM_COST * SPAM_BURST) {
    const held = before && !before.held ? observed : { ...observed, held: true as const }
    const sent = remember(memory.sent, sentKey, held)
    world.put('eventMemory', id, { ...memory, groups, sent, dropped: memory.dropped + 1 })
    return
  }

  const { held: _held, ...sent } = observed
  if (before && !before.held) {
    request(
      world,
      component,
      limits,
      {
        verb: 'patch',
        resource: 'events',
        namespace,
        name: before.name,
        patchType: 'strategic',
        body: { count: sent.count, lastTimestamp: stamp, message },
        ctx: { event: true },
      },
      options.causes,
    )
  } else {
    request(
      world,
      component,
      limits,
      {
        verb: 'create',
        resource: 'events',
        namespace,
        body: {
          apiVersion: 'v1',
          kind: 'Event',
          metadata: { name: sent.name, namespace },
          involvedObject: about,
          reason: told.reason,
          message,
          source: { component, ...(options.host ? { host: options.host } : {}) },
          firstTimestamp: sent.first,
          lastTimestamp: stamp,
          count: sent.count,
          type: told.type,
          eventTime: null,
          reportingComponent: component,
          reportingInstance: options.host ?? '',
        },
        ctx: { event: true },
      },
      options.causes,
    )
  }
  world.put('eventMemory', id, {
    paidUntil,
    dropped: memory.dropped,
    groups,
    sent: remember(memory.sent, sentKey, sent),
  })
}

function remember(
  sent: EventMemoryRecord['sent'],
  key: string,
  one: EventMemoryRecord['sent'][string],
): EventMemoryRecord['sent'] {
  const all = { ...sent, [key]: one }
  const keys = Object.keys(all)
  if (keys.length > REMEMBERED) delete all[keys[0]!]
  return all
}
