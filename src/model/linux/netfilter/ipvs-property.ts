/** skb->ipvs_property, with the virtual server it went through: IPVS leaves such a packet alone; `-m ipvs` asks for it. */
import type { Walk } from './walk.ts'

export interface IpvsProperty {
  readonly proto: 'tcp' | 'udp' | 'sctp'
  readonly vaddr: string
  readonly vport: number
}

const marked = new WeakMap<Walk, IpvsProperty>()

export function markIpvs(walk: Walk, property: IpvsProperty): void {
  marked.set(walk, property)
}

export function ipvsOf(walk: Walk): IpvsProperty | undefined {
  return marked.get(walk)
}
