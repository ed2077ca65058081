import type { Function as FunctionNode } from 'unbash'

export interface Variable {
  readonly value: string | readonly string[]
  readonly exported: boolean
  readonly readonly?: boolean
}

/** What one shell (or subshell) knows. Mutable: a subshell gets a copy. */
export interface ShellState {
  cwd: string
  previousDir: string
  readonly vars: Map<string, Variable>
  readonly functions: Map<string, FunctionNode>
  readonly aliases: Map<string, string>
  /** $1 and on. */
  params: readonly string[]
  lastExit: number
  lastJobPid: number | undefined
  /** How deep in functions, command substitutions and sourced files: bounded. */
  depth: number
  readonly options: { errexit: boolean; nounset: boolean; xtrace: boolean; pipefail: boolean }
  /** The names that `local` hid in the running function, to be put back. */
  locals: Map<string, Variable | undefined> | undefined
  loops: number
}

export function createShellState(cwd: string, env: Readonly<Record<string, string>>): ShellState {
  return {
    cwd,
    previousDir: cwd,
    vars: new Map(Object.entries(env).map(([name, value]) => [name, { value, exported: true }])),
    functions: new Map(),
    aliases: new Map(),
    params: [],
    lastExit: 0,
    lastJobPid: undefined,
    depth: 0,
    options: { errexit: false, nounset: false, xtrace: false, pipefail: false },
    locals: undefined,
    loops: 0,
  }
}

export function copyState(shell: ShellState): ShellState {
  return {
    ...shell,
    vars: new Map(shell.vars),
    functions: new Map(shell.functions),
    aliases: new Map(shell.aliases),
    options: { ...shell.options },
    locals: shell.locals && new Map(shell.locals),
    depth: shell.depth + 1,
    loops: 0,
  }
}

export function getVar(shell: ShellState, name: string): string | undefined {
  const value = shell.vars.get(name)?.value
  return typeof value === 'string' ? value : value?.[0]
}

export class ReadonlyVariable extends Error {}

export function setVar(shell: ShellState, name: string, value: string | readonly string[]): void {
  const old = shell.vars.get(name)
  if (old?.readonly) throw new ReadonlyVariable(`${name}: readonly variable`)
  shell.vars.set(name, { value, exported: old?.exported ?? false })
}

export function environment(shell: ShellState): Record<string, string> {
  const env: Record<string, string> = {}
  for (const [name, variable] of shell.vars) {
    if (variable.exported && typeof variable.value === 'string') env[name] = variable.value
  }
  return env
}
