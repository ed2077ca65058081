import type { AndOr, CommandNode, PipelineNode, Statement } from 'unbash'
import { ArithmeticError } from './arithmetic.ts'
import { runCompound } from './compound.ts'
import { asProcess, ExitShell } from './control.ts'
import { mayFork, startJob } from './jobs.ts'
import { Stopped, type Context, type Interpreter, type Io } from './process.ts'
import { RedirectError } from './redirects.ts'
import { invoke, runSimple } from './simple-command.ts'
import { copyState, ReadonlyVariable } from './state.ts'
import { createPipe, OutputTooLarge } from './streams.ts'
import { Killed, type Group } from './tasks.ts'
import { ExpansionError } from './expansion.ts'

async function runStatements(statements: readonly Statement[], context: Context): Promise<number> {
  for (const statement of statements) {
    await context.kernel.step(context.group)
    context.shell.lastExit = statement.background
      ? startJob(statement, context, (inner) => runNode(statement.command, inner))
      : await runNode(statement.command, context)
  }
  return context.shell.lastExit
}

async function runNode(node: PipelineNode | AndOr, context: Context): Promise<number> {
  if (node.type === 'AndOr') return runAndOr(node, context)
  return node.type === 'Pipeline' ? runPipeline(node, context) : runCommand(node, context)
}

async function runAndOr(node: AndOr, context: Context): Promise<number> {
  const tested = { ...context, tested: true }
  let exit = await runNode(node.commands[0]!, node.commands.length > 1 ? tested : context)
  for (const [i, operator] of node.operators.entries()) {
    context.shell.lastExit = exit
    if ((operator === '&&') !== (exit === 0)) continue
    exit = await runNode(node.commands[i + 1]!, i + 2 < node.commands.length ? tested : context)
  }
  return exit
}

async function runPipeline(node: Extract<PipelineNode, { type: 'Pipeline' }>, context: Context): Promise<number> {
  const negated = node.prefixes.filter((prefix) => prefix.type === 'Negation').length % 2 === 1
  const timed = node.prefixes.some((prefix) => prefix.type === 'Time')
  const started = context.kernel.host.reader().now
  const inner = negated ? { ...context, tested: true } : context
  const exit = node.commands.length === 1 ? await runCommand(node.commands[0]!, inner) : await runStages(node, inner)
  if (timed) {
    const seconds = (context.kernel.host.reader().now - started) / 1e6
    const real = `${Math.floor(seconds / 60)}m${(seconds % 60).toFixed(3)}s`
    context.io.stderr.write(`\nreal\t${real}\nuser\t0m0.000s\nsys\t0m0.000s\n`)
  }
  return negated ? (exit === 0 ? 1 : 0) : exit
}

/** Every stage is a process of its own with a copy of the shell; all run beside one another. */
async function runStages(node: Extract<PipelineNode, { type: 'Pipeline' }>, context: Context): Promise<number> {
  const { tasks } = context.kernel
  mayFork(context)
  const exits: number[] = []
  let left = node.commands.length
  let finished: (() => void) | undefined
  let failure: unknown
  let stdin = context.io.stdin
  const groups: Group[] = []
  for (const [i, command] of node.commands.entries()) {
    const isLast = i === node.commands.length - 1
    const pipe = isLast ? undefined : createPipe(tasks)
    const withErrors = node.operators[i] === '|&'
    const io: Io = {
      stdin,
      stdout: pipe?.sink ?? context.io.stdout,
      stderr: withErrors && pipe ? pipe.sink : context.io.stderr,
    }
    const source = stdin
    const group = tasks.group(context.group)
    groups.push(group)
    const stage: Context = { ...context, io, group, shell: copyState(context.shell), tested: true }
    tasks.spawn(async () => {
      try {
        exits[i] = await asProcess(() => runCommand(command, stage))
      } catch (error) {
        failure ??= error
        exits[i] = 1
        for (const other of groups) if (other !== group) tasks.kill(other, 'TERM')
      } finally {
        pipe?.sink.close()
        if (i > 0) source.close()
        tasks.close(group)
        left--
        if (left === 0) finished?.()
      }
    })
    if (pipe) stdin = pipe.source
  }
  await tasks.block<void>(context.group, (wake) => {
    finished = wake
    if (left === 0) wake()
    return undefined
  })
  if (failure) throw failure
  if (context.group.killed) throw new Killed(context.group.killed)
  if (context.shell.options.pipefail) return exits.findLast((exit) => exit !== 0) ?? 0
  return exits.at(-1) ?? 0
}

async function runCommand(node: CommandNode, context: Context): Promise<number> {
  try {
    const exit = await (node.type === 'Command' ? runSimple(node, context) : runCompound(node, context))
    if (exit !== 0 && context.shell.options.errexit && !context.tested && node.type === 'Command')
      throw new ExitShell(exit)
    return exit
  } catch (error) {
    if (
      error instanceof ExpansionError ||
      error instanceof RedirectError ||
      error instanceof ArithmeticError ||
      error instanceof ReadonlyVariable
    ) {
      context.io.stderr.write(`${context.site.shellName}: ${error.message}\n`)
      return 1
    }
    if (error instanceof OutputTooLarge) throw new Stopped(`stopped: ${error.message}`)
    throw error
  }
}

export const INTERPRETER: Interpreter = { statements: runStatements, command: runCommand, invoke }
