import { civil, type CivilTime } from '../../sim/clock.ts'
import { byteLength, nameOf, normalise, parentOf } from '../files.ts'
import { complain, type Program } from '../process.ts'
import { fileSink } from '../redirects.ts'
import type { Sink } from '../streams.ts'
import { linesOf, openInputs, readInputs } from './inputs.ts'
import { parseOptions } from './options.ts'
import { readAll } from '../streams.ts'

export const cat: Program = {
  name: 'cat',
  summary: 'print files',
  async run(process) {
    const options = parseOptions(process, { flags: 'nbsAETvetu', long: { number: 'n' } })
    if (!options) return 1
    const { inputs, failed } = openInputs(process, options.args)
    const numbered = options.flags.has('n') || options.flags.has('b')
    const marks = options.flags.has('A') || options.flags.has('E') || options.flags.has('e')
    const tabs = options.flags.has('A') || options.flags.has('T') || options.flags.has('t')
    let n = 0
    for (const input of inputs) {
      for (;;) {
        const piece = await input.source.read(process.group)
        if (piece === undefined) break
        if (!numbered && !marks && !tabs) {
          process.io.stdout.write(piece)
          continue
        }
        const ended = piece.endsWith('\n')
        const lines = linesOf(piece).map((line) => {
          const skip = options.flags.has('b') && line === ''
          const shown = (tabs ? line.replace(/\t/g, '^I') : line) + (marks ? '$' : '')
          return numbered && !skip ? `${String(++n).padStart(6)}\t${shown}` : shown
        })
        process.io.stdout.write(lines.join('\n') + (ended ? '\n' : ''))
      }
    }
    return failed ? 1 : 0
  },
}

export const tee: Program = {
  name: 'tee',
  summary: 'copy input to files and output',
  async run(process) {
    const options = parseOptions(process, { flags: 'ai', long: { append: 'a' } })
    if (!options) return 1
    const sinks: Sink[] = options.args.map((name) =>
      name === '/dev/stderr'
        ? process.io.stderr
        : fileSink(process.site.files, normalise(name, process.shell.cwd), name, options.flags.has('a')),
    )
    for (;;) {
      const piece = await process.io.stdin.read(process.group)
      if (piece === undefined) return 0
      process.io.stdout.write(piece)
      for (const sink of sinks) sink.write(piece)
    }
  },
}

export const wc: Program = {
  name: 'wc',
  summary: 'count lines, words and bytes',
  async run(process) {
    const options = parseOptions(process, {
      flags: 'lwcmL',
      long: { lines: 'l', words: 'w', bytes: 'c', chars: 'm', 'max-line-length': 'L' },
    })
    if (!options) return 1
    const { inputs, failed } = openInputs(process, options.args)
    const wanted =
      options.flags.size > 0 ? ['l', 'w', 'm', 'c', 'L'].filter((flag) => options.flags.has(flag)) : ['l', 'w', 'c']
    const rows: { name: string; cells: number[] }[] = []
    for (const input of inputs) {
      const text = await readAll(input.source, process.group)
      const all: Record<string, number> = {
        l: text.split('\n').length - 1,
        w: text.split(/\s+/).filter((word) => word !== '').length,
        c: byteLength(text),
        m: text.length,
        L: linesOf(text).reduce((max, line) => Math.max(max, line.length), 0),
      }
      rows.push({ name: input.name === '-' ? '' : input.name, cells: wanted.map((flag) => all[flag]!) })
    }
    if (rows.length > 1)
      rows.push({ name: 'total', cells: wanted.map((_, i) => rows.reduce((sum, row) => sum + row.cells[i]!, 0)) })
    const single = wanted.length === 1 && inputs.length === 1
    const width = single
      ? 1
      : options.args.length === 0
        ? 7
        : Math.max(...rows.flatMap((row) => row.cells.map((cell) => String(cell).length)))
    for (const row of rows) {
      const cells = row.cells.map((cell) => String(cell).padStart(width)).join(' ')
      process.io.stdout.write(`${cells}${row.name ? ` ${row.name}` : ''}\n`)
    }
    return failed ? 1 : 0
  },
}

export const seq: Program = {
  name: 'seq',
  summary: 'numbers in order',
  run(process) {
    const options = parseOptions(
      { ...process, argv: process.argv.map((arg) => (/^-\d/.test(arg) ? ` ${arg}` : arg)) },
      { flags: 'w', values: 's' },
    )
    if (!options) return 1
    const numbers = options.args.map((arg) => Number(arg.trim()))
    if (numbers.length === 0 || numbers.length > 3 || numbers.some((n) => !Number.isFinite(n))) {
      complain(
        process,
        numbers.length === 0
          ? 'missing operand'
          : `invalid floating point argument: '${options.args.find((a) => !Number.isFinite(Number(a)))}'`,
      )
      return 1
    }
    const first = numbers.length > 1 ? numbers[0]! : 1
    const step = numbers.length > 2 ? numbers[1]! : 1
    const last = numbers.at(-1)!
    if (step === 0) {
      complain(process, `invalid Zero increment value: '0'`)
      return 1
    }
    const digits = Math.max(...options.args.map((arg) => (arg.trim().split('.')[1] ?? '').length))
    const out: string[] = []
    for (let i = 0; step > 0 ? first + i * step <= last + 1e-9 : first + i * step >= last - 1e-9; i++) {
      out.push((first + i * step).toFixed(digits))
      if (out.length > 200_000) {
        complain(process, 'more than 200000 numbers are not simulated here')
        return 1
      }
    }
    const width = options.flags.has('w') ? Math.max(0, ...out.map((text) => text.length)) : 0
    const separator = options.values.get('s') ?? '\n'
    if (out.length > 0) process.io.stdout.write(`${out.map((text) => text.padStart(width, '0')).join(separator)}\n`)
    return 0
  },
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const LONG_DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const LONG_MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

/** date: the model's clock, always UTC. */
export const date: Program = {
  name: 'date',
  summary: 'the time in the model',
  run(process) {
    const options = parseOptions(process, {
      flags: 'uR',
      values: 'dI',
      long: { utc: 'u', iso: 'I', 'rfc-email': 'R', date: 'd' },
    })
    if (!options) return 1
    const now = process.kernel.host.reader().now
    const format = options.args.find((arg) => arg.startsWith('+'))?.slice(1)
    if (options.values.has('d')) {
      complain(process, 'not simulated here: -d; date alone prints the time in the model')
      return 1
    }
    const at = civil(now)
    if (options.flags.has('R')) process.io.stdout.write(`${strftime('%a, %d %b %Y %H:%M:%S +0000', at, now)}\n`)
    else if (options.values.has('I')) process.io.stdout.write(`${strftime('%Y-%m-%dT%H:%M:%S+00:00', at, now)}\n`)
    else process.io.stdout.write(`${strftime(format ?? '%a %b %e %H:%M:%S UTC %Y', at, now)}\n`)
    return 0
  },
}

const two = (n: number) => String(n).padStart(2, '0')

function strftime(format: string, c: CivilTime, now: number): string {
  const one = (code: string): string => {
    switch (code) {
      case 'Y':
        return String(c.year)
      case 'm':
        return two(c.month)
      case 'd':
        return two(c.day)
      case 'e':
        return String(c.day).padStart(2)
      case 'H':
        return two(c.hour)
      case 'I':
        return two(c.hour % 12 || 12)
      case 'M':
        return two(c.minute)
      case 'S':
        return two(c.second)
      case 'N':
        return `${String(c.micros).padStart(6, '0')}000`
      case 'p':
        return c.hour < 12 ? 'AM' : 'PM'
      case 'a':
        return DAYS[c.weekday]!
      case 'A':
        return LONG_DAYS[c.weekday]!
      case 'b':
      case 'h':
        return MONTHS[c.month - 1]!
      case 'B':
        return LONG_MONTHS[c.month - 1]!
      case 'u':
        return String(c.weekday || 7)
      case 'w':
        return String(c.weekday)
      case 's':
        return String(1_781_128_800 + Math.floor(now / 1e6))
      case 'y':
        return two(c.year % 100)
      case 'F':
        return strftime('%Y-%m-%d', c, now)
      case 'T':
        return strftime('%H:%M:%S', c, now)
      case 'R':
        return strftime('%H:%M', c, now)
      case 'D':
        return strftime('%m/%d/%y', c, now)
      case 'Z':
        return 'UTC'
      case 'z':
        return '+0000'
      case 'n':
        return '\n'
      case 't':
        return '\t'
      case '%':
        return '%'
      default:
        return `%${code}`
    }
  }
  return format.replace(/%-?([a-zA-Z%])/g, (whole, code: string) =>
    whole[1] === '-' ? one(code).replace(/^[0 ]/, '') : one(code),
  )
}

export const basename: Program = {
  name: 'basename',
  summary: 'the last part of a path',
  run(process) {
    const path = process.argv[1]
    if (path === undefined) {
      complain(process, "missing operand\nTry 'basename --help' for more information.")
      return 1
    }
    const name = nameOf(path.replace(/(.)\/+$/, '$1')) || '/'
    const suffix = process.argv[2]
    process.io.stdout.write(
      `${suffix && name !== suffix && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name}\n`,
    )
    return 0
  },
}

export const dirname: Program = {
  name: 'dirname',
  summary: 'a path without its last part',
  run(process) {
    for (const path of process.argv.slice(1)) {
      const trimmed = path.replace(/(.)\/+$/, '$1')
      process.io.stdout.write(`${trimmed.includes('/') ? parentOf(trimmed) : '.'}\n`)
    }
    return 0
  },
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

export const base64: Program = {
  name: 'base64',
  summary: 'encode or decode base64',
  async run(process) {
    const options = parseOptions(process, { flags: 'di', values: 'w', long: { decode: 'd', wrap: 'w' } })
    if (!options) return 1
    const { text, failed } = await readInputs(process, options.args)
    if (failed) return 1
    if (options.flags.has('d')) {
      const clean = text.replace(/\s/g, '')
      if (/[^A-Za-z0-9+/=]/.test(clean)) {
        complain(process, 'invalid input')
        return 1
      }
      process.io.stdout.write(fromBytes(decodeBase64(clean)))
      return 0
    }
    const encoded = encodeBase64(toBytes(text))
    const width = Number(options.values.get('w') ?? 76)
    const lines = width > 0 ? (encoded.match(new RegExp(`.{1,${width}}`, 'g')) ?? []) : [encoded]
    process.io.stdout.write(lines.join('\n') + (width > 0 && lines.length > 0 ? '\n' : ''))
    return 0
  },
}

function toBytes(text: string): number[] {
  const encoded = encodeURIComponent(text)
  const bytes: number[] = []
  for (let i = 0; i < encoded.length; i++) {
    if (encoded[i] === '%') {
      bytes.push(parseInt(encoded.slice(i + 1, i + 3), 16))
      i += 2
    } else bytes.push(encoded.charCodeAt(i))
  }
  return bytes
}

function fromBytes(bytes: readonly number[]): string {
  try {
    return decodeURIComponent(bytes.map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''))
  } catch {
    return bytes.map((byte) => String.fromCharCode(byte)).join('')
  }
}

export function encodeBase64(bytes: readonly number[]): string {
  let out = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const n = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    out += ALPHABET[n >> 18]! + ALPHABET[(n >> 12) & 63]!
    out += i + 1 < bytes.length ? ALPHABET[(n >> 6) & 63]! : '='
    out += i + 2 < bytes.length ? ALPHABET[n & 63]! : '='
  }
  return out
}

function decodeBase64(text: string): number[] {
  const bytes: number[] = []
  let bits = 0
  let n = 0
  for (const c of text.replace(/=+$/, '')) {
    n = ((n << 6) | ALPHABET.indexOf(c)) & 0xffffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      bytes.push((n >> bits) & 255)
    }
  }
  return bytes
}
