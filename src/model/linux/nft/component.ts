/** nftables as a part of each machine's kernel, and as what hangs at its hooks. */
import type { ModelComponent, ModelReader, ModelWorld } from '../../tables.ts'
import type { Facility } from '../net/facilities.ts'
import type { HookPass } from '../netfilter/hooks.ts'
import { whilePowered } from '../power.ts'
import { applyNft } from './apply.ts'
import type { NftKept } from './evaluate.ts'
import { liveNft } from './live-store.ts'
import { passesOfStore, textsOfStore } from './passes.ts'
import { type NftChainRecord, nftId } from './records.ts'
import type { NftElement } from './store.ts'

export const nft: ModelComponent = {
  roles: ['kernel'],
  tables: {
    nftTables: { owner: 'linux/nft', indexes: { node: (r) => r.node } },
    nftChains: {
      owner: 'linux/nft',
      indexes: {
        table: (r) => nftId(r.node, r.table),
        base: (r) => (r.base ? r.node : undefined),
      },
    },
    nftSets: { owner: 'linux/nft', indexes: { table: (r) => nftId(r.node, r.table) } },
    nftElements: { owner: 'linux/nft', indexes: { set: (r) => nftId(r.node, r.table, r.set) } },
    nftObjects: { owner: 'linux/nft', indexes: { table: (r) => nftId(r.node, r.table) } },
    nftCounts: { owner: 'linux/nft', indexes: { node: (r) => r.node } },
    nftWrites: { owner: 'linux/nft' },
  },
  rules: [
    {
      id: 'NT1',
      says: 'A transaction of nft is taken whole or not at all; no packet sees half of it.',
      source: 'linux net/netfilter/nf_tables_api.c nf_tables_commit, nfnetlink.c nfnetlink_rcv_batch',
    },
    {
      id: 'NT2',
      says: 'The accept of a base chain ends this chain only: the next one at the hook looks again. A drop is final.',
      source: 'linux net/netfilter/nf_tables_core.c nft_do_chain, net/netfilter/core.c nf_hook_slow',
    },
    {
      id: 'NT3',
      says: 'A map is a hash table: finding one of 10,000 Services in it costs one look-up, not 10,000 comparisons.',
      source: 'linux net/netfilter/nft_set_hash.c nft_rhash_lookup',
    },
  ],
  handlers: whilePowered({ 'kernel.nft-apply': applyNft }),
}

interface Known {
  readonly base: readonly NftChainRecord[]
  readonly passes: readonly HookPass[]
}
const known = new WeakMap<ModelReader, Map<string, Known>>()
const NONE: readonly HookPass[] = []

/** The same list as long as no base chain changed. */
function passesFor(reader: ModelReader, node: string): readonly HookPass[] {
  const base = reader.by('nftChains', 'base', node)
  if (base.length === 0) return NONE
  let mine = known.get(reader)
  if (!mine) known.set(reader, (mine = new Map<string, Known>()))
  const before = mine.get(node)
  if (before?.base === base) return before.passes
  const store = liveNft(reader, node)
  const passes = passesOfStore({ ...store, chains: (table) => base.filter((chain) => chain.table === table) })
  mine.set(node, { base, passes })
  return passes
}

export const nftFacility: Facility = {
  name: 'nft',
  passes: passesFor,
  texts: (reader, node) => textsOfStore(liveNft(reader, node)),
  keep: (world, node, data) => keepNft(world, node, data as NftKept),
}

/** A counter that ran, or an element that a rule put into a set (nft_dynset.c). */
function keepNft(world: ModelWorld, node: string, kept: NftKept): void {
  if (kept.op === 'count') {
    const { table, chain, handle, bytes } = kept
    const id = nftId(node, table, chain, String(handle))
    const before = world.get('nftCounts', id)
    const packets = (before?.packets ?? 0) + 1
    world.put('nftCounts', id, { node, table, chain, handle, packets, bytes: (before?.bytes ?? 0) + bytes })
    return
  }
  const { table, set, key, timeout, data } = kept
  const id = nftId(node, table, set, key)
  if (kept.op === 'delete') {
    world.put('nftElements', id, undefined)
    return
  }
  sweep(world, node, table, set)
  const old = world.get('nftElements', id)
  if (old && kept.op === 'add') return
  const size = world.get('nftSets', nftId(node, table, set))?.size
  if (!old && size !== undefined && world.count('nftElements', 'set', nftId(node, table, set)) >= size) return
  const element: NftElement = {
    table,
    set,
    key,
    ...(data === undefined ? {} : { data }),
    ...(timeout === undefined || timeout === 0 ? {} : { expiresAt: world.now + timeout * 1_000_000 }),
  }
  world.put('nftElements', id, { ...element, node })
}

/** Elements whose time is over go (nft_rhash_gc). */
function sweep(world: ModelWorld, node: string, table: string, set: string): void {
  for (const element of world.by('nftElements', 'set', nftId(node, table, set)))
    if (element.expiresAt !== undefined && element.expiresAt <= world.now)
      world.put('nftElements', nftId(node, table, set, element.key), undefined)
}
