/** Network namespaces, links and addresses, as netlink makes them (net/core/rtnetlink.c, drivers/net/veth.c, net/bridge). */
import { LATENCY } from '../messages.ts'
import type { LinkRecord, ModelReader, ModelWorld } from '../tables.ts'
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import { parseCidr } from './netfilter/address.ts'
import { dropRoutesOf, putRoute } from './routes.ts'
import { joined } from '../../sim/joined.ts'

/** `kernel.netns-add`. Answered by `kernel.netns-added` with the same `ctx`. */
export type NetnsAdd = { name: string; sandboxId: string; ctx?: unknown }
export type NetnsDel = { name: string }
/** `kernel.link-add`: a bridge, or a veth pair whose host end may be put into a bridge. Answered by `kernel.link-added`. */
export type LinkAdd =
  | { kind: 'bridge'; netns: string; name: string; address?: string }
  | { kind: 'veth'; netns: string; name: string; peerNetns: string; peerName: string; master?: string; ctx?: unknown }
export type AddrAdd = { netns: string; dev: string; address: string }
/** `kernel.link-set`: up or down. */
export type LinkSet = { netns: string; dev: string; up: boolean }

export const linkId = (node: string, netns: string, name: string): string => `${node}|${netns}|${name}`

export function linkOf(reader: ModelReader, node: string, netns: string, name: string): LinkRecord | undefined {
  return reader.get('links', linkId(node, netns, name))
}

export function putLink(world: ModelWorld, link: LinkRecord): void {
  world.put('links', linkId(link.node, link.netns, link.name), link)
}

/** A locally administered unicast address, as `eth_random_addr`. */
export function randomMac(world: ModelWorld): string {
  const high = world.random('mac', 0x1000000)
  const low = world.random('mac', 0x1000000)
  const first = ((high >> 16) & 0xfc) | 0x02
  const bytes = [first, (high >> 8) & 255, high & 255, (low >> 16) & 255, (low >> 8) & 255, low & 255]
  return bytes.map((b) => b.toString(16).padStart(2, '0')).join(':')
}

/** Interface numbers of the host only grow; in a new namespace `lo` is 1 and the first other link 2. */
export function nextIfindex(world: ModelWorld, node: string): number {
  return 2 + world.serial(`ifindex ${node}`)
}

/** A namespace is born with a loopback that is down; the runtime brings it up (containerd bringUpLoopback). */
export function putNetns(world: ModelWorld, node: string, name: string, sandboxId: string, loUp: boolean): void {
  const inode = 4_026_532_000 + world.serial(`netns ${node}`)
  world.put('netns', joined(node, name), { node, name, inode, sandboxId, sysctls: {} })
  putLink(world, {
    node,
    netns: name,
    name: 'lo',
    index: 1,
    kind: 'loopback',
    mac: '00:00:00:00:00:00',
    mtu: 65_536,
    up: loUp,
    addresses: ['127.0.0.1/8'],
  })
}

export function netnsAdd(world: ModelWorld, event: SimEvent<NetnsAdd>): void {
  const { name, sandboxId, ctx } = event.data
  putNetns(world, placeOf(event.to), name, sandboxId, true)
  world.send('kernel.netns-added', event.from, { name, ctx }, { delayMicros: LATENCY.netlink })
}

/** With the namespace go its links, the other ends of its veth pairs, its routes and its sockets. */
export function netnsDel(world: ModelWorld, event: SimEvent<NetnsDel>): void {
  dropNetns(world, placeOf(event.to), event.data.name)
}

export function dropNetns(world: ModelWorld, node: string, name: string): void {
  for (const link of world.by('links', 'netns', joined(node, name))) removeLink(world, link)
  dropRoutesOf(world, node, name)
  world.put('netns', joined(node, name), undefined)
}

export function removeLink(world: ModelWorld, link: LinkRecord): void {
  world.put('links', linkId(link.node, link.netns, link.name), undefined)
  if (link.peer) world.put('links', linkId(link.node, link.peer.netns, link.peer.name), undefined)
}

export function linkAdd(world: ModelWorld, event: SimEvent<LinkAdd>): void {
  const node = placeOf(event.to)
  const data = event.data
  if (data.kind === 'bridge') {
    if (linkOf(world, node, data.netns, data.name)) return
    const index = nextIfindex(world, node)
    putLink(world, {
      node,
      netns: data.netns,
      name: data.name,
      index,
      kind: 'bridge',
      mac: randomMac(world),
      mtu: 1500,
      up: true,
      addresses: [],
    })
    if (data.address) addAddress(world, node, data.netns, data.name, data.address)
    return
  }
  // Made inside the pod's namespace; the host's end is then moved out and gets the host's next number.
  const hostIndex = nextIfindex(world, node)
  putLink(world, {
    node,
    netns: data.netns,
    name: data.name,
    index: 2,
    kind: 'veth',
    mac: randomMac(world),
    mtu: 1500,
    up: true,
    peer: { netns: data.peerNetns, name: data.peerName, index: hostIndex },
    addresses: [],
  })
  const host: LinkRecord = {
    node,
    netns: data.peerNetns,
    name: data.peerName,
    index: hostIndex,
    kind: 'veth',
    mac: randomMac(world),
    mtu: 1500,
    up: true,
    peer: { netns: data.netns, name: data.name, index: 2 },
    addresses: [],
  }
  if (data.master) host.master = data.master
  putLink(world, host)
  world.send('kernel.link-added', event.from, { ctx: data.ctx }, { delayMicros: LATENCY.netlink })
}

export function linkDel(world: ModelWorld, event: SimEvent<{ netns: string; name: string }>): void {
  const link = linkOf(world, placeOf(event.to), event.data.netns, event.data.name)
  if (link) removeLink(world, link)
}

/** Taking a device down removes the routes that leave by it; only the connected ones come back with it. */
export function linkSet(world: ModelWorld, event: SimEvent<LinkSet>): void {
  const node = placeOf(event.to)
  const { netns, dev, up } = event.data
  const link = linkOf(world, node, netns, dev)
  if (!link || link.up === up) return
  putLink(world, { ...link, up })
  if (up) for (const address of link.addresses) connectedRoute(world, node, netns, dev, address)
  else
    for (const route of world.by('routes', 'netns', joined(node, netns)))
      if (route.dev === dev) world.put('routes', `${node}|${netns}|${route.dst}`, undefined)
}

export function addrAdd(world: ModelWorld, event: SimEvent<AddrAdd>): void {
  const { netns, dev, address } = event.data
  addAddress(world, placeOf(event.to), netns, dev, address)
}

/** An address brings the route to its own network (net/ipv4/fib_frontend.c fib_add_ifaddr). */
export function addAddress(world: ModelWorld, node: string, netns: string, dev: string, address: string): void {
  const link = linkOf(world, node, netns, dev)
  if (!link || link.addresses.includes(address)) return
  putLink(world, { ...link, addresses: [...link.addresses, address] })
  if (link.up) connectedRoute(world, node, netns, dev, address)
}

function connectedRoute(world: ModelWorld, node: string, netns: string, dev: string, address: string): void {
  const cidr = parseCidr(address)
  if (!cidr || cidr.prefix === 32) return
  const src = address.slice(0, address.indexOf('/'))
  putRoute(world, { node, netns, dst: cidr.text, dev, src, proto: 'kernel', scope: 'link' })
}
