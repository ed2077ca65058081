import { describe, expect, test } from 'vitest'
import { fixtureReplica } from '../drawing/fixture-replica.ts'
import { event, uidOf } from '../drawing/fixture-objects.ts'
import { at } from '../drawing/route.ts'
import { fixtures } from './fixtures.ts'
import { captionOf } from './caption.ts'
import { selectNode } from './select.ts'
import { wayOfEvent } from './ways.ts'

const SIZE = { width: 852, height: 520 }
const draw = (name: string, size = SIZE) => {
  const replica = fixtureReplica(fixtures[name]!())
  return { replica, picture: selectNode(replica, 'worker-1', size) }
}

describe('pods as capsules', () => {
  test('in order of age, each in its state', () => {
    const { picture } = draw('mock')
    expect(picture.pods.map((p) => [p.suffix, p.phase, p.netns, p.pause])).toEqual([
      ['coredns', 'up', 'wired', 'running'],
      ['4xk2p', 'up', 'wired', 'running'],
      ['9tq8m', 'building', 'bare', 'next'],
      ['mailer', 'up', 'wired', 'running'],
    ])
  })
  test('what is not yet, and what went wrong, with its clock', () => {
    const { picture } = draw('mock')
    expect(picture.pods[1]!.containers[0]).toMatchObject({
      state: 'unborn',
      lines: ['web: no container yet', 'waits for its image'],
    })
    const mailer = picture.pods[3]!.containers[0]!
    expect(mailer).toMatchObject({ state: 'failed', lines: ['exit 1', 'may restart in'] })
    expect(mailer.clock!.until - mailer.clock!.since).toBe(40_000_000)
  })
  test('capsules never overlap and stay inside the wall, at any number and width', () => {
    for (const name of ['mock', '8 pods', '24 pods', '40 pods']) {
      for (const width of [600, 852, 1060, 1384]) {
        const { picture } = draw(name, { width, height: 536 })
        const { pods, layout } = picture
        for (let i = 1; i < pods.length; i++)
          expect(pods[i]!.box.x).toBeGreaterThanOrEqual(pods[i - 1]!.box.x + pods[i - 1]!.box.width)
        const last = pods[pods.length - 1]!
        expect(last.box.x + last.box.width).toBeLessThanOrEqual(layout.inside.right + 1)
        expect(pods[0]!.box.width).toBeGreaterThan(8)
      }
    }
  })
  test('full up to 8, slim up to 40, then dots in their cgroup, every pod once', () => {
    expect(draw('8 pods').picture.size).toBe('full')
    expect(draw('24 pods').picture.size).toBe('slim')
    const { picture } = draw('300 pods')
    expect(picture.size).toBe('dots')
    expect(new Set(picture.groups.flatMap((g) => g.dots.map((d) => d.uid))).size).toBe(
      new Set(
        fixtureReplica(fixtures['300 pods']!())
          .all('pods')
          .map((p) => p.metadata.uid),
      ).size,
    )
    for (const group of picture.groups)
      for (const dot of group.dots) {
        expect(dot.x).toBeLessThan(group.box.x + group.box.width - 6)
        expect(dot.y).toBeLessThan(group.box.y + group.box.height - 6)
      }
  })
  test('a pod on the host network has no namespace of its own', () => {
    const proxy = draw('trouble').picture.pods[0]!
    expect(proxy).toMatchObject({ hostNetwork: true, netns: 'none', pause: 'running' })
  })
  test('a phone shows two and says how many more', () => {
    const { picture } = draw('mock', { width: 390, height: 420 })
    expect(picture.pods).toHaveLength(2)
    expect(picture.hidden).toBe(2)
  })
})

describe('ways', () => {
  const { replica, picture } = draw('mock')
  const way = (kind: string, from: string, to: string, data: unknown = {}) =>
    wayOfEvent(event(kind, from, to, 0, 1, data), picture, replica)
  test('a watch event comes down from the API server into the kubelet', () => {
    const route = way('api.watch', 'apiserver', 'worker-1/kubelet')!.route
    expect(at(route, 0).y).toBe(34)
    expect(at(route, 1e9).y).toBeGreaterThan(picture.layout.kubelet.y)
  })
  test('an answer is hollow and runs the other way', () => {
    const down = way('cri.request', 'worker-1/kubelet', 'worker-1/containerd', { method: 'CreateContainer' })!
    const up = way('cri.response', 'worker-1/containerd', 'worker-1/kubelet', { method: 'CreateContainer' })!
    expect(at(down.route, 0).y).toBe(at(up.route, 1e9).y)
    expect(down.hollow).toBe(false)
    expect(up.hollow).toBe(true)
  })
  test('images have their own service on the socket', () => {
    const image = way('cri.request', 'worker-1/kubelet', 'worker-1/containerd', { method: 'PullImage' })!
    const runtime = way('cri.request', 'worker-1/kubelet', 'worker-1/containerd', { method: 'RunPodSandbox' })!
    expect(at(image.route, 0).x).not.toBe(at(runtime.route, 0).x)
  })
  test('CNI works in the column of its pod', () => {
    const pod = picture.pods[2]!
    const add = way('cni.add', 'worker-1/containerd', 'worker-1/cni', { args: { K8S_POD_UID: uidOf(pod.name) } })!
    expect(at(add.route, 0).x).toBe(pod.box.x + pod.box.width / 2)
    expect(add.label).toBe('CNI ADD')
  })
  test('what passes another node is not drawn here', () => {
    expect(way('api.watch', 'apiserver', 'worker-2/kubelet')).toBeUndefined()
    expect(way('timer.relist', 'worker-1/kubelet', 'worker-1/kubelet')).toBeUndefined()
  })
})

test('the caption says what happens', () => {
  const { replica } = draw('mock')
  expect(captionOf(replica, 'worker-1')).toBe(
    'web-…-9tq8m is getting its network card. mailer is down: mailer, exit 1.',
  )
})
