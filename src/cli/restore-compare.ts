/**
 * Compares two restore inputs. kube-proxy walks a Go map, so the order of Services is free: chains whose rules come from
 * many Services are compared sorted (with the last rule of KUBE-SERVICES kept last), all others rule by rule.
 */
const MANY = /^KUBE-(SERVICES|NODEPORTS|EXTERNAL-SERVICES|PROXY-FIREWALL)$/
const LAST = /NOTE: this must be the last rule/

interface Restore {
  /** `table chain` -> lines. */
  readonly rules: Map<string, string[]>
  readonly declared: Set<string>
  readonly deleted: Set<string>
  readonly stray: string[]
}

function read(text: string): Restore {
  const out: Restore = { rules: new Map(), declared: new Set(), deleted: new Set(), stray: [] }
  let table = ''
  for (const raw of text.split('\n')) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    if (line.startsWith('*')) table = line.slice(1)
    else if (line === 'COMMIT') table = ''
    else if (line.startsWith(':')) out.declared.add(`${table} ${line}`)
    else if (line.startsWith('-X ')) out.deleted.add(`${table} ${line}`)
    else if (line.startsWith('-A ') && table !== '') {
      const key = `${table} ${line.split(' ')[1]}`
      const lines = out.rules.get(key)
      if (lines) lines.push(line)
      else out.rules.set(key, [line])
    } else out.stray.push(line)
  }
  for (const [key, lines] of out.rules) {
    if (!MANY.test(key.slice(key.indexOf(' ') + 1))) continue
    const head = lines.filter((line) => !LAST.test(line)).sort()
    const tail = lines.filter((line) => LAST.test(line)).sort()
    // the last rule must really be last
    const misplaced = lines.slice(0, lines.length - tail.length).some((line) => LAST.test(line))
    out.rules.set(key, misplaced ? [...lines, '(the last rule of the chain is not last)'] : [...head, ...tail])
  }
  return out
}

/** Empty where they agree; else lines with `- expected` and `+ got`. */
export function differences(expected: string, got: string): string[] {
  const want = read(expected)
  const have = read(got)
  const out: string[] = []
  const sets = (a: Set<string>, b: Set<string>): void => {
    for (const line of a) if (!b.has(line)) out.push(`- ${line}`)
    for (const line of b) if (!a.has(line)) out.push(`+ ${line}`)
  }
  sets(want.declared, have.declared)
  sets(want.deleted, have.deleted)
  for (const key of new Set([...want.rules.keys(), ...have.rules.keys()])) {
    const a = want.rules.get(key) ?? []
    const b = have.rules.get(key) ?? []
    for (let i = 0; i < Math.max(a.length, b.length); i++) {
      if (a[i] === b[i]) continue
      if (a[i] !== undefined) out.push(`- ${a[i]}`)
      if (b[i] !== undefined) out.push(`+ ${b[i]}`)
    }
  }
  for (const line of have.stray) out.push(`+ ${line}`)
  return out
}
