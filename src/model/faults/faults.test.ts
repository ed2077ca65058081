import { describe, expect, it } from 'vitest'
import { openScenario } from '../cluster.ts'
import { violations } from '../invariants.ts'
import { MINUTE, SECOND } from '../../sim/clock.ts'
import type { Machine } from '../../sim/machine.ts'
import type { Tables } from '../tables.ts'
import { faultProblem, FAULTS } from './faults.ts'

function run(machine: Machine<Tables>, micros: number): void {
  const until = machine.now + micros
  while ((machine.nextAt() ?? Infinity) <= until) machine.step()
  machine.idleUntil(until)
}
const set = (machine: Machine<Tables>, name: string, target: string, on: boolean) => {
  machine.input({ kind: 'fault.set', to: 'faults', data: { name, target, on } })
  run(machine, 0)
}
const ready = (machine: Machine<Tables>, node: string) =>
  machine.reader.get('nodes', node)!.status!.conditions!.find((c) => c.type === 'Ready')!.status

describe('faults', () => {
  it('each can be set on each of its targets and healed, and the cluster comes back', { timeout: 120_000 }, () => {
    for (const fault of FAULTS) {
      const machine = openScenario(fault.name.startsWith('lb-') ? 'services-cloud' : 'shop', 2)
      const target = fault.targets(machine.reader).at(-1)!
      expect(faultProblem(machine.reader, { name: fault.name, target, on: true })).toBeUndefined()
      set(machine, fault.name, target, true)
      run(machine, 20 * SECOND)
      expect(machine.reader.get('faults', `${fault.name}|${target}`) !== undefined).toBe(!fault.momentary)
      expect([fault.name, ...violations(machine.reader).map((v) => v.says)]).toEqual([fault.name])
      if (!fault.momentary) set(machine, fault.name, target, false)
      run(machine, 3 * MINUTE)
      expect(machine.reader.all('nodes').map((n) => ready(machine, n.metadata.name))).toEqual(['True', 'True', 'True'])
      const pods = machine.reader.all('pods').filter((p) => p.metadata.deletionTimestamp === undefined)
      expect([
        fault.name,
        ...pods
          .filter((p) => p.status?.conditions?.find((c) => c.type === 'Ready')?.status !== 'True')
          .map((p) => p.metadata.name),
      ]).toEqual([fault.name])
      expect([fault.name, ...violations(machine.reader).map((v) => v.says)]).toEqual([fault.name])
    }
  })

  it('a power cut takes what ran; the boot brings new sandboxes and the rules back', () => {
    const machine = openScenario('shop', 3)
    const before = machine.reader.get('machines', 'worker-2')!.bootID
    const ids = machine.reader.by('containers', 'node', 'worker-2').map((c) => c.id)
    set(machine, 'node-off', 'worker-2', true)
    run(machine, SECOND)
    expect(machine.reader.by('netns', 'node', 'worker-2').length).toBe(1)
    expect(machine.reader.by('listeners', 'node', 'worker-2')).toEqual([])
    run(machine, 55 * SECOND)
    expect(ready(machine, 'worker-2')).toBe('Unknown')
    set(machine, 'node-off', 'worker-2', false)
    run(machine, MINUTE)
    expect(ready(machine, 'worker-2')).toBe('True')
    expect(machine.reader.get('machines', 'worker-2')!.bootID).not.toBe(before)
    const now = machine.reader.by('containers', 'node', 'worker-2').filter((c) => c.state === 'CONTAINER_RUNNING')
    expect(now.length).toBeGreaterThan(1)
    expect(now.some((c) => ids.includes(c.id))).toBe(false)
    expect(machine.reader.get('kubeProxies', 'worker-2')!.running).toBe(true)
  })
})
