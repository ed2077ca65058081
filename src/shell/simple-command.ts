import type { Assignment, Command, CommandNode } from 'unbash'
import { BUILTINS } from './builtins.ts'
import { ReturnFrom } from './control.ts'
import { describe, normalise } from './files.ts'
import { notFound } from './not-found.ts'
import { Stopped, type Context, type Process } from './process.ts'
import { redirect } from './redirects.ts'
import { environment, setVar, type ShellState, type Variable } from './state.ts'
import { wordContext } from './word-context.ts'
import { type WordContext } from './expansion.ts'
import { arithmeticOf, expandToText, expandWord } from './words.ts'

const MAX_DEPTH = 100
const LONGEST_VALUE = 4_000_000
const MOST_ELEMENTS = 10_000

export async function runSimple(node: Command, context: Context): Promise<number> {
  const { shell } = context
  const words = wordContext(context)
  const argv: string[] = []
  if (node.name) argv.push(...(await expandWord(node.name, words)))
  const declares = ['export', 'local', 'readonly', 'declare', 'typeset', 'alias'].includes(argv[0] ?? '')
  for (const arg of node.args) {
    // `export x=$y` does not split, and neither does an assignment.
    if (arg.type === 'Assignment') argv.push(await assignmentText(arg, words))
    else if (declares && /^\w+=/.test(arg.text)) argv.push(await expandToText(arg, words))
    else argv.push(...(await expandWord(arg, words)))
  }
  expandAlias(argv, shell)
  const assignments = node.prefix.filter((item) => item.type === 'Assignment')
  if (shell.options.xtrace) context.io.stderr.write(`+ ${argv.map(quoteForTrace).join(' ')}\n`)
  if (argv.length === 0) {
    if (node.redirects.length > 0) await redirect(node.redirects, context, words)
    const before = shell.lastExit
    shell.lastExit = 0
    for (const a of assignments) await assign(a, shell, words)
    // `x=$(false)` has the status of the substitution.
    return assignments.some((a) => a.text.includes('$(') || a.text.includes('`'))
      ? shell.lastExit
      : node.redirects.length
        ? 0
        : before && 0
  }
  const io = node.redirects.length > 0 ? await redirect(node.redirects, context, words) : context.io
  const inner = { ...context, io }
  if (assignments.length === 0) return invoke(argv, inner)
  const saved = new Map<string, Variable | undefined>()
  for (const a of assignments) {
    saved.set(a.name, shell.vars.get(a.name))
    await assign(a, shell, words)
    shell.vars.set(a.name, { ...shell.vars.get(a.name)!, exported: true })
  }
  try {
    return await invoke(argv, inner)
  } finally {
    for (const [name, old] of saved) {
      if (old) shell.vars.set(name, old)
      else shell.vars.delete(name)
    }
  }
}

/** Runs a command by name: function, builtin, program of the place, file with a path. */
export async function invoke(
  argv: readonly string[],
  context: Context,
  options: { skipFunctions?: boolean } = {},
): Promise<number> {
  const { shell, kernel, site, group, io } = context
  const name = argv[0]!
  const process: Process = { argv, io, group, site, shell, kernel, env: environment(shell), context }
  const fn = options.skipFunctions ? undefined : shell.functions.get(name)
  if (fn) return callFunction(fn, argv.slice(1), context)
  const builtin = BUILTINS.get(name)
  if (builtin) return builtin.run(process)
  const program = kernel.findProgram(name.replace(/^\/(usr\/)?(local\/)?s?bin\//, ''), site.place)
  if (program) return program.run(process)
  if (name.includes('/')) return runPath(process)
  const answer = notFound(name, site, kernel)
  io.stderr.write(answer.text)
  return answer.exit
}

async function callFunction(
  fn: NonNullable<ReturnType<ShellState['functions']['get']>>,
  args: readonly string[],
  context: Context,
): Promise<number> {
  const { shell } = context
  if (shell.depth >= MAX_DEPTH) throw new Stopped(`stopped: ${fn.name.value} called itself more than ${MAX_DEPTH} deep`)
  const saved = { params: shell.params, locals: shell.locals, loops: shell.loops }
  shell.params = args
  shell.locals = new Map()
  shell.loops = 0
  shell.depth++
  try {
    return await context.kernel.run.command(fn.body as CommandNode, context)
  } catch (error) {
    if (error instanceof ReturnFrom) return error.code
    throw error
  } finally {
    for (const [name, old] of shell.locals) {
      if (old) shell.vars.set(name, old)
      else shell.vars.delete(name)
    }
    Object.assign(shell, saved)
    shell.depth--
  }
}

function runPath(process: Process): Promise<number> | number {
  const { site, shell, io } = process
  const name = process.argv[0]!
  const path = normalise(name, shell.cwd)
  const stat = site.files.stat(path)
  const fail = (words: string, exit: number) => {
    io.stderr.write(`${site.shellName}: ${name}: ${words}\n`)
    return exit
  }
  if (!('ok' in stat)) return fail(describe(stat.error), 127)
  if (stat.ok.kind === 'dir') return fail('Is a directory', 126)
  const text = site.files.read(path)
  if ('ok' in text && /^#!.*\b(ba|da|a)?sh\b/.test(text.ok))
    return BUILTINS.get('.bash-script')!.run({ ...process, argv: ['bash', path, ...process.argv.slice(1)] })
  return fail('Permission denied', 126)
}

async function assignmentText(a: Assignment, words: WordContext): Promise<string> {
  if (a.value.type === 'ArrayValue') return a.text
  return `${a.name}${a.append ? '+=' : '='}${await expandToText(a.value, words)}`
}

async function assign(a: Assignment, shell: ShellState, words: WordContext): Promise<void> {
  if (a.value.type === 'ArrayValue') {
    const elements: string[] = []
    for (const element of a.value.elements) elements.push(...(await expandWord(element, words)))
    const old = shell.vars.get(a.name)?.value
    const before = a.append && old !== undefined ? (typeof old === 'string' ? [old] : old) : []
    if (before.length + elements.length > MOST_ELEMENTS)
      throw new Stopped(`stopped: ${a.name} has more than ${MOST_ELEMENTS} elements`)
    setVar(shell, a.name, [...before, ...elements])
    return
  }
  const value = await expandToText(a.value, words)
  if (value.length > LONGEST_VALUE) throw new Stopped(`stopped: the value of ${a.name} is longer than 4 MB`)
  const old = shell.vars.get(a.name)?.value
  if (a.index) {
    const list = old === undefined ? [] : typeof old === 'string' ? [old] : [...old]
    const index = Number(await arithmeticOf(await expandToText(a.index, words), words))
    if (index >= 0 && index < 10_000) {
      while (list.length < index) list.push('')
      list[index] = a.append ? (list[index] ?? '') + value : value
    }
    setVar(shell, a.name, list)
    return
  }
  setVar(shell, a.name, a.append ? (typeof old === 'string' ? old : (old?.[0] ?? '')) + value : value)
}

function expandAlias(argv: string[], shell: ShellState): void {
  for (let i = 0; i < 10; i++) {
    const alias = argv[0] === undefined ? undefined : shell.aliases.get(argv[0])
    if (alias === undefined) return
    const words = alias.split(/\s+/).filter((word) => word !== '')
    const again = words[0] === argv[0]
    argv.splice(0, 1, ...words)
    if (again) return
  }
}

function quoteForTrace(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, `'\\''`)}'`
}
