/** The commands of the containers' shell. Each is a function of its words, its input and the container. */
import { civil, rfc3339, SECOND } from '../../../sim/clock.ts'
import { baseName } from '../entrypoint.ts'
import { hasTool } from '../tools.ts'
import { lookUpImage, isMissing } from '../known-image.ts'
import type { CatalogueImage } from '../catalogue.ts'
import { hostnameOf, type Session } from '../session.ts'
import { FILE_COMMANDS } from './file-commands.ts'
import { TEXT_COMMANDS } from './text-commands.ts'
import type { ShellState } from './state.ts'

export type CommandCall = {
  s: Session
  sh: ShellState
  argv: readonly string[]
  stdin: string | undefined
}
export type CommandResult = {
  out?: string
  err?: string
  status?: number
  sleepMicros?: number
  forever?: boolean
  waitJobs?: boolean
  /** The shell ends with this code. */
  exit?: number
  change?: Partial<ShellState>
  /** A program with a life of its own; `replace`: in place of the shell. */
  program?: readonly string[]
  replace?: boolean
  /** It asks the network. */
  net?: boolean
}
export type Command = (call: CommandCall) => CommandResult

/** `5`, `0.5`, `1m`, `2h`, `1d`. */
export function durationMicros(word: string): number | undefined {
  const m = /^(\d*\.?\d+)([smhd]?)$/.exec(word)
  if (!m) return undefined
  const unit = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 }[m[2] as '' | 's' | 'm' | 'h' | 'd']
  return Math.min(Math.round(Number(m[1]) * unit * SECOND), 4_000_000_000_000_000)
}

const sleep: Command = ({ argv }) => {
  if (argv[1] === 'infinity') return { forever: true }
  let sum = 0
  for (const word of argv.slice(1)) {
    const micros = durationMicros(word)
    if (micros === undefined) return { err: `sleep: invalid number '${word}'\n`, status: 1 }
    sum += micros
  }
  return { sleepMicros: sum }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\', '0': '\0', a: '\x07' }
const unescape = (text: string): string => text.replace(/\\([ntr\\0a])/g, (_, c: string) => ESCAPES[c]!)

const echo: Command = ({ argv }) => {
  let words = argv.slice(1)
  let newline = true
  let escapes = false
  while (words[0] !== undefined && /^-[neE]+$/.test(words[0])) {
    if (words[0].includes('n')) newline = false
    if (words[0].includes('e')) escapes = true
    words = words.slice(1)
  }
  const text = words.join(' ')
  return { out: (escapes ? unescape(text) : text) + (newline ? '\n' : '') }
}

const printf: Command = ({ argv }) => {
  const format = unescape(argv[1] ?? '')
  const args = argv.slice(2)
  let out = ''
  do {
    out += format.replace(/%(-?\d*)([sdi%])/g, (_, width: string, kind: string) => {
      if (kind === '%') return '%'
      const word = args.shift() ?? (kind === 's' ? '' : '0')
      const n = Number(width)
      return n < 0 ? word.padEnd(-n) : word.padStart(n)
    })
  } while (args.length > 0 && /%-?\d*[sdi]/.test(format))
  return { out }
}

function testExpression({ argv, s, sh }: CommandCall): boolean | string {
  const words = argv.slice(1)
  if (argv[0] === '[' || argv[0] === '[[') {
    if (words.pop() !== (argv[0] === '[' ? ']' : ']]')) return 'missing ]'
  }
  const one = (list: readonly string[]): boolean | string => {
    if (list[0] === '!') {
      const inner = one(list.slice(1))
      return typeof inner === 'string' ? inner : !inner
    }
    const and = list.findIndex((w) => w === '-a' || w === '&&')
    const or = list.findIndex((w) => w === '-o' || w === '||')
    const cut = or > 0 ? or : and
    if (cut > 0 && list.length > 3) {
      const left = one(list.slice(0, cut))
      const right = one(list.slice(cut + 1))
      if (typeof left === 'string' || typeof right === 'string') return 'syntax error'
      return cut === or ? left || right : left && right
    }
    const [a = '', op = '', b = ''] = list
    if (list.length === 0) return false
    if (list.length === 1) return a !== ''
    if (list.length === 2) return FILE_COMMANDS.probe(s, sh, a, op)
    const [x, y] = [Number(a), Number(b)]
    switch (op) {
      case '=':
      case '==':
        return a === b
      case '!=':
        return a !== b
      case '-eq':
        return x === y
      case '-ne':
        return x !== y
      case '-lt':
        return x < y
      case '-le':
        return x <= y
      case '-gt':
        return x > y
      case '-ge':
        return x >= y
      default:
        return `${op}: unknown operand`
    }
  }
  return one(words)
}

const test: Command = (call) => {
  const value = testExpression(call)
  if (typeof value === 'string') return { err: `sh: ${value}\n`, status: 2 }
  return { status: value ? 0 : 1 }
}

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const date: Command = ({ argv, s }) => {
  const c = civil(s.world.now)
  const two = (n: number) => String(n).padStart(2, '0')
  const seconds = 1_781_128_800 + Math.floor(s.world.now / SECOND)
  const format = argv.find((w) => w.startsWith('+'))
  if (format === undefined)
    return {
      out: `${WEEKDAYS[c.weekday]} ${MONTHS[c.month - 1]} ${String(c.day).padStart(2)} ${two(c.hour)}:${two(c.minute)}:${two(c.second)} UTC ${c.year}\n`,
    }
  const fields: Record<string, string> = {
    Y: String(c.year),
    m: two(c.month),
    d: two(c.day),
    H: two(c.hour),
    M: two(c.minute),
    S: two(c.second),
    s: String(seconds),
    N: `${String(c.micros).padStart(6, '0')}000`,
    T: `${two(c.hour)}:${two(c.minute)}:${two(c.second)}`,
    F: rfc3339(s.world.now).slice(0, 10),
    Z: 'UTC',
    '%': '%',
  }
  return { out: `${format.slice(1).replace(/%([A-Za-z%])/g, (all, f: string) => fields[f] ?? all)}\n` }
}

const env: Command = ({ sh }) => ({
  out: Object.entries(sh.vars)
    .filter(([name]) => /^[A-Za-z_]/.test(name))
    .map(([name, value]) => `${name}=${value}\n`)
    .join(''),
})

const ps: Command = ({ s }) => {
  const rows = s.tasks.map((task) => {
    const pid = task.id === 1 ? 1 : task.id + 100
    return `${String(pid).padStart(5)} root      0:00 ${task.argv.join(' ')}`
  })
  return { out: `PID   USER     TIME  COMMAND\n${rows.join('\n')}\n` }
}

const COMMANDS: Readonly<Record<string, Command>> = {
  ':': () => ({ status: 0 }),
  true: () => ({ status: 0 }),
  false: () => ({ status: 1 }),
  sync: () => ({ status: 0 }),
  ulimit: () => ({ status: 0 }),
  sleep,
  echo,
  printf,
  test,
  '[': test,
  '[[': test,
  date,
  env,
  printenv: ({ sh, argv }) =>
    argv[1] === undefined
      ? env({ sh } as CommandCall)
      : sh.vars[argv[1]] === undefined
        ? { status: 1 }
        : { out: `${sh.vars[argv[1]]}\n` },
  exit: ({ argv, sh }) => ({ exit: argv[1] === undefined ? sh.status : Number(argv[1]) & 255 }),
  return: ({ argv }) => ({ status: Number(argv[1] ?? 0) }),
  wait: () => ({ waitJobs: true }),
  cd: ({ argv, sh }) => ({
    change: {
      cwd: argv[1]?.startsWith('/')
        ? argv[1]
        : `${sh.cwd === '/' ? '' : sh.cwd}/${argv[1] ?? ''}`.replace(/\/$/, '') || '/',
    },
  }),
  pwd: ({ sh }) => ({ out: `${sh.cwd}\n` }),
  set: () => ({ status: 0 }),
  unset: ({ argv, sh }) => ({
    change: { vars: Object.fromEntries(Object.entries(sh.vars).filter(([name]) => !argv.includes(name))) },
  }),
  export: ({ argv, sh }) => {
    const vars = { ...sh.vars }
    for (const word of argv.slice(1)) {
      const m = /^([A-Za-z_]\w*)=([^]*)$/.exec(word)
      if (m) vars[m[1]!] = m[2]!
    }
    return { change: { vars } }
  },
  read: ({ argv, sh, stdin }) => {
    const [line = '', ...rest] = (stdin ?? '').split('\n')
    if (stdin === undefined || stdin === '') return { status: 1 }
    const stack = [...sh.stdin]
    if (stack.length > 0) stack[stack.length - 1] = rest.join('\n')
    return {
      change: { stdin: stack, vars: { ...sh.vars, [argv.filter((w) => !w.startsWith('-'))[1] ?? 'REPLY']: line } },
    }
  },
  trap: ({ argv, sh }) => {
    const [, code = '', ...names] = argv
    const traps = { ...sh.traps }
    for (const name of names)
      traps[
        name === '0'
          ? 'EXIT'
          : name
              .replace(/^(SIG)?(?=[A-Z])/, name === 'EXIT' ? '' : 'SIG')
              .replace(/^15$/, 'SIGTERM')
              .replace(/^2$/, 'SIGINT')
      ] = code
    return { change: { traps } }
  },
  exec: ({ argv }) => (argv.length > 1 ? { program: argv.slice(1), replace: true } : { status: 0 }),
  hostname: ({ s, argv }) => {
    const sandbox = s.world.get('sandboxes', s.container.sandboxId)
    return { out: argv[1] === '-i' || argv[1] === '-I' ? `${sandbox?.ip ?? ''}\n` : `${hostnameOf(s)}\n` }
  },
  whoami: () => ({ out: 'root\n' }),
  id: ({ argv }) => ({
    out: argv[1] === '-u' || argv[1] === '-g' ? '0\n' : 'uid=0(root) gid=0(root) groups=0(root)\n',
  }),
  uname: ({ s, argv }) => {
    const release = s.world.get('machines', s.container.node)?.kernelVersion ?? ''
    if (argv[1] === '-a') return { out: `Linux ${hostnameOf(s)} ${release} #1 SMP x86_64 GNU/Linux\n` }
    return {
      out:
        argv[1] === '-r'
          ? `${release}\n`
          : argv[1] === '-n'
            ? `${hostnameOf(s)}\n`
            : argv[1] === '-m'
              ? 'x86_64\n'
              : 'Linux\n',
    }
  },
  arch: () => ({ out: 'x86_64\n' }),
  nproc: ({ s }) => ({ out: `${s.world.get('machines', s.container.node)?.cpus ?? 1}\n` }),
  ps,
  kill: ({ argv }) => ({ err: `kill: the lab's shell cannot signal ${argv.at(-1) ?? ''}\n`, status: 1 }),
  which: ({ argv, s }) => (known(s, argv[1] ?? '') ? { out: `/bin/${argv[1]}\n` } : { status: 1 }),
  timeout: ({ argv }) => ({ program: argv }),
  seq: ({ argv }) => {
    const n = argv.slice(1).map(Number)
    const [from, to, by] = n.length === 1 ? [1, n[0]!, 1] : n.length === 2 ? [n[0]!, n[1]!, 1] : [n[0]!, n[2]!, n[1]!]
    let out = ''
    for (let i = from, count = 0; by > 0 && i <= to && count < 1000; i += by, count++) out += `${i}\n`
    return { out }
  },
  yes: () => ({ forever: true }),
  ...FILE_COMMANDS.commands,
  ...TEXT_COMMANDS,
}

const NETWORK = new Set(['wget', 'curl', 'nslookup', 'dig', 'nc', 'ping'])
const SHELL_ONLY = new Set([
  ':',
  'cd',
  'exec',
  'exit',
  'export',
  'read',
  'return',
  'set',
  'trap',
  'ulimit',
  'unset',
  'wait',
])

/** The image's entry in the catalogue; undefined: not known. */
export function entryOf(s: Session): CatalogueImage | undefined {
  const image = lookUpImage(s.container.image)
  return isMissing(image) ? undefined : image.entry
}

function known(s: Session, name: string): boolean {
  return SHELL_ONLY.has(name) || hasTool(name, entryOf(s))
}

export function runCommand(
  s: Session,
  sh: ShellState,
  argv: readonly string[],
  stdin: string | undefined,
): CommandResult {
  const name = baseName(argv[0]!)
  if (name === 'busybox' && argv[1] !== undefined && hasTool('busybox', entryOf(s)))
    return runCommand(s, sh, argv.slice(1), stdin)
  if (known(s, name)) {
    if (NETWORK.has(name)) return { net: true }
    const command = COMMANDS[name]
    if (command) return command({ s, sh, argv: [name, ...argv.slice(1)], stdin })
    return { err: `${name}: not modelled by the lab\n`, status: 1 }
  }
  return { program: argv }
}
