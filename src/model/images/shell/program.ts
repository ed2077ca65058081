/**
 * The shell of the containers, first half: from a script's text to a flat list of operations. The list is a pure
 * function of the text, so a running script is remembered as a place in it and a few variables, and nothing more.
 * It knows the shell that stands in manifests: lists, pipes, && ||, if, while, until, for, groups, redirections,
 * variables, $( ), $(( )). Functions, case and here-documents are refused by name.
 */
export type Part =
  | { t: 'lit'; text: string; quoted: boolean }
  | { t: 'var'; name: string; op: string; arg: Word; quoted: boolean }
  | { t: 'slot'; slot: number; quoted: boolean }
  | { t: 'math'; word: Word }
export type Word = readonly Part[]
export type Redirect = { fd: 0 | 1 | 2 | 12; append: boolean; to: Word | { fd: 1 | 2 } }

export type Op =
  | {
      op: 'run'
      assigns: readonly { name: string; word: Word }[]
      words: readonly Word[]
      redirects: readonly Redirect[]
    }
  | { op: 'jump'; by: number }
  /** Jumps when the last status is 0 (`ok`) or is not. */
  | { op: 'branch'; ok: boolean; by: number }
  | { op: 'not' }
  | { op: 'status'; to: number }
  | { op: 'capture' }
  | { op: 'feed'; first: boolean }
  | { op: 'unfeed' }
  | { op: 'slot'; slot: number }
  | { op: 'for'; name: string; words: readonly Word[] }
  | { op: 'next'; by: number }
  | { op: 'endfor' }
  | { op: 'redirect'; redirects: readonly Redirect[] }
  | { op: 'unredirect' }
  /** The next `by` operations run beside the script. */
  | { op: 'background'; by: number }

export type Script = { ops: readonly Op[]; error?: string }

const memo = new Map<string, Script>()

export function compile(text: string): Script {
  const known = memo.get(text)
  if (known) return known
  if (memo.size > 500) memo.clear()
  const script = new Compiler(text).script()
  memo.set(text, script)
  return script
}

class ShellSyntaxError extends Error {}

const RESERVED = new Set(['then', 'elif', 'else', 'fi', 'do', 'done', '}', 'esac', ';;'])
const MAX_OPS = 5_000

type Jump = { op: 'jump' | 'next'; by: number } | { op: 'branch'; ok: boolean; by: number }
type Loop = { breaks: Jump[]; continues: Jump[] }

/** One pass, recursive descent; jumps are relative, so that a block can be wrapped after it was made. */
class Compiler {
  private at = 0
  private readonly ops: Op[] = []
  private slots = 0
  private readonly loops: Loop[] = []
  private readonly text: string

  constructor(text: string) {
    this.text = text.replaceAll('\\\n', '')
  }

  script(): Script {
    try {
      this.list()
      if (this.at < this.text.length) this.fail(`syntax error: unexpected "${this.peekWord() || this.text[this.at]}"`)
      return { ops: this.ops }
    } catch (error) {
      if (error instanceof ShellSyntaxError) return { ops: [], error: error.message }
      throw error
    }
  }

  private fail(message: string): never {
    throw new ShellSyntaxError(message)
  }

  private emit<O extends Op>(op: O): O {
    if (this.ops.length >= MAX_OPS) this.fail('script too long for the lab')
    this.ops.push(op)
    return op
  }

  /** Makes a jump land behind the last operation. Jumps are found by identity: others may be put in front of them. */
  private land(jump: Jump): void {
    jump.by = this.ops.length - this.ops.indexOf(jump as Op)
  }

  private blanks(newlines: boolean): void {
    for (;;) {
      const c = this.text[this.at]
      if (
        c === ' ' ||
        c === '\t' ||
        c === '\r' ||
        (newlines && (c === '\n' || (c === ';' && this.text[this.at + 1] !== ';')))
      )
        this.at++
      else if (c === '#') while (this.at < this.text.length && this.text[this.at] !== '\n') this.at++
      else return
    }
  }

  private peekWord(): string {
    return /^[^\s;&|()<>"'$`\\]+/.exec(this.text.slice(this.at, this.at + 64))?.[0] ?? ''
  }

  private expect(word: string): void {
    this.blanks(true)
    if (this.peekWord() !== word) this.fail(`syntax error: "${word}" expected`)
    this.at += word.length
  }

  private list(): void {
    for (;;) {
      this.blanks(true)
      if (this.at >= this.text.length || this.text[this.at] === ')' || RESERVED.has(this.peekWord())) return
      const start = this.ops.length
      this.andOr()
      this.blanks(false)
      if (this.text[this.at] === '&') {
        this.at++
        this.ops.splice(start, 0, { op: 'background', by: this.ops.length - start })
      }
    }
  }

  private andOr(): void {
    this.pipeline()
    for (;;) {
      this.blanks(false)
      const two = this.text.slice(this.at, this.at + 2)
      if (two !== '&&' && two !== '||') return
      this.at += 2
      const jump = this.emit({ op: 'branch' as const, ok: two === '||', by: 0 })
      this.blanks(true)
      this.pipeline()
      this.land(jump)
    }
  }

  private pipeline(): void {
    this.blanks(false)
    const not = this.peekWord() === '!'
    if (not) this.at++
    const start = this.ops.length
    this.command()
    let stage = start
    let piped = false
    for (;;) {
      this.blanks(false)
      if (this.text[this.at] !== '|' || this.text[this.at + 1] === '|') break
      this.at++
      this.ops.splice(stage, 0, { op: 'capture' })
      this.emit({ op: 'feed', first: !piped })
      stage = this.ops.length
      piped = true
      this.blanks(true)
      this.command()
    }
    if (piped) this.emit({ op: 'unfeed' })
    if (not) this.emit({ op: 'not' })
  }

  private command(): void {
    this.blanks(false)
    const word = this.peekWord()
    const compound = this.compound(word)
    if (!compound) return this.simple()
    const start = this.ops.length
    compound()
    const redirects = this.redirects()
    if (redirects.length > 0) {
      this.ops.splice(start, 0, { op: 'redirect', redirects })
      this.emit({ op: 'unredirect' })
    }
  }

  private compound(word: string): (() => void) | undefined {
    if (word === 'if') return () => this.ifCommand()
    if (word === 'while' || word === 'until') return () => this.whileCommand(word === 'until')
    if (word === 'for') return () => this.forCommand()
    if (word === '{')
      return () => {
        this.at++
        this.list()
        this.expect('}')
      }
    if (this.text[this.at] === '(')
      return () => {
        this.at++
        this.list()
        if (this.text[this.at] !== ')') this.fail('syntax error: ")" expected')
        this.at++
      }
    if (word === 'case' || word === 'function' || word === 'select')
      this.fail(`the lab's shell does not know "${word}"`)
    if (/^[A-Za-z_]\w*$/.test(word) && /^[A-Za-z_]\w*\s*\(\)/.test(this.text.slice(this.at)))
      this.fail("the lab's shell does not know functions")
    return undefined
  }

  private ifCommand(): void {
    this.at += 2
    this.list()
    this.expect('then')
    const skip = this.emit({ op: 'branch' as const, ok: false, by: 0 })
    this.list()
    const end = this.emit({ op: 'jump' as const, by: 0 })
    this.land(skip)
    this.blanks(true)
    const word = this.peekWord()
    if (word === 'elif') {
      this.at += 2
      this.ifCommand()
      this.land(end)
      return
    }
    if (word === 'else') {
      this.at += 4
      this.list()
    } else this.emit({ op: 'status', to: 0 })
    this.expect('fi')
    this.land(end)
  }

  private whileCommand(until: boolean): void {
    this.at += 5
    const top = this.ops.length
    this.list()
    const out = this.emit({ op: 'branch' as const, ok: until, by: 0 })
    const loop: Loop = { breaks: [], continues: [] }
    this.loops.push(loop)
    this.body()
    this.loops.pop()
    for (const jump of loop.continues) this.land(jump)
    this.emit({ op: 'jump', by: top - this.ops.length })
    this.land(out)
    this.emit({ op: 'status', to: 0 })
    for (const jump of loop.breaks) this.land(jump)
  }

  private forCommand(): void {
    this.at += 3
    this.blanks(false)
    const name = this.peekWord()
    if (!/^[A-Za-z_]\w*$/.test(name)) this.fail('syntax error: bad for loop variable')
    this.at += name.length
    this.blanks(true)
    const words: Word[] = []
    if (this.peekWord() === 'in') {
      this.at += 2
      for (;;) {
        this.blanks(false)
        const c = this.text[this.at]
        if (c === undefined || c === '\n' || c === ';') break
        words.push(this.word())
      }
    }
    this.emit({ op: 'for', name, words })
    const next = this.emit({ op: 'next' as const, by: 0 })
    const loop: Loop = { breaks: [], continues: [] }
    this.loops.push(loop)
    this.body()
    this.loops.pop()
    for (const jump of loop.continues) this.land(jump)
    this.emit({ op: 'jump', by: this.ops.indexOf(next) - this.ops.length })
    this.land(next)
    for (const jump of loop.breaks) this.land(jump)
    this.emit({ op: 'endfor' })
  }

  private body(): void {
    this.expect('do')
    this.list()
    this.expect('done')
  }

  private simple(): void {
    const assigns: { name: string; word: Word }[] = []
    const words: Word[] = []
    const redirects: Redirect[] = []
    for (;;) {
      this.blanks(false)
      const redirect = this.redirect()
      if (redirect) {
        redirects.push(redirect)
        continue
      }
      const c = this.text[this.at]
      if (c === undefined || c === '\n' || c === ';' || c === '&' || c === '|' || c === '(' || c === ')') break
      const assign = words.length === 0 ? /^([A-Za-z_]\w*)=/.exec(this.text.slice(this.at, this.at + 80)) : null
      if (assign) {
        this.at += assign[0].length
        assigns.push({ name: assign[1]!, word: this.word() })
      } else words.push(this.word())
    }
    if (words.length === 0 && assigns.length === 0 && redirects.length === 0)
      this.fail(`syntax error: unexpected "${this.text[this.at] ?? 'end of file'}"`)
    const first = words[0]
    const literal = first?.length === 1 && first[0]!.t === 'lit' && !first[0]!.quoted ? first[0]!.text : ''
    const loop = this.loops.at(-1)
    if (loop && literal === 'break') loop.breaks.push(this.emit({ op: 'jump' as const, by: 0 }))
    else if (loop && literal === 'continue') loop.continues.push(this.emit({ op: 'jump' as const, by: 0 }))
    else this.emit({ op: 'run', assigns, words, redirects })
  }

  private redirects(): Redirect[] {
    const all: Redirect[] = []
    for (;;) {
      this.blanks(false)
      const redirect = this.redirect()
      if (!redirect) return all
      all.push(redirect)
    }
  }

  private redirect(): Redirect | undefined {
    const m = /^(\d|&)?(>>|>|<<|<)(&(\d))?/.exec(this.text.slice(this.at, this.at + 8))
    if (!m) return undefined
    if (m[2] === '<<') this.fail("the lab's shell does not know here-documents")
    this.at += m[0].length
    const fd = m[1] === '&' ? 12 : m[1] !== undefined ? Number(m[1]) : m[2] === '<' ? 0 : 1
    if (fd !== 0 && fd !== 1 && fd !== 2 && fd !== 12) this.fail(`the lab's shell knows no file descriptor ${fd}`)
    if (m[4] !== undefined) {
      if (m[4] !== '1' && m[4] !== '2') this.fail(`the lab's shell knows no file descriptor ${m[4]}`)
      return { fd, append: false, to: { fd: Number(m[4]) as 1 | 2 } }
    }
    this.blanks(false)
    return { fd, append: m[2] === '>>', to: this.word() }
  }

  /** One word up to a blank or an operator. */
  private word(): Word {
    const parts: Part[] = []
    let plain = ''
    const flush = () => {
      if (plain !== '') parts.push({ t: 'lit', text: plain, quoted: false })
      plain = ''
    }
    for (;;) {
      const c = this.text[this.at]
      if (c === undefined || ' \t\r\n;&|()<>'.includes(c)) break
      if (c === '\\') {
        flush()
        parts.push({ t: 'lit', text: this.text[this.at + 1] ?? '', quoted: true })
        this.at += 2
      } else if (c === "'") {
        flush()
        const end = this.text.indexOf("'", this.at + 1)
        if (end < 0) this.fail('syntax error: unterminated quoted string')
        parts.push({ t: 'lit', text: this.text.slice(this.at + 1, end), quoted: true })
        this.at = end + 1
      } else if (c === '"') {
        flush()
        this.at++
        parts.push({ t: 'lit', text: '', quoted: true })
        this.quoted(parts)
      } else if (c === '$' || c === '`') {
        flush()
        this.dollar(parts, false)
      } else {
        plain += c
        this.at++
      }
    }
    flush()
    return parts
  }

  private quoted(parts: Part[]): void {
    let plain = ''
    const flush = () => {
      if (plain !== '') parts.push({ t: 'lit', text: plain, quoted: true })
      plain = ''
    }
    for (;;) {
      const c = this.text[this.at]
      if (c === undefined) this.fail('syntax error: unterminated quoted string')
      if (c === '"') break
      if (c === '\\' && '"\\$`\n'.includes(this.text[this.at + 1] ?? '')) {
        plain += this.text[this.at + 1]
        this.at += 2
      } else if (c === '$' || c === '`') {
        flush()
        this.dollar(parts, true)
      } else {
        plain += c
        this.at++
      }
    }
    flush()
    this.at++
  }

  private dollar(parts: Part[], quoted: boolean): void {
    if (this.text[this.at] === '`') return this.backquote(parts, quoted)
    const rest = this.text.slice(this.at + 1, this.at + 80)
    if (rest.startsWith('((')) {
      this.at += 3
      let end = this.at
      for (let depth = 0; end < this.text.length && !(depth === 0 && this.text.startsWith('))', end)); end++)
        depth += this.text[end] === '(' ? 1 : this.text[end] === ')' ? -1 : 0
      if (end >= this.text.length) this.fail('syntax error: "))" expected')
      const inner = new Compiler(
        this.text
          .slice(this.at, end)
          .replace(/\$?([A-Za-z_]\w*)/g, '${$1:-0}')
          .replaceAll(/[()*<>|&;]/g, '\\$&')
          .replaceAll(' ', '\\ '),
      )
      parts.push({ t: 'math', word: inner.word() })
      this.at = end + 2
      return
    }
    if (rest.startsWith('(')) {
      this.at += 2
      const slot = this.slots++
      this.emit({ op: 'capture' })
      this.list()
      if (this.text[this.at] !== ')') this.fail('syntax error: ")" expected')
      this.at++
      this.emit({ op: 'slot', slot })
      parts.push({ t: 'slot', slot, quoted })
      return
    }
    const braced = /^\{([A-Za-z_]\w*|[\d?$!#@*])(:?[-+=?]|##?|%%?)?/.exec(rest)
    if (braced) {
      this.at += 1 + braced[0].length
      const end = this.text.indexOf('}', this.at)
      if (end < 0) this.fail('syntax error: bad substitution')
      const inner = new Compiler(this.text.slice(this.at, end).replaceAll(/[ ;&|()<>]/g, '\\$&'))
      parts.push({ t: 'var', name: braced[1]!, op: braced[2] ?? '', arg: inner.word(), quoted })
      this.at = end + 1
      return
    }
    const name = /^([A-Za-z_]\w*|[\d?$!#@*])/.exec(rest)?.[0]
    this.at += 1 + (name?.length ?? 0)
    parts.push(name === undefined ? { t: 'lit', text: '$', quoted } : { t: 'var', name, op: '', arg: [], quoted })
  }

  private backquote(parts: Part[], quoted: boolean): void {
    const end = this.text.indexOf('`', this.at + 1)
    if (end < 0) this.fail('syntax error: unterminated "`"')
    const inner = new Compiler(this.text.slice(this.at + 1, end))
    inner.slots = this.slots
    inner.list()
    this.slots = inner.slots
    const slot = this.slots++
    this.emit({ op: 'capture' })
    for (const op of inner.ops) this.emit(op)
    this.emit({ op: 'slot', slot })
    parts.push({ t: 'slot', slot, quoted })
    this.at = end + 1
  }
}
