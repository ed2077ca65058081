import { normalise } from '../files.ts'
import type { Process, Program } from '../process.ts'
import { lineReader, readAll, type Source } from '../streams.ts'
import { linesOf, openInputs } from './inputs.ts'
import { parseOptions } from './options.ts'

const SECOND = 1_000_000

function counts(process: Process, text: string, what: string): { n: number; sign: string } | undefined {
  const match = /^([-+]?)(\d+)([kKM]?)$/.exec(text)
  if (!match) {
    process.io.stderr.write(`${process.argv[0]}: invalid number of ${what}: '${text}'\n`)
    return undefined
  }
  return { sign: match[1]!, n: Number(match[2]) * (match[3] === '' ? 1 : match[3] === 'M' ? 1_048_576 : 1024) }
}

function heading(name: string, first: boolean): string {
  return `${first ? '' : '\n'}==> ${name === '-' ? 'standard input' : name} <==\n`
}

export const head: Program = {
  name: 'head',
  summary: 'the first lines',
  async run(process) {
    const options = parseOptions(process, {
      flags: 'qv',
      values: 'nc',
      number: 'n',
      long: { lines: 'n', bytes: 'c', quiet: 'q', verbose: 'v' },
    })
    if (!options) return 1
    const bytes = options.values.get('c')
    const count = counts(process, bytes ?? options.values.get('n') ?? '10', bytes ? 'bytes' : 'lines')
    if (!count) return 1
    const { inputs, failed } = openInputs(process, options.args)
    const headings = options.flags.has('v') || (inputs.length > 1 && !options.flags.has('q'))
    for (const [i, input] of inputs.entries()) {
      if (headings) process.io.stdout.write(heading(input.name, i === 0))
      if (bytes !== undefined) {
        const text = await readAll(input.source, process.group)
        process.io.stdout.write(count.sign === '-' ? text.slice(0, -count.n) : text.slice(0, count.n))
      } else if (count.sign === '-') {
        const lines = linesOf(await readAll(input.source, process.group))
        for (const line of lines.slice(0, Math.max(0, lines.length - count.n))) process.io.stdout.write(`${line}\n`)
      } else await firstLines(process, input.source, count.n)
    }
    return failed ? 1 : 0
  },
}

async function firstLines(process: Process, source: Source, n: number): Promise<void> {
  const next = lineReader(source)
  for (let i = 0; i < n; i++) {
    const got = await next(process.group)
    if (!got) return
    process.io.stdout.write(got.ended ? `${got.line}\n` : got.line)
  }
}

export const tail: Program = {
  name: 'tail',
  summary: 'the last lines; -f follows a file',
  async run(process) {
    const options = parseOptions(process, {
      flags: 'fFqv',
      values: 'ncs',
      number: 'n',
      long: { lines: 'n', bytes: 'c', follow: 'f', quiet: 'q', retry: 'F' },
    })
    if (!options) return 1
    const bytes = options.values.get('c')
    const args = [...options.args]
    let wanted = bytes ?? options.values.get('n') ?? '10'
    if (/^\+\d+$/.test(args[0] ?? '')) wanted = args.shift()!
    const count = counts(process, wanted, bytes ? 'bytes' : 'lines')
    if (!count) return 1
    const { inputs, failed } = openInputs(process, args)
    const headings = options.flags.has('v') || (inputs.length > 1 && !options.flags.has('q'))
    const sizes: number[] = []
    for (const [i, input] of inputs.entries()) {
      if (headings) process.io.stdout.write(heading(input.name, i === 0))
      const text = await readAll(input.source, process.group)
      sizes.push(text.length)
      process.io.stdout.write(bytes !== undefined ? lastBytes(text, count) : lastLines(text, count))
    }
    if (!options.flags.has('f') && !options.flags.has('F')) return failed ? 1 : 0
    const followed = args.filter((name) => name !== '-')
    if (followed.length === 0 || inputs.length === 0) return failed ? 1 : 0
    // Files here are views over the model: look again each second of model time, as tail does without inotify.
    for (;;) {
      const now = process.kernel.host.reader().now
      await process.kernel.tasks.waitForModel(process.group, { until: now + SECOND })
      for (const [i, name] of followed.entries()) {
        const text = process.site.files.read(normalise(name, process.shell.cwd))
        if (!('ok' in text)) continue
        if (text.ok.length < sizes[i]!) {
          process.io.stderr.write(`tail: ${name}: file truncated\n`)
          sizes[i] = 0
        }
        process.io.stdout.write(text.ok.slice(sizes[i]))
        sizes[i] = text.ok.length
      }
    }
  },
}

function lastBytes(text: string, count: { n: number; sign: string }): string {
  if (count.sign === '+') return text.slice(Math.max(0, count.n - 1))
  return count.n === 0 ? '' : text.slice(-count.n)
}

function lastLines(text: string, count: { n: number; sign: string }): string {
  const lines = text.split('\n')
  const open = lines.at(-1) !== ''
  if (!open) lines.pop()
  const kept = count.sign === '+' ? lines.slice(Math.max(0, count.n - 1)) : count.n === 0 ? [] : lines.slice(-count.n)
  return kept.length === 0 ? '' : kept.join('\n') + (open ? '' : '\n')
}
