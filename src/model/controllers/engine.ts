// The loop that drives every controller: watch events add keys to a queue, workers take keys, and a pass over a key
// looks at the whole state and asks the API server for changes (client-go util/workqueue and the processNextWorkItem
// of each controller). What upstream does in a goroutine that waits for an answer is here a record that is looked at
// again when the answer comes.
import { MILLI, SECOND } from '../../sim/clock.ts'
import type { Micros } from '../../sim/contract.ts'
import type { ApiRequest, ApiResponse, ApiWatchEvent } from '../messages.ts'
import type { EventId, ModelHandler, ModelWorld, WorkAnswer, WorkRecord } from '../tables.ts'
import { CONTROLLER_LIMITS, request } from './client.ts'
import { joined } from '../../sim/joined.ts'

/** What a pass decided. No requests: the pass is over. */
export type Step = {
  requests?: readonly ApiRequest[]
  /** Comes back to `answered`. */
  memo?: unknown
  /** The pass failed: try again, each time later. */
  error?: string
  /** Look at the key again after this long. */
  again?: Micros
}
export const DONE: Step = Object.freeze({})

export type Controller = {
  /** As in `kube-controller-manager --controllers`: `deployment-controller`. Source of its events, name of its client. */
  readonly name: string
  /** Keys it works on at the same time. */
  readonly workers: number
  /** Resource -> keys that an event on it wakes. */
  readonly watches: Readonly<Record<string, (world: ModelWorld, event: ApiWatchEvent) => readonly string[]>>
  readonly sync: (world: ModelWorld, key: string) => Step
  /** All answers to the requests of the last step are in. Without it the pass ends, and fails if one of them failed. */
  readonly answered?: (world: ModelWorld, key: string, memo: unknown, answers: readonly WorkAnswer[]) => Step
  /** One answer came in. */
  readonly onAnswer?: (world: ModelWorld, key: string, memo: unknown, answer: WorkAnswer) => void
  /** Its workers run from here on: first timers. */
  readonly start?: (world: ModelWorld) => void
}

/** A pod's change to wake a worker: the time a goroutine needs to be scheduled and to read its caches. */
const WAKE: Micros = 200
const RETRY_FIRST: Micros = 5 * MILLI
const RETRY_LAST: Micros = 1000 * SECOND
/** An answer that has not come by then never will. */
const ANSWER_DEADLINE: Micros = 60 * SECOND
const CAUSES_KEPT = 12

export const WORK = 'timer.controller.work'
export const SWEEP = 'timer.controller.sweep'
const SWEEP_EVERY: Micros = 30 * SECOND

export type Engine = {
  readonly byName: ReadonlyMap<string, Controller>
  /** Resource -> controllers that watch it. */
  readonly byResource: ReadonlyMap<string, readonly Controller[]>
}

export function makeEngine(controllers: readonly Controller[]): Engine {
  const byResource = new Map<string, Controller[]>()
  for (const controller of controllers)
    for (const resource of Object.keys(controller.watches))
      byResource.set(resource, [...(byResource.get(resource) ?? []), controller])
  return { byName: new Map(controllers.map((c) => [c.name, c])), byResource }
}

/** One watch event, shared by all controllers that care for its resource (a shared informer). */
export function deliver(world: ModelWorld, engine: Engine, event: ApiWatchEvent): void {
  for (const controller of engine.byResource.get(event.resource) ?? [])
    for (const key of controller.watches[event.resource]!(world, event)) enqueue(world, controller.name, key)
}

/** workqueue.Add: a key that waits merges with what is added again; one in work is worked on once more. */
export function enqueue(world: ModelWorld, controller: string, key: string): void {
  const id = joined(controller, key)
  const work = world.get('workqueue', id)
  if (!work) {
    world.put('workqueue', id, {
      controller,
      key,
      state: 'queued',
      since: world.now,
      wake: world.send(WORK, world.event.to, { controller, key }, { delayMicros: WAKE }),
      dirty: false,
      causes: [world.event.id],
      failures: 0,
      inFlight: 0,
      answers: [],
      pass: 0,
    })
    return
  }
  const causes = merged(work.causes, world.event.id)
  if (work.state === 'waiting') queueNow(world, id, { ...work, causes })
  else if (causes !== work.causes || (work.state === 'working' && !work.dirty))
    world.put('workqueue', id, { ...work, causes, dirty: work.state === 'working' })
}

/** workqueue.AddAfter, for a deadline that a controller wants to look at. Never postpones what is due earlier. */
export function enqueueAfter(world: ModelWorld, controller: string, key: string, after: Micros): void {
  const id = joined(controller, key)
  const work = world.get('workqueue', id)
  if (work && (work.state !== 'waiting' || (work.dueAt ?? 0) <= world.now + after)) return
  world.cancel(work?.wake)
  world.put('workqueue', id, waiting(world, work ?? blank(controller, key), after))
}

export const onWork =
  (engine: Engine): ModelHandler =>
  (world, event) => {
    const { controller, key } = event.data as { controller: string; key: string }
    const id = joined(controller, key)
    const work = world.get('workqueue', id)
    if (!work || work.wake !== event.id) return
    const ready: WorkRecord = { ...work, state: 'queued', wake: undefined, dueAt: undefined }
    if (world.by('workqueue', 'working', controller).length >= engine.byName.get(controller)!.workers)
      world.put('workqueue', id, ready)
    else begin(world, engine, ready)
  }

/** `api.response` to a request of a pass. Answers to Events and other fire-and-forget requests carry another ctx. */
export function onResponse(world: ModelWorld, engine: Engine, response: ApiResponse): void {
  const ctx = response.ctx as { controller?: string; key?: string; pass?: number; i?: number } | undefined
  if (ctx?.controller === undefined) return
  const id = `${ctx.controller}|${ctx.key!}`
  const work = world.get('workqueue', id)
  if (!work || work.state !== 'working' || work.pass !== ctx.pass) return
  const controller = engine.byName.get(ctx.controller)!
  const answer: WorkAnswer = { i: ctx.i!, code: response.code }
  if (response.object) answer.name = response.object.metadata?.name
  if (response.reason !== undefined) answer.reason = response.reason
  if (response.message !== undefined) answer.message = response.message
  controller.onAnswer?.(world, work.key, work.memo, answer)
  const next = { ...work, inFlight: work.inFlight - 1, answers: [...work.answers, answer] }
  if (next.inFlight > 0) {
    world.put('workqueue', id, next)
    return
  }
  const answers = [...next.answers].sort((a, b) => a.i - b.i)
  const step = controller.answered?.(world, work.key, work.memo, answers) ?? failedStep(answers)
  apply(world, engine, next, step)
}

/** Ends passes whose answers were lost on the way. */
export const onSweep =
  (engine: Engine): ModelHandler =>
  (world, event) => {
    for (const controller of engine.byName.values())
      for (const work of world.by('workqueue', 'working', controller.name))
        if (world.now - work.since > ANSWER_DEADLINE)
          apply(world, engine, work, { error: 'the API server did not answer in time' })
    world.send(SWEEP, event.to, {}, { delayMicros: SWEEP_EVERY })
  }

function begin(world: ModelWorld, engine: Engine, work: WorkRecord): void {
  const step = engine.byName.get(work.controller)!.sync(world, work.key)
  apply(world, engine, { ...work, pass: work.pass + 1 }, step)
}

function apply(world: ModelWorld, engine: Engine, work: WorkRecord, step: Step): void {
  const id = joined(work.controller, work.key)
  if (step.requests && step.requests.length > 0) {
    let i = 0
    for (const body of step.requests)
      request(
        world,
        work.controller,
        CONTROLLER_LIMITS,
        { ...body, ctx: { controller: work.controller, key: work.key, pass: work.pass, i: i++ } },
        work.state === 'working' ? [] : work.causes,
      )
    world.put('workqueue', id, {
      ...work,
      state: 'working',
      since: world.now,
      wake: undefined,
      dueAt: undefined,
      causes: work.state === 'working' ? work.causes : [],
      inFlight: step.requests.length,
      answers: [],
      memo: step.memo,
    })
    return
  }
  const failures = step.error === undefined ? 0 : work.failures + 1
  const over: WorkRecord = {
    ...work,
    state: 'waiting',
    dirty: false,
    failures,
    lastError: step.error,
    inFlight: 0,
    answers: [],
    memo: undefined,
  }
  if (work.dirty) queueNow(world, id, over)
  else if (step.error !== undefined) world.put('workqueue', id, waiting(world, over, retryDelay(failures)))
  else if (step.again !== undefined) world.put('workqueue', id, waiting(world, { ...over, causes: [] }, step.again))
  else world.put('workqueue', id, undefined)
  takeNext(world, engine, work.controller)
}

/** A worker is free: the key that has waited longest for one. */
function takeNext(world: ModelWorld, engine: Engine, controller: string): void {
  const queued = world.by('workqueue', 'queued', controller)
  if (queued.length === 0) return
  if (world.by('workqueue', 'working', controller).length >= engine.byName.get(controller)!.workers) return
  const next = queued.find((w) => w.wake === undefined)
  if (next) begin(world, engine, next)
}

/** ItemExponentialFailureRateLimiter: 5 ms, doubled with each failure, at most 1000 s. */
export function retryDelay(failures: number): Micros {
  let delay = RETRY_FIRST
  for (let i = 1; i < failures && delay < RETRY_LAST; i++) delay *= 2
  return Math.min(delay, RETRY_LAST)
}

/** A step's failure when the controller has no opinion of its own about the answers. */
export function failedStep(answers: readonly WorkAnswer[]): Step {
  const failed = answers.find((a) => a.code >= 400)
  return failed ? { error: failed.message ?? failed.reason ?? `${failed.code}` } : DONE
}

function queueNow(world: ModelWorld, id: string, work: WorkRecord): void {
  world.cancel(work.wake)
  const wake = world.send(
    WORK,
    world.event.to,
    { controller: work.controller, key: work.key },
    { delayMicros: WAKE, causes: work.causes },
  )
  world.put('workqueue', id, { ...work, state: 'queued', since: world.now, dueAt: undefined, wake })
}

function waiting(world: ModelWorld, work: WorkRecord, after: Micros): WorkRecord {
  const wake = world.send(
    WORK,
    world.event.to,
    { controller: work.controller, key: work.key },
    { delayMicros: after, causes: work.causes },
  )
  return { ...work, state: 'waiting', since: world.now, dueAt: world.now + after, wake }
}

function blank(controller: string, key: string): WorkRecord {
  return {
    controller,
    key,
    state: 'waiting',
    since: 0,
    dirty: false,
    causes: [],
    failures: 0,
    inFlight: 0,
    answers: [],
    pass: 0,
  }
}

function merged(causes: EventId[], id: EventId): EventId[] {
  return causes.length >= CAUSES_KEPT || causes.includes(id) ? causes : [...causes, id]
}
