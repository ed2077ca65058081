/** Every fault of the lab, and the component that sets and heals them. Menus, `lab fault` and the fuzzer read the list. */
import type { ModelComponent, ModelReader, ModelWorld } from '../tables.ts'
import type { SimEvent } from '../../sim/contract.ts'
import type { Fault } from './fault.ts'
import { kubeletStopped } from './kubelet-stopped.ts'
import { linkDown } from './link-down.ts'
import { ignoresHealthChecks } from './load-balancer-faults.ts'
import { booted, nodeOff } from './node-off.ts'
import { containerKilled, pauseKilled } from './process-killed.ts'
import { registryDown, registryRateLimit, slowRegistry } from './registry-faults.ts'

export const FAULTS: readonly Fault[] = [
  kubeletStopped,
  linkDown,
  nodeOff,
  containerKilled,
  pauseKilled,
  registryDown,
  slowRegistry,
  registryRateLimit,
  ignoresHealthChecks,
]

export const faultNamed = (name: string): Fault | undefined => FAULTS.find((fault) => fault.name === name)

/** Input `fault.set`, to `faults`. `on` false heals. */
export type FaultSet = { name: string; target: string; on: boolean; says?: string }

/** Why the input would do nothing; undefined: it will. */
export function faultProblem(reader: ModelReader, { name, target, on }: FaultSet): string | undefined {
  const fault = faultNamed(name)
  if (!fault) return `no fault is called "${name}"`
  const isOn = reader.get('faults', `${name}|${target}`) !== undefined
  if (!on) return isOn || fault.momentary ? undefined : `${name} is not set on ${target}`
  if (isOn) return `${name} is set on ${target} already`
  if (fault.refuses) return fault.refuses(reader, target)
  return fault.targets(reader).includes(target) ? undefined : `${name} cannot be set on "${target}"`
}

function set(world: ModelWorld, event: SimEvent<FaultSet>): void {
  const { name, target, on } = event.data
  const fault = faultNamed(name)
  if (!fault || faultProblem(world, event.data) !== undefined) return
  const key = `${name}|${target}`
  world.because(on ? 'FT1' : 'FT2', { fault: name, target })
  if (fault.momentary) {
    if (on) fault.set(world, target)
    return
  }
  world.put('faults', key, on ? { name, target, since: world.now } : undefined)
  if (on) fault.set(world, target)
  else fault.heal(world, target)
}

export const faults: ModelComponent = {
  roles: ['faults'],
  rules: [
    { id: 'FT1', says: 'A fault was set by hand.', source: 'lab' },
    { id: 'FT2', says: 'A fault was healed by hand.', source: 'lab' },
  ],
  tables: { machines: { owner: 'faults' }, faults: { owner: 'faults' } },
  handlers: { 'fault.set': set, 'timer.boot': booted },
}
