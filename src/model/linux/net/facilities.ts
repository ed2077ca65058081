/**
 * What hangs at the hooks of a machine beside iptables' tables. One line each; a facility that a machine does not use
 * gives no passes and costs nothing.
 */
import { bpfFacility } from '../bpf/component.ts'
import { ipvsFacility } from '../ipvs/component.ts'
import { nftFacility } from '../nft/component.ts'
import type { ModelReader, ModelWorld } from '../../tables.ts'
import type { HookPass, StepTexts } from '../netfilter/hooks.ts'

export interface Facility {
  /** As in `Effect.facility`: `nft`, `ipvs`, `bpf`. */
  readonly name: string
  /** What hangs at the hooks of the host's namespace; the same list while nothing changed. */
  passes(reader: ModelReader, node: string): readonly HookPass[]
  /** How its steps read in a trace. Takes what the page's replica has too: `get` and `by`. */
  texts(reader: Pick<ModelReader, 'get' | 'by'>, node: string): StepTexts
  /** Keeps what a pass put into `walk.effects` as `{ kind: 'keep', facility, data }`. */
  keep?(world: ModelWorld, node: string, data: unknown): void
}

const FACILITIES: readonly Facility[] = [bpfFacility, ipvsFacility, nftFacility]

const NONE: readonly HookPass[] = []
const joined = new WeakMap<readonly HookPass[], { with: readonly HookPass[]; list: readonly HookPass[] }>()

export function passesOf(reader: ModelReader, node: string): readonly HookPass[] {
  let list = NONE
  for (const facility of FACILITIES) {
    const mine = facility.passes(reader, node)
    if (mine.length > 0) list = list.length === 0 ? mine : join(list, mine)
  }
  return list
}

/** The same two lists give the same list, so that what is remembered by it is found again. */
function join(a: readonly HookPass[], b: readonly HookPass[]): readonly HookPass[] {
  const known = joined.get(a)
  if (known?.with === b) return known.list
  const list = [...a, ...b]
  joined.set(a, { with: b, list })
  return list
}

/** Texts of all facilities of a machine, for whoever writes out a trace. */
export function textsOf(reader: Pick<ModelReader, 'get' | 'by'>, node: string): StepTexts {
  const all = FACILITIES.map((facility) => facility.texts(reader, node))
  return {
    step: (table, chain, index) => {
      for (const texts of all) {
        const step = texts.step(table, chain, index)
        if (step) return step
      }
      return undefined
    },
  }
}

export function keepFor(world: ModelWorld, node: string, facility: string, data: unknown): void {
  FACILITIES.find((f) => f.name === facility)?.keep?.(world, node, data)
}
