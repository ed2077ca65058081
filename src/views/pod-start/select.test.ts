import { describe, expect, test } from 'vitest'
import { event, uidOf } from '../drawing/fixture-objects.ts'
import { fixtureReplica } from '../drawing/fixture-replica.ts'
import { fixtures } from './fixtures.ts'
import { chainBack, eventsOfPod, openBars, podInHand, selectStart, type Row } from './select.ts'

const UID = uidOf('web-6c9f7d8b5-4xk2p')
const SIZE = { width: 1060, height: 600 }

function start(name: string, size = SIZE) {
  const replica = fixtureReplica(fixtures[name]!())
  const pod = podInHand(replica, 'worker-1', undefined, undefined)!
  const events = eventsOfPod(replica.recent, UID, replica)
  const flying = [...replica.pending()]
  return { replica, picture: selectStart(events.shown, events.all, flying, pod, replica, size) }
}

describe('the messages of a pod', () => {
  test('found by the ids they carry, in every plane', () => {
    const { picture } = start('done')
    expect(new Set(picture.rows.map((r) => r.plane))).toEqual(new Set(['api', 'kernel', 'cri', 'store']))
    expect(picture.rows.map((r) => r.title)).toContain('result 10.244.1.7')
  })
  test('another pod is another story', () => {
    const replica = fixtureReplica(fixtures.done!())
    const other = event('cri.request', 'worker-1/kubelet', 'worker-1/containerd', 0, 1, {
      method: 'RunPodSandbox',
      request: { config: { metadata: { name: 'x', uid: 'other-uid-0000', namespace: 'shop', attempt: 0 } } },
    })
    expect(eventsOfPod([other], UID, replica).shown).toEqual([])
  })
  test('an answer without ids follows its cause', () => {
    const replica = fixtureReplica(fixtures.done!())
    const ask = event(
      'registry.request',
      'worker-1/containerd',
      'registry',
      0,
      1,
      { op: 'blob', podUid: UID },
      { id: 1 },
    )
    const answer = event(
      'registry.response',
      'registry',
      'worker-1/containerd',
      1,
      2,
      { op: 'blob' },
      { id: 2, causes: [1] },
    )
    const stray = event(
      'registry.response',
      'registry',
      'worker-1/containerd',
      1,
      2,
      { op: 'blob' },
      { id: 3, causes: [99] },
    )
    expect(eventsOfPod([ask, answer, stray], UID, replica).shown.map((e) => e.id)).toEqual([1, 2])
  })
  test('time counts from the moment the kubelet learned of it', () => {
    const { picture } = start('done')
    expect(picture.rows.find((r) => r.title === 'pod ADDED: bound')!.since).toBe(0)
    expect(picture.rows[0]!.since).toBeLessThan(0)
  })
})

describe('open calls', () => {
  test('each request is closed by its own answer', () => {
    const { picture } = start('done')
    expect(
      picture.bars
        .filter((b) => b.bottom === undefined)
        .map((b) => [picture.lanes[b.lane]!.id, picture.rows.find((r) => r.event.id === b.event)!.title]),
    ).toEqual([])
    const calls = picture.bars.filter((b) => b.plane === 'cri')
    expect(calls).toHaveLength(4)
    for (const bar of calls) expect(bar.bottom!).toBeGreaterThan(bar.top)
  })
  test('in the middle of the pull two things are open', () => {
    const { picture } = start('pulling')
    const open = picture.bars.filter((b) => b.bottom === undefined)
    expect(open.map((b) => b.plane).sort()).toEqual(['cri', 'store'])
    expect(picture.rows.filter((r) => r.flying).map((r) => r.title)).toEqual(['layer 30 MB'])
  })
  test('two layers at once lie side by side', () => {
    const row = (id: number, answer: boolean, digest: string, y: number): Row => ({
      event: event(
        answer ? 'registry.response' : 'registry.request',
        answer ? 'registry' : 'c',
        answer ? 'c' : 'registry',
        0,
        1,
        { digest },
        { id },
      ),
      y,
      from: answer ? 5 : 3,
      to: answer ? 3 : 5,
      plane: 'store',
      title: '',
      since: 0,
      answer,
      failed: false,
      critical: false,
      flying: false,
    })
    const bars = openBars([
      row(1, false, 'a', 10),
      row(2, false, 'b', 30),
      row(3, true, 'a', 50),
      row(4, true, 'b', 70),
    ])
    expect(bars.map((b) => [b.event, b.top, b.bottom, b.shift])).toEqual([
      [1, 10, 50, 0],
      [2, 30, 70, 5],
    ])
  })
})

test('the critical path is the chain of causes back from the last message', () => {
  const a = event('x', 'p', 'q', 0, 1, {}, { id: 1 })
  const aside = event('x', 'q', 'r', 1, 2, {}, { id: 2, causes: [1] })
  const b = event('x', 'q', 's', 1, 5, {}, { id: 3, causes: [1] })
  const end = event('x', 's', 'p', 5, 6, {}, { id: 4, causes: [3] })
  expect([...chainBack([a, aside, b, end], end)].sort()).toEqual([1, 3, 4])
})

test('where the time went: the pull is the longest stretch, and it is open while it lasts', () => {
  const done = start('done').picture.phases
  expect(done.map((p) => p.name)).toEqual([
    'volumes, cgroups',
    'sandbox',
    'kubelet',
    'image',
    'kubelet',
    'create',
    'kubelet',
    'start',
    'until Ready',
  ])
  const longest = [...done].sort((a, b) => b.to! - b.from - (a.to! - a.from))[0]!
  expect(longest.name).toBe('image')
  const open = start('pulling').picture.phases.at(-1)!
  expect([open.name, open.to]).toEqual(['image', undefined])
})

test('the chain passes through messages that get no row', () => {
  const replica = fixtureReplica(fixtures.done!())
  const pod = podInHand(replica, 'worker-1', undefined, undefined)!
  const ask = event('oci.create', 'worker-1/containerd', 'worker-1/runc', 0, 1, { podUid: UID }, { id: 1 })
  const clone = event('kernel.clone', 'worker-1/runc', 'worker-1/kernel', 1, 2, { podUid: UID }, { id: 2, causes: [1] })
  const cloned = event(
    'kernel.cloned',
    'worker-1/kernel',
    'worker-1/runc',
    2,
    3,
    { podUid: UID },
    { id: 3, causes: [2] },
  )
  const done = event(
    'oci.result',
    'worker-1/runc',
    'worker-1/containerd',
    3,
    4,
    { podUid: UID, op: 'create' },
    { id: 4, causes: [3] },
  )
  const { shown, all } = eventsOfPod([ask, clone, cloned, done], UID, replica)
  const { rows } = selectStart(shown, all, [], pod, replica, SIZE)
  expect(rows.map((r) => [r.event.id, r.critical])).toEqual([
    [1, true],
    [2, true],
    [4, true],
  ])
})
