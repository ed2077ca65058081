/** Commands of nft, flat or in blocks, as records. nftables src/parser_bison.y (base_cmd, table_block). */
import type { BaseChain, Family } from './store.ts'
import type { LiteralElement } from './statement.ts'

/** Where nft points when it refuses. */
export interface Spot {
  readonly line: number
  readonly from: number
  readonly to: number
}

export type Verb = 'add' | 'create' | 'insert' | 'replace' | 'delete' | 'destroy' | 'flush'

export interface ChainSpec {
  readonly base?: BaseChain
  readonly policy?: 'accept' | 'drop'
  readonly comment?: string
}

export interface SetSpec {
  readonly types: readonly string[]
  readonly typeOf?: string
  readonly data?: readonly string[] | 'verdict'
  readonly dataOf?: string
  readonly flags: readonly string[]
  readonly timeout?: number
  readonly gcInterval?: number
  readonly size?: number
  readonly policy?: string
  readonly autoMerge?: boolean
  readonly each?: string
  readonly comment?: string
}

interface Named {
  readonly verb: Verb
  readonly family: Family
  readonly table: string
  /** The whole command, and the name that it is about. */
  readonly spot: Spot
  readonly nameSpot: Spot
  readonly tableSpot?: Spot
  /** As `nft -a` prints it. */
  readonly handle?: number
}

export type Command =
  | (Named & { readonly object: 'table'; readonly comment?: string; readonly flags?: readonly string[] })
  | (Named & { readonly object: 'chain'; readonly name: string; readonly spec: ChainSpec })
  | (Named & {
      readonly object: 'rule'
      readonly chain: string
      readonly text: string
      /** Where its statements stand; of NAT also where the port does. */
      readonly statementSpots: readonly (Spot & { readonly port?: Spot })[]
      /** Chains and sets that it names, and where. */
      readonly names: readonly { readonly name: string; readonly set: boolean; readonly spot: Spot }[]
      /** `handle`, `position` and `index` say where, or which. */
      readonly at?: { readonly handle?: number; readonly index?: number; readonly spot: Spot }
    })
  | (Named & { readonly object: 'set'; readonly name: string; readonly map: boolean; readonly spec: SetSpec })
  | (Named & {
      readonly object: 'element'
      readonly name: string
      readonly elements: readonly LiteralElement[] | undefined
      /** Not yet parsed: the types of the set are needed. */
      readonly text: string
      readonly textSpot: Spot
    })
  | (Named & { readonly object: 'object'; readonly type: string; readonly name: string; readonly body: string })
  | { readonly object: 'ruleset'; readonly verb: 'flush'; readonly family?: Family; readonly spot: Spot }
