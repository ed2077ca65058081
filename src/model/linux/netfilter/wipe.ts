/** What a kernel forgets when the power goes: rules, counters, connections, remembered clients. */
import type { ModelWorld } from '../../tables.ts'
import { tupleKey } from './packet.ts'

export function wipeNetfilter(world: ModelWorld, node: string): void {
  for (const chain of world.by('chains', 'node', node))
    world.put('chains', `${node}|${chain.table}|${chain.name}`, undefined)
  for (const entry of world.by('conntrack', 'node', node))
    world.put('conntrack', `${node}|${tupleKey(entry.orig)}`, undefined)
  for (const one of world.by('recent', 'node', node))
    world.put('recent', `${node}|${one.list}|${one.address}`, undefined)
  world.put('conntrackStats', node, undefined)
  world.put('netfilter', node, undefined)
  world.put('ruleHits', node, undefined)
}
