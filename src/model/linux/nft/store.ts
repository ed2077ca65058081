/**
 * Tables, chains, sets and elements as records, and where readers find them: a map for pasted text, tables of the world
 * in the lab. A chain keeps its rules as text; a rule is parsed when a packet or a printer first needs it.
 * linux include/net/netfilter/nf_tables.h (nft_table, nft_chain, nft_set).
 */
export type Family = 'ip' | 'ip6' | 'inet' | 'arp' | 'bridge' | 'netdev'
export const FAMILIES: readonly Family[] = ['ip', 'ip6', 'inet', 'arp', 'bridge', 'netdev']

export interface NftTable {
  /** `ip/kube-proxy`: names it in all other records. */
  readonly key: string
  readonly family: Family
  readonly name: string
  readonly handle: number
  /** The handle that its next chain, set or rule gets. */
  readonly nextHandle: number
  readonly flags: readonly string[]
  readonly comment?: string
}

export interface BaseChain {
  readonly type: 'filter' | 'nat' | 'route'
  readonly hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting' | 'ingress' | 'egress'
  readonly priority: number
  readonly device?: string
}

export interface NftChain {
  readonly table: string
  readonly name: string
  readonly handle: number
  readonly base?: BaseChain
  readonly policy?: 'accept' | 'drop'
  readonly comment?: string
  /** Statements as they were written. */
  readonly rules: readonly string[]
  readonly handles: readonly number[]
}

export interface NftSet {
  readonly table: string
  readonly name: string
  readonly handle: number
  /** Types of the parts of a key. */
  readonly types: readonly string[]
  /** As written, when the types were given by expressions. */
  readonly typeOf?: string
  /** Of a map: types of the data, or `verdict`. */
  readonly data?: readonly string[] | 'verdict'
  readonly dataOf?: string
  readonly flags: readonly string[]
  /** Seconds. */
  readonly timeout?: number
  readonly gcInterval?: number
  readonly size?: number
  readonly policy?: string
  readonly autoMerge?: boolean
  /** Statements that every element has: `counter`. */
  readonly each?: string
  readonly comment?: string
}

export interface NftElement {
  readonly table: string
  readonly set: string
  /** As listed: `10.96.0.1 . tcp . 443`, `10.0.0.0/8`. */
  readonly key: string
  /** `goto service-...`, `10.0.0.1 . 80`. */
  readonly data?: string
  readonly comment?: string
  /** Seconds, where it differs from the set's. */
  readonly timeout?: number
  /** Seconds left when it was listed, or the world's time at which it goes. */
  readonly expires?: number
  readonly expiresAt?: number
  readonly counter?: readonly [number, number]
}

/** A named counter, limit, quota or the like: kept as written. */
export interface NftObject {
  readonly table: string
  readonly type: string
  readonly name: string
  readonly handle: number
  readonly body: string
}

export interface NftStore {
  tables(): readonly NftTable[]
  table(key: string): NftTable | undefined
  /** In the order in which they were made. */
  chains(table: string): readonly NftChain[]
  chain(table: string, name: string): NftChain | undefined
  sets(table: string): readonly NftSet[]
  set(table: string, name: string): NftSet | undefined
  elements(table: string, set: string): readonly NftElement[]
  element(table: string, set: string, key: string): NftElement | undefined
  objects(table: string): readonly NftObject[]
  /** Packets and bytes of counters that ran since the rule was written, where they are kept apart. */
  counter?(table: string, chain: string, handle: number): readonly [number, number] | undefined
}

export const tableKey = (family: string, name: string): string => `${family}/${name}`

/** What a transaction changed: whole records, `undefined` for what is gone. */
export type NftChange =
  | { readonly kind: 'table'; readonly key: string; readonly record: NftTable | undefined }
  | { readonly kind: 'chain'; readonly table: string; readonly name: string; readonly record: NftChain | undefined }
  | { readonly kind: 'set'; readonly table: string; readonly name: string; readonly record: NftSet | undefined }
  | {
      readonly kind: 'element'
      readonly table: string
      readonly set: string
      readonly key: string
      readonly record: NftElement | undefined
    }
  | { readonly kind: 'object'; readonly table: string; readonly name: string; readonly record: NftObject | undefined }

interface TableRoom {
  record: NftTable
  readonly chains: Map<string, NftChain>
  readonly sets: Map<string, NftSet>
  readonly elements: Map<string, Map<string, NftElement>>
  readonly objects: Map<string, NftObject>
}

export class MapStore implements NftStore {
  private readonly rooms = new Map<string, TableRoom>()
  /** Counts changes, so that what was worked out can be kept until the next one. */
  version = 0

  tables(): readonly NftTable[] {
    return [...this.rooms.values()].map((room) => room.record)
  }
  table(key: string): NftTable | undefined {
    return this.rooms.get(key)?.record
  }
  chains(table: string): readonly NftChain[] {
    return [...(this.rooms.get(table)?.chains.values() ?? [])]
  }
  chain(table: string, name: string): NftChain | undefined {
    return this.rooms.get(table)?.chains.get(name)
  }
  sets(table: string): readonly NftSet[] {
    return [...(this.rooms.get(table)?.sets.values() ?? [])]
  }
  set(table: string, name: string): NftSet | undefined {
    return this.rooms.get(table)?.sets.get(name)
  }
  elements(table: string, set: string): readonly NftElement[] {
    return [...(this.rooms.get(table)?.elements.get(set)?.values() ?? [])]
  }
  element(table: string, set: string, key: string): NftElement | undefined {
    return this.rooms.get(table)?.elements.get(set)?.get(key)
  }
  objects(table: string): readonly NftObject[] {
    return [...(this.rooms.get(table)?.objects.values() ?? [])]
  }

  apply(changes: readonly NftChange[]): void {
    this.version++
    for (const change of changes) {
      if (change.kind === 'table') {
        const room = this.rooms.get(change.key)
        if (!change.record) this.rooms.delete(change.key)
        else if (room) room.record = change.record
        else
          this.rooms.set(change.key, {
            record: change.record,
            chains: new Map(),
            sets: new Map(),
            elements: new Map(),
            objects: new Map(),
          })
        continue
      }
      const room = this.rooms.get(change.table)
      if (!room) continue
      if (change.kind === 'chain') keep(room.chains, change.name, change.record)
      else if (change.kind === 'object') keep(room.objects, change.name, change.record)
      else if (change.kind === 'set') {
        keep(room.sets, change.name, change.record)
        if (!change.record) room.elements.delete(change.name)
      } else {
        let elements = room.elements.get(change.set)
        if (!elements) room.elements.set(change.set, (elements = new Map()))
        keep(elements, change.key, change.record)
      }
    }
  }
}

function keep<R>(map: Map<string, R>, key: string, record: R | undefined): void {
  if (record === undefined) map.delete(key)
  else map.set(key, record)
}
