/**
 * What the page and the worker say to each other. The worker holds the machine; the page holds a read-only replica and
 * draws it. Everything here survives structured cloning.
 */
import type { Input, JournalEntry, Micros, Reader, Rule, SimEvent } from '../sim/contract.ts'
import type { Tables } from '../model/tables.ts'

/** How fast model time runs. `follow`: each watched event gets a visible moment, gaps are compressed. */
export type Pace = { mode: 'follow' } | { mode: 'speed'; factor: number }

export interface BranchInfo {
  id: number
  parent: number | undefined
  forkedAt: Micros
  cause: string
  head: Micros
}

/** A place on the scrubber worth a flag: pod Ready, node Unknown, container crashed, fault set. */
export interface Bookmark {
  at: Micros
  n: number
  says: string
  tone: 'plain' | 'fail'
}

/** At most one per animation frame. */
export interface Frame {
  /** Counts from 0 on each `open`; a frame with `whole` replaces the replica. */
  seq: number
  whole: boolean
  now: Micros
  executed: number
  head: Micros
  headExecuted: number
  playing: boolean
  pace: Pace
  branch: number
  branches: readonly BranchInfo[]
  /** Last write per record wins; record undefined: deleted. */
  changes: readonly (readonly [table: string, id: string, record: object | undefined])[]
  /** Events executed since the last frame, newest last, at most `EVENTS_PER_FRAME`. */
  events: readonly SimEvent[]
  /** Messages (from !== to) and timers that were scheduled since the last frame and still wait. */
  scheduled: readonly SimEvent[]
  /** Ids of scheduled events that ran or were cancelled. */
  settled: readonly number[]
  bookmarks?: readonly Bookmark[]
  /** Events per plane per bucket over [0, head], for the scrubber and the overview. */
  density?: Density
  /** Something went wrong in the model: the run has stopped here; the page says so and offers to step back. */
  stopped?: { message: string; event?: SimEvent }
}
export const EVENTS_PER_FRAME = 400

export interface Density {
  bucketMicros: Micros
  planes: Readonly<Record<'api' | 'cri' | 'kernel' | 'packet' | 'store', readonly number[]>>
}

export type ToWorker =
  | { t: 'open'; scenario: string; seed: number; inputs?: readonly (Input & { at: Micros; after: number })[]; at?: Micros }
  | { t: 'play'; on: boolean }
  | { t: 'pace'; pace: Pace }
  /** What the follow pacer dwells on: planes, kinds, actor prefixes, of the view that is shown. */
  | { t: 'watch'; filter: WatchFilter }
  | { t: 'step'; by: 1 | -1; filter?: WatchFilter }
  | { t: 'seek'; at: Micros }
  | { t: 'input'; input: Input }
  | { t: 'branch'; id: number }
  | { t: 'visible'; on: boolean }
  | { t: 'ask'; id: number; ask: Ask }
  | { t: 'terminal'; session: string; data: TerminalToWorker }

export type WatchFilter = {
  planes?: readonly string[]
  kinds?: readonly string[]
  /** `worker-1/` matches every actor of that node. */
  actors?: readonly string[]
}

/** Questions with one answer each. */
export type Ask =
  | { q: 'entry'; event: number }
  | { q: 'causes'; event: number; depth: number }
  | { q: 'events'; from: Micros; to: Micros; limit: number; filter?: WatchFilter }
  | { q: 'history'; table: string; id: string; limit: number }
  | { q: 'rules' }
  | { q: 'plan'; yaml: string; file: string }
  | { q: 'apply'; yaml: string; file: string }
  | { q: 'hash' }
  | { q: 'share' }
  | { q: 'run'; script: string; session?: string; files?: Readonly<Record<string, string>> }
  | { q: 'faults' }

export type Answer<T = unknown> = { ok: true; value: T } | { ok: false; message: string }

/** One step of a chain of causes, nearest first. */
export interface CauseStep {
  entry: JournalEntry
  rules: readonly Rule[]
}

export type TerminalToWorker =
  | { d: 'open'; cols: number; rows: number }
  | { d: 'key'; text: string }
  | { d: 'size'; cols: number; rows: number }
  /** Types a command and Enter, as a click on "run" does. */
  | { d: 'run'; line: string }
  | { d: 'close' }

export type FromWorker =
  | { t: 'frame'; frame: Frame }
  | { t: 'answer'; id: number; answer: Answer }
  | { t: 'terminal'; session: string; text: string }
  | { t: 'effect'; session: string; effect: { kind: 'edit'; text: string; name: string } }
  | { t: 'failed'; message: string }

/** What views read: the replica has the same reading interface as the model's world. */
export interface Replica extends Reader<Tables> {
  /** The last few hundred executed events, oldest first. */
  readonly recent: readonly SimEvent[]
  readonly executed: number
  readonly branch: number
}
