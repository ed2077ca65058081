import { describe, normalise, type Files } from '../files.ts'
import type { Process, Program } from '../process.ts'
import { lineReader, textSource } from '../streams.ts'
import { linesOf, type Input } from './inputs.ts'
import { parseOptions, type Options } from './options.ts'
import { PatternError, posixRegex } from './posix-regex.ts'

const SPEC = {
  flags: 'ivncloLqsEFGPwxrRhHIaUzy',
  values: 'ABCmef',
  number: 'C',
  long: {
    'ignore-case': 'i', 'invert-match': 'v', 'line-number': 'n', count: 'c', 'files-with-matches': 'l', 'only-matching': 'o',
    'files-without-match': 'L', quiet: 'q', silent: 'q', 'no-messages': 's', 'extended-regexp': 'E', 'fixed-strings': 'F',
    'basic-regexp': 'G', 'perl-regexp': 'P', 'word-regexp': 'w', 'line-regexp': 'x', recursive: 'r', 'no-filename': 'h',
    'with-filename': 'H', 'after-context': 'A', 'before-context': 'B', context: 'C', 'max-count': 'm', regexp: 'e', file: 'f',
    text: 'a', color: 'U', colour: 'U', 'line-buffered': 'U',
  },
} // prettier-ignore

/** grep, line by line as the input comes, so that `kubectl get pods -w | grep web` shows each line when it is written. */
export const grep: Program = {
  name: 'grep',
  summary: 'lines that match a pattern',
  async run(process) {
    const argv = process.argv.map((arg) => arg.replace(/^--colou?r(=.*)?$/, '--color'))
    const options = parseOptions({ ...process, argv }, SPEC)
    if (!options) return 2
    const args = [...options.args]
    const patterns = options.list.filter(([option]) => option === 'e').flatMap(([, value]) => value.split('\n'))
    for (const [option, value] of options.list) {
      if (option !== 'f') continue
      const text = process.site.files.read(normalise(value, process.shell.cwd))
      if (!('ok' in text)) {
        process.io.stderr.write(`grep: ${value}: ${describe(text.error)}\n`)
        return 2
      }
      patterns.push(...linesOf(text.ok))
    }
    if (patterns.length === 0 && !options.values.has('f')) {
      const first = args.shift()
      if (first === undefined) {
        process.io.stderr.write("Usage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information.\n")
        return 2
      }
      patterns.push(...first.split('\n'))
    }
    let regexes: RegExp[]
    try {
      regexes = patterns.map((pattern) => compile(pattern, options, process.argv[0]!))
    } catch (error) {
      if (!(error instanceof PatternError)) throw error
      process.io.stderr.write(`grep: ${error.message}\n`)
      return 2
    }
    const recursive = options.flags.has('r') || options.flags.has('R')
    const { inputs, failed } = inputsOf(process, args, recursive, options.flags.has('s'))
    const named = options.flags.has('H') || (!options.flags.has('h') && (recursive || args.length > 1))
    let found = false
    for (const input of inputs) {
      if (await search(process, input, regexes, options, named)) found = true
      if (found && options.flags.has('q')) return 0
    }
    return failed ? 2 : found ? 0 : 1
  },
}

function compile(pattern: string, options: Options, name: string): RegExp {
  const has = (flag: string) => options.flags.has(flag)
  const kind = has('P')
    ? 'perl'
    : has('F') || name === 'fgrep'
      ? 'fixed'
      : has('E') || name === 'egrep'
        ? 'extended'
        : 'basic'
  const plain = posixRegex(pattern, kind, '')
  let source = pattern === '' ? '' : plain.source
  if (has('w')) source = `(?<!\\w)(?:${source})(?!\\w)`
  if (has('x')) source = `^(?:${source})$`
  return new RegExp(source, has('i') || has('y') ? 'gi' : 'g')
}

function inputsOf(
  process: Process,
  args: readonly string[],
  recursive: boolean,
  silent: boolean,
): { inputs: Input[]; failed: boolean } {
  if (args.length === 0 && !recursive)
    return { inputs: [{ name: '(standard input)', source: process.io.stdin }], failed: false }
  const inputs: Input[] = []
  let failed = false
  for (const name of args.length > 0 ? args : ['.']) {
    if (name === '-') {
      inputs.push({ name: '(standard input)', source: process.io.stdin })
      continue
    }
    const path = normalise(name, process.shell.cwd)
    const text = process.site.files.read(path)
    if ('ok' in text) inputs.push({ name, source: textSource(text.ok) })
    else if (text.error === 'EISDIR' && recursive) walk(process.site.files, path, name, inputs)
    else {
      if (!silent)
        process.io.stderr.write(`grep: ${name}: ${text.error === 'EISDIR' ? 'Is a directory' : describe(text.error)}\n`)
      failed = true
    }
  }
  return { inputs, failed }
}

function walk(files: Files, path: string, name: string, out: Input[]): void {
  const names = files.list(path)
  if (!('ok' in names)) return
  for (const child of names.ok) {
    if (out.length > 2000) return
    const childPath = path === '/' ? `/${child}` : `${path}/${child}`
    const text = files.read(childPath)
    if ('ok' in text) out.push({ name: name === '.' ? child : `${name}/${child}`, source: textSource(text.ok) })
    else if (text.error === 'EISDIR') walk(files, childPath, name === '.' ? child : `${name}/${child}`, out)
  }
}

async function search(
  process: Process,
  input: Input,
  regexes: readonly RegExp[],
  options: Options,
  named: boolean,
): Promise<boolean> {
  const has = (flag: string) => options.flags.has(flag)
  const number = (option: string) => Number(options.values.get(option) ?? options.values.get('C') ?? 0)
  const after = options.values.has('A') ? Number(options.values.get('A')) : number('A')
  const before = options.values.has('B') ? Number(options.values.get('B')) : number('B')
  const max = options.values.has('m') ? Number(options.values.get('m')) : Infinity
  const quiet = has('q') || has('c') || has('l') || has('L')
  const next = lineReader(input.source)
  const waiting: { n: number; line: string }[] = []
  let count = 0
  let trailing = 0
  let lastShown = 0
  const show = (n: number, line: string, mark: ':' | '-') => {
    if (lastShown > 0 && n > lastShown + 1 && (after > 0 || before > 0)) process.io.stdout.write('--\n')
    lastShown = n
    process.io.stdout.write(`${named ? input.name + mark : ''}${has('n') ? n + mark : ''}${line}\n`)
  }
  for (let n = 1; ; n++) {
    const got = await next(process.group)
    if (!got) break
    const hit = regexes.some((regex) => ((regex.lastIndex = 0), regex.test(got.line))) !== has('v')
    if (hit && count < max) {
      count++
      if (has('q') || has('l')) break
      if (!quiet) {
        if (has('o')) {
          if (!has('v'))
            for (const text of matchesIn(got.line, regexes))
              process.io.stdout.write(`${named ? `${input.name}:` : ''}${has('n') ? `${n}:` : ''}${text}\n`)
        } else {
          for (const held of waiting.splice(0)) show(held.n, held.line, '-')
          show(n, got.line, ':')
        }
        trailing = after
      }
      if (count >= max && trailing === 0) break
    } else if (trailing > 0 && !quiet && !has('o')) {
      show(n, got.line, '-')
      trailing--
      if (trailing === 0 && count >= max) break
    } else if (before > 0 && count < max) {
      waiting.push({ n, line: got.line })
      if (waiting.length > before) waiting.shift()
    }
    if (count >= max && trailing === 0) break
  }
  if (has('c')) process.io.stdout.write(`${named ? `${input.name}:` : ''}${count}\n`)
  else if (has('l') && count > 0) process.io.stdout.write(`${input.name}\n`)
  else if (has('L') && count === 0) process.io.stdout.write(`${input.name}\n`)
  return has('L') ? count === 0 : count > 0
}

/** All matches of any pattern, left to right, never empty. */
function matchesIn(line: string, regexes: readonly RegExp[]): string[] {
  const found: { at: number; text: string }[] = []
  for (const regex of regexes) {
    regex.lastIndex = 0
    for (const match of line.matchAll(regex)) if (match[0] !== '') found.push({ at: match.index, text: match[0] })
  }
  found.sort((a, b) => a.at - b.at || b.text.length - a.text.length)
  const out: string[] = []
  let end = 0
  for (const { at, text } of found) {
    if (at < end) continue
    out.push(text)
    end = at + text.length
  }
  return out
}
