/** Where the parts of a rule stand in the input, so that a refusal can point at them. */
import type { Spot } from './command.ts'
import type { Word } from './words.ts'

export const spotOf = (word: Word): Spot => ({ line: word.line, from: word.from, to: word.to })

/** A port stands behind the colon of an address, or is what follows `to`. */
export function statementSpot(words: readonly Word[]): Spot & { readonly port?: Spot } {
  const first = words[0]!
  const last = words[words.length - 1]!
  const spot = { line: first.line, from: first.from, to: last.to }
  const to = words.findIndex((word) => word.text === 'to')
  if (to < 0) return spot
  const ported = words.find((word, i) => i > to && /:\d+(?:-\d+)?$/.test(word.text))
  if (ported)
    return {
      ...spot,
      port: { line: ported.line, from: ported.to - /\d+(?:-\d+)?$/.exec(ported.text)![0].length + 1, to: ported.to },
    }
  const value = words[to + 1]
  return value ? { ...spot, port: { line: value.line, from: value.from, to: last.to } } : spot
}

/** Words behind `jump`, `goto` and `@`. */
export function namesIn(words: readonly Word[]): { name: string; set: boolean; spot: Spot }[] {
  const out: { name: string; set: boolean; spot: Spot }[] = []
  words.forEach((word, i) => {
    const next = words[i + 1]
    if (!next || next.kind !== 'word' || word.kind === 'string') return
    if (word.text === 'jump' || word.text === 'goto') out.push({ name: next.text, set: false, spot: spotOf(next) })
    else if (word.text === '@' && words[i + 2]?.text !== ',')
      out.push({ name: next.text, set: true, spot: { line: word.line, from: word.from, to: next.to } })
  })
  return out
}

/** White space outside of strings as single blanks. */
export function oneLine(text: string): string {
  return text.includes('\n') || text.includes('\t') || text.includes('  ')
    ? text.replace(/"[^"]*"|\s+/g, (part) => (part.startsWith('"') ? part : ' '))
    : text
}
