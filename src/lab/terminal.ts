/** The terminals of the page: a shell session each, a line editor before it, waiting on model time alone. */
import type { Micros } from '../sim/contract.ts'
import type { Tool } from '../tools/contract.ts'
import { completeLine } from '../shell/completion.ts'
import type { Filters, LabControls } from '../shell/process.ts'
import { createSession, type Session as Shell } from '../shell/session.ts'
import type { ModelWait } from '../shell/tasks.ts'
import { createLineEditor, type LineEditor } from './line-editor.ts'
import type { FromWorker, TerminalToWorker } from './protocol.ts'
import type { Session } from './session.ts'

interface Terminal {
  readonly shell: Shell
  readonly editor: LineEditor
  columns: number
  /** Lines that came while the shell was busy. */
  readonly queue: string[]
  prompted: boolean
}

export interface Terminals {
  handle(id: string, data: TerminalToWorker): void
  /** The model moved: wake what waited for it. `changed`: tables written since the last call. */
  wake(changed: ReadonlySet<string> | 'any'): void
  /** What the shells wait for in the model. */
  waits(): readonly ModelWait[]
  /** Files of the working directory, for a shell of its own. */
  files(): Readonly<Record<string, string>>
  /** Another run was opened: shells of the old one end. */
  reset(session: Session): void
  /** Files that the lesson and the editor lay into the working directory. */
  file(name: string, text: string): void
  readText(name: string): string | undefined
  /** What was typed in this run, with its moment. */
  lines(): readonly { readonly at: Micros; readonly line: string }[]
}

export interface TerminalHost {
  readonly tools: readonly Tool[]
  readonly post: (message: FromWorker) => void
  /** Gives inputs at the present moment and shows the result. */
  readonly give: Parameters<typeof createSession>[0]['host']['give']
  readonly lab: LabControls
  readonly loadFilters: () => Promise<Filters>
}

const MAX_TERMINALS = 8
const MOST_LINES = 1_000

export function createTerminals(host: TerminalHost): Terminals {
  const terminals = new Map<string, Terminal>()
  const files: Record<string, string> = {}
  let lines: { at: Micros; line: string }[] = []
  let run: Session | undefined

  function open(id: string, columns: number): Terminal | undefined {
    const held = terminals.get(id)
    if (held || !run || terminals.size >= MAX_TERMINALS) return held
    const session = run
    const write = (text: string): void => host.post({ t: 'terminal', session: id, text })
    const editor = createLineEditor({
      write,
      history: () => shell.history(),
      complete: (line, cursor) => completeLine(shell, line, cursor),
      onLine(line) {
        if (line.trim() !== '' && lines.length < MOST_LINES) lines.push({ at: session.now, line })
        shell.line(line)
      },
      onInterrupt: () => shell.interrupt(),
      onEnd: () => shell.endOfInput(),
      columns: () => terminal.columns,
    })
    // The shell prompts while it is being made: what it writes to has to be there before.
    const terminal: Terminal = {
      get shell() {
        return shell
      },
      editor,
      columns,
      queue: [],
      prompted: false,
    }
    const shell = createSession({
      host: {
        reader: () => session.reader,
        give: host.give,
        lab: host.lab,
        loadFilters: host.loadFilters,
      },
      tools: host.tools,
      files,
      tty: true,
      write: (text) => terminal.editor.print(text),
      onEffect(effect) {
        if (effect.kind === 'clear') write('\x1b[2J\x1b[3J\x1b[H')
        else host.post({ t: 'effect', session: id, effect })
      },
      onPrompt(prompt) {
        terminal.prompted = prompt !== undefined
        terminal.editor.prompt(prompt)
        const next = prompt === undefined ? undefined : terminal.queue.shift()
        if (next !== undefined) terminal.editor.enter(next)
      },
    })
    terminals.set(id, terminal)
    return terminal
  }

  return {
    handle(id, data) {
      if (data.d === 'file') return
      if (data.d === 'close') {
        terminals.get(id)?.shell.close()
        terminals.delete(id)
        return
      }
      const terminal = open(id, 'cols' in data ? data.cols : 80)
      if (!terminal) return
      if (data.d === 'key') terminal.editor.keys(data.text)
      else if (data.d === 'run') {
        if (terminal.prompted) terminal.editor.enter(data.line)
        else terminal.queue.push(data.line)
      } else terminal.columns = data.cols
    },
    waits: () => [...terminals.values()].flatMap(({ shell }) => shell.waits()),
    files: () => files,
    wake(changed) {
      for (const { shell } of terminals.values()) if (shell.waits().length > 0) shell.wake(changed)
    },
    reset(session) {
      for (const { shell } of terminals.values()) shell.close()
      for (const id of terminals.keys()) host.post({ t: 'terminal', session: id, text: '\x1bc' })
      const ids = [...terminals].map(([id, { columns }]) => ({ id, columns }))
      terminals.clear()
      for (const name of Object.keys(files)) delete files[name]
      lines = []
      run = session
      for (const { id, columns } of ids) open(id, columns)
    },
    file(name, text) {
      files[name] = text
      for (const { shell } of terminals.values()) shell.writeFile(name, text)
    },
    lines: () => lines,
    readText: (name) => terminals.values().next().value?.shell.readFile(name) ?? files[name],
  }
}
