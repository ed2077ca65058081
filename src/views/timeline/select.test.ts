import { describe, expect, test } from 'vitest'
import { event } from '../drawing/fixture-objects.ts'
import { fixtureReplica } from '../drawing/fixture-replica.ts'
import { PLANES } from '../drawing/plane.ts'
import { fixtures as starts } from '../pod-start/fixtures.ts'
import { local } from './relation.ts'
import { selectTimeline, type Filter } from './select.ts'
import { around, pan, stretchOf, ticks, zoom } from './window.ts'

const ALL: Filter = { planes: new Set(PLANES), failed: false, heartbeats: false, related: false }
const NONE = { causes: [], effects: new Set<number>() }
const SIZE = { width: 1084, height: 680 }

const draw = (filter: Filter = ALL, pick?: string) => {
  const replica = fixtureReplica(starts.done!())
  const chosen = pick === undefined ? undefined : replica.recent.find((e) => e.kind === pick)!.id
  const relation = chosen === undefined ? NONE : local(chosen, replica).relation
  const stretch = { from: 11_900_000, to: 12_120_000 }
  return { replica, chosen, picture: selectTimeline(replica.recent, stretch, filter, chosen, relation, replica, SIZE) }
}

describe('lanes', () => {
  test('one per actor that speaks or is spoken to, central ones first', () => {
    expect(draw().picture.lanes.map((l) => l.name)).toEqual([
      'scheduler',
      'API server',
      'kubelet',
      'containerd',
      'CNI',
      'runc',
      'kernel',
      'registry',
    ])
  })
  test('where there is no room, the quietest go, never the related', () => {
    const replica = fixtureReplica(starts.done!())
    const all = { from: 11_900_000, to: 15_000_000 }
    const cni = replica.recent.find((e) => e.kind === 'cni.result')!.id
    const { relation } = local(cni, replica)
    const small = selectTimeline(
      replica.recent,
      all,
      ALL,
      cni,
      { causes: relation.causes.slice(0, 1), effects: new Set() },
      replica,
      { width: 900, height: 300 },
    )
    expect(small.hiddenLanes).toBeGreaterThan(0)
    expect(small.lanes.map((l) => l.name)).toContain('CNI')
  })
})

describe('arrows', () => {
  test('run from sent to at, from lane to lane', () => {
    const { picture } = draw()
    const add = picture.arrows.find((a) => a.event.kind === 'cni.add')!
    expect(add.x1).toBeLessThan(add.x2)
    expect(picture.lanes.find((l) => l.y === add.y1)!.name).toBe('containerd')
    expect(picture.lanes.find((l) => l.y === add.y2)!.name).toBe('CNI')
  })
  test('labels never lie on one another', () => {
    const boxes = draw().picture.arrows.flatMap((a) => (a.label ? [{ ...a.label, width: a.title.length * 6.36 }] : []))
    expect(boxes.length).toBeGreaterThan(5)
    for (const a of boxes)
      for (const b of boxes) {
        if (a === b || Math.abs(a.y - b.y) >= 14) continue
        const [al, bl] = [a, b].map((l) => (l.anchor === 'start' ? l.x : l.x - l.width))
        expect(al! + a.width <= bl! + 1 || bl! + b.width <= al! + 1).toBe(true)
      }
  })
  test('filters take planes and heartbeats away', () => {
    const kernel = draw({ ...ALL, planes: new Set(['kernel']) }).picture
    expect(new Set(kernel.arrows.map((a) => a.plane))).toEqual(new Set(['kernel']))
    expect(kernel.shown).toBeLessThan(kernel.all)
  })
})

describe('the chosen event', () => {
  test('its causes are numbered backwards, its effects keep their colour, the rest is a hairline', () => {
    const { picture } = draw(ALL, 'cni.add')
    const tones = new Map(
      picture.arrows.map((a) => [a.event.kind + String((a.event.data as { method?: string }).method ?? ''), a]),
    )
    expect(tones.get('cni.add')!.tone).toBe('chosen')
    expect(tones.get('kernel.netns-add')).toMatchObject({ tone: 'cause', step: 1 })
    expect(tones.get('cri.requestRunPodSandbox')).toMatchObject({ tone: 'cause', step: 2 })
    expect(tones.get('cni.result')!.tone).toBe('effect')
    expect(picture.causePath.startsWith('M')).toBe(true)
  })
  test('an open call is a bar from its arrival to its answer', () => {
    const { picture } = draw()
    const bar = picture.bars.find((b) => picture.arrows.find((a) => a.event.id === b.event)!.title === 'RunPodSandbox')!
    const answer = picture.arrows.find((a) => a.event.kind === 'cri.response')!
    expect(bar.x + bar.width).toBeCloseTo(answer.x1)
  })
})

describe('the window', () => {
  test('goes with now until it is moved', () => {
    expect(stretchOf({ span: 1_000 }, 10_000).to).toBe(10_080)
    const moved = pan({ span: 1_000 }, -500, 10_000)
    expect(moved.end).toBe(9_580)
    expect(pan(moved, 2_000, 10_000)).toEqual({ span: 1_000 })
  })
  test('zoom keeps the instant under the pointer', () => {
    const before = { span: 100_000, end: 500_000 }
    const after = zoom(before, 0.5, 430_000, 1_000_000)
    const share = (w: { span: number; end?: number }) => (430_000 - stretchOf(w, 1_000_000).from) / w.span
    expect(share(after)).toBeCloseTo(share(before))
  })
  test('ticks are round and say as much as they must', () => {
    expect(ticks({ from: 0, to: 600e6 }, 6).map((t) => t.label)).toEqual([
      '00:00:00',
      '00:02:00',
      '00:04:00',
      '00:06:00',
      '00:08:00',
      '00:10:00',
    ])
    expect(ticks({ from: 134_000_000, to: 134_400_000 }, 5)[1]!.label).toBe('02:14.100')
    expect(ticks({ from: 1_000, to: 1_400 }, 5)[0]!.label).toBe('00:00.001000')
  })
  test('around leaves air', () => {
    const { from, to } = stretchOf(around(1_000_000, 2_000_000), 9e9)
    expect(from).toBeLessThan(1_000_000)
    expect(to).toBeGreaterThan(2_000_000)
  })
})

test('effects are found through any cause', () => {
  const a = event('x', 'p', 'q', 0, 1, {}, { id: 1 })
  const b = event('x', 'q', 'r', 1, 2, {}, { id: 2, causes: [9, 1] })
  const c = event('x', 'r', 's', 2, 3, {}, { id: 3, causes: [2] })
  expect(local(1, { recent: [a, b, c] }).effects.map((e) => e.id)).toEqual([2, 3])
})
