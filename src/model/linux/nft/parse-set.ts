/** Sets and maps: their types, flags and elements. nftables src/parser_bison.y (set_block, map_block). */
import type { SetSpec, Spot } from './command.ts'
import { parseTime } from './data-type.ts'
import { expressionText } from './expression-text.ts'
import { parseExpression, typesOf } from './parse-expression.ts'
import type { Word, Words } from './words.ts'

export interface Braced {
  readonly text: string
  readonly spot: Spot
}

export function nameWord(words: Words): Word {
  const word = words.peek()
  if (word.kind !== 'word' && word.kind !== 'string') throw words.unexpected('string')
  return words.next()
}

/** What stands between the braces of a set or a map. `text` is the whole input. */
export function parseSetBody(words: Words, text: string): { spec: SetSpec; elements: Braced | undefined } {
  const spec: { -readonly [K in keyof SetSpec]: SetSpec[K] } = { types: [], flags: [] }
  let elements: Braced | undefined
  for (;;) {
    words.skipEnds()
    if (words.take('}')) break
    if (words.done) throw words.unexpected()
    const word = words.next()
    switch (word.text) {
      case 'type': {
        const { key, data } = typeNames(words)
        spec.types = key
        if (data) spec.data = data[0] === 'verdict' ? 'verdict' : data
        break
      }
      case 'typeof':
        typeOf(words, spec)
        break
      case 'flags':
        spec.flags = list(words)
        break
      case 'timeout':
        spec.timeout = parseTime(words.next().text) ?? 0
        break
      case 'gc-interval':
        spec.gcInterval = parseTime(words.next().text) ?? 0
        break
      case 'size':
        spec.size = Number(words.next().text)
        break
      case 'policy':
        spec.policy = words.next().text
        break
      case 'auto-merge':
        spec.autoMerge = true
        break
      case 'counter':
        spec.each = 'counter'
        break
      case 'comment':
        spec.comment = words.next().text
        break
      case 'elements': {
        words.expect('=')
        elements = braced(words, text)
        break
      }
      default:
        words.at--
        throw words.unexpected()
    }
  }
  return { spec, elements }
}

function typeNames(words: Words): { key: string[]; data: string[] | undefined } {
  const key: string[] = []
  let data: string[] | undefined
  for (;;) {
    const list = data ?? key
    list.push(nameWord(words).text)
    if (words.take('.')) continue
    if (!data && words.take(':')) {
      data = []
      words.take('interval')
      continue
    }
    return { key, data }
  }
}

function typeOf(words: Words, spec: { -readonly [K in keyof SetSpec]: SetSpec[K] }): void {
  const key = parseExpression(words)
  spec.types = typesOf(key).map((type) => type.name)
  spec.typeOf = expressionText(key)
  if (!words.take(':')) return
  words.take('interval')
  if (words.take('verdict')) {
    spec.data = 'verdict'
    spec.dataOf = 'verdict'
    return
  }
  const data = parseExpression(words)
  spec.data = typesOf(data).map((type) => type.name)
  spec.dataOf = expressionText(data)
}

function list(words: Words): string[] {
  const out = [nameWord(words).text]
  while (words.take(',')) out.push(nameWord(words).text)
  return out
}

/** The text between braces. */
export function braced(words: Words, text: string): Braced {
  const open = words.expect('{')
  let depth = 1
  while (depth > 0) {
    if (words.done) throw words.unexpected()
    const word = words.next()
    if (word.kind !== 'sign') continue
    if (word.text === '{') depth++
    else if (word.text === '}') depth--
  }
  const close = words.list[words.at - 1]!
  return { text: text.slice(open.stop, close.start), spot: { line: open.line, from: open.from, to: close.to } }
}
