import { describe, expect, it } from 'vitest'
import { MINUTE, SECOND } from '../sim/clock.ts'
import type { Input, Micros } from '../sim/contract.ts'
import { boot, newMachine } from './cluster.ts'
import { SCENARIOS } from './scenarios/scenarios.ts'

const SEED = 11

/** What somebody does, at moments that fall between events as well as on them. */
const INPUTS: readonly { at: Micros; input: Input }[] = [
  {
    at: 61 * SECOND,
    input: {
      kind: 'api.request',
      from: 'laptop',
      to: 'apiserver',
      data: {
        verb: 'create',
        resource: 'deployments',
        group: 'apps',
        namespace: 'default',
        body: {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'web', namespace: 'default' },
          spec: {
            replicas: 3,
            selector: { matchLabels: { app: 'web' } },
            template: {
              metadata: { labels: { app: 'web' } },
              spec: { containers: [{ name: 'a', image: 'nginx:1.29' }] },
            },
          },
        },
      },
    },
  },
  {
    at: 66_123_457,
    input: { kind: 'fault.set', to: 'faults', data: { name: 'kubelet-stopped', target: 'control-plane', on: true } },
  },
  {
    at: 70 * SECOND,
    input: { kind: 'fault.set', to: 'faults', data: { name: 'kubelet-stopped', target: 'control-plane', on: false } },
  },
]
const END = 80 * SECOND

type Run = ReturnType<typeof boot>

function play(run: Run, until: Micros): void {
  for (const { at, input } of INPUTS) {
    if (at < run.now || at > until) continue
    run.runUntil(at)
    run.input(input)
  }
  run.runUntil(until)
}

describe.each(Object.keys(SCENARIOS))('%s', (name) => {
  const straight = boot(name, SEED)
  play(straight, END)
  const want = straight.machine.hash()

  it('comes to the same hash again, and to another with another seed', () => {
    const again = boot(name, SEED)
    play(again, END)
    expect(again.machine.hash()).toBe(want)
    const other = boot(name, SEED + 1)
    other.runUntil(SECOND)
    again.seek(SECOND)
    expect(other.machine.hash()).not.toBe(again.machine.hash())
  })

  it('comes to the same hash without the guard that freezes what is written and sent', () => {
    const trusted = boot(name, SEED, { trusted: true })
    play(trusted, END)
    expect(trusted.machine.hash()).toBe(want)
  })

  it('comes to the same hash from a snapshot that another machine took up, and leaves that snapshot as it was', () => {
    const first = boot(name, SEED)
    play(first, 65 * SECOND)
    const half = first.machine.save()
    const at = first.machine.hash()
    const finish = (): string => {
      const machine = newMachine(SEED)
      machine.restore(half)
      expect(machine.hash()).toBe(at)
      for (const { at: moment, input } of [
        ...INPUTS.filter((i) => i.at >= 65 * SECOND),
        { at: END, input: undefined },
      ]) {
        while ((machine.nextAt() ?? Infinity) <= moment) machine.step()
        machine.idleUntil(moment)
        if (input) machine.input(input)
      }
      return machine.hash()
    }
    expect(finish()).toBe(want)
    play(first, END)
    expect(finish()).toBe(want)
    expect(first.machine.hash()).toBe(want)
  })

  it('comes to the same hash after seeks, and after a life on another branch', () => {
    for (const moment of [62 * SECOND, 5 * SECOND, 66_123_457, END, 0, 61 * SECOND, 79_999_999]) straight.seek(moment)
    straight.seek(END)
    expect(straight.machine.hash()).toBe(want)
    straight.seek(64 * SECOND)
    const { forked } = straight.input({
      kind: 'fault.set',
      to: 'faults',
      data: { name: 'link-down', target: 'control-plane', on: true },
    })
    expect(forked).toBe(true)
    straight.runUntil(MINUTE + 10 * SECOND)
    const elsewhere = straight.machine.hash()
    straight.switchTo(0)
    straight.seek(END)
    expect(straight.machine.hash()).toBe(want)
    straight.switchTo(1)
    straight.seek(MINUTE + 10 * SECOND)
    expect(straight.machine.hash()).toBe(elsewhere)
  })
})
