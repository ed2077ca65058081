import type { Word } from 'unbash'

const MAX_WORDS = 4096

/** `{a,b}` and `{1..5}`: the source texts that a word with braces stands for, to be parsed again. */
export function expandBraces(word: Word): string[] {
  let texts = ['']
  const base = word.pos
  let at = base
  for (const part of word.parts ?? []) {
    const before = word.text.slice(at - base, part.pos - base)
    const choices =
      part.type === 'BraceExpansion' ? alternatives(part.text) : [word.text.slice(part.pos - base, part.end - base)]
    texts = texts.flatMap((text) => choices.map((choice) => text + before + choice))
    if (texts.length > MAX_WORDS) return [word.text.replace(/[{}]/g, '\\$&')]
    at = part.end
  }
  return texts.map((text) => text + word.text.slice(at - base))
}

function alternatives(text: string): string[] {
  const inner = text.slice(1, -1)
  const range = /^(-?\d+|[A-Za-z])\.\.(-?\d+|[A-Za-z])(?:\.\.(-?\d+))?$/.exec(inner)
  if (range) return sequence(range[1]!, range[2]!, range[3])
  const parts: string[] = []
  let depth = 0
  let quote = ''
  let current = ''
  for (let i = 0; i < inner.length; i++) {
    const c = inner[i]!
    if (quote) {
      if (c === quote) quote = ''
    } else if (c === "'" || c === '"') quote = c
    else if (c === '\\') {
      current += c + (inner[++i] ?? '')
      continue
    } else if (c === '{') depth++
    else if (c === '}') depth--
    else if (c === ',' && depth === 0) {
      parts.push(current)
      current = ''
      continue
    }
    current += c
  }
  parts.push(current)
  return parts
}

function sequence(from: string, to: string, stepText: string | undefined): string[] {
  const letters = /^[A-Za-z]$/.test(from) && /^[A-Za-z]$/.test(to)
  const a = letters ? from.charCodeAt(0) : Number(from)
  const b = letters ? to.charCodeAt(0) : Number(to)
  const step = Math.max(1, Math.abs(Number(stepText ?? 1)))
  const width = !letters && /^-?0\d/.test(from + ' ' + to) ? Math.max(from.length, to.length) : 0
  const out: string[] = []
  for (let n = a; a <= b ? n <= b : n >= b; n += a <= b ? step : -step) {
    out.push(letters ? String.fromCharCode(n) : String(n).padStart(width, '0'))
    if (out.length > MAX_WORDS) break
  }
  return out
}
