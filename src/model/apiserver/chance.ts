// What the API server draws by lot: uids, name suffixes, free addresses and ports.

import type { Micros } from '../../sim/contract.ts'

/** The part of a world that drawing needs; a dry run gives its own. */
export interface Chance {
  readonly now: Micros
  random(stream: string, below: number): number
}

/** Lower-case letters and digits without vowels and look-alikes, so that no word appears (util/rand). */
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'
/** SimpleNameGenerator: five characters, and the base cut so that the name has at most 63. */
const SUFFIX_LENGTH = 5
const MAX_BASE = 63 - SUFFIX_LENGTH

export function nameSuffix(chance: Chance): string {
  let suffix = ''
  for (let i = 0; i < SUFFIX_LENGTH; i++)
    suffix += SUFFIX_ALPHABET[chance.random('name suffix', SUFFIX_ALPHABET.length)]!
  return suffix
}

export function generateName(base: string, chance: Chance): string {
  return (base.length > MAX_BASE ? base.slice(0, MAX_BASE) : base) + nameSuffix(chance)
}

const hex = (n: number, width: number): string => n.toString(16).padStart(width, '0')

/** A version 4 uuid. */
export function newUid(chance: Chance): string {
  const word = (): number => chance.random('uid', 0x1_0000_0000)
  const [a, b, c, d] = [word(), word(), word(), word()] as [number, number, number, number]
  const version = 0x4000 | (b & 0x0fff)
  const variant = 0x8000 | ((c >>> 16) & 0x3fff)
  return `${hex(a, 8)}-${hex(b >>> 16, 4)}-${hex(version, 4)}-${hex(variant, 4)}-${hex(c & 0xffff, 4)}${hex(d, 8)}`
}
