/** What a fault is: something that breaks at a moment, and can be healed. */
import type { ModelReader, ModelWorld } from '../tables.ts'

export type Fault = {
  readonly name: string
  /** For a menu: two or three words. */
  readonly title: string
  /** One sentence: what happens in the world, not what will come of it. */
  readonly summary: string
  /** What it can be set on now. */
  targets(reader: ModelReader): string[]
  /** Why it cannot be set on this target; undefined: it can. Default: the target must be one of `targets`. */
  refuses?(reader: ModelReader, target: string): string | undefined
  set(world: ModelWorld, target: string): void
  heal(world: ModelWorld, target: string): void
  /** It is over in the moment it happens (a kill): nothing stays on, nothing is healed. */
  readonly momentary?: boolean
}

export const nodes = (reader: ModelReader): string[] => reader.all('machines').map((machine) => machine.name)
