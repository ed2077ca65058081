/** A machine without power: its kernel forgets all but what is configured for the next boot, and nothing on it answers. */
import type { ModelHandler, ModelWorld } from '../tables.ts'
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import { listenerId } from './listeners.ts'
import { detach } from './bpf/maps.ts'
import { wipeIpvs } from './ipvs/wipe.ts'
import { dropNetns } from './links.ts'
import { tellActorOf } from './processes.ts'
import { wipeNft } from './nft/wipe.ts'
import { wipeNetfilter } from './netfilter/wipe.ts'

/** Handlers of a component that lives on a machine: deaf while it is off. `machine.*` itself is always heard. */
export function whilePowered(handlers: Readonly<Record<string, ModelHandler>>): Record<string, ModelHandler> {
  const guarded: Record<string, ModelHandler> = {}
  for (const [kind, handler] of Object.entries(handlers))
    guarded[kind] = kind.startsWith('machine.')
      ? handler
      : (world, event) => {
          if (!world.get('machines', placeOf(event.to))?.off) handler(world, event)
        }
  return guarded
}

/** `machine.off`, to NODE/kernel. Processes, sockets and the namespaces of pods are gone at once, without a goodbye. */
export function powerLost(world: ModelWorld, event: SimEvent): void {
  const node = placeOf(event.to)
  for (const process of world.by('processes', 'node', node)) {
    tellActorOf(world, node, process.containerId)
    // What systemd starts at boot comes back with it under the numbers it had.
    if (process.containerId !== undefined || process.comm === 'containerd-shim')
      world.put('processes', `${node}|${process.pid}`, undefined)
  }
  for (const listener of world.by('listeners', 'node', node)) world.put('listeners', listenerId(listener), undefined)
  for (const netns of world.by('netns', 'node', node)) if (netns.name !== '') dropNetns(world, node, netns.name)
  wipeNetfilter(world, node)
  wipeIpvs(world, node)
  wipeNft(world, node)
  detach(world, node)
}
