import type { Rule } from '../sim/contract.ts'
import { incidentProblems } from './incident.ts'
import type { Lesson, Problem } from './schema.ts'

/** What the model offers that a lesson may name. */
export interface Offered {
  rules: ReadonlyMap<string, Rule>
  scenarios: readonly string[]
  faults: readonly string[]
  views: readonly string[]
}

/** Names in a lesson that point to nothing. */
export function lintLesson(lesson: Lesson, file: string, offered: Offered): Problem[] {
  const { meta } = lesson
  const problems: Problem[] = []
  const missing = (what: string, name: string, known: readonly string[], line = 1): void => {
    if (!known.includes(name))
      problems.push({ file, line, says: `no ${what} "${name}"; there are: ${known.join(', ')}` })
  }
  missing('scenario', meta.scenario, offered.scenarios)
  // `rules/modes`: a picture, and which of its faces
  missing('view', meta.view.split('/')[0]!, offered.views)
  for (const id of meta.teaches)
    if (!offered.rules.has(id)) problems.push({ file, line: 1, says: `teaches ${id}, but the model has no such rule` })
  for (const phase of lesson.phases)
    for (const block of phase.blocks)
      if (block.kind === 'fault') missing('fault', block.name, offered.faults, block.where.line)
  return [...problems, ...incidentProblems(lesson, file)]
}
