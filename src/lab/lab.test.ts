import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { boot } from './fake/fake-cluster.ts'
import { causes, eventsBetween } from './answers.ts'
import { advance, GAP_MS, startPace } from './pace.ts'
import { LiveReplica } from './replica.ts'
import { Session, type Shown } from './session.ts'
import { decodeRun, encodeRun } from './share.ts'

const start = (seed = 1): Session => {
  const session = new Session('toy', seed, boot('toy', seed))
  session.watch({ actors: ['worker-1/'] })
  return session
}
const still = (session: Session): Shown => ({
  shown: session.now,
  rate: 0,
  until: session.now,
  spinning: false,
  playing: false,
  pace: { mode: 'follow' },
})
const pod = (name: string) => ({ kind: 'input.pod', to: 'apiserver', data: { name } })
const always = () => true

describe('frames', () => {
  it('give the page the very tables of the machine, order included, after any run, seek, fork and deletion', () => {
    const act = fc.oneof(
      {
        arbitrary: fc.record({
          do: fc.constantFrom('pod' as const, 'delete' as const),
          name: fc.constantFrom('a', 'b', 'c'),
        }),
        weight: 6,
      },
      { arbitrary: fc.record({ do: fc.constant('frame' as const) }), weight: 3 },
      fc.record({ do: fc.constant('run' as const), micros: fc.integer({ min: 1, max: 3_000_000 }) }),
      fc.record({ do: fc.constant('seek' as const), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
      fc.record({ do: fc.constantFrom('branch' as const, 'back' as const) }),
    )
    fc.assert(
      fc.property(fc.array(act, { minLength: 5, maxLength: 60 }), (acts) => {
        const session = start()
        const replica = new LiveReplica()
        const check = () => {
          replica.apply(session.frame(still(session)))
          for (const table of session.timeline.machine.tableNames())
            expect([...replica.entries(table)]).toEqual([...session.timeline.machine.rows(table)])
          const waiting = [...session.reader.pending()].map((event) => event.id).sort()
          expect([...replica.view(0).pending()].map((event) => event.id).sort()).toEqual(waiting)
        }
        for (const step of acts) {
          if (step.do === 'run') session.runUntil(session.now + step.micros, Infinity)
          if (step.do === 'seek') session.seek(Math.floor(session.timeline.branch.head * step.part))
          if (step.do === 'back') session.seekEvent(session.before({}))
          if (step.do === 'pod') session.input(pod(step.name))
          if (step.do === 'delete') session.input({ kind: 'input.delete', to: 'apiserver', data: { name: step.name } })
          if (step.do === 'branch') session.switchTo(session.timeline.allBranches()[0]!.id)
          if (step.do === 'frame') check()
        }
        check()
      }),
      { numRuns: 300 },
    )
  })

  it('survive an error of the model: the run stops before the event and can be stepped back', () => {
    const session = start()
    session.runUntil(1_000_000, Infinity)
    session.timeline.input({ kind: 'input.fail', to: 'apiserver', data: {} })
    expect(session.runUntil(2_000_000, Infinity)).toBe(true)
    expect(session.stopped?.message).toMatch(/a handler of the toy fails/)
    expect(session.frame(still(session)).stopped?.event?.kind).toBe('input.fail')
    session.seekEvent(session.before({ timers: true, routine: true }))
    expect(session.stopped).toBeUndefined()
    expect(session.now).toBeLessThan(1_000_000)
  })
})

describe('follow', () => {
  /** Plays in frames of 16 ms and notes for how long each message is seen on its way. */
  function play(session: Session, ms: number) {
    const state = startPace({ mode: 'follow' }, session.now)
    const seen = new Map<number, number>()
    let last = state.shown
    for (let t = 0; t < ms; t += 16) {
      advance(session, state, 16, always)
      expect(state.shown).toBeGreaterThanOrEqual(last)
      last = state.shown
      for (const [id, event] of session.watched)
        if (state.gapLeft <= 0 && state.shown >= event.sent && state.shown <= event.at)
          seen.set(id, (seen.get(id) ?? 0) + 16)
    }
    return { seen, state }
  }

  it('gives each watched message its moment and leaves model time as it is', () => {
    const session = start()
    session.runUntil(5_000_000, Infinity)
    session.input(pod('web'))
    const { seen } = play(session, 14_000)
    const entries = session.timeline.branch.journal.filter((entry) => seen.has(entry.event.id))
    expect(entries.length).toBeGreaterThan(15)
    for (const { event } of entries.slice(0, -1)) expect(seen.get(event.id)! / 600).toBeCloseTo(1, 0)
    const straight = start()
    straight.runUntil(5_000_000, Infinity)
    straight.input(pod('web'))
    straight.runUntil(session.now, Infinity)
    expect(session.timeline.machine.hash()).toBe(straight.timeline.machine.hash())
  })

  it('crosses ten seconds without anything watched in a third of a second', () => {
    const session = start()
    session.runUntil(20_000, Infinity)
    session.watch({ kinds: ['api.request'], routine: true })
    const { state } = play(session, GAP_MS + 80)
    expect(state.shown).toBeGreaterThan(9_900_000)
    expect(session.watched.size).toBe(1)
  })

  it('stands still at the beginning of a gap that takes many turns to run through, then shows it as one', () => {
    const session = start()
    session.runUntil(20_000, Infinity)
    session.watch({ kinds: ['api.request'], routine: true })
    const state = startPace({ mode: 'follow' }, session.now)
    const from = state.shown
    let turns = 0
    for (; session.watched.size === 0; turns++) {
      let looks = 0
      advance(session, state, 16, () => ++looks < 3)
      if (session.watched.size === 0) expect(state.shown).toBe(from)
    }
    expect(turns).toBeGreaterThan(3)
    for (let t = 0; t < GAP_MS; t += 16) advance(session, state, 16, always)
    expect(state.shown).toBe(session.now)
  })

  it('is not held up by a message that was taken back on its way', () => {
    const session = start()
    session.runUntil(5_000_000, Infinity)
    session.input({ kind: 'input.takes-back', to: 'apiserver', data: {} })
    const { state } = play(session, 3_000)
    expect(state.shown).toBeGreaterThan(6_000_000)
  })

  it('steps to the next watched arrival and stops there', () => {
    const session = start()
    session.runUntil(5_000_000, Infinity)
    session.input(pod('web'))
    const state = startPace({ mode: 'speed', factor: 1 }, session.now)
    state.stepping = true
    let goes = true
    for (let t = 0; t < 5_000 && goes; t += 16) goes = advance(session, state, 16, always)
    expect(goes).toBe(false)
    const { journal } = session.timeline.branch
    expect(journal[journal.length - 1]!.event.kind).toBe('api.watch')
  })
})

describe('answers', () => {
  it('walk from an effect to the input', () => {
    const session = start()
    session.runUntil(5_000_000, Infinity)
    session.input(pod('web'))
    session.runUntil(9_000_000, Infinity)
    const last = eventsBetween(session, 0, session.now, 1, { kinds: ['api.request'], routine: false })
    expect(last[0]?.data).toMatchObject({ resource: 'pods' })
    const chain = causes(session, last[0]!.id, 100)
    expect(chain[chain.length - 1]!.entry.event.kind).toBe('input.pod')
    expect(chain[0]!.rules[0]?.id).toBe('FAKE1')
  })
})

describe('links', () => {
  const run = {
    scenario: 'three-nodes',
    seed: 7,
    at: 99,
    executed: 7,
    inputs: [{ kind: 'input.pod', to: 'apiserver', data: { name: 'x' }, at: 5, after: 3 }],
  }
  it('come back as they were, and replay to the same state', async () => {
    expect(await decodeRun(await encodeRun(run))).toEqual(run)
    const first = start(4)
    first.runUntil(3_000_000, Infinity)
    first.input(pod('web'))
    first.runUntil(3_500_000, Infinity)
    // In the middle of a moment: one of the pod's messages has run, the next due at the same time has not.
    first.input(pod('other'))
    first.timeline.input(pod('later'))
    const shared = await decodeRun(
      await encodeRun({
        scenario: 'toy',
        seed: 4,
        at: first.now,
        executed: first.timeline.machine.executed,
        inputs: first.timeline.branch.inputs.slice(1),
      }),
    )
    const second = start(4)
    expect(second.replay(shared.inputs, { count: 0 }, Infinity)).toBe(true)
    expect(second.runToPlace(shared.at, shared.executed, Infinity)).toBe(true)
    expect(second.timeline.machine.hash()).toBe(first.timeline.machine.hash())
  })

  it('of strangers are refused with a sentence', async () => {
    const pack = async (value: unknown) =>
      encodeRun(value as never).then(
        (text) => text,
        (error: unknown) => Promise.reject(error),
      )
    for (const [bad, says] of [
      [{ ...run, scenario: '../x' }, /scenario/],
      [{ ...run, at: -1 }, /moment/],
      [{ ...run, inputs: [{ ...run.inputs[0], at: 1e300 }] }, /Input 1/],
      [{ ...run, inputs: Array.from({ length: 2_001 }, () => run.inputs[0]) }, /more than/],
      [{ ...run, inputs: [{ ...run.inputs[0], kind: 'a b' }] }, /nobody/],
      [{ ...run, inputs: [{ ...run.inputs[0], data: JSON.parse('{"__proto__":{"a":1}}') as unknown }] }, /plain/],
    ] as const)
      await expect(pack(bad).then(decodeRun)).rejects.toThrow(says)
    await expect(decodeRun('%%%')).rejects.toThrow(/cut or changed/)
    await expect(decodeRun('AAAA')).rejects.toThrow(/cut or changed/)
    const bomb = await encodeRun({ ...run, inputs: [{ ...run.inputs[0]!, data: ' '.repeat(3_000_000) }] })
    expect(bomb.length).toBeLessThan(10_000)
    await expect(decodeRun(bomb)).rejects.toThrow(/unpacks to more/)
  })
})
