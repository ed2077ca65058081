/** Words to strings: variables, arithmetic, substitutions, splitting. */
import type { Part, Word } from './program.ts'
import type { ShellState } from './state.ts'

export function variable(sh: ShellState, name: string): string | undefined {
  if (/^\d$/.test(name)) return sh.params[Number(name)]
  switch (name) {
    case '?':
      return String(sh.status)
    case '$':
      return '1'
    case '!':
      return sh.vars['!'] ?? ''
    case '#':
      return String(Math.max(0, sh.params.length - 1))
    case '@':
    case '*':
      return sh.params.slice(1).join(' ')
    case 'PWD':
      return sh.cwd
    default:
      return sh.vars[name]
  }
}

function valueOf(sh: ShellState, part: Part): string {
  switch (part.t) {
    case 'lit':
      return part.text
    case 'slot':
      return (sh.slots[part.slot] ?? '').replace(/\n+$/, '')
    case 'math':
      return String(arithmetic(expandJoined(sh, part.word)))
    case 'var': {
      const value = variable(sh, part.name)
      const colon = part.op.startsWith(':')
      const empty = value === undefined || (colon && value === '')
      switch (part.op.replace(':', '')) {
        case '-':
        case '=':
          return empty ? expandJoined(sh, part.arg) : value
        case '+':
          return empty ? '' : expandJoined(sh, part.arg)
        case '#':
        case '##':
          return cut(value ?? '', expandJoined(sh, part.arg), 'front')
        case '%':
        case '%%':
          return cut(value ?? '', expandJoined(sh, part.arg), 'back')
        default:
          return value ?? ''
      }
    }
  }
}

/** Removes a pattern; `*` only at its open end. */
function cut(value: string, pattern: string, end: 'front' | 'back'): string {
  if (end === 'front') {
    const plain = pattern.replace(/^\*/, '')
    const at = pattern.startsWith('*') ? value.lastIndexOf(plain) : value.startsWith(plain) ? 0 : -1
    return at < 0 ? value : value.slice(at + plain.length)
  }
  const plain = pattern.replace(/\*$/, '')
  const at = pattern.endsWith('*') ? value.indexOf(plain) : value.endsWith(plain) ? value.length - plain.length : -1
  return at < 0 ? value : value.slice(0, at)
}

/** As inside double quotes: one string, no splitting. */
export function expandJoined(sh: ShellState, word: Word): string {
  return word.map((part) => valueOf(sh, part)).join('')
}

/** Unquoted values split at blanks; a word of nothing but an empty unquoted value is no word. */
export function expandWords(sh: ShellState, words: readonly Word[]): string[] {
  const out: string[] = []
  for (const word of words) {
    let current: string | undefined
    for (const part of word) {
      const value = valueOf(sh, part)
      if (part.t === 'lit' || (part.t !== 'math' && part.quoted)) {
        current = (current ?? '') + value
        continue
      }
      const fields = value.split(/[ \t\n]+/)
      if (fields.length === 1) {
        if (value !== '') current = (current ?? '') + value
        continue
      }
      fields.forEach((field, i) => {
        if (i > 0) {
          if (current !== undefined) out.push(current)
          current = undefined
        }
        if (field !== '') current = (current ?? '') + field
      })
    }
    if (current !== undefined) out.push(current)
  }
  return out
}

/** Integers, + - * / %, comparisons, parentheses. */
export function arithmetic(text: string): number {
  const tokens = text.match(/\d+|[()+\-*/%]|<=|>=|==|!=|<|>|&&|\|\|/g) ?? []
  let at = 0
  const LEVELS = [['||'], ['&&'], ['==', '!='], ['<', '>', '<=', '>='], ['+', '-'], ['*', '/', '%']]
  const primary = (): number => {
    const token = tokens[at++]
    if (token === '(') {
      const value = level(0)
      at++
      return value
    }
    if (token === '-') return -primary()
    if (token === '+') return primary()
    return Number(token ?? 0) || 0
  }
  const level = (n: number): number => {
    if (n === LEVELS.length) return primary()
    let left = level(n + 1)
    while (LEVELS[n]!.includes(tokens[at] ?? '')) {
      const op = tokens[at++]!
      const right = level(n + 1)
      left = apply(op, left, right)
    }
    return left
  }
  return level(0)
}

function apply(op: string, a: number, b: number): number {
  switch (op) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return b === 0 ? 0 : Math.trunc(a / b)
    case '%':
      return b === 0 ? 0 : a % b
    case '<':
      return a < b ? 1 : 0
    case '>':
      return a > b ? 1 : 0
    case '<=':
      return a <= b ? 1 : 0
    case '>=':
      return a >= b ? 1 : 0
    case '==':
      return a === b ? 1 : 0
    case '!=':
      return a !== b ? 1 : 0
    case '&&':
      return a !== 0 && b !== 0 ? 1 : 0
    default:
      return a !== 0 || b !== 0 ? 1 : 0
  }
}
