// The Deployment controller: one ReplicaSet per pod template, and replicas moved from the old to the new one
// (pkg/controller/deployment: deployment_controller.go syncDeployment, sync.go, rolling.go, recreate.go).
// A pass makes the first change that is due and ends; its own watch event starts the next pass.
import type { Rule } from '../../../sim/contract.ts'
import { deepEqual } from '../../apiserver/equality.ts'
import type { Deployment, DeploymentStatus, KubeObject, Labels, ReplicaSet } from '../../apiserver/objects.ts'
import type { ApiRequest, ApiWatchEvent } from '../../messages.ts'
import type { ModelWorld, WorkAnswer } from '../../tables.ts'
import { DONE, failedStep, type Controller, type Step } from '../engine.ts'
import { recordEvent, referenceTo } from '../event-recorder.ts'
import { controllerOf, controllerRef, keyOf, podFacts } from '../pod-facts.ts'
import {
  beyondHistory,
  DESIRED,
  findNew,
  HASH_LABEL,
  isRolling,
  isScaling,
  MAX,
  maxRevision,
  maxSurge,
  newSetReplicas,
  replicasOf,
  REVISION,
  REVISION_HISTORY,
  revisionOf,
  scaleDownOld,
  scaleInProportion,
  type Scale,
} from './rolling.ts'
import {
  complete,
  condition,
  countStatus,
  hasDeadline,
  lookAgain,
  makeCondition,
  REASON,
  rolloutStatus,
  withCondition,
} from './status.ts'
import { templateHash } from './template-hash.ts'

const NAME = 'deployment-controller'
/** Annotations of the Deployment that are not copied to its ReplicaSets. */
const NOT_COPIED = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  REVISION_HISTORY,
  DESIRED,
  MAX,
  'deprecated.deployment.rollback.to',
])

export const deploymentRules: readonly Rule[] = [
  {
    id: 'DP1',
    says: 'A pod template that no ReplicaSet has gets a ReplicaSet of its own, named after the hash of the template.',
    source: 'pkg/controller/deployment/sync.go getNewReplicaSet',
  },
  {
    id: 'DP2',
    says: 'The new ReplicaSet grows as long as all pods together are at most replicas + maxSurge.',
    source: 'pkg/controller/deployment/util/deployment_util.go NewRSNewReplicas',
  },
  {
    id: 'DP3',
    says: 'Old ReplicaSets shrink, unhealthy pods first, as long as replicas - maxUnavailable pods stay available.',
    source: 'pkg/controller/deployment/rolling.go reconcileOldReplicaSets',
  },
  {
    id: 'DP4',
    says: 'With Recreate all old pods are gone before the new ReplicaSet starts.',
    source: 'pkg/controller/deployment/recreate.go rolloutRecreate',
  },
  {
    id: 'DP5',
    says: 'A change of replicas alone scales the active ReplicaSets; during a rollout each in proportion to its size.',
    source: 'pkg/controller/deployment/sync.go scale',
  },
  {
    id: 'DP6',
    says: 'The status adds up the ReplicaSets; Progressing turns False when nothing moved for progressDeadlineSeconds.',
    source: 'pkg/controller/deployment/progress.go syncRolloutStatus',
  },
  {
    id: 'DP7',
    says: 'Empty ReplicaSets beyond revisionHistoryLimit are deleted, oldest first, once a rollout is complete.',
    source: 'pkg/controller/deployment/sync.go cleanupDeployment',
  },
  {
    id: 'DP8',
    says: 'A paused Deployment starts no rollout; it can still be scaled.',
    source: 'pkg/controller/deployment/sync.go checkPausedConditions',
  },
]

type Memo = { tell: { i: number; message: string }[]; creates?: string }

export const deploymentController: Controller = {
  name: NAME,
  workers: 5,
  watches: {
    deployments: (_world, event) => [keyOf(event.object)],
    replicasets: (_world, event) => ownersKey(event),
    // A pod that is gone may be the last old one a Recreate waits for.
    pods: (world, event) => (event.type === 'DELETED' ? deploymentOfPod(world, event) : []),
  },
  sync,
  answered,
  onAnswer,
}

function ownersKey(event: ApiWatchEvent): readonly string[] {
  const owner = controllerOf(event.object)
  return owner?.kind === 'Deployment' ? [`${event.object.metadata.namespace}/${owner.name}`] : []
}

function deploymentOfPod(world: ModelWorld, event: ApiWatchEvent): readonly string[] {
  const set = controllerOf(event.object)
  if (set?.kind !== 'ReplicaSet') return []
  const rs = world.get('replicasets', `${event.object.metadata.namespace}/${set.name}`)
  const owner = rs && controllerOf(rs)
  const d = owner && world.get('deployments', `${event.object.metadata.namespace}/${owner.name}`)
  return d && d.spec.strategy?.type === 'Recreate' ? [keyOf(d)] : []
}

function sync(world: ModelWorld, key: string): Step {
  const d = world.get('deployments', key)
  if (!d) return DONE
  const sets = world.by('replicasets', 'owner', d.metadata.uid)
  const fresh = findNew(d, sets)
  const old = sets.filter((rs) => rs !== fresh)
  if (d.metadata.deletionTimestamp !== undefined) return statusOnly(world, d, sets, fresh)
  const paused = pausedStep(world, d)
  if (paused) return paused
  if (fresh) {
    const annotated = freshInOrder(world, d, fresh, old)
    if (annotated) return annotated
  }
  if (d.spec.paused || isScaling(d, sets)) {
    const scales = scaleInProportion(d, fresh, old)
    if (scales.length > 0) {
      world.because('DP5', { deployment: key, replicas: replicasOf(d), scales: scales.map(scaleFact) })
      return scaleStep(d, scales, [])
    }
    const stale = sets.filter(
      (rs) => replicasOf(rs) > 0 && rs.metadata.annotations?.[DESIRED] !== String(replicasOf(d)),
    )
    if (stale.length > 0)
      return scaleStep(
        d,
        stale.map((rs) => ({ rs, to: replicasOf(rs) })),
        [],
      )
    return statusOnly(world, d, sets, fresh)
  }
  return isRolling(d) ? rolling(world, d, sets, fresh, old) : recreate(world, d, sets, fresh, old)
}

function rolling(
  world: ModelWorld,
  d: Deployment,
  sets: readonly ReplicaSet[],
  fresh: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): Step {
  if (!fresh) return createSet(world, d, sets, newSetReplicas(d, sets, 0))
  const to = replicasOf(fresh) > replicasOf(d) ? replicasOf(d) : newSetReplicas(d, sets, replicasOf(fresh))
  if (to !== replicasOf(fresh)) {
    world.because('DP2', {
      deployment: keyOf(d),
      replicas: replicasOf(d),
      maxSurge: maxSurge(d),
      pods: sets.reduce((n, rs) => n + replicasOf(rs), 0),
      scale: scaleFact({ rs: fresh, to }),
    })
    return scaleStep(d, [{ rs: fresh, to }], statusRequests(world, d, sets, fresh))
  }
  const { scales, facts } = scaleDownOld(d, sets, fresh, old)
  if (scales.length > 0) {
    world.because('DP3', { deployment: keyOf(d), ...facts, scales: scales.map(scaleFact) })
    return scaleStep(d, scales, statusRequests(world, d, sets, fresh))
  }
  return finish(world, d, sets, fresh, old)
}

function recreate(
  world: ModelWorld,
  d: Deployment,
  sets: readonly ReplicaSet[],
  fresh: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): Step {
  const active = old.filter((rs) => replicasOf(rs) > 0)
  if (active.length > 0) {
    world.because('DP4', { deployment: keyOf(d), scalesDown: active.map((rs) => rs.metadata.name) })
    return scaleStep(
      d,
      active.map((rs) => ({ rs, to: 0 })),
      statusRequests(world, d, sets, fresh),
    )
  }
  const running = old.flatMap((rs) => world.by('pods', 'owner', rs.metadata.uid)).filter((p) => !podFacts(p).terminal)
  if (running.length > 0) {
    world.because('DP4', { deployment: keyOf(d), waitsFor: running.slice(0, 10).map((p) => p.metadata.name) })
    return statusStep(world, d, sets, fresh)
  }
  if (!fresh) return createSet(world, d, sets, replicasOf(d))
  if (replicasOf(fresh) !== replicasOf(d)) {
    world.because('DP4', { deployment: keyOf(d), scale: scaleFact({ rs: fresh, to: replicasOf(d) }) })
    return scaleStep(d, [{ rs: fresh, to: replicasOf(d) }], statusRequests(world, d, sets, fresh))
  }
  return finish(world, d, sets, fresh, old)
}

function finish(
  world: ModelWorld,
  d: Deployment,
  sets: readonly ReplicaSet[],
  fresh: ReplicaSet,
  old: readonly ReplicaSet[],
): Step {
  if (d.status && complete(d, d.status)) {
    const extra = beyondHistory(d, old)
    if (extra.length > 0) {
      world.because('DP7', {
        deployment: keyOf(d),
        limit: d.spec.revisionHistoryLimit ?? 10,
        deletes: extra.map((rs) => rs.metadata.name),
      })
      return {
        requests: extra.map((rs) => ({
          verb: 'delete',
          resource: 'replicasets',
          namespace: rs.metadata.namespace,
          name: rs.metadata.name,
        })),
      }
    }
  }
  return statusStep(world, d, sets, fresh)
}

function createSet(world: ModelWorld, d: Deployment, sets: readonly ReplicaSet[], replicas: number): Step {
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
    } satisfies Memo,
  }
}

/** The new ReplicaSet's annotations and the Deployment's revision; undefined when all is as it should be. */
function freshInOrder(
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

function pausedStep(world: ModelWorld, d: Deployment): Step | undefined {
  const held = condition(d.status, 'Progressing')
  if (!hasDeadline(d) || held?.reason === REASON.timedOut) return undefined
  const isPaused = held?.reason === REASON.paused
  if ((d.spec.paused ?? false) === isPaused) return undefined
  const next = d.spec.paused
    ? makeCondition('Progressing', 'Unknown', REASON.paused, 'Deployment is paused', world.now)
    : makeCondition('Progressing', 'Unknown', REASON.resumed, 'Deployment is resumed', world.now)
  world.because('DP8', { deployment: keyOf(d), paused: d.spec.paused ?? false })
  return {
    requests: [statusRequest(d, { ...d.status, conditions: withCondition(d.status?.conditions ?? [], next) })],
  }
}

/** While paused, scaled or being deleted no progress is estimated (syncDeploymentStatus). */
function statusOnly(
  world: ModelWorld,
  d: Deployment,
  sets: readonly ReplicaSet[],
  fresh: ReplicaSet | undefined,
): Step {
  const status = countStatus(d, sets, fresh, world.now)
  if (deepEqual(status, d.status ?? {})) return DONE
  world.because('DP6', { deployment: keyOf(d), to: counts(status) })
  return { requests: [statusRequest(d, status)] }
}

function statusStep(
  world: ModelWorld,
  d: Deployment,
  sets: readonly ReplicaSet[],
  fresh: ReplicaSet | undefined,
): Step {
  const status = rolloutStatus(d, sets, fresh, world.now)
  if (deepEqual(status, d.status ?? {})) return { again: lookAgain(d, status, world.now) }
  world.because('DP6', { deployment: keyOf(d), from: counts(d.status), to: counts(status) })
  return { requests: [statusRequest(d, status)] }
}

function statusRequests(
  world: ModelWorld,
  d: Deployment,
  sets: readonly ReplicaSet[],
  fresh: ReplicaSet | undefined,
): ApiRequest[] {
  const status = rolloutStatus(d, sets, fresh, world.now)
  return deepEqual(status, d.status ?? {}) ? [] : [statusRequest(d, status)]
}

function statusRequest(d: Deployment, status: DeploymentStatus): ApiRequest {
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
function scaleStep(d: Deployment, scales: readonly Scale[], more: readonly ApiRequest[]): Step {
  const tell: Memo['tell'] = []
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
  return { requests: [...requests, ...more], memo: { tell } satisfies Memo }
}

function sizeAnnotations(d: Deployment): Labels {
  return { [DESIRED]: String(replicasOf(d)), [MAX]: String(replicasOf(d) + maxSurge(d)) }
}

function copied(d: Deployment): Labels {
  const out: Labels = {}
  for (const [key, value] of Object.entries(d.metadata.annotations ?? {})) if (!NOT_COPIED.has(key)) out[key] = value
  return out
}

function onAnswer(world: ModelWorld, key: string, memo: unknown, answer: WorkAnswer): void {
  const m = memo as Memo | undefined
  const d = world.get('deployments', key)
  if (!m || !d) return
  if (answer.code >= 400) {
    if (m.creates && answer.code !== 409)
      recordEvent(world, NAME, referenceTo(d as KubeObject), {
        type: 'Warning',
        reason: 'ReplicaSetCreateError',
        message: `Failed to create new replica set "${m.creates}": ${answer.message ?? ''}`,
      })
    return
  }
  const said = m.tell.find((t) => t.i === answer.i)
  if (said)
    recordEvent(world, NAME, referenceTo(d as KubeObject), {
      type: 'Normal',
      reason: 'ScalingReplicaSet',
      message: said.message,
    })
}

function answered(_world: ModelWorld, _key: string, _memo: unknown, answers: readonly WorkAnswer[]): Step {
  return failedStep(answers)
}

const scaleFact = ({ rs, to }: Scale): Record<string, unknown> => ({
  replicaSet: rs.metadata.name,
  from: replicasOf(rs),
  to,
})

function counts(s: DeploymentStatus | undefined): Record<string, number> {
  return {
    replicas: s?.replicas ?? 0,
    updated: s?.updatedReplicas ?? 0,
    ready: s?.readyReplicas ?? 0,
    available: s?.availableReplicas ?? 0,
  }
}
