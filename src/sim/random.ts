/**
 * One root seed, one stream per purpose: drawing for a MAC address never shifts what a probe's jitter draws.
 * Integers only, so that Node and every browser agree to the last bit.
 */

/** 32-bit FNV-1a over UTF-16 code units, with a final mix. */
export function hash32(text: string, seed = 0x811c9dc5): number {
  let h = seed >>> 0
  for (let i = 0; i < text.length; i++) {
    h ^= text.charCodeAt(i)
    h = Math.imul(h, 0x01000193)
  }
  h ^= h >>> 15
  h = Math.imul(h, 0x2c1b3c6d)
  h ^= h >>> 12
  return h >>> 0
}

export function streamSeed(rootSeed: number, stream: string): number {
  return hash32(stream, hash32(String(rootSeed)))
}

/** One step of mulberry32: the next state and 32 random bits. */
export function nextBits(state: number): { state: number; bits: number } {
  const next = (state + 0x6d2b79f5) >>> 0
  let t = next
  t = Math.imul(t ^ (t >>> 15), t | 1)
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
  return { state: next, bits: (t ^ (t >>> 14)) >>> 0 }
}
