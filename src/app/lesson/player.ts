/** What the player keeps of one lesson, and what may be derived from it. Plain, so that it can be stored on the device. */
import type { IncidentProgress } from './player-incident.ts'
import type { Block, CheckBlock, Lesson, QuestionBlock } from '../../lesson/schema.ts'

export interface LessonProgress {
  /** Index of the phase that is open. */
  phase: number
  /** Question id -> index of the option that was kept. */
  answers: Record<string, number>
  /** Question id -> index of the right option, once the model has told. */
  right: Record<string, number>
  /** Checks that have passed. */
  passed: string[]
  /** Rungs of the hint ladder that were opened, per phase. */
  hints: Record<string, number>
  /** Steps that were done, by the line of their block: `12:3` is the third command of the block on line 12. */
  ran: string[]
  /** Solution shown, per phase. */
  solved: string[]
  done: boolean
  /** Of an incident. */
  incident?: IncidentProgress
}

export const NO_PROGRESS: LessonProgress = {
  phase: 0,
  answers: {},
  right: {},
  passed: [],
  hints: {},
  ran: [],
  solved: [],
  done: false,
}

export const checksOf = (lesson: Lesson): CheckBlock[] =>
  lesson.phases.flatMap((p) => p.blocks.filter((b): b is CheckBlock => b.kind === 'check'))
export const questionsOf = (lesson: Lesson): QuestionBlock[] =>
  lesson.phases.flatMap((p) => p.blocks.filter((b): b is QuestionBlock => b.kind === 'predict' || b.kind === 'quiz'))

/** A lesson is done when every check has passed and every question was answered. */
export function isDone(lesson: Lesson, progress: LessonProgress): boolean {
  return (
    checksOf(lesson).every((check) => progress.passed.includes(check.id)) &&
    questionsOf(lesson).every((question) => progress.answers[question.id] !== undefined)
  )
}

/** Share of checks and questions that are behind the learner, 0 to 1. */
export function share(lesson: Lesson, progress: LessonProgress): number {
  const checks = checksOf(lesson)
  const questions = questionsOf(lesson)
  const all = checks.length + questions.length
  if (all === 0) return progress.done ? 1 : 0
  const passed = checks.filter((check) => progress.passed.includes(check.id)).length
  return (passed + questions.filter((q) => progress.answers[q.id] !== undefined).length) / all
}

/** Commands of a script, one a line; a line that goes on (backslash, open quote of a here-document) stays whole. */
export function commandsOf(script: string): string[] {
  const commands: string[] = []
  let open = ''
  for (const line of script.split('\n')) {
    if (open === '' && (line.trim() === '' || line.trim().startsWith('#'))) continue
    open = open === '' ? line : `${open}\n${line}`
    if (!line.endsWith('\\')) {
      commands.push(open)
      open = ''
    }
  }
  if (open !== '') commands.push(open)
  return commands
}

/** The open phase and its steps; hints and solutions stay apart because they are shown only when asked for. */
export function layers(blocks: readonly Block[]): {
  body: Block[]
  hints: Extract<Block, { kind: 'hint' }>[]
  solution: Extract<Block, { kind: 'solution' }>[]
} {
  return {
    body: blocks.filter((b) => b.kind !== 'hint' && b.kind !== 'solution'),
    hints: blocks.filter((b) => b.kind === 'hint'),
    solution: blocks.filter((b) => b.kind === 'solution'),
  }
}
