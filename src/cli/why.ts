import { resourceByName, objectId } from '../model/apiserver/resources.ts'
import type { Tables } from '../model/tables.ts'
import { stopwatch } from '../sim/clock.ts'
import type { JournalEntry, Reason } from '../sim/contract.ts'
import type { Timeline } from '../sim/timeline.ts'

const LONGEST = 40

/**
 * The chain of causes of an object's newest change, or of an event by number: one step per line, nearest first, with
 * the rules that chose. `what`: pod/web, pod/kube-system/coredns-..., node/worker-1, TABLE:ID, or an event's number.
 */
export function why(timeline: Timeline<Tables>, what: string): string | undefined {
  const start = /^\d+$/.test(what) ? timeline.entryOf(Number(what)) : newestChange(timeline, what)
  if (!start) return undefined
  const lines: string[] = []
  const seen = new Set<number>()
  for (let entry: JournalEntry | undefined = start; entry && !seen.has(entry.event.id) && lines.length < LONGEST;) {
    seen.add(entry.event.id)
    const { event }: JournalEntry = entry
    const who = event.from === event.to ? event.to : `${event.from} -> ${event.to}`
    const reasons = [...event.because, ...entry.changes.flatMap((change) => change.because)]
    lines.push(`${stopwatch(event.at)}  #${event.id} ${event.kind}  ${who}${rulesText(timeline, reasons)}`)
    const cause: number | undefined = event.causes[0]
    entry = cause === undefined ? undefined : timeline.entryOf(cause)
  }
  return `${lines.join('\n')}\n`
}

function rulesText(timeline: Timeline<Tables>, reasons: readonly Reason[]): string {
  const ids = [...new Set(reasons.map((reason) => reason.rule))]
  return ids.map((id) => `\n    ${id}: ${timeline.machine.rules.get(id)?.says ?? ''}`).join('')
}

function newestChange(timeline: Timeline<Tables>, what: string): JournalEntry | undefined {
  const target = targetOf(what)
  if (!target) return undefined
  for (let n = timeline.machine.executed; n > 0; n--) {
    const entry = timeline.entry(n)
    if (!entry) return undefined
    if (entry.changes.some((change) => change.table === target.table && change.id === target.id)) return entry
  }
  return undefined
}

function targetOf(what: string): { table: string; id: string } | undefined {
  const colon = /^([a-zA-Z]+):(.+)$/.exec(what)
  if (colon) return { table: colon[1]!, id: colon[2]! }
  const [type, ...rest] = what.split('/')
  const resource = type === undefined ? undefined : resourceByName(type)
  const name = rest.at(-1)
  if (!resource || name === undefined) return undefined
  return { table: resource.table, id: objectId(resource, rest.length > 1 ? rest[0] : undefined, name) }
}
