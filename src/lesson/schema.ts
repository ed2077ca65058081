/**
 * What a lesson is. A lesson is a folder with `lesson.md`; its front matter and its fenced blocks have the fields
 * below. The descriptions here are the documentation that authors read (docs/CONTRIBUTING.md points here).
 */
import type { Root } from 'hast'

export interface LessonMeta {
  /** `L13`, or `I07` for an incident. Unique; the address of the lesson. */
  id: string
  title: string
  /** One sentence for the course page. */
  says: string
  /** Module number of the curriculum, 1 to 9. */
  module: number
  minutes: number
  /** Exam domains it maps to: `CKA Troubleshooting`. */
  exam: string[]
  /** Rule ids of the model that it teaches; each must exist. */
  teaches: string[]
  /** Scenario to boot; see `src/model/scenarios`. */
  scenario: string
  seed: number
  /** View on the stage when it opens. */
  view: string
  /** Node in the picture. */
  node: string
  /** Planes the follow pacer dwells on; default all. */
  watch: string[]
  /** `incident`: something is broken before the learner arrives, and the end is graded. Default `lesson`. */
  kind: 'lesson' | 'incident'
  /** Incidents: 1 easy to 3 hard. */
  level: number
  /**
   * Incidents: globs of what the repair may write, as `touchesOf` (`incident.ts`) names it: `services/shop/cart`,
   * `pods/kube-system/kube-proxy-*`, `worker-1/kernel kernel.conntrack-delete`. All else costs.
   */
  touches: string[]
}

/** A place in the Markdown, for messages. */
export interface Where {
  file: string
  line: number
}

/** `text`: Markdown, sanitised. */
export interface TextBlock {
  kind: 'text'
  where: Where
  hast: Root
}
/** ```yaml file=web.yaml: a file in the working directory, open in the editor when reached. */
export interface FileBlock {
  kind: 'file'
  where: Where
  path: string
  text: string
}
/** ```sh run: commands to look with; one click types them. */
export interface RunBlock {
  kind: 'run'
  where: Where
  script: string
}
/** ```sh solution, or ```yaml solution file=web.yaml: a step of the solution; shown only when asked for. */
export interface SolutionBlock {
  kind: 'solution'
  where: Where
  script?: string
  path?: string
  text?: string
}
/** ```fault: `link-down worker-2`; one click sets it. `heal link-down worker-2` takes it away. */
export interface FaultBlock {
  kind: 'fault'
  where: Where
  name: string
  target: string
  on: boolean
  says: string
}
/** ```hint: one rung of the ladder; shown one at a time. */
export interface HintBlock {
  kind: 'hint'
  where: Where
  hast: Root
}
/** ```sh setup, or ```yaml setup file=web.yaml: what an incident does to the cluster before the learner arrives. */
export interface SetupBlock {
  kind: 'setup'
  where: Where
  script?: string
  path?: string
  text?: string
}
/** ```sh herring: what looks like a repair and is none; the proof plays it and expects that checks go on failing. */
export interface HerringBlock {
  kind: 'herring'
  where: Where
  script: string
}
/** ```mermaid: a still diagram. */
export interface MermaidBlock {
  kind: 'mermaid'
  where: Where
  text: string
}

/** ```check (YAML): a command, an expectation, how long to wait for it, and what to say while it fails. */
export interface CheckBlock {
  kind: 'check'
  where: Where
  id: string
  /** What is true when it passes: "worker-2 is Unknown." */
  says: string
  /** Shell line, run as a second terminal on the laptop would. */
  run: string
  expect: Expectation
  /** Model time to wait for it, in microseconds, default 0: must hold now. */
  within: number
  /** Said when it does not hold; `{out}` is what the command printed, trimmed. */
  fail: string
  /** Incidents: true before and after; the repair must not break it. */
  guard: boolean
}

export type Expectation = { equals: string } | { matches: string } | { not: Expectation } | { exit: number }

/** One answer. `why` is said after it was chosen, right or wrong. */
export interface Option {
  says: string
  why: string
  /** Right where the output of `run` matches this regular expression. */
  when?: string
  /** Right by the author's word; only where the model cannot compute it. */
  right?: boolean
}
/** ```predict and ```quiz (YAML). `run` is run in a fork of the learner's cluster and thrown away. */
export interface QuestionBlock {
  kind: 'predict' | 'quiz'
  where: Where
  id: string
  ask: string
  run?: string
  options: Option[]
}

/** One cause to choose from. Its evidence is a command: it holds for the true cause alone, which the proof sees. */
export interface CauseOption {
  says: string
  why: string
  /** Run at the moment the learner arrives, in a copy of the cluster. */
  run: string
  expect: Expectation
}
/** ```cause (YAML): the graded line of the report. */
export interface CauseBlock {
  kind: 'cause'
  where: Where
  id: string
  ask: string
  options: CauseOption[]
}
/**
 * ```why (YAML): a chain of the debrief. The record of `table` whose id matches `match` (a pattern); its last write
 * before the learner arrived (`when: start`, default) or before the end (`when: end`), or its first (`when: first`), back
 * to what began it.
 */
export interface WhyBlock {
  kind: 'why'
  where: Where
  says: string
  table: string
  match: string
  when: 'first' | 'start' | 'end'
}

export type Block =
  | TextBlock
  | FileBlock
  | RunBlock
  | SolutionBlock
  | FaultBlock
  | HintBlock
  | SetupBlock
  | HerringBlock
  | MermaidBlock
  | CheckBlock
  | QuestionBlock
  | CauseBlock
  | WhyBlock

/**
 * A `##` heading and what stands under it: Recall, Scene, Predict, Do, Explain, Fault, Checks, Quiz. An incident has
 * Page (what the learner reads first), Set-up (hidden), Checks, Report, Hints, Solution, Debrief (after the end).
 */
export interface Phase {
  title: string
  slug: string
  blocks: Block[]
}

export interface Lesson {
  meta: LessonMeta
  phases: Phase[]
}

/** A mistake of the author, with its place and what to do. */
export interface Problem {
  file: string
  line: number
  says: string
}

export class LessonError extends Error {
  readonly problems: readonly Problem[]
  constructor(problems: readonly Problem[]) {
    super(problems.map((p) => `${p.file}:${p.line}: ${p.says}`).join('\n'))
    this.name = 'LessonError'
    this.problems = problems
  }
}

type Kind = 'text' | 'whole number' | 'list of text'
export const META_FIELDS: Readonly<Record<keyof LessonMeta, { kind: Kind; optional?: true; pattern?: RegExp }>> = {
  id: { kind: 'text', pattern: /^[LI]\d\d$/ },
  title: { kind: 'text' },
  says: { kind: 'text' },
  module: { kind: 'whole number' },
  minutes: { kind: 'whole number' },
  exam: { kind: 'list of text' },
  teaches: { kind: 'list of text' },
  scenario: { kind: 'text' },
  seed: { kind: 'whole number' },
  view: { kind: 'text' },
  node: { kind: 'text', optional: true },
  watch: { kind: 'list of text', optional: true },
  kind: { kind: 'text', optional: true, pattern: /^(lesson|incident)$/ },
  level: { kind: 'whole number', optional: true },
  touches: { kind: 'list of text', optional: true },
}

/** Limits on what a lesson loaded by address may hold. */
export const LESSON_LIMITS = { bytes: 200_000, blocks: 400, scriptBytes: 4_000, fileBytes: 100_000 } as const
