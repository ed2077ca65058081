import { describe, expect, it } from 'vitest'
import { SECOND } from '../../sim/clock.ts'
import { deployment, TestCluster } from './test-cluster.ts'
import { podFacts } from './pod-facts.ts'

const START = 2 * SECOND

describe('a Deployment', () => {
  it('makes one ReplicaSet and its pods, and says so', () => {
    const c = new TestCluster({ startMicros: START })
    c.create(deployment('web', 3))
    c.run(10 * SECOND)
    const [rs] = c.reader.all('replicasets')
    expect(rs!.metadata.name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2-9]{8,10}$/)
    expect(c.events('ScalingReplicaSet')).toEqual([`Scaled up replica set ${rs!.metadata.name} from 0 to 3`])
    const names = c.pods().map((p) => p.metadata.name)
    expect(names).toHaveLength(3)
    expect(names[0]!.startsWith(`${rs!.metadata.name}-`)).toBe(true)
    expect(c.events('SuccessfulCreate').sort()).toEqual(names.map((n) => `Created pod: ${n}`).sort())
    const d = c.reader.get('deployments', 'default/web')!
    expect(d.metadata.annotations!['deployment.kubernetes.io/revision']).toBe('1')
    expect(d.status).toMatchObject({
      replicas: 3,
      updatedReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      observedGeneration: 1,
    })
    expect(d.status!.conditions!.map((x) => [x.type, x.status, x.reason, x.message])).toEqual([
      ['Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.'],
      [
        'Progressing',
        'True',
        'NewReplicaSetAvailable',
        `ReplicaSet "${rs!.metadata.name}" has successfully progressed.`,
      ],
    ])
    // Nothing is left to do: the queue is empty but for the look at nothing.
    expect(c.reader.all('workqueue').filter((w) => w.state !== 'waiting')).toEqual([])
    expect(c.reader.all('expectations')).toEqual([])
  })

  it('rolls out within maxSurge and maxUnavailable, keeps the old ReplicaSet, and can go back', () => {
    const c = new TestCluster({ startMicros: START })
    c.create(
      deployment('web', 4, { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } }),
    )
    c.run(10 * SECOND)
    const image = (tag: string): void =>
      c.request({
        verb: 'patch',
        patchType: 'strategic',
        resource: 'deployments',
        namespace: 'default',
        name: 'web',
        body: { spec: { template: { spec: { containers: [{ name: 'web', image: `nodeglass/web:${tag}` }] } } } },
      })
    image('latest')
    let most = 0
    let least = 99
    c.run(60 * SECOND, () => {
      const alive = c.pods().filter((p) => podFacts(p).active)
      most = Math.max(most, alive.length)
      least = Math.min(least, alive.filter((p) => podFacts(p).ready).length)
    })
    expect(most).toBe(5)
    expect(least).toBe(3)
    const sets = c.reader.all('replicasets')
    expect(sets.map((rs) => [rs.spec.replicas, rs.metadata.annotations!['deployment.kubernetes.io/revision']])).toEqual(
      [
        [0, '1'],
        [4, '2'],
      ],
    )
    image('1')
    c.run(60 * SECOND)
    expect(
      c.reader
        .all('replicasets')
        .map((rs) => [rs.spec.replicas, rs.metadata.annotations!['deployment.kubernetes.io/revision']]),
    ).toEqual([
      [4, '3'],
      [0, '2'],
    ])
    expect(c.reader.all('replicasets')[0]!.metadata.annotations!['deployment.kubernetes.io/revision-history']).toBe('1')
    expect(c.reader.get('deployments', 'default/web')!.metadata.annotations!['deployment.kubernetes.io/revision']).toBe(
      '3',
    )
  })

  it('stops at a version that never gets ready and reports the deadline', () => {
    const c = new TestCluster()
    c.create(deployment('web', 2, { progressDeadlineSeconds: 60 }))
    c.run(50 * SECOND)
    const reason = () =>
      c.reader.get('deployments', 'default/web')!.status!.conditions!.find((x) => x.type === 'Progressing')!
    expect(reason().reason).toBe('ReplicaSetUpdated')
    c.run(20 * SECOND)
    expect(reason()).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' })
    expect(reason().message).toMatch(/^ReplicaSet "web-.*" has timed out progressing\.$/)
  })

  it('paused starts no rollout but scales; Recreate empties before it fills', () => {
    const c = new TestCluster({ startMicros: START })
    c.create(deployment('web', 2, { strategy: { type: 'Recreate' } }))
    c.run(10 * SECOND)
    c.request({
      verb: 'patch',
      patchType: 'strategic',
      resource: 'deployments',
      namespace: 'default',
      name: 'web',
      body: { spec: { paused: true, replicas: 3, template: { metadata: { annotations: { v: '2' } } } } },
    })
    c.run(10 * SECOND)
    expect(c.reader.all('replicasets').map((rs) => rs.spec.replicas)).toEqual([3])
    expect(
      c.reader.get('deployments', 'default/web')!.status!.conditions!.find((x) => x.type === 'Progressing')!.reason,
    ).toBe('DeploymentPaused')
    c.request({
      verb: 'patch',
      patchType: 'merge',
      resource: 'deployments',
      namespace: 'default',
      name: 'web',
      body: { spec: { paused: null } },
    })
    let mixed = false
    c.run(20 * SECOND, () => {
      const hashes = new Set(c.pods().map((p) => p.metadata.labels!['pod-template-hash']))
      mixed ||= hashes.size > 1
    })
    expect(mixed).toBe(false)
    expect(c.reader.all('replicasets').map((rs) => rs.spec.replicas)).toEqual([0, 3])
  })
})

describe('a ReplicaSet', () => {
  it('creates in slow start and throttled as its client is, replaces a relabelled pod and adopts it back', () => {
    const c = new TestCluster({ startMicros: START, nodes: { 'worker-1': {} } })
    c.create(deployment('web', 60))
    c.run(600_000)
    const early = c.pods().length
    expect(early).toBeGreaterThan(20)
    expect(early).toBeLessThan(60)
    c.run(20 * SECOND)
    expect(c.pods()).toHaveLength(60)
    // 25 at once per object is all the spam filter lets through, ten of them in full.
    expect(c.events('SuccessfulCreate').filter((m) => m.startsWith('(combined'))).toHaveLength(1)
    const pod = c.pods()[0]!
    const relabel = (app: string): void =>
      c.request({
        verb: 'patch',
        patchType: 'merge',
        resource: 'pods',
        namespace: 'default',
        name: pod.metadata.name,
        body: { metadata: { labels: { app } } },
      })
    relabel('aside')
    c.run(10 * SECOND)
    expect(c.pods()).toHaveLength(61)
    expect(c.reader.get('pods', `default/${pod.metadata.name}`)!.metadata.ownerReferences ?? []).toEqual([])
    relabel('web')
    c.run(10 * SECOND)
    expect(c.pods().filter((p) => podFacts(p).active)).toHaveLength(60)
  })
})
