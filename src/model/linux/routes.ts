/** The main routing table of a network namespace: writing, and the longest-prefix look-up (net/ipv4/fib_trie.c). */
import type { ModelReader, ModelWorld, RouteRecord } from '../tables.ts'
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import { cidrContains, parseCidr, parseIp } from './netfilter/address.ts'
import { joined } from '../../sim/joined.ts'

/** `kernel.route-add`: as `ip route replace`. */
export type RouteAdd = Omit<RouteRecord, 'node'>

export function putRoute(world: ModelWorld, route: RouteRecord): void {
  world.put('routes', `${route.node}|${route.netns}|${route.dst}`, route)
}

export function routeAdd(world: ModelWorld, event: SimEvent<RouteAdd>): void {
  putRoute(world, { node: placeOf(event.to), ...event.data })
}

export function routeDel(world: ModelWorld, event: SimEvent<{ netns: string; dst: string }>): void {
  const { netns, dst } = event.data
  world.put('routes', `${placeOf(event.to)}|${netns}|${dst}`, undefined)
}

export function dropRoutesOf(world: ModelWorld, node: string, netns: string): void {
  for (const route of world.by('routes', 'netns', joined(node, netns)))
    world.put('routes', `${node}|${netns}|${route.dst}`, undefined)
}

/** The route with the longest prefix that holds `ip`; `default` is /0. Undefined: `Network is unreachable`. */
export function longestPrefix(routes: readonly RouteRecord[], ip: string): RouteRecord | undefined {
  const address = parseIp(ip)
  if (!address) return undefined
  let best: RouteRecord | undefined
  let bestPrefix = -1
  for (const route of routes) {
    if (route.dst === 'default') {
      if (bestPrefix < 0 && address.family === 4) {
        best = route
        bestPrefix = 0
      }
      continue
    }
    const cidr = parseCidr(route.dst)
    if (cidr && cidr.prefix > bestPrefix && cidrContains(cidr, address)) {
      best = route
      bestPrefix = cidr.prefix
    }
  }
  return best
}

export function lookupRoute(reader: ModelReader, node: string, netns: string, ip: string): RouteRecord | undefined {
  return longestPrefix(reader.by('routes', 'netns', joined(node, netns)), ip)
}
