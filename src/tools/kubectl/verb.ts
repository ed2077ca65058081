import type { Micros } from '../../sim/contract.ts'
import type { ModelReader } from '../../model/tables.ts'
import type { ToolCall, ToolResult } from '../contract.ts'
import type { Flags, FlagSpecs } from './flags.ts'

/** A kubectl verb: one file and one line in the list. Help, completion and the palette derive from it. */
export interface Verb {
  readonly name: string
  readonly aliases?: readonly string[]
  readonly summary: string
  /** What stands after `kubectl VERB` in its usage line. */
  readonly usage: string
  readonly flags: FlagSpecs
  readonly run: (kube: Kube) => ToolResult
  /** Words that may come next, the flags aside. `words`: what stands after the verb, without flags. */
  readonly complete?: (words: readonly string[], reader: ModelReader, namespace: string) => readonly string[]
}

/** One call of a verb. */
export interface Kube {
  readonly call: ToolCall
  readonly reader: ModelReader
  readonly now: Micros
  readonly flags: Flags
  readonly args: readonly string[]
  /** What stood after `--`. */
  readonly rest: readonly string[] | undefined
  readonly namespace: string
  /** -n was given. */
  readonly explicitNamespace: boolean
}

export const done = (out: string, err = '', exit = 0): ToolResult => ({ out, err, exit })
export const failed = (err: string, exit = 1): ToolResult => ({ err: err.endsWith('\n') ? err : `${err}\n`, exit })
