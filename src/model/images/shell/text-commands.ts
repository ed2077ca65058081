/** Commands that turn text into text: enough for probes and the scripts of the documentation. */
import { arithmetic } from './expand.ts'
import { inputs } from './file-commands.ts'
import type { Command } from './commands.ts'

const lines = (text: string): string[] => {
  const all = text.split('\n')
  if (all.at(-1) === '') all.pop()
  return all
}
const joined = (list: readonly string[]): string => list.map((line) => `${line}\n`).join('')

/** -n N, -nN, -N; other words are files. */
function count(
  argv: readonly string[],
  usual: number,
): { n: number; files: string[]; follow: boolean; fromStart: boolean } {
  let n = usual
  let follow = false
  let fromStart = false
  const files: string[] = []
  const words = argv.slice(1)
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    const m = /^-[nc]?(\+?\d+)$/.exec(word)
    const value = word === '-n' || word === '-c' ? words[++i] : m?.[1]
    if (value !== undefined) {
      n = Number(value)
      fromStart = value.startsWith('+')
    } else if (word === '-f' || word === '-F') follow = true
    else if (!word.startsWith('-')) files.push(word)
  }
  return { n, files, follow, fromStart }
}

const head: Command = (call) => {
  const { n, files } = count(call.argv, 10)
  const { texts, err } = inputs(call, files)
  return { out: texts.map((text) => joined(lines(text).slice(0, n))).join(''), err, status: err === '' ? 0 : 1 }
}

/** `tail -f` shows what is there and then waits for ever; what is written later is not shown. */
const tail: Command = (call) => {
  const { n, files, follow, fromStart } = count(call.argv, 10)
  const { texts, err } = inputs(call, files)
  const out = texts
    .map((text) => joined(fromStart ? lines(text).slice(n - 1) : n === 0 ? [] : lines(text).slice(-n)))
    .join('')
  return { out, err, status: err === '' ? 0 : 1, ...(follow && err === '' ? { forever: true } : {}) }
}

/** A basic regular expression as JavaScript's; undefined where it is none. */
function pattern(text: string, ignoreCase: boolean, fixed: boolean): RegExp | undefined {
  const source = fixed ? text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&') : text.replaceAll('\\|', '|')
  try {
    return new RegExp(source, ignoreCase ? 'i' : '')
  } catch {
    return undefined
  }
}

const grep: Command = (call) => {
  const words = call.argv.slice(1)
  const flags = words.filter((w) => /^-[A-Za-z]/.test(w)).join('')
  const [expression = '', ...files] = words.filter((w) => !/^-[A-Za-z]/.test(w))
  const re = pattern(expression, flags.includes('i'), flags.includes('F'))
  if (!re) return { err: `grep: bad regex '${expression}'\n`, status: 2 }
  const { texts, err } = inputs(call, files)
  const found = texts.flatMap(lines).filter((line) => re.test(line) !== flags.includes('v'))
  if (flags.includes('q')) return { status: found.length > 0 ? 0 : 1 }
  return {
    out: flags.includes('c') ? `${found.length}\n` : joined(found),
    err,
    status: err !== '' ? 2 : found.length > 0 ? 0 : 1,
  }
}

const wc: Command = (call) => {
  const words = call.argv.slice(1)
  const { texts, err } = inputs(
    call,
    words.filter((w) => !w.startsWith('-')),
  )
  const text = texts.join('')
  const counts = { l: lines(text).length, w: text.split(/\s+/).filter(Boolean).length, c: text.length }
  const flag = words.find((w) => /^-[lwc]$/.test(w))
  return {
    out: flag ? `${counts[flag[1] as 'l' | 'w' | 'c']}\n` : `${counts.l} ${counts.w} ${counts.c}\n`,
    err,
    status: err === '' ? 0 : 1,
  }
}

const sort: Command = (call) => {
  const words = call.argv.slice(1)
  const { texts, err } = inputs(
    call,
    words.filter((w) => !w.startsWith('-')),
  )
  const all = texts.flatMap(lines)
  const numeric = words.some((w) => /^-.*n/.test(w))
  all.sort((a, b) => (numeric ? Number(a) - Number(b) : 0) || (a < b ? -1 : a > b ? 1 : 0))
  if (words.some((w) => /^-.*r/.test(w))) all.reverse()
  return { out: joined(words.some((w) => /^-.*u/.test(w)) ? [...new Set(all)] : all), err }
}

const cut: Command = (call) => {
  const words = call.argv.slice(1)
  let delimiter = '\t'
  let fields: number[] = []
  const files: string[] = []
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    if (word.startsWith('-d')) delimiter = word.length > 2 ? word.slice(2) : (words[++i] ?? '')
    else if (word.startsWith('-f'))
      fields = (word.length > 2 ? word.slice(2) : (words[++i] ?? '')).split(',').map(Number)
    else files.push(word)
  }
  const { texts, err } = inputs(call, files)
  return {
    out: joined(
      texts.flatMap(lines).map((line) => fields.map((f) => line.split(delimiter)[f - 1] ?? '').join(delimiter)),
    ),
    err,
  }
}

const tr: Command = ({ argv, stdin }) => {
  if (argv[1] === '-d') return { out: [...(stdin ?? '')].filter((c) => !expandSet(argv[2] ?? '').includes(c)).join('') }
  const from = expandSet(argv[1] ?? '')
  const to = expandSet(argv[2] ?? '')
  return {
    out: [...(stdin ?? '')].map((c) => (from.includes(c) ? (to[from.indexOf(c)] ?? to.at(-1) ?? '') : c)).join(''),
  }
}

function expandSet(text: string): string {
  const plain = text.replaceAll('\\n', '\n').replaceAll('[:upper:]', 'A-Z').replaceAll('[:lower:]', 'a-z')
  return plain.replace(/(.)-(.)/g, (_, a: string, b: string) => {
    let out = ''
    for (let code = a.charCodeAt(0); code <= b.charCodeAt(0); code++) out += String.fromCharCode(code)
    return out
  })
}

export const TEXT_COMMANDS: Readonly<Record<string, Command>> = {
  head,
  tail,
  grep,
  wc,
  sort,
  cut,
  tr,
  uniq: ({ stdin }) => ({ out: joined(lines(stdin ?? '').filter((line, i, all) => line !== all[i - 1])) }),
  basename: ({ argv }) => ({ out: `${(argv[1] ?? '').replace(/\/+$/, '').replace(/^.*\//, '')}\n` }),
  dirname: ({ argv }) => ({ out: `${(argv[1] ?? '').replace(/\/[^/]*$/, '') || '/'}\n` }),
  expr: ({ argv }) => {
    const value = arithmetic(argv.slice(1).join(' '))
    return { out: `${value}\n`, status: value === 0 ? 1 : 0 }
  },
}
