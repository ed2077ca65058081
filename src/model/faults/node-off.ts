import { SECOND } from '../../sim/clock.ts'
import type { SimEvent } from '../../sim/contract.ts'
import type { ModelWorld } from '../tables.ts'
import type { Fault } from './fault.ts'

/** Firmware, kernel and systemd, up to containerd; then up to the kubelet. */
const BOOT = 9 * SECOND
const KUBELET_AFTER = 4 * SECOND

export const nodeOff: Fault = {
  name: 'node-off',
  title: 'Power cut',
  summary: 'A worker loses its power: nothing on it runs, nothing says goodbye. Healed, it boots.',
  targets: (reader) =>
    reader
      .all('machines')
      .filter((m) => m.role === 'worker')
      .map((m) => m.name),
  set(world, node) {
    const machine = world.get('machines', node)
    if (!machine || machine.off) return
    world.put('machines', node, { ...machine, off: true, cable: false })
    for (const part of ['kernel', 'containerd'] as const) world.send('machine.off', `${node}/${part}`, {})
    world.send('kubelet.stop', `${node}/kubelet`, {})
  },
  heal: (world, node) => void world.send('timer.boot', 'faults', { node }, { delayMicros: BOOT }),
}

/** `timer.boot`: the machine is up, unless the power went again meanwhile. */
export function booted(world: ModelWorld, event: SimEvent<{ node: string }>): void {
  const { node } = event.data
  const machine = world.get('machines', node)
  if (!machine?.off || world.get('faults', `node-off|${node}`)) return
  const { off: _off, ...rest } = machine
  const cable = world.get('faults', `link-down|${node}`) === undefined
  world.put('machines', node, {
    ...rest,
    cable,
    bootID: newBootId(rest.bootID, world.random('boot id', 0x1_0000_0000)),
  })
  world.send('machine.on', `${node}/containerd`, {})
  if (!world.get('faults', `kubelet-stopped|${node}`))
    world.send('kubelet.start', `${node}/kubelet`, {}, { delayMicros: KUBELET_AFTER })
}

/** A new number in the place of the old one: the kubelet tells by it that the node was rebooted. */
const newBootId = (old: string, bits: number): string => bits.toString(16).padStart(8, '0') + old.slice(8)
