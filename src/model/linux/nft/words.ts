/** nft input as words: names, numbers and addresses, strings, signs and ends of lines. nftables src/scanner.l. */

export interface Word {
  readonly text: string
  readonly kind: 'word' | 'string' | 'sign' | 'end'
  /** Line from 1, columns from 1 to the last, as nft points at them. */
  readonly line: number
  readonly from: number
  readonly to: number
  /** Where it stands in the text. */
  readonly start: number
  readonly stop: number
  /** Of an end of line: `# handle N` in front of it. */
  readonly handle?: number
}

export class NftSyntaxError extends Error {
  readonly word: Word
  constructor(message: string, word: Word) {
    super(message)
    this.word = word
  }
}

const SIGNS = new Set(['{', '}', '(', ')', ';', ',', '=', '!', '<', '>', '&', '|', '^', '@', '$', '\n'])
const DOUBLE = new Set(['==', '!=', '<=', '>=', '<<', '>>'])

/** Words of `text`, with an end for every line; comments are left out. */
export function wordsOf(text: string, firstLine = 1): Word[] {
  const out: Word[] = []
  let line = firstLine
  let start = 0
  let i = 0
  let handle: number | undefined
  const push = (kind: Word['kind'], body: string, at: number, length: number): void => {
    const place = { line, from: at - start + 1, to: at - start + length, start: at, stop: at + length }
    if (kind === 'end' && handle !== undefined) {
      out.push({ text: body, kind, ...place, handle })
      handle = undefined
    } else out.push({ text: body, kind, ...place })
  }
  while (i < text.length) {
    const c = text[i]!
    if (c === '\n') {
      push('end', '\n', i, 1)
      line++
      start = ++i
    } else if (c === ' ' || c === '\t' || c === '\r') i++
    else if (c === '#') {
      const from = i
      while (i < text.length && text[i] !== '\n') i++
      const found = /^# ?handle (\d+)/.exec(text.slice(from, i))
      if (found) handle = Number(found[1])
    } else if (c === '\\' && text[i + 1] === '\n') {
      i += 2
      line++
      start = i
    } else if (c === '"') {
      const close = text.indexOf('"', i + 1)
      const to = close < 0 ? text.length : close
      push('string', text.slice(i + 1, to), i, to - i + 1)
      i = to + 1
    } else if (c === ';') push('end', ';', i++, 1)
    else if (SIGNS.has(c)) {
      const two = text.slice(i, i + 2)
      if (DOUBLE.has(two)) {
        push('sign', two, i, 2)
        i += 2
      } else push('sign', c, i++, 1)
    } else {
      let j = i
      while (j < text.length && !isBreak(text[j]!)) j++
      const word = text.slice(i, j)
      pushWord(word, i, push)
      i = j
    }
  }
  push('end', '', i, 0)
  return out
}

const isBreak = (c: string): boolean => c === ' ' || c === '\t' || c === '\r' || c === '"' || c === '#' || SIGNS.has(c)

/** `80:` is a number and a colon; `fd00::1`, `10.0.0.1:80` and `0c:11:..` are one word. */
function pushWord(
  word: string,
  at: number,
  push: (kind: Word['kind'], body: string, at: number, length: number) => void,
): void {
  if (word.length > 1 && word.endsWith(':') && !word.endsWith('::')) {
    pushWord(word.slice(0, -1), at, push)
    push('word', ':', at + word.length - 1, 1)
  } else push('word', word, at, word.length)
}

export class Words {
  readonly list: readonly Word[]
  at = 0
  constructor(list: readonly Word[]) {
    this.list = list
  }
  peek(ahead = 0): Word {
    return this.list[Math.min(this.at + ahead, this.list.length - 1)]!
  }
  next(): Word {
    const word = this.peek()
    if (this.at < this.list.length) this.at++
    return word
  }
  get done(): boolean {
    return this.at >= this.list.length - 1
  }
  /** Takes the next word when it is one of these. */
  take(...texts: readonly string[]): string | undefined {
    const word = this.peek()
    if (word.kind === 'string' || word.kind === 'end' || !texts.includes(word.text)) return undefined
    this.at++
    return word.text
  }
  is(...texts: readonly string[]): boolean {
    const word = this.peek()
    return word.kind !== 'string' && texts.includes(word.text)
  }
  expect(text: string): Word {
    const word = this.peek()
    if (word.text !== text || word.kind === 'string') throw this.unexpected()
    this.at++
    return word
  }
  skipEnds(): void {
    while (this.peek().kind === 'end' && !this.done) this.at++
  }
  unexpected(expecting?: string): NftSyntaxError {
    const word = this.peek()
    const what =
      word.kind === 'end'
        ? word.text === ';'
          ? 'semicolon'
          : word.text === ''
            ? 'end of file'
            : 'newline'
        : word.kind === 'string'
          ? 'quoted string'
          : word.text
    return new NftSyntaxError(
      `syntax error, unexpected ${what}${expecting === undefined ? '' : `, expecting ${expecting}`}`,
      word,
    )
  }
}
