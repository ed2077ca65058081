/** A match whose options are still being read, one at a time. */
import type { Match } from './rule.ts'
import type { Words } from './rule-words.ts'

/** A match whose options are still being read. `option` returns false for an option of somebody else. */
export interface OpenMatch {
  option(word: string, words: Words, not: boolean): boolean
  close(): Match
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
export type Of<K extends Match['kind']> = Mutable<Extract<Match, { kind: K }>>

/** In front of a value, `!` negates too (the spelling of old iptables). */
export function optionValue(option: string, words: Words, not: boolean): { text: string; not: boolean } {
  const text = words.next(option)
  return text === '!' ? { text: words.next(option), not: true } : { text, not }
}
