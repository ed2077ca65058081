import type { Expectation } from './schema.ts'

/** Whether what a command printed and returned is what a check expects. */
export function holds(expectation: Expectation, ran: { readonly out: string; readonly exit: number }): boolean {
  if ('not' in expectation) return !holds(expectation.not, ran)
  if ('exit' in expectation) return ran.exit === expectation.exit
  const out = ran.out.trim()
  return 'equals' in expectation ? out === expectation.equals : new RegExp(expectation.matches, 'm').test(out)
}
