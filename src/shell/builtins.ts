import { parse } from 'unbash'
import { asProcess, ExitShell, LoopControl, ReturnFrom } from './control.ts'
import { describe, normalise } from './files.ts'
import { findJob, jobLine, killJob, waitForJob } from './jobs.ts'
import { bracketTest } from './bracket-test.ts'
import { complain, say, type Context, type Program } from './process.ts'
import { printf } from './printf.ts'
import { copyState, getVar, setVar, type ShellState } from './state.ts'
import { lineReader, type Source } from './streams.ts'
import type { Signal } from './tasks.ts'

type Run = Program['run']

const numberArg = (text: string | undefined, otherwise: number) =>
  text === undefined || !/^\d+$/.test(text) ? otherwise : Number(text)

const cd: Run = (process) => {
  const { shell, site } = process
  const arg = process.argv[1] === '--' ? process.argv[2] : process.argv[1]
  const target = arg === undefined ? (getVar(shell, 'HOME') ?? '/') : arg === '-' ? shell.previousDir : arg
  const path = normalise(target, shell.cwd)
  const stat = site.files.stat(path)
  if (!('ok' in stat) || stat.ok.kind !== 'dir') {
    const words = 'ok' in stat ? describe('ENOTDIR') : describe(stat.error)
    process.io.stderr.write(`${site.shellName}: cd: ${target}: ${words}\n`)
    return 1
  }
  shell.previousDir = shell.cwd
  shell.cwd = path
  if (arg === '-') say(process, `${path}\n`)
  return 0
}

const echo: Run = (process) => {
  let i = 1
  let newline = true
  let escapes = process.site.place.at === 'container' && process.site.shellName === 'ash'
  for (; /^-[neE]+$/.test(process.argv[i] ?? ''); i++) {
    for (const flag of process.argv[i]!.slice(1)) {
      if (flag === 'n') newline = false
      else escapes = flag === 'e'
    }
  }
  const text = process.argv.slice(i).join(' ')
  const shown = escapes ? printf('%b', [text]) : { out: text, stop: false }
  say(process, shown.out + (newline && !shown.stop ? '\n' : ''))
  return 0
}

const declare =
  (mark: (shell: ShellState, name: string) => void): Run =>
  (process) => {
    const { shell } = process
    for (const arg of process.argv.slice(1)) {
      if (/^[-+][a-zA-Z]+$/.test(arg)) continue
      const match = /^([A-Za-z_]\w*)(\+?=)?([\s\S]*)$/.exec(arg)
      if (!match || (match[2] === undefined && match[3] !== '')) {
        process.io.stderr.write(`${process.site.shellName}: ${process.argv[0]}: \`${arg}': not a valid identifier\n`)
        return 1
      }
      if (match[2]) {
        mark(shell, match[1]!)
        setVar(shell, match[1]!, match[2] === '+=' ? (getVar(shell, match[1]!) ?? '') + match[3]! : match[3]!)
      } else mark(shell, match[1]!)
    }
    return 0
  }

const exportVars: Run = (process) => {
  const { shell } = process
  if (process.argv.length === 1 || process.argv[1] === '-p') {
    const names = [...shell.vars].filter(([, v]) => v.exported).map(([name]) => name)
    for (const name of names.sort()) say(process, `declare -x ${name}="${getVar(shell, name)}"\n`)
    return 0
  }
  return declare((state, name) => state.vars.set(name, { value: '', ...state.vars.get(name), exported: true }))(process)
}

const read: Run = async (process) => {
  const { shell, io } = process
  const args = process.argv.slice(1)
  const names: string[] = []
  let raw = false
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (arg === '-p') {
      if (io.stdin.tty) io.stderr.write(args[i + 1] ?? '')
      i++
    } else if (/^-[a-z]+$/.test(arg)) raw ||= arg.includes('r')
    else names.push(arg)
  }
  const reader = readerOf(io.stdin)
  let got = await reader(process.group)
  let line = got?.line ?? ''
  while (!raw && got?.ended && /(^|[^\\])(\\\\)*\\$/.test(line)) {
    got = await reader(process.group)
    line = line.slice(0, -1) + (got?.line ?? '')
  }
  if (!raw) line = line.replace(/\\(.)/g, '$1')
  const ifs = getVar(shell, 'IFS') ?? ' \t\n'
  if (names.length === 0) setVar(shell, 'REPLY', line)
  else splitInto(names, line, ifs, shell)
  return got?.ended ? 0 : 1
}

const readers = new WeakMap<Source, ReturnType<typeof lineReader>>()

/** One reader per source: what `read` left over is there for the next `read`. */
function readerOf(source: Source): ReturnType<typeof lineReader> {
  let reader = readers.get(source)
  if (!reader) readers.set(source, (reader = lineReader(source)))
  return reader
}

function splitInto(names: readonly string[], line: string, ifs: string, shell: ShellState): void {
  const isSpace = (c: string) => ifs.includes(c) && ' \t\n'.includes(c)
  let rest = line
  const trim = () => {
    let i = 0
    while (i < rest.length && isSpace(rest[i]!)) i++
    rest = rest.slice(i)
  }
  for (const [i, name] of names.entries()) {
    trim()
    if (i === names.length - 1) {
      let end = rest.length
      while (end > 0 && isSpace(rest[end - 1]!)) end--
      setVar(shell, name, rest.slice(0, end))
      return
    }
    let end = 0
    while (end < rest.length && !ifs.includes(rest[end]!)) end++
    setVar(shell, name, rest.slice(0, end))
    rest = rest.slice(end)
    trim()
    if (rest !== '' && ifs.includes(rest[0]!) && !isSpace(rest[0]!)) rest = rest.slice(1)
  }
}

const set: Run = (process) => {
  const { shell } = process
  const args = process.argv.slice(1)
  const names = { e: 'errexit', u: 'nounset', x: 'xtrace' } as const
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (arg === '--') {
      shell.params = args.slice(i + 1)
      return 0
    }
    if (arg === '-o' || arg === '+o') {
      const name = args[++i]
      if (name !== undefined && name in shell.options) shell.options[name as keyof typeof shell.options] = arg === '-o'
    } else if (/^[-+][a-z]+$/.test(arg)) {
      for (const flag of arg.slice(1)) {
        if (flag in names) shell.options[names[flag as keyof typeof names]] = arg.startsWith('-')
        if (flag === 'o') {
          const name = args[++i]
          if (name !== undefined && name in shell.options)
            shell.options[name as keyof typeof shell.options] = arg.startsWith('-')
        }
      }
    } else {
      shell.params = args.slice(i)
      return 0
    }
  }
  return 0
}

const jobsList: Run = ({ kernel, io }) => {
  for (const job of kernel.jobs) io.stdout.write(jobLine(job, kernel.jobs))
  return 0
}

const fg: Run = async (process) => {
  const { kernel, site, io } = process
  const job = findJob(kernel.jobs, process.argv[1] ?? '%+')
  if (!job) {
    io.stderr.write(`${site.shellName}: fg: ${process.argv[1] ?? 'current'}: no such job\n`)
    return 1
  }
  say(process, `${job.text}\n`)
  try {
    const exit = await waitForJob(job, kernel, process.group)
    kernel.jobs.splice(kernel.jobs.indexOf(job), 1)
    return exit
  } catch (error) {
    killJob(job, kernel, 'INT')
    throw error
  }
}

const kill: Run = (process) => {
  const { kernel, site, io } = process
  let signal: Signal = 'TERM'
  const targets: string[] = []
  const args = process.argv.slice(1)
  if (args[0] === '-l') {
    say(process, ' 1) SIGHUP\t 2) SIGINT\t 9) SIGKILL\t13) SIGPIPE\t15) SIGTERM\n')
    return 0
  }
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (arg.startsWith('-') && targets.length === 0) {
      const name = (arg === '-s' ? args[++i]! : arg.slice(1)).replace(/^SIG/, '')
      signal = ({ 1: 'HUP', 2: 'INT', 9: 'KILL', 15: 'TERM' } as Record<string, Signal>)[name] ?? (name as Signal)
    } else targets.push(arg)
  }
  if (targets.length === 0) {
    io.stderr.write('kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]\n')
    return 2
  }
  const program = kernel.findProgram('kill', site.place)
  let exit = 0
  for (const target of targets) {
    const job = findJob(kernel.jobs, target)
    if (job) killJob(job, kernel, signal)
    else if (!target.startsWith('%') && program) return program.run(process)
    else {
      const words = target.startsWith('%') ? 'no such job' : `(${target}) - No such process`
      io.stderr.write(`${site.shellName}: kill: ${target.startsWith('%') ? `${target}: ` : ''}${words}\n`)
      exit = 1
    }
  }
  return exit
}

const wait: Run = async (process) => {
  const { kernel, group } = process
  const specs = process.argv.slice(1).filter((arg) => !arg.startsWith('-'))
  if (specs.length === 0) {
    for (const job of [...kernel.jobs]) await waitForJob(job, kernel, group)
    return 0
  }
  let exit = 0
  for (const spec of specs) {
    const job = findJob(kernel.jobs, spec)
    if (job) exit = await waitForJob(job, kernel, group)
    else {
      process.io.stderr.write(`${process.site.shellName}: wait: pid ${spec} is not a child of this shell\n`)
      exit = 127
    }
  }
  return exit
}

/** Parses and runs text in the shell itself (`eval`, `source`) or in a copy (`bash -c`). */
async function runText(text: string, context: Context): Promise<number> {
  const script = parse(text)
  const problem = script.errors?.[0]
  if (problem) {
    const line = text.slice(0, problem.pos).split('\n').length
    context.io.stderr.write(`${context.site.shellName}: line ${line}: ${problem.message}\n`)
    return 2
  }
  return context.kernel.run.statements(script.commands, { ...context, source: text })
}

const source: Run = (process) => {
  const name = process.argv[1]
  if (name === undefined) {
    process.io.stderr.write(`${process.site.shellName}: ${process.argv[0]}: filename argument required\n`)
    return 2
  }
  const text = process.site.files.read(normalise(name, process.shell.cwd))
  if (!('ok' in text)) {
    process.io.stderr.write(`${process.site.shellName}: ${name}: ${describe(text.error)}\n`)
    return 1
  }
  return runText(text.ok, { ...process.context, io: process.io })
}

/** `bash FILE`, `bash -c TEXT`, `sh` alone: a shell of its own. */
export const runBash: Run = (process) => {
  const { shell, kernel, site, group, env } = process
  const args = process.argv.slice(1)
  const inner = copyState(shell)
  while (args[0] && /^-(?!c$)[a-z]+$/.test(args[0])) {
    const flags = args.shift()!
    if (flags.includes('e')) inner.options.errexit = true
    if (flags.includes('x')) inner.options.xtrace = true
    if (flags.endsWith('c')) args.unshift('-c')
  }
  const context: Context = { ...process.context, io: process.io, shell: inner }
  if (args[0] === '-c') {
    if (args[1] === undefined) {
      process.io.stderr.write(`${process.argv[0]}: -c: option requires an argument\n`)
      return 2
    }
    inner.params = args.slice(3)
    return asProcess(() => runText(args[1]!, context))
  }
  if (args[0] === undefined) return kernel.runShell(site, process.io, group, env, process.io.stdin.tty)
  const text = site.files.read(normalise(args[0], shell.cwd))
  if (!('ok' in text)) {
    process.io.stderr.write(`${process.argv[0]}: ${args[0]}: ${describe(text.error)}\n`)
    return 127
  }
  inner.params = args.slice(1)
  return asProcess(() => runText(text.ok, context))
}

const type: Run = (process) => {
  let exit = 0
  const brief = process.argv[0] !== 'type' || process.argv[1] === '-t'
  for (const name of process.argv.slice(1).filter((arg) => !arg.startsWith('-'))) {
    const alias = process.shell.aliases.get(name)
    if (alias !== undefined) say(process, brief ? `alias ${name}='${alias}'\n` : `${name} is aliased to \`${alias}'\n`)
    else if (process.shell.functions.has(name)) say(process, brief ? `${name}\n` : `${name} is a function\n`)
    else if (BUILTINS.has(name) && !name.startsWith('.'))
      say(process, brief ? `${name}\n` : `${name} is a shell builtin\n`)
    else if (process.kernel.findProgram(name, process.site.place))
      say(process, brief ? `/usr/bin/${name}\n` : `${name} is /usr/bin/${name}\n`)
    else {
      if (!brief) process.io.stderr.write(`${process.site.shellName}: type: ${name}: not found\n`)
      exit = 1
    }
  }
  return exit
}

const alias: Run = (process) => {
  const { aliases } = process.shell
  if (process.argv.length === 1)
    for (const [name, value] of [...aliases].sort()) say(process, `alias ${name}='${value}'\n`)
  for (const arg of process.argv.slice(1)) {
    const at = arg.indexOf('=')
    if (at > 0) aliases.set(arg.slice(0, at), arg.slice(at + 1))
    else if (aliases.has(arg)) say(process, `alias ${arg}='${aliases.get(arg)}'\n`)
    else {
      process.io.stderr.write(`${process.site.shellName}: alias: ${arg}: not found\n`)
      return 1
    }
  }
  return 0
}

const command: Run = (process) => {
  const rest = process.argv.slice(1)
  if (rest[0] === '-v' || rest[0] === '-V') return type({ ...process, argv: ['command', ...rest] })
  return rest.length > 0
    ? process.kernel.run.invoke(rest, { ...process.context, io: process.io }, { skipFunctions: true })
    : 0
}

/** `sudo` changes nothing: everyone is root on these nodes. */
const sudo: Run = (process) => {
  const rest = process.argv.slice(1)
  while (rest[0]?.startsWith('-')) {
    const flag = rest.shift()!
    if (flag === '-u' || flag === '-g') rest.shift()
    if (flag === '-i' || flag === '-s') {
      if (rest.length === 0)
        return process.kernel.runShell(process.site, process.io, process.group, process.env, process.io.stdin.tty)
    }
  }
  while (/^\w+=/.test(rest[0] ?? '')) rest.shift()
  if (rest.length === 0) {
    process.io.stderr.write('usage: sudo [-u user] [command [arg ...]]\n')
    return 1
  }
  const alias = process.shell.aliases.get(rest[0]!)
  return process.kernel.run.invoke(
    alias ? [...alias.split(' '), ...rest.slice(1)] : rest,
    { ...process.context, io: process.io },
    { skipFunctions: true },
  )
}

const local: Run = (process) => {
  const { locals } = process.shell
  if (!locals) {
    process.io.stderr.write(`${process.site.shellName}: local: can only be used in a function\n`)
    return 1
  }
  return declare((shell, name) => {
    if (!locals.has(name)) locals.set(name, shell.vars.get(name))
    shell.vars.set(name, { value: '', exported: false })
  })(process)
}

const history: Run = (process) => {
  const { history: lines } = process.kernel
  const last = numberArg(process.argv[1], lines.length)
  lines.slice(-last).forEach((line, i) => {
    say(process, `${String(lines.length - Math.min(last, lines.length) + i + 1).padStart(5)}  ${line}\n`)
  })
  return 0
}

const loopWord =
  (kind: 'break' | 'continue'): Run =>
  (process) => {
    if (process.shell.loops === 0) {
      process.io.stderr.write(
        `${process.site.shellName}: ${kind}: only meaningful in a \`for', \`while', or \`until' loop\n`,
      )
      return 0
    }
    throw new LoopControl(kind, numberArg(process.argv[1], 1))
  }

const notHere =
  (why: string): Run =>
  (process) => {
    complain(process, why)
    return 1
  }

const table: Readonly<Record<string, Run>> = {
  ':': () => 0,
  true: () => 0,
  false: () => 1,
  cd,
  echo,
  pwd: (process) => (say(process, `${process.shell.cwd}\n`), 0),
  printf: (process) => {
    const [format, ...args] = process.argv[1] === '--' ? process.argv.slice(2) : process.argv.slice(1)
    if (format === undefined) {
      process.io.stderr.write('printf: usage: printf [-v var] format [arguments]\n')
      return 2
    }
    if (format === '-v') {
      setVar(process.shell, args[0] ?? 'REPLY', printf(args[1] ?? '', args.slice(2)).out)
      return 0
    }
    say(process, printf(format, args).out)
    return 0
  },
  test: bracketTest,
  '[': bracketTest,
  export: exportVars,
  readonly: declare((shell, name) => shell.vars.set(name, { value: '', exported: false, ...shell.vars.get(name) })),
  declare: declare((shell, name) => shell.vars.set(name, { value: '', exported: false, ...shell.vars.get(name) })),
  typeset: declare((shell, name) => shell.vars.set(name, { value: '', exported: false, ...shell.vars.get(name) })),
  local,
  unset: ({ argv, shell }) => {
    for (const name of argv.slice(1)) if (!shell.vars.delete(name)) shell.functions.delete(name)
    return 0
  },
  read,
  set,
  shift: (process) => {
    const n = numberArg(process.argv[1], 1)
    if (n > process.shell.params.length) return 1
    process.shell.params = process.shell.params.slice(n)
    return 0
  },
  jobs: jobsList,
  fg,
  bg: notHere('a job that was started with & runs already; Ctrl-Z is not simulated here'),
  kill,
  wait,
  disown: () => 0,
  eval: (process) => runText(process.argv.slice(1).join(' '), { ...process.context, io: process.io }),
  source,
  '.': source,
  '.bash-script': runBash,
  type,
  which: type,
  command,
  exec: notHere('not simulated here: exec; run the command itself'),
  alias,
  unalias: ({ argv, shell }) => {
    if (argv[1] === '-a') shell.aliases.clear()
    for (const name of argv.slice(1)) shell.aliases.delete(name)
    return 0
  },
  sudo,
  history,
  exit: (process) => {
    throw new ExitShell(numberArg(process.argv[1], process.shell.lastExit) & 255)
  },
  logout: (process) => {
    throw new ExitShell(process.shell.lastExit)
  },
  return: (process) => {
    throw new ReturnFrom(numberArg(process.argv[1], process.shell.lastExit) & 255)
  },
  break: loopWord('break'),
  continue: loopWord('continue'),
  trap: notHere('not simulated here: trap'),
  ulimit: notHere('not simulated here: ulimit'),
  umask: () => 0,
  shopt: () => 0,
  complete: () => 0,
  let: (process) =>
    runText(
      process.argv
        .slice(1)
        .map((e) => `((${e}))`)
        .join('; '),
      { ...process.context, io: process.io },
    ),
}

export const BUILTINS: ReadonlyMap<string, { readonly run: Run }> = new Map(
  Object.entries(table).map(([name, run]) => [name, { run }]),
)

export function builtinNames(): readonly string[] {
  return Object.keys(table).filter((name) => !name.startsWith('.') || name === '.')
}
