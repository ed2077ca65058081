/**
 * Translation at the socket: the program attached to cgroup/connect4 and sendmsg4 rewrites the address in the system
 * call, so that no packet to a Service address ever leaves the socket. cilium/cilium bpf/bpf_sock.c __sock4_xlate_fwd.
 */
import type { ModelWorld } from '../../tables.ts'
import { chooseBackend } from './choose.ts'
import { affinityId, type BpfServiceRecord, lookupService } from './maps.ts'

export type SocketLb = {
  /** The address that the program asked for: what getpeername() tells it (cilium_lb4_reverse_sk). */
  ip: string
  port: number
  name: string
  backends: number
  slot: number
  by: 'random' | 'maglev' | 'affinity'
}
/** undefined: no Service of that address. `denied`: a Service without a backend: connect() fails with EHOSTUNREACH. */
export type Translated =
  { readonly ip: string; readonly port: number; readonly lb: SocketLb } | { readonly denied: string }

export function translateAtSocket(
  world: ModelWorld,
  from: { readonly node: string; readonly netns: string },
  proto: string,
  ip: string,
  port: number,
): Translated | undefined {
  const { node, netns } = from
  if (!world.get('bpfAgents', node)) return undefined
  const service = lookupService(world, node, proto, ip, port, 'internal') ?? wildcard(world, node, proto, ip, port)
  if (!service) return undefined
  // the client of affinity is the network namespace (get_netns_cookie), of all pods of the host network the host's
  const client = `netns ${netns}`
  const choice = chooseBackend(world, service, client, undefined, (below) => world.random(`bpf ${node}`, below))
  if (!choice) {
    world.because('BP2', { service: service.name, address: `${ip}:${port}` })
    return { denied: service.name }
  }
  const { backend, slot, by } = choice
  world.because('BP1', {
    service: service.name,
    slot,
    backends: service.backends.length,
    backend: `${backend.ip}:${backend.port}`,
    by,
  })
  if (service.affinity > 0)
    world.put('bpfAffinity', affinityId(node, client, service.revNat), {
      node,
      client,
      revNat: service.revNat,
      backend: backend.id,
      lastUsed: world.now,
    })
  return {
    ip: backend.ip,
    port: backend.port,
    lb: { ip, port, name: service.name, backends: service.backends.length, slot, by },
  }
}

/** A node port on loopback or on an address of any node (sock4_wildcard_lookup). */
function wildcard(
  world: ModelWorld,
  node: string,
  proto: string,
  ip: string,
  port: number,
): BpfServiceRecord | undefined {
  if (!ip.startsWith('127.') && !world.all('machines').some((m) => m.ip === ip)) return undefined
  const service = lookupService(world, node, proto, world.get('machines', node)?.ip ?? '', port, 'internal')
  return service?.type === 'NodePort' ? service : undefined
}
