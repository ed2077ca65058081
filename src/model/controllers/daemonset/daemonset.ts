// The DaemonSet controller: one pod on every node that fits (pkg/controller/daemon/daemon_controller.go, update.go,
// util/daemonset_util.go). The pod names its node by affinity; the scheduler binds it.
import { SECOND } from '../../../sim/clock.ts'
import { deepEqual } from '../../apiserver/equality.ts'
import type { DaemonSet, DaemonSetStatus, KubeObject, NodeSelectorTerm, Pod } from '../../apiserver/objects.ts'
import type { ApiRequest, ApiWatchEvent } from '../../messages.ts'
import type { ModelWorld, WorkAnswer } from '../../tables.ts'
import { claimPods } from '../claim.ts'
import { templateHash } from '../deployment/template-hash.ts'
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
import {
  daemonTolerations,
  groupByNode,
  managePlan,
  nodeFits,
  REVISION_HASH,
  rollingPlan,
  rolls,
  type Plan,
} from './plan.ts'

const NAME = 'daemonset-controller'
const BURST = 250
const GENERATION = 'pod-template-generation'

type Memo =
  { phase: 'pods'; deletes: { name: string; uid: string; why?: string }[]; creates: string[] } | { phase: 'other' }

export const daemonSetController: Controller = {
  name: NAME,
  workers: 2,
  watches: {
    daemonsets: (world, event) => {
      if (event.type === 'DELETED') forgetExpectations(world, NAME, keyOf(event.object))
      return [keyOf(event.object)]
    },
    pods: podKeys,
    nodes: (world) => world.all('daemonsets').map(keyOf),
  },
  sync,
  answered,
  onAnswer,
}

function podKeys(world: ModelWorld, event: ApiWatchEvent): readonly string[] {
  const pod = event.object as unknown as Pod
  const owner = controllerOf(pod)
  if (owner?.kind !== 'DaemonSet') return []
  const key = `${pod.metadata.namespace}/${owner.name}`
  if (event.type === 'DELETED' || podFacts(pod).terminating) deletionObserved(world, NAME, key, pod.metadata.uid)
  else if (event.type === 'ADDED') creationObserved(world, NAME, key)
  return [key]
}

function sync(world: ModelWorld, key: string): Step {
  const ds = world.get('daemonsets', key)
  if (!ds) {
    forgetExpectations(world, NAME, key)
    return DONE
  }
  const { pods, requests } = claimPods(world, ds, ds.spec.selector)
  if (requests.length > 0) return { requests, memo: { phase: 'other' } satisfies Memo }
  const hash = templateHash(ds.spec.template, ds.status?.collisionCount)
  if (ds.metadata.deletionTimestamp !== undefined || !expectationsMet(world, NAME, key))
    return writeStatus(world, ds, hash, pods)
  const byNode = groupByNode(pods)
  const plan = managePlan(world, ds, byNode)
  if (plan.creates.length === 0 && plan.deletes.length === 0 && rolls(ds)) {
    const old = rollingPlan(world, ds, hash, byNode)
    if (old.length > 0) {
      world.because('DS3', { daemonSet: key, deletes: old.map((p) => p.metadata.name), newHash: hash })
      plan.deletes = old.map((pod) => ({ pod }))
    }
  }
  if (plan.creates.length > 0 || plan.deletes.length > 0) return change(world, ds, hash, plan)
  return writeStatus(world, ds, hash, pods)
}

function change(world: ModelWorld, ds: DaemonSet, hash: string, plan: Plan): Step {
  const key = keyOf(ds)
  const creates = plan.creates.slice(0, BURST)
  const deletes = plan.deletes.slice(0, BURST)
  if (creates.length > 0) expectCreations(world, NAME, key, creates.length)
  else
    expectDeletions(
      world,
      NAME,
      key,
      deletes.map((d) => d.pod.metadata.uid),
    )
  for (const { why } of deletes) if (why) tell(world, ds, 'Warning', 'FailedDaemonPod', why)
  return {
    requests: [
      ...creates.map((node) => createRequest(ds, hash, node.metadata.name)),
      ...deletes.map(({ pod }): ApiRequest => ({
        verb: 'delete',
        resource: 'pods',
        namespace: pod.metadata.namespace,
        name: pod.metadata.name,
      })),
    ],
    memo: {
      phase: 'pods',
      creates: creates.map((n) => n.metadata.name),
      deletes: deletes.map((d) => ({ name: d.pod.metadata.name, uid: d.pod.metadata.uid })),
    } satisfies Memo,
  }
}

/** CreatePodTemplate and ReplaceDaemonSetPodNodeNameNodeAffinity. */
function createRequest(ds: DaemonSet, hash: string, node: string): ApiRequest {
  const { metadata = {}, spec } = ds.spec.template
  const named: NodeSelectorTerm = { matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }
  return {
    verb: 'create',
    resource: 'pods',
    namespace: ds.metadata.namespace,
    body: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        generateName: `${ds.metadata.name}-`,
        namespace: ds.metadata.namespace,
        labels: { ...metadata.labels, [REVISION_HASH]: hash, [GENERATION]: String(ds.metadata.generation ?? 1) },
        ...(metadata.annotations ? { annotations: metadata.annotations } : {}),
        ownerReferences: [controllerRef(ds as KubeObject)],
      },
      spec: {
        ...spec,
        tolerations: daemonTolerations(spec),
        affinity: {
          ...spec.affinity,
          nodeAffinity: {
            ...spec.affinity?.nodeAffinity,
            requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [named] },
          },
        },
      },
    },
  }
}

function onAnswer(world: ModelWorld, key: string, memo: unknown, answer: WorkAnswer): void {
  const m = memo as Memo | undefined
  const ds = world.get('daemonsets', key)
  if (!ds || m?.phase !== 'pods') return
  const failed = answer.code >= 400
  if (answer.i < m.creates.length) {
    if (failed) creationObserved(world, NAME, key)
    if (failed) tell(world, ds, 'Warning', 'FailedCreate', `Error creating: ${answer.message ?? ''}`)
    else tell(world, ds, 'Normal', 'SuccessfulCreate', `Created pod: ${answer.name ?? ''}`)
    return
  }
  const gone = m.deletes[answer.i - m.creates.length]!
  if (failed) deletionObserved(world, NAME, key, gone.uid)
  if (failed && answer.code !== 404)
    tell(world, ds, 'Warning', 'FailedDelete', `Error deleting: ${answer.message ?? ''}`)
  else if (!failed) tell(world, ds, 'Normal', 'SuccessfulDelete', `Deleted pod: ${gone.name}`)
}

function answered(world: ModelWorld, key: string, memo: unknown, answers: readonly WorkAnswer[]): Step {
  const m = memo as Memo | undefined
  const failure = answers.find((a) => a.code >= 400 && a.code !== 404)
  if (failure) return { error: failure.message ?? failure.reason ?? `${failure.code}` }
  const ds = world.get('daemonsets', key)
  if (!ds || m?.phase !== 'pods') return DONE
  const hash = templateHash(ds.spec.template, ds.status?.collisionCount)
  return writeStatus(world, ds, hash, claimPods(world, ds, ds.spec.selector).pods)
}

function writeStatus(world: ModelWorld, ds: DaemonSet, hash: string, pods: readonly Pod[]): Step {
  const byNode = groupByNode(pods)
  const wait = ds.spec.minReadySeconds ?? 0
  const n = { desired: 0, current: 0, misscheduled: 0, ready: 0, available: 0, updated: 0 }
  for (const node of world.all('nodes')) {
    const { run } = nodeFits(ds, node)
    const here = byNode.get(node.metadata.name) ?? []
    if (!run) {
      if (here.length > 0) n.misscheduled++
      continue
    }
    n.desired++
    if (here.length === 0) continue
    n.current++
    const pod = [...here].sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1))[0]!
    if (podFacts(pod).ready) {
      n.ready++
      if (podAvailable(pod, wait, world.now)) n.available++
    }
    if (pod.metadata.labels?.[REVISION_HASH] === hash) n.updated++
  }
  const status: DaemonSetStatus = {
    currentNumberScheduled: n.current,
    numberMisscheduled: n.misscheduled,
    desiredNumberScheduled: n.desired,
    numberReady: n.ready,
    ...(ds.metadata.generation !== undefined ? { observedGeneration: ds.metadata.generation } : {}),
    ...(n.updated > 0 ? { updatedNumberScheduled: n.updated } : {}),
    ...(n.available > 0 ? { numberAvailable: n.available } : {}),
    ...(n.desired > n.available ? { numberUnavailable: n.desired - n.available } : {}),
    ...(ds.status?.collisionCount ? { collisionCount: ds.status.collisionCount } : {}),
  }
  if (deepEqual(status, ds.status ?? {})) {
    return wait > 0 && n.ready !== n.available ? { again: wait * SECOND } : DONE
  }
  world.because('DS5', { daemonSet: keyOf(ds), ...n })
  return {
    requests: [
      {
        verb: 'update',
        resource: 'daemonsets',
        subresource: 'status',
        namespace: ds.metadata.namespace,
        name: ds.metadata.name,
        body: { ...ds, status },
      },
    ],
    memo: { phase: 'other' } satisfies Memo,
  }
}

function tell(world: ModelWorld, ds: DaemonSet, type: 'Normal' | 'Warning', reason: string, message: string): void {
  recordEvent(world, NAME, referenceTo(ds as KubeObject), { type, reason, message })
}
