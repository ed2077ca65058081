// The pods that wait for a node: active, in backoff, or set aside until something changes that may help
// (pkg/scheduler/backend/queue/scheduling_queue.go).
import { MINUTE, SECOND } from '../../sim/clock.ts'
import type { Micros } from '../../sim/contract.ts'
import type { Pod } from '../apiserver/objects.ts'
import { keyOf } from '../controllers/pod-facts.ts'
import type { ModelWorld, SchedulingRecord } from '../tables.ts'
import type { Plugin } from './filters.ts'

export const CYCLE = 'timer.scheduler.cycle'
export const QUEUE_DUE = 'timer.scheduler.due'
/** podInitialBackoffSeconds 1, podMaxBackoffSeconds 10. */
const BACKOFF_FIRST = SECOND
const BACKOFF_LAST = 10 * SECOND
/** podMaxInUnschedulablePodsDuration: tried again although nothing changed. */
const SET_ASIDE = 5 * MINUTE
/** One scheduling cycle: filters and scores of a small cluster. */
const CYCLE_MICROS: Micros = 400
const CAUSES_KEPT = 12

export function addPod(world: ModelWorld, pod: Pod): void {
  const gated = (pod.spec.schedulingGates?.length ?? 0) > 0
  const record: SchedulingRecord = {
    namespace: pod.metadata.namespace ?? '',
    name: pod.metadata.name,
    uid: pod.metadata.uid,
    state: gated ? 'gated' : 'active',
    priority: pod.spec.priority ?? 0,
    since: world.now,
    attempts: 0,
    rejectedBy: [],
    generation: pod.metadata.generation ?? 0,
    causes: [world.event.id],
  }
  world.put('scheduling', keyOf(pod), record)
  if (!gated) kick(world)
}

export function removePod(world: ModelWorld, key: string): void {
  const held = world.get('scheduling', key)
  if (!held) return
  world.cancel(held.wake)
  world.put('scheduling', key, undefined)
}

/** The next cycle, if none is due yet. */
export function kick(world: ModelWorld): void {
  const loop = world.get('schedulerLoop', 'loop') ?? { cycles: 0 }
  if (loop.cycle !== undefined) return
  world.put('schedulerLoop', 'loop', {
    ...loop,
    cycle: world.send(CYCLE, world.event.to, {}, { delayMicros: CYCLE_MICROS }),
  })
}

/** Highest priority first, then who has waited longest (PrioritySort). */
export function popActive(world: ModelWorld): SchedulingRecord | undefined {
  let best: SchedulingRecord | undefined
  for (const s of world.by('scheduling', 'state', 'active'))
    if (!best || s.priority > best.priority || (s.priority === best.priority && s.since < best.since)) best = s
  return best
}

/** No node fits: set aside until a change that the refusing plugins care about, or five minutes. */
export function setAside(
  world: ModelWorld,
  s: SchedulingRecord,
  rejectedBy: readonly string[],
  message: string,
): SchedulingRecord {
  const key = `${s.namespace}/${s.name}`
  const dueAt = world.now + SET_ASIDE
  const next: SchedulingRecord = {
    ...s,
    state: 'unschedulable',
    since: world.now,
    attempts: s.attempts + 1,
    rejectedBy: [...rejectedBy],
    message,
    node: undefined,
    dueAt,
    wake: world.send(QUEUE_DUE, world.event.to, { key }, { delayMicros: SET_ASIDE }),
    causes: [],
  }
  world.put('scheduling', key, next)
  return next
}

/** 1 s, doubled with each attempt, at most 10 s, counted from the last attempt (calculateBackoffDuration). */
export function backoff(attempts: number): Micros {
  let delay = BACKOFF_FIRST
  for (let i = 1; i < attempts && delay < BACKOFF_LAST; i++) delay *= 2
  return Math.min(delay, BACKOFF_LAST)
}

/** Something changed that may help: to the active queue, by way of what is left of the backoff. */
export function requeue(world: ModelWorld, s: SchedulingRecord): void {
  const key = `${s.namespace}/${s.name}`
  world.cancel(s.wake)
  const left = s.since + backoff(s.attempts) - world.now
  const causes =
    s.causes.length >= CAUSES_KEPT || s.causes.includes(world.event.id) ? s.causes : [...s.causes, world.event.id]
  if (left > 0) {
    const wake = world.send(QUEUE_DUE, world.event.to, { key }, { delayMicros: left })
    world.put('scheduling', key, { ...s, state: 'backoff', dueAt: world.now + left, wake, causes })
    return
  }
  world.put('scheduling', key, { ...s, state: 'active', dueAt: undefined, wake: undefined, causes })
  kick(world)
}

/** A timer of the queue rang: out of backoff, or out of being set aside. */
export function onDue(world: ModelWorld, key: string, timer: number): void {
  const s = world.get('scheduling', key)
  if (!s || s.wake !== timer) return
  if (s.state === 'unschedulable') {
    requeue(world, s)
    return
  }
  world.put('scheduling', key, { ...s, state: 'active', dueAt: undefined, wake: undefined })
  kick(world)
}

/** What each plugin waits for (EventsToRegister). */
const HELPED_BY: Readonly<Record<Change, readonly Plugin[]>> = {
  node: [
    'NodeUnschedulable',
    'NodeName',
    'TaintToleration',
    'NodeAffinity',
    'NodePorts',
    'NodeResourcesFit',
    'PodTopologySpread',
    'InterPodAffinity',
  ],
  'pod gone': ['NodePorts', 'NodeResourcesFit', 'PodTopologySpread', 'InterPodAffinity'],
  'pod placed': ['InterPodAffinity', 'PodTopologySpread'],
}
export type Change = 'node' | 'pod gone' | 'pod placed'

/** MoveAllToActiveOrBackoffQueue, for pods that a change may help; `helps` looks closer. */
export function moveOn(world: ModelWorld, change: Change, helps: (s: SchedulingRecord) => boolean): void {
  const plugins = HELPED_BY[change] as readonly string[]
  for (const s of world.by('scheduling', 'state', 'unschedulable')) {
    if (s.rejectedBy.length > 0 && !s.rejectedBy.some((p) => plugins.includes(p))) continue
    if (!helps(s)) continue
    world.because('SC5', {
      pod: `${s.namespace}/${s.name}`,
      change,
      refusedBy: s.rejectedBy,
      backoffSeconds: backoff(s.attempts) / SECOND,
    })
    requeue(world, s)
  }
}
