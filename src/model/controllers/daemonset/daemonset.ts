// The DaemonSet controller: one pod on every node that fits (pkg/controller/daemon/daemon_controller.go, update.go,
// util/daemonset_util.go). The pod names its node by affinity; the scheduler binds it.
import { SECOND } from '../../../sim/clock.ts'
import type { Rule } from '../../../sim/contract.ts'
import { deepEqual } from '../../apiserver/equality.ts'
import type {
  DaemonSet,
  DaemonSetStatus,
  KubeObject,
  Node,
  NodeSelectorTerm,
  Pod,
  PodSpec,
  Toleration,
} from '../../apiserver/objects.ts'
import type { ApiRequest, ApiWatchEvent } from '../../messages.ts'
import type { ModelWorld, WorkAnswer } from '../../tables.ts'
import { claimPods } from '../claim.ts'
import { scaled } from '../deployment/rolling.ts'
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
import { matchesNodeAffinity, untolerated } from './node-match.ts'

const NAME = 'daemonset-controller'
const BURST = 250
const HASH = 'controller-revision-hash'
const GENERATION = 'pod-template-generation'

export const daemonSetRules: readonly Rule[] = [
  {
    id: 'DS1',
    says: 'Every node that the pod template fits by node selector, node affinity and taints gets one pod, which names its node by affinity.',
    source: 'pkg/controller/daemon/daemon_controller.go podsShouldBeOnNode, NodeShouldRunDaemonPod',
  },
  {
    id: 'DS2',
    says: 'A pod on a node that it no longer fits, a failed pod and a second pod on one node are deleted.',
    source: 'pkg/controller/daemon/daemon_controller.go podsShouldBeOnNode',
  },
  {
    id: 'DS3',
    says: 'RollingUpdate deletes old pods, at most maxUnavailable at a time; with OnDelete they stay until someone deletes them.',
    source: 'pkg/controller/daemon/update.go rollingUpdate',
  },
  {
    id: 'DS4',
    says: 'Daemon pods tolerate not-ready, unreachable, disk, memory and PID pressure and unschedulable nodes without limit.',
    source: 'pkg/controller/daemon/util/daemonset_util.go AddOrUpdateDaemonPodTolerations',
  },
  {
    id: 'DS5',
    says: 'The status counts nodes: which should have a pod, which have one, and which of these are ready and up to date.',
    source: 'pkg/controller/daemon/daemon_controller.go updateDaemonSetStatus',
  },
]

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

type Plan = { creates: Node[]; deletes: { pod: Pod; why?: string }[] }

/** podsShouldBeOnNode for each node. */
function managePlan(world: ModelWorld, ds: DaemonSet, byNode: ReadonlyMap<string, Pod[]>): Plan {
  const plan: Plan = { creates: [], deletes: [] }
  const facts: Record<string, string> = {}
  const known = new Set<string>()
  for (const node of world.all('nodes')) {
    known.add(node.metadata.name)
    const pods = byNode.get(node.metadata.name) ?? []
    const fit = nodeFits(ds, node)
    if (fit.run && pods.length === 0) {
      plan.creates.push(node)
      facts[node.metadata.name] = 'fits and has none'
    } else if (!fit.stay) {
      for (const pod of pods) if (!podFacts(pod).terminating) plan.deletes.push({ pod })
      if (pods.length > 0) facts[node.metadata.name] = fit.why
    } else {
      const alive: Pod[] = []
      for (const pod of pods) {
        if (podFacts(pod).terminating) continue
        if (pod.status?.phase === 'Failed')
          plan.deletes.push({
            pod,
            why: `Found failed daemon pod ${keyOf(pod)} on node ${node.metadata.name}, will try to kill it`,
          })
        else alive.push(pod)
      }
      // The oldest of several stays.
      alive.sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1))
      for (const pod of alive.slice(1)) plan.deletes.push({ pod })
    }
  }
  // getUnscheduledPodsWithoutNode: named a node that is gone.
  for (const [node, pods] of byNode)
    if (!known.has(node))
      for (const pod of pods) if (!pod.spec.nodeName && !podFacts(pod).terminating) plan.deletes.push({ pod })
  if (plan.creates.length > 0) world.because('DS1', { daemonSet: keyOf(ds), nodes: facts })
  else if (plan.deletes.length > 0) world.because('DS2', { daemonSet: keyOf(ds), nodes: facts })
  return plan
}

/** NodeShouldRunDaemonPod: a NoSchedule taint keeps a new pod away, only NoExecute removes one that runs. */
function nodeFits(ds: DaemonSet, node: Node): { run: boolean; stay: boolean; why: string } {
  const spec = ds.spec.template.spec
  if (spec.nodeName && spec.nodeName !== node.metadata.name)
    return { run: false, stay: false, why: 'another node is named' }
  if (!matchesNodeAffinity(spec, node)) return { run: false, stay: false, why: 'labels do not match' }
  const tolerations = daemonTolerations(spec)
  const taint = untolerated(node.spec.taints, tolerations, ['NoSchedule', 'NoExecute'])
  if (!taint) return { run: true, stay: true, why: '' }
  const stay = untolerated(node.spec.taints, tolerations, ['NoExecute']) === undefined
  return { run: false, stay, why: `taint ${taint.key}:${taint.effect}` }
}

export function daemonTolerations(spec: PodSpec): Toleration[] {
  const extra: Toleration[] = [
    { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
    { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
    { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
    { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
    { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
    { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
  ]
  if (spec.hostNetwork)
    extra.push({ key: 'node.kubernetes.io/network-unavailable', operator: 'Exists', effect: 'NoSchedule' })
  const own = spec.tolerations ?? []
  return [
    ...own,
    ...extra.filter((e) => !own.some((t) => t.key === e.key && t.operator === e.operator && t.effect === e.effect)),
  ]
}

/** GetTargetNodeName: bound, or named by affinity. */
function targetNode(pod: Pod): string {
  if (pod.spec.nodeName) return pod.spec.nodeName
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  const field = terms?.[0]?.matchFields?.find((f) => f.key === 'metadata.name')
  return field?.values?.[0] ?? ''
}

function groupByNode(pods: readonly Pod[]): Map<string, Pod[]> {
  const byNode = new Map<string, Pod[]>()
  for (const pod of pods) {
    const node = targetNode(pod)
    const list = byNode.get(node)
    if (list) list.push(pod)
    else byNode.set(node, [pod])
  }
  return byNode
}

const rolls = (ds: DaemonSet): boolean => (ds.spec.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate'

/** rollingUpdate with maxSurge 0: old pods that are down go at once, others within maxUnavailable. */
function rollingPlan(world: ModelWorld, ds: DaemonSet, hash: string, byNode: ReadonlyMap<string, Pod[]>): Pod[] {
  let desired = 0
  for (const node of world.all('nodes')) if (nodeFits(ds, node).run) desired++
  const limit = Math.max(1, scaled(ds.spec.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, desired, true))
  let unavailable = 0
  const down: Pod[] = []
  const up: Pod[] = []
  for (const pods of byNode.values())
    for (const pod of pods) {
      const isNew = pod.metadata.labels?.[HASH] === hash
      const ok = podAvailable(pod, ds.spec.minReadySeconds ?? 0, world.now)
      if (!ok) unavailable++
      if (isNew || podFacts(pod).terminating) continue
      ;(ok ? up : down).push(pod)
    }
  return [...down, ...up.slice(0, Math.max(0, limit - unavailable))]
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
        labels: { ...metadata.labels, [HASH]: hash, [GENERATION]: String(ds.metadata.generation ?? 1) },
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
    if (pod.metadata.labels?.[HASH] === hash) n.updated++
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
