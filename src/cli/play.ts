import { boot } from '../model/cluster.ts'
import { SCENARIOS } from '../model/scenarios/scenarios.ts'
import { stopwatch } from '../sim/clock.ts'
import type { JournalEntry } from '../sim/contract.ts'
import { duration, readArguments, UsageError, wholeNumber } from './arguments.ts'

/** One line per event: when, from whom to whom, what, how long it travelled. `--json`: one object per line. */
export function main(argv: string[]): number {
  const args = readArguments(argv, { values: ['seed', 'until'], switches: ['json'] })
  const [name, ...more] = args.words
  if (name === undefined || more.length > 0 || !SCENARIOS[name])
    throw new UsageError(`usage: play SCENARIO; there are: ${Object.keys(SCENARIOS).join(', ')}`)
  const timeline = boot(name, wholeNumber(args, 'seed', 1))
  const json = args.flags.json === true
  timeline.runUntil(duration(args, 'until', 120_000_000), Infinity, (entry) => {
    process.stdout.write(json ? `${JSON.stringify(plain(entry))}\n` : line(entry))
  })
  if (!json)
    process.stdout.write(
      `${stopwatch(timeline.now)}  ${timeline.machine.executed} events  hash ${timeline.machine.hash()}\n`,
    )
  return 0
}

const plain = ({ n, event, changes }: JournalEntry): unknown => ({
  n,
  ...event,
  changes: changes.map(({ table, id, to }) => ({ table, id, deleted: to === undefined })),
})

function line({ event, changes }: JournalEntry): string {
  const seconds = (event.at / 1e6).toFixed(6).padStart(13)
  const who = event.from === event.to ? event.to : `${event.from} -> ${event.to}`
  const wrote = changes.map((c) => `${c.to === undefined ? '-' : c.from === undefined ? '+' : '~'}${c.table}/${c.id}`)
  return `${seconds}  ${event.kind.padEnd(24)} ${who}${wrote.length > 0 ? `  ${wrote.slice(0, 4).join(' ')}${wrote.length > 4 ? ` +${wrote.length - 4}` : ''}` : ''}\n`
}
