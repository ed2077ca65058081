import { apply } from './apply.ts'
import { deleteVerb } from './delete.ts'
import { get } from './get.ts'
import type { Verb } from './verb.ts'

/** Every verb; one line each. */
export const VERBS: readonly Verb[] = [get, apply, deleteVerb]
