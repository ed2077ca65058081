import type { TableSpec } from './contract.ts'

/**
 * A table whose versions share what they have in common: `share()` hands out the present maps and from then on the
 * first write clones. A checkpoint therefore costs nothing until something changes.
 */
export interface TableState {
  readonly rows: Map<string, object>
  readonly buckets: ReadonlyMap<string, Map<string, Bucket>>
}
interface Bucket {
  epoch: number
  rows: Map<string, object>
}

const NONE: readonly object[] = Object.freeze([])

export class Table {
  private rows = new Map<string, object>()
  private buckets = new Map<string, Map<string, Bucket>>()
  private shared = false
  private epoch = 0
  private readonly indexes: [string, (record: never, id: string) => string | undefined][]
  /** Arrays handed out by `all` and `by`, valid until the next write to the rows they show. */
  private allCache: readonly object[] | undefined
  private readonly byCache = new Map<Map<string, object>, readonly object[]>()

  readonly name: string

  constructor(name: string, spec: TableSpec<never> | undefined) {
    this.name = name
    this.indexes = Object.entries(spec?.indexes ?? {})
    for (const [index] of this.indexes) this.buckets.set(index, new Map())
  }

  get size(): number {
    return this.rows.size
  }

  get(id: string): object | undefined {
    return this.rows.get(id)
  }

  all(): readonly object[] {
    return (this.allCache ??= Object.freeze([...this.rows.values()]))
  }

  by(index: string, key: string): readonly object[] {
    const keys = this.buckets.get(index)
    if (!keys) throw new Error(`table ${this.name} has no index ${index}`)
    const bucket = keys.get(key)
    if (!bucket) return NONE
    let list = this.byCache.get(bucket.rows)
    if (!list) this.byCache.set(bucket.rows, (list = Object.freeze([...bucket.rows.values()])))
    return list
  }

  entries(): Iterable<[string, object]> {
    return this.rows.entries()
  }

  put(id: string, record: object | undefined): object | undefined {
    const before = this.rows.get(id)
    if (before === record) return before
    if (this.shared) this.unshare()
    if (record === undefined) this.rows.delete(id)
    else this.rows.set(id, record)
    this.allCache = undefined
    for (const [index, keyOf] of this.indexes) {
      const oldKey = before === undefined ? undefined : keyOf(before as never, id)
      const newKey = record === undefined ? undefined : keyOf(record as never, id)
      if (oldKey !== undefined && oldKey !== newKey) this.bucket(index, oldKey).delete(id)
      if (newKey !== undefined) this.bucket(index, newKey).set(id, record!)
    }
    return before
  }

  share(): TableState {
    this.shared = true
    return { rows: this.rows, buckets: this.buckets }
  }

  adopt(state: TableState): void {
    this.rows = state.rows
    this.buckets = state.buckets as Map<string, Map<string, Bucket>>
    this.shared = true
    this.allCache = undefined
    this.byCache.clear()
  }

  private unshare(): void {
    this.rows = new Map(this.rows)
    this.buckets = new Map([...this.buckets].map(([index, keys]) => [index, new Map(keys)]))
    this.epoch++
    this.shared = false
  }

  /** The bucket to write to: a clone where an older snapshot still holds it. */
  private bucket(index: string, key: string): Map<string, object> {
    const keys = this.buckets.get(index)!
    const held = keys.get(key)
    if (held && held.epoch === this.epoch) {
      this.byCache.delete(held.rows)
      return held.rows
    }
    if (held) this.byCache.delete(held.rows)
    const rows = new Map(held?.rows)
    keys.set(key, { epoch: this.epoch, rows })
    return rows
  }
}

/** Freezes a record and what it holds, stopping at what is frozen already; refuses what is not plain. */
export function freezePlain<V>(value: V): V {
  if (typeof value === 'object' && value !== null) freezeDeep(value)
  else refuseUnlessPlain(value)
  return value
}

function freezeDeep(value: object): void {
  if (Object.isFrozen(value)) return
  Object.freeze(value)
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) freezePart(value[i])
    return
  }
  const proto: unknown = Object.getPrototypeOf(value)
  if (proto !== Object.prototype && proto !== null)
    throw new Error('a record holds an instance of a class, a Map or a Set: records are plain data')
  for (const key in value) freezePart((value as Record<string, unknown>)[key])
}

function freezePart(part: unknown): void {
  const type = typeof part
  if (type === 'string' || type === 'number' || part === null) return
  if (type === 'object') freezeDeep(part as object)
  else refuseUnlessPlain(part)
}

function refuseUnlessPlain(value: unknown): void {
  const type = typeof value
  if (type === 'function' || type === 'symbol' || type === 'bigint')
    throw new Error(`a record holds a ${type}: records are plain data`)
}
