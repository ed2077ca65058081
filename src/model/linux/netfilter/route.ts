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
  /** `bridge`, `veth` and the like; undefined: nobody said. */
  readonly kind?: string
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

/** With kube-ipvs0 a node has ten thousand addresses, and every packet asks whether one of them is its own. */
interface LocalTable {
  readonly all: readonly LocalAddress[]
  /** Devices by address. */
  readonly devices: ReadonlyMap<string, readonly string[]>
  readonly byDevice: ReadonlyMap<string, readonly LocalAddress[]>
  readonly broadcasts: ReadonlySet<number>
}

const localTables = new WeakMap<readonly Link[], LocalTable>()

function localTable(links: readonly Link[]): LocalTable {
  let table = localTables.get(links)
  if (table) return table
  const all: LocalAddress[] = []
  const devices = new Map<string, string[]>()
  const byDevice = new Map<string, LocalAddress[]>()
  const broadcasts = new Set<number>()
  for (const link of links)
    for (const text of link.addresses) {
      const ip = parseIp(text.split('/')[0]!)
      const subnet = parseCidr(text)
      if (!ip || !subnet) continue
      const address = { dev: link.name, ip, subnet }
      all.push(address)
      const devs = devices.get(ip.text)
      if (devs) devs.push(link.name)
      else devices.set(ip.text, [link.name])
      const mine = byDevice.get(link.name)
      if (mine) mine.push(address)
      else byDevice.set(link.name, [address])
      if (ip.family === 4 && subnet.prefix < 31) broadcasts.add(subnet.words[0]! | ~subnet.mask[0]!)
    }
  table = { all, devices, byDevice, broadcasts }
  localTables.set(links, table)
  return table
}

export function addressesOf(links: readonly Link[]): readonly LocalAddress[] {
  return localTable(links).all
}

/** What `-m addrtype` and the routing decision ask the local table. */
export function isLocalAddress(links: readonly Link[], ip: Ip, onlyOn?: string): boolean {
  if (isLoopback(ip)) return onlyOn === undefined || onlyOn === 'lo'
  const devices = localTable(links).devices.get(ip.text)
  return devices !== undefined && (onlyOn === undefined || devices.includes(onlyOn))
}

export function addressType(links: readonly Link[], ip: Ip, onlyOn?: string): string {
  if (isLocalAddress(links, ip, onlyOn)) return 'LOCAL'
  if (ip.family === 6) return ip.words[0]! >>> 24 === 0xff ? 'MULTICAST' : 'UNICAST'
  const word = ip.words[0]!
  if (word === -1) return 'BROADCAST'
  if (word === 0) return 'UNSPEC'
  if (word >>> 28 === 14) return 'MULTICAST'
  return localTable(links).broadcasts.has(word) ? 'BROADCAST' : 'UNICAST'
}

/**
 * The source that a packet out of `dev` gets from MASQUERADE or from a socket that is not bound
 * (inet_select_addr): the address whose subnet holds the next hop, else the first of the device, else of any other.
 */
export function sourceAddress(links: readonly Link[], dev: string, nextHop: Ip, family: 4 | 6): string | undefined {
  const table = localTable(links)
  const onDev = (table.byDevice.get(dev) ?? []).filter((a) => a.ip.family === family)
  const chosen =
    onDev.find((a) => cidrContains(a.subnet, nextHop)) ??
    onDev[0] ??
    table.all.find((a) => a.ip.family === family && !isLoopback(a.ip))
  return chosen?.ip.text
}
