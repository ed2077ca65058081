// The scheduler's cache: what the pods of each node ask for, kept up to date pod by pod
// (pkg/scheduler/backend/cache/cache.go AddPod, AssumePod, ForgetPod, RemovePod).
import type { Node, Pod } from '../apiserver/objects.ts'
import { controllerOf } from '../controllers/pod-facts.ts'
import type { ModelWorld, NodeRoomRecord, PlacementRecord } from '../tables.ts'
import { demandOf } from './requests.ts'

export function emptyRoom(node: string): NodeRoomRecord {
  return {
    node,
    milliCpu: 0,
    memory: 0,
    ephemeral: 0,
    scalars: {},
    scoredMilliCpu: 0,
    scoredMemory: 0,
    pods: 0,
    ports: [],
    seen: '',
  }
}

export function roomOf(world: Pick<ModelWorld, 'get'>, node: string): NodeRoomRecord {
  return world.get('nodeRoom', node) ?? emptyRoom(node)
}

/** A pod takes its room: when it is bound, or already when the scheduler has decided (assumed). */
export function place(world: ModelWorld, pod: Pod, node: string, assumed: boolean): void {
  const uid = pod.metadata.uid
  const before = world.get('placements', uid)
  const after = placement(pod, node, assumed)
  if (before && before.node === node) {
    if (before.assumed !== assumed || before.terminating !== after.terminating || before.labels !== after.labels)
      world.put('placements', uid, after)
    return
  }
  if (before) account(world, before, -1)
  world.put('placements', uid, after)
  account(world, after, 1)
}

/** A pod that is gone, or could not be bound, gives its room back. False: it had none. */
export function unplace(world: ModelWorld, uid: string): boolean {
  const held = world.get('placements', uid)
  if (!held) return false
  world.put('placements', uid, undefined)
  account(world, held, -1)
  return true
}

function account(world: ModelWorld, p: PlacementRecord, sign: 1 | -1): void {
  world.put('nodeRoom', p.node, changed(roomOf(world, p.node), p, sign))
  if (p.owner === '') return
  const before = world.get('siblings', p.owner)?.nodes ?? {}
  const count = (before[p.node] ?? 0) + sign
  const nodes = count > 0 ? { ...before, [p.node]: count } : without(before, p.node)
  world.put('siblings', p.owner, Object.keys(nodes).length > 0 ? { nodes } : undefined)
}

function without(counts: Readonly<Record<string, number>>, node: string): Readonly<Record<string, number>> {
  const { [node]: _, ...others } = counts
  return others
}

function placement(pod: Pod, node: string, assumed: boolean): PlacementRecord {
  const demand = demandOf(pod)
  const namespace = pod.metadata.namespace ?? ''
  return {
    namespace,
    name: pod.metadata.name,
    uid: pod.metadata.uid,
    node,
    assumed,
    owner: controllerOf(pod)?.uid ?? '',
    labels: pod.metadata.labels ?? NO_LABELS,
    milliCpu: demand.milliCpu,
    memory: demand.memory,
    ephemeral: demand.ephemeral,
    scalars: demand.scalars,
    scoredMilliCpu: demand.scoredMilliCpu,
    scoredMemory: demand.scoredMemory,
    ports: demand.ports,
    priority: pod.spec.priority ?? 0,
    terminating: pod.metadata.deletionTimestamp !== undefined,
    antiAffinity: (pod.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(
      (t) => ({
        topologyKey: t.topologyKey,
        namespaces: t.namespaces?.length ? t.namespaces : [namespace],
        ...(t.labelSelector ? { selector: t.labelSelector } : {}),
      }),
    ),
  }
}
const NO_LABELS: Record<string, string> = Object.freeze({})

function changed(room: NodeRoomRecord, p: PlacementRecord, sign: 1 | -1): NodeRoomRecord {
  let scalars = room.scalars
  for (const name in p.scalars) scalars = { ...scalars, [name]: (scalars[name] ?? 0) + sign * p.scalars[name]! }
  const ports =
    p.ports.length === 0
      ? room.ports
      : sign > 0
        ? [...room.ports, ...p.ports]
        : p.ports.reduce((left, port) => left.toSpliced(left.indexOf(port), left.includes(port) ? 1 : 0), room.ports)
  return {
    ...room,
    milliCpu: room.milliCpu + sign * p.milliCpu,
    memory: room.memory + sign * p.memory,
    ephemeral: room.ephemeral + sign * p.ephemeral,
    scalars,
    scoredMilliCpu: room.scoredMilliCpu + sign * p.scoredMilliCpu,
    scoredMemory: room.scoredMemory + sign * p.scoredMemory,
    pods: room.pods + sign,
    ports,
  }
}

const seenMemo = new WeakMap<Node, string>()

/** What of a node can make room for a waiting pod: allocatable, labels, taints, cordon. */
export function nodeText(node: Node): string {
  let text = seenMemo.get(node)
  if (text === undefined) {
    const { labels = {} } = node.metadata
    text = JSON.stringify([node.status?.allocatable, labels, node.spec.taints ?? [], node.spec.unschedulable ?? false])
    seenMemo.set(node, text)
  }
  return text
}
