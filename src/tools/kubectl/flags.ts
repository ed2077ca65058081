/** Command-line flags as spf13/pflag reads them, with kubectl's error texts. */
export interface FlagSpec {
  readonly short?: string
  /** bool: `--wait`, `--wait=false`; value: takes one; list: may repeat; optional: `--dry-run` and `--dry-run=client`. */
  readonly takes: 'bool' | 'value' | 'list' | 'optional'
  readonly says?: string
  /** Words for completion. */
  readonly choices?: readonly string[]
}

export type FlagSpecs = Readonly<Record<string, FlagSpec>>

export class KubectlError extends Error {
  readonly exit: number
  constructor(message: string, exit = 1) {
    super(message)
    this.exit = exit
  }
}

export interface Flags {
  has(name: string): boolean
  bool(name: string, otherwise?: boolean): boolean
  get(name: string): string | undefined
  list(name: string): readonly string[]
}

export interface Parsed {
  readonly flags: Flags
  readonly args: readonly string[]
  /** What stood after `--`; undefined without it. */
  readonly rest: readonly string[] | undefined
}

export function parseFlags(argv: readonly string[], specs: FlagSpecs, path: string): Parsed {
  const values = new Map<string, string[]>()
  const args: string[] = []
  let rest: string[] | undefined
  const shorts = new Map<string, string>()
  for (const [name, spec] of Object.entries(specs)) if (spec.short) shorts.set(spec.short, name)
  const fail = (text: string): never => {
    throw new KubectlError(`error: ${text}\nSee '${path} --help' for usage.`)
  }
  const put = (name: string, value: string) => {
    if (specs[name]!.takes === 'bool' && !/^(true|false|t|f|1|0|T|F|TRUE|FALSE|True|False)$/.test(value)) {
      fail(`invalid argument "${value}" for "--${name}" flag: strconv.ParseBool: parsing "${value}": invalid syntax`)
    }
    const old = specs[name]!.takes === 'list' ? (values.get(name) ?? []) : []
    values.set(name, [...old, value])
  }
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i]!
    if (arg === '--') {
      rest = argv.slice(i + 1)
      break
    }
    if (arg.startsWith('--')) {
      const equals = arg.indexOf('=')
      const name = equals < 0 ? arg.slice(2) : arg.slice(2, equals)
      const spec = Object.hasOwn(specs, name) ? specs[name] : undefined
      if (!spec) fail(`unknown flag: --${name}`)
      else if (equals >= 0) put(name, arg.slice(equals + 1))
      else if (spec.takes === 'bool') put(name, 'true')
      else if (spec.takes === 'optional') put(name, '')
      else if (argv[i + 1] === undefined) fail(`flag needs an argument: --${name}`)
      else put(name, argv[++i]!)
      continue
    }
    if (!arg.startsWith('-') || arg === '-') {
      args.push(arg)
      continue
    }
    for (let k = 1; k < arg.length; k++) {
      const short = arg[k]!
      const name = shorts.get(short)
      if (name === undefined) {
        fail(`unknown shorthand flag: '${short}' in ${arg}`)
        break
      }
      const next = arg.slice(k + 1)
      if (specs[name]!.takes === 'bool' || specs[name]!.takes === 'optional') {
        if (next.startsWith('=')) {
          put(name, next.slice(1))
          break
        }
        put(name, specs[name]!.takes === 'bool' ? 'true' : '')
        continue
      }
      if (next !== '') put(name, next.replace(/^=/, ''))
      else if (argv[i + 1] === undefined) fail(`flag needs an argument: '${short}' in ${arg}`)
      else put(name, argv[++i]!)
      break
    }
  }
  return {
    args,
    rest,
    flags: {
      has: (name) => values.has(name),
      bool(name, otherwise = false) {
        const value = values.get(name)?.at(-1)
        return value === undefined ? otherwise : /^(true|t|1)$/i.test(value)
      },
      get: (name) => values.get(name)?.at(-1),
      list: (name) => values.get(name) ?? [],
    },
  }
}

/** Flags that every verb understands. */
export const GLOBAL_FLAGS: FlagSpecs = {
  namespace: { short: 'n', takes: 'value', says: 'the namespace of this request' },
  context: { takes: 'value' },
  kubeconfig: { takes: 'value' },
  'request-timeout': { takes: 'value' },
  server: { short: 's', takes: 'value' },
  as: { takes: 'value' },
  v: { short: 'v', takes: 'value' },
  help: { short: 'h', takes: 'bool' },
}
