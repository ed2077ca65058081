import { describe, expect, it } from 'vitest'
import { SECOND } from '../../sim/clock.ts'
import { deployment, TestCluster } from '../controllers/test-cluster.ts'

const pod = (
  name: string,
  spec: Record<string, unknown> = {},
  requests?: Record<string, string>,
): Record<string, unknown> => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: { containers: [{ name: 'c', image: 'busybox', ...(requests ? { resources: { requests } } : {}) }], ...spec },
})
const control = {
  'control-plane': { taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' as const }] },
}

describe('the scheduler', () => {
  it('binds a pod and says so', () => {
    const c = new TestCluster({ nodes: { ...control, 'worker-1': {}, 'worker-2': {} } })
    c.create(pod('one'))
    c.run(SECOND)
    const bound = c.reader.get('pods', 'default/one')!
    expect(['worker-1', 'worker-2']).toContain(bound.spec.nodeName)
    expect(c.events('Scheduled')).toEqual([`Successfully assigned default/one to ${bound.spec.nodeName}`])
    expect(c.reader.all('scheduling')).toEqual([])
    expect(c.reader.get('nodeRoom', bound.spec.nodeName!)).toMatchObject({ pods: 1, milliCpu: 0, scoredMilliCpu: 100 })
  })

  it('spreads the pods of a controller and draws among equals with its own stream', () => {
    const c = new TestCluster({
      startMicros: SECOND,
      nodes: { ...control, 'worker-1': {}, 'worker-2': {}, 'worker-3': {} },
    })
    c.create(deployment('web', 6))
    c.run(10 * SECOND)
    const count = (n: string): number => c.pods().filter((p) => p.spec.nodeName === n).length
    expect([count('worker-1'), count('worker-2'), count('worker-3')]).toEqual([2, 2, 2])
    const first = (seed: number): string => {
      const t = new TestCluster({ seed, nodes: { a: {}, b: {}, c: {}, d: {} } })
      t.create(pod('one'))
      t.run(SECOND)
      return t.reader.get('pods', 'default/one')!.spec.nodeName!
    }
    expect(new Set([1, 2, 3, 4, 5, 6].map(first)).size).toBeGreaterThan(1)
  })

  it('prefers the emptier node for a lone pod, but spreading outweighs it for siblings', () => {
    const c = new TestCluster({ startMicros: SECOND, nodes: { large: { cpu: '64' }, small: { cpu: '4' } } })
    for (const name of ['a', 'b', 'c']) c.create(pod(name, {}, { cpu: '500m', memory: '64Mi' }))
    c.run(SECOND)
    expect(c.pods().map((p) => p.spec.nodeName)).toEqual(['large', 'large', 'large'])
    const wants = { containers: [{ name: 'c', image: 'busybox', resources: { requests: { cpu: '500m' } } }] }
    c.create(deployment('web', 4, { template: { metadata: { labels: { app: 'web' } }, spec: wants } }))
    c.run(5 * SECOND)
    const web = c.pods().filter((p) => p.metadata.labels!['app'] === 'web')
    expect(web.filter((p) => p.spec.nodeName === 'small')).toHaveLength(2)
  })

  it("says why nothing fits in 1.36's words, and comes back when a pod goes", () => {
    const c = new TestCluster({ startMicros: SECOND, nodes: { ...control, 'worker-1': {}, 'worker-2': {} } })
    c.create(pod('a', {}, { cpu: '3' }))
    c.create(pod('b', {}, { cpu: '3' }))
    c.run(SECOND)
    c.create(pod('late', {}, { cpu: '2' }))
    c.create(pod('huge', {}, { cpu: '64' }))
    c.run(SECOND)
    expect(c.events('FailedScheduling')).toEqual([
      '0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. no new claims to deallocate, preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.',
      '0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.',
    ])
    expect(c.reader.get('pods', 'default/late')!.status!.conditions).toMatchObject([
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable' },
    ])
    c.request({ verb: 'delete', resource: 'pods', namespace: 'default', name: 'a' })
    c.run(5 * SECOND)
    expect(c.reader.get('pods', 'default/late')!.spec.nodeName).toBeDefined()
    expect(c.reader.get('pods', 'default/huge')!.spec.nodeName).toBeUndefined()
    // The second failure of "huge" is counted on the first event.
    expect(c.reader.all('events').find((e) => e.involvedObject.name === 'huge')!.series?.count).toBe(2)
  })

  it('waits for the change that helps: a label, an uncordon, a taint taken away', () => {
    const c = new TestCluster({ nodes: { 'worker-1': { labels: { disk: 'hdd' } } } })
    c.create(pod('ssd', { nodeSelector: { disk: 'ssd' } }))
    c.run(SECOND)
    expect(c.events('FailedScheduling')[0]).toMatch(
      /^0\/1 nodes are available: 1 node\(s\) didn't match Pod's node affinity\/selector\./,
    )
    const patch = (body: object): void =>
      c.request({
        verb: 'patch',
        patchType: 'merge',
        resource: 'nodes',
        name: 'worker-1',
        body: body as Record<string, unknown>,
      })
    patch({ spec: { unschedulable: true } })
    c.run(5 * SECOND)
    patch({ metadata: { labels: { disk: 'ssd' } } })
    c.run(15 * SECOND)
    expect(c.reader.get('pods', 'default/ssd')!.spec.nodeName).toBeUndefined()
    expect(c.reader.get('nodes', 'worker-1')!.spec.taints).toMatchObject([
      { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' },
    ])
    patch({ spec: { unschedulable: null } })
    c.run(15 * SECOND)
    expect(c.reader.get('pods', 'default/ssd')!.spec.nodeName).toBe('worker-1')
  })

  it('respects anti-affinity in both directions, host ports and hard topology spread', () => {
    const c = new TestCluster({ nodes: { 'worker-1': {}, 'worker-2': {} } })
    const apart = {
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'x' } } },
          ],
        },
      },
    }
    const labelled = (name: string, spec: Record<string, unknown>): Record<string, unknown> => ({
      ...pod(name, spec),
      metadata: { name, labels: { app: 'x' } },
    })
    c.create(labelled('x1', apart))
    c.run(SECOND)
    c.create(labelled('x2', {}))
    c.run(SECOND)
    expect(c.reader.get('pods', 'default/x1')!.spec.nodeName).not.toBe(
      c.reader.get('pods', 'default/x2')!.spec.nodeName,
    )
    c.create(labelled('x3', apart))
    c.run(SECOND)
    expect(c.events('FailedScheduling').at(-1)).toMatch(
      /^0\/2 nodes are available: 2 node\(s\) didn't match pod anti-affinity rules\./,
    )
    const port = { containers: [{ name: 'c', image: 'busybox', ports: [{ containerPort: 80, hostPort: 80 }] }] }
    for (const name of ['p1', 'p2', 'p3']) c.create(pod(name, port))
    c.run(SECOND)
    expect(c.events('FailedScheduling').at(-1)).toMatch(
      /2 node\(s\) didn't have free ports for the requested pod ports/,
    )
    const spread = {
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'kubernetes.io/hostname',
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchLabels: { app: 's' } },
        },
      ],
    }
    for (let i = 0; i < 4; i++) c.create({ ...pod(`s${i}`, spread), metadata: { name: `s${i}`, labels: { app: 's' } } })
    c.run(SECOND)
    const on = (n: string): number =>
      c.pods().filter((p) => p.metadata.labels!['app'] === 's' && p.spec.nodeName === n).length
    expect([on('worker-1'), on('worker-2')]).toEqual([2, 2])
  })
})
