import { holds } from './holds.ts'
import type { Input, JournalEntry, Micros } from '../sim/contract.ts'
import type { Block, CheckBlock, Lesson, Problem, QuestionBlock } from './schema.ts'

/** What running a shell line gave. */
export interface Ran {
  out: string
  err: string
  exit: number
}

/**
 * A cluster with a terminal, as the player needs it; `lab.ts` makes one over a machine. What waits only moves model
 * time: the promises are the shell's, not a clock's.
 */
export interface Lab {
  run(script: string): Promise<Ran>
  /** Runs in a copy that is thrown away: the lab is as it was afterwards. */
  ask(script: string): Promise<Ran>
  /** Moves model time to the next moment anything happens, and on by `stride`, never past `limit`; false: it is reached. */
  advance(limitMicros: number, strideMicros: number): boolean
  now(): number
  write(path: string, text: string): void
  fault(name: string, target: string, on: boolean): Promise<Ran>
  /** What was given and what ran since the lab was opened. */
  record(): LabRecord
}

export interface LabRecord {
  readonly opened: Micros
  readonly inputs: readonly Input[]
  readonly entries: readonly JournalEntry[]
}

export interface CheckResult {
  id: string
  passed: boolean
  says: string
}

/** Waits for a check at most its `within`, in model time. */
export async function runCheck(lab: Lab, check: CheckBlock): Promise<CheckResult> {
  const limit = lab.now() + check.within
  // A look costs more than an event: often at first, then a hundred times in the time that is given.
  for (let looks = 0; ; looks++) {
    const ran = await lab.ask(check.run)
    if (holds(check.expect, ran)) return { id: check.id, passed: true, says: check.says }
    if (!lab.advance(limit, looks < 10 ? 100_000 : Math.max(100_000, check.within / 100))) {
      const out = (ran.out.trim() || ran.err.trim()).split('\n')[0] ?? ''
      return { id: check.id, passed: false, says: check.fail.replaceAll('{out}', out) }
    }
  }
}

/** Index of the right option, found by running the model where the question says how. */
export async function rightOption(lab: Lab, question: QuestionBlock): Promise<{ right: number[]; out: string }> {
  if (question.run === undefined)
    return { right: question.options.flatMap((option, i) => (option.right ? [i] : [])), out: '' }
  const out = (await lab.ask(question.run)).out.trim()
  const right = question.options.flatMap((option, i) =>
    option.when !== undefined && new RegExp(option.when, 'm').test(out) ? [i] : [],
  )
  return { right, out }
}

const ACTS = new Set<Block['kind']>(['file', 'solution', 'fault', 'check', 'predict', 'quiz', 'run'])
export const actions = (lesson: Lesson): Block[] =>
  lesson.phases.flatMap((phase) => phase.blocks.filter((block) => ACTS.has(block.kind)))

/** Does one step of a solution, as a learner would. */
export async function act(lab: Lab, block: Block): Promise<Ran | undefined> {
  if (block.kind === 'file') lab.write(block.path, block.text)
  else if (block.kind === 'fault') return lab.fault(block.name, block.target, block.on)
  else if (block.kind === 'run') return lab.run(block.script)
  else if (block.kind === 'solution') {
    if (block.path !== undefined) lab.write(block.path, block.text ?? '')
    if (block.script !== undefined) return lab.run(block.script)
  }
  return undefined
}

export interface Proof {
  id: string
  checks: number
  questions: number
  steps: number
  problems: Problem[]
}

/**
 * Proves a lesson: every check fails on the fresh scenario, and passes after the solution; leaving out any one step
 * makes some check fail; each question has exactly one right answer where the model computes it.
 */
export async function proveLesson(lesson: Lesson, file: string, makeLab: () => Lab): Promise<Proof> {
  const todo = actions(lesson)
  const steps = todo.flatMap((block, i) => (block.kind === 'solution' || block.kind === 'fault' ? [i] : []))
  const checks = todo.filter((block): block is CheckBlock => block.kind === 'check')
  const questions = todo.filter((block): block is QuestionBlock => block.kind === 'predict' || block.kind === 'quiz')
  const problems: Problem[] = []
  const at = (block: Block, says: string): void => void problems.push({ ...block.where, says })

  const fresh = makeLab()
  for (const block of todo) if (block.kind === 'file') await act(fresh, block)
  for (const check of checks)
    if (holds(check.expect, await fresh.ask(check.run)))
      at(check, `check "${check.id}" passes before anything was done`)

  const lab = makeLab()
  for (const block of todo) {
    if (block.kind === 'check') {
      const result = await runCheck(lab, block)
      if (!result.passed) at(block, `check "${block.id}" fails after the solution: ${result.says}`)
    } else if (block.kind === 'predict' || block.kind === 'quiz') {
      const { right, out } = await rightOption(lab, block)
      if (right.length !== 1)
        at(block, `"${block.id}" has ${right.length} right answers for what the model printed: ${JSON.stringify(out)}`)
    } else {
      const ran = await act(lab, block)
      if (ran && ran.exit !== 0 && block.kind !== 'run')
        at(block, `this step ends with status ${ran.exit}: ${ran.err.trim() || ran.out.trim()}`)
      if (ran && block.kind === 'run' && /not simulated|command not found/.test(ran.err))
        at(block, `this command does not run in the lab: ${ran.err.trim()}`)
    }
  }

  if (problems.length === 0)
    for (const skipped of steps) {
      const without = makeLab()
      let failed = false
      for (const [i, block] of todo.entries()) {
        if (i === skipped || block.kind === 'predict' || block.kind === 'quiz') continue
        if (block.kind !== 'check') await act(without, block)
        else if (!(await runCheck(without, block)).passed) {
          failed = true
          break
        }
      }
      if (!failed) at(todo[skipped]!, 'idle step: every check passes without it')
    }
  if (checks.length === 0) problems.push({ file, line: 1, says: 'a lesson needs at least one check' })
  return { id: lesson.meta.id, checks: checks.length, questions: questions.length, steps: steps.length, problems }
}
