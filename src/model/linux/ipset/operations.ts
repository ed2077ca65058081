import type { SetType } from './records.ts'

export type SetOp =
  | {
      readonly op: 'set-create'
      readonly name: string
      readonly type: SetType
      readonly family?: 4 | 6
      readonly hashsize?: number
      readonly maxelem?: number
      readonly range?: string
      /** `-exist`: no error where there is one of that name and kind. */
      readonly exist?: boolean
    }
  | { readonly op: 'set-destroy' | 'set-flush'; readonly name: string }
  /** Entries in the form of `ipset save`. */
  | {
      readonly op: 'set-add' | 'set-del'
      readonly name: string
      readonly entries: readonly string[]
      readonly exist?: boolean
    }
  | { readonly op: 'set-swap'; readonly name: string; readonly other: string }
