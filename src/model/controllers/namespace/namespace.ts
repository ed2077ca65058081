// The namespace controller: a namespace that is being deleted is emptied, then let go
// (pkg/controller/namespace/deletion/namespaced_resources_deleter.go).
import { rfc3339, SECOND } from '../../../sim/clock.ts'
import type { Rule } from '../../../sim/contract.ts'
import { deepEqual } from '../../apiserver/equality.ts'
import type { Condition, KubeObject, Namespace } from '../../apiserver/objects.ts'
import { qualifiedResource, resourceOfKind } from '../../apiserver/resources.ts'
import type { ApiRequest } from '../../messages.ts'
import type { ModelWorld, WorkAnswer } from '../../tables.ts'
import { DONE, failedStep, type Controller, type Step } from '../engine.ts'

const NAME = 'namespace-controller'
/** How long it waits before it looks again at what is still there. */
const LOOK_AGAIN = 5 * SECOND

export const namespaceRules: readonly Rule[] = [
  {
    id: 'NS1',
    says: 'A namespace that is being deleted has everything in it deleted, and goes when the last object is gone.',
    source: 'pkg/controller/namespace/deletion/namespaced_resources_deleter.go deleteAllContent',
  },
]

export const namespaceController: Controller = {
  name: NAME,
  workers: 10,
  watches: {
    namespaces: (_world, event) =>
      event.object.metadata.deletionTimestamp !== undefined && event.type !== 'DELETED'
        ? [event.object.metadata.name]
        : [],
  },
  sync,
  answered,
}

const TABLES = [
  'deployments',
  'daemonsets',
  'replicasets',
  'services',
  'endpointslices',
  'configmaps',
  'secrets',
  'serviceaccounts',
  'pods',
  'leases',
  'events',
  'otherobjects',
] as const

function contents(world: ModelWorld, namespace: string): KubeObject[] {
  return TABLES.flatMap((table) => world.by(table, 'namespace', namespace) as readonly unknown[] as KubeObject[])
}

function sync(world: ModelWorld, key: string): Step {
  const namespace = world.get('namespaces', key)
  if (!namespace || namespace.metadata.deletionTimestamp === undefined) return DONE
  const left = contents(world, key)
  const gone = left.filter((o) => o.metadata.deletionTimestamp === undefined)
  if (gone.length > 0) {
    const kinds = new Map<string, KubeObject>()
    for (const object of gone) kinds.set(`${object.apiVersion} ${object.kind}`, object)
    world.because('NS1', { namespace: key, kinds: [...kinds.values()].map((o) => o.kind), objects: gone.length })
    return {
      requests: [...kinds.values()].flatMap((o): ApiRequest[] => {
        const r = resourceOfKind(o.apiVersion, o.kind)
        return r
          ? [
              {
                verb: 'deletecollection',
                resource: r.resource,
                group: r.group,
                namespace: key,
                propagationPolicy: 'Background',
              },
            ]
          : []
      }),
      memo: 'emptied',
    }
  }
  if (left.length > 0) return waitFor(world, namespace, left)
  world.because('NS1', { namespace: key, objects: 0 })
  return {
    requests: [
      { verb: 'update', resource: 'namespaces', subresource: 'finalize', name: key, body: { ...namespace, spec: {} } },
    ],
    memo: 'finalized',
  }
}

/** What is still there goes into the namespace's conditions (NamespaceContentRemaining), and it looks again later. */
function waitFor(world: ModelWorld, namespace: Namespace, left: readonly KubeObject[]): Step {
  const counts = new Map<string, number>()
  for (const o of left) {
    const r = resourceOfKind(o.apiVersion, o.kind)
    const name = r ? `${qualifiedResource(r).replace(/^([^.]+)$/, '$1.')}` : o.kind
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const parts = [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, n]) => `${name} has ${n} resource instances`)
  const at = rfc3339(world.now)
  const held = namespace.status?.conditions ?? []
  const ok = (type: string, reason: string, message: string): Condition => ({ type, status: 'False', reason, message })
  const next: Condition[] = [
    ok('NamespaceDeletionDiscoveryFailure', 'ResourcesDiscovered', 'All resources successfully discovered'),
    ok(
      'NamespaceDeletionGroupVersionParsingFailure',
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ),
    ok(
      'NamespaceDeletionContentFailure',
      'ContentDeleted',
      'All content successfully deleted, may be waiting on finalization',
    ),
    {
      type: 'NamespaceContentRemaining',
      status: 'True',
      reason: 'SomeResourcesRemain',
      message: `Some resources are remaining: ${parts.join(', ')}`,
    },
    ok('NamespaceFinalizersRemaining', 'ContentHasNoFinalizers', 'All content-preserving finalizers finished'),
  ].map((c) => {
    const before = held.find((h) => h.type === c.type)
    return { ...c, lastTransitionTime: before?.status === c.status ? before.lastTransitionTime : at } as Condition
  })
  if (deepEqual(next, held)) return { again: LOOK_AGAIN }
  return {
    requests: [
      {
        verb: 'update',
        resource: 'namespaces',
        subresource: 'status',
        name: namespace.metadata.name,
        body: { ...namespace, status: { ...namespace.status, conditions: next } },
      },
    ],
    memo: 'waits',
  }
}

function answered(_world: ModelWorld, _key: string, memo: unknown, answers: readonly WorkAnswer[]): Step {
  const failed = failedStep(answers.filter((a) => a.code !== 404))
  if (failed.error !== undefined) return failed
  // After a round of deletions it looks at once; while graceful ends are awaited, later.
  return memo === 'emptied' ? { again: 100_000 } : memo === 'waits' ? { again: LOOK_AGAIN } : DONE
}
