/** What a kernel forgets of nftables when the power goes: all of it. */
import type { ModelWorld } from '../../tables.ts'
import { nftId } from './records.ts'

export function wipeNft(world: ModelWorld, node: string): void {
  for (const { key } of world.by('nftTables', 'node', node)) {
    const at = nftId(node, key)
    for (const chain of world.by('nftChains', 'table', at))
      world.put('nftChains', nftId(node, key, chain.name), undefined)
    for (const set of world.by('nftSets', 'table', at)) {
      for (const element of world.by('nftElements', 'set', nftId(node, key, set.name)))
        world.put('nftElements', nftId(node, key, set.name, element.key), undefined)
      world.put('nftSets', nftId(node, key, set.name), undefined)
    }
    for (const object of world.by('nftObjects', 'table', at))
      world.put('nftObjects', nftId(node, key, object.name), undefined)
    world.put('nftTables', at, undefined)
  }
  for (const one of world.by('nftCounts', 'node', node))
    world.put('nftCounts', nftId(node, one.table, one.chain, String(one.handle)), undefined)
  world.put('nftWrites', node, undefined)
}
