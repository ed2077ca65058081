/**
 * kubectl's dialect of JSONPath (client-go util/jsonpath/parser.go): text outside braces is printed as it stands,
 * actions inside braces chain fields, arrays, filters, unions, recursion, quotes and `range ... end`.
 */
export type PathNode =
  | { readonly kind: 'list'; readonly nodes: PathNode[] }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'identifier'; readonly name: string }
  | { readonly kind: 'array'; readonly params: readonly [SliceParam, SliceParam, SliceParam] }
  | { readonly kind: 'filter'; readonly left: ListNode; readonly right: ListNode; readonly operator: string }
  | { readonly kind: 'union'; readonly nodes: readonly ListNode[] }
  | { readonly kind: 'number'; readonly value: number; readonly whole: boolean }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'wildcard' }
  | { readonly kind: 'recursive' }

export type ListNode = Extract<PathNode, { kind: 'list' }>

export interface SliceParam {
  readonly value: number
  readonly known: boolean
  /** Derived from a single index: `[2]` is `[2:3]`. */
  readonly derived: boolean
}

export class JsonPathError extends Error {}

interface Parser {
  readonly input: string
  pos: number
  start: number
}

export function parseJsonPath(text: string): ListNode {
  const root: ListNode = { kind: 'list', nodes: [] }
  parseText({ input: text, pos: 0, start: 0 }, root)
  return root
}

/** `parseAction`: a path without its braces, as filters and unions hold it. */
function parseAction(text: string): ListNode {
  const wrapped = parseJsonPath(`{${text}}`)
  const only = wrapped.nodes[0]
  return only?.kind === 'list' ? only : { kind: 'list', nodes: [] }
}

function parseText(p: Parser, list: ListNode): void {
  for (;;) {
    const open = p.input.indexOf('{', p.pos)
    const end = open < 0 ? p.input.length : open
    if (end > p.pos) list.nodes.push({ kind: 'text', text: p.input.slice(p.pos, end) })
    p.pos = end
    if (open < 0) return
    p.pos++
    const action: ListNode = { kind: 'list', nodes: [] }
    list.nodes.push(action)
    parseInside(p, action)
  }
}

function parseInside(p: Parser, list: ListNode): void {
  for (;;) {
    const rest = p.input.slice(p.pos, p.pos + 3)
    if (rest.startsWith('}')) {
      p.pos++
      return
    }
    if (rest === '[?(') {
      p.pos += 3
      parseFilter(p, list)
      continue
    }
    if (rest.startsWith('..')) {
      p.pos += 2
      if (list.nodes.at(-1)?.kind === 'recursive') throw new JsonPathError('invalid multiple recursive descent')
      list.nodes.push({ kind: 'recursive' })
      if (/[\w]/.test(p.input[p.pos] ?? '')) parseField(p, list)
      continue
    }
    const c = p.input[p.pos]
    if (c === undefined || c === '\n' || c === '\r') throw new JsonPathError('unclosed action')
    p.pos++
    if (c === ' ' || c === '@' || c === '$') continue
    if (c === '[') parseArray(p, list)
    else if (c === '"' || c === "'") parseQuote(p, list, c)
    else if (c === '.') parseField(p, list)
    else if (c === '+' || c === '-' || (c >= '0' && c <= '9')) {
      p.pos--
      parseNumber(p, list)
    } else if (/[\p{L}\p{N}_]/u.test(c)) {
      p.pos--
      parseIdentifier(p, list)
    } else
      throw new JsonPathError(
        `unrecognized character in action: U+${c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')} '${c}'`,
      )
  }
}

function parseIdentifier(p: Parser, list: ListNode): void {
  const start = p.pos
  while (p.pos < p.input.length && !isTerminator(p.input[p.pos]!)) p.pos++
  const name = p.input.slice(start, p.pos)
  if (name === 'true' || name === 'false') list.nodes.push({ kind: 'bool', value: name === 'true' })
  else list.nodes.push({ kind: 'identifier', name })
}

function parseNumber(p: Parser, list: ListNode): void {
  const start = p.pos
  if (p.input[p.pos] === '+' || p.input[p.pos] === '-') p.pos++
  while (
    p.pos < p.input.length &&
    (/[0-9.]/.test(p.input[p.pos]!) || (!isTerminator(p.input[p.pos]!) && p.input[p.pos] !== ')'))
  )
    p.pos++
  const text = p.input.slice(start, p.pos)
  if (/^[-+]?\d+$/.test(text)) list.nodes.push({ kind: 'number', value: Number(text), whole: true })
  else if (/^[-+]?\d*\.?\d+(e[-+]?\d+)?$/i.test(text))
    list.nodes.push({ kind: 'number', value: Number(text), whole: false })
  else throw new JsonPathError(`cannot parse number ${text}`)
}

const INDEX = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/

function parseArray(p: Parser, list: ListNode): void {
  const start = p.pos
  for (;;) {
    const c = p.input[p.pos]
    if (c === undefined || c === '\n') throw new JsonPathError('unterminated array')
    p.pos++
    if (c === ']') break
    if (c === '"' || c === "'") {
      while (p.input[p.pos] !== undefined && p.input[p.pos] !== c) p.pos += p.input[p.pos] === '\\' ? 2 : 1
      if (p.input[p.pos] === undefined) throw new JsonPathError('unterminated quoted string')
      p.pos++
    }
  }
  let text = p.input.slice(start, p.pos - 1)
  if (text === '*') text = ':'
  const parts = splitUnion(text)
  if (parts.length > 1) {
    list.nodes.push({ kind: 'union', nodes: parts.map((part) => parseAction(`[${part.trim()}]`)) })
    return
  }
  const key = /^'([^']*)'$/.exec(text)
  if (key) {
    // ['a.b'] is .a.b: dots inside the quotes split too, unless escaped.
    list.nodes.push(...parseAction(`.${key[1]}`).nodes)
    return
  }
  const match = INDEX.exec(text)
  if (!match) throw new JsonPathError(`invalid array index ${text}`)
  const numbers = [match[1]!, match[2], match[3]].map((part, i) => (i === 0 ? part : part?.slice(1)))
  const param = (value: string | undefined): SliceParam => ({
    value: Number(value || 0),
    known: value !== undefined && value !== '',
    derived: false,
  })
  const first = param(numbers[0])
  const second =
    match[2] === undefined && first.known ? { value: first.value + 1, known: true, derived: true } : param(numbers[1])
  list.nodes.push({ kind: 'array', params: [first, second, param(numbers[2])] })
}

function splitUnion(text: string): string[] {
  const parts: string[] = []
  let quote = ''
  let current = ''
  for (const c of text) {
    if (quote) quote = c === quote ? '' : quote
    else if (c === '"' || c === "'") quote = c
    else if (c === ',') {
      parts.push(current)
      current = ''
      continue
    }
    current += c
  }
  return [...parts, current]
}

function parseFilter(p: Parser, list: ListNode): void {
  const start = p.pos
  let depth = 0
  let quote = ''
  for (;;) {
    const c = p.input[p.pos]
    if (c === undefined || c === '\n') throw new JsonPathError('unterminated filter')
    p.pos++
    if (c === '\\' && quote) p.pos++
    else if (quote) quote = c === quote ? '' : quote
    else if (c === '"' || c === "'") quote = c
    else if (c === '(') depth++
    else if (c === ')' && depth-- === 0) break
  }
  const text = p.input.slice(start, p.pos - 1)
  if (p.input[p.pos] !== ']') throw new JsonPathError('unclosed array expect ]')
  p.pos++
  const match = /^([^!<>=]+)([!<>=]+)(.+?)$/.exec(text)
  if (!match) {
    list.nodes.push({ kind: 'filter', left: parseAction(text), right: { kind: 'list', nodes: [] }, operator: 'exists' })
    return
  }
  list.nodes.push({ kind: 'filter', left: parseAction(match[1]!), right: parseAction(match[3]!), operator: match[2]! })
}

function parseQuote(p: Parser, list: ListNode, quote: string): void {
  let out = ''
  for (;;) {
    const c = p.input[p.pos]
    if (c === undefined || c === '\n') throw new JsonPathError('unterminated quoted string')
    p.pos++
    if (c === quote) break
    if (c !== '\\') {
      out += c
      continue
    }
    const next = p.input[p.pos++]
    const known: Record<string, string> = {
      n: '\n',
      t: '\t',
      r: '\r',
      '\\': '\\',
      '"': '"',
      "'": "'",
      a: '\x07',
      b: '\b',
      f: '\f',
      v: '\v',
    }
    const value = next === undefined ? undefined : known[next]
    if (value === undefined)
      throw new JsonPathError(`unquote string ${quote}${p.input.slice(p.pos - 2, p.pos)}${quote} error invalid syntax`)
    out += value
  }
  list.nodes.push({ kind: 'text', text: out })
}

function parseField(p: Parser, list: ListNode): void {
  let name = ''
  const start = p.pos
  while (p.pos < p.input.length && !isTerminator(p.input[p.pos]!)) {
    if (p.input[p.pos] === '\\') p.pos++
    name += p.input[p.pos++] ?? ''
  }
  if (p.input.slice(start, p.pos) === '*') list.nodes.push({ kind: 'wildcard' })
  else list.nodes.push({ kind: 'field', name })
}

function isTerminator(c: string): boolean {
  return ' \n.,[]$@{}'.includes(c)
}
