/**
 * The frame of a graded incident: what counts as touched, how the end is graded, and where a chain of causes begins.
 * Plain functions, so that the page, the worker and `npm run lessons` grade by the same rules.
 */
import type { EventId, Input, JournalEntry, Micros } from '../sim/contract.ts'
import type { Block, CauseBlock, CheckBlock, Lesson, Problem, WhyBlock } from './schema.ts'

/** Points of a hundred: what holds at the end, and what was named as cause. */
export const POINTS = { checks: 70, causes: 30, hint: 10, touched: 10, late: 10, atMost: 30, pass: 66 } as const

const FEW = 5
const READS = /^(get|list|watch)$/
const ASKS_RUNTIME = /^(Version|Status|List\w*|\w+Status|\w+Stats|ImageFsInfo|RuntimeConfig)$/

/**
 * What an input writes to, as the globs of `touches` name it; undefined for one that only looks: `services/shop/cart`,
 * `nodes/worker-1`, `worker-1/kernel kernel.conntrack-delete`.
 */
export function touchesOf(input: Pick<Input, 'kind' | 'to' | 'data'>): string | undefined {
  const data = (input.data ?? {}) as Record<string, unknown>
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  if (input.kind === 'api.request') {
    if (READS.test(text(data['verb'])) || data['dryRun'] === true) return undefined
    const body = data['body'] as { metadata?: { name?: string } } | undefined
    const name = text(data['name']) || text(body?.metadata?.name) || '*'
    return [text(data['resource']), text(data['namespace']), name].filter(Boolean).join('/')
  }
  // A packet that is sent is a look, however often.
  if (input.kind.startsWith('net.')) return undefined
  if (input.kind === 'cri.request') {
    const method = text(data['method'])
    return ASKS_RUNTIME.test(method) ? undefined : `${input.to} ${method}`
  }
  // To remove a few flows is not to empty the table.
  const { ids } = data as { ids?: readonly unknown[] }
  if (input.kind === 'kernel.conntrack-delete' && (ids?.length ?? 0) >= FEW)
    return `${input.to} ${input.kind} of ${ids!.length} flows`
  if (input.kind === 'fault.set') return `faults ${text(data['name'])} ${text(data['target'])}`
  return `${input.to} ${input.kind}`
}

const fits = (glob: string, name: string): boolean =>
  new RegExp(`^${glob.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(name)

/** A write, and whether it made something new. */
export interface Written {
  readonly wrote?: string
  readonly creates?: boolean
}

export function writtenBy(input: Pick<Input, 'kind' | 'to' | 'data'>): Written {
  const wrote = touchesOf(input)
  if (wrote === undefined) return {}
  const { verb, subresource } = (input.data ?? {}) as { verb?: string; subresource?: string }
  // An eviction is created too, but of a pod that was there.
  return input.kind === 'api.request' && verb === 'create' && subresource === undefined
    ? { wrote, creates: true }
    : { wrote }
}

/** What was written and lies outside of `allowed`, each once. What the learner made anew is the learner's own. */
export function unrelatedOf(writes: readonly Written[], allowed: readonly string[]): string[] {
  const own = new Set<string>()
  const found = new Set<string>()
  for (const { wrote, creates } of writes) {
    if (wrote === undefined) continue
    if (creates) own.add(wrote)
    else if (!own.has(wrote) && !allowed.some((glob) => fits(glob, wrote))) found.add(wrote)
  }
  return [...found]
}

/** A guard earns nothing, for it held before; a broken one takes away what a check gives. */
export function countChecks(
  checks: readonly CheckBlock[],
  held: (id: string) => boolean,
): { passed: number; of: number } {
  const goals = checks.filter((check) => !check.guard)
  const broken = checks.filter((check) => check.guard && !held(check.id)).length
  return { passed: Math.max(0, goals.filter((check) => held(check.id)).length - broken), of: goals.length }
}

export interface Attempt {
  /** As `countChecks` counts them. */
  readonly passed: number
  readonly checks: number
  readonly rightCauses: number
  readonly causes: number
  readonly hints: number
  readonly unrelated: number
  /** Model time, on all branches together. */
  readonly usedMicros: Micros
  readonly budgetMicros: Micros
}

export interface Grade {
  readonly score: number
  readonly passes: boolean
  /** What adds and what takes away, in points; zeros are left out of the losses. */
  readonly parts: readonly {
    readonly says: 'checks' | 'causes' | 'hints' | 'touched' | 'late'
    readonly points: number
  }[]
}

export function gradeAttempt(attempt: Attempt): Grade {
  const { passed, checks, rightCauses, causes, hints, usedMicros, budgetMicros } = attempt
  const late = usedMicros > budgetMicros ? Math.ceil(((usedMicros - budgetMicros) * 4) / budgetMicros) : 0
  const all = [
    { says: 'checks', points: checks === 0 ? 0 : Math.round((POINTS.checks * passed) / checks) },
    { says: 'causes', points: causes === 0 ? 0 : Math.round((POINTS.causes * rightCauses) / causes) },
    { says: 'hints', points: -POINTS.hint * hints },
    { says: 'touched', points: -Math.min(POINTS.atMost, POINTS.touched * attempt.unrelated) },
    { says: 'late', points: -Math.min(POINTS.atMost, POINTS.late * late) },
  ] as const
  const parts = all.filter((part) => part.points !== 0 || part.says === 'checks' || part.says === 'causes')
  const score = Math.max(0, Math.min(100, parts.reduce((sum, part) => sum + part.points, 0))) // prettier-ignore
  return { score, passes: score >= POINTS.pass, parts }
}

/** Model time that was spent since `arrived`, on every branch: to go back and try again costs what it took. */
export function usedMicros(
  branches: readonly { parent: number | undefined; forkedAt: Micros; head: Micros }[],
  arrived: Micros,
): Micros {
  return branches.reduce(
    (sum, { parent, forkedAt, head }) =>
      sum + Math.max(0, head - Math.max(arrived, parent === undefined ? arrived : forkedAt)),
    0,
  )
}

/**
 * From the last write of the record between `from` and `until`, or the first, back to what began it, effect first. `journals`: oldest first, without
 * gaps where it matters. Empty when no such write is known.
 */
export function chainOf(
  why: Pick<WhyBlock, 'table' | 'match' | 'when'>,
  journals: readonly (readonly JournalEntry[])[],
  from: Micros,
  until: Micros,
): JournalEntry[] {
  const match = new RegExp(why.match)
  const byId = new Map<EventId, JournalEntry>()
  let last: JournalEntry | undefined
  for (const journal of journals)
    for (const entry of journal) {
      if (entry.event.at > until) break
      byId.set(entry.event.id, entry)
      if (entry.event.at < from || (why.when === 'first' && last)) continue
      if (entry.changes.some((change) => change.table === why.table && match.test(change.id))) last = entry
    }
  const chain: JournalEntry[] = []
  for (let next = last; next !== undefined && chain.length < 500;) {
    chain.push(next)
    const cause: EventId | undefined = next.event.causes[0]
    next = cause === undefined ? undefined : byId.get(cause)
  }
  return chain
}

export const isIncident = (lesson: Lesson): boolean => lesson.meta.kind === 'incident'
const blocksOf = <K extends Block['kind']>(lesson: Lesson, kind: K): Extract<Block, { kind: K }>[] =>
  lesson.phases.flatMap((phase) => phase.blocks.filter((b): b is Extract<Block, { kind: K }> => b.kind === kind))

export const setupOf = (lesson: Lesson) => blocksOf(lesson, 'setup')
export const causesOf = (lesson: Lesson): CauseBlock[] => blocksOf(lesson, 'cause')
export const whysOf = (lesson: Lesson): WhyBlock[] => blocksOf(lesson, 'why')
export const hintsOf = (lesson: Lesson) => blocksOf(lesson, 'hint')
export const herringsOf = (lesson: Lesson) => blocksOf(lesson, 'herring')
export const checksOf = (lesson: Lesson): CheckBlock[] => blocksOf(lesson, 'check')

/** The set-up as one script; files are laid before it. */
export function setupScript(lesson: Lesson): { script: string; files: Record<string, string> } {
  const blocks = setupOf(lesson)
  return {
    script: blocks.flatMap((block) => block.script ?? []).join('\n'),
    files: Object.fromEntries(
      blocks.flatMap((block) => (block.path === undefined ? [] : [[block.path, block.text ?? '']])),
    ),
  }
}

export const INCIDENT_PHASES = ['page', 'set-up', 'checks', 'report', 'hints', 'solution', 'debrief'] as const

/** What an incident must have, and a lesson must not. */
export function incidentProblems(lesson: Lesson, file: string): Problem[] {
  const problems: Problem[] = []
  const say = (says: string, line = 1): void => void problems.push({ file, line, says })
  const only = ['setup', 'herring', 'cause', 'why'] as const
  if (!isIncident(lesson)) {
    for (const kind of only)
      for (const block of blocksOf(lesson, kind)) say(`a ${kind} block belongs to an incident`, block.where.line)
    if (lesson.meta.id.startsWith('I')) say('an id with I is that of an incident: kind: incident')
    return problems
  }
  if (!lesson.meta.id.startsWith('I')) say('the id of an incident begins with I')
  const slugs = lesson.phases.map((phase) => phase.slug)
  for (const slug of INCIDENT_PHASES) if (!slugs.includes(slug)) say(`an incident has the phase "${slug}"`)
  if (setupOf(lesson).length === 0) say('an incident breaks something: give a setup block')
  if (causesOf(lesson).length === 0) say('an incident asks for the cause: give a cause block')
  if (whysOf(lesson).length === 0) say('an incident shows its chain of causes: give a why block')
  if (herringsOf(lesson).length === 0) say('an incident has a red herring: give a herring block')
  if (hintsOf(lesson).length !== 3) say(`an incident has three hints, not ${hintsOf(lesson).length}`)
  if (lesson.meta.touches.length === 0) say('front matter: "touches" names what the repair may write')
  if (checksOf(lesson).every((check) => check.guard)) say('an incident has a check that fails until it is repaired')
  for (const check of checksOf(lesson))
    if (check.within > 0) say('a check of an incident waits in its own command, not by "within"', check.where.line)
  for (const kind of ['predict', 'quiz', 'fault'] as const)
    for (const block of blocksOf(lesson, kind)) say(`an incident has no ${kind} block`, block.where.line)
  return problems
}
