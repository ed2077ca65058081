/** Sets and maps that stand in the braces of a rule. */
import { loadedNftRule } from './parse-rule.ts'
import { singleton } from './print-rule.ts'
import type { Expression, SetExpression, Statement } from './statement.ts'

/** Each set or map in braces is an object of its own and takes a handle. */
export function anonymousSets(text: string): number {
  if (!text.includes('{')) return 0
  let count = 0
  for (const statement of loadedNftRule(text).statements)
    for (const set of setsIn(statement)) if (set.kind === 'literal' && !singleton(set)) count++
  return count
}

export function setsIn(statement: Statement): readonly SetExpression[] {
  switch (statement.kind) {
    case 'match': {
      const own = statement.right.kind === 'literal' || statement.right.kind === 'named' ? [statement.right] : []
      return [...mapsIn(statement.left), ...own]
    }
    case 'vmap':
      return [...mapsIn(statement.key), statement.map]
    case 'assign':
      return mapsIn(statement.value)
    case 'nat':
      return statement.address ? mapsIn(statement.address) : []
    default:
      return []
  }
}

function mapsIn(expression: Expression): readonly SetExpression[] {
  if (expression.kind === 'map') return [...mapsIn(expression.key), expression.map]
  if (expression.kind === 'binary') return [...mapsIn(expression.left), ...mapsIn(expression.right)]
  return expression.kind === 'concat' ? expression.parts.flatMap(mapsIn) : []
}
