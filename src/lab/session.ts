/** The worker's side of a run: a timeline, what the page has of it, and the answers to what the page asks. */
import type { Input, JournalEntry, Micros, Reader, RecordedInput, SimEvent } from '../sim/contract.ts'
import { MachineError } from '../sim/machine.ts'
import type { Timeline } from '../sim/timeline.ts'
import type { Tables } from '../model/tables.ts'
import { Chronicle } from './chronicle.ts'
import { Mirror, type MirrorSource } from './mirror.ts'
import { EVENTS_PER_FRAME, type Frame, type WatchFilter } from './protocol.ts'
import { nameOfInput, watches } from './watch.ts'

/** What the pacer knows that a frame says. */
export type Shown = Pick<Frame, 'shown' | 'rate' | 'until' | 'spinning' | 'playing' | 'pace' | 'busy'>

/** Said with an answer: the run has stopped in the model itself. */
export interface Stop {
  message: string
  event?: SimEvent
}

export class Session {
  readonly timeline: Timeline<Tables>
  readonly scenario: string
  readonly seed: number
  private readonly opensAt: Micros
  stopped: Stop | undefined
  private filter: WatchFilter = {}
  /** Watched messages under way. */
  private readonly flights = new Map<number, SimEvent>()
  private readonly mirror = new Mirror()
  private readonly source: MirrorSource
  private readonly chronicles = new Map<number, Chronicle>()
  private chronicle: Chronicle
  /** What the input that began a fork is called. */
  private readonly forks = new Map<number, string>()
  /** Ids of scheduled events that the page knows. */
  private readonly known = new Set<number>()
  private fresh: SimEvent[] = []
  private ran = false
  private jumped = true
  private whole = true
  private seq = 0
  private toldBookmarks = -1
  private toldDensity = -1
  private tables = new Set<string>()

  /** `opensAt`: what happened before is the cluster coming up; it gets no flags. */
  /** What led to the first moment of an incident; not to be seen before its debrief. */
  readonly past: Session | undefined

  constructor(scenario: string, seed: number, timeline: Timeline<Tables>, opensAt: Micros = 0, past?: Session) {
    this.scenario = scenario
    this.seed = seed
    this.timeline = timeline
    this.opensAt = opensAt
    this.past = past
    const { machine } = this.timeline
    this.source = { tableNames: () => machine.tableNames(), rows: (table) => machine.rows(table) }
    this.chronicle = this.chronicleOfBranch()
  }

  get reader(): Reader<Tables> {
    return this.timeline.machine.reader
  }
  get now(): Micros {
    return this.timeline.now
  }
  /** Every input since the cluster booted, for a link. */
  allInputs(): readonly RecordedInput[] {
    return [...(this.past?.allInputs() ?? []), ...this.timeline.branch.inputs]
  }
  get arrivedAt(): Micros {
    return this.opensAt
  }
  get watched(): ReadonlyMap<number, SimEvent> {
    return this.flights
  }
  /** Tables written since the last call, for what waits on them; 'any' after a jump. */
  takeChangedTables(): ReadonlySet<string> | 'any' {
    const { tables } = this
    this.tables = new Set()
    return this.jumped ? 'any' : tables
  }

  watch(filter: WatchFilter): void {
    this.filter = filter
    this.findFlights()
  }
  isWatched(event: SimEvent, filter = this.filter): boolean {
    return watches(filter, event)
  }

  /** What runs next, unless the run has stopped: an event, or in the past an input that was given here (id -1). */
  peek(): { readonly id: number; readonly at: Micros } | undefined {
    if (this.stopped) return undefined
    const event = this.timeline.machine.peek()
    const input = this.timeline.nextInput()
    return input && input.at <= (event?.at ?? Infinity) ? { id: -1, at: input.at } : event
  }

  /** Runs one event. Undefined: nothing is scheduled, or the model failed and the run stands before that event. */
  step(): JournalEntry | undefined {
    if (this.stopped) return undefined
    const before = this.timeline.machine.executed
    try {
      const entry = this.timeline.step()
      if (entry) this.took(entry)
      return entry
    } catch (error) {
      this.fail(error, before)
      return undefined
    }
  }

  /**
   * Runs what is due up to `until`, at most `maxEvents`. True when the clock stands at `until`. A recorded input that
   * lies on the way (a replay of the past) is given at its place.
   */
  runUntil(until: Micros, maxEvents: number): boolean {
    if (this.stopped) return true
    const before = this.timeline.machine.executed
    let ran = 0
    try {
      return this.timeline.runUntil(until, maxEvents, (entry) => {
        ran++
        this.took(entry)
      })
    } catch (error) {
      this.fail(error, before + ran)
      return true
    }
  }

  seek(at: Micros): void {
    this.leap(() => this.timeline.seek(at))
  }
  seekEvent(n: number): void {
    this.leap(() => this.timeline.seekEvent(n))
  }
  switchTo(branch: number): void {
    this.leap(() => this.timeline.switchTo(branch))
    this.chronicle = this.chronicleOfBranch()
  }

  /** The number of the last event before the present one that the filter lets through; 0 when there is none. */
  before(filter = this.filter): number {
    for (let n = this.timeline.machine.executed - 1; n > 0; n--) {
      const entry = this.timeline.entry(n)
      if (!entry) return 0
      if (watches(filter, entry.event)) return n
    }
    return 0
  }

  /** Gives an input and runs what it sets off at this very moment. */
  input(input: Input): SimEvent {
    this.stopped = undefined
    const { event, forked } = this.timeline.input(input)
    if (forked) {
      this.forks.set(this.timeline.branch.id, nameOfInput(input))
      this.chronicle = this.chronicleOfBranch()
    }
    this.ran = true
    this.runUntil(this.now, 10_000)
    return event
  }

  /** Brings a run to where its recorded inputs are given, one by one. False: more to do; call again. */
  replay(inputs: readonly RecordedInput[], given: { count: number }, maxEvents: number): boolean {
    const { machine } = this.timeline
    for (let ran = 0; given.count < inputs.length; ran++) {
      const input = inputs[given.count]!
      if (machine.executed < input.after) {
        if (ran >= maxEvents) return false
        if (!this.step()) throw new Error(this.stopped?.message ?? 'the run ended before its recorded inputs')
        continue
      }
      if (machine.executed !== input.after || machine.now > input.at || (machine.nextAt() ?? Infinity) < input.at)
        throw new Error('the recorded inputs do not fit this version of the model')
      machine.idleUntil(input.at)
      this.timeline.input({ kind: input.kind, to: input.to, from: input.from, data: input.data })
      given.count++
    }
    this.ran = true
    return true
  }

  /**
   * Runs on to a moment, but to no more than `executed` events: of several that are due at one moment some may be left.
   * False: more to do; call again.
   */
  runToPlace(at: Micros, executed: number, maxEvents: number): boolean {
    const { machine } = this.timeline
    for (let ran = 0; machine.executed < executed && (this.peek()?.at ?? Infinity) <= at; ran++) {
      if (ran >= maxEvents) return false
      if (!this.step()) return true
    }
    this.runUntil(at, 0)
    return true
  }

  /** What changed for the page since the last frame. */
  frame(shown: Shown): Frame {
    const { timeline, whole, jumped, ran } = this
    const { machine, branch } = timeline
    const get = (table: string, id: string) => machine.reader.get(table as keyof Tables, id) as object | undefined
    const { changes, reset } = whole
      ? { changes: this.mirror.whole(this.source), reset: [] }
      : jumped
        ? this.mirror.diff(this.source)
        : { changes: this.mirror.take(get), reset: [] }
    if (whole) this.known.clear()
    const frame: Frame = {
      ...shown,
      seq: this.seq++,
      whole,
      reset,
      jumped,
      now: machine.now,
      executed: machine.executed,
      head: branch.head,
      headExecuted: branch.headExecuted,
      scenario: this.scenario,
      seed: this.seed,
      branch: branch.id,
      branches: timeline.allBranches().map(({ id, parent, forkedAt, cause, head }) => ({
        id,
        parent,
        forkedAt,
        cause: this.forks.get(id) ?? cause,
        head,
      })),
      changes,
      events: jumped ? this.recent() : this.fresh.slice(-EVENTS_PER_FRAME),
      ...(whole || jumped || ran ? this.takeScheduled() : { scheduled: [], settled: [] }),
      ...(this.stopped ? { stopped: this.stopped } : {}),
    }
    this.tell(frame, whole || jumped)
    this.fresh = []
    this.ran = this.jumped = this.whole = false
    return frame
  }

  /** Events and rows that the next frame has to tell; making and posting it takes as long as they are many. */
  get untold(): number {
    return this.jumped ? 0 : this.fresh.length + this.mirror.pending
  }

  /** True where a frame would say something new beyond the clock. */
  get hasNews(): boolean {
    return this.ran || this.jumped || this.whole
  }

  private tell(frame: Frame, all: boolean): void {
    if (all || this.chronicle.bookmarks.length !== this.toldBookmarks) {
      frame.bookmarks = this.chronicle.bookmarks.slice()
      this.toldBookmarks = frame.bookmarks.length
    }
    // The picture of density changes little: every fifteenth frame is enough.
    if (all || (frame.headExecuted !== this.toldDensity && frame.seq % 15 === 0)) {
      frame.density = this.chronicle.density()
      this.toldDensity = frame.headExecuted
    }
  }

  private took(entry: JournalEntry): void {
    this.ran = true
    // A handler may have cancelled what was under way (a deadline that was met).
    for (const id of this.flights.keys()) if (!this.timeline.machine.waiting(id)) this.flights.delete(id)
    this.fresh.push(entry.event)
    if (this.fresh.length > 4 * EVENTS_PER_FRAME) this.fresh = this.fresh.slice(-EVENTS_PER_FRAME)
    this.mirror.note(entry)
    this.chronicle.add(entry)
    for (const change of entry.changes) this.tables.add(change.table)
    if (entry.sent.length > 0) this.noteSent(entry.sent)
  }

  private noteSent(ids: readonly number[]): void {
    for (const id of ids) {
      const event = this.timeline.machine.waiting(id)
      if (event && event.from !== event.to && watches(this.filter, event)) this.flights.set(id, event)
    }
  }

  private findFlights(): void {
    this.flights.clear()
    for (const event of this.reader.pending())
      if (event.from !== event.to && watches(this.filter, event)) this.flights.set(event.id, event)
  }

  private leap(go: () => void): void {
    this.stopped = undefined
    const before = this.timeline.machine.executed
    try {
      go()
    } catch (error) {
      this.fail(error, before)
    }
    this.jumped = true
    this.fresh = []
    this.findFlights()
  }

  /** A handler failed half-way: back to the state before its event, and say so. */
  private fail(error: unknown, executed: number): void {
    const event = error instanceof MachineError ? error.event : undefined
    this.timeline.seekEvent(executed)
    this.stopped = { message: error instanceof Error ? error.message : String(error), ...(event ? { event } : {}) }
    this.jumped = true
    this.findFlights()
  }

  private takeScheduled(): Pick<Frame, 'scheduled' | 'settled'> {
    const scheduled: SimEvent[] = []
    const waiting = new Set<number>()
    for (const event of this.reader.pending()) {
      waiting.add(event.id)
      if (!this.known.has(event.id)) scheduled.push(event)
    }
    const settled: number[] = []
    for (const id of this.known) if (!waiting.has(id)) settled.push(id)
    for (const id of settled) this.known.delete(id)
    for (const event of scheduled) this.known.add(event.id)
    return { scheduled, settled }
  }

  private recent(): SimEvent[] {
    const events: SimEvent[] = []
    for (let n = this.timeline.machine.executed; n > 0 && events.length < EVENTS_PER_FRAME; n--) {
      const entry = this.timeline.entry(n)
      if (!entry) break
      events.push(entry.event)
    }
    return events.reverse()
  }

  private chronicleOfBranch(): Chronicle {
    const { branch } = this.timeline
    let chronicle = this.chronicles.get(branch.id)
    if (!chronicle) {
      this.chronicles.set(
        branch.id,
        (chronicle = new Chronicle(branch.id === 0 ? this.opensAt : Math.min(this.opensAt, branch.forkedAt))),
      )
      for (const entry of branch.journal) chronicle.add(entry)
    }
    this.toldBookmarks = this.toldDensity = -1
    return chronicle
  }
}
