/** The base chains of a ruleset as what hangs at the hooks. linux net/netfilter/nf_tables_api.c nf_tables_register_hook. */
import type { HookName, HookPass, StepTexts } from '../netfilter/hooks.ts'
import { runBaseChain } from './evaluate.ts'
import { type MapData, nftActionText, nftRuleText } from './print-rule.ts'
import type { BaseChain, Family, NftChain, NftStore } from './store.ts'

const HOOKS: Readonly<Record<BaseChain['hook'], HookName>> = {
  prerouting: 'PREROUTING',
  input: 'INPUT',
  forward: 'FORWARD',
  output: 'OUTPUT',
  postrouting: 'POSTROUTING',
  ingress: 'INGRESS',
  egress: 'EGRESS',
}

/** By priority. Of two nat chains alike the younger comes first (nf_hook_entries_grow); hooks.ts does so for the others. */
export function passesOfStore(store: NftStore): HookPass[] {
  const passes: HookPass[] = []
  for (const table of store.tables()) {
    if (table.flags.includes('dormant') || !['ip', 'ip6', 'inet'].includes(table.family)) continue
    for (const chain of store.chains(table.key)) if (chain.base) passes.push(passOf(store, table.family, chain))
  }
  return [
    ...passes.filter((pass) => pass.type !== 'nat'),
    ...passes.filter((pass) => pass.type === 'nat').reverse(),
  ].sort((a, b) => a.priority - b.priority)
}

function passOf(store: NftStore, family: Family, chain: NftChain): HookPass {
  const base = chain.base!
  return {
    hook: HOOKS[base.hook],
    priority: base.priority,
    type: base.type === 'nat' ? 'nat' : 'filter',
    table: chain.table,
    run: (walk) => {
      if ((family === 'ip' && walk.family !== 4) || (family === 'ip6' && walk.family !== 6)) return undefined
      const now = store.chain(chain.table, chain.name)
      return now?.base ? runBaseChain(walk, store, now) : undefined
    },
  }
}

/** How the steps of a trace read. */
export function textsOfStore(store: Pick<NftStore, 'chain' | 'set'>): StepTexts {
  return {
    step: (table, chain, index) => {
      const slash = table.indexOf('/')
      if (slash < 0) return undefined
      const rule = store.chain(table, chain)?.rules[index]
      if (rule === undefined) return undefined
      const family = table.slice(0, slash) as Family
      const data: MapData = (name) => store.set(table, name)?.data
      return { text: nftRuleText(rule, family, undefined, data), action: nftActionText(rule, family, data) }
    },
  }
}
