/** `kernel.nft-apply`: a transaction as the lines that `nft -f` reads, answered by `kernel.nft-applied`. */
import type { SimEvent } from '../../../sim/contract.ts'
import { placeOf } from '../../../sim/contract.ts'
import type { ModelWorld } from '../../tables.ts'
import { forgetHits } from '../netfilter/live-rules.ts'
import { liveNft } from './live-store.ts'
import { nftRuleText } from './print-rule.ts'
import { nftId } from './records.ts'
import type { Family, NftChange, NftChain, NftElement } from './store.ts'
import { planTransaction } from './transaction.ts'

export type NftApply = {
  lines: readonly string[]
  writer: string
  /** Written by a program that makes valid input only. */
  trusted?: boolean
  ctx?: unknown
}
export type NftApplied = {
  ok: boolean
  /** The line of the input, and nft's words. */
  error?: { line: number; message: string }
  /** Rules and elements added and removed. */
  changed: number
  ctx?: unknown
}

/** Lines of a difference that are kept. */
const DIFF_LINES = 200

export function applyNft(world: ModelWorld, event: SimEvent<NftApply>): void {
  const node = placeOf(event.to)
  const { lines, writer, trusted, ctx } = event.data
  const plan = planTransaction(liveNft(world, node), lines, { trusted: trusted === true, now: world.now })
  const answer: NftApplied = plan.error
    ? { ok: false, error: { line: plan.error.line, message: plan.error.message }, changed: 0, ctx }
    : { ok: true, changed: write(world, node, plan.changes, writer), ctx }
  if (event.from !== event.to && event.from !== 'input')
    world.send('kernel.nft-applied', event.from, answer, { delayMicros: 40 })
}

class Difference {
  readonly added: string[] = []
  readonly removed: string[] = []
  addedCount = 0
  removedCount = 0
  rules = 0
  chains = 0
  elements = 0
  plus(text: () => string): void {
    this.addedCount++
    if (this.added.length < DIFF_LINES) this.added.push(text())
  }
  minus(text: () => string): void {
    this.removedCount++
    if (this.removed.length < DIFF_LINES) this.removed.push(text())
  }
}

/** One event: others see all of a transaction or nothing of it. */
function write(world: ModelWorld, node: string, changes: readonly NftChange[], writer: string): number {
  const difference = new Difference()
  const written: { table: string; name: string }[] = []
  for (const change of changes) put(world, node, change, difference, written)
  forgetHits(world, node, written)
  const { added, removed, addedCount, removedCount } = difference
  if (changes.length === 0) return 0
  const before = world.get('nftWrites', node)
  world.put('nftWrites', node, {
    node,
    rules: (before?.rules ?? 0) + difference.rules,
    chains: (before?.chains ?? 0) + difference.chains,
    elements: (before?.elements ?? 0) + difference.elements,
    ...(addedCount + removedCount > 0 || !before
      ? { lastWriteAt: world.now, lastWriter: writer, added, removed, addedCount, removedCount }
      : {
          lastWriteAt: before.lastWriteAt,
          lastWriter: before.lastWriter,
          added: before.added,
          removed: before.removed,
          addedCount: before.addedCount,
          removedCount: before.removedCount,
        }),
  })
  return addedCount + removedCount
}

function put(
  world: ModelWorld,
  node: string,
  change: NftChange,
  difference: Difference,
  written: { table: string; name: string }[],
): void {
  switch (change.kind) {
    case 'table':
      world.put('nftTables', nftId(node, change.key), change.record && { ...change.record, node })
      return
    case 'chain': {
      const id = nftId(node, change.table, change.name)
      const old = world.get('nftChains', id)
      differ(change.table, change.name, old, change.record, difference)
      written.push({ table: change.table, name: change.name })
      for (const handle of old?.handles ?? [])
        if (!change.record?.handles.includes(handle))
          world.put('nftCounts', nftId(node, change.table, change.name, String(handle)), undefined)
      world.put('nftChains', id, change.record && { ...change.record, node })
      return
    }
    case 'set':
      world.put('nftSets', nftId(node, change.table, change.name), change.record && { ...change.record, node })
      return
    case 'element': {
      const id = nftId(node, change.table, change.set, change.key)
      const old = world.get('nftElements', id)
      if (old && change.record && old.data === change.record.data) return
      if (old) difference.minus(() => elementLine(old))
      if (change.record) {
        const record = change.record
        difference.plus(() => elementLine(record))
      }
      difference.elements += (change.record ? 1 : 0) - (old ? 1 : 0)
      world.put('nftElements', id, change.record && { ...change.record, node })
      return
    }
    case 'object':
      world.put('nftObjects', nftId(node, change.table, change.name), change.record && { ...change.record, node })
  }
}

const words = (table: string): string => table.replace('/', ' ')

function elementLine(element: NftElement): string {
  const data = element.data === undefined ? '' : ` : ${element.data}`
  const comment = element.comment === undefined ? '' : ` comment "${element.comment}"`
  return `element ${words(element.table)} ${element.set} { ${element.key}${comment}${data} }`
}

/** Rules that are in one chain and not in the other, without regard to order. */
function differ(
  table: string,
  name: string,
  old: NftChain | undefined,
  now: NftChain | undefined,
  difference: Difference,
): void {
  const family = table.slice(0, table.indexOf('/')) as Family
  const line = (text: string): string => `rule ${words(table)} ${name} ${nftRuleText(text, family)}`
  difference.chains += (now ? 1 : 0) - (old ? 1 : 0)
  difference.rules += (now?.rules.length ?? 0) - (old?.rules.length ?? 0)
  const count = new Map<string, number>()
  for (const text of old?.rules ?? []) count.set(text, (count.get(text) ?? 0) + 1)
  for (const text of now?.rules ?? []) {
    const n = count.get(text) ?? 0
    if (n > 0) count.set(text, n - 1)
    else difference.plus(() => line(text))
  }
  for (const [text, n] of count) for (let i = 0; i < n; i++) difference.minus(() => line(text))
}
