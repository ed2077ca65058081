/**
 * Sentences are whole templates with named places, never joined from fragments, so that a translator can turn them
 * around. `ENGLISH` is the only catalog today; another language is another object with the same keys.
 */
import { ENGLISH } from './english.ts'

export type SentenceId = keyof typeof ENGLISH
export type Facts = Readonly<Record<string, string | number | undefined>>

/** Fills a template. A place without a fact shows `?`: better a visible gap than a wrong word. */
export function fill(template: string, facts: Facts): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = facts[name]
    return value === undefined || value === '' ? '?' : String(value)
  })
}

export function say(id: SentenceId, facts: Facts = {}): string {
  return fill(ENGLISH[id], facts)
}

/** Names of the places of a template, for the test that every caller fills them all. */
export function places(id: SentenceId): string[] {
  return [...ENGLISH[id].matchAll(/\{(\w+)\}/g)].map((m) => m[1]!)
}
