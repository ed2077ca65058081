/** The table `local`, which the kernel keeps by itself: fib_add_ifaddr in linux net/ipv4/fib_frontend.c. */
import type { LinkRecord } from '../../model/tables.ts'

interface LocalRoute {
  readonly kind: 'local' | 'broadcast'
  readonly dst: string
  readonly dev: string
  readonly src: string
}

const number = (ip: string): number =>
  ip
    .split('/')[0]!
    .split('.')
    .reduce((sum, part) => sum * 256 + Number(part), 0)

/** Of a device that is down the addresses are local all the same; only their broadcasts are missing. */
export function localRoutes(
  links: readonly LinkRecord[],
  broadcast: (address: string) => string,
  dev?: string,
): LocalRoute[] {
  const out: LocalRoute[] = []
  for (const link of links) {
    if (dev !== undefined && link.name !== dev) continue
    for (const address of link.addresses) {
      if (address.includes(':')) continue
      const [src = '', prefix = '32'] = address.split('/')
      const shared = { dev: link.name, src }
      if (link.kind === 'loopback') out.push({ kind: 'local', dst: '127.0.0.0/8', ...shared })
      out.push({ kind: 'local', dst: src, ...shared })
      if (link.up && Number(prefix) < 31) out.push({ kind: 'broadcast', dst: broadcast(address), ...shared })
    }
  }
  return out.sort((a, b) => number(a.dst) - number(b.dst))
}

export function localRoutesText(routes: readonly LocalRoute[], devGiven: boolean): string {
  return routes
    .map(
      ({ kind, dst, dev, src }) =>
        `${kind} ${dst} ${devGiven ? '' : `dev ${dev} `}proto kernel scope ${kind === 'local' ? 'host' : 'link'} src ${src} \n`,
    )
    .join('')
}
