/**
 * Whether two plain values are equal all through. Pictures are selected anew on each change of records; with this a
 * part that selected the same is not drawn again.
 */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false
    for (let i = 0; i < a.length; i++) if (!same(a[i], b[i])) return false
    return true
  }
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  for (const key of keys)
    if (!same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key])) return false
  return true
}

/** For `memo`. Functions among the props must be stable. */
export function sameProps<P extends object>(a: P, b: P): boolean {
  return same(a, b)
}
