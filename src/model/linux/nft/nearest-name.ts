/** Of a name that is not there: the nearest one that is, if it is near (string_misspell_update). */
export function didYouMean(name: string, there: readonly string[]): string | undefined {
  let best: string | undefined
  let least = Infinity
  for (const other of there) {
    const most = Math.max(name.length, other.length)
    const far = distance(name, other)
    if (most > 1 && far <= Math.floor(most / 3) + 1 && far < least) {
      best = other
      least = far
    }
  }
  return best
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    row = next
  }
  return row[b.length]!
}
