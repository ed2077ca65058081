/** The past again with one thing changed: a fork that gets the same inputs at the same moments. */
import type { Micros } from '../sim/contract.ts'
import { stopwatch } from '../sim/clock.ts'
import type { Session } from './session.ts'

export interface WhatIf {
  /** Where the change is made. */
  readonly at: Micros
  readonly until: Micros
  /** Lines of the terminal that make it. */
  readonly script: string
}

const SLICE = 400

/** Leaves the session on the new branch, at `until`. Throws with what a line of the script said when it failed. */
export async function whatIf(
  session: Session,
  { at, until, script }: WhatIf,
  run: (session: Session, script: string) => Promise<{ out: string; err: string; exit: number }>,
): Promise<{ branch: number }> {
  const parent = session.timeline.branch
  const later = parent.inputs.filter((input) => input.at > at && input.at <= until)
  session.seek(at)
  const { out, err, exit } = await run(session, script)
  const { branch } = session.timeline
  if (exit !== 0 || branch.id === parent.id) {
    if (branch.id !== parent.id) session.switchTo(parent.id)
    session.seek(until)
    if (exit === 0) throw new Error('These lines change nothing, so there is nothing to compare.')
    throw new Error(`At ${stopwatch(at)} these lines failed: ${err.trim() || out.trim()}`)
  }
  for (const { at: moment, kind, to, from, data } of later) {
    await runTo(session, moment)
    session.input({ kind, to, from, data })
  }
  await runTo(session, until)
  return { branch: branch.id }
}

async function runTo(session: Session, at: Micros): Promise<void> {
  while (!session.runUntil(at, SLICE)) await new Promise((resolve) => setTimeout(resolve))
}
