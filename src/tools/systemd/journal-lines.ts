import type { JournalLineRecord, ModelReader } from '../../model/tables.ts'
import { rfc3339Micro } from '../../sim/clock.ts'
import { journalTime } from './units.ts'

/** Lines of the units, in the order of their times. */
export function linesOfUnit(reader: ModelReader, node: string, units: readonly string[]): JournalLineRecord[] {
  const names = units.length > 0 ? units : ['kernel', ...new Set(reader.by('units', 'node', node).map((u) => u.unit))]
  const lines = names.flatMap((unit) => [...reader.by('journal', 'unit', `${node}|${unit}`)])
  return names.length > 1 ? lines.sort((a, b) => a.at - b.at) : lines
}

export function journalLine(line: JournalLineRecord, format: string): string {
  if (format === 'cat') return `${line.text}\n`
  const time =
    format === 'short-iso' || format === 'short-iso-precise'
      ? rfc3339Micro(line.at).replace('Z', '+00:00')
      : journalTime(line.at)
  const who = line.comm === 'kernel' ? 'kernel' : `${line.comm}[${line.pid}]`
  return `${time} ${line.node} ${who}: ${line.text}\n`
}
