import { parse } from 'unbash'
import type { Place, Tool } from '../tools/contract.ts'
import { builtinNames } from './builtins.ts'
import { asProcess, ExitShell, LoopControl, ReturnFrom } from './control.ts'
import { normalise } from './files.ts'
import { isIncomplete, placeholderIn, syntaxError } from './incomplete.ts'
import { INTERPRETER } from './interpret.ts'
import { reportJobs } from './jobs.ts'
import { placeholderHint } from './placeholder-hint.ts'
import { Stopped, type Effect, type Host, type Io, type Kernel, type Site } from './process.ts'
import { allPrograms } from './programs.ts'
import { imageHas } from '../tools/container-tools.ts'
import { createSites, promptOf } from './sites.ts'
import { createShellState, type ShellState } from './state.ts'
import { OutputTooLarge, readAll, type Sink, type Source } from './streams.ts'
import { createTasks, exitOf, Killed, type Group, type ModelWait } from './tasks.ts'

export interface SessionOptions {
  readonly host: Host
  readonly tools: readonly Tool[]
  /** Files of the laptop; a name without a slash at its start lies in the working directory. */
  readonly files?: Readonly<Record<string, string>>
  /** Output goes to a terminal: columns, colours, job messages, ^C. */
  readonly tty?: boolean
  /** Where the outermost shell stands; the laptop when absent. */
  readonly place?: Place
  readonly write: (text: string, stream: 'out' | 'err') => void
  readonly onEffect?: (effect: Effect) => void
  /** The shell waits for a line (its prompt), or runs one (undefined). */
  readonly onPrompt?: (prompt: string | undefined) => void
}

export interface Session {
  /** A line as typed, without its newline. Goes to the program that reads, else to the shell. */
  line(text: string): void
  /** Ctrl-D on an empty line. */
  endOfInput(): void
  /** Ctrl-C. */
  interrupt(): void
  /** No more lines will come: shells end when they have run what they got. */
  finish(): void
  /** The prompt, while a shell waits for a line. */
  prompt(): string | undefined
  history(): readonly string[]
  site(): { readonly site: Site; readonly shell: ShellState }
  programNames(): readonly string[]
  /** A file of the laptop's working directory, for the editor beside the terminal. */
  readFile(name: string): string | undefined
  writeFile(name: string, text: string): void
  kernel: Kernel
  /** What the session waits for in the model. Empty while it waits for a line alone. */
  waits(): readonly ModelWait[]
  /** The host moved the model (or looked at its own queue): wake what came true. */
  wake(changed: ReadonlySet<string> | 'any'): void
  quiet(): Promise<void>
  isQuiet(): boolean
  /** The outermost shell has ended. */
  ended(): boolean
  lastExit(): number
  close(): void
}

interface Level {
  readonly site: Site
  readonly shell: ShellState
  /** The line that runs in this shell; undefined while it waits for one. */
  line: Group | undefined
  prompt: string
}

const LAPTOP_HOME = '/home/learner'
const LINE_OUTPUT_LIMIT = 2_000_000
const STEPS_PER_BREATH = 200
type Line = { script: ReturnType<typeof parse>; placeholder: string | undefined; problem: string | undefined }

/** A line as a script. The parser and those who walk its tree are recursive: a line of thousands of brackets is refused. */
function readLine(source: string): Line | 'incomplete' | 'too deep' {
  try {
    const script = parse(source)
    if (isIncomplete(script, source)) return 'incomplete'
    const placeholder = placeholderIn(script, source)
    return { script, placeholder, problem: placeholder === undefined ? syntaxError(script, source, false) : undefined }
  } catch (error) {
    if (error instanceof RangeError) return 'too deep'
    throw error
  }
}

/** Commands without model time passing. More than any lesson needs; far less than a tab can bear. */
const STEP_LIMIT = 100_000

type Typed = { readonly kind: 'line'; readonly text: string } | { readonly kind: 'end' } | { readonly kind: 'cancel' }

export function createSession(options: SessionOptions): Session {
  const { host } = options
  const tty = options.tty ?? false
  const tasks = createTasks((error) =>
    options.write(`bash: internal error: ${error instanceof Error ? error.message : String(error)}\n`, 'err'),
  )
  const root = tasks.group()
  const levels: Level[] = []
  const programs = allPrograms(options.tools)
  const siteOf = createSites(host, options.files ?? {})
  const typed: Typed[] = []
  let finished = false
  let awake: (() => void) | undefined
  let ended = false
  let lastExit = 0
  let lineOutput = 0
  let pid = 41_872
  let steps = 0
  let stepsAt = -1

  const push = (entry: Typed) => {
    typed.push(entry)
    awake?.()
  }
  const nextTyped = async (group: Group): Promise<Typed> => {
    while (typed.length === 0) {
      if (finished) return { kind: 'end' }
      await tasks.block<void>(group, (wake) => {
        awake = () => wake()
        return () => (awake = undefined)
      })
    }
    return typed.shift()!
  }

  const terminalIn: Source = {
    tty: true,
    async read(group) {
      for (;;) {
        const entry = await nextTyped(group)
        if (entry.kind === 'line') return `${entry.text}\n`
        if (entry.kind === 'end') return undefined
      }
    },
    close() {},
  }
  const terminalOut = (stream: 'out' | 'err'): Sink => ({
    tty,
    write(text) {
      lineOutput += text.length
      if (lineOutput > LINE_OUTPUT_LIMIT)
        throw new OutputTooLarge('more than 2 MB of output from one line; narrow it with grep, head or a selector')
      options.write(text, stream)
    },
    close() {},
  })
  const io: Io = { stdin: terminalIn, stdout: terminalOut('out'), stderr: terminalOut('err') }

  const kernel: Kernel = {
    run: INTERPRETER,
    tasks,
    host,
    root,
    jobs: [],
    history: [],
    epochOffset: 1_781_128_800_000_000,
    siteOf,
    programs: () => [...programs.values()],
    findProgram(name, place) {
      const program = programs.get(name)
      if (!program || (program.places && !program.places.includes(place.at))) return undefined
      // A container has what its image brings; `lab` is the lab's own.
      if (
        place.at === 'container' &&
        name !== 'lab' &&
        name !== 'help' &&
        !imageHas(host.reader(), place.container, name)
      )
        return undefined
      return program
    },
    isBuiltin: (name) => builtinNames().includes(name),
    nextPid: () => ++pid,
    async step(group) {
      const { now } = host.reader()
      if (now !== stepsAt) {
        steps = 0
        stepsAt = now
      }
      steps++
      if (steps > STEP_LIMIT)
        throw new Stopped(`stopped: ${STEP_LIMIT} commands ran and no model time passed; put a sleep into the loop`)
      if (group.killed) throw new Killed(group.killed)
      if (steps % STEPS_PER_BREATH === 0) await tasks.waitForModel(group, { breath: true })
    },
    effect: (effect) => options.onEffect?.(effect),
    async runShell(site, shellIo, group, env, interactive) {
      const shell = createShellState(startDir(site, host), { ...site.env, ...env })
      if (site.place.at === 'laptop') shell.aliases.set('k', 'kubectl')
      if (interactive && shellIo.stdin.tty) return interact(site, shell, shellIo, group)
      const text = await readAll(shellIo.stdin, group)
      const script = parse(text)
      const problem = syntaxError(script, text, true)
      if (problem) {
        shellIo.stderr.write(`${site.shellName}: ${problem}\n`)
        return 2
      }
      return asProcess(() =>
        kernel.run.statements(script.commands, { kernel, site, shell, group, io: shellIo, source: text }),
      )
    },
    runIn(site, argv, shellIo, group) {
      if (argv === undefined) return kernel.runShell(site, shellIo, group, {}, true)
      const shell = createShellState(startDir(site, host), site.env)
      return asProcess(() =>
        kernel.run.invoke(argv, { kernel, site, shell, group, io: shellIo, source: argv.join(' ') }),
      )
    },
  }

  /** Reads lines and runs them until `exit` or the end of input. */
  async function interact(site: Site, shell: ShellState, shellIo: Io, group: Group): Promise<number> {
    const level: Level = { site, shell, line: undefined, prompt: '' }
    levels.push(level)
    let pending = ''
    try {
      for (;;) {
        if (pending === '' && tty) shellIo.stderr.write(reportJobs(kernel))
        level.prompt = pending === '' ? promptOf(site, shell) : '> '
        lineOutput = 0
        if (typed.length === 0) options.onPrompt?.(level.prompt)
        const entry = await nextTyped(group)
        options.onPrompt?.(undefined)
        if (entry.kind === 'cancel') {
          pending = ''
          shell.lastExit = 130
          continue
        }
        if (entry.kind === 'end') {
          if (pending !== '')
            shellIo.stderr.write(
              `${site.shellName}: ${syntaxError(parse(pending), pending, true) ?? 'syntax error: unexpected end of file'}\n`,
            )
          if (tty) shellIo.stdout.write(site.place.at === 'node' ? 'logout\n' : 'exit\n')
          return pending !== '' ? 2 : shell.lastExit
        }
        pending += `${entry.text}\n`
        const read = readLine(pending)
        if (read === 'incomplete') continue
        const source = pending
        pending = ''
        if (read === 'too deep') {
          shellIo.stderr.write(`${site.shellName}: the line is nested too deep\n`)
          shell.lastExit = 2
          continue
        }
        const { script, placeholder, problem } = read
        if (source.trim() !== '') kernel.history.push(source.trimEnd())
        if (placeholder !== undefined) {
          shellIo.stderr.write(placeholderHint(placeholder, source, host.reader()))
          shell.lastExit = 2
          continue
        }
        if (problem) {
          shellIo.stderr.write(`${site.shellName}: ${problem}\n`)
          shell.lastExit = 2
          continue
        }
        if (site.place.at === 'node' && host.reader().get('machines', site.place.node)?.off) {
          shellIo.stderr.write(`Connection to ${site.place.node} closed by remote host.\n`)
          return 255
        }
        level.line = tasks.group(group)
        steps = 0
        try {
          shell.loops = 0
          await kernel.run.statements(script.commands, { kernel, site, shell, group: level.line, io: shellIo, source })
        } catch (error) {
          if (error instanceof ExitShell) return error.code
          afterError(error, site, shell, shellIo, level.line)
        } finally {
          tasks.close(level.line)
          level.line = undefined
        }
        if (levels.length === 1) lastExit = shell.lastExit
      }
    } finally {
      levels.splice(levels.indexOf(level), 1)
    }
  }

  function afterError(error: unknown, site: Site, shell: ShellState, shellIo: Io, line: Group): void {
    if (error instanceof ReturnFrom || error instanceof LoopControl) {
      shell.lastExit = error instanceof ReturnFrom ? error.code : 0
    } else if (error instanceof Killed) {
      if (!line.killed && error.signal !== 'PIPE') throw error
      shell.lastExit = exitOf(error.signal)
    } else if (error instanceof Stopped || error instanceof OutputTooLarge) {
      lineOutput = 0
      shellIo.stderr.write(
        `\n${site.shellName}: ${error instanceof Stopped ? error.message : `stopped: ${error.message}`}\n`,
      )
      tasks.kill(line, 'KILL')
      shell.lastExit = 1
    } else if (error instanceof RangeError) {
      // A text or a stack that grew without end; the shell itself must outlive it.
      lineOutput = 0
      shellIo.stderr.write(`\n${site.shellName}: stopped: out of memory (${error.message})\n`)
      tasks.kill(line, 'KILL')
      shell.lastExit = 1
    } else throw error
  }

  const home = siteOf(options.place ?? { at: 'laptop' })
  const outer = createShellState(startDir(home, host), home.env)
  if (home.place.at === 'laptop') outer.aliases.set('k', 'kubectl')
  tasks.spawn(async () => {
    try {
      for (;;) {
        const exit = await interact(home, outer, io, root)
        lastExit = exit
        if (finished || !tty || root.killed) return
        io.stdout.write('This is the outermost shell of the lab; it starts again.\n')
      }
    } catch (error) {
      if (!(error instanceof Killed)) throw error
    } finally {
      ended = true
      tasks.kill(root, 'HUP')
    }
  })

  return {
    line: (text) => push({ kind: 'line', text }),
    endOfInput: () => push({ kind: 'end' }),
    interrupt() {
      const level = levels.at(-1)
      if (!level) return
      if (tty) options.write('^C\n', 'out')
      if (level.line) {
        typed.length = 0
        tasks.kill(level.line, 'INT')
      } else push({ kind: 'cancel' })
    },
    finish() {
      finished = true
      awake?.()
    },
    prompt: () => {
      const level = levels.at(-1)
      return level && !level.line ? level.prompt : undefined
    },
    history: () => kernel.history,
    site: () => levels.at(-1) ?? { site: home, shell: outer },
    programNames: () => [...builtinNames(), ...programs.keys()],
    kernel,
    readFile(name) {
      const text = siteOf({ at: 'laptop' }).files.read(normalise(name, LAPTOP_HOME))
      return 'ok' in text ? text.ok : undefined
    },
    writeFile: (name, text) => void siteOf({ at: 'laptop' }).files.write(normalise(name, LAPTOP_HOME), text),
    waits: () => tasks.waits(),
    wake: (changed) => tasks.wake(host.reader().now, changed),
    quiet: () => tasks.quiet(),
    isQuiet: () => tasks.isQuiet(),
    ended: () => ended,
    lastExit: () => lastExit,
    close: () => tasks.kill(root, 'HUP'),
  }
}

function startDir(site: Site, host: Host): string {
  if (site.place.at !== 'container') return site.home
  return host.reader().get('containers', site.place.container)?.workingDir || '/'
}
