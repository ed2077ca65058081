/** `kernel.iptables-zero`: `iptables -Z`. */
import { placeOf, type SimEvent } from '../../../sim/contract.ts'
import type { ModelWorld } from '../../tables.ts'

/** Counters of one chain, or of all chains of a table. */
export type Zero = { table: string; chain?: string }

export function zeroCounters(world: ModelWorld, event: SimEvent<Zero>): void {
  const node = placeOf(event.to)
  const { table, chain } = event.data
  const old = world.get('ruleHits', node)
  if (!old) return
  const prefix = chain === undefined ? `${table} ` : `${table} ${chain} `
  const hits: Record<string, readonly [number, number]> = {}
  for (const key in old.hits) if (!key.startsWith(prefix)) hits[key] = old.hits[key]!
  world.put('ruleHits', node, { node, hits })
}
