import type { ModelReader, ModelWorld } from '../tables.ts'
import { nodes, type Fault } from './fault.ts'

const places = (reader: ModelReader): string[] => ['registry', ...nodes(reader)]

/** Every pull under way is told that its speed has changed. */
function newSpeed(world: ModelWorld, target: string): void {
  for (const node of target === 'registry' ? nodes(world) : [target])
    world.send('registry.speed', `${node}/containerd`, {})
}

export const registryDown: Fault = {
  name: 'registry-down',
  title: 'Registry down',
  summary: 'The registries refuse connections: from everywhere, or from one node.',
  targets: places,
  set: () => {},
  heal: () => {},
}

export const slowRegistry: Fault = {
  name: 'slow-registry',
  title: 'Registry slow',
  summary: 'Pulls take forty times as long.',
  targets: places,
  set: newSpeed,
  heal: newSpeed,
}

export const registryRateLimit: Fault = {
  name: 'registry-rate-limit',
  title: 'Pull rate limit',
  summary: 'The registries answer 429 Too Many Requests.',
  targets: places,
  set: () => {},
  heal: () => {},
}
