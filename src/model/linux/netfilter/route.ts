/** Routing: longest prefix, then metric. linux net/ipv4/fib_trie.c, route.c. Rules (`ip rule`) are not modelled. */
import { type Cidr, cidrContains, type Ip, isLoopback, parseCidr, parseIp } from './address.ts'

export interface Route {
  /** CIDR, a lone address, or `default`. */
  readonly dst: string
  readonly dev?: string
  readonly via?: string
  /** Preferred source. */
  readonly src?: string
  readonly metric?: number
  readonly type?: 'unicast' | 'blackhole' | 'unreachable' | 'prohibit'
}

export interface Link {
  readonly name: string
  /** `10.244.1.1/24` */
  readonly addresses: readonly string[]
  readonly up?: boolean
}

interface CompiledRoute {
  readonly route: Route
  readonly cidr: Cidr
}

const compiledRoutes = new WeakMap<readonly Route[], readonly CompiledRoute[]>()

function compile(routes: readonly Route[]): readonly CompiledRoute[] {
  let list = compiledRoutes.get(routes)
  if (list) return list
  const all: CompiledRoute[] = []
  for (const route of routes) {
    if (route.dst === 'default') {
      all.push({ route, cidr: parseCidr('0.0.0.0/0')! }, { route, cidr: parseCidr('::/0')! })
      continue
    }
    const cidr = parseCidr(route.dst)
    if (cidr) all.push({ route, cidr })
  }
  list = all.sort((a, b) => b.cidr.prefix - a.cidr.prefix || (a.route.metric ?? 0) - (b.route.metric ?? 0))
  compiledRoutes.set(routes, list)
  return list
}

export function lookupRoute(routes: readonly Route[], dst: Ip): Route | undefined {
  for (const { route, cidr } of compile(routes)) if (cidrContains(cidr, dst)) return route
  return undefined
}

interface LocalAddress {
  readonly dev: string
  readonly ip: Ip
  readonly subnet: Cidr
}

const localAddresses = new WeakMap<readonly Link[], readonly LocalAddress[]>()

export function addressesOf(links: readonly Link[]): readonly LocalAddress[] {
  let list = localAddresses.get(links)
  if (list) return list
  const all: LocalAddress[] = []
  for (const link of links)
    for (const text of link.addresses) {
      const ip = parseIp(text.split('/')[0]!)
      const subnet = parseCidr(text)
      if (ip && subnet) all.push({ dev: link.name, ip, subnet })
    }
  localAddresses.set(links, (list = all))
  return list
}

/** What `-m addrtype` and the routing decision ask the local table. */
export function isLocalAddress(links: readonly Link[], ip: Ip, onlyOn?: string): boolean {
  if (isLoopback(ip)) return onlyOn === undefined || onlyOn === 'lo'
  return addressesOf(links).some((a) => a.ip.text === ip.text && (onlyOn === undefined || a.dev === onlyOn))
}

export function addressType(links: readonly Link[], ip: Ip, onlyOn?: string): string {
  if (isLocalAddress(links, ip, onlyOn)) return 'LOCAL'
  if (ip.family === 6) return ip.words[0]! >>> 24 === 0xff ? 'MULTICAST' : 'UNICAST'
  const word = ip.words[0]!
  if (word === -1) return 'BROADCAST'
  if (word === 0) return 'UNSPEC'
  if (word >>> 28 === 14) return 'MULTICAST'
  for (const a of addressesOf(links))
    if (a.ip.family === 4 && a.subnet.prefix < 31 && word === (a.subnet.words[0]! | ~a.subnet.mask[0]!))
      return 'BROADCAST'
  return 'UNICAST'
}

/**
 * The source that a packet out of `dev` gets from MASQUERADE or from a socket that is not bound
 * (inet_select_addr): the address whose subnet holds the next hop, else the first of the device, else of any other.
 */
export function sourceAddress(links: readonly Link[], dev: string, nextHop: Ip, family: 4 | 6): string | undefined {
  const mine = addressesOf(links).filter((a) => a.ip.family === family)
  const onDev = mine.filter((a) => a.dev === dev)
  const chosen = onDev.find((a) => cidrContains(a.subnet, nextHop)) ?? onDev[0] ?? mine.find((a) => !isLoopback(a.ip))
  return chosen?.ip.text
}
