/**
 * POSIX basic and extended regular expressions as JavaScript ones, with the GNU additions that grep documents
 * (`\+ \? \|` in basic ones, `\< \> \b \w \s`). Throws with grep's wording on a broken pattern.
 */
export class PatternError extends Error {}

const CLASSES: Record<string, string> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: ' \\t\\n\\r\\f\\v',
  blank: ' \\t',
  punct: '!-\\/:-@\\[-`{-~',
  print: ' -~',
  graph: '!-~',
  cntrl: '\\x00-\\x1f\\x7f',
  xdigit: '0-9A-Fa-f',
}

export function posixRegex(pattern: string, kind: 'basic' | 'extended' | 'perl' | 'fixed', flags: string): RegExp {
  const source =
    kind === 'fixed' ? escapeRegex(pattern) : kind === 'perl' ? pattern : translate(pattern, kind === 'extended')
  try {
    return new RegExp(source, flags)
  } catch {
    throw new PatternError(problemOf(pattern))
  }
}

export function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}

function translate(pattern: string, extended: boolean): string {
  let out = ''
  let atStart = true
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!
    const next = pattern[i + 1]
    if (c === '\\') {
      if (next === undefined) throw new PatternError('Trailing backslash')
      i++
      const opens = next === '(' || next === '|'
      if ('(){}|+?'.includes(next)) out += extended ? `\\${next}` : next
      else if (next === '<') out += '\\b(?=\\w)'
      else if (next === '>') out += '\\b(?<=\\w)'
      else if (/[bBwWsSdD1-9]/.test(next)) out += `\\${next}`
      else out += escapeRegex(next)
      atStart = !extended && opens
      continue
    }
    if (c === '[') {
      const set = bracket(pattern, i)
      out += set.text
      i = set.end
      atStart = false
      continue
    }
    if (extended) {
      // A lone brace is literal in GNU extended expressions.
      if (c === '{' && !/^\{\d*(,\d*)?\}/.test(pattern.slice(i))) out += '\\{'
      else if (c === '{' && pattern[i + 1] === ',') out += '{0'
      else if (c === '}' && !/\{\d*(,\d*)?$/.test(pattern.slice(0, i))) out += '\\}'
      else if ((c === '*' || c === '+' || c === '?') && atStart) out += `\\${c}`
      else out += c === '/' ? '\\/' : c
      atStart = c === '(' || c === '|' || (c === '^' && atStart)
      continue
    }
    if ('(){}|+?'.includes(c)) out += `\\${c}`
    else if (c === '*' && atStart) out += '\\*'
    else if (c === '^' && !atStart) out += '\\^'
    else if (c === '$' && next !== undefined && !(next === '\\' && (pattern[i + 2] === ')' || pattern[i + 2] === '|')))
      out += '\\$'
    else out += c
    atStart = c === '^' && atStart
  }
  return out
}

function bracket(pattern: string, start: number): { text: string; end: number } {
  let i = start + 1
  let out = '['
  if (pattern[i] === '^') {
    out += '^'
    i++
  }
  const first = i
  for (; i < pattern.length; i++) {
    const c = pattern[i]!
    if (c === ']' && i > first) return { text: `${out}]`, end: i }
    if (c === '[' && pattern[i + 1] === ':') {
      const close = pattern.indexOf(':]', i + 2)
      const name = pattern.slice(i + 2, close)
      if (close < 0 || CLASSES[name] === undefined) throw new PatternError('Invalid character class name')
      out += CLASSES[name]
      i = close + 1
    } else out += c === '\\' || c === '[' || c === ']' || (c === '^' && i === first) ? `\\${c}` : c
  }
  throw new PatternError('Unmatched [, [^, [:, [., or [=')
}

function problemOf(pattern: string): string {
  const opens = pattern.split('(').length
  const closes = pattern.split(')').length
  if (opens > closes) return 'Unmatched ( or \\('
  if (closes > opens) return 'Unmatched ) or \\)'
  if (/\{/.test(pattern)) return 'Invalid content of \\{\\}'
  return 'Invalid preceding regular expression'
}
