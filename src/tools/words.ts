/** Short and long options of the node's tools, as getopt reads them. */
export interface Words {
  readonly flags: ReadonlySet<string>
  readonly values: ReadonlyMap<string, string>
  readonly lists: ReadonlyMap<string, readonly string[]>
  readonly args: readonly string[]
  /** The first option that is not known. */
  readonly unknown?: string
  /** An option that stands last and needs a value. */
  readonly missing?: string
}

export interface WordSpec {
  /** Short options without a value; long names map to them or to themselves. */
  readonly flags: readonly string[]
  readonly values: readonly string[]
  readonly alias?: Readonly<Record<string, string>>
  /** Everything after the first plain word belongs to a command. */
  readonly stopAtWord?: boolean
}

export function readWords(argv: readonly string[], spec: WordSpec): Words {
  const flags = new Set<string>()
  const values = new Map<string, string>()
  const lists = new Map<string, string[]>()
  const args: string[] = []
  let unknown: string | undefined
  let missing: string | undefined
  const name = (text: string) => spec.alias?.[text] ?? text
  const put = (option: string, value: string) => {
    values.set(option, value)
    lists.set(option, [...(lists.get(option) ?? []), value])
  }
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i]!
    if (arg === '--') {
      args.push(...argv.slice(i + 1))
      break
    }
    if (arg.startsWith('--')) {
      const equals = arg.indexOf('=')
      const option = name(equals < 0 ? arg.slice(2) : arg.slice(2, equals))
      if (spec.values.includes(option)) {
        const value = equals >= 0 ? arg.slice(equals + 1) : argv[++i]
        if (value === undefined) missing ??= arg
        else put(option, value)
      } else if (spec.flags.includes(option)) flags.add(option)
      else unknown ??= arg
      continue
    }
    if (!arg.startsWith('-') || arg === '-') {
      if (spec.stopAtWord) {
        args.push(...argv.slice(i))
        break
      }
      args.push(arg)
      continue
    }
    for (let k = 1; k < arg.length; k++) {
      const option = name(arg[k]!)
      if (spec.flags.includes(option)) flags.add(option)
      else if (spec.values.includes(option)) {
        const value = arg.slice(k + 1) || argv[++i]
        if (value === undefined) missing ??= `-${arg[k]}`
        else put(option, value)
        break
      } else {
        unknown ??= arg.length === 2 ? arg : `-${arg[k]}`
        break
      }
    }
  }
  return {
    flags,
    values,
    lists,
    args,
    ...(unknown === undefined ? {} : { unknown }),
    ...(missing === undefined ? {} : { missing }),
  }
}
