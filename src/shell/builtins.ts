import { bracketTest } from './bracket-test.ts'
import { fg, jobsList, kill, wait } from './builtins/job-control.ts'
import { alias, cd, command, runBash, runText, source, sudo, type } from './builtins/running.ts'
import { declare, echo, exportVars, local, read, set } from './builtins/variables.ts'
import { ExitShell, LoopControl, ReturnFrom } from './control.ts'
import { printf } from './printf.ts'
import { complain, say, type Program } from './process.ts'
import { setVar } from './state.ts'

type Run = Program['run']

const numberArg = (text: string | undefined, otherwise: number) =>
  text === undefined || !/^\d+$/.test(text) ? otherwise : Number(text)

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
