import type {
  Change,
  Component,
  EventId,
  Handler,
  Input,
  JournalEntry,
  Micros,
  Reader,
  Reason,
  Rule,
  SimEvent,
  SendOptions,
  TableSpec,
  World,
} from './contract.ts'
import { actorOf, roleOf } from './contract.ts'
import { hash32, nextBits, streamSeed } from './random.ts'
import { EventQueue, type QueueState } from './queue.ts'
import { freezePlain, Table, type TableState } from './records.ts'

/** Everything that a moment consists of. Parts are shared with the live machine until one of the two writes. */
export interface Snapshot {
  readonly now: Micros
  readonly executed: number
  readonly nextId: EventId
  readonly tables: ReadonlyMap<string, TableState>
  readonly queue: QueueState
  readonly streams: ReadonlyMap<string, number>
}

export interface MachineOptions {
  readonly seed: number
  /** Largest number of scheduled events; past it the run stops with an error that names the flooding kind. */
  readonly maxQueue?: number
  /**
   * Records and events are not frozen: a tenth of the time, and garbage. For runs of a
   * model that was tested with all of it frozen; no handler may notice.
   */
  readonly trusted?: boolean
}

const asItIs = <V>(value: V): V => value

/** Nothing an event may do leaves the machine half-way: an error in a handler is reported with the event it ran. */
export class MachineError extends Error {
  readonly event: SimEvent | undefined
  constructor(message: string, event?: SimEvent) {
    super(message)
    this.name = 'MachineError'
    this.event = event
  }
}

const NO_REASONS: readonly Reason[] = Object.freeze([])
const NO_FACTS: Reason['facts'] = Object.freeze({})
const NO_CAUSES: readonly EventId[] = Object.freeze([])

/**
 * The machine: tables, a queue, streams of chance, and handlers that run one event at a time. It knows no Kubernetes,
 * no clock but its own and no history: `Timeline` keeps that.
 */
export class Machine<T> {
  readonly rules = new Map<string, Rule>()
  readonly seed: number
  private readonly tables = new Map<string, Table>()
  private readonly queue = new EventQueue()
  /** By role. */
  private readonly handlers = new Map<string, Map<string, Handler<T>>>()
  private readonly maxQueue: number
  private readonly plain: <V>(value: V) => V
  private readonly frozen: <V>(value: V) => Readonly<V>
  private streams = new Map<string, number>()
  private time: Micros = 0
  private count = 0
  private nextId: EventId = 1
  private readonly world: World<T>

  // What the running handler has done so far.
  private current: SimEvent | undefined
  private changes: Change[] = []
  private sent: EventId[] = []
  private reasons: readonly Reason[] = NO_REASONS
  private reasonsUsed = false
  /** The running event as the only cause, as most of what it sends has it. */
  private cause: readonly EventId[] | undefined

  constructor(components: readonly Component<T>[], options: MachineOptions) {
    this.seed = options.seed
    this.maxQueue = options.maxQueue ?? 500_000
    this.plain = options.trusted ? asItIs : freezePlain
    this.frozen = options.trusted ? asItIs : Object.freeze
    for (const component of components) this.add(component)
    this.world = this.makeWorld()
  }

  get now(): Micros {
    return this.time
  }

  /** Number of events executed so far. */
  get executed(): number {
    return this.count
  }

  get reader(): Reader<T> {
    return this.world
  }

  tableNames(): string[] {
    return [...this.tables.keys()]
  }

  /** When the next event is due; undefined when nothing is scheduled. */
  nextAt(): Micros | undefined {
    return this.queue.peek()?.at
  }

  peek(): SimEvent | undefined {
    return this.queue.peek()
  }

  /** A scheduled event that has not run yet. */
  waiting(id: EventId): SimEvent | undefined {
    return this.queue.find(id)
  }

  /** Schedules an input at the present moment, behind what is already due now. */
  input(input: Input): SimEvent {
    return this.schedule(input.kind, input.from ?? 'input', input.to, input.data, this.time, NO_CAUSES, NO_REASONS)
  }

  /** Runs the next event. Undefined when nothing is scheduled. */
  step(): JournalEntry | undefined {
    const event = this.queue.pop()
    if (!event) return undefined
    this.time = event.at
    this.count++
    this.current = event
    this.changes = []
    this.sent = []
    this.reasons = NO_REASONS
    this.reasonsUsed = false
    this.cause = undefined
    const handler = this.handlers.get(roleOf(event.to))?.get(event.kind)
    if (!handler)
      throw new MachineError(
        `nobody handles ${event.kind} at ${event.to}: ${this.handlers.has(roleOf(event.to)) ? 'its component has no handler of that kind' : 'no component plays that role'}`,
        event,
      )
    try {
      handler(this.world, event)
    } catch (error) {
      if (error instanceof MachineError) throw error
      const wrapped = new MachineError(
        `${event.kind} at ${event.to} (event ${event.id}, t=${event.at}): ${(error as Error).message}`,
        event,
      )
      wrapped.stack = (error as Error).stack ?? wrapped.stack
      throw wrapped
    }
    this.current = undefined
    // Arrays that grew are larger than what is in them; journals keep many.
    return { n: this.count, event, changes: this.changes.slice(), sent: this.sent.slice() }
  }

  /** Moves the clock to `at` without running anything; the next event must not be due before. */
  idleUntil(at: Micros): void {
    const next = this.nextAt()
    if (next !== undefined && next < at) throw new MachineError(`cannot idle past an event due at ${next}`)
    if (at > this.time) this.time = at
  }

  save(): Snapshot {
    return {
      now: this.time,
      executed: this.count,
      nextId: this.nextId,
      tables: new Map([...this.tables].map(([name, table]) => [name, table.share()])),
      queue: this.queue.share(),
      streams: new Map(this.streams),
    }
  }

  restore(snapshot: Snapshot): void {
    this.time = snapshot.now
    this.count = snapshot.executed
    this.nextId = snapshot.nextId
    this.streams = new Map(snapshot.streams)
    this.queue.adopt(snapshot.queue)
    for (const [name, state] of snapshot.tables) this.table(name).adopt(state)
  }

  /** Sixteen hex digits over every table (order included), the queue and the streams. */
  hash(): string {
    const parts: string[] = [`${this.time} ${this.count} ${this.nextId}`]
    for (const name of [...this.tables.keys()].sort()) {
      const table = this.tables.get(name)!
      if (table.size === 0) continue
      let rows = ''
      for (const [id, record] of table.entries()) rows += `${id}=${recordHash(record)};`
      parts.push(`${name}:${hashPair(rows)}`)
    }
    const waiting = [...this.queue.pending()].sort((a, b) => a.at - b.at || a.id - b.id)
    parts.push(hashPair(waiting.map(recordHash).join(';')))
    parts.push([...this.streams].map(([name, state]) => `${name}=${state}`).join(';'))
    return hashPair(parts.join('\n'))
  }

  /** The rows of a table as they stand; for diffs and frames, never written to. */
  rows(table: string): Iterable<[string, object]> {
    return this.table(table).entries()
  }

  private add(component: Component<T>): void {
    for (const rule of component.rules) {
      if (this.rules.has(rule.id)) throw new MachineError(`rule ${rule.id} is defined twice`)
      this.rules.set(rule.id, rule)
    }
    for (const [name, spec] of Object.entries(component.tables ?? {})) {
      if (this.tables.has(name)) throw new MachineError(`table ${name} has two owners`)
      this.tables.set(name, new Table(name, spec as TableSpec<never>))
    }
    for (const role of component.roles) {
      const handlers = this.handlers.get(role) ?? new Map<string, Handler<T>>()
      this.handlers.set(role, handlers)
      for (const [kind, handler] of Object.entries(component.handlers)) {
        if (handlers.has(kind)) throw new MachineError(`two components handle ${kind} as ${role}`)
        handlers.set(kind, handler)
      }
    }
  }

  private table(name: string): Table {
    const table = this.tables.get(name)
    if (!table) throw new MachineError(`no component owns the table ${name}`, this.current)
    return table
  }

  private schedule(
    kind: string,
    from: string,
    to: string,
    data: unknown,
    at: Micros,
    causes: readonly EventId[],
    because: readonly Reason[],
  ): SimEvent {
    if (this.queue.size >= this.maxQueue)
      throw new MachineError(`more than ${this.maxQueue} events wait; the last was ${kind} to ${to}`, this.current)
    const event: SimEvent = this.frozen({
      id: this.nextId++,
      kind,
      from: actorOf(from),
      to: actorOf(to),
      sent: this.time,
      at,
      data: this.plain(data),
      causes,
      because,
    })
    this.queue.push(event)
    return event
  }

  private takeReasons(): readonly Reason[] {
    this.reasonsUsed = true
    return this.reasons
  }

  private makeWorld(): World<T> {
    const machine = this
    return {
      get now() {
        return machine.time
      },
      get event() {
        if (!machine.current) throw new MachineError('no event is being handled')
        return machine.current
      },
      get: (table, id) => machine.table(table).get(id) as never,
      all: (table) => machine.table(table).all() as never,
      by: (table, index, key) => machine.table(table).by(index, key) as never,
      has: (table, index, key) => machine.table(table).has(index, key),
      countBy: (table, index, key) => machine.table(table).countBy(index, key),
      count: (table, index, key) => machine.table(table).count(index, key),
      pending: () => machine.queue.pending(),
      put(table, id, record) {
        const frozen = record === undefined ? undefined : machine.plain(record as object)
        const from = machine.table(table).put(id, frozen)
        if (from === frozen) return
        machine.changes.push({ table, id, from, to: frozen, because: machine.takeReasons() })
      },
      send(kind, to, data, options: SendOptions = {}) {
        const delay = options.delayMicros ?? 0
        if (!Number.isSafeInteger(delay) || delay < 0)
          throw new MachineError(`${kind} to ${to}: delay ${delay} is not a whole number of microseconds`)
        const current = machine.current!
        const causes = options.causes?.length
          ? machine.frozen([current.id, ...options.causes.filter((id) => id !== current.id)])
          : (machine.cause ??= machine.frozen([current.id]))
        const from = options.from ?? current.to
        const event = machine.schedule(kind, from, to, data, machine.time + delay, causes, machine.takeReasons())
        machine.sent.push(event.id)
        return event.id
      },
      cancel(id) {
        if (id !== undefined) machine.queue.cancel(id)
      },
      because(rule, facts = NO_FACTS) {
        if (!machine.rules.has(rule)) throw new MachineError(`rule ${rule} is not defined`, machine.current)
        const reason: Reason = machine.frozen({ rule, facts: machine.plain(facts) })
        machine.reasons = machine.frozen(machine.reasonsUsed ? [reason] : [...machine.reasons, reason])
        machine.reasonsUsed = false
      },
      random(stream, below) {
        if (!Number.isSafeInteger(below) || below < 1 || below > 0x1_0000_0000)
          throw new MachineError(`random below ${below}: give a whole number from 1 to 2^32`)
        const { state, bits } = nextBits(machine.streams.get(stream) ?? streamSeed(machine.seed, stream))
        machine.streams.set(stream, state)
        // Multiply-shift: every value within one part in 2^32 of its fair share.
        return Math.floor((bits / 0x1_0000_0000) * below)
      },
      serial(stream) {
        const key = `serial ${stream}`
        const next = (machine.streams.get(key) ?? 0) + 1
        machine.streams.set(key, next)
        return next
      },
    }
  }
}

const hashes = new WeakMap<object, string>()

/** Hash of one frozen record, kept beside it. */
function recordHash(record: object): string {
  let hash = hashes.get(record)
  if (hash === undefined) hashes.set(record, (hash = hashPair(JSON.stringify(record))))
  return hash
}

function hashPair(text: string): string {
  const hex = (n: number): string => n.toString(16).padStart(8, '0')
  return hex(hash32(text)) + hex(hash32(text, 0x9e3779b9))
}
