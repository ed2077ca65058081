import { parse } from 'unbash'
import { asProcess } from '../control.ts'
import { describe, normalise } from '../files.ts'
import { say, type Context, type Program } from '../process.ts'
import { copyState, getVar } from '../state.ts'

type Run = Program['run']

export const cd: Run = (process) => {
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

/** Parses and runs text in the shell itself (`eval`, `source`) or in a copy (`bash -c`). */
export async function runText(text: string, context: Context): Promise<number> {
  const script = parse(text)
  const problem = script.errors?.[0]
  if (problem) {
    const line = text.slice(0, problem.pos).split('\n').length
    context.io.stderr.write(`${context.site.shellName}: line ${line}: ${problem.message}\n`)
    return 2
  }
  return context.kernel.run.statements(script.commands, { ...context, source: text })
}

export const source: Run = (process) => {
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

export const type: Run = (process) => {
  let exit = 0
  const brief = process.argv[0] !== 'type' || process.argv[1] === '-t'
  for (const name of process.argv.slice(1).filter((arg) => !arg.startsWith('-'))) {
    const alias = process.shell.aliases.get(name)
    if (alias !== undefined) say(process, brief ? `alias ${name}='${alias}'\n` : `${name} is aliased to \`${alias}'\n`)
    else if (process.shell.functions.has(name)) say(process, brief ? `${name}\n` : `${name} is a function\n`)
    else if (process.kernel.isBuiltin(name)) say(process, brief ? `${name}\n` : `${name} is a shell builtin\n`)
    else if (process.kernel.findProgram(name, process.site.place))
      say(process, brief ? `/usr/bin/${name}\n` : `${name} is /usr/bin/${name}\n`)
    else {
      if (!brief) process.io.stderr.write(`${process.site.shellName}: type: ${name}: not found\n`)
      exit = 1
    }
  }
  return exit
}

export const alias: Run = (process) => {
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

export const command: Run = (process) => {
  const rest = process.argv.slice(1)
  if (rest[0] === '-v' || rest[0] === '-V') return type({ ...process, argv: ['command', ...rest] })
  return rest.length > 0
    ? process.kernel.run.invoke(rest, { ...process.context, io: process.io }, { skipFunctions: true })
    : 0
}

/** `sudo` changes nothing: everyone is root on these nodes. */
export const sudo: Run = (process) => {
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
