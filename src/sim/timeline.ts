import type { Input, JournalEntry, Micros, RecordedInput, SimEvent } from './contract.ts'
import type { Machine } from './machine.ts'
import { type Snapshot } from './machine.ts'

/** One line of history. The first branch is `main`; a fork copies what lies before its point and goes on alone. */
export interface Branch {
  readonly id: number
  readonly parent: number | undefined
  readonly forkedAt: Micros
  /** The kind of the input that made it. */
  readonly cause: string
  readonly inputs: readonly RecordedInput[]
  readonly journal: readonly JournalEntry[]
  /** Number of executed events before `journal[0]`. */
  readonly dropped: number
  /** The furthest moment that has been computed. */
  readonly head: Micros
  readonly headExecuted: number
}

interface LiveBranch {
  id: number
  parent: number | undefined
  forkedAt: Micros
  cause: string
  inputs: RecordedInput[]
  journal: JournalEntry[]
  dropped: number
  head: Micros
  headExecuted: number
  checkpoints: Checkpoint[]
  every: number
}

/** A snapshot, and how many of the branch's inputs it already holds. */
interface Checkpoint {
  readonly state: Snapshot
  readonly given: number
}

export interface TimelineLimits {
  readonly checkpoints: number
  /** Events between checkpoints at the start; doubles whenever their number reaches the limit. */
  readonly checkpointEvery: number
  /** Entries kept at the head of a branch; what lies before is written down again while it is replayed. */
  readonly journal: number
  readonly branches: number
}

export const DEFAULT_LIMITS: TimelineLimits = {
  checkpoints: 300,
  checkpointEvery: 1_000,
  journal: 50_000,
  branches: 8,
}

/**
 * A machine with its past: inputs, journal, checkpoints. `seek` restores the nearest checkpoint and replays; the first
 * input given in the past forks, and the other branch is kept.
 */
export class Timeline<T> {
  readonly machine: Machine<T>
  private readonly limits: TimelineLimits
  private readonly branches: LiveBranch[] = []
  private active: LiveBranch
  private nextBranch = 1

  constructor(machine: Machine<T>, limits: Partial<TimelineLimits> = {}) {
    this.machine = machine
    this.limits = { ...DEFAULT_LIMITS, ...limits }
    this.active = {
      id: 0,
      parent: undefined,
      forkedAt: 0,
      cause: '',
      inputs: [],
      journal: [],
      dropped: machine.executed,
      head: machine.now,
      headExecuted: machine.executed,
      checkpoints: [{ state: machine.save(), given: 0 }],
      every: this.limits.checkpointEvery,
    }
    this.branches.push(this.active)
  }

  get now(): Micros {
    return this.machine.now
  }
  get branch(): Branch {
    return this.active
  }
  allBranches(): readonly Branch[] {
    return this.branches
  }
  /** True where the moment shown lies before the furthest one computed. */
  get inPast(): boolean {
    const { headExecuted, head, inputs } = this.active
    return this.machine.executed < headExecuted || this.machine.now < head || this.given < inputs.length
  }

  /** Gives an input now. In the past this forks first. Returns the event it became and whether a fork was made. */
  input(input: Input): { event: SimEvent; forked: boolean } {
    const forked = this.inPast
    if (forked) this.fork(input.kind)
    this.active.inputs.push({ ...input, at: this.machine.now, after: this.machine.executed })
    this.given++
    return { event: this.machine.input(input), forked }
  }

  /** Runs one event; in the past it replays the one that ran before. Undefined when nothing is scheduled. */
  step(): JournalEntry | undefined {
    this.giveRecorded(Infinity)
    const entry = this.machine.step()
    if (entry) this.record(entry)
    return entry
  }

  /**
   * Runs what is due up to and including `until`, then moves the clock there. Stops early after `maxEvents`; the
   * return tells whether it got there.
   */
  runUntil(until: Micros, maxEvents = Infinity, seen?: (entry: JournalEntry) => void): boolean {
    for (let ran = 0; ; ran++) {
      this.giveRecorded(until)
      const next = this.machine.nextAt()
      if (next === undefined || next > until) break
      if (ran >= maxEvents) return false
      const entry = this.machine.step()!
      this.record(entry)
      seen?.(entry)
    }
    if (until > this.machine.now) this.machine.idleUntil(until)
    if (until > this.active.head) this.active.head = until
    return true
  }

  /** Goes to the state after all events with `at <= t`, back or forward. */
  seek(t: Micros): void {
    this.restoreLatest((state) => state.now <= t, t >= this.machine.now)
    this.runUntil(Math.max(0, t))
  }

  /** Goes to the state right after the n-th event of the branch, before any input that came next. */
  seekEvent(n: number): void {
    const target = Math.max(0, Math.min(n, this.active.headExecuted))
    const at = this.entry(target)?.event.at ?? this.active.checkpoints[0]!.state.now
    if (target < this.machine.executed || this.machine.now > at)
      this.restoreLatest((state) => state.executed <= target && state.now <= at)
    while (this.machine.executed < target && this.step());
  }

  /** The journal entry of the n-th executed event, where it is still kept or was replayed. */
  entry(n: number): JournalEntry | undefined {
    const { journal, dropped } = this.active
    return journal[n - 1 - dropped] ?? this.replayed[n - 1 - this.replayedAfter]
  }

  /** The journal around the present moment: entries `dropped + 1` and on, up to at least the present where it is known. */
  get window(): { readonly journal: readonly JournalEntry[]; readonly dropped: number } {
    const { journal, dropped } = this.active
    return this.machine.executed > dropped
      ? { journal, dropped }
      : { journal: this.replayed, dropped: this.replayedAfter }
  }

  /** The journal entry of the event with this id, where it is still kept or was replayed. */
  entryOf(eventId: number): JournalEntry | undefined {
    this.indexJournal()
    const n = this.byId.get(eventId)
    const entry = n === undefined ? undefined : this.entry(n)
    if (entry?.event.id === eventId) return entry
    return this.replayed.find((other) => other.event.id === eventId)
  }

  switchTo(branchId: number): void {
    const branch = this.branches.find((b) => b.id === branchId)
    if (!branch) throw new Error(`no branch ${branchId}`)
    const at = this.machine.now
    this.active = branch
    this.forgetIndex()
    this.replayed = []
    this.restoreLatest((state) => state.now <= at)
    this.runUntil(Math.min(at, branch.head))
  }

  private readonly byId = new Map<number, number>()
  private indexed = 0
  /** What was replayed last and is kept nowhere else: entries from `replayedAfter + 1` on, without a gap. */
  private replayed: JournalEntry[] = []
  private replayedAfter = 0

  private indexJournal(): void {
    const { journal, dropped } = this.active
    for (let i = Math.max(0, this.indexed - dropped); i < journal.length; i++)
      this.byId.set(journal[i]!.event.id, journal[i]!.n)
    this.indexed = dropped + journal.length
  }

  private fork(cause: string): void {
    const from = this.active
    const executed = this.machine.executed
    const { journal, dropped } = this.window
    const branch: LiveBranch = {
      ...from,
      id: this.nextBranch++,
      parent: from.id,
      forkedAt: this.machine.now,
      cause,
      inputs: from.inputs.slice(0, this.given),
      journal: journal.slice(0, Math.max(0, executed - dropped)),
      dropped: Math.min(dropped, executed),
      head: this.machine.now,
      headExecuted: executed,
      checkpoints: from.checkpoints.filter((c) => c.state.executed <= executed && c.given <= this.given),
    }
    branch.checkpoints.push({ state: this.machine.save(), given: this.given })
    this.branches.push(branch)
    if (this.branches.length > this.limits.branches) {
      const oldest = this.branches.findIndex((b) => b !== branch && b !== from && b.id !== 0)
      if (oldest >= 0) this.branches.splice(oldest, 1)
    }
    this.active = branch
    this.forgetIndex()
    this.replayed = []
  }

  /** In the past: the input that was given next, at exactly this point of the run. */
  nextInput(): RecordedInput | undefined {
    const input = this.active.inputs[this.given]
    return input && input.after <= this.machine.executed ? input : undefined
  }

  /** How many of the branch's inputs are already part of the machine's present state. */
  private given = 0

  /** Gives again what was given at exactly this point, unless that was later than `until`. */
  private giveRecorded(until: Micros): void {
    for (;;) {
      const input = this.active.inputs[this.given]
      if (!input || input.after > this.machine.executed || input.at > until) return
      this.machine.idleUntil(input.at)
      this.given++
      this.machine.input(input)
    }
  }

  private record(entry: JournalEntry): void {
    const branch = this.active
    if (entry.n > branch.headExecuted) {
      branch.journal.push(entry)
      branch.headExecuted = entry.n
      if (branch.journal.length > this.limits.journal * 1.25) {
        const drop = branch.journal.length - this.limits.journal
        branch.journal.splice(0, drop)
        branch.dropped += drop
        if (this.byId.size > this.limits.journal * 3) this.forgetIndex()
      }
    } else if (entry.n <= branch.dropped) this.keepReplayed(entry)
    if (this.machine.now > branch.head) branch.head = this.machine.now
    const last = branch.checkpoints[branch.checkpoints.length - 1]!
    if (entry.n - last.state.executed >= branch.every) this.checkpoint()
  }

  private keepReplayed(entry: JournalEntry): void {
    if (entry.n !== this.replayedAfter + this.replayed.length + 1) {
      this.replayed = []
      this.replayedAfter = entry.n - 1
    }
    this.replayed.push(entry)
    if (this.replayed.length > this.limits.journal) {
      const drop = this.limits.journal >> 2
      this.replayed.splice(0, drop)
      this.replayedAfter += drop
    }
  }

  private forgetIndex(): void {
    this.byId.clear()
    this.indexed = 0
  }

  private checkpoint(): void {
    const branch = this.active
    branch.checkpoints.push({ state: this.machine.save(), given: this.given })
    if (branch.checkpoints.length > this.limits.checkpoints) {
      branch.checkpoints = branch.checkpoints.filter((_, i) => i % 2 === 0)
      branch.every *= 2
    }
  }

  /** Restores the latest checkpoint that fits; with `onlyAhead` only where that is nearer than the present state. */
  private restoreLatest(fits: (state: Snapshot) => boolean, onlyAhead = false): void {
    let found = this.active.checkpoints[0]!
    for (const checkpoint of this.active.checkpoints)
      if (fits(checkpoint.state) && checkpoint.state.executed >= found.state.executed) found = checkpoint
    if (onlyAhead && found.state.executed <= this.machine.executed) return
    this.machine.restore(found.state)
    this.given = found.given
  }
}
