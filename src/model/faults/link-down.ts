import type { ModelWorld } from '../tables.ts'
import { nodes, type Fault } from './fault.ts'

/** Carrier gone: eth0 is down for the kernel too, but addresses and routes stay configured (as `ip link` shows NO-CARRIER). */
function cable(world: ModelWorld, node: string, on: boolean): void {
  const machine = world.get('machines', node)
  if (machine) world.put('machines', node, { ...machine, cable: on })
}

export const linkDown: Fault = {
  name: 'link-down',
  title: 'Cable pulled',
  summary: 'Nothing passes eth0 of a node in either direction; what runs on it does not notice at once.',
  targets: nodes,
  set: (world, node) => cable(world, node, false),
  heal: (world, node) => cable(world, node, !world.get('machines', node)?.off),
}
