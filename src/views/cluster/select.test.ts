import { describe, expect, test } from 'vitest'
import { SECOND } from '../../sim/clock.ts'
import { fixtureReplica } from '../drawing/fixture-replica.ts'
import { event, pod } from '../drawing/fixture-objects.ts'
import { fixtures } from './fixtures.ts'
import { firstPassAfter, missedBeats, PASS, tolerationOf, UNREACHABLE } from './heartbeat.ts'
import { selectCluster } from './select.ts'
import { selectStrip } from './strip.ts'
import { wayOnWire } from './ways.ts'
import { caption } from './View.tsx'

const SIZE = { width: 1384, height: 680 }
const draw = (name: string, size = SIZE) => {
  const replica = fixtureReplica(fixtures[name]!())
  return { replica, picture: selectCluster(replica, 'worker-2', size) }
}

describe('silence', () => {
  test('the grace must be over, not just equal: the pass that meets it exactly is not the one', () => {
    expect(firstPassAfter(50 * SECOND, 50 * SECOND)).toBe(55 * SECOND)
    expect(firstPassAfter(50 * SECOND, 52 * SECOND)).toBe(52 * SECOND)
    expect(firstPassAfter(50 * SECOND, 1 * SECOND)).toBe(51 * SECOND)
  })
  test('it counts from the pass that saw the last renewal, so Unknown comes on a pass after it', () => {
    const { replica, picture } = draw('cable pulled')
    const beat = picture.chosen!.heartbeat
    const pass = [...replica.pending()].find((e) => e.kind.includes('monitor'))!.at
    expect((beat.unknownAt - pass) % PASS).toBe(0)
    expect(beat.unknownAt - beat.countsFrom).toBeGreaterThan(50 * SECOND)
    expect(beat.unknownAt - beat.countsFrom).toBeLessThanOrEqual(55 * SECOND)
  })
  test('a beat is missed when it is late by more than a retry', () => {
    expect(missedBeats(0, 10 * SECOND)).toBe(0)
    expect(missedBeats(0, 12 * SECOND)).toBe(1)
    expect(missedBeats(0, 38.2 * SECOND)).toBe(3)
    expect(missedBeats(undefined, 100 * SECOND)).toBe(0)
  })
})

describe('tolerations', () => {
  const of = (tolerations: object[]) =>
    tolerationOf(pod('p', 'n', ['c'], { spec: { tolerations: tolerations as never } }))
  test('none: at once; without a limit: for ever; the shortest of several', () => {
    expect(of([])).toEqual({ seconds: 0 })
    expect(of([{ operator: 'Exists' }])).toEqual({})
    expect(
      of([
        { key: UNREACHABLE, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
        { key: UNREACHABLE, operator: 'Exists', tolerationSeconds: 30 },
      ]),
    ).toEqual({ seconds: 30 })
    expect(of([{ key: UNREACHABLE, operator: 'Exists', effect: 'NoSchedule' }])).toEqual({ seconds: 0 })
  })
})

describe('bodies', () => {
  test('stand side by side inside the stage', () => {
    for (const width of [1060, 1200, 1384]) {
      const { picture } = draw('healthy', { width, height: 536 })
      const all = [picture.controlPlane!, ...picture.bodies]
      for (let i = 1; i < all.length; i++)
        expect(all[i]!.box.x).toBeGreaterThanOrEqual(all[i - 1]!.box.x + all[i - 1]!.box.width + 14)
      const last = all[all.length - 1]!.box
      expect(last.x + last.width + 14).toBeLessThanOrEqual(width)
    }
  })
  test('the Service says how many of its ready endpoints are on a silent node', () => {
    expect(draw('cable pulled').picture.controlPlane!.service).toMatchObject({ listed: 3, ready: 3, gone: 1 })
    expect(draw('unknown').picture.controlPlane!.service).toMatchObject({ listed: 3, ready: 2, gone: 0 })
  })
  test('toleration clocks wait for the taint, then run; a DaemonSet tolerates for ever', () => {
    const waiting = draw('cable pulled').picture.bodies.find((b) => b.name === 'worker-2')!.pods
    expect(waiting.map((p) => [p.name, p.waits, p.clock, p.lines[1]])).toContainEqual([
      'mailer',
      30,
      undefined,
      'and ready',
    ])
    expect(waiting.find((p) => p.name === 'flannel')!.lines).toEqual(['tolerates', 'for ever'])
    const running = draw('unknown').picture.bodies.find((b) => b.name === 'worker-2')!.pods
    const web = running.find((p) => p.name.startsWith('web'))!
    expect(web.clock!.until - web.clock!.since).toBe(300 * SECOND)
  })
  test('beyond six: rings; beyond forty: dots', () => {
    expect(draw('12 nodes').picture).toMatchObject({ form: 'rings', bodies: [] })
    expect(draw('60 nodes').picture.form).toBe('dots')
  })
})

describe('the strip', () => {
  test('Unknown and the taint begin together; each toleration ends on its own line', () => {
    const { replica, picture } = draw('cable pulled')
    const strip = selectStrip(replica, picture.chosen!, 20)!
    const at = (key: string) => strip.lanes.find((l) => l.key === key)!
    expect(at('ready').bars[1]!.from).toBe(at('taint').bars[0]!.from)
    expect(at('shop/mailer').marks[0]! - at('taint').bars[0]!.from).toBe(30 * SECOND)
    expect(strip.key.map((k) => Math.round((k - at('taint').bars[0]!.from) / SECOND))).toEqual([0, 30, 300])
    expect(strip.beats.filter((b) => b.state === 'missed')).toHaveLength(3)
  })
})

describe('the wire', () => {
  test('a lease travels from plug to plug; a lost one stays at the plug that hangs free', () => {
    const { picture, replica } = draw('cable pulled')
    const [, lease, , lost] = [...replica.pending()]
    const way = wayOnWire(lease!, picture)!
    expect(way.route.points.some((p) => p.y === picture.wireY)).toBe(true)
    const cut = wayOnWire(lost!, picture)!
    expect(cut.failed).toBe(true)
    expect(cut.route.points.every((p) => p.y < picture.wireY)).toBe(true)
  })
  test('what stays within a node is not on the wire', () => {
    const { picture } = draw('healthy')
    expect(
      wayOnWire(event('cri.request', 'worker-1/kubelet', 'worker-1/containerd', 0, 1, {}), picture),
    ).toBeUndefined()
  })
})

test('the caption counts down to Unknown, then up', () => {
  const silent = draw('cable pulled').replica
  expect(caption(silent, silent.now, 'worker-2')).toMatch(
    /^worker-2 still counts as Ready\. In 17 s it becomes Unknown/,
  )
  const over = draw('unknown').replica
  expect(caption(over, over.now, 'worker-2')).toContain('has not been heard of for 2 m')
})
