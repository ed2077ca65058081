import { describe, expect, test } from 'vitest'
import type { SimEvent } from '../../sim/contract.ts'
import { typed } from './narration.ts'
import { narrateEvent } from './narrate-event.ts'
import { fill } from './say.ts'

const event = (kind: string, from: string, to: string, data: unknown): SimEvent => ({
  id: 7,
  kind,
  from,
  to,
  sent: 1_000,
  at: 4_100,
  data,
  causes: [1],
  because: [],
})

describe('sentences', () => {
  test('a missing fact shows as a gap', () => expect(fill('{a} and {b}', { a: 1 })).toBe('1 and ?'))
})

describe('events in words', () => {
  test('a pod bound to a node', () => {
    const n = narrateEvent(
      event('api.watch', 'apiserver', 'worker-1/kubelet', {
        watch: 'w1',
        type: 'ADDED',
        resource: 'pods',
        object: {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'web-1', namespace: 'shop', uid: 'u', resourceVersion: '5' },
        },
      }),
    )
    expect(n.title).toBe('pod ADDED: bound')
    expect(n.says).toBe(
      'The kubelet on worker-1 learns that pod shop/web-1 is bound to its node. It starts a worker for it.',
    )
    expect(n.command).toEqual({ line: 'kubectl get pod web-1 -n shop -o yaml' })
    expect(n.plane).toBe('api')
  })
  test('a CRI call names its object; its command runs on the node', () => {
    const n = narrateEvent(
      event('cri.request', 'worker-1/kubelet', 'worker-1/containerd', {
        method: 'StopContainer',
        request: { container_id: 'a'.repeat(64), timeout: 30 },
      }),
      () => 'web',
    )
    expect(n.says).toBe(
      'The kubelet on worker-1 tells containerd on worker-1 to stop container web: SIGTERM now, SIGKILL after 30 s.',
    )
    expect(typed(n.command!)).toBe('ssh worker-1 crictl inspect aaaaaaaaaaaaa')
    expect(n.now!(2_000)).toBe('under way, 1.0 ms of 3.1 ms')
    expect(n.now!(5_000)).toBe('arrived at 00:00:00.004, after 3.1 ms')
  })
  test('the CNI result says the address', () => {
    const n = narrateEvent(
      event('cni.result', 'worker-1/cni', 'worker-1/containerd', {
        command: 'ADD',
        ips: [{ address: '10.244.1.8/24', gateway: '10.244.1.1' }],
      }),
    )
    expect(n.title).toBe('result 10.244.1.8')
  })
  test('a lost message is told as what it was', () => {
    const n = narrateEvent(
      event('wire.lost', 'worker-2/kubelet', 'wire', {
        kind: 'api.request',
        from: 'worker-2/kubelet',
        to: 'apiserver',
        data: { verb: 'update', resource: 'leases', name: 'worker-2', namespace: 'kube-node-lease' },
      }),
    )
    expect(n.title).toBe('lost: renew lease')
    expect(n.plane).toBe('api')
    expect(n.says).toContain('from the kubelet on worker-2 to the API server is lost')
  })
  test('an error keeps its code and text', () => {
    const n = narrateEvent(
      event('cri.response', 'worker-1/containerd', 'worker-1/kubelet', {
        method: 'PullImage',
        error: { code: 'NotFound', message: 'no such image' },
      }),
    )
    expect(n).toMatchObject({
      title: 'PullImage failed',
      says: 'Containerd on worker-1 answers PullImage with NotFound: no such image',
    })
  })
  test('an unknown kind still says who and what, and never a gap', () => {
    const n = narrateEvent(event('kernel.frobnicateThing', 'worker-1/containerd', 'worker-1/kernel', {}))
    expect(n.says).toBe('Containerd on worker-1 asks the kernel of worker-1: frobnicate thing.')
    expect(n.title + n.says).not.toContain('?')
  })
})
