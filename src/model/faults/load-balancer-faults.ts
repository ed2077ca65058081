import type { Fault } from './fault.ts'

const set = (world: Parameters<Fault['set']>[0], ignoresHealthChecks: boolean): void =>
  void world.send('cloud.set', 'cloud', { ignoresHealthChecks })

export const ignoresHealthChecks: Fault = {
  name: 'lb-ignores-health-checks',
  title: 'Load balancer blind',
  summary: 'The load balancer of the cloud no longer asks nodes whether they may be sent to: it sends to all of them.',
  targets: (reader) => (reader.get('clouds', 'cloud')?.on ? ['cloud'] : []),
  set: (world) => set(world, true),
  heal: (world) => set(world, false),
}
