/** An nft ruleset outside of the world: pasted text, conformance rows, benches. */
import type { HookPass, StepTexts } from '../netfilter/hooks.ts'
import { listRuleset, type ListOptions } from './print-ruleset.ts'
import { passesOfStore, textsOfStore } from './passes.ts'
import { MapStore, type NftStore } from './store.ts'
import { type NftPlan, planTransaction, type PlanOptions } from './transaction.ts'

export class NftRuleset {
  private readonly map = new MapStore()
  private known: { readonly version: number; readonly passes: readonly HookPass[] } | undefined

  get store(): NftStore {
    return this.map
  }

  /** One transaction, as the lines of an `nft -f` file: all of it, or an error and nothing. */
  apply(lines: readonly string[], options: PlanOptions = {}): Pick<NftPlan, 'error' | 'problems'> {
    const plan = planTransaction(this.map, lines, options)
    if (!plan.error) this.map.apply(plan.changes)
    return plan
  }

  /** What hangs at the hooks; the same list until the next transaction. */
  passes(): readonly HookPass[] {
    if (this.known?.version !== this.map.version)
      this.known = { version: this.map.version, passes: passesOfStore(this.map) }
    return this.known.passes
  }

  /** As `nft list ruleset`. */
  list(options: ListOptions = {}): string {
    return listRuleset(this.map, options)
  }

  texts(): StepTexts {
    return textsOfStore(this.map)
  }
}
