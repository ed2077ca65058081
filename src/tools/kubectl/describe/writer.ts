import { civil, parseRfc3339 } from '../../../sim/clock.ts'
import type { Micros } from '../../../sim/contract.ts'
import type { Event, Labels, ObjectMeta } from '../../../model/apiserver/objects.ts'
import type { ModelReader } from '../../../model/tables.ts'
import { humanDuration } from '../../age.ts'
import { KUBECTL_DESCRIBE, tabulate } from '../../tabwriter.ts'

/** Collects lines as kubectl's PrefixWriter does; tabs become columns when it is done. */
export interface Writer {
  /** `level` indents by two blanks each. `text` may hold tabs and newlines. */
  line(level: number, text: string): void
  /** Ends the columns so far: what follows is laid out anew. */
  flush(): void
  text(): string
}

export function createWriter(): Writer {
  let done = ''
  let open = ''
  const flush = () => {
    done += tabulate(open, KUBECTL_DESCRIBE)
    open = ''
  }
  return {
    line: (level, text) => void (open += `${'  '.repeat(level)}${text}\n`),
    flush: () => open !== '' && flush(),
    text() {
      if (open !== '') flush()
      return done
    },
  }
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const two = (n: number) => String(n).padStart(2, '0')

/** time.RFC1123Z. */
export function rfc1123(time: string | undefined | null): string {
  const at = time ? parseRfc3339(time) : NaN
  if (Number.isNaN(at)) return 'Mon, 01 Jan 0001 00:00:00 +0000'
  const c = civil(at)
  return `${DAYS[c.weekday]}, ${two(c.day)} ${MONTHS[c.month - 1]} ${c.year} ${two(c.hour)}:${two(c.minute)}:${two(c.second)} +0000`
}

export function since(time: string | undefined | null, now: Micros): string {
  return time ? humanDuration(now - parseRfc3339(time)) : '<unknown>'
}

/** One pair per line, aligned under the first. */
export function writeLabels(w: Writer, title: string, labels: Labels | undefined): void {
  writeList(w, title, Object.keys(labels ?? {}).sort().map((key) => `${key}=${labels![key]}`)) // prettier-ignore
}

export function writeList(w: Writer, title: string, items: readonly string[], indent = ''): void {
  if (items.length === 0) w.line(0, `${indent}${title}:\t<none>`)
  items.forEach((item, i) => w.line(0, `${i === 0 ? `${indent}${title}:` : indent}\t${item}`))
}

const HIDDEN = new Set(['kubectl.kubernetes.io/last-applied-configuration'])
const LONGEST = 140

export function writeAnnotations(w: Writer, title: string, annotations: Labels | undefined): void {
  const keys = Object.keys(annotations ?? {}).filter((key) => !HIDDEN.has(key)).sort() // prettier-ignore
  if (keys.length === 0) w.line(0, `${title}:\t<none>`)
  keys.forEach((key, i) => {
    const lead = i === 0 ? `${title}:\t` : '\t'
    const value = annotations![key]!.replace(/\n$/, '')
    if (value.length + key.length + 2 <= LONGEST && !value.includes('\n')) {
      w.line(0, `${lead}${key}: ${value}`)
      return
    }
    w.line(0, `${lead}${key}:`)
    for (const part of value.split('\n'))
      w.line(0, `\t  ${part.length > LONGEST - 2 ? `${part.slice(0, LONGEST - 2)}...` : part}`)
  })
}

/** Events of an object, oldest last occurrence first. Nodes have events under their name as uid, too. */
export function eventsOf(reader: ModelReader, metadata: ObjectMeta, kind: string): Event[] {
  const events = [...reader.by('events', 'involved', metadata.uid)]
  if (kind === 'Node') events.push(...reader.by('events', 'involved', metadata.name))
  // SortableEvents looks at the last timestamp alone: an event with an eventTime only (Scheduled) comes first.
  const at = (event: Event) => (event.lastTimestamp ? parseRfc3339(event.lastTimestamp) : -1)
  return events.filter((event) => event.involvedObject.kind === kind).sort((a, b) => at(a) - at(b))
}

export function writeEvents(w: Writer, events: readonly Event[], now: Micros): void {
  if (events.length === 0) {
    w.line(0, 'Events:\t<none>')
    return
  }
  w.flush()
  w.line(0, 'Events:')
  w.line(1, 'Type\tReason\tAge\tFrom\tMessage')
  w.line(1, '----\t------\t----\t----\t-------')
  for (const event of events) {
    const first = since(event.eventTime ?? event.firstTimestamp, now)
    let age = first
    if (event.series) age = `${since(event.series.lastObservedTime, now)} (x${event.series.count} over ${first})`
    else if ((event.count ?? 0) > 1) age = `${since(event.lastTimestamp, now)} (x${event.count} over ${first})`
    const from = event.source?.component || event.reportingComponent || ''
    w.line(1, `${event.type ?? ''}\t${event.reason ?? ''}\t${age}\t${from}\t${(event.message ?? '').trim()}`)
  }
}

/** The controller of an object as `Kind/name`; empty without one. */
export function controllerOf(metadata: ObjectMeta): string {
  const owner = metadata.ownerReferences?.find((reference) => reference.controller)
  return owner ? `${owner.kind}/${owner.name}` : ''
}
