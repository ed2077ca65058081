import { describe, expect, it } from 'vitest'
import type { Component } from './contract.ts'
import { Machine, MachineError } from './machine.ts'
import { Timeline } from './timeline.ts'

interface Ball {
  readonly count: number
  readonly colour: string
}
interface Tables {
  balls: Ball
}

/** Two players throw balls at each other with random delay; a third of the throws changes the colour. */
const players: Component<Tables> = {
  roles: ['player'],
  rules: [{ id: 'T1', says: 'Every third throw, by chance, the ball is painted.', source: 'this test' }],
  tables: { balls: { owner: 'player', indexes: { colour: (ball) => ball.colour } } },
  handlers: {
    throw(world, event) {
      const { id } = event.data as { id: string }
      const ball = world.get('balls', id) ?? { count: 0, colour: 'red' }
      const draw = world.random('paint', 3)
      world.because('T1', { draw })
      world.put('balls', id, {
        count: ball.count + 1,
        colour: draw === 0 ? `c${world.random('paint', 5)}` : ball.colour,
      })
      const next = event.to === 'a/player' ? 'b/player' : 'a/player'
      world.send('throw', next, { id }, { delayMicros: 1 + world.random('delay', 5000) })
    },
    drop(world, event) {
      world.put('balls', (event.data as { id: string }).id, undefined)
    },
  },
}

const start = (): Timeline<Tables> =>
  new Timeline(new Machine([players], { seed: 7 }), { checkpointEvery: 50, checkpoints: 8 })
const give = (t: Timeline<Tables>, id: string) => t.input({ kind: 'throw', to: 'a/player', data: { id } })

describe('time travel', () => {
  it('comes to the same hash straight, after seeks, and step by step', () => {
    const straight = start()
    give(straight, 'x')
    straight.runUntil(1_000_000)
    give(straight, 'y')
    straight.runUntil(2_000_000)
    const want = straight.machine.hash()
    for (const t of [0, 1_000_000, 5, 1_999_999, 1_500_000]) {
      straight.seek(t)
      expect(straight.now).toBe(t)
    }
    straight.seek(2_000_000)
    expect(straight.machine.hash()).toBe(want)
    const again = start()
    give(again, 'x')
    again.runUntil(1_000_000)
    give(again, 'y')
    while (again.machine.executed < straight.machine.executed) again.step()
    again.seek(2_000_000)
    expect(again.machine.hash()).toBe(want)
  })

  it('steps back one event at a time to the very states it came from', () => {
    const t = start()
    give(t, 'x')
    const seen: string[] = []
    for (let i = 0; i < 300; i++) {
      t.step()
      seen.push(t.machine.hash())
    }
    for (let n = 299; n > 250; n--) {
      t.seekEvent(n)
      expect(t.machine.hash()).toBe(seen[n - 1])
    }
  })

  it('forks on the first input in the past and keeps the other branch', () => {
    const t = start()
    give(t, 'x')
    t.runUntil(1_000_000)
    give(t, 'y')
    t.runUntil(2_000_000)
    const old = t.machine.hash()
    t.seek(1_200_000)
    expect(t.input({ kind: 'drop', to: 'a/player', data: { id: 'y' } }).forked).toBe(true)
    t.runUntil(2_000_000)
    expect(t.branch.id).toBe(1)
    expect(t.machine.hash()).not.toBe(old)
    const fork = t.machine.hash()
    t.switchTo(0)
    expect(t.machine.hash()).toBe(old)
    t.seek(500_000)
    t.switchTo(1)
    t.seek(2_000_000)
    expect(t.machine.hash()).toBe(fork)
  })

  it('keeps causes and reasons', () => {
    const t = start()
    const { event } = give(t, 'x')
    t.runUntil(100_000)
    const second = t.entry(2)!
    expect(second.event.causes).toEqual([event.id])
    expect(second.event.because[0]?.rule).toBe('T1')
    expect(t.entryOf(second.event.id)).toBe(second)
  })
})

describe('fences', () => {
  it('refuses writes to a record, and records that are not plain', () => {
    const t = start()
    give(t, 'x')
    t.step()
    const ball = t.machine.reader.get('balls', 'x')! as { count: number }
    expect(() => (ball.count = 9)).toThrow()
    expect(() => t.machine.input({ kind: 'throw', to: 'a/player', data: new Map() })).toThrow(/plain/)
  })

  it('says who is missing when nobody handles an event', () => {
    const t = start()
    t.input({ kind: 'kick', to: 'a/player', data: {} })
    expect(() => t.step()).toThrow(MachineError)
  })

  it('keeps its indexes through restore', () => {
    const t = start()
    for (const id of ['p', 'q', 'r', 's']) give(t, id)
    t.runUntil(500_000)
    t.seek(250_000)
    for (const colour of ['red', 'c0', 'c1', 'c2', 'c3', 'c4']) {
      const want = t.machine.reader.all('balls').filter((b) => b.colour === colour)
      expect(new Set(t.machine.reader.by('balls', 'colour', colour))).toEqual(new Set(want))
    }
  })

  it('lets two machines go on from one snapshot, each with indexes of its own', () => {
    const t = start()
    for (const id of ['p', 'q', 'r']) give(t, id)
    t.runUntil(10_000)
    const state = t.machine.save()
    const other = new Machine([players], { seed: 7 })
    other.restore(state)
    for (let i = 0; i < 200; i++) other.step()
    t.machine.restore(state)
    for (const colour of ['red', 'c0', 'c1', 'c2', 'c3', 'c4']) {
      const want = t.machine.reader.all('balls').filter((b) => b.colour === colour)
      expect(new Set(t.machine.reader.by('balls', 'colour', colour))).toEqual(new Set(want))
    }
  })
})
