import { describe, expect, it } from 'vitest'
import { rfc3339, SECOND } from '../../../sim/clock.ts'
import type { Pod } from '../../apiserver/objects.ts'
import { ageBucket, podsToDelete } from './ranking.ts'

const NOW = 10_000 * SECOND
type Fact = {
  node?: string
  phase?: 'Pending' | 'Running'
  readyFor?: number
  cost?: string
  restarts?: number
  age?: number
}

function pod(name: string, f: Fact): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      uid: name,
      resourceVersion: '1',
      creationTimestamp: rfc3339(NOW - (f.age ?? 1000) * SECOND),
      ...(f.cost ? { annotations: { 'controller.kubernetes.io/pod-deletion-cost': f.cost } } : {}),
    },
    spec: { nodeName: f.node ?? 'n', containers: [{ name: 'c', image: 'i' }] },
    status: {
      phase: f.phase ?? 'Running',
      conditions: [
        f.readyFor === undefined
          ? { type: 'Ready', status: 'False' }
          : { type: 'Ready', status: 'True', lastTransitionTime: rfc3339(NOW - f.readyFor * SECOND) },
      ],
      containerStatuses: [
        { name: 'c', state: {}, lastState: {}, ready: true, restartCount: f.restarts ?? 0, image: 'i', imageID: 'i' },
      ],
    },
  }
}

describe('which pods a ReplicaSet deletes first', () => {
  it.each<[string, Fact, Fact]>([
    ['without a node', { node: '' }, { node: 'n' }],
    ['pending', { phase: 'Pending' }, { phase: 'Running' }],
    ['not ready', {}, { readyFor: 10 }],
    ['cheap to delete', { readyFor: 500, cost: '-5' }, { readyFor: 10, cost: '1' }],
    ['a cost that is no number counts as 0', { readyFor: 500, cost: '+9' }, { readyFor: 10, cost: '1' }],
    ['ready for a shorter time', { readyFor: 10, restarts: 0 }, { readyFor: 500, restarts: 9 }],
    ['restarted more often', { restarts: 3 }, { restarts: 1 }],
    ['younger', { age: 10 }, { age: 5000 }],
  ])('%s', (_, first, last) => {
    const pods = [pod('b', last), pod('z', first)]
    expect(podsToDelete(pods, 1, new Map(), NOW).map((p) => p.metadata.name)).toEqual(['z'])
  })

  it('where more of the workload stand, and by uid when ages are of one power of two', () => {
    const pods = [pod('a', { readyFor: 10, node: 'few' }), pod('b', { readyFor: 500, node: 'many' })]
    const related = new Map([
      ['few', 1],
      ['many', 3],
    ])
    expect(podsToDelete(pods, 1, related, NOW)[0]!.metadata.name).toBe('b')
    expect(ageBucket(600 * SECOND)).toBe(ageBucket(1000 * SECOND))
    const alike = [pod('y', { readyFor: 600 }), pod('x', { readyFor: 1000 })]
    expect(podsToDelete(alike, 1, new Map(), NOW)[0]!.metadata.name).toBe('x')
  })
})
