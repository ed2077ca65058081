/** nftables of a machine as tables of the world. */
import type { Micros } from '../../../sim/contract.ts'
import type { NftChain, NftElement, NftObject, NftSet, NftTable } from './store.ts'

/** id: `node|ip/kube-proxy` */
export type NftTableRecord = NftTable & { readonly node: string }
/** id: `node|ip/kube-proxy|services` */
export type NftChainRecord = NftChain & { readonly node: string }
/** id: `node|ip/kube-proxy|service-ips` */
export type NftSetRecord = NftSet & { readonly node: string }
/** id: `node|ip/kube-proxy|service-ips|10.96.0.1 . tcp . 443` */
export type NftElementRecord = NftElement & { readonly node: string }
/** id: `node|ip/kube-proxy|name` */
export type NftObjectRecord = NftObject & { readonly node: string }

/** What a counter of a rule counted since the rule was written. id: `node|ip/kube-proxy|chain|handle`. */
export type NftCountRecord = {
  readonly node: string
  readonly table: string
  readonly chain: string
  readonly handle: number
  readonly packets: number
  readonly bytes: number
}

/** How much there is, and what the last transaction that changed anything did. id: node. */
export type NftWriteRecord = {
  readonly node: string
  readonly rules: number
  readonly chains: number
  readonly elements: number
  readonly lastWriteAt: Micros
  /** `kube-proxy`, `nft`. */
  readonly lastWriter: string
  /** At most 200 each, as `nft monitor` says them, without the verb: `rule ip kube-proxy services ...`. */
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly addedCount: number
  readonly removedCount: number
}

export const nftId = (node: string, ...parts: readonly string[]): string => `${node}|${parts.join('|')}`
