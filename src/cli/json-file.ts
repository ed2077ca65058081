/** JSON files that people hand us: read, or refused with file and line. */
import { readFileSync } from 'node:fs'
import { UsageError } from './arguments.ts'

export type Json = any // eslint-disable-line @typescript-eslint/no-explicit-any -- read from files of many shapes

export function readJson(file: string): Json {
  let text: string
  try {
    text = readFileSync(file, 'utf8').replace(/^\ufeff/, '')
  } catch (error) {
    throw new UsageError(`${file}: ${(error as Error).message}`)
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    const at = Math.min(wrongAt(text), text.length)
    const before = text.slice(0, at).split('\n')
    // V8 quotes the neighbourhood, over several lines: the place says that better.
    const what = at >= text.length ? 'the file ends too early' : `unexpected ${JSON.stringify([...text.slice(at)][0])}`
    throw new UsageError(`${file}:${before.length}:${before.at(-1)!.length + 1}: not valid JSON: ${what}`, {
      cause: error,
    })
  }
}

const SPACE = /[ \t\r\n]*/y
const SCALAR =
  /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y  

/** Where the text stops being JSON; its length where it only ends too early. */
function wrongAt(text: string): number {
  let at = 0
  const skip = (pattern: RegExp): boolean => {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (found) at += found[0].length
    return found !== null
  }
  // What may follow: a value, a key, or what comes after a value in the innermost bracket.
  const open: string[] = []
  let want: 'value' | 'value or ]' | 'key' | 'key or }' | 'after' = 'value'
  for (;;) {
    skip(SPACE)
    const c = text[at]
    if (c === undefined) return text.length
    if (want === 'after') {
      const inner = open.at(-1)
      if (inner === undefined) return at
      if (c === ',') want = inner === '{' ? 'key' : 'value'
      else if (c === (inner === '{' ? '}' : ']')) open.pop()
      else return at
      at++
    } else if (want === 'key' || want === 'key or }') {
      if (c === '}' && want === 'key or }') {
        open.pop()
        at++
        want = 'after'
        continue
      }
      if (c !== '"' || !skip(SCALAR)) return at
      skip(SPACE)
      if (text[at] !== ':') return at
      at++
      want = 'value'
    } else if (c === ']' && want === 'value or ]') {
      open.pop()
      at++
      want = 'after'
    } else if (c === '{' || c === '[') {
      open.push(c)
      at++
      want = c === '{' ? 'key or }' : 'value or ]'
    } else if (skip(SCALAR)) want = 'after'
    else return at
  }
}

/** `file:line` of the first line that holds the key. */
export function lineOf(file: string, key: string): string {
  const at = readFileSync(file, 'utf8')
    .split('\n')
    .findIndex((line) => line.includes(`"${key}"`))
  return at < 0 ? file : `${file}:${at + 1}`
}
