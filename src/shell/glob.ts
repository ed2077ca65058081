/**
 * Bash patterns (`*`, `?`, `[...]`, `[!...]`, classes such as `[:digit:]`), matched without regular expressions so that no
 * pattern can make the page hang. A backslash takes the next character as it is.
 */

interface Token {
  readonly kind: 'char' | 'any' | 'star' | 'set'
  readonly char?: string
  readonly set?: (char: string) => boolean
}

const CLASSES: Record<string, (char: string) => boolean> = {
  digit: (c) => c >= '0' && c <= '9',
  alpha: (c) => (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'),
  alnum: (c) => (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'),
  upper: (c) => c >= 'A' && c <= 'Z',
  lower: (c) => c >= 'a' && c <= 'z',
  space: (c) => c === ' ' || (c >= '\t' && c <= '\r'),
  punct: (c) => c > ' ' && c < '\x7f' && !CLASSES.alnum!(c),
  xdigit: (c) => (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'),
}

export function matchesGlob(pattern: string, text: string): boolean {
  const tokens = compile(pattern)
  let t = 0
  let p = 0
  let starAt = -1
  let retry = 0
  while (t < text.length) {
    const token = tokens[p]
    if (token?.kind === 'star') {
      starAt = p++
      retry = t
    } else if (token && matchesOne(token, text[t]!)) {
      p++
      t++
    } else if (starAt >= 0) {
      p = starAt + 1
      t = ++retry
    } else return false
  }
  while (tokens[p]?.kind === 'star') p++
  return p === tokens.length
}

export function hasGlob(pattern: string): boolean {
  return compile(pattern).some((token) => token.kind !== 'char')
}

/** The text that a pattern stands for when it matches nothing: itself, with its backslashes taken away. */
export function unescapeGlob(pattern: string): string {
  let out = ''
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] === '\\' && i + 1 < pattern.length) i++
    out += pattern[i]
  }
  return out
}

export function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&')
}

function matchesOne(token: Token, char: string): boolean {
  if (token.kind === 'any') return true
  if (token.kind === 'set') return token.set!(char)
  return token.char === char
}

function compile(pattern: string): Token[] {
  const tokens: Token[] = []
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!
    if (c === '\\' && i + 1 < pattern.length) tokens.push({ kind: 'char', char: pattern[++i]! })
    else if (c === '*') tokens.push({ kind: 'star' })
    else if (c === '?') tokens.push({ kind: 'any' })
    else if (c === '[') {
      const set = bracket(pattern, i)
      if (set) {
        tokens.push({ kind: 'set', set: set.has })
        i = set.end
      } else tokens.push({ kind: 'char', char: c })
    } else tokens.push({ kind: 'char', char: c })
  }
  return tokens
}

function bracket(pattern: string, start: number): { has: (char: string) => boolean; end: number } | undefined {
  let i = start + 1
  const negated = pattern[i] === '!' || pattern[i] === '^'
  if (negated) i++
  const first = i
  const tests: ((char: string) => boolean)[] = []
  for (; i < pattern.length; i++) {
    const c = pattern[i]!
    if (c === ']' && i > first) return { has: (char) => tests.some((test) => test(char)) !== negated, end: i }
    if (c === '[' && pattern[i + 1] === ':') {
      const close = pattern.indexOf(':]', i + 2)
      const named = close > 0 ? CLASSES[pattern.slice(i + 2, close)] : undefined
      if (named) {
        tests.push(named)
        i = close + 1
        continue
      }
    }
    if (pattern[i + 1] === '-' && pattern[i + 2] !== undefined && pattern[i + 2] !== ']') {
      const to = pattern[i + 2]!
      tests.push((char) => char >= c && char <= to)
      i += 2
    } else tests.push((char) => char === c)
  }
  return undefined
}
