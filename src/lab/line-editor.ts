/**
 * The line discipline of the terminal: keys in, a line out, with history, search and completion, as readline has them.
 * It writes what xterm shows; it knows nothing of the model.
 */

export interface LineEditorHost {
  readonly write: (text: string) => void
  readonly history: () => readonly string[]
  /** Words that may stand where the cursor is: `start` is where the word to replace begins. */
  readonly complete: (line: string, cursor: number) => { readonly start: number; readonly words: readonly string[] }
  readonly onLine: (line: string) => void
  readonly onInterrupt: () => void
  readonly onEnd: () => void
  readonly columns: () => number
}

export interface LineEditor {
  /** The shell waits for a line and has this prompt; undefined: a program runs and reads plain lines. */
  prompt(text: string | undefined): void
  keys(text: string): void
  /** Puts text before the line in hand, as output that comes while somebody types. */
  print(text: string): void
  /** Types a line and Enter. */
  enter(line: string): void
}

const MAX_LINE = 20_000

export function createLineEditor(host: LineEditorHost): LineEditor {
  let prompt: string | undefined
  let line = ''
  let cursor = 0
  /** Position in history while browsing; length of it: the line in hand. */
  let at = 0
  let kept = ''
  let search: { text: string; found: number } | undefined
  let tabs = 0
  /** Column where the line begins and rows it took when last drawn. */
  let drawnRows = 1

  const width = (text: string): number => [...text].length
  const shownPrompt = (): string => (search ? `(reverse-i-search)\`${search.text}': ` : (prompt ?? ''))

  /** Draws prompt and line anew from the first row they take. */
  function draw(): void {
    const columns = Math.max(10, host.columns())
    const all = width(shownPrompt()) + width(line)
    const before = width(shownPrompt()) + width(line.slice(0, cursor))
    const rows = Math.floor(all / columns) + 1
    let out = drawnRows > 1 ? `\x1b[${drawnRows - 1}A` : ''
    out += `\r\x1b[J${shownPrompt()}${line}`
    if (all % columns === 0 && all > 0) out += '\r\n'
    const row = Math.floor(before / columns)
    if (rows - 1 - row > 0) out += `\x1b[${rows - 1 - row}A`
    out += `\r${before % columns > 0 ? `\x1b[${before % columns}C` : ''}`
    drawnRows = row + 1
    host.write(out)
  }

  function set(text: string, to = text.length): void {
    line = text.slice(0, MAX_LINE)
    cursor = Math.min(to, line.length)
    draw()
  }

  function submit(): void {
    search = undefined
    cursor = line.length
    draw()
    host.write('\r\n')
    const text = line
    line = kept = ''
    cursor = 0
    drawnRows = 1
    at = host.history().length + 1
    prompt = undefined
    host.onLine(text)
  }

  function browse(by: number): void {
    const history = host.history()
    if (at > history.length) at = history.length
    if (at === history.length) kept = line
    const to = Math.min(history.length, Math.max(0, at + by))
    if (to === at) return
    at = to
    set(at === history.length ? kept : history[at]!)
  }

  function find(): void {
    const history = host.history()
    for (let i = Math.min(search!.found, history.length - 1); i >= 0; i--)
      if (history[i]!.includes(search!.text)) {
        search!.found = i
        return set(history[i]!)
      }
    draw()
  }

  function complete(): void {
    const { start, words } = host.complete(line, cursor)
    if (words.length === 0) return
    const common = words.reduce((a, b) => {
      let i = 0
      while (i < a.length && a[i] === b[i]) i++
      return a.slice(0, i)
    })
    const typed = line.slice(start, cursor)
    if (words.length === 1 || common.length > typed.length) {
      const tail = words.length === 1 && !/[/=:]$/.test(common) ? ' ' : ''
      return set(line.slice(0, start) + common + tail + line.slice(cursor), start + common.length + tail.length)
    }
    if (tabs < 2) return
    const columns = Math.max(10, host.columns())
    const cell = Math.max(...words.map(width)) + 2
    const perRow = Math.max(1, Math.floor(columns / cell))
    let list = '\r\n'
    words
      .slice(0, 200)
      .forEach((word, i) => (list += word + (i % perRow === perRow - 1 ? '\r\n' : ' '.repeat(cell - width(word)))))
    if (words.length > 200) list += `\r\n... and ${words.length - 200} more`
    host.write(`${list.endsWith('\r\n') ? list : `${list}\r\n`}`)
    drawnRows = 1
    draw()
  }

  const wordBack = (): number => {
    const m = /\S+\s*$/.exec(line.slice(0, cursor))
    return m ? m.index : 0
  }

  const KEYS: Readonly<Record<string, () => void>> = {
    '\r': submit,
    '\n': submit,
    '\x7f': () => cursor > 0 && set(line.slice(0, cursor - 1) + line.slice(cursor), cursor - 1),
    '\b': () => cursor > 0 && set(line.slice(0, cursor - 1) + line.slice(cursor), cursor - 1),
    '\x1b[3~': () => set(line.slice(0, cursor) + line.slice(cursor + 1), cursor),
    '\x1b[A': () => browse(-1),
    '\x1b[B': () => browse(1),
    '\x10': () => browse(-1),
    '\x0e': () => browse(1),
    '\x1b[C': () => set(line, Math.min(line.length, cursor + 1)),
    '\x1b[D': () => set(line, Math.max(0, cursor - 1)),
    '\x06': () => set(line, Math.min(line.length, cursor + 1)),
    '\x02': () => set(line, Math.max(0, cursor - 1)),
    '\x1b[H': () => set(line, 0),
    '\x1b[F': () => set(line),
    '\x01': () => set(line, 0),
    '\x05': () => set(line),
    '\x1b[1;5D': () => set(line, wordBack()),
    '\x1b[1;5C': () => set(line, cursor + (/^\s*\S+/.exec(line.slice(cursor))?.[0].length ?? 0)),
    '\x15': () => set(line.slice(cursor), 0),
    '\x0b': () => set(line.slice(0, cursor), cursor),
    '\x17': () => set(line.slice(0, wordBack()) + line.slice(cursor), wordBack()),
    '\x0c': () => {
      host.write('\x1b[2J\x1b[H')
      drawnRows = 1
      draw()
    },
    '\x12': () => {
      search = { text: search?.text ?? '', found: search ? search.found - 1 : host.history().length - 1 }
      if (search.text) find()
      else draw()
    },
    '\x1b': () => {
      if (!search) return
      search = undefined
      draw()
    },
    '\t': complete,
    '\x04': () => {
      if (line !== '') return
      host.write('\r\n')
      drawnRows = 1
      host.onEnd()
    },
  }

  function key(text: string): void {
    tabs = text === '\t' ? tabs + 1 : 0
    if (text === '\x03') {
      search = undefined
      line = kept = ''
      cursor = 0
      drawnRows = 1
      return host.onInterrupt()
    }
    const known = KEYS[text]
    if (known) return known()
    if (text.startsWith('\x1b') || text < ' ') return
    if (search) {
      search.text += text
      return find()
    }
    set(line.slice(0, cursor) + text + line.slice(cursor), cursor + text.length)
  }

  return {
    prompt(text) {
      if (text === prompt) return
      prompt = text
      drawnRows = 1
      if (text !== undefined) draw()
    },

    keys: (text) =>
      (text.match(/\x1b\[[0-9;]*[A-Za-z~]|\x1bO[A-Z]|[\x00-\x1f\x7f]|[^\x00-\x1f\x7f]+/g) ?? []).forEach(key),
    print(text) {
      const open = prompt !== undefined
      if (open) host.write(`${drawnRows > 1 ? `\x1b[${drawnRows - 1}A` : ''}\r\x1b[J`)
      host.write(text.replace(/\r?\n/g, '\r\n'))
      drawnRows = 1
      if (open) draw()
    },
    enter(text) {
      for (const part of text.split('\n')) {
        set(part)
        submit()
      }
    },
  }
}
