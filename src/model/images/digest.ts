/**
 * Digests. They are made from the name of what they stand for, because the lab has no bytes to hash: same length and
 * letters as real ones, same in every run, but not the digests that a real registry gives.
 */
import { hash32 } from '../../sim/random.ts'

const memo = new Map<string, string>()

export function hexOf(text: string, digits = 64): string {
  const known = memo.get(text)
  if (known) return known.slice(0, digits)
  let hex = ''
  for (let i = 0; i < 8; i++)
    hex += hash32(text, 0x9e3779b9 + i * 0x85ebca6b)
      .toString(16)
      .padStart(8, '0')
  if (memo.size > 10_000) memo.clear()
  memo.set(text, hex)
  return hex.slice(0, digits)
}

export const sha256Of = (text: string): string => `sha256:${hexOf(text)}`
