/** The rules of a machine, as records of the world. */
import type { SimEvent } from '../../../sim/contract.ts'
import { placeOf } from '../../../sim/contract.ts'
import { liveSet } from '../ipset/live-sets.ts'
import type { ChainRecord, ModelReader, ModelWorld } from '../../tables.ts'
import { printRule } from './print-rule.ts'
import { BUILT_IN, type Chain, type ChainChange, chainOrder, type ChainSource, loadedRule } from './ruleset.ts'
import { planRestore } from './restore.ts'
import type { Trace } from './trace.ts'
import { joined } from '../../../sim/joined.ts'

/** `kernel.iptables-restore`: lines of `iptables-restore`, answered by `kernel.iptables-restored`. */
export type IptablesRestore = {
  lines: readonly string[]
  noflush: boolean
  writer: string
  /** Written by a program that makes valid rules only. */
  trusted?: boolean
  ctx?: unknown
}
export type IptablesRestored = {
  ok: boolean
  error?: { line: number; message: string }
  changedRules: number
  ctx?: unknown
}

/** Lines of a difference that are kept. */
const DIFF_LINES = 200

export const chainId = (node: string, table: string, chain: string): string => joined(joined(node, table), chain)

/** The rules of `node` for printers and for the interpreter. */
export function liveRules(reader: ModelReader, node: string): ChainSource {
  return {
    family: 4,
    tables: () => Object.keys(BUILT_IN).filter((table) => reader.by('chains', 'table', joined(node, table)).length > 0),
    chain: (table, name) => reader.get('chains', chainId(node, table, name)),
    chains: (table) => chainOrder(table, [...reader.by('chains', 'table', joined(node, table))]),
    sets: (name) => liveSet(reader, node, name),
    counters: (table, chain, rule) => reader.get('ruleHits', node)?.hits[`${table} ${chain} ${rule}`] ?? [0, 0],
  }
}

export function restore(world: ModelWorld, event: SimEvent<IptablesRestore>): void {
  const node = placeOf(event.to)
  const { lines, noflush, writer, trusted, ctx } = event.data
  const plan = planRestore(liveRules(world, node), lines, { noflush, trusted: trusted === true })
  const answer: IptablesRestored = plan.error
    ? { ok: false, error: plan.error, changedRules: 0, ctx }
    : { ok: true, changedRules: write(world, node, plan.changes, writer), ctx }
  if (event.from !== event.to && event.from !== 'input')
    world.send('kernel.iptables-restored', event.from, answer, { delayMicros: 40 })
}

/** Puts the chains that differ. All of them in one event: a commit of nf_tables is seen whole or not at all. */
function write(world: ModelWorld, node: string, changes: readonly ChainChange[], writer: string): number {
  const added: string[] = []
  const removed: string[] = []
  let addedCount = 0
  let removedCount = 0
  let chainDelta = 0
  let changed = false
  for (const { table, name, chain } of withBuiltIns(world, node, changes)) {
    const id = chainId(node, table, name)
    const old = world.get('chains', id)
    if (chain && old && sameChain(old, chain)) continue
    changed = true
    const { plus, minus } = differ(old?.rules ?? [], chain?.rules ?? [])
    addedCount += plus.length
    removedCount += minus.length
    for (const line of plus) if (added.length < DIFF_LINES) added.push(`${table} ${printRule(loadedRule(line))}`)
    for (const line of minus) if (removed.length < DIFF_LINES) removed.push(`${table} ${printRule(loadedRule(line))}`)
    chainDelta += (chain ? 1 : 0) - (old ? 1 : 0)
    world.put('chains', id, chain && record(node, table, chain, world.now))
  }
  forgetHits(world, node, changes)
  if (!changed) return 0
  const before = world.get('netfilter', node)
  world.put('netfilter', node, {
    node,
    rules: (before?.rules ?? 0) + addedCount - removedCount,
    chains: (before?.chains ?? 0) + chainDelta,
    lastWriteAt: world.now,
    lastWriter: writer,
    added,
    removed,
    addedCount,
    removedCount,
  })
  return addedCount + removedCount
}

/** Counts what a packet matched (xt_counters). */
export function countHits(world: ModelWorld, node: string, trace: Trace, bytes: number): void {
  const hits = { ...world.get('ruleHits', node)?.hits }
  const add = (key: string): void => {
    const before = hits[key]
    hits[key] = before ? [before[0] + 1, before[1] + bytes] : [1, bytes]
  }
  for (let i = 0; i < trace.runs.length; i += 4)
    if (trace.runs[i + 3] === 1) add(`${trace.chains[trace.runs[i]!]!} ${trace.runs[i + 2]!}`)
  for (const pass of trace.passes) if (pass.policy) add(`${pass.table} ${pass.hook} policy`)
  world.put('ruleHits', node, { node, hits })
}

/** Rules that were written anew count from zero, also where they say what they said before. */
export function forgetHits(
  world: ModelWorld,
  node: string,
  changes: readonly { readonly table: string; readonly name: string }[],
): void {
  const old = world.get('ruleHits', node)
  if (!old) return
  const names = new Set(changes.map((change) => `${change.table} ${change.name}`))
  const hits: Record<string, readonly [number, number]> = {}
  let fewer = false
  for (const key in old.hits) {
    const at = key.lastIndexOf(' ')
    if (names.has(key.slice(0, at)) && key.slice(at + 1) !== 'policy') fewer = true
    else hits[key] = old.hits[key]!
  }
  if (fewer) world.put('ruleHits', node, { node, hits })
}

/** The first rule in a table brings its built-in chains. */
function withBuiltIns(world: ModelWorld, node: string, changes: readonly ChainChange[]): readonly ChainChange[] {
  const tables = new Set(changes.map((change) => change.table))
  const missing: ChainChange[] = []
  for (const table of tables)
    for (const name of BUILT_IN[table]!)
      if (
        !world.get('chains', chainId(node, table, name)) &&
        !changes.some((c) => c.table === table && c.name === name)
      )
        missing.push({ table, name, chain: { name, policy: 'ACCEPT', rules: [] } })
  return missing.length > 0 ? [...missing, ...changes] : changes
}

function record(node: string, table: string, chain: Chain, at: number): ChainRecord {
  return {
    node,
    table,
    name: chain.name,
    ...(chain.policy ? { policy: chain.policy } : {}),
    rules: chain.rules,
    changedAt: at,
  }
}

function sameChain(old: ChainRecord, chain: Chain): boolean {
  if (old.policy !== chain.policy || old.rules.length !== chain.rules.length) return false
  for (let i = 0; i < old.rules.length; i++) if (old.rules[i] !== chain.rules[i]) return false
  return true
}

/** What is in one list and not in the other, without regard to order. */
function differ(before: readonly string[], after: readonly string[]): { plus: string[]; minus: string[] } {
  if (before.length === 0) return { plus: [...after], minus: [] }
  const count = new Map<string, number>()
  for (const line of before) count.set(line, (count.get(line) ?? 0) + 1)
  const plus: string[] = []
  for (const line of after) {
    const n = count.get(line) ?? 0
    if (n > 0) count.set(line, n - 1)
    else plus.push(line)
  }
  const minus: string[] = []
  for (const [line, n] of count) for (let i = 0; i < n; i++) minus.push(line)
  return { plus, minus }
}
