// The Deployment controller: one ReplicaSet per pod template, and replicas moved from the old to the new one
// (pkg/controller/deployment: deployment_controller.go syncDeployment, sync.go, rolling.go, recreate.go).
// A pass makes the first change that is due and ends; its own watch event starts the next pass.
import { deepEqual } from '../../apiserver/equality.ts'
import type { Deployment, DeploymentStatus, KubeObject, ReplicaSet } from '../../apiserver/objects.ts'
import type { ApiRequest, ApiWatchEvent } from '../../messages.ts'
import type { ModelWorld, WorkAnswer } from '../../tables.ts'
import { DONE, failedStep, type Controller, type Step } from '../engine.ts'
import { recordEvent, referenceTo } from '../event-recorder.ts'
import { controllerOf, keyOf, podFacts } from '../pod-facts.ts'
import {
  beyondHistory,
  DESIRED,
  findNew,
  isRolling,
  isScaling,
  maxSurge,
  newSetReplicas,
  replicasOf,
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
import { createSet, freshInOrder, scaleStep, statusRequest, type WriteMemo } from './writes.ts'

const NAME = 'deployment-controller'

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

function onAnswer(world: ModelWorld, key: string, memo: unknown, answer: WorkAnswer): void {
  const m = memo as WriteMemo | undefined
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
