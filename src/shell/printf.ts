/** printf(1) as bash has it: the format is used again while arguments are left. */
export function printf(format: string, args: readonly string[]): { out: string; stop: boolean } {
  let out = ''
  let i = 0
  let stop = false
  const next = () => args[i++] ?? ''
  do {
    const before = i
    const round = once(format, next)
    out += round.out
    stop = round.stop
    if (i === before) break
  } while (i < args.length && !stop && out.length < 1_000_000)
  return { out, stop }
}

function once(format: string, next: () => string): { out: string; stop: boolean } {
  let out = ''
  for (let i = 0; i < format.length; i++) {
    const c = format[i]!
    if (c === '\\') {
      const escape = readEscape(format, i)
      out += escape.text
      i = escape.end
      if (escape.stop) return { out, stop: true }
      continue
    }
    if (c !== '%') {
      out += c
      continue
    }
    const spec = /^%([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+))?([a-zA-Z%])/.exec(format.slice(i))
    if (!spec) {
      out += c
      continue
    }
    i += spec[0].length - 1
    if (spec[4] === '%') {
      out += '%'
      continue
    }
    const width = spec[2] === '*' ? Number(next()) : Number(spec[2] ?? 0)
    const precision = spec[3] === '*' ? Number(next()) : spec[3] === undefined ? undefined : Number(spec[3])
    const formatted = conversion(spec[4]!, next(), spec[1]!, precision)
    if (formatted.stop) return { out: out + formatted.text, stop: true }
    out += pad(formatted.text, Math.min(width, 10_000), spec[1]!, /[dioxXufeg]/.test(spec[4]!))
  }
  return { out, stop: false }
}

function conversion(
  kind: string,
  arg: string,
  flags: string,
  precision: number | undefined,
): { text: string; stop?: boolean } {
  switch (kind) {
    case 's':
      return { text: precision === undefined ? arg : arg.slice(0, precision) }
    case 'b': {
      let text = ''
      for (let i = 0; i < arg.length; i++) {
        if (arg[i] !== '\\') {
          text += arg[i]
          continue
        }
        const escape = readEscape(arg, i)
        text += escape.text
        i = escape.end
        if (escape.stop) return { text, stop: true }
      }
      return { text }
    }
    case 'q':
      return { text: /^[\w@%+=:,./-]+$/.test(arg) ? arg : arg.replace(/[^\w@%+=:,./-]/g, '\\$&') }
    case 'c':
      return { text: arg.slice(0, 1) }
    case 'd':
    case 'i':
    case 'u': {
      const value = wholeNumber(arg)
      const sign = value < 0 ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : ''
      return { text: sign + String(Math.abs(value)).padStart(precision ?? 0, '0') }
    }
    case 'x':
      return { text: (flags.includes('#') ? '0x' : '') + wholeNumber(arg).toString(16) }
    case 'X':
      return { text: (flags.includes('#') ? '0X' : '') + wholeNumber(arg).toString(16).toUpperCase() }
    case 'o':
      return { text: wholeNumber(arg).toString(8) }
    case 'f':
    case 'F':
      return { text: (Number(arg) || 0).toFixed(Math.min(precision ?? 6, 50)) }
    case 'e':
      return { text: (Number(arg) || 0).toExponential(Math.min(precision ?? 6, 50)) }
    case 'g':
      return { text: String(Number(arg) || 0) }
    default:
      return { text: `%${kind}` }
  }
}

function wholeNumber(text: string): number {
  if (text.startsWith("'") || text.startsWith('"')) return text.charCodeAt(1) || 0
  return Math.trunc(Number(text.trim()) || 0)
}

function pad(text: string, width: number, flags: string, numeric: boolean): string {
  if (flags.includes('-')) return text.padEnd(width)
  if (flags.includes('0') && numeric) {
    const sign = /^[-+ ]/.test(text) ? text[0]! : ''
    return sign + text.slice(sign.length).padStart(width - sign.length, '0')
  }
  return text.padStart(width)
}

const LETTERS: Record<string, string> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
}

/** One backslash escape at `i`; `end` is its last character. `\c` stops all output. */
function readEscape(text: string, i: number): { text: string; end: number; stop?: boolean } {
  const c = text[i + 1]
  if (c === undefined) return { text: '\\', end: i }
  if (c === 'c') return { text: '', end: i + 1, stop: true }
  if (LETTERS[c] !== undefined) return { text: LETTERS[c], end: i + 1 }
  const hex = /^\\x([0-9a-fA-F]{1,2})/.exec(text.slice(i, i + 4))
  if (hex) return { text: String.fromCharCode(parseInt(hex[1]!, 16)), end: i + hex[0].length - 1 }
  const unicode = /^\\u([0-9a-fA-F]{1,4})/.exec(text.slice(i, i + 6))
  if (unicode) return { text: String.fromCharCode(parseInt(unicode[1]!, 16)), end: i + unicode[0].length - 1 }
  const octal = /^\\0?([0-7]{1,3})/.exec(text.slice(i, i + 5))
  if (octal) return { text: String.fromCharCode(parseInt(octal[1]!, 8) & 255), end: i + octal[0].length - 1 }
  return { text: `\\${c}`, end: i + 1 }
}
