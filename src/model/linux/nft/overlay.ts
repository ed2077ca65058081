/** What a transaction has done so far, over what is there: readers see both; `changes` gives whole records at its end. */
import type { ChainSpec, SetSpec } from './command.ts'
import {
  type Family,
  type NftChain,
  type NftChange,
  type NftElement,
  type NftObject,
  type NftSet,
  type NftStore,
  type NftTable,
  tableKey,
} from './store.ts'

const FILLS = /(?:^| )(?:(?:update|add|delete) @(\S+) \{|set (?:update|add|delete) .*@(\S+))/

type OpenTable = { -readonly [K in keyof NftTable]: NftTable[K] }
interface OpenChain extends Omit<NftChain, 'rules' | 'handles'> {
  rules: string[]
  handles: number[]
}

interface Room {
  record: OpenTable | undefined
  changed: boolean
  /** What was there before is gone with an earlier table of the name. */
  fresh: boolean
  readonly chains: Map<string, OpenChain | undefined>
  readonly sets: Map<string, NftSet | undefined>
  readonly elements: Map<string, Map<string, NftElement | undefined>>
  /** Sets whose former elements are gone. */
  readonly emptied: Set<string>
  readonly objects: Map<string, NftObject | undefined>
}

export class NftOverlay {
  private readonly below: NftStore
  private readonly rooms = new Map<string, Room>()
  private highestTable: number
  constructor(below: NftStore) {
    this.below = below
    this.highestTable = below.tables().reduce((most, table) => Math.max(most, table.handle), 0)
  }

  private room(key: string): Room {
    let room = this.rooms.get(key)
    if (!room) {
      const record = this.below.table(key)
      room = {
        record: record && { ...record },
        changed: false,
        fresh: false,
        chains: new Map(),
        sets: new Map(),
        elements: new Map(),
        emptied: new Set(),
        objects: new Map(),
      }
      this.rooms.set(key, room)
    }
    return room
  }

  /* ---------------------------------------------------------------- reading */

  tables(): readonly NftTable[] {
    const keys = new Set([...this.below.tables().map((table) => table.key), ...this.rooms.keys()])
    return [...keys].flatMap((key) => this.table(key) ?? [])
  }
  table(key: string): NftTable | undefined {
    return this.room(key).record
  }
  chain(key: string, name: string): NftChain | undefined {
    const room = this.room(key)
    if (room.chains.has(name)) return room.chains.get(name)
    return room.fresh ? undefined : this.below.chain(key, name)
  }
  chains(key: string): readonly NftChain[] {
    const room = this.room(key)
    return merged(room.fresh ? [] : this.below.chains(key), room.chains)
  }
  set(key: string, name: string): NftSet | undefined {
    const room = this.room(key)
    if (room.sets.has(name)) return room.sets.get(name)
    return room.fresh ? undefined : this.below.set(key, name)
  }
  sets(key: string): readonly NftSet[] {
    const room = this.room(key)
    return merged(room.fresh ? [] : this.below.sets(key), room.sets)
  }
  element(key: string, set: string, element: string): NftElement | undefined {
    const room = this.room(key)
    const own = room.elements.get(set)
    if (own?.has(element)) return own.get(element)
    return room.fresh || room.emptied.has(set) ? undefined : this.below.element(key, set, element)
  }
  elements(key: string, set: string): readonly NftElement[] {
    const room = this.room(key)
    const before = room.fresh || room.emptied.has(set) ? [] : this.below.elements(key, set)
    const own = room.elements.get(set)
    if (!own) return before
    const out = before.filter((element) => !own.has(element.key))
    for (const element of own.values()) if (element) out.push(element)
    return out
  }

  /* ---------------------------------------------------------------- writing */

  nextHandle(key: string, before = 0): number {
    const room = this.room(key)
    const record = room.record!
    room.changed = true
    record.nextHandle += before
    return record.nextHandle++
  }
  sawHandle(key: string, handle: number): void {
    const record = this.room(key).record!
    if (handle >= record.nextHandle) record.nextHandle = handle + 1
  }

  addTable(family: Family, name: string, more: Partial<Pick<NftTable, 'comment' | 'flags' | 'handle'>>): void {
    const key = tableKey(family, name)
    const room = this.room(key)
    room.changed = true
    const handle = more.handle ?? this.highestTable + 1
    this.highestTable = Math.max(this.highestTable, handle)
    room.record = { key, family, name, nextHandle: 1, flags: [], ...more, handle }
  }
  dropTable(key: string): void {
    const room = this.room(key)
    room.record = undefined
    room.changed = true
    room.fresh = true
    room.chains.clear()
    room.sets.clear()
    room.elements.clear()
    room.emptied.clear()
    room.objects.clear()
  }

  /** A chain of this transaction, to be changed in place. */
  private open(key: string, name: string): OpenChain {
    const room = this.room(key)
    const own = room.chains.get(name)
    if (own) return own
    const before = this.below.chain(key, name)!
    const open: OpenChain = { ...before, rules: [...before.rules], handles: [...before.handles] }
    room.chains.set(name, open)
    return open
  }
  addChain(key: string, name: string, spec: ChainSpec, handle: number | undefined): NftChain {
    const room = this.room(key)
    const given = handle ?? this.nextHandle(key)
    if (handle !== undefined) this.sawHandle(key, handle)
    const chain: OpenChain = { table: key, name, handle: given, ...spec, rules: [], handles: [] }
    room.chains.delete(name)
    room.chains.set(name, chain)
    return chain
  }
  putChain(key: string, name: string, chain: NftChain | undefined): void {
    this.room(key).chains.set(name, chain && { ...chain, rules: [...chain.rules], handles: [...chain.handles] })
  }
  flushChain(key: string, name: string): void {
    const room = this.room(key)
    const before = this.chain(key, name)!
    room.chains.set(name, { ...before, rules: [], handles: [] })
  }
  appendRule(key: string, name: string, text: string, handle: number): void {
    const chain = this.open(key, name)
    const fills = text.includes('@') ? FILLS.exec(text) : undefined
    if (fills) this.boundSet(key, fills[1] ?? fills[2]!)
    chain.rules.push(text)
    chain.handles.push(handle)
  }

  addSet(key: string, name: string, spec: SetSpec, handle: number | undefined): void {
    const room = this.room(key)
    const given = handle ?? this.nextHandle(key)
    if (handle !== undefined) this.sawHandle(key, handle)
    room.sets.delete(name)
    room.sets.set(name, { table: key, name, handle: given, ...spec })
  }
  /**
   * A set that a rule of the same transaction fills gets a bound (stmt_evaluate_set). One that was there before keeps
   * what it has.
   */
  boundSet(key: string, name: string): void {
    const set = this.room(key).sets.get(name)
    if (set && set.size === undefined) this.room(key).sets.set(name, { ...set, size: 65_535 })
  }
  dropSet(key: string, name: string): void {
    this.room(key).sets.set(name, undefined)
    this.flushSet(key, name)
  }
  flushSet(key: string, name: string): void {
    const room = this.room(key)
    room.elements.delete(name)
    room.emptied.add(name)
  }
  putElement(key: string, set: string, name: string, element: NftElement | undefined): void {
    const room = this.room(key)
    let own = room.elements.get(set)
    if (!own) room.elements.set(set, (own = new Map()))
    own.set(name, element)
  }

  addObject(key: string, type: string, name: string, body: string): void {
    this.putObject(key, name, { table: key, type, name, handle: this.nextHandle(key), body })
  }
  putObject(key: string, name: string, record: NftObject | undefined): void {
    this.room(key).objects.set(name, record)
  }

  /* ---------------------------------------------------------------- the end */

  /** In an order in which they can be applied one by one. */
  changes(): NftChange[] {
    const out: NftChange[] = []
    for (const [key, room] of this.rooms) {
      const before = this.below.table(key)
      if (room.fresh && before) {
        for (const chain of this.below.chains(key))
          out.push({ kind: 'chain', table: key, name: chain.name, record: undefined })
        for (const set of this.below.sets(key)) {
          for (const element of this.below.elements(key, set.name))
            out.push({ kind: 'element', table: key, set: set.name, key: element.key, record: undefined })
          out.push({ kind: 'set', table: key, name: set.name, record: undefined })
        }
        for (const object of this.below.objects(key))
          out.push({ kind: 'object', table: key, name: object.name, record: undefined })
        out.push({ kind: 'table', key, record: undefined })
      }
      if (room.changed && room.record) out.push({ kind: 'table', key, record: room.record })
      for (const [name, record] of room.sets) if (record) out.push({ kind: 'set', table: key, name, record })
      for (const [name, record] of room.chains) {
        if (record) out.push({ kind: 'chain', table: key, name, record })
        else if (!room.fresh && this.below.chain(key, name)) out.push({ kind: 'chain', table: key, name, record })
      }
      if (!room.fresh)
        for (const name of room.emptied)
          for (const element of this.below.elements(key, name))
            if (!room.elements.get(name)?.get(element.key))
              out.push({ kind: 'element', table: key, set: name, key: element.key, record: undefined })
      for (const [set, elements] of room.elements)
        for (const [name, record] of elements)
          if (record || this.below.element(key, set, name))
            out.push({ kind: 'element', table: key, set, key: name, record })
      for (const [name, record] of room.sets)
        if (!record && !room.fresh && this.below.set(key, name)) out.push({ kind: 'set', table: key, name, record })
      for (const [name, record] of room.objects) out.push({ kind: 'object', table: key, name, record })
    }
    return out
  }
}

function merged<R extends { readonly name: string }>(
  before: readonly R[],
  own: ReadonlyMap<string, R | undefined>,
): readonly R[] {
  if (own.size === 0) return before
  const out: R[] = []
  const seen = new Set<string>()
  for (const record of before) {
    if (!own.has(record.name)) out.push(record)
    else {
      const changed = own.get(record.name)
      if (changed) out.push(changed)
      seen.add(record.name)
    }
  }
  for (const [name, record] of own) if (record && !seen.has(name)) out.push(record)
  return out
}
