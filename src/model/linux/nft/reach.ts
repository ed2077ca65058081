/** Which chains lead to which: linux nf_tables_api.c nft_chain_validate, which walks all ways from the base chains. */
import { loadedNftRule } from './parse-rule.ts'
import type { Statement } from './statement.ts'
import type { BaseChain, NftChain, NftElement, NftSet } from './store.ts'

interface Chains {
  chain(table: string, name: string): NftChain | undefined
  chains(table: string): readonly NftChain[]
  sets(table: string): readonly NftSet[]
  elements(table: string, set: string): readonly NftElement[]
}

/** More than a person writes by hand; what a program wrote is not looked through. */
const MOST = 200
const MOST_ELEMENTS = 2_000

/** Base chains from which a packet may come to a chain. */
export function basesOf(all: Chains, table: string, name: string): readonly BaseChain[] {
  const bases: BaseChain[] = []
  const seen = new Set([name])
  const open = [name]
  while (open.length > 0 && seen.size < MOST) {
    const chain = all.chain(table, open.pop()!)
    if (!chain) continue
    if (chain.base) bases.push(chain.base)
    const names = [
      `jump ${chain.name}`,
      `goto ${chain.name}`,
      ...mapsTo(all, table, chain.name).map((set) => `@${set}`),
    ]
    for (const other of all.chains(table))
      if (!seen.has(other.name) && other.rules.some((rule) => names.some((text) => mentions(rule, text)))) {
        seen.add(other.name)
        open.push(other.name)
      }
  }
  return bases
}

/** Whether `text` stands in a rule as words of its own. */
export function mentions(rule: string, text: string): boolean {
  for (let at = rule.indexOf(text); at >= 0; at = rule.indexOf(text, at + 1))
    if (!/[\w./-]/.test(rule[at + text.length] ?? ' ')) return true
  return false
}

function mapsTo(all: Chains, table: string, name: string): readonly string[] {
  return all.sets(table).flatMap((set) => {
    if (set.data !== 'verdict') return []
    const elements = all.elements(table, set.name)
    if (elements.length > MOST_ELEMENTS) return []
    return elements.some((element) => element.data === `goto ${name}` || element.data === `jump ${name}`)
      ? [set.name]
      : []
  })
}

/** Statements that a packet may meet from a chain on. */
export function statementsFrom(all: Chains, table: string, name: string): readonly Statement[] {
  const out: Statement[] = []
  const seen = new Set([name])
  const open = [name]
  while (open.length > 0 && seen.size < MOST) {
    const chain = all.chain(table, open.pop()!)
    for (const rule of chain?.rules ?? []) {
      for (const statement of loadedNftRule(rule).statements) {
        out.push(statement)
        for (const next of chainsIn(statement))
          if (!seen.has(next)) {
            seen.add(next)
            open.push(next)
          }
      }
    }
  }
  return out
}

export function chainsIn(statement: Statement): readonly string[] {
  if (statement.kind === 'verdict') return statement.chain === undefined ? [] : [statement.chain]
  if (statement.kind !== 'vmap' || statement.map.kind !== 'literal') return []
  return statement.map.elements.flatMap((element) =>
    element.data?.kind === 'verdict' && element.data.chain !== undefined ? [element.data.chain] : [],
  )
}
