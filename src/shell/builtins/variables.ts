import { printf } from '../printf.ts'
import { say, type Program } from '../process.ts'
import { getVar, setVar, type ShellState } from '../state.ts'
import { lineReader, type Source } from '../streams.ts'

type Run = Program['run']

export const echo: Run = (process) => {
  let i = 1
  let newline = true
  let escapes = process.site.place.at === 'container' && process.site.shellName === 'ash'
  for (; /^-[neE]+$/.test(process.argv[i] ?? ''); i++) {
    for (const flag of process.argv[i]!.slice(1)) {
      if (flag === 'n') newline = false
      else escapes = flag === 'e'
    }
  }
  const text = process.argv.slice(i).join(' ')
  const shown = escapes ? printf('%b', [text]) : { out: text, stop: false }
  say(process, shown.out + (newline && !shown.stop ? '\n' : ''))
  return 0
}

export const declare =
  (mark: (shell: ShellState, name: string) => void): Run =>
  (process) => {
    const { shell } = process
    for (const arg of process.argv.slice(1)) {
      if (/^[-+][a-zA-Z]+$/.test(arg)) continue
      const match = /^([A-Za-z_]\w*)(\+?=)?([\s\S]*)$/.exec(arg)
      if (!match || (match[2] === undefined && match[3] !== '')) {
        process.io.stderr.write(`${process.site.shellName}: ${process.argv[0]}: \`${arg}': not a valid identifier\n`)
        return 1
      }
      if (match[2]) {
        mark(shell, match[1]!)
        setVar(shell, match[1]!, match[2] === '+=' ? (getVar(shell, match[1]!) ?? '') + match[3]! : match[3]!)
      } else mark(shell, match[1]!)
    }
    return 0
  }

export const exportVars: Run = (process) => {
  const { shell } = process
  if (process.argv.length === 1 || process.argv[1] === '-p') {
    const names = [...shell.vars].filter(([, v]) => v.exported).map(([name]) => name)
    for (const name of names.sort()) say(process, `declare -x ${name}="${getVar(shell, name)}"\n`)
    return 0
  }
  return declare((state, name) => state.vars.set(name, { value: '', ...state.vars.get(name), exported: true }))(process)
}

export const read: Run = async (process) => {
  const { shell, io } = process
  const args = process.argv.slice(1)
  const names: string[] = []
  let raw = false
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (arg === '-p') {
      if (io.stdin.tty) io.stderr.write(args[i + 1] ?? '')
      i++
    } else if (/^-[a-z]+$/.test(arg)) raw ||= arg.includes('r')
    else names.push(arg)
  }
  const reader = readerOf(io.stdin)
  let got = await reader(process.group)
  let line = got?.line ?? ''
  while (!raw && got?.ended && /(^|[^\\])(\\\\)*\\$/.test(line)) {
    got = await reader(process.group)
    line = line.slice(0, -1) + (got?.line ?? '')
  }
  if (!raw) line = line.replace(/\\(.)/g, '$1')
  const ifs = getVar(shell, 'IFS') ?? ' \t\n'
  if (names.length === 0) setVar(shell, 'REPLY', line)
  else splitInto(names, line, ifs, shell)
  return got?.ended ? 0 : 1
}

const readers = new WeakMap<Source, ReturnType<typeof lineReader>>()

/** One reader per source: what `read` left over is there for the next `read`. */
function readerOf(source: Source): ReturnType<typeof lineReader> {
  let reader = readers.get(source)
  if (!reader) readers.set(source, (reader = lineReader(source)))
  return reader
}

function splitInto(names: readonly string[], line: string, ifs: string, shell: ShellState): void {
  const isSpace = (c: string) => ifs.includes(c) && ' \t\n'.includes(c)
  let rest = line
  const trim = () => {
    let i = 0
    while (i < rest.length && isSpace(rest[i]!)) i++
    rest = rest.slice(i)
  }
  for (const [i, name] of names.entries()) {
    trim()
    if (i === names.length - 1) {
      let end = rest.length
      while (end > 0 && isSpace(rest[end - 1]!)) end--
      setVar(shell, name, rest.slice(0, end))
      return
    }
    let end = 0
    while (end < rest.length && !ifs.includes(rest[end]!)) end++
    setVar(shell, name, rest.slice(0, end))
    rest = rest.slice(end)
    trim()
    if (rest !== '' && ifs.includes(rest[0]!) && !isSpace(rest[0]!)) rest = rest.slice(1)
  }
}

export const set: Run = (process) => {
  const { shell } = process
  const args = process.argv.slice(1)
  const names = { e: 'errexit', u: 'nounset', x: 'xtrace' } as const
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (arg === '--') {
      shell.params = args.slice(i + 1)
      return 0
    }
    if (arg === '-o' || arg === '+o') {
      const name = args[++i]
      if (name !== undefined && name in shell.options) shell.options[name as keyof typeof shell.options] = arg === '-o'
    } else if (/^[-+][a-z]+$/.test(arg)) {
      for (const flag of arg.slice(1)) {
        if (flag in names) shell.options[names[flag as keyof typeof names]] = arg.startsWith('-')
        if (flag === 'o') {
          const name = args[++i]
          if (name !== undefined && name in shell.options)
            shell.options[name as keyof typeof shell.options] = arg.startsWith('-')
        }
      }
    } else {
      shell.params = args.slice(i)
      return 0
    }
  }
  return 0
}

export const local: Run = (process) => {
  const { locals } = process.shell
  if (!locals) {
    process.io.stderr.write(`${process.site.shellName}: local: can only be used in a function\n`)
    return 1
  }
  return declare((shell, name) => {
    if (!locals.has(name)) locals.set(name, shell.vars.get(name))
    shell.vars.set(name, { value: '', exported: false })
  })(process)
}
