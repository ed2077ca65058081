/** Asking what the rules and the packet do not say. */
import type { CompiledChain } from './compile.ts'
import type { Question, Walk } from './walk.ts'

/** The rule that asks. */
export interface Place {
  readonly table: string
  readonly chain: CompiledChain
  readonly i: number
}

export function askAbout(
  walk: Walk,
  place: Place,
  about: string,
  more: Partial<Pick<Question, 'kind' | 'probability' | 'usual'>> = {},
): boolean {
  const { table, chain, i } = place
  const answer = walk.ask({
    kind: 'unknown',
    table,
    chain: chain.name,
    index: i,
    rule: chain.rules[i]!,
    below: 2,
    about,
    ...more,
  })
  return answer === 1
}
