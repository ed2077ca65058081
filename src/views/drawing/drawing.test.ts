import { describe, expect, test } from 'vitest'
import { clockShape, shareLeft } from './clock-shape.ts'
import { ease, motion } from './motion.ts'
import { isAnswer, isFailure, planeOf, planeOfKind } from './plane.ts'
import { at, reversed, route } from './route.ts'
import { elideMiddle, podSuffix, shortPodName, spellLeft, spellSpan } from './spell.ts'

const message = { sent: 1_000, at: 1_600 }

describe('motion', () => {
  test('80 of 600 to leave, 440 to travel, 80 to arrive', () => {
    expect(motion(message, 1_000)).toMatchObject({ phase: 'leave', along: 0 })
    expect(motion(message, 1_079).phase).toBe('leave')
    expect(motion(message, 1_081).phase).toBe('travel')
    expect(motion(message, 1_519).phase).toBe('travel')
    expect(motion(message, 1_521)).toMatchObject({ phase: 'arrive', along: 1 })
  })
  test('is a function of its arguments: the same instant is the same picture, forwards or back', () => {
    const forwards = [1_100, 1_300, 1_500].map((now) => motion(message, now).along)
    const back = [1_500, 1_300, 1_100].map((now) => motion(message, now).along)
    expect(back.reverse()).toEqual(forwards)
    expect(forwards[0]!).toBeLessThan(forwards[1]!)
    expect(forwards[1]!).toBeLessThan(forwards[2]!)
  })
  test('reduced motion stands at the receiver', () => {
    expect(motion(message, 1_000, true)).toMatchObject({ along: 1, still: true })
  })
  test('the easing is cubic-bezier(.4, 0, .2, 1)', () => {
    expect(ease(0)).toBe(0)
    expect(ease(1)).toBe(1)
    expect(ease(0.5)).toBeCloseTo(0.7756, 3)
    expect(ease(0.25)).toBeCloseTo(0.2374, 2)
  })
})

describe('route', () => {
  const way = route(
    'r',
    [
      { x: 0, y: 0 },
      { x: 100, y: 0 },
      { x: 100, y: 50 },
    ],
    { radius: 10 },
  )
  test('ends where it should and turns on the way', () => {
    expect(at(way, 0)).toMatchObject({ x: 0, y: 0, heading: 0 })
    expect(at(way, 1e9)).toMatchObject({ x: 100, y: 50, heading: 90 })
    expect(way.length).toBeGreaterThan(140)
    expect(way.length).toBeLessThan(150)
  })
  test('the way back is the same way', () => {
    const back = reversed(way)
    expect(at(back, 0)).toMatchObject({ x: 100, y: 50, heading: -90 })
    expect(back.length).toBeCloseTo(way.length)
    const half = at(way, way.length / 2)
    expect(at(back, back.length / 2).x).toBeCloseTo(half.x)
  })
})

describe('planes', () => {
  test('by prefix; timers have none; a lost message keeps its own', () => {
    expect(planeOfKind('cni.add')).toBe('kernel')
    expect(planeOfKind('registry.layer')).toBe('store')
    expect(planeOfKind('timer.relist')).toBeUndefined()
    expect(planeOf({ kind: 'wire.lost', data: { kind: 'api.request' } })).toBe('api')
  })
  test('answers and failures', () => {
    expect(isAnswer({ kind: 'cri.response', data: {} })).toBe(true)
    expect(isAnswer({ kind: 'cri.request', data: {} })).toBe(false)
    expect(isFailure({ kind: 'cri.response', data: { error: { code: 'Unknown', message: '' } } })).toBe(true)
    expect(isFailure({ kind: 'api.response', data: { code: 409 } })).toBe(true)
    expect(isFailure({ kind: 'api.response', data: { code: 201 } })).toBe(false)
  })
})

describe('clock', () => {
  test('full, half, over', () => {
    expect(shareLeft(0, 10, 0)).toBe(1)
    expect(shareLeft(0, 10, 5)).toBe(0.5)
    expect(shareLeft(0, 10, 11)).toBe(0)
    expect(clockShape(0.5, 10).hand).toBe('M0 0L0 7.2')
    expect(clockShape(0.25, 10).arc).toBe('M0 -10A10 10 0 0 1 10 0')
    expect(clockShape(0, 10).arc).toBe('')
  })
})

describe('names', () => {
  test('a pod of a ReplicaSet loses its hash, not its suffix', () => {
    expect(shortPodName('web-6c9f7d8b5-4xk2p', 13)).toBe('web-…-4xk2p')
    expect(shortPodName('mailer', 13)).toBe('mailer')
    expect(shortPodName('kube-proxy-x8wd4', 12)).toBe('kube-…-x8wd4')
    expect(podSuffix('web-6c9f7d8b5-4xk2p', 8)).toBe('4xk2p')
    expect(podSuffix('db-0', 8)).toBe('db-0')
    expect(elideMiddle('abcdefghij', 5)).toBe('ab…ij')
  })
  test('spans', () => {
    expect(spellSpan(60)).toBe('60 us')
    expect(spellSpan(3_140)).toBe('3.1 ms')
    expect(spellSpan(390_000)).toBe('0.39 s')
    expect(spellSpan(23_400_000)).toBe('23 s')
    expect(spellSpan(250_000_000)).toBe('4 m 10 s')
    expect(spellLeft(22_100_000)).toBe('23 s')
    expect(spellLeft(0)).toBe('due')
  })
})
