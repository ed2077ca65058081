/**
 * What the page and the worker say to each other. The worker holds the machine; the page holds a read-only replica and
 * draws it. Everything here survives structured cloning.
 */
import type { Input, JournalEntry, Micros, Reader, Rule, SimEvent } from '../sim/contract.ts'
import type { WhatIf } from './what-if.ts'
import type { SharesQuestion } from './shares.ts'
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
  /** Tables to empty before `changes` are applied: after a seek their order is not what the page has. */
  reset: readonly string[]
  /** The moment of the records: everything due up to here has run. */
  now: Micros
  /**
   * The moment that is shown. Between two events it may lie past `now` and have a fraction (a message under way); in a
   * compressed gap it runs after `now`, which is already where the next message leaves.
   */
  shown: number
  /** How fast `shown` goes on, in model microseconds per millisecond of wall time, and how far it may go by itself. */
  rate: number
  until: number
  /** The clock spins through a gap in which nothing watched happens. */
  spinning: boolean
  /** `shown` did not come here by running: a seek, a step back, another branch. Nothing flows over the jump. */
  jumped: boolean
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
  /** A seek or a replay of inputs is under way: how far it has come, of what. */
  busy?: { at: Micros; of: Micros }
  scenario: string
  seed: number
  /** Something went wrong in the model: the run has stopped here; the page says so and offers to step back. */
  stopped?: { message: string; event?: SimEvent }
}
export const EVENTS_PER_FRAME = 400

export type Plane = 'api' | 'cri' | 'kernel' | 'packet' | 'store'
export const PLANES: readonly Plane[] = ['api', 'cri', 'kernel', 'packet', 'store']

export interface Density {
  bucketMicros: Micros
  planes: Readonly<Record<Plane, readonly number[]>>
}

export type ToWorker =
  | {
      t: 'open'
      scenario: string
      seed: number
      inputs?: readonly (Input & { at: Micros; after: number })[]
      at?: Micros
      /** With `at`: how many events had been executed there. */
      executed?: number
      /** What the pacer dwells on from the start, and whether it starts at once. */
      watch?: WatchFilter
      play?: boolean
      /** An incident: run before the learner arrives. What lies before is told only when asked for (`chains`). */
      setup?: { script: string; files: Readonly<Record<string, string>> }
    }
  /** The page has drawn the frame with this number; until then the worker sends no other. */
  | { t: 'drawn'; seq: number }
  | { t: 'play'; on: boolean }
  | { t: 'pace'; pace: Pace }
  /** What the follow pacer dwells on: planes, kinds, actor prefixes, of the view that is shown. */
  | { t: 'watch'; filter: WatchFilter }
  /** To the next or last event that the filter (else the watch) lets through. `plain`: at once, without its flight. */
  | { t: 'step'; by: 1 | -1; filter?: WatchFilter; plain?: boolean }
  /** To the state right after the n-th executed event. */
  | { t: 'seekEvent'; n: number }
  | { t: 'seek'; at: Micros }
  | { t: 'input'; input: Input }
  | { t: 'branch'; id: number }
  | { t: 'visible'; on: boolean }
  | { t: 'ask'; id: number; ask: Ask }
  | { t: 'terminal'; session: string; data: TerminalToWorker }

export type WatchFilter = {
  planes?: readonly Plane[]
  /** `cri.` matches every kind that begins so; without the dot at the end the whole kind. */
  kinds?: readonly string[]
  /** `worker-1/` matches every actor of that node; without the slash one actor. */
  actors?: readonly string[]
  /**
   * Also what repeats whatever happens (`isRoutine`), all of it or some kinds. Default: it passes without a moment of
   * its own.
   */
  routine?: boolean | readonly string[]
  /** Also timers, which nobody sees move. For stepping event by event. */
  timers?: boolean
}

/** Questions with one answer each. */
export type Ask =
  | { q: 'entry'; event: number }
  | { q: 'causes'; event: number; depth: number }
  | { q: 'effects'; event: number; limit: number }
  | { q: 'events'; from: Micros; to: Micros; limit: number; filter?: WatchFilter }
  | { q: 'history'; table: string; id: string; limit: number }
  | { q: 'rules' }
  /** What the kube-proxy of a node wrote last, newest first: a list of `SyncNote`. */
  | { q: 'syncs'; node: string; limit: number }
  /** A table of a node as its own command prints it at this moment. */
  | { q: 'table'; of: TextTable; node: string }
  /** Many new connections through the rules of a node, at this moment; nothing is sent. */
  | { q: 'shares'; of: SharesQuestion }
  /** Two forks at the last moment that both have reached: a `Comparison`. */
  | { q: 'compare'; a: number; b: number }
  /** The past again with one thing changed; the session goes on in that fork. */
  | { q: 'what-if'; of: WhatIf }
  | { q: 'plan'; yaml: string; file: string }
  | { q: 'apply'; yaml: string; file: string }
  | { q: 'hash' }
  | { q: 'share' }
  | { q: 'run'; script: string; session?: string; files?: Readonly<Record<string, string>> }
  | { q: 'faults' }
  | { q: 'scenarios' }
  /** The moment at which an incident has been set up; waits for it. */
  | { q: 'arrived' }
  /** Chains of causes that reach back before the arrival, for a debrief. */
  | { q: 'chains'; of: readonly { table: string; match: string; when: 'first' | 'start' | 'end' }[] }
  /** What was typed and written since the arrival. */
  | { q: 'deeds' }

export type TextTable = 'iptables' | 'nftables' | 'ipvs' | 'ipset' | 'ebpf'

export type Answer<T = unknown> = { ok: true; value: T } | { ok: false; message: string }

/** A fault of the menu: the answer to `faults` is a list of these. */
export interface FaultInfo {
  name: string
  title: string
  summary: string
  /** Over in the moment it happens. */
  momentary: boolean
  targets: readonly string[]
}

/** A cluster that can be opened: the answer to `scenarios` is a list of these. */
export interface ScenarioInfo {
  name: string
  title: string
  says: string
}

/** The answer to `deeds`, in order of time: a line of a terminal, or a write by whatever means. */
export interface Deed {
  at: Micros
  line?: string
  /** As `touchesOf` names it. */
  wrote?: string
  /** It was made anew: it is the learner's own. */
  creates?: boolean
}

/** A write of kube-proxy to the kernel: lines that came and went, and the news that it answers. */
export interface SyncNote {
  event: number
  at: Micros
  kind: string
  full: boolean
  /** At most 200 each. */
  added: readonly string[]
  removed: readonly string[]
  addedCount: number
  removedCount: number
  /** What is counted: lines, rules and elements, calls, map entries. */
  unit: string
  causes: readonly SyncCause[]
}

export interface SyncCause {
  /** The news as it reached kube-proxy. */
  event: number
  at: Micros
  resource: string
  namespace: string
  name: string
  type: string
  /** An endpoint that the lines name. */
  address?: string
  change?: 'came' | 'went'
}

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
  /** A file in the working directory of the laptop, as the editor has it. */
  | { d: 'file'; name: string; text: string }
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

/** One thing to say about a manifest, at its place. Lines and columns count from 1. */
export interface ManifestProblem {
  line: number
  column: number
  endLine: number
  endColumn: number
  /** Field path: `spec.containers[0].image`. Empty for a mistake of syntax. */
  path: string
  severity: 'error' | 'approximated' | 'not modelled'
  says: string
}

/** What applying a text would change: the answer to `plan`. */
export interface PlanAnswer {
  problems: readonly ManifestProblem[]
  objects: readonly {
    /** `deployment.apps/web` */
    name: string
    namespace: string
    action: 'create' | 'configure' | 'unchanged'
    /** YAML as stored now ('' when it is created) and as it would be. */
    before: string
    after: string
  }[]
}

/** What kubectl would have printed: the answer to `apply`. */
export interface ApplyAnswer {
  ok: boolean
  text: string
  problems: readonly ManifestProblem[]
}
