// What the Deployment controller writes: its ReplicaSets with their annotations, and the status of the Deployment
// (pkg/controller/deployment/sync.go getNewReplicaSet, scaleReplicaSet; util SetNewReplicaSetAnnotations).
import { deepEqual } from '../../apiserver/equality.ts'
import type { Deployment, DeploymentStatus, KubeObject, Labels, ReplicaSet } from '../../apiserver/objects.ts'
import type { ApiRequest } from '../../messages.ts'
import type { ModelWorld } from '../../tables.ts'
import type { Step } from '../engine.ts'
import { controllerRef, keyOf } from '../pod-facts.ts'
import {
  DESIRED,
  HASH_LABEL,
  MAX,
  maxRevision,
  maxSurge,
  replicasOf,
  REVISION,
  REVISION_HISTORY,
  revisionOf,
  type Scale,
} from './rolling.ts'
import { condition, hasDeadline, makeCondition, REASON, withCondition } from './status.ts'
import { templateHash } from './template-hash.ts'

/** Annotations of the Deployment that are not copied to its ReplicaSets. */
const NOT_COPIED = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  REVISION_HISTORY,
  DESIRED,
  MAX,
  'deprecated.deployment.rollback.to',
])

/** Events to record when the answers are there. `creates`: name of the ReplicaSet that is being made. */
export type WriteMemo = { tell: { i: number; message: string }[]; creates?: string }

export function createSet(world: ModelWorld, d: Deployment, sets: readonly ReplicaSet[], replicas: number): Step {
  const hash = templateHash(d.spec.template, d.status?.collisionCount)
  const name = `${d.metadata.name}-${hash}`
  const taken = world.get('replicasets', `${d.metadata.namespace}/${name}`)
  if (taken) {
    // Two templates with one hash, or a foreign ReplicaSet of that name: count the collision and hash anew.
    const status = { ...d.status, collisionCount: (d.status?.collisionCount ?? 0) + 1 }
    return { requests: [statusRequest(d, status)] }
  }
  const revision = String(maxRevision(sets) + 1)
  const labels = { ...d.spec.template.metadata?.labels, [HASH_LABEL]: hash }
  world.because('DP1', { deployment: keyOf(d), hash, revision, replicas, replicaSet: name })
  return {
    requests: [
      {
        verb: 'create',
        resource: 'replicasets',
        namespace: d.metadata.namespace,
        body: {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          metadata: {
            name,
            namespace: d.metadata.namespace,
            labels,
            annotations: { ...copied(d), ...sizeAnnotations(d), [REVISION]: revision },
            ownerReferences: [controllerRef(d as KubeObject)],
          },
          spec: {
            replicas,
            ...(d.spec.minReadySeconds ? { minReadySeconds: d.spec.minReadySeconds } : {}),
            selector: {
              ...d.spec.selector,
              matchLabels: { ...d.spec.selector.matchLabels, [HASH_LABEL]: hash },
            },
            template: { ...d.spec.template, metadata: { ...d.spec.template.metadata, labels } },
          },
        },
      },
    ],
    memo: {
      tell: replicas > 0 ? [{ i: 0, message: `Scaled up replica set ${name} from 0 to ${replicas}` }] : [],
      creates: name,
    } satisfies WriteMemo,
  }
}

/** The new ReplicaSet's annotations and the Deployment's revision; undefined when all is as it should be. */
export function freshInOrder(
  world: ModelWorld,
  d: Deployment,
  fresh: ReplicaSet,
  old: readonly ReplicaSet[],
): Step | undefined {
  const revision = String(Math.max(maxRevision(old) + 1, revisionOf(fresh)))
  const held = fresh.metadata.annotations ?? {}
  const history = held[REVISION] !== undefined && held[REVISION] !== revision ? historyOf(held) : {}
  const annotations: Labels = { ...held, ...copied(d), [REVISION]: revision, ...history }
  // Sizes are written by whoever scales.
  const minReady = d.spec.minReadySeconds ?? 0
  if (!deepEqual(annotations, held) || (fresh.spec.minReadySeconds ?? 0) !== minReady) {
    world.because('DP1', { deployment: keyOf(d), replicaSet: fresh.metadata.name, revision })
    return {
      requests: [
        updateSet({
          ...fresh,
          metadata: { ...fresh.metadata, annotations },
          spec: { ...fresh.spec, minReadySeconds: minReady },
        }),
      ],
    }
  }
  const conditions = d.status?.conditions ?? []
  const missing = hasDeadline(d) && !condition(d.status, 'Progressing')
  if (d.metadata.annotations?.[REVISION] === revision && !missing) return undefined
  // Upstream writes NewReplicaSetCreated in the pass that created it: no status has been written before that.
  const first = d.status?.observedGeneration === undefined && old.length === 0
  const told = first || recentlyCreated(d, fresh)
  const next = hasDeadline(d)
    ? withCondition(
        conditions,
        told
          ? makeCondition(
              'Progressing',
              'True',
              REASON.created,
              `Created new replica set "${fresh.metadata.name}"`,
              world.now,
            )
          : makeCondition(
              'Progressing',
              'True',
              REASON.found,
              `Found new replica set "${fresh.metadata.name}"`,
              world.now,
            ),
      )
    : conditions
  world.because('DP1', { deployment: keyOf(d), replicaSet: fresh.metadata.name, revision })
  const status = { ...d.status, conditions: next }
  const annotated = {
    ...d,
    metadata: { ...d.metadata, annotations: { ...d.metadata.annotations, [REVISION]: revision } },
  }
  return { requests: [statusRequest(annotated, status)] }
}

/** A ReplicaSet that nobody has counted yet was made by the pass before this one. */
function recentlyCreated(d: Deployment, fresh: ReplicaSet): boolean {
  return (
    d.metadata.annotations?.[REVISION] !== fresh.metadata.annotations?.[REVISION] &&
    !fresh.metadata.annotations?.[REVISION_HISTORY] &&
    fresh.metadata.generation === 1
  )
}

function historyOf(held: Labels): Labels {
  const before = held[REVISION_HISTORY]
  return { [REVISION_HISTORY]: before ? `${before},${held[REVISION]}` : held[REVISION]! }
}

export function statusRequest(d: Deployment, status: DeploymentStatus): ApiRequest {
  return {
    verb: 'update',
    resource: 'deployments',
    subresource: 'status',
    namespace: d.metadata.namespace,
    name: d.metadata.name,
    body: { ...d, status },
  }
}

function updateSet(rs: ReplicaSet): ApiRequest {
  return {
    verb: 'update',
    resource: 'replicasets',
    namespace: rs.metadata.namespace,
    name: rs.metadata.name,
    body: rs as KubeObject,
  }
}

/** scaleReplicaSet: the size, and what it was computed for. */
export function scaleStep(d: Deployment, scales: readonly Scale[], more: readonly ApiRequest[]): Step {
  const tell: WriteMemo['tell'] = []
  const requests = scales.map(({ rs, to }, i) => {
    const from = replicasOf(rs)
    if (to !== from)
      tell.push({
        i,
        message: `Scaled ${to > from ? 'up' : 'down'} replica set ${rs.metadata.name} from ${from} to ${to}`,
      })
    return updateSet({
      ...rs,
      metadata: { ...rs.metadata, annotations: { ...rs.metadata.annotations, ...sizeAnnotations(d) } },
      spec: { ...rs.spec, replicas: to },
    })
  })
  return { requests: [...requests, ...more], memo: { tell } satisfies WriteMemo }
}

function sizeAnnotations(d: Deployment): Labels {
  return { [DESIRED]: String(replicasOf(d)), [MAX]: String(replicasOf(d) + maxSurge(d)) }
}

function copied(d: Deployment): Labels {
  const out: Labels = {}
  for (const [key, value] of Object.entries(d.metadata.annotations ?? {})) if (!NOT_COPIED.has(key)) out[key] = value
  return out
}
