/** The rules that a node's kernel holds, by handle: which place each has in its chain, and how long the chains are. */
import type { Net } from './namespaces.ts'

export interface KernelRules {
  /** Place from 1 of the rule with this handle. Key: `family table chain`. */
  place(chain: string, handle: number): number | undefined
  size(chain: string): number
  /** Base chains have a hook. */
  hook(chain: string): string | undefined
}

interface NftObject {
  readonly rule?: { readonly family: string; readonly table: string; readonly chain: string; readonly handle: number }
  readonly chain?: { readonly family: string; readonly table: string; readonly name: string; readonly hook?: string }
}

/** iptables-nft keeps its rules in nf_tables too, so this reads both. */
export function kernelRules(net: Pick<Net, 'inside'>, node: string): KernelRules {
  const all = JSON.parse(net.inside(node, ['nft', '-j', '-a', 'list', 'ruleset'])) as { nftables: NftObject[] }
  const sizes = new Map<string, number>()
  const places = new Map<string, number>()
  const hooks = new Map<string, string>()
  for (const { rule, chain } of all.nftables) {
    if (chain?.hook !== undefined) hooks.set(`${chain.family} ${chain.table} ${chain.name}`, chain.hook)
    if (!rule) continue
    const key = `${rule.family} ${rule.table} ${rule.chain}`
    const place = (sizes.get(key) ?? 0) + 1
    sizes.set(key, place)
    places.set(`${key} ${rule.handle}`, place)
  }
  return {
    place: (chain, handle) => places.get(`${chain} ${handle}`),
    size: (chain) => sizes.get(chain) ?? 0,
    hook: (chain) => hooks.get(chain),
  }
}
