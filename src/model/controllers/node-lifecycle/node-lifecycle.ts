// The node lifecycle controller: who has been silent for too long, what that does to the node's conditions and taints,
// and to the readiness of its pods (pkg/controller/nodelifecycle/node_lifecycle_controller.go).
import { rfc3339, SECOND } from '../../../sim/clock.ts'
import type { Micros } from '../../../sim/contract.ts'
import type { KubeObject, Node, Pod, Taint } from '../../apiserver/objects.ts'
import type { ApiRequest } from '../../messages.ts'
import type { ModelHandler, ModelWorld, NodeHealthRecord, WorkAnswer } from '../../tables.ts'
import { DONE, enqueue, failedStep, type Controller, type Step } from '../engine.ts'
import { recordEvent, referenceTo } from '../event-recorder.ts'
import { durationFlag } from '../flags.ts'
import { keyOf, podFacts } from '../pod-facts.ts'
import {
  conditionStatus,
  evictionQps,
  heartbeatExpired,
  nodeLifecycleDefaults,
  nodeLifecycleEvents,
  noExecuteSwap,
  silentConditions,
  withNoScheduleTaints,
  zoneOf,
  zoneState,
  type HeartbeatView,
  type NodeEventText,
  type ZoneState,
} from './decisions.ts'

const NAME = 'node-lifecycle-controller'
/** Its recorder calls itself by the older name. */
const SOURCE = 'node-controller'
export const MONITOR = 'timer.node-lifecycle.monitor'
export const TAINTER = 'timer.node-lifecycle.tainter'
const NODE_LEASES = 'kube-node-lease'

type Memo = { phase: 'conditions' } | { phase: 'pods'; pods: string[] }

/** Keys: `conditions/NODE`, `schedule/NODE`, `execute/NODE`: three things that are done to a node. */
export const nodeLifecycleController: Controller = {
  name: NAME,
  workers: 8,
  watches: {
    nodes: (world, event) => {
      const name = event.object.metadata.name
      if (event.type !== 'DELETED') return [`schedule/${name}`]
      forget(world, name)
      return []
    },
    leases: () => [],
    pods: () => [],
  },
  start: (world) => {
    world.send(MONITOR, world.event.to, {}, { delayMicros: nodeLifecycleDefaults.nodeMonitorPeriod })
  },
  sync: (world, key) => {
    const slash = key.indexOf('/')
    const node = world.get('nodes', key.slice(slash + 1))
    if (!node) return DONE
    const what = key.slice(0, slash)
    return what === 'conditions'
      ? conditions(world, node)
      : what === 'schedule'
        ? schedule(world, node)
        : execute(world, node)
  },
  answered,
  onAnswer,
}

/** --node-monitor-grace-period. */
function gracePeriod(world: ModelWorld): Micros {
  const flag = durationFlag(world, 'kube-controller-manager', 'node-monitor-grace-period')
  return flag ?? nodeLifecycleDefaults.nodeMonitorGracePeriod
}

function expiredView(world: ModelWorld, node: Node, probeTimestamp: Micros): HeartbeatView {
  const neverReported = conditionStatus(node.status?.conditions, 'Ready') === undefined
  const grace = neverReported ? nodeLifecycleDefaults.nodeStartupGracePeriod : gracePeriod(world)
  return { probeTimestamp, now: world.now, neverReported, gracePeriod: grace }
}

/** monitorNodeHealth: one pass over all nodes. */
export const onMonitor: ModelHandler = (world, event) => {
  const zones = new Map<string, { ready: number; notReady: number }>()
  for (const node of world.all('nodes')) {
    const name = node.metadata.name
    const health = observe(world, node)
    const expired = heartbeatExpired(expiredView(world, node, health.probeAt))
    const ready = conditionStatus(node.status?.conditions, 'Ready')
    if (
      expired &&
      silentConditions(node.status?.conditions ?? [], node.metadata.creationTimestamp, '') !==
        (node.status?.conditions ?? [])
    )
      enqueue(world, NAME, `conditions/${name}`)
    else judge(world, node)
    const zone = zones.get(health.zone) ?? { ready: 0, notReady: 0 }
    if (ready === 'True' && !expired) zone.ready++
    else zone.notReady++
    zones.set(health.zone, zone)
  }
  disruption(world, zones)
  world.send(MONITOR, event.to, {}, { delayMicros: nodeLifecycleDefaults.nodeMonitorPeriod })
}

/** Signs of life since the last pass. A node that is seen for the first time gets its Event. */
function observe(world: ModelWorld, node: Node): NodeHealthRecord {
  const name = node.metadata.name
  const before = world.get('nodeHealth', name)
  const ready = node.status?.conditions?.find((c) => c.type === 'Ready')
  const statusSeen = ready?.lastHeartbeatTime ?? ''
  const leaseRenewTime = world.get('leases', `${NODE_LEASES}/${name}`)?.spec.renewTime ?? ''
  if (!before) {
    tellNode(world, node, nodeLifecycleEvents.registered(name))
    const fresh: NodeHealthRecord = {
      node: name,
      probeAt: world.now,
      leaseRenewTime,
      statusSeen,
      ready: ready?.status ?? '',
      zone: zoneOf(node) || 'default',
    }
    world.put('nodeHealth', name, fresh)
    return fresh
  }
  const alive = (leaseRenewTime !== '' && leaseRenewTime > before.leaseRenewTime) || statusSeen !== before.statusSeen
  const zone = zoneOf(node) || 'default'
  const status = ready?.status ?? ''
  if (!alive && zone === before.zone && status === before.ready) return before
  if (alive) world.because('NL1', { node: name, renewTime: leaseRenewTime, heartbeat: statusSeen })
  const next: NodeHealthRecord = {
    ...before,
    zone,
    ready: status,
    ...(alive ? { probeAt: world.now, leaseRenewTime, statusSeen } : {}),
  }
  world.put('nodeHealth', name, next)
  return next
}

/** What follows from the Ready condition as it stands: taints on, taints off (processTaintBaseEviction). */
function judge(world: ModelWorld, node: Node): void {
  const swap = noExecuteSwap(conditionStatus(node.status?.conditions, 'Ready'), node.spec.taints ?? [])
  const name = node.metadata.name
  const health = world.get('nodeHealth', name)
  if (!swap.add && health?.taintQueuedAt !== undefined)
    world.put('nodeHealth', name, { ...health, taintQueuedAt: undefined })
  if (!swap.add && swap.remove.length === 0) return
  if (!swap.rateLimited) enqueue(world, NAME, `execute/${name}`)
  else if (health && health.taintQueuedAt === undefined) {
    world.put('nodeHealth', name, { ...health, taintQueuedAt: world.now })
    drainLimiter(world, health.zone)
  }
}

/** doNoExecuteTaintingPass: the nodes that wait, as fast as the limiter of the zone lets them. */
function drainLimiter(world: ModelWorld, zone: string): void {
  const limiter = world.get('zones', zone) ?? {
    zone,
    state: 'Initial',
    qps: nodeLifecycleDefaults.nodeEvictionRate,
    paidUntil: 0,
  }
  if (limiter.qps <= 0) return
  const cost = Math.round(SECOND / limiter.qps)
  for (const health of world.by('nodeHealth', 'taintQueue', zone)) {
    const paidUntil = Math.max(limiter.paidUntil, world.now)
    if (paidUntil > world.now) {
      world.send(TAINTER, world.event.to, { zone }, { delayMicros: paidUntil - world.now })
      return
    }
    world.put('zones', zone, { ...limiter, paidUntil: world.now + cost })
    enqueue(world, NAME, `execute/${health.node}`)
    world.put('nodeHealth', health.node, { ...health, taintQueuedAt: undefined })
    if (world.by('nodeHealth', 'taintQueue', zone).length > 0)
      world.send(TAINTER, world.event.to, { zone }, { delayMicros: cost })
    return
  }
}

export const onTainter: ModelHandler = (world, event) => drainLimiter(world, (event.data as { zone: string }).zone)

/** handleDisruption: the state of each zone sets its eviction rate. */
function disruption(world: ModelWorld, zones: ReadonlyMap<string, { ready: number; notReady: number }>): void {
  const states = new Map<string, ZoneState>()
  for (const [zone, n] of zones) states.set(zone, zoneState(n.ready, n.notReady))
  const allFull = states.size > 0 && [...states.values()].every((s) => s === 'FullDisruption')
  const known = world.all('zones')
  const wasFull = known.length > 0 && known.every((z) => z.state === 'FullDisruption')
  if (allFull && !wasFull)
    // The fault is more likely our own: nobody is to be evicted for it.
    for (const node of world.all('nodes'))
      if ((node.spec.taints ?? []).some((t) => t.effect === 'NoExecute' && isOurs(t)))
        enqueue(world, NAME, `execute/${node.metadata.name}`)
  if (!allFull && wasFull)
    // Back again: every node gets a whole grace period.
    for (const health of world.all('nodeHealth'))
      world.put('nodeHealth', health.node, { ...health, probeAt: world.now })
  for (const [zone, state] of states) {
    const n = zones.get(zone)!
    const qps = evictionQps(state, n.ready + n.notReady, { allZonesFull: allFull })
    const held = world.get('zones', zone)
    if (held?.state === state && held.qps === qps) continue
    world.because('NL6', { zone, ready: n.ready, notReady: n.notReady, state, nodesPerSecond: qps })
    world.put('zones', zone, { zone, state, qps, paidUntil: held?.paidUntil ?? 0 })
    if (qps > 0 && (held?.qps ?? 0) === 0) drainLimiter(world, zone)
  }
}

const isOurs = (t: Taint): boolean =>
  t.key === 'node.kubernetes.io/not-ready' || t.key === 'node.kubernetes.io/unreachable'

function conditions(world: ModelWorld, node: Node): Step {
  const health = world.get('nodeHealth', node.metadata.name)
  const held = node.status?.conditions ?? []
  const next = silentConditions(held, node.metadata.creationTimestamp, rfc3339(world.now))
  if (!health || next === held) return DONE
  const view = expiredView(world, node, health.probeAt)
  if (!heartbeatExpired(view)) return DONE
  world.because('NL2', {
    node: node.metadata.name,
    lastSignOfLife: rfc3339(health.probeAt),
    silentForSeconds: Math.floor((world.now - health.probeAt) / SECOND),
    graceSeconds: view.gracePeriod! / SECOND,
  })
  return {
    requests: [
      {
        verb: 'update',
        resource: 'nodes',
        subresource: 'status',
        name: node.metadata.name,
        body: { ...node, status: { ...node.status, conditions: [...next] } },
      },
    ],
    memo: { phase: 'conditions' } satisfies Memo,
  }
}

function answered(world: ModelWorld, key: string, memo: unknown, answers: readonly WorkAnswer[]): Step {
  const failed = answers.find((a) => a.code >= 400 && a.code !== 404)
  if (failed) return failedStep([failed])
  const m = memo as Memo | undefined
  const name = key.slice(key.indexOf('/') + 1)
  const node = world.get('nodes', name)
  if (m?.phase !== 'conditions' || !node) return DONE
  const health = world.get('nodeHealth', name)
  const was = health?.ready
  judge(world, node)
  const now = world.get('nodeHealth', name)
  if (now) world.put('nodeHealth', name, { ...now, ready: conditionStatus(node.status?.conditions, 'Ready') ?? '' })
  if (was !== 'True') return DONE
  tellNode(world, node, nodeLifecycleEvents.status(name, 'NodeNotReady'))
  const pods = world.by('pods', 'node', name).filter((p) => podFacts(p).ready)
  if (pods.length === 0) return DONE
  world.because('NL3', { node: name, pods: pods.slice(0, 20).map(keyOf) })
  return {
    requests: pods.map((p) => notReadyRequest(p, world.now)),
    memo: { phase: 'pods', pods: pods.map(keyOf) } satisfies Memo,
  }
}

function notReadyRequest(pod: Pod, now: Micros): ApiRequest {
  const conditions = pod.status!.conditions!.map((c) =>
    c.type === 'Ready' ? { ...c, status: 'False' as const, lastTransitionTime: rfc3339(now) } : c,
  )
  return {
    verb: 'update',
    resource: 'pods',
    subresource: 'status',
    namespace: pod.metadata.namespace,
    name: pod.metadata.name,
    body: { ...pod, status: { ...pod.status, conditions } },
  }
}

function onAnswer(world: ModelWorld, _key: string, memo: unknown, answer: WorkAnswer): void {
  const m = memo as Memo | undefined
  if (m?.phase !== 'pods' || answer.code >= 400) return
  const pod = world.get('pods', m.pods[answer.i]!)
  if (pod) recordEvent(world, SOURCE, referenceTo(pod as KubeObject), nodeLifecycleEvents.podOnNotReadyNode())
}

/** doNoScheduleTaintingPass. */
function schedule(world: ModelWorld, node: Node): Step {
  const before = node.spec.taints ?? []
  const after = withNoScheduleTaints(node)
  if (after === before) return DONE
  world.because('NL4', {
    node: node.metadata.name,
    ready: conditionStatus(node.status?.conditions, 'Ready'),
    unschedulable: node.spec.unschedulable ?? false,
    taints: after.map((t) => `${t.key}:${t.effect}`),
  })
  return {
    requests: [
      taintRequest(
        node,
        after.map((t) => stamped(t, before, world.now)),
      ),
    ],
  }
}

/** NoExecute taints on, off or swapped, as the Ready condition says now. */
function execute(world: ModelWorld, node: Node): Step {
  const ready = conditionStatus(node.status?.conditions, 'Ready')
  const stopped =
    world.get('zones', world.get('nodeHealth', node.metadata.name)?.zone ?? 'default')?.state === 'FullDisruption'
  const allFull = stopped && world.all('zones').every((z) => z.state === 'FullDisruption')
  const swap = noExecuteSwap(allFull ? 'True' : ready, node.spec.taints ?? [])
  if (!swap.add && swap.remove.length === 0) return DONE
  const before = node.spec.taints ?? []
  const kept = before.filter((t) => !swap.remove.some((r) => r.key === t.key && r.effect === t.effect))
  const taints = swap.add ? [...kept, { ...swap.add, timeAdded: rfc3339(world.now) }] : kept
  world.because('NL5', {
    node: node.metadata.name,
    ready,
    add: swap.add?.key,
    remove: swap.remove.map((t) => t.key),
    waited: swap.rateLimited,
  })
  return { requests: [taintRequest(node, taints)] }
}

function stamped(taint: Taint, before: readonly Taint[], now: Micros): Taint {
  if (before.includes(taint)) return taint
  return { ...taint, timeAdded: rfc3339(now) }
}

/** One patch for all taints; it fails when somebody else wrote the node in between, and is worked out anew. */
function taintRequest(node: Node, taints: readonly Taint[]): ApiRequest {
  return {
    verb: 'patch',
    resource: 'nodes',
    name: node.metadata.name,
    patchType: 'merge',
    body: { spec: { taints: taints.length > 0 ? [...taints] : null } },
    preconditions: { resourceVersion: node.metadata.resourceVersion },
  }
}

function forget(world: ModelWorld, name: string): void {
  if (!world.get('nodeHealth', name)) return
  world.put('nodeHealth', name, undefined)
  recordEvent(world, SOURCE, { kind: 'Node', name, uid: name, apiVersion: 'v1' }, nodeLifecycleEvents.removing(name))
}

/** Events on nodes carry the node's name as uid (controller_utils.go RecordNodeEvent). */
function tellNode(world: ModelWorld, node: Node, told: NodeEventText): void {
  recordEvent(world, SOURCE, { kind: 'Node', name: node.metadata.name, uid: node.metadata.uid, apiVersion: 'v1' }, told)
}
