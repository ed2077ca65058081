import type { FileView, Tool, ToolCall } from '../tools/contract.ts'
import { runKubectl } from '../tools/kubectl/kubectl.ts'
import { describe, normalise, type Files } from './files.ts'
import type { Process, Program } from './process.ts'
import { readAll } from './streams.ts'
import { Killed } from './tasks.ts'

/** Makes a program of a pure tool: calls it again when what it waits for has come, and hands its inputs to the model. */
export function toolProgram(tool: Tool): Program {
  return {
    name: tool.name,
    summary: tool.summary,
    places: tool.places,
    ...(tool.complete ? { complete: tool.complete } : {}),
    async run(process) {
      // The documentation of the API weighs more than all tools together: it is loaded when it is asked for.
      if (tool.name === 'kubectl' && process.argv.includes('explain')) {
        const { explain } = await import('../tools/kubectl/explain.ts')
        return runTool({ ...tool, run: (call) => runKubectl(call, [explain]) }, process)
      }
      return runTool(tool, process)
    },
  }
}

export function fileView(files: Files, cwd: string): FileView {
  return {
    read(path) {
      const text = files.read(normalise(path, cwd))
      return 'ok' in text ? text.ok : undefined
    },
    list(path) {
      const names = files.list(normalise(path, cwd))
      return 'ok' in names ? names.ok : undefined
    },
  }
}

/** Rounds without model time passing: a tool that never ends nor waits is a bug of ours, and must not hang the session. */
const MAX_ROUNDS = 20_000

async function runTool(tool: Tool, process: Process): Promise<number> {
  const { kernel, site, shell, io, group } = process
  const reads = readsInput(process.argv) || (tool.readsInput?.(process.argv) ?? false)
  const stdin = reads ? await readAll(io.stdin, group) : undefined
  let state: unknown
  let interrupted = false
  let ran: number | undefined
  let rounds = 0
  let lastNow = -1
  for (;;) {
    const reader = kernel.host.reader()
    if (reader.now !== lastNow) rounds = 0
    lastNow = reader.now
    if (++rounds > MAX_ROUNDS) {
      io.stderr.write(`${tool.name}: stopped: it neither ended nor waited\n`)
      return 1
    }
    const call: ToolCall = {
      argv: process.argv,
      stdin,
      reader,
      place: site.place,
      env: process.env,
      cwd: shell.cwd,
      files: fileView(site.files, shell.cwd),
      tty: io.stdout.tty,
      state,
      interrupted,
      ran,
      running: (words) => kernel.jobs.some((job) => !job.done && job.text.replace(/^k /, 'kubectl ').startsWith(words)),
    }
    const result = tool.run(call)
    state = result.state
    ran = undefined
    if (result.out && result.outFirst) io.stdout.write(result.out)
    if (result.err) io.stderr.write(result.err)
    if (result.out && !result.outFirst) io.stdout.write(result.out)
    for (const file of result.files ?? []) {
      const path = normalise(file.path, shell.cwd)
      const error = file.text === undefined ? site.files.remove(path) : site.files.write(path, file.text)
      if (error) io.stderr.write(`${tool.name}: ${file.path}: ${describe(error)}\n`)
    }
    if (result.inputs && result.inputs.length > 0) {
      kernel.host.give(result.inputs)
      // Their handlers have run: who waits on a table looks again.
      kernel.tasks.wake(kernel.host.reader().now, 'any')
    }
    if (result.effect?.kind === 'enter') {
      const exit = await enter(process, result.effect.place, result.effect.argv)
      if (result.exit !== undefined && exit === -1) {
        io.stderr.write(`${tool.name}: exec: "${result.effect.argv?.[0] ?? ''}": executable file not found in $PATH\n`)
        return 127
      }
      if (result.exit !== undefined) return exit
      ran = exit
      continue
    }
    if (result.effect) kernel.effect(result.effect)
    if (interrupted) throw new Killed('INT')
    if (result.exit !== undefined) return result.exit
    if (!result.wait && result.inputs) {
      await kernel.step(group)
      continue
    }
    try {
      await kernel.tasks.waitForModel(group, result.wait ?? { breath: true })
    } catch (error) {
      if (!(error instanceof Killed) || error.signal !== 'INT') throw error
      interrupted = true
    }
  }
}

/** `ssh`, `docker exec`, `kubectl exec`: the same streams, another place. */
async function enter(
  process: Process,
  place: Parameters<Process['kernel']['siteOf']>[0],
  argv: readonly string[] | undefined,
): Promise<number> {
  const { kernel, io, group } = process
  // runc resolves the program itself, without a shell: what is not there is told apart from what failed.
  if (place.at === 'container' && !isThere(kernel, place, argv?.[0] ?? 'sh')) return -1
  return kernel.runIn(kernel.siteOf(place), argv, io, group)
}

function isThere(kernel: Process['kernel'], place: Parameters<Process['kernel']['siteOf']>[0], name: string): boolean {
  const bare = name.replace(/^\/(usr\/)?(local\/)?s?bin\//, '')
  const builtins = ['echo', 'printf', 'pwd', 'true', 'false', 'test', '[', 'kill']
  // What the shell has built in stands as a program beside it, where the image has any at all.
  if (builtins.includes(bare)) return kernel.findProgram('sh', place) !== undefined
  return kernel.findProgram(bare, place) !== undefined
}

/** Standard input is read only when asked for by name, so that `while read x; do kubectl get ...; done` keeps its lines. */
function readsInput(argv: readonly string[]): boolean {
  return argv.some(
    (arg, i) =>
      i > 0 &&
      (arg === '-' ||
        arg === '-f-' ||
        arg === '@-' ||
        arg === '-d@-' ||
        arg === '/dev/stdin' ||
        /=(-|\/dev\/stdin)$/.test(arg)),
  )
}
