import { civil } from '../../sim/clock.ts'
import { complain, type Process, type Program } from '../process.ts'
import { collectingSink, readAll } from '../streams.ts'
import { exitOf, Killed } from '../tasks.ts'
import { asProcess } from '../control.ts'
import { linesOf } from './inputs.ts'
import { parseOptions } from './options.ts'

const UNITS: Record<string, number> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 }

/** `10`, `0.5`, `2m`: microseconds; undefined when it is no duration. */
export function durationMicros(text: string): number | undefined {
  const match = /^(\d+(?:\.\d*)?|\.\d+)([smhd]?)$/.exec(text)
  return match ? Math.round(Number(match[1]) * UNITS[match[2]!]! * 1e6) : undefined
}

export const sleep: Program = {
  name: 'sleep',
  summary: 'wait, in model time',
  async run(process) {
    const args = process.argv.slice(1)
    if (args.length === 0) {
      complain(process, "missing operand\nTry 'sleep --help' for more information.")
      return 1
    }
    let total = 0
    for (const arg of args) {
      if (arg === 'infinity' || arg === 'inf') {
        total = Number.MAX_SAFE_INTEGER / 2
        continue
      }
      const micros = durationMicros(arg)
      if (micros === undefined) {
        complain(process, `invalid time interval '${arg}'\nTry 'sleep --help' for more information.`)
        return 1
      }
      total += micros
    }
    await process.kernel.tasks.waitForModel(process.group, { until: process.kernel.host.reader().now + total })
    return 0
  },
}

/** watch: runs its command every n seconds of model time; on a terminal each round clears the screen. */
export const watch: Program = {
  name: 'watch',
  summary: 'run a command every two seconds of model time',
  async run(process) {
    const rest = process.argv.slice(1)
    let seconds = 2
    let titled = true
    let diffs = false
    while (rest[0]?.startsWith('-')) {
      const option = rest.shift()!
      if (option === '-n' || option === '--interval') seconds = Number(rest.shift())
      else if (/^-n[\d.]+$/.test(option)) seconds = Number(option.slice(2))
      else if (option === '-t' || option === '--no-title') titled = false
      else if (option === '-d' || option === '--differences') diffs = true
      else {
        complain(process, `not simulated here: ${option}; -n and -t work`)
        return 1
      }
    }
    void diffs
    if (rest.length === 0) {
      process.io.stderr.write('Usage:\n watch [options] command\n')
      return 1
    }
    const step = Math.max(100_000, Math.round((Number.isFinite(seconds) ? seconds : 2) * 1e6))
    const tty = process.io.stdout.tty
    for (;;) {
      const now = process.kernel.host.reader().now
      const sink = collectingSink()
      const context = { ...process.context, io: { ...process.io, stdout: sink, stderr: sink } }
      await asProcess(() => process.kernel.run.invoke(['bash', '-c', rest.join(' ')], context))
      if (process.group.killed) throw new Killed(process.group.killed)
      const c = civil(now)
      const pad = (n: number) => String(n).padStart(2, '0')
      const left = `Every ${(step / 1e6).toFixed(1)}s: ${rest.join(' ')}`
      const title = titled
        ? `${left}${' '.repeat(Math.max(4, 72 - left.length))}${pad(c.hour)}:${pad(c.minute)}:${pad(c.second)}\n\n`
        : ''
      process.io.stdout.write((tty ? '\x1b[H\x1b[2J' : '') + title + sink.text() + (tty ? '' : '\n'))
      await process.kernel.tasks.waitForModel(process.group, { until: now + step })
    }
  },
}

export const timeout: Program = {
  name: 'timeout',
  summary: 'stop a command after some model time',
  async run(process) {
    const options = parseOptions(
      { ...process, argv: process.argv.slice(0, firstCommand(process.argv)) },
      { flags: 'v', values: 'sk', long: { signal: 's', 'kill-after': 'k', foreground: 'v', 'preserve-status': 'v' } },
    )
    const command = process.argv.slice(firstCommand(process.argv))
    const limit = durationMicros(options?.args[0] ?? '')
    if (!options || limit === undefined || command.length === 0) {
      complain(
        process,
        options?.args[0] && limit === undefined
          ? `invalid time interval '${options.args[0]}'`
          : "missing operand\nTry 'timeout --help' for more information.",
      )
      return 125
    }
    const { tasks } = process.kernel
    const group = tasks.group(process.group)
    let exit: number | undefined
    let failure: unknown
    let done: (() => void) | undefined
    tasks.spawn(async () => {
      try {
        exit = await asProcess(() => process.kernel.run.invoke(command, { ...process.context, io: process.io, group }))
      } catch (error) {
        failure = error
        exit = 1
      } finally {
        done?.()
      }
    })
    let timedOut = false
    tasks.spawn(async () => {
      const clock = tasks.group(process.group)
      const stop = () => tasks.kill(clock, 'TERM')
      const before = done
      done = () => (before?.(), stop())
      try {
        await tasks.waitForModel(clock, { until: process.kernel.host.reader().now + limit })
        timedOut = exit === undefined
        tasks.kill(group, 'TERM')
      } catch (error) {
        if (!(error instanceof Killed)) throw error
      } finally {
        tasks.close(clock)
      }
    })
    await tasks.block<void>(process.group, (wake) => {
      const before = done
      done = () => (before?.(), wake())
      if (exit !== undefined) wake()
      return undefined
    })
    tasks.close(group)
    if (failure) throw failure
    return timedOut ? 124 : (exit ?? exitOf('TERM'))
  },
}

/** Where the command starts: after the options and the duration. */
function firstCommand(argv: readonly string[]): number {
  let i = 1
  while (argv[i]?.startsWith('-')) i += argv[i] === '-s' || argv[i] === '-k' ? 2 : 1
  return i + 1
}

export const yes: Program = {
  name: 'yes',
  summary: 'say y until told to stop',
  async run(process) {
    const line = `${process.argv.slice(1).join(' ') || 'y'}\n`
    for (;;) {
      process.io.stdout.write(line)
      await process.kernel.step(process.group)
    }
  },
}

export const xargs: Program = {
  name: 'xargs',
  summary: 'run a command with words from the input',
  async run(process) {
    const rest = process.argv.slice(1)
    let perCall = Infinity
    let replace: string | undefined
    let separator: string | undefined
    let noEmpty = false
    while (rest[0]?.startsWith('-') && rest[0].length > 1) {
      const option = rest.shift()!
      const value = () => (option.length > 2 ? option.slice(2) : (rest.shift() ?? ''))
      if (option.startsWith('-n')) perCall = Number(value())
      else if (option.startsWith('-L')) perCall = Number(value())
      else if (option.startsWith('-I')) replace = value()
      else if (option.startsWith('-d')) separator = value().replace(/^\\n$/, '\n').replace(/^\\t$/, '\t')
      else if (option === '-0' || option === '--null') separator = '\0'
      else if (option === '-r' || option === '--no-run-if-empty') noEmpty = true
      else if (option.startsWith('-P')) value()
      else if (option !== '-t') {
        complain(process, `not simulated here: ${option}; -n, -I, -d, -0, -r, -L work`)
        return 1
      }
    }
    if (!(perCall >= 1)) {
      complain(process, 'value for -n option should be >= 1')
      return 1
    }
    const command = rest.length > 0 ? rest : ['echo']
    const text = await readAll(process.io.stdin, process.group)
    const words =
      replace !== undefined
        ? linesOf(text)
            .map((line) => line.trim())
            .filter((line) => line !== '')
        : separator !== undefined
          ? text
              .replace(separator === '\n' ? /\n$/ : /(?!)/, '')
              .split(separator)
              .filter((word) => word !== '')
          : wordsOf(text)
    const calls: string[][] = []
    if (replace !== undefined) for (const word of words) calls.push(command.map((arg) => arg.split(replace).join(word)))
    else if (words.length === 0 && !noEmpty) calls.push([...command])
    else
      for (let i = 0; i < words.length; i += Math.min(perCall, words.length))
        calls.push([...command, ...words.slice(i, i + Math.min(perCall, words.length))])
    let exit = 0
    for (const argv of calls) {
      await process.kernel.step(process.group)
      const one = await runQuietly(process, argv)
      if (one === 127) return 127
      if (one !== 0) exit = 123
    }
    return exit
  },
}

function runQuietly(process: Process, argv: readonly string[]): Promise<number> {
  const context = {
    ...process.context,
    io: { ...process.io, stdin: { tty: false, read: () => Promise.resolve(undefined), close() {} } },
  }
  return asProcess(() => process.kernel.run.invoke(argv, context, { skipFunctions: true }))
}

/** Blank-separated words with quotes and backslashes, as xargs reads them. */
function wordsOf(text: string): string[] {
  const words: string[] = []
  const pattern = /(?:[^\s'"\\]|\\[\s\S]|'[^'\n]*'|"[^"\n]*")+/g
  for (const match of text.matchAll(pattern)) {
    words.push(
      match[0].replace(
        /\\([\s\S])|'([^'\n]*)'|"([^"\n]*)"/g,
        (_, a?: string, b?: string, c?: string) => a ?? b ?? c ?? '',
      ),
    )
  }
  return words
}
