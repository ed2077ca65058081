/** Answers to what the page asks about the past. Plain walks over the journal. */
import type { JournalEntry, Micros, Rule, SimEvent } from '../sim/contract.ts'
import { chainOf } from '../lesson/incident.ts'
import type { Ask, CauseStep, WatchFilter } from './protocol.ts'
import type { Session } from './session.ts'
import { watches } from './watch.ts'

const MOST = 2_000

/** For a debrief: from the last write of each record back to what began it, before the arrival too. */
export function chains(session: Session, of: Extract<Ask, { q: 'chains' }>['of']): CauseStep[][] {
  const journals = [...(session.past ? [session.past] : []), session].map((one) => one.timeline.window.journal)
  return of.map((why) =>
    chainOf(why, journals, session.past?.arrivedAt ?? 0, why.when === 'end' ? session.now : session.arrivedAt).map(
      (entry) => ({
        entry,
        rules: rulesOf(session, entry),
      }),
    ),
  )
}

function rulesOf(session: Session, entry: JournalEntry): Rule[] {
  const ids = new Set<string>()
  for (const { rule } of entry.event.because) ids.add(rule)
  for (const change of entry.changes) for (const { rule } of change.because) ids.add(rule)
  return [...ids].flatMap((id) => session.timeline.machine.rules.get(id) ?? [])
}

/** From the event back to the input that began it; the event itself is the first step. */
export function causes(session: Session, event: number, depth: number): CauseStep[] {
  const steps: CauseStep[] = []
  let next: number | undefined = event
  while (next !== undefined && steps.length < Math.min(depth, MOST)) {
    const entry = session.timeline.entryOf(next)
    if (!entry) break
    steps.push({ entry, rules: rulesOf(session, entry) })
    next = entry.event.causes[0]
  }
  return steps
}

/** What the event led to, breadth first: events that name it or its effects as a cause. */
export function effects(session: Session, event: number, limit: number): SimEvent[] {
  const start = session.timeline.entryOf(event)
  if (!start) return []
  const found: SimEvent[] = []
  const known = new Set<number>([event])
  for (const entry of journalFrom(session, start.n + 1)) {
    if (found.length >= Math.min(limit, MOST)) break
    if (entry.n > session.timeline.machine.executed) break
    if (!entry.event.causes.some((cause) => known.has(cause))) continue
    known.add(entry.event.id)
    found.push(entry.event)
  }
  return found
}

/** Executed events with `from <= at <= to` up to the moment shown, oldest first, at most `limit` from the end. */
export function eventsBetween(
  session: Session,
  from: Micros,
  to: Micros,
  limit: number,
  filter?: WatchFilter,
): SimEvent[] {
  const { journal, dropped } = session.timeline.window
  const executed = session.timeline.machine.executed
  const found: SimEvent[] = []
  const start = Math.min(firstAfter(journal, to), executed - dropped) - 1
  for (let i = start; i >= 0 && found.length < Math.min(limit, MOST); i--) {
    const { event } = journal[i]!
    if (event.at < from) break
    if (!filter || watches(filter, event)) found.push(event)
  }
  return found.reverse()
}

/** The writes to one record, newest first. */
export function history(session: Session, table: string, id: string, limit: number): JournalEntry[] {
  const { journal, dropped } = session.timeline.window
  const found: JournalEntry[] = []
  for (let i = session.timeline.machine.executed - dropped - 1; i >= 0 && found.length < Math.min(limit, MOST); i--) {
    const entry = journal[i]
    if (entry?.changes.some((change) => change.table === table && change.id === id)) found.push(entry)
  }
  return found
}

function journalFrom(session: Session, n: number): JournalEntry[] {
  const { journal, dropped } = session.timeline.window
  return journal.slice(Math.max(0, n - 1 - dropped))
}

/** Index of the first entry later than `at`. */
function firstAfter(journal: readonly JournalEntry[], at: Micros): number {
  let low = 0
  let high = journal.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (journal[middle]!.event.at <= at) low = middle + 1
    else high = middle
  }
  return low
}
