/**
 * What the page has, kept beside the machine as references, so that a frame says only what differs. The order of rows
 * is part of it: `all` and `by` give insertion order on both sides.
 */
import type { JournalEntry } from '../sim/contract.ts'
import type { Frame } from './protocol.ts'

type Rows = Map<string, object>
export type Changes = [table: string, id: string, record: object | undefined][]

export interface MirrorSource {
  tableNames(): string[]
  rows(table: string): Iterable<[string, object]>
}

export class Mirror {
  private readonly tables = new Map<string, Rows>()
  /** Touched since the last take, in the order in which rows came to stand; true: deleted and made again. */
  private readonly touched = new Map<string, Map<string, boolean>>()
  /** How many rows are touched, about. */
  pending = 0

  /** Notes what an executed event wrote. */
  note(entry: JournalEntry): void {
    for (const { table, id, from, to } of entry.changes) {
      let ids = this.touched.get(table)
      if (!ids) this.touched.set(table, (ids = new Map()))
      const again = from === undefined && to !== undefined && (ids.has(id) || this.tables.get(table)?.has(id) === true)
      if (again || to === undefined) ids.delete(id)
      if (ids.has(id)) continue
      ids.set(id, again)
      this.pending++
    }
  }

  /** The squashed changes since the last take. */
  take(get: (table: string, id: string) => object | undefined): Changes {
    const changes: Changes = []
    for (const [table, ids] of this.touched) {
      let rows = this.tables.get(table)
      if (!rows) this.tables.set(table, (rows = new Map()))
      for (const [id, again] of ids) {
        const record = get(table, id)
        if (rows.get(id) === record && !again) continue
        if (again && rows.delete(id)) changes.push([table, id, undefined])
        if (record) rows.set(id, record)
        else rows.delete(id)
        changes.push([table, id, record])
      }
    }
    this.touched.clear()
    this.pending = 0
    return changes
  }

  /** Compares everything by identity, as a seek needs it. Rows that the two moments share cost one look. */
  diff(source: MirrorSource): Pick<Frame, 'reset'> & { changes: Changes } {
    this.touched.clear()
    this.pending = 0
    const changes: Changes = []
    const reset: string[] = []
    for (const table of source.tableNames()) {
      const want: Rows = new Map(source.rows(table))
      const have = this.tables.get(table) ?? new Map<string, object>()
      const difference = diffRows(table, have, want)
      if (difference === 'order') {
        reset.push(table)
        for (const [id, record] of want) changes.push([table, id, record])
      } else changes.push(...difference)
      this.tables.set(table, want)
    }
    return { reset, changes }
  }

  /** Everything there is, for a page that has nothing. */
  whole(source: MirrorSource): Changes {
    this.tables.clear()
    return this.diff(source).changes
  }
}

/** `order`: applying the single changes would not give the rows their places. */
function diffRows(table: string, have: Rows, want: Rows): Changes | 'order' {
  const changes: Changes = []
  const kept: string[] = []
  for (const id of have.keys()) {
    if (want.has(id)) kept.push(id)
    else changes.push([table, id, undefined])
  }
  let place = 0
  for (const [id, record] of want) {
    if (place < kept.length ? kept[place] !== id : have.has(id)) return 'order'
    place++
    if (have.get(id) !== record) changes.push([table, id, record])
  }
  return changes
}
