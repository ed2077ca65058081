/** The scale of the scrubber: whole, calm ends, with some blank paper after what is known. */
import type { Micros } from '../../sim/contract.ts'

const SECOND = 1_000_000
const ENDS = [
  10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1200, 1800, 2700, 3600, 5400, 7200, 10_800,
].map((seconds) => seconds * SECOND)
const HOUR = 3_600 * SECOND

/** The end of the scale for a run that is known up to `head`: it changes rarely, and never ends at the head. */
export function horizonOf(head: Micros): Micros {
  const room = head * 1.12
  return ENDS.find((end) => end >= room) ?? Math.ceil(room / HOUR) * HOUR
}

export interface Flag {
  at: Micros
  n: number
  says: string
  tone: 'plain' | 'fail'
  x: number
  /** Where its words begin, or undefined: no room for words. */
  words: boolean
}

/** Flags by place; the newest and the failures get their words first, the others where they do not overlap. */
export function placeFlags(
  bookmarks: readonly { at: Micros; n: number; says: string; tone: 'plain' | 'fail' }[],
  horizon: Micros,
  width: number,
): Flag[] {
  const flags = bookmarks.map((mark) => ({ ...mark, x: (mark.at / horizon) * width, words: false }))
  const taken: [number, number][] = []
  const order = [...flags].sort((a, b) => Number(b.tone === 'fail') - Number(a.tone === 'fail') || b.at - a.at)
  for (const flag of order) {
    const from = flag.x + 8
    const to = from + flag.says.length * 6.4
    if (to > width + 24 || taken.some(([a, b]) => from < b + 8 && to > a - 8)) continue
    flag.words = true
    taken.push([from - 10, to])
  }
  return thin(flags)
}

/** Flags closer than three pixels are one stroke to the eye: keep those with words and the first of each crowd. */
function thin(flags: readonly Flag[]): Flag[] {
  let last = -Infinity
  return flags.filter((flag) => {
    if (flag.words || flag.x - last >= 3) {
      last = flag.x
      return true
    }
    return false
  })
}

/** Heights 0 to 1 per column of `step` pixels, from counts per bucket. */
export function densityColumns(
  counts: readonly number[],
  bucketMicros: Micros,
  horizon: Micros,
  columns: number,
): number[] {
  const sums = new Array<number>(columns).fill(0)
  const perColumn = horizon / columns
  counts.forEach((count, i) => {
    if (count === 0) return
    const from = Math.floor((i * bucketMicros) / perColumn)
    const to = Math.min(columns - 1, Math.floor(((i + 1) * bucketMicros - 1) / perColumn))
    for (let c = Math.max(0, from); c <= to; c++) sums[c] = sums[c]! + count / (to - from + 1)
  })
  const most = Math.max(1, ...sums)
  // Square root: one message in a column is still seen beside a thousand.
  return sums.map((sum) => Math.sqrt(sum / most))
}
