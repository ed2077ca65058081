/** Wrong use of a command: exit status 2. */
export class UsageError extends Error {}

export interface Arguments {
  readonly words: readonly string[]
  readonly flags: Readonly<Record<string, string | true>>
  readonly lists: Readonly<Record<string, readonly string[]>>
}

/** `--name value`, `--name=value`, `--switch`, words; `--` ends the flags. */
export function readArguments(
  argv: readonly string[],
  spec: { values?: readonly string[]; switches?: readonly string[]; lists?: readonly string[] },
): Arguments {
  const words: string[] = []
  const flags: Record<string, string | true> = {}
  const lists: Record<string, string[]> = Object.fromEntries((spec.lists ?? []).map((name) => [name, []]))
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!
    if (word === '--') {
      words.push(...argv.slice(i + 1))
      break
    }
    const m = /^--([a-z-]+)(?:=(.*))?$/s.exec(word)
    if (!m) {
      words.push(word)
      continue
    }
    const name = m[1]!
    if (spec.switches?.includes(name)) {
      flags[name] = true
      continue
    }
    const isList = spec.lists?.includes(name)
    if (!isList && !spec.values?.includes(name)) {
      const known = [...(spec.values ?? []), ...(spec.lists ?? []), ...(spec.switches ?? [])]
      throw new UsageError(`unknown flag --${name}; there are: ${known.map((k) => `--${k}`).join(' ') || 'none'}`)
    }
    const value = m[2] ?? argv[++i]
    if (value === undefined) throw new UsageError(`--${name} needs a value`)
    if (isList) lists[name]!.push(value)
    else flags[name] = value
  }
  return { words, flags, lists }
}

export function wholeNumber(args: Arguments, name: string, fallback: number): number {
  const text = args.flags[name]
  if (text === undefined) return fallback
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new UsageError(`--${name} ${String(text)}: give a whole number`)
  return value
}

/** `120s`, `5m`, `1h`, `250ms` as microseconds. */
export function duration(args: Arguments, name: string, fallback: number): number {
  const text = args.flags[name]
  if (text === undefined) return fallback
  const m = /^(\d+(?:\.\d+)?)(us|ms|s|m|h)$/.exec(String(text))
  if (!m) throw new UsageError(`--${name} ${String(text)}: give a duration like 90s, 5m or 250ms`)
  return Math.round(Number(m[1]) * { us: 1, ms: 1e3, s: 1e6, m: 6e7, h: 3.6e9 }[m[2] as 'us'])
}
