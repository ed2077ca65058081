import type { Session } from './session.ts'
import type { ModelWait } from './tasks.ts'

/** What moves the model when a session is run headless. */
export interface Mover {
  /** Runs the model until one of the waits came true: the tables written meanwhile. Undefined: it never will. */
  advance(waits: readonly ModelWait[]): ReadonlySet<string> | undefined
}

/** Runs what was typed to its end: whenever the shell is quiet and waits for the model, the model moves. */
export async function drive(session: Session, mover: Mover): Promise<number> {
  for (;;) {
    await session.quiet()
    if (session.ended()) return session.lastExit()
    const waits = session.waits()
    // Nothing to wait for: a program that reads a terminal nobody types at.
    if (waits.length === 0) return session.lastExit()
    const changed = waits.some((wait) => wait.breath) ? new Set<string>() : mover.advance(waits)
    if (changed === undefined) session.interrupt()
    else session.wake(changed)
  }
}

/** Types a script as lines and runs it. Its status is that of the last line. */
export function runLines(session: Session, script: string, mover: Mover): Promise<number> {
  const lines = script.split('\n')
  if (lines.at(-1) === '') lines.pop()
  for (const line of lines) session.line(line)
  session.finish()
  return drive(session, mover)
}
