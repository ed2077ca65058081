import type { CommandNode, Statement } from 'unbash'
import type { Input, Micros } from '../sim/contract.ts'
import type { ModelReader } from '../model/tables.ts'
import type { Place, Tool } from '../tools/contract.ts'
import type { Files } from './files.ts'
import type { ShellState } from './state.ts'
import type { Sink, Source } from './streams.ts'
import type { Group, Signal, Tasks } from './tasks.ts'

export interface Io {
  readonly stdin: Source
  readonly stdout: Sink
  readonly stderr: Sink
}

/** Where commands run: a place, its files, and the name its shell gives in error messages. */
export interface Site {
  readonly place: Place
  readonly files: Files
  /** `bash`, `-bash`, `sh`. */
  readonly shellName: string
  readonly home: string
  readonly env: Readonly<Record<string, string>>
}

/** What runs a line in: the shell's state, its site, its group, its descriptors. */
export interface Context {
  readonly kernel: Kernel
  readonly site: Site
  readonly shell: ShellState
  readonly group: Group
  readonly io: Io
  /** The text that positions of syntax nodes count in. */
  readonly source: string
  /** A condition, or left of && or ||: `set -e` does not end the shell here. */
  readonly tested?: boolean
}

/** One running program. */
export interface Process {
  readonly argv: readonly string[]
  readonly io: Io
  readonly group: Group
  readonly site: Site
  readonly shell: ShellState
  readonly kernel: Kernel
  readonly env: Readonly<Record<string, string>>
  readonly context: Context
}

export interface Program {
  readonly name: string
  readonly summary: string
  /** Everywhere when absent. */
  readonly places?: readonly Place['at'][]
  readonly run: (process: Process) => Promise<number> | number
  readonly complete?: Tool['complete']
}

export interface Job {
  readonly id: number
  readonly pid: number
  readonly text: string
  readonly group: Group
  done: boolean
  exit: number
  signal: Signal | undefined
  readonly finished: Set<() => void>
}

/** What the session may do to the outside. In a worker, in Node and in lesson checks alike. */
export interface Host {
  reader(): ModelReader
  /** Inputs enter the machine at the current model time, exactly as a click does. */
  give(inputs: readonly Input[]): void
  /** Loads the whole-input filters (sed, awk, jq, ...) when first used. */
  loadFilters?: () => Promise<Filters>
  /** `lab` commands; absent where the session may not use them. */
  readonly lab?: LabControls
}

export interface LabControls {
  fault(name: string, target: string, on: boolean): string | undefined
  faults(): readonly string[]
  hash(): string
  why(what: string): string | undefined
}

/** A whole-input text tool that is not ours: text in, text out, no time passes. */
export interface Filters {
  readonly names: readonly string[]
  run(call: {
    readonly argv: readonly string[]
    readonly stdin: string
    readonly files: Readonly<Record<string, string>>
    readonly cwd: string
    readonly env: Readonly<Record<string, string>>
  }): Promise<{
    readonly out: string
    readonly err: string
    readonly exit: number
    readonly files: Readonly<Record<string, string>>
  }>
}

/** Things for the page that are not text. */
export type Effect =
  { readonly kind: 'edit'; readonly text: string; readonly name: string } | { readonly kind: 'clear' }

/** The walker of the syntax tree, handed down so that builtins and expansions can run commands. */
export interface Interpreter {
  statements(statements: readonly Statement[], context: Context): Promise<number>
  command(node: CommandNode, context: Context): Promise<number>
  /** Runs a command by name: function, builtin, program of the place, file with a path. */
  invoke(argv: readonly string[], context: Context, options?: { skipFunctions?: boolean }): Promise<number>
}

export interface Kernel {
  readonly run: Interpreter
  readonly tasks: Tasks
  readonly host: Host
  readonly root: Group
  readonly jobs: Job[]
  readonly history: string[]
  readonly epochOffset: Micros
  siteOf(place: Place): Site
  programs(): readonly Program[]
  findProgram(name: string, place: Place): Program | undefined
  isBuiltin(name: string): boolean
  nextPid(): number
  /** Counts one step of a script; lets the host breathe; stops a line that goes on without end. */
  step(group: Group): Promise<void>
  effect(effect: Effect): void
  /** A new interactive or piped shell in a place; its exit status. */
  runShell(
    site: Site,
    io: Io,
    group: Group,
    env: Readonly<Record<string, string>>,
    interactive: boolean,
  ): Promise<number>
  /** A command in another place, or a shell there when `argv` is absent. */
  runIn(site: Site, argv: readonly string[] | undefined, io: Io, group: Group): Promise<number>
}

/** The line stops with this message: a limit was reached. */
export class Stopped extends Error {}

export function say(process: Process, text: string): void {
  process.io.stdout.write(text)
}

export function complain(process: Process, text: string): void {
  process.io.stderr.write(`${process.argv[0]}: ${text}\n`)
}
