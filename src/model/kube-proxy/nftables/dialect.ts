/** How a family and a version of kube-proxy spell things, and the objects that every table has. */
import type { ProxierConfig } from '../config.ts'

/** `1.35` stands for 1.31 to 1.35; 1.36 moved masquerading out of the chains per Service and endpoint. */
export type Layout = '1.35' | '1.36'

export function layoutOf(options: Readonly<Record<string, unknown>>): Layout {
  return String(options.layout ?? '').replace(/^nftables-/, '') === '1.35' ? '1.35' : '1.36'
}

export interface Dialect {
  readonly layout: Layout
  /** `ip kube-proxy` */
  readonly table: string
  readonly ip: 'ip' | 'ip6'
  readonly addr: 'ipv4_addr' | 'ipv6_addr'
  readonly noLocalhost: string
  readonly mark: string
  /** What marks a packet for masquerading. */
  readonly markForMasquerade: string
  readonly ifLocal: string | undefined
  readonly ifNotLocal: string | undefined
}

export function dialect(config: ProxierConfig, layout: Layout): Dialect {
  const four = config.family === 4
  const ip = four ? 'ip' : 'ip6'
  const local = (text: string | undefined): string | undefined => {
    const found = /^(! )?-([si]) (.*)$/.exec(text ?? '')
    if (!found) return undefined
    const what = found[2] === 's' ? `${ip} saddr` : 'iifname'
    return `${what} ${found[1] ? '!= ' : ''}${found[2] === 's' ? found[3]! : found[3]!.replace(/\+$/, '*')}`
  }
  return {
    layout,
    table: `${ip} kube-proxy`,
    ip,
    addr: four ? 'ipv4_addr' : 'ipv6_addr',
    noLocalhost: four ? 'ip daddr != 127.0.0.0/8' : 'ip6 daddr != ::1',
    mark: config.masqueradeMark,
    markForMasquerade: layout === '1.35' ? 'jump mark-for-masquerade' : `mark set mark or ${config.masqueradeMark}`,
    ifLocal: local(config.localDetector?.ifLocal),
    ifNotLocal: local(config.localDetector?.ifNotLocal),
  }
}

/** Sets and maps whose elements a sync keeps in step, one by one. */
export const CONTAINERS = [
  'cluster-ips',
  'service-ips',
  'firewall-ips',
  'no-endpoint-services',
  'no-endpoint-nodeports',
  'service-nodeports',
  'hairpin-connections',
] as const
export type Container = (typeof CONTAINERS)[number]

export const REJECT = 'goto reject-chain'
