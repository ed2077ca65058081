/** What one nft rule says, after parsing: statements over expressions. nftables include/statement.h, expression.h. */
import type { DataType, Value } from './data-type.ts'

export type Expression =
  | { readonly kind: 'payload'; readonly proto: string; readonly field: string; readonly type: DataType }
  | { readonly kind: 'meta'; readonly key: string; readonly type: DataType }
  | {
      readonly kind: 'ct'
      readonly key: string
      readonly direction?: 'original' | 'reply'
      readonly family?: 'ip' | 'ip6'
      readonly type: DataType
    }
  | {
      readonly kind: 'fib'
      readonly flags: readonly string[]
      readonly result: 'type' | 'oif' | 'oifname' | 'check'
      readonly type: DataType
    }
  | {
      readonly kind: 'numgen'
      readonly mode: string
      readonly mod: number
      readonly offset: number
      readonly type: DataType
    }
  | { readonly kind: 'concat'; readonly parts: readonly Expression[] }
  | {
      readonly kind: 'binary'
      readonly op: '&' | '|' | '^' | '<<' | '>>'
      readonly left: Expression
      readonly right: Expression
    }
  | { readonly kind: 'map'; readonly key: Expression; readonly map: SetExpression }
  | Constant
  /** An expression that the model does not evaluate: kept as written, and asked about. */
  | { readonly kind: 'opaque'; readonly text: string; readonly type: DataType }

export type Constant =
  | { readonly kind: 'value'; readonly type: DataType; readonly value: Value }
  | { readonly kind: 'prefix'; readonly type: DataType; readonly value: Value; readonly bits: number }
  | { readonly kind: 'range'; readonly type: DataType; readonly from: Value; readonly to: Value }
  /** `eth*` */
  | { readonly kind: 'wildcard'; readonly type: DataType; readonly start: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'tuple'; readonly parts: readonly Constant[] }

export type SetExpression =
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'literal'; readonly elements: readonly LiteralElement[] }

export interface LiteralElement {
  readonly key: Constant
  readonly data?: Constant | Verdict
  readonly comment?: string
  readonly timeout?: number
  readonly expires?: number
  readonly counter?: readonly [number, number]
}

export interface Verdict {
  readonly kind: 'verdict'
  readonly name: 'accept' | 'drop' | 'continue' | 'return' | 'jump' | 'goto' | 'queue'
  readonly chain?: string
}

export type MatchOp = '==' | '!=' | '<' | '>' | '<=' | '>='

export type Statement =
  | {
      readonly kind: 'match'
      readonly left: Expression
      readonly op: MatchOp
      /** Flags: any of them is enough, unless the operator was written. */
      readonly anyBit: boolean
      readonly right: Constant | SetExpression | Expression
    }
  | { readonly kind: 'vmap'; readonly key: Expression; readonly map: SetExpression }
  | Verdict
  | { readonly kind: 'assign'; readonly to: Expression; readonly value: Expression }
  | NatStatement
  | { readonly kind: 'reject'; readonly how: string | undefined; readonly code: string | undefined }
  | { readonly kind: 'counter'; readonly name?: string; readonly packets: number; readonly bytes: number }
  | { readonly kind: 'log'; readonly options: string }
  | { readonly kind: 'limit'; readonly text: string; readonly over: boolean }
  | { readonly kind: 'notrack' }
  | {
      readonly kind: 'set'
      readonly op: 'add' | 'update' | 'delete'
      readonly set: string
      readonly key: Expression
      readonly timeout?: number
      readonly statements: readonly Statement[]
      readonly data?: Expression | Verdict
    }
  /** A statement that the model does not evaluate. */
  | { readonly kind: 'opaque'; readonly text: string }

export interface NatStatement {
  readonly kind: 'nat'
  readonly name: 'dnat' | 'snat' | 'masquerade' | 'redirect'
  readonly family?: 'ip' | 'ip6'
  /** Written as `addr . port`: the value holds both. */
  readonly withPort?: boolean
  readonly address?: Expression
  readonly port?: Expression
  readonly flags: readonly string[]
}

export interface NftRule {
  readonly statements: readonly Statement[]
  readonly comment?: string
}
