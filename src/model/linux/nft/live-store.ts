/** The nftables of a machine for readers. */
import type { ModelReader } from '../../tables.ts'
import { nftId } from './records.ts'
import type { NftElement, NftStore } from './store.ts'

type LookUps = Pick<ModelReader, 'get' | 'by'> & { readonly now?: number }

/** `reader.now` decides which elements with a time to live are still there. */
export function liveNft(reader: LookUps, node: string): NftStore {
  const there = (element: NftElement): boolean =>
    element.expiresAt === undefined || reader.now === undefined || element.expiresAt > reader.now
  return {
    tables: () => reader.by('nftTables', 'node', node),
    table: (key) => reader.get('nftTables', nftId(node, key)),
    chains: (table) => reader.by('nftChains', 'table', nftId(node, table)),
    chain: (table, name) => reader.get('nftChains', nftId(node, table, name)),
    sets: (table) => reader.by('nftSets', 'table', nftId(node, table)),
    set: (table, name) => reader.get('nftSets', nftId(node, table, name)),
    elements: (table, set) => {
      const all = reader.by('nftElements', 'set', nftId(node, table, set))
      return all.every(there) ? all : all.filter(there)
    },
    element: (table, set, key) => {
      const element = reader.get('nftElements', nftId(node, table, set, key))
      return element && there(element) ? element : undefined
    },
    objects: (table) => reader.by('nftObjects', 'table', nftId(node, table)),
    counter: (table, chain, handle) => {
      const count = reader.get('nftCounts', nftId(node, table, chain, String(handle)))
      return count && [count.packets, count.bytes]
    },
  }
}
