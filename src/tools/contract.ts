/**
 * A tool is a pure function. It prints what the real program prints, names what it waits for, and changes the world
 * only by inputs that the session pushes into the machine, exactly as a click does.
 */
import type { Input, Micros } from '../sim/contract.ts'
import type { ModelReader } from '../model/tables.ts'

/** Where a prompt stands. */
export type Place =
  | { readonly at: 'laptop' }
  | { readonly at: 'node'; readonly node: string }
  | { readonly at: 'container'; readonly node: string; readonly container: string }

/** Files as the place sees them; writes go back as `files` in the result. */
export interface FileView {
  /** Undefined: no such file. */
  read(path: string): string | undefined
  /** Undefined: no such directory. Names sorted. */
  list(path: string): readonly string[] | undefined
}

export interface ToolCall {
  /** argv[0] is the name it was called by. */
  readonly argv: readonly string[]
  /** All of standard input once it ended; undefined while nothing is connected (a terminal). */
  readonly stdin: string | undefined
  readonly reader: ModelReader
  readonly place: Place
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly files: FileView
  /** Output goes to a terminal (ls in columns, no pipe). */
  readonly tty: boolean
  /** What the tool gave as `state` when it last paused; undefined on the first call. */
  readonly state?: unknown
  /** Ctrl-C was pressed. */
  readonly interrupted?: boolean
  /** Whether a background job of this shell that starts with these words is running (`kubectl proxy &`). */
  readonly running?: (words: string) => boolean
  /** Exit status of what `effect: enter` ran in the other place, on the call after it; -1: no such program there. */
  readonly ran?: number
}

export interface ToolResult {
  readonly out?: string
  readonly err?: string
  /** `err` comes after `out`; otherwise before it. */
  readonly outFirst?: boolean
  /** Undefined: still running; call again when `wait` says. */
  readonly exit?: number
  /** Pushed into the machine now, in order; their handlers have run before the tool is called again. */
  readonly inputs?: readonly Input[]
  readonly files?: readonly { readonly path: string; readonly text: string | undefined }[]
  readonly state?: unknown
  /** Call again at this moment, or when one of these tables changed, whichever is first. */
  readonly wait?: { readonly until?: Micros; readonly tables?: readonly string[] }
  /** Something for the page: open the editor on a text, enter another place, clear the screen. */
  readonly effect?:
    /** Runs `argv` there on the same streams (a shell when absent). With `exit` set, its status is the tool's. */
    | { readonly kind: 'enter'; readonly place: Place; readonly argv?: readonly string[] }
    | { readonly kind: 'edit'; readonly text: string; readonly name: string }
    | { readonly kind: 'clear' }
}

export interface Tool {
  readonly name: string
  readonly aliases?: readonly string[]
  /** One line for `help` and the palette. */
  readonly summary: string
  readonly places: readonly Place['at'][]
  readonly run: (call: ToolCall) => ToolResult
  /** Reads standard input to its end although no word (`-`, `/dev/stdin`) asks for it. */
  readonly readsInput?: (argv: readonly string[]) => boolean
  /** Words that may follow `words` (argv so far, the last one unfinished). */
  readonly complete?: (
    words: readonly string[],
    call: Pick<ToolCall, 'reader' | 'place' | 'files' | 'cwd'>,
  ) => readonly string[]
}
