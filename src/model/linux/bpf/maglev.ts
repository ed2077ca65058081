/**
 * Maglev: every backend fills a table by a permutation of its own, so that most slots keep their backend when another
 * comes or goes. Eisenbud et al., NSDI 2016; cilium/cilium pkg/maglev/maglev.go. The hash is not Cilium's murmur3.
 */

/** Cilium's default of bpf-lb-maglev-table-size. */
export const TABLE_SIZE = 16_381

const hash = (text: string, seed: number): number => {
  let h = seed >>> 0
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

const tables = new Map<string, readonly string[]>()

/** Slot -> name. The same for the same names, in whatever order they come. */
export function maglevTable(names: readonly string[], size = TABLE_SIZE): readonly string[] {
  const sorted = [...names].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const key = `${size} ${sorted.join(' ')}`
  let table = tables.get(key)
  if (!table) {
    if (tables.size > 200) tables.clear()
    tables.set(key, (table = fill(sorted, size)))
  }
  return table
}

function fill(names: readonly string[], size: number): string[] {
  const table = new Array<string | undefined>(size)
  if (names.length === 0) return []
  const offset = names.map((name) => hash(name, 0x811c9dc5) % size)
  const skip = names.map((name) => (hash(name, 0x9747b28c) % (size - 1)) + 1)
  const next = names.map(() => 0)
  for (let filled = 0; ;)
    for (let i = 0; i < names.length; i++) {
      let at = (offset[i]! + next[i]! * skip[i]!) % size
      while (table[at] !== undefined) {
        next[i]!++
        at = (offset[i]! + next[i]! * skip[i]!) % size
      }
      table[at] = names[i]!
      next[i]!++
      if (++filled === size) return table as string[]
    }
}

/** The slot of a connection: all packets of it, on every node. */
export function maglevSlot(tuple: string, size = TABLE_SIZE): number {
  return hash(tuple, 0x811c9dc5) % size
}
