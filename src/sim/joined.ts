/** Ids made of parts. A text that is put together anew each time has to be read anew each time a table looks for it. */

const MOST = 30_000

/** Joins two texts, to the same string each time. Of the two, `a` should be the one of which there are few. */
export function joiner(between: string): (a: string, b: string) => string {
  const known = new Map<string, Map<string, string>>()
  let count = 0
  return (a, b) => {
    let ofA = known.get(a)
    if (ofA === undefined) known.set(a, (ofA = new Map()))
    let text = ofA.get(b)
    if (text === undefined) {
      if (++count > MOST) {
        known.clear()
        known.set(a, (ofA = new Map()))
        count = 1
      }
      ofA.set(b, (text = `${a}${between}${b}`))
    }
    return text
  }
}

/** `a|b`, as most ids are. */
export const joined = joiner('|')
