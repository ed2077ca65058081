/**
 * The types that every component of the model is written against.
 *
 * All state is frozen plain records in tables; all waiting is plain events in a queue. Between two events nothing else
 * is alive. So saving, rewinding, diffing and drawing need no code per component.
 */

/** Whole microseconds of model time since the start of the run. */
export type Micros = number
/** Grows by one with every event that is scheduled on a branch; never reused. */
export type EventId = number

/** A rule of the model: what it says in one sentence, and where upstream says it (path and symbol). */
export interface Rule {
  readonly id: string
  readonly says: string
  readonly source: string
}

/** A rule applied: the facts that made it choose as it did. */
export interface Reason {
  readonly rule: string
  readonly facts: Readonly<Record<string, unknown>>
}

/**
 * One message or timer. `from !== to`: a message that people see move, under way from `sent` to `at`.
 * `from === to`: a timer. `data` is plain (JSON-like) and frozen.
 */
export interface SimEvent<D = unknown> {
  readonly id: EventId
  readonly kind: string
  readonly from: string
  readonly to: string
  readonly sent: Micros
  readonly at: Micros
  readonly data: D
  /** The events that led to this one; the first is the event whose handler sent it. Empty for an input. */
  readonly causes: readonly EventId[]
  readonly because: readonly Reason[]
}

/** A record write, as the journal keeps it. `to` undefined: deleted. */
export interface Change {
  readonly table: string
  readonly id: string
  readonly from: object | undefined
  readonly to: object | undefined
  readonly because: readonly Reason[]
}

/** What one executed event did. `n` counts executed events on the branch, from 1. */
export interface JournalEntry {
  readonly n: number
  readonly event: SimEvent
  readonly changes: readonly Change[]
  readonly sent: readonly EventId[]
}

/** Any record of `T[table]`; ids are strings unique in their table. */
export interface Reader<T> {
  readonly now: Micros
  get<K extends keyof T & string>(table: K, id: string): T[K] | undefined
  /** All records in insertion order. Costs the size of the table: prefer `by`. */
  all<K extends keyof T & string>(table: K): readonly T[K][]
  /** Records whose index function gave `key`, in insertion order. The index is declared with the table. */
  by<K extends keyof T & string>(table: K, index: string, key: string): readonly T[K][]
  count<K extends keyof T & string>(table: K, index?: string, key?: string): number
  /** Scheduled events that have not run yet, in no particular order. For views and "why not yet", not for handlers. */
  pending(): Iterable<SimEvent>
}

export interface SendOptions {
  /** Travel time or timer delay, whole microseconds, default 0. */
  readonly delayMicros?: Micros
  /** Sender; default: the actor whose handler runs. */
  readonly from?: string
  /** More causes beside the current event (a work queue that merged two keys merges their causes). */
  readonly causes?: readonly EventId[]
}

/** All that a handler sees. Records are frozen: `put` replaces whole records. */
export interface World<T> extends Reader<T> {
  /** Whether `by` would give any record; costs nothing. */
  has<K extends keyof T & string>(table: K, index: string, key: string): boolean
  /** How many records `by` would give; costs nothing. */
  countBy<K extends keyof T & string>(table: K, index: string, key: string): number
  put<K extends keyof T & string>(table: K, id: string, record: T[K] | undefined): void
  /** Schedules an event; returns its id, with which it can be cancelled. */
  send(kind: string, to: string, data: unknown, options?: SendOptions): EventId
  cancel(id: EventId | undefined): void
  /**
   * Names the rule behind the sends and puts that follow in this handler. Consecutive calls add up; the first call
   * after a send or put starts a new set. The facts are kept as they are given: a literal, or a record.
   */
  because(rule: string, facts?: Readonly<Record<string, unknown>>): void
  /** A whole number in [0, below), from the stream of that name. One stream per purpose. */
  random(stream: string, below: number): number
  /** A number that never repeats on this branch, for ids. */
  serial(stream: string): number
  /** The event being handled. */
  readonly event: SimEvent
}

export type Handler<T> = (world: World<T>, event: SimEvent<any>) => void // eslint-disable-line @typescript-eslint/no-explicit-any -- data is typed by its handler

export interface TableSpec<R> {
  /** The role that alone may write it, for the reader of the code and the import map. */
  readonly owner: string
  /** Index name -> key of a record; undefined leaves the record out. Must be a pure function of the record. */
  readonly indexes?: Readonly<Record<string, (record: R, id: string) => string | undefined>>
}

/**
 * One part of the model. `roles`: the actor roles it plays; an actor is `role` or `place/role` (`worker-1/kubelet` has
 * the role `kubelet`). An event goes to the handler of its kind in the component that plays the role of `event.to`.
 */
export interface Component<T> {
  readonly roles: readonly string[]
  readonly handlers: Readonly<Record<string, Handler<T>>>
  readonly rules: readonly Rule[]
  readonly tables?: { readonly [K in keyof T]?: TableSpec<T[K]> }
}

/** An input: the only outside. `kind`, `to` and `data` become an event at the moment it is given. */
export interface Input {
  readonly kind: string
  readonly to: string
  readonly from?: string
  readonly data: unknown
}

export interface RecordedInput extends Input {
  readonly at: Micros
  /** Number of events that had been executed when it was given: the exact place in a replay. */
  readonly after: number
}

/** The role of an actor: what stands after the last slash. */
export function roleOf(actor: string): string {
  return partsOf(actor).role
}

/** The place of an actor: `worker-1` for `worker-1/kubelet`; the actor itself where there is no slash. */
export function placeOf(actor: string): string {
  return partsOf(actor).place
}

/** The same name, always the same string: events are many, actors a few dozen. */
export function actorOf(actor: string): string {
  return partsOf(actor).actor
}

interface ActorParts {
  readonly actor: string
  readonly role: string
  readonly place: string
}

/** Every event asks for them: taken apart once each. */
const parts = new Map<string, ActorParts>()

function partsOf(actor: string): ActorParts {
  let known = parts.get(actor)
  if (known === undefined) {
    const slash = actor.lastIndexOf('/')
    const [place, role] = slash < 0 ? [actor, actor] : [actor.slice(0, slash), actor.slice(slash + 1)]
    if (parts.size > 10_000) parts.clear()
    parts.set(actor, (known = { actor, role, place }))
  }
  return known
}
