// The ReplicaSet controller: as many pods as asked for (pkg/controller/replicaset/replica_set.go).
import { rfc3339, SECOND } from '../../../sim/clock.ts'
import type { Rule } from '../../../sim/contract.ts'
import { deepEqual } from '../../apiserver/equality.ts'
import { matchesLabelSelector } from '../../apiserver/selectors.ts'
import type { Condition, KubeObject, Pod, ReplicaSet, ReplicaSetStatus } from '../../apiserver/objects.ts'
import type { ApiRequest, ApiWatchEvent } from '../../messages.ts'
import type { ModelWorld, WorkAnswer } from '../../tables.ts'
import { claimPods } from '../claim.ts'
import { DONE, type Controller, type Step } from '../engine.ts'
import { recordEvent, referenceTo } from '../event-recorder.ts'
import {
  creationObserved,
  deletionObserved,
  expectationsMet,
  expectCreations,
  expectDeletions,
  forgetExpectations,
} from '../expectations.ts'
import { controllerOf, controllerRef, keyOf, podAvailable, podFacts } from '../pod-facts.ts'
import { compareForDeletion, podsToDelete } from './ranking.ts'

const NAME = 'replicaset-controller'
/** BurstReplicas and SlowStartInitialBatchSize. */
const BURST = 500
const FIRST_BATCH = 1

export const replicaSetRules: readonly Rule[] = [
  {
    id: 'RS1',
    says: 'A ReplicaSet with fewer active pods than replicas creates the missing ones, in batches of 1, 2, 4, ... that stop at the first failure.',
    source: 'pkg/controller/replicaset/replica_set.go manageReplicas, slowStartBatch',
  },
  {
    id: 'RS2',
    says: 'A ReplicaSet with too many active pods deletes first: unassigned, pending, not ready, cheap, crowded on a node, ready for a shorter time, often restarted, young.',
    source: 'pkg/controller/controller_utils.go ActivePodsWithRanks.Less',
  },
  {
    id: 'RS3',
    says: 'A pod whose labels no longer match is released and replaced; a matching pod without owner is adopted.',
    source: 'pkg/controller/controller_ref_manager.go ClaimPods',
  },
  {
    id: 'RS4',
    says: 'The status counts the pods: all, ready, available (ready for minReadySeconds) and terminating.',
    source: 'pkg/controller/replicaset/replica_set_utils.go calculateStatus',
  },
]

type Memo =
  | { phase: 'create'; left: number; batch: number; made: number }
  | { phase: 'delete'; uids: string[]; pods: string[] }
  | { phase: 'claim' }
  | { phase: 'status'; failed?: string }

export const replicaSetController: Controller = {
  name: NAME,
  workers: 5,
  watches: {
    replicasets: (world, event) => {
      if (event.type === 'DELETED') forgetExpectations(world, NAME, keyOf(event.object))
      return [keyOf(event.object)]
    },
    pods: podKeys,
  },
  sync,
  answered,
  onAnswer,
}

/** A pod wakes the ReplicaSet that owns it; an orphan wakes every ReplicaSet that selects it (addPod, updatePod, deletePod). */
function podKeys(world: ModelWorld, event: ApiWatchEvent): readonly string[] {
  const pod = event.object as unknown as Pod
  const owner = controllerOf(pod)
  const seen = world.get('podsSeen', keyOf(pod))
  if (owner?.kind === 'ReplicaSet') {
    const key = `${pod.metadata.namespace}/${owner.name}`
    if (event.type === 'DELETED' || podFacts(pod).terminating) deletionObserved(world, NAME, key, pod.metadata.uid)
    else if (event.type === 'ADDED') creationObserved(world, NAME, key)
    return [key]
  }
  if (owner || event.type === 'DELETED') return []
  const keys: string[] = []
  // Only when it is new or its labels changed can an orphan matter.
  if (seen && seen.controller === '' && event.type === 'MODIFIED' && deepEqual(seen.labels, pod.metadata.labels ?? {}))
    return []
  for (const rs of world.by('replicasets', 'namespace', pod.metadata.namespace ?? ''))
    if (matchesLabelSelector(rs.spec.selector, pod.metadata.labels)) keys.push(keyOf(rs))
  return keys
}

function sync(world: ModelWorld, key: string): Step {
  const rs = world.get('replicasets', key)
  if (!rs) {
    forgetExpectations(world, NAME, key)
    return DONE
  }
  const settled = expectationsMet(world, NAME, key)
  const { pods, requests } = claimPods(world, rs, rs.spec.selector)
  if (requests.length > 0) {
    world.because('RS3', { replicaSet: key, pods: requests.map((r) => r.name) })
    return { requests, memo: { phase: 'claim' } satisfies Memo }
  }
  if (settled && rs.metadata.deletionTimestamp === undefined) {
    const active = pods.filter((p) => podFacts(p).active)
    const missing = (rs.spec.replicas ?? 1) - active.length
    if (missing > 0) return create(world, rs, active.length, Math.min(missing, BURST))
    if (missing < 0) return remove(world, rs, active, Math.min(-missing, BURST))
  }
  return writeStatus(world, rs, pods, undefined)
}

function create(world: ModelWorld, rs: ReplicaSet, active: number, count: number): Step {
  const key = keyOf(rs)
  expectCreations(world, NAME, key, count)
  const batch = Math.min(count, FIRST_BATCH)
  world.because('RS1', { replicaSet: key, replicas: rs.spec.replicas, activePods: active, creates: count, batch })
  return creations(rs, { phase: 'create', left: count, batch, made: 0 })
}

function creations(rs: ReplicaSet, memo: Memo & { phase: 'create' }): Step {
  const request = podRequest(rs)
  return { requests: Array.from({ length: memo.batch }, () => request), memo }
}

/** controller_utils.go GetPodFromTemplate. */
function podRequest(rs: ReplicaSet): ApiRequest {
  const { metadata = {}, spec } = rs.spec.template
  return {
    verb: 'create',
    resource: 'pods',
    namespace: rs.metadata.namespace,
    body: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        generateName: `${rs.metadata.name}-`,
        namespace: rs.metadata.namespace,
        labels: metadata.labels ?? {},
        ...(metadata.annotations ? { annotations: metadata.annotations } : {}),
        ownerReferences: [controllerRef(rs as KubeObject)],
      },
      spec,
    },
  }
}

function remove(world: ModelWorld, rs: ReplicaSet, active: readonly Pod[], count: number): Step {
  const key = keyOf(rs)
  const related = relatedPodsByNode(world, rs, active)
  const doomed = podsToDelete(active, count, related, world.now)
  const kept = active.find((p) => !doomed.includes(p))
  const uids = doomed.map((p) => p.metadata.uid)
  expectDeletions(world, NAME, key, uids)
  world.because('RS2', {
    replicaSet: key,
    replicas: rs.spec.replicas,
    activePods: active.length,
    deletes: doomed.slice(0, 20).map((p) => ({
      pod: p.metadata.name,
      before: kept?.metadata.name,
      for: kept && compareForDeletion(p, kept, related, world.now).by,
    })),
  })
  const pods = doomed.map((p) => p.metadata.name)
  return {
    requests: pods.map((name) => ({ verb: 'delete', resource: 'pods', namespace: rs.metadata.namespace, name })),
    memo: { phase: 'delete', uids, pods } satisfies Memo,
  }
}

/** getPodsRankedByRelatedPodsOnSameNode: pods of all ReplicaSets of the same Deployment count. */
function relatedPodsByNode(world: ModelWorld, rs: ReplicaSet, active: readonly Pod[]): Map<string, number> {
  const counts = new Map<string, number>()
  const owner = controllerOf(rs)
  const family = owner ? world.by('replicasets', 'owner', owner.uid) : []
  const pods =
    family.length > 1
      ? family.flatMap((r) => world.by('pods', 'owner', r.metadata.uid).filter((p) => podFacts(p).active))
      : active
  for (const pod of pods) {
    const node = pod.spec.nodeName ?? ''
    counts.set(node, (counts.get(node) ?? 0) + 1)
  }
  return counts
}

/** Each creation and deletion is told as soon as its answer is there. */
function onAnswer(world: ModelWorld, key: string, memo: unknown, answer: WorkAnswer): void {
  const rs = world.get('replicasets', key)
  const m = memo as Memo
  const failed = answer.code >= 400
  if (m.phase === 'create') {
    if (failed) creationObserved(world, NAME, key)
    if (!rs || (failed && isNamespaceGone(answer))) return
    if (failed) tell(world, rs, 'Warning', 'FailedCreate', `Error creating: ${answer.message ?? ''}`)
    else tell(world, rs, 'Normal', 'SuccessfulCreate', `Created pod: ${answer.name ?? ''}`)
  } else if (m.phase === 'delete') {
    if (failed) deletionObserved(world, NAME, key, m.uids[answer.i]!)
    if (!rs || answer.code === 404) return
    if (failed) tell(world, rs, 'Warning', 'FailedDelete', `Error deleting: ${answer.message ?? ''}`)
    else tell(world, rs, 'Normal', 'SuccessfulDelete', `Deleted pod: ${m.pods[answer.i]}`)
  }
}

function answered(world: ModelWorld, key: string, memo: unknown, answers: readonly WorkAnswer[]): Step {
  const m = memo as Memo
  const rs = world.get('replicasets', key)
  const failure = answers.find((a) => a.code >= 400 && !(m.phase === 'delete' && a.code === 404))
  if (m.phase === 'status') return { error: failure?.message ?? m.failed, ...settleLater(world, rs) }
  if (!rs) return DONE
  if (m.phase === 'create') {
    const made = m.made + answers.filter((a) => a.code < 400).length
    const left = m.left - m.batch
    if (!failure && left > 0) {
      const batch = Math.min(left, m.batch * 2)
      world.because('RS1', { replicaSet: key, made, left, batch })
      return creations(rs, { phase: 'create', left, batch, made })
    }
    // What slow start skips will not be created by this pass, so nobody must wait for it.
    if (failure && left > 0) creationObserved(world, NAME, key, left)
  }
  const { pods } = claimPods(world, rs, rs.spec.selector)
  const error = failure && !isNamespaceGone(failure) ? (failure.message ?? failure.reason) : undefined
  return writeStatus(world, rs, pods, error, m.phase === 'delete' ? 'FailedDelete' : 'FailedCreate')
}

function isNamespaceGone(answer: WorkAnswer): boolean {
  return answer.code === 403 && (answer.message ?? '').includes('because it is being terminated')
}

function writeStatus(
  world: ModelWorld,
  rs: ReplicaSet,
  pods: readonly Pod[],
  failed: string | undefined,
  failReason = 'FailedCreate',
): Step {
  const status = replicaSetStatus(rs, pods, world.now, failed, failReason)
  if (deepEqual(status, rs.status ?? {})) return failed ? { error: failed } : settleLater(world, rs)
  world.because('RS4', { replicaSet: keyOf(rs), from: counts(rs.status), to: counts(status) })
  return {
    requests: [
      {
        verb: 'update',
        resource: 'replicasets',
        subresource: 'status',
        namespace: rs.metadata.namespace,
        name: rs.metadata.name,
        body: { ...rs, status },
      },
    ],
    memo: { phase: 'status', failed } satisfies Memo,
  }
}

/** With minReadySeconds a pod becomes available without an event: look again. */
function settleLater(world: ModelWorld, rs: ReplicaSet | undefined): Step {
  const wait = rs?.spec.minReadySeconds ?? 0
  if (!rs || wait === 0) return DONE
  let next: number | undefined
  for (const pod of world.by('pods', 'owner', rs.metadata.uid)) {
    const { readySince } = podFacts(pod)
    if (readySince === undefined || podAvailable(pod, wait, world.now)) continue
    const due = readySince + wait * SECOND - world.now
    if (next === undefined || due < next) next = due
  }
  return next === undefined ? DONE : { again: Math.max(1, next) }
}

export function replicaSetStatus(
  rs: ReplicaSet,
  pods: readonly Pod[],
  now: number,
  failed?: string,
  failReason = 'FailedCreate',
): ReplicaSetStatus {
  const template = rs.spec.template.metadata?.labels ?? {}
  const wait = rs.spec.minReadySeconds ?? 0
  let replicas = 0
  let fullyLabeledReplicas = 0
  let readyReplicas = 0
  let availableReplicas = 0
  let terminatingReplicas = 0
  for (const pod of pods) {
    const facts = podFacts(pod)
    if (facts.terminating && !facts.terminal) terminatingReplicas++
    if (!facts.active) continue
    replicas++
    if (carries(pod, template)) fullyLabeledReplicas++
    if (!facts.ready) continue
    readyReplicas++
    if (podAvailable(pod, wait, now)) availableReplicas++
  }
  const others = (rs.status?.conditions ?? []).filter((c) => c.type !== 'ReplicaFailure')
  const held = (rs.status?.conditions ?? []).find((c) => c.type === 'ReplicaFailure')
  const conditions: Condition[] = failed
    ? [
        ...others,
        held ?? {
          type: 'ReplicaFailure',
          status: 'True',
          reason: failReason,
          message: failed,
          lastTransitionTime: rfc3339(now),
        },
      ]
    : others
  return {
    replicas,
    ...(fullyLabeledReplicas > 0 ? { fullyLabeledReplicas } : {}),
    ...(readyReplicas > 0 ? { readyReplicas } : {}),
    ...(availableReplicas > 0 ? { availableReplicas } : {}),
    terminatingReplicas,
    ...(rs.metadata.generation !== undefined ? { observedGeneration: rs.metadata.generation } : {}),
    ...(conditions.length > 0 ? { conditions } : {}),
  }
}

function carries(pod: Pod, template: Record<string, string>): boolean {
  for (const key in template) if (pod.metadata.labels?.[key] !== template[key]) return false
  return true
}

function counts(status: ReplicaSetStatus | undefined): Record<string, number> {
  return {
    replicas: status?.replicas ?? 0,
    ready: status?.readyReplicas ?? 0,
    available: status?.availableReplicas ?? 0,
    terminating: status?.terminatingReplicas ?? 0,
  }
}

function tell(world: ModelWorld, rs: ReplicaSet, type: 'Normal' | 'Warning', reason: string, message: string): void {
  recordEvent(world, NAME, referenceTo(rs as KubeObject), { type, reason, message })
}
