/** A script under way, as plain data: a place in the operations and what the shell remembers. */
import type { EventId } from '../../../sim/contract.ts'
import type { NetWork } from '../network-tools.ts'

export type Sink = { capture: string } | { out?: FileTarget; err?: FileTarget }
export type FileTarget = { path: string } | { fd: 1 | 2 }
export type Wait =
  | { for: 'timer'; timer: EventId; status: number }
  /** A command that never ends by itself. */
  | { for: 'ever' }
  | { for: 'child'; task: number }
  /** `wait`: background tasks. */
  | { for: 'jobs' }
  /** An answer from the network. `argv` is the command that asked. */
  | { for: 'net'; argv: readonly string[]; work?: NetWork }
export type Frame = { code: string; at: number; status: number }

export type ShellState = {
  /** Script text; for a lone command undefined, its words stand in `words`. */
  code?: string
  words?: readonly string[]
  at: number
  status: number
  vars: Readonly<Record<string, string>>
  /** $0, $1, ... */
  params: readonly string[]
  cwd: string
  sinks: readonly Sink[]
  stdin: readonly string[]
  slots: Readonly<Record<number, string>>
  loops: readonly { name: string; items: readonly string[]; next: number }[]
  traps: Readonly<Record<string, string>>
  pending: readonly string[]
  /** Where a trap's script returns to. */
  frames: readonly Frame[]
  wait?: Wait
  /** Redirections of the command that waits. */
  waitSinks?: number
  /** Background operations end here. */
  stopAt?: number
}

export function newShell(
  more: Pick<ShellState, 'vars' | 'cwd' | 'params'> & { code?: string; words?: readonly string[] },
): ShellState {
  return { at: 0, status: 0, sinks: [], stdin: [], slots: {}, loops: [], traps: {}, pending: [], frames: [], ...more }
}
