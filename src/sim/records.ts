import type { TableSpec } from './contract.ts'

/**
 * A table whose versions share what they have in common: `share()` hands out the present maps and from then on the
 * first write clones. A checkpoint therefore costs nothing until something changes.
 */
export interface TableState {
  readonly rows: Map<string, object>
  /** In the order of the indexes. */
  readonly buckets: readonly Map<string, Bucket>[]
}

/** In the order in which they came. Most keys have a record or two: a set for each of them would cost more than they. */
type Ids = string[] | Set<string>
const FEW = 8

/** The ids of the records with one key. Only who made it may change the ids; everybody else clones. */
interface Bucket {
  readonly maker: object
  ids: Ids
  /** What `by` handed out last, and to which table; valid until a write to one of the records. */
  list: readonly object[] | undefined
  reader: object | undefined
}

interface Index {
  readonly name: string
  readonly keyOf: (record: never, id: string) => string | undefined
  keys: Map<string, Bucket>
}

const NONE: readonly object[] = Object.freeze([])

export class Table {
  private rows = new Map<string, object>()
  private readonly indexes: Index[]
  private shared = false
  /** Stands for the time between two shares: buckets made in it belong to this table alone. */
  private epoch: object = {}
  /** Stands for the time between two restores: lists built in it show this table's records. */
  private reader: object = {}
  private allCache: readonly object[] | undefined

  readonly name: string

  constructor(name: string, spec: TableSpec<never> | undefined) {
    this.name = name
    this.indexes = Object.entries(spec?.indexes ?? {}).map(([index, keyOf]) => ({
      name: index,
      keyOf,
      keys: new Map(),
    }))
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
    const bucket = this.keysOf(index).get(key)
    if (bucket === undefined) return NONE
    if (bucket.list !== undefined && bucket.reader === this.reader) return bucket.list
    const list: object[] = []
    for (const id of bucket.ids) list.push(this.rows.get(id)!)
    bucket.reader = this.reader
    return (bucket.list = Object.freeze(list))
  }

  has(index: string, key: string): boolean {
    return this.keysOf(index).has(key)
  }

  /** How many records `by` would give. */
  countBy(index: string, key: string): number {
    const ids = this.keysOf(index).get(key)?.ids
    return ids === undefined ? 0 : Array.isArray(ids) ? ids.length : ids.size
  }

  /** Of the table, or of one key of an index. */
  count(index?: string, key?: string): number {
    return index === undefined ? this.rows.size : this.countBy(index, key!)
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
    for (let i = 0; i < this.indexes.length; i++) {
      const index = this.indexes[i]!
      const oldKey = before === undefined ? undefined : index.keyOf(before as never, id)
      const newKey = record === undefined ? undefined : index.keyOf(record as never, id)
      if (oldKey === newKey) {
        if (newKey !== undefined) index.keys.get(newKey)!.list = undefined
        continue
      }
      if (oldKey !== undefined) this.leave(index, oldKey, id)
      if (newKey !== undefined) addId(this.bucket(index, newKey), id)
    }
    return before
  }

  share(): TableState {
    this.shared = true
    return { rows: this.rows, buckets: this.indexes.map((index) => index.keys) }
  }

  adopt(state: TableState): void {
    this.rows = state.rows
    for (let i = 0; i < this.indexes.length; i++) this.indexes[i]!.keys = state.buckets[i]!
    this.shared = true
    this.reader = {}
    this.allCache = undefined
  }

  private keysOf(name: string): Map<string, Bucket> {
    for (let i = 0; i < this.indexes.length; i++) if (this.indexes[i]!.name === name) return this.indexes[i]!.keys
    throw new Error(`table ${this.name} has no index ${name}`)
  }

  private unshare(): void {
    this.rows = new Map(this.rows)
    for (const index of this.indexes) index.keys = new Map(index.keys)
    this.epoch = {}
    this.shared = false
  }

  /** The bucket to write to: a clone where an older snapshot still holds it. */
  private bucket(index: Index, key: string): Bucket {
    const held = index.keys.get(key)
    if (held !== undefined && held.maker === this.epoch) {
      held.list = undefined
      return held
    }
    const bucket: Bucket = { maker: this.epoch, ids: cloned(held?.ids), list: undefined, reader: undefined }
    index.keys.set(key, bucket)
    return bucket
  }

  /** Keys come and go with ports and ids: an empty bucket is not kept. */
  private leave(index: Index, key: string, id: string): void {
    const { ids } = index.keys.get(key)!
    if ((Array.isArray(ids) ? ids.length : ids.size) === 1) {
      index.keys.delete(key)
      return
    }
    removeId(this.bucket(index, key), id)
  }
}

const cloned = (ids: Ids | undefined): Ids => (ids === undefined ? [] : Array.isArray(ids) ? ids.slice() : new Set(ids))

function addId(bucket: Bucket, id: string): void {
  const { ids } = bucket
  if (!Array.isArray(ids)) ids.add(id)
  else if (ids.push(id) > FEW) bucket.ids = new Set(ids)
}

function removeId(bucket: Bucket, id: string): void {
  const { ids } = bucket
  if (Array.isArray(ids)) ids.splice(ids.indexOf(id), 1)
  else ids.delete(id)
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
