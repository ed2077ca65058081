/** Closes an attempt: looks at the cluster, reads what was done, grades, and fetches the chains of causes. */
import { theLab } from '../../lab/client.ts'
import type { CauseStep, Deed } from '../../lab/protocol.ts'
import { holds } from '../../lesson/holds.ts'
import {
  causesOf,
  checksOf,
  countChecks,
  gradeAttempt,
  unrelatedOf,
  usedMicros,
  whysOf,
} from '../../lesson/incident.ts'
import type { CauseBlock, Lesson } from '../../lesson/schema.ts'
import { nameById } from '../../views/words/describe-thing.ts'
import { selectChain } from '../../views/why/select.ts'
import type { Ran } from './Player.tsx'
import type { ChainStep, Closed, IncidentProgress } from './player-incident.ts'

export type AskScript = (script: string) => Promise<Ran>

/** Which cause has its evidence in the cluster as it is now; found at the arrival, before anything is repaired. */
export async function findCauses(lesson: Lesson, ask: AskScript): Promise<Record<string, number>> {
  const right: Record<string, number> = {}
  for (const cause of causesOf(lesson)) right[cause.id] = await findCause(cause, ask)
  return right
}

async function findCause(cause: CauseBlock, ask: AskScript): Promise<number> {
  for (const [i, option] of cause.options.entries()) if (holds(option.expect, await ask(option.run))) return i
  return -1
}

export async function closeIncident(lesson: Lesson, progress: IncidentProgress, ask: AskScript): Promise<Closed> {
  const lab = theLab()
  const arrivedAt = progress.arrivedAt ?? 0
  const { branches } = lab.store.getState()
  const used = usedMicros(branches, arrivedAt)
  const deeds = await lab.ask<Deed[]>({ q: 'deeds' })
  const checks: Record<string, string> = {}
  for (const check of checksOf(lesson)) {
    const ran = await ask(check.run).catch((error: Error): Ran => ({ out: '', err: error.message, exit: 1 }))
    const out = (ran.out.trim() || ran.err.trim()).split('\n')[0] ?? ''
    checks[check.id] = holds(check.expect, ran) ? '' : check.fail.replaceAll('{out}', out) || 'It does not hold.'
  }
  const causes = causesOf(lesson)
  const unrelated = unrelatedOf(deeds, lesson.meta.touches)
  const counted = countChecks(checksOf(lesson), (id) => checks[id] === '')
  const grade = gradeAttempt({
    passed: counted.passed,
    checks: counted.of,
    rightCauses: causes.filter((cause) => progress.report.chosen[cause.id] === progress.right[cause.id]).length,
    causes: causes.length,
    hints: progress.hints,
    unrelated: unrelated.length,
    usedMicros: used,
    budgetMicros: lesson.meta.minutes * 60_000_000,
  })
  const found = await lab.ask<CauseStep[][]>({
    q: 'chains',
    of: whysOf(lesson).map(({ table, match, when }) => ({ table, match, when })),
  })
  const run = await lab.ask<string>({ q: 'share' }).catch(() => '')
  const names = nameById(lab.store.getState().replica)
  return {
    arrivedAt,
    usedMicros: used,
    grade,
    checks,
    hints: progress.hints,
    unrelated,
    deeds: deeds.map(({ at, line, wrote }) => ({
      at: at - arrivedAt,
      ...(line === undefined ? {} : { line }),
      ...(wrote === undefined ? {} : { wrote }),
    })),
    report: progress.report,
    right: progress.right,
    chains: found.map((steps) => selectChain(steps, names).map((step) => chainStep(step, arrivedAt))),
    run,
    forks: branches.length - 1,
  }
}

/** `{"spec":{"selector":{"app":"cart1"}}}` of a patch. */
function bodyOf(data: unknown): { body?: string } {
  const { body } = (data ?? {}) as { body?: unknown }
  const text = body === undefined ? '' : JSON.stringify(body)
  return text === '' || text.length > 300 ? {} : { body: text }
}

function chainStep(step: ReturnType<typeof selectChain>[number], arrivedAt: number): ChainStep {
  return {
    title: step.title,
    says: step.says,
    at: step.at - arrivedAt,
    rules: step.reasons.map(({ rule, says, source, facts }) => ({
      id: rule,
      says,
      source,
      facts: facts.map(([name, value]): [string, string] => [name, value]),
    })),
    root: step.root,
    ...bodyOf(step.event.data),
    skipped: step.skipped,
  }
}
