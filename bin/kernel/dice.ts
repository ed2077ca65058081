/** Chance from a seed. */
import { type Cidr, formatIp4 } from '../../src/model/linux/netfilter/address.ts'
import { nextBits, streamSeed } from '../../src/sim/random.ts'

export type Dice = { below(n: number): number; chance(percent: number): boolean; pick<T>(list: readonly T[]): T }

export function dice(seed: number, stream: string): Dice {
  let state = streamSeed(seed, stream)
  const below = (n: number): number => {
    const next = nextBits(state)
    state = next.state
    return next.bits % n
  }
  return { below, chance: (percent) => below(100) < percent, pick: (list) => list[below(list.length)]! }
}

/** A few addresses of a network; of one address that and its neighbour. */
export function addressesIn(cidr: Cidr, roll: Dice): string[] {
  const base = cidr.words[0]!
  if (cidr.prefix >= 31) return [formatIp4(base)]
  const size = 2 ** Math.min(16, 32 - cidr.prefix)
  return [formatIp4(base + 1 + roll.below(Math.max(1, size - 2)))]
}
