import type { ParsedScript } from 'unbash'
import type { Files } from './files.ts'
import { getVar, type ShellState } from './state.ts'

/** What the expansion of words needs from the shell around it. */
export interface WordContext {
  readonly shell: ShellState
  readonly files: Files
  /** Special variables that are not stored: $RANDOM, $SECONDS, $$ ... */
  special(name: string): string | undefined
  /** Runs `$(...)` and gives its output, trailing newlines gone. */
  substitute(script: ParsedScript): Promise<string>
  /** Runs `<(...)` and gives the path of a file that holds its output. */
  substituteProcess(script: ParsedScript): Promise<string>
}

export class ExpansionError extends Error {}

export function valueOf(name: string, ctx: WordContext): string | undefined {
  const { shell } = ctx
  if (/^\d+$/.test(name)) return name === '0' ? 'bash' : shell.params[Number(name) - 1]
  if (name === '?') return String(shell.lastExit)
  if (name === '#') return String(shell.params.length)
  if (name === '!') return shell.lastJobPid === undefined ? '' : String(shell.lastJobPid)
  if (name === '@' || name === '*') return shell.params.join(' ')
  return ctx.special(name) ?? getVar(shell, name)
}

export function valueOrComplain(name: string, ctx: WordContext): string {
  const value = valueOf(name, ctx)
  if (value === undefined && ctx.shell.options.nounset) throw new ExpansionError(`${name}: unbound variable`)
  return value ?? ''
}
