/**
 * Addresses of pods. The next one is looked for behind the last that was given out, not from the start: an address that
 * a pod gave back rests until the range has been walked round.
 * Upstream: containernetworking/plugins plugins/ipam/host-local/backend/allocator/allocator.go (Get, GetIter, Next).
 */
import type { IpReservationRecord, ModelReader, ModelWorld } from '../tables.ts'
import { formatIp4, parseCidr, parseIp } from '../linux/netfilter/address.ts'

export type Allocation = { ip: string; gateway: string; prefix: number } | { error: string }

/** First and last address that can be given out, and the gateway, which is the first and is left out. */
export function rangeOf(subnet: string): { first: number; last: number; gateway: number; prefix: number } {
  const cidr = parseCidr(subnet)!
  const base = cidr.words[0]! >>> 0
  const size = 1 << Math.min(30, 32 - cidr.prefix)
  return { first: base + 1, last: base + size - 2, gateway: base + 1, prefix: cidr.prefix }
}

const word = (ip: string): number => parseIp(ip)!.words[0]! >>> 0

export function nextAddress(reader: ModelReader, node: string): Allocation {
  const network = reader.get('cniNodes', node)
  if (!network) return { error: 'no IP ranges specified' }
  const { first, last, gateway, prefix } = rangeOf(network.podCIDR)
  const start = network.lastReservedIp === '' ? last : word(network.lastReservedIp)
  let ip = start
  do {
    ip = ip >= last ? first : ip + 1
    if (ip !== gateway && !reader.get('ipReservations', `${node}|${formatIp4(ip)}`))
      return { ip: formatIp4(ip), gateway: formatIp4(gateway), prefix }
  } while (ip !== start)
  return {
    error: `failed to allocate for range 0: no IP addresses available in range set: ${formatIp4(first)}-${formatIp4(last)}`,
  }
}

export function reserve(world: ModelWorld, reservation: Omit<IpReservationRecord, 'since'>): void {
  const { node, ip } = reservation
  world.put('ipReservations', `${node}|${ip}`, { ...reservation, since: world.now })
  const network = world.get('cniNodes', node)
  if (network) world.put('cniNodes', node, { ...network, lastReservedIp: ip })
}

/** By container, so that DEL needs no address and may come twice. */
export function release(world: ModelWorld, node: string, containerId: string): string | undefined {
  for (const reservation of world.by('ipReservations', 'container', containerId))
    if (reservation.node === node) {
      world.put('ipReservations', `${node}|${reservation.ip}`, undefined)
      return reservation.ip
    }
  return undefined
}
