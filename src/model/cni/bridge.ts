/**
 * The bridge plugin with host-local, as containerd calls it: ADD makes the bridge if it is missing, a veth pair, an
 * address and a default route; DEL gives the address back.
 * Upstream: containernetworking/plugins plugins/main/bridge/bridge.go (cmdAdd, setupBridge, setupVeth), portmap.
 */
import { LATENCY, type CniRequest, type CniResult } from '../messages.ts'
import type { ModelComponent, ModelWorld } from '../tables.ts'
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import { newVethName } from '../cri/ids.ts'
import { COSTS } from '../cri/costs.ts'
import { linkOf, type AddrAdd, type LinkAdd } from '../linux/links.ts'
import { whilePowered } from '../linux/power.ts'
import type { RouteAdd } from '../linux/routes.ts'
import { BRIDGE, NETWORK_NAME } from './conflist.ts'
import { nextAddress, release, reserve } from './host-local.ts'

type Pending = { request: CniRequest; caller: string }

const pluginError = (how: 'add' | 'delete', error: string): string =>
  `plugin type="bridge" name="${NETWORK_NAME}" failed (${how}): ${error}`

/** The plugin process starts: links first, then the address. */
function add(world: ModelWorld, event: SimEvent<CniRequest>): void {
  const node = placeOf(event.to)
  const kernel = `${node}/kernel`
  const { netns, ifname } = event.data
  if (!linkOf(world, node, '', BRIDGE)) {
    world.because('CN1', { bridge: BRIDGE })
    const bridge: LinkAdd = { kind: 'bridge', netns: '', name: BRIDGE }
    world.send('kernel.link-add', kernel, bridge, { delayMicros: COSTS.cniPlugin })
  }
  world.because('CN2', { netns, ifname, master: BRIDGE })
  const veth: LinkAdd = {
    kind: 'veth',
    netns,
    name: ifname,
    peerNetns: '',
    peerName: newVethName(world),
    master: BRIDGE,
    ctx: { request: event.data, caller: event.from } satisfies Pending,
  }
  world.send('kernel.link-add', kernel, veth, { delayMicros: COSTS.cniPlugin })
}

/** The pair is there: ask host-local, then set address and routes. */
function linkAdded(world: ModelWorld, event: SimEvent<{ ctx: Pending }>): void {
  const { request, caller } = event.data.ctx
  const node = placeOf(event.to)
  const kernel = `${node}/kernel`
  const { netns, ifname, containerId } = request
  const allocation = nextAddress(world, node)
  if ('error' in allocation) {
    world.because('CN4', { error: allocation.error })
    return answer(
      world,
      caller,
      { command: 'ADD', error: pluginError('add', allocation.error), ctx: request.ctx },
      COSTS.cniPlugin,
    )
  }
  const { ip, gateway, prefix } = allocation
  world.because('CN3', { ip, after: world.get('cniNodes', node)?.lastReservedIp ?? '' })
  reserve(world, { node, ip, containerId, ifname })
  const hostLocal = COSTS.cniPlugin
  const gatewayAddress = `${gateway}/${prefix}`
  if (!linkOf(world, node, '', BRIDGE)?.addresses.includes(gatewayAddress)) {
    const toBridge: AddrAdd = { netns: '', dev: BRIDGE, address: gatewayAddress }
    world.send('kernel.addr-add', kernel, toBridge, { delayMicros: hostLocal + LATENCY.netlink })
  }
  const toPod: AddrAdd = { netns, dev: ifname, address: `${ip}/${prefix}` }
  world.send('kernel.addr-add', kernel, toPod, { delayMicros: hostLocal + LATENCY.netlink })
  const route: RouteAdd = { netns, dst: 'default', dev: ifname, via: gateway }
  world.send('kernel.route-add', kernel, route, { delayMicros: hostLocal + 2 * LATENCY.netlink })
  // portmap runs too; without a hostPort it has nothing to do, and with one the lab says so at the pod.
  answer(
    world,
    caller,
    { command: 'ADD', ips: [{ address: `${ip}/${prefix}`, gateway }], ctx: request.ctx },
    hostLocal + 3 * LATENCY.netlink + COSTS.cniPlugin,
  )
}

function del(world: ModelWorld, event: SimEvent<CniRequest>): void {
  const node = placeOf(event.to)
  const { containerId, netns, ifname, ctx } = event.data
  const ip = release(world, node, containerId)
  world.because('CN5', { ip: ip ?? 'none' })
  if (linkOf(world, node, netns, ifname))
    world.send('kernel.link-del', `${node}/kernel`, { netns, name: ifname }, { delayMicros: COSTS.cniPlugin })
  answer(world, event.from, { command: 'DEL', ctx }, 2 * COSTS.cniPlugin)
}

function answer(world: ModelWorld, to: string, result: CniResult, workMicros: number): void {
  world.send('cni.result', to, result, { delayMicros: workMicros + LATENCY.local })
}

export const cni: ModelComponent = {
  roles: ['cni'],
  rules: [
    {
      id: 'CN1',
      says: 'The first pod of a node makes its bridge.',
      source: 'containernetworking/plugins plugins/main/bridge/bridge.go ensureBridge',
    },
    {
      id: 'CN2',
      says: 'A pod gets one end of a veth pair as eth0; the other end stands in the host, in the bridge.',
      source: 'plugins/main/bridge/bridge.go setupVeth',
    },
    {
      id: 'CN3',
      says: 'The next address is the first free one behind the last that was given out.',
      source: 'plugins/ipam/host-local/backend/allocator/allocator.go GetIter',
    },
    {
      id: 'CN4',
      says: 'With every address of the node taken, no pod can get a network.',
      source: 'plugins/ipam/host-local/backend/allocator/allocator.go Get',
    },
    {
      id: 'CN5',
      says: 'DEL gives the address back and may come twice.',
      source: 'containernetworking/cni SPEC.md, DEL',
    },
  ],
  tables: {
    ipReservations: { owner: 'cni', indexes: { node: (r) => r.node, container: (r) => r.containerId } },
    cniNodes: { owner: 'cni' },
  },
  handlers: whilePowered({ 'cni.add': add, 'cni.del': del, 'kernel.link-added': linkAdded }),
}
