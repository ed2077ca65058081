// What a verb gives back: an answer for the caller and the writes that go with it. Nothing is written here.

import type { ModelReader } from '../tables.ts'
import type { Chance } from './chance.ts'
import type { KubeObject } from './objects.ts'
import type { ApiResource } from './resources.ts'
import type { StatusCause, StatusError } from './status-errors.ts'

export type ObjectWrite = {
  resource: ApiResource
  id: string
  before?: KubeObject
  /** Absent: the object goes. */
  after?: KubeObject
  /** Of a deletion: what becomes of the dependents. */
  propagation?: 'Background' | 'Foreground' | 'Orphan'
}

export type Answer = {
  code: number
  object?: KubeObject
  items?: readonly KubeObject[]
  reason?: string
  message?: string
  causes?: readonly StatusCause[]
  warnings?: readonly string[]
  writes: readonly ObjectWrite[]
  /** The rules of the choice, for "why?". */
  because?: readonly (readonly [rule: string, facts: Record<string, unknown>])[]
}

/** All that a verb may look at. Each write takes the next version. */
export type Context = {
  reader: ModelReader
  chance: Chance
  nextVersion(): string
  /** The body came from outside the model (kubectl, the editor): its shape has to be checked. */
  untrusted: boolean
}

export const failure = (error: StatusError, because?: Answer['because']): Answer => ({ ...error, writes: [], because })

export function versionAfter(reader: ModelReader, n: number): string {
  return String((reader.get('counters', 'resourceVersion')?.value ?? 0) + n)
}
