/** Partial syncs, whatever changed from one to the next, leave what one full sync would have written. */
import { expect, it } from 'vitest'
import { newNftProxier } from '../model/kube-proxy/nftables/proxier.ts'
import { TableText } from '../model/kube-proxy/nftables/table-text.ts'
import { newProxier, type Tracker } from '../model/kube-proxy/proxier.ts'
import { printSave } from '../model/linux/netfilter/print-save.ts'
import { planRestore } from '../model/linux/netfilter/restore.ts'
import { randomCase } from './fuzz-cases.ts'
import type { Json } from './json-file.ts'
import { toCase } from './kube-proxy-case.ts'
import { emptyNode } from './kube-proxy-case-iptables.ts'

/** Steps from one random state to the next; Services keep their names, so most of them change. */
function states(seed: number): Json[] {
  return [0, 1, 2].map((n) => randomCase(seed * 10 + n).input)
}

/** Brings a tracker from one state to another. */
function move(tracker: Tracker, from: Json | undefined, to: Json): void {
  const named = (list: Json[]): Set<string> => new Set(list.map((object) => object.metadata.name as string))
  for (const service of from?.services ?? [])
    if (!named(to.services).has(service.metadata.name)) tracker.deleteService('ns', service.metadata.name)
  for (const slice of from?.endpointSlices ?? [])
    if (!named(to.endpointSlices).has(slice.metadata.name)) tracker.deleteSlice(slice)
  for (const service of to.services) tracker.setService(service)
  for (const slice of to.endpointSlices) tracker.setSlice(slice)
}

const seeds = Array.from({ length: 40 }, (_, i) => i + 1)
const configOf = (seed: number) => toCase('random', randomCase(seed * 10)).config

it.each(['1.35', '1.36'] as const)('nftables, layout %s', (layout) => {
  for (const seed of seeds) {
    const config = configOf(seed)
    const proxier = newNftProxier(config, layout)
    const table = new TableText()
    let now = 0
    const sync = (): void => {
      const { deletion, lines } = proxier.sync(table, (now += 2_000_000))
      table.apply(deletion)
      table.apply(lines)
    }
    const all = states(seed)
    all.forEach((state, i) => {
      move(proxier, all[i - 1], state)
      sync()
    })
    // what was left empty is deleted by a later one
    sync()
    const fresh = newNftProxier(config, layout)
    move(fresh, undefined, all.at(-1)!)
    const want = new TableText()
    want.apply(fresh.sync(want, 0).lines)
    expect(table.dump(), `seed ${seed}`).toBe(want.dump())
  }
})

it('iptables', () => {
  for (const seed of seeds) {
    const config = configOf(seed)
    const all = states(seed)
    const load = (rules: ReturnType<typeof emptyNode>, lines: readonly string[]): void => {
      const plan = planRestore(rules, lines, { noflush: true })
      if (plan.error) throw new Error(`line ${plan.error.line}: ${plan.error.message}`)
      rules.apply(plan.changes)
    }
    const proxier = newProxier(config)
    const rules = emptyNode(config)
    all.forEach((state, i) => {
      move(proxier, all[i - 1], state)
      load(rules, proxier.sync([...rules.byTable.get('nat')!.keys()]).lines)
    })
    const fresh = newProxier(config)
    move(fresh, undefined, all.at(-1)!)
    const want = emptyNode(config)
    load(want, fresh.sync([]).lines)
    // Services stand in the order in which they were first seen
    const sorted = (of: typeof rules): string[] => printSave(of).split('\n').sort()
    expect(sorted(rules), `seed ${seed}`).toEqual(sorted(want))
  }
})
