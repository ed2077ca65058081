import type { Process } from '../process.ts'

/** Which short options take a value, and the long names of all. `flags: 'ivn', values: 'ABm', long: { count: 'c' }`. */
export interface OptionSpec {
  readonly flags: string
  readonly values?: string
  readonly long?: Readonly<Record<string, string>>
  /** `head -40`: a bare number stands for this option. */
  readonly number?: string
}

export interface Options {
  readonly flags: ReadonlySet<string>
  readonly values: ReadonlyMap<string, string>
  /** In the order given, for options that may repeat. */
  readonly list: readonly (readonly [string, string])[]
  readonly args: readonly string[]
}

/** Parses as getopt does; undefined after complaining, with the usual pointer to --help. */
export function parseOptions(process: Process, spec: OptionSpec): Options | undefined {
  const flags = new Set<string>()
  const values = new Map<string, string>()
  const list: [string, string][] = []
  const args: string[] = []
  const fail = (text: string) => {
    process.io.stderr.write(`${process.argv[0]}: ${text}\nTry '${process.argv[0]} --help' for more information.\n`)
    return undefined
  }
  const put = (option: string, value: string) => {
    values.set(option, value)
    list.push([option, value])
  }
  const argv = process.argv.slice(1)
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i]!
    if (arg === '--') {
      args.push(...argv.slice(i + 1))
      break
    }
    if (spec.number && /^-\d+$/.test(arg)) {
      put(spec.number, arg.slice(1))
      continue
    }
    if (arg.startsWith('--')) {
      const equals = arg.indexOf('=')
      const name = equals < 0 ? arg.slice(2) : arg.slice(2, equals)
      const option = spec.long?.[name]
      if (option === undefined) return fail(`unrecognized option '${arg}'`)
      if (!spec.values?.includes(option)) flags.add(option)
      else if (equals >= 0) put(option, arg.slice(equals + 1))
      else if (argv[i + 1] !== undefined) put(option, argv[++i]!)
      else return fail(`option '${arg}' requires an argument`)
      continue
    }
    if (!arg.startsWith('-') || arg === '-') {
      args.push(arg)
      continue
    }
    for (let k = 1; k < arg.length; k++) {
      const option = arg[k]!
      if (spec.flags.includes(option)) flags.add(option)
      else if (spec.values?.includes(option)) {
        const rest = arg.slice(k + 1)
        const value = rest !== '' ? rest : argv[++i]
        if (value === undefined) return fail(`option requires an argument -- '${option}'`)
        put(option, value)
        break
      } else return fail(`invalid option -- '${option}'`)
    }
  }
  return { flags, values, list, args }
}
