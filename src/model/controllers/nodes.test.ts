import { describe, expect, it } from 'vitest'
import { SECOND } from '../../sim/clock.ts'
import { podFacts } from './pod-facts.ts'
import { deployment, TestCluster } from './test-cluster.ts'

const cable = (c: TestCluster, name: string, on: boolean): void => {
  c.machine.input({ kind: 'test.cable', to: 'cluster', data: { name, cable: on } })
}

describe('a node whose cable is pulled', () => {
  it('turns Unknown after 50 s, loses its endpoints then, and its pods after 300 s more', () => {
    const c = new TestCluster({ startMicros: SECOND, nodes: { 'worker-1': {}, 'worker-2': {}, 'worker-3': {} } })
    c.create(deployment('web', 3))
    c.create({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }] },
    })
    c.create({
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'agent', namespace: 'default' },
      spec: {
        selector: { matchLabels: { app: 'agent' } },
        template: { metadata: { labels: { app: 'agent' } }, spec: { containers: [{ name: 'a', image: 'busybox' }] } },
      },
    })
    c.run(30 * SECOND)
    const ready = () =>
      c.reader
        .all('endpointslices')
        .find((s) => s.metadata.name.startsWith('web-'))!
        .endpoints.filter((e) => e.conditions!.ready).length
    expect(ready()).toBe(3)
    expect(c.reader.all('endpointslices').find((s) => s.metadata.name.startsWith('web-'))!.ports).toEqual([
      { name: '', port: 8080, protocol: 'TCP' },
    ])
    const pulled = c.machine.now
    cable(c, 'worker-1', false)
    const at: Record<string, number> = {}
    const note = (what: string, is: boolean): void => {
      if (is && at[what] === undefined) at[what] = (c.machine.now - pulled) / SECOND
    }
    c.run(420 * SECOND, () => {
      const node = c.reader.get('nodes', 'worker-1')!
      note('unknown', node.status!.conditions!.find((x) => x.type === 'Ready')!.status === 'Unknown')
      note('no endpoint', ready() === 2)
      note(
        'NoExecute',
        (node.spec.taints ?? []).some((t) => t.key === 'node.kubernetes.io/unreachable' && t.effect === 'NoExecute'),
      )
      note(
        'deleted',
        c.pods().some((p) => p.metadata.labels!['app'] === 'web' && podFacts(p).terminating),
      )
      note('replaced', c.pods().filter((p) => p.metadata.labels!['app'] === 'web').length === 4 && ready() === 3)
    })
    // The last sign of life is up to 10 s old, the next pass up to 5 s away.
    expect(at['unknown']).toBeGreaterThan(40)
    expect(at['unknown']).toBeLessThan(56)
    expect(at['no endpoint']! - at['unknown']!).toBeLessThan(1)
    expect(at['NoExecute']! - at['unknown']!).toBeLessThan(1)
    expect(at['deleted']! - at['NoExecute']!).toBeGreaterThan(299.9)
    expect(at['deleted']! - at['NoExecute']!).toBeLessThan(301)
    expect(at['replaced']! - at['deleted']!).toBeLessThan(3)
    const node = c.reader.get('nodes', 'worker-1')!
    expect(node.status!.conditions!.map((x) => [x.type, x.status, x.message])).toEqual(
      ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].map((t) => [
        t,
        'Unknown',
        'Kubelet stopped posting node status.',
      ]),
    )
    expect(c.events('NodeNotReady')).toContain('Node worker-1 status is now: NodeNotReady')
    expect(c.events('NodeNotReady').filter((m) => m.startsWith('Node is not ready'))).not.toHaveLength(0)
    expect(c.events('TaintManagerEviction')[0]).toMatch(/^Marking for deletion Pod default\/web-/)
    // The daemon tolerates it for ever.
    expect(c.pods().filter((p) => p.metadata.labels!['app'] === 'agent' && podFacts(p).terminating)).toEqual([])
    // The pods of the silent node are only marked: no kubelet says that they ended.
    const stuck = c.pods().filter((p) => podFacts(p).terminating)
    expect(stuck.length).toBeGreaterThan(0)
    expect(stuck.every((p) => p.spec.nodeName === 'worker-1')).toBe(true)

    cable(c, 'worker-1', true)
    c.request(
      {
        verb: 'patch',
        patchType: 'strategic',
        resource: 'nodes',
        subresource: 'status',
        name: 'worker-1',
        body: {
          status: {
            conditions: ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].map((type) => ({
              type,
              status: type === 'Ready' ? 'True' : 'False',
              lastHeartbeatTime: '2026-06-10T22:10:00Z',
            })),
          },
        },
      },
      'worker-1/fakelet',
    )
    c.run(20 * SECOND)
    expect(c.reader.get('nodes', 'worker-1')!.spec.taints ?? []).toEqual([])
    expect(c.pods().filter((p) => podFacts(p).terminating)).toEqual([])
  })

  it('that is back in time keeps its pods', () => {
    const c = new TestCluster({ startMicros: SECOND })
    c.create(deployment('web', 2))
    c.run(20 * SECOND)
    cable(c, 'worker-1', false)
    c.run(100 * SECOND)
    expect(c.reader.all('evictions').length).toBeGreaterThan(0)
    cable(c, 'worker-1', true)
    c.request(
      {
        verb: 'patch',
        patchType: 'strategic',
        resource: 'nodes',
        subresource: 'status',
        name: 'worker-1',
        body: {
          status: { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: '2026-06-10T22:03:00Z' }] },
        },
      },
      'worker-1/fakelet',
    )
    c.run(400 * SECOND)
    expect(c.reader.all('evictions')).toEqual([])
    expect(c.pods().filter((p) => podFacts(p).active)).toHaveLength(2)
    expect(c.pods()).toHaveLength(2)
    expect(c.events('TaintManagerEviction').every((m) => m.startsWith('Cancelling deletion of Pod default/web-'))).toBe(
      true,
    )
  })

  it('with all nodes silent nobody is evicted', () => {
    const c = new TestCluster({ startMicros: SECOND })
    c.create(deployment('web', 2))
    c.run(20 * SECOND)
    cable(c, 'worker-1', false)
    cable(c, 'worker-2', false)
    c.run(600 * SECOND)
    expect(c.reader.get('zones', 'default')).toMatchObject({ state: 'FullDisruption', qps: 0 })
    expect(c.pods().filter((p) => podFacts(p).terminating)).toEqual([])
  })
})

describe('--node-monitor-grace-period', () => {
  it('is read from the static pod of the controller manager', () => {
    const c = new TestCluster({ startMicros: SECOND })
    c.create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'kube-controller-manager-control-plane', namespace: 'kube-system' },
      spec: {
        nodeName: 'worker-2',
        containers: [{ name: 'k', image: 'k', command: ['k', '--node-monitor-grace-period=1m20s'] }],
      },
    })
    c.run(20 * SECOND)
    cable(c, 'worker-1', false)
    const ready = () => c.reader.get('nodes', 'worker-1')!.status!.conditions!.find((x) => x.type === 'Ready')!.status
    c.run(69 * SECOND)
    expect(ready()).toBe('True')
    c.run(17 * SECOND)
    expect(ready()).toBe('Unknown')
  })
})

describe('a run', () => {
  it('is the same straight and with a save and a restore in the middle', () => {
    const story = (split: boolean): string => {
      const c = new TestCluster({ startMicros: 700_000, nodes: { 'worker-1': {}, 'worker-2': {}, 'worker-3': {} } })
      c.create(deployment('web', 7))
      c.create({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'web' },
        spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
      })
      c.run(900_000)
      if (split) {
        const then = c.machine.save()
        c.run(40 * SECOND)
        c.machine.restore(then)
      }
      cable(c, 'worker-1', false)
      c.run(120 * SECOND)
      return c.machine.hash()
    }
    expect(story(true)).toBe(story(false))
  })
})

describe('small controllers', () => {
  it('gives nodes ranges of pod addresses, namespaces their account and certificate, and empties a deleted namespace', () => {
    const c = new TestCluster({ startMicros: SECOND })
    c.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
    c.run(SECOND)
    expect(c.reader.all('nodes').map((n) => n.spec.podCIDR)).toEqual(['10.244.0.0/24', '10.244.1.0/24'])
    expect(c.reader.get('serviceaccounts', 'shop/default')).toBeDefined()
    expect(c.reader.get('configmaps', 'shop/kube-root-ca.crt')!.data!['ca.crt']).toMatch(/BEGIN CERTIFICATE/)
    const d = deployment('web', 2)
    c.create({ ...d, metadata: { name: 'web', namespace: 'shop' } })
    c.run(5 * SECOND)
    expect(c.pods('shop')).toHaveLength(2)
    c.request({ verb: 'delete', resource: 'namespaces', name: 'shop' })
    c.run(20 * SECOND)
    expect(c.reader.get('namespaces', 'shop')).toBeUndefined()
    expect(c.pods('shop')).toHaveLength(0)
    expect(c.reader.by('events', 'namespace', 'shop')).toHaveLength(0)
  })

  it('deletes the pods of a node that was deleted 40 s ago', () => {
    const c = new TestCluster({ startMicros: SECOND })
    c.create(deployment('web', 4))
    c.run(10 * SECOND)
    c.request({ verb: 'delete', resource: 'nodes', name: 'worker-1' })
    c.run(39 * SECOND)
    expect(c.pods().some((p) => p.spec.nodeName === 'worker-1')).toBe(true)
    c.run(10 * SECOND)
    expect(c.pods().map((p) => p.spec.nodeName)).toEqual(Array(4).fill('worker-2'))
  })
})
