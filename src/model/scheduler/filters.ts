// Which nodes a pod may stand on: the Filter plugins of the default profile, in their order; the first that refuses ends
// the look at a node (pkg/scheduler/framework/plugins).
import type { Node, Pod } from '../apiserver/objects.ts'
import { matchesNodeAffinity, untolerated } from '../controllers/daemonset/node-match.ts'
import type { ModelReader, NodeRoomRecord } from '../tables.ts'
import {
  affinityCheck,
  affinityRefuses,
  spreadChecks,
  spreadRefuses,
  type AffinityCheck,
  type SpreadCheck,
} from './affinity.ts'
import { amounts, demandOf, portsClash, type Demand } from './requests.ts'

export type Plugin =
  | 'NodeUnschedulable'
  | 'NodeName'
  | 'TaintToleration'
  | 'NodeAffinity'
  | 'NodePorts'
  | 'NodeResourcesFit'
  | 'PodTopologySpread'
  | 'InterPodAffinity'

export type Refusal = {
  plugin: Plugin
  /** As they stand in the FailedScheduling event. */
  reasons: string[]
  /** UnschedulableAndUnresolvable: no pod that goes away would help. */
  unresolvable: boolean
  /** The numbers behind it. */
  facts: string
}

export type Prepared = {
  pod: Pod
  demand: Demand
  spread: SpreadCheck[]
  affinity: AffinityCheck | undefined
}

/** PreFilter: what is the same for all nodes. */
export function prepare(reader: ModelReader, pod: Pod, nodes: ReadonlyMap<string, Node>): Prepared {
  return {
    pod,
    demand: demandOf(pod),
    spread: spreadChecks(reader, pod, nodes, 'DoNotSchedule'),
    affinity: affinityCheck(reader, pod, nodes),
  }
}

export function refuse(p: Prepared, node: Node, room: NodeRoomRecord): Refusal | undefined {
  return refuseByNode(p.pod, node) ?? refuseByRoom(p.demand, node, room) ?? refuseByNeighbours(p, node)
}

/** What depends on the node object alone. */
export function refuseByNode(pod: Pod, node: Node): Refusal | undefined {
  const { spec } = pod
  const untol = (key: string): boolean =>
    untolerated([{ key, effect: 'NoSchedule' }], spec.tolerations, ['NoSchedule']) !== undefined
  if (node.spec.unschedulable && untol('node.kubernetes.io/unschedulable'))
    return no('NodeUnschedulable', 'node(s) were unschedulable', true, 'spec.unschedulable is true (cordoned)')
  if (spec.nodeName && spec.nodeName !== node.metadata.name)
    return no('NodeName', "node(s) didn't match the requested node name", true, `spec.nodeName is ${spec.nodeName}`)
  const taint = untolerated(node.spec.taints, spec.tolerations, ['NoSchedule', 'NoExecute'])
  if (taint)
    return no(
      'TaintToleration',
      'node(s) had untolerated taint(s)',
      true,
      `taint ${taint.key}${taint.value ? `=${taint.value}` : ''}:${taint.effect}`,
    )
  if (!matchesNodeAffinity(spec, node))
    return no(
      'NodeAffinity',
      "node(s) didn't match Pod's node affinity/selector",
      true,
      'labels do not match nodeSelector or node affinity',
    )
  return undefined
}

function refuseByRoom(demand: Demand, node: Node, room: NodeRoomRecord): Refusal | undefined {
  if (demand.ports.length > 0 && portsClash(demand.ports, room.ports))
    return no(
      'NodePorts',
      "node(s) didn't have free ports for the requested pod ports",
      false,
      `wants ${demand.ports.join(', ')}`,
    )
  const has = allocatableOf(node)
  const reasons: string[] = []
  const facts: string[] = []
  let unresolvable = false
  if (room.pods + 1 > has.pods) {
    reasons.push('Too many pods')
    facts.push(`${room.pods} of ${has.pods} pods`)
  }
  const check = (name: string, want: number, used: number, total: number): void => {
    if (want === 0 || want <= total - used) return
    reasons.push(`Insufficient ${name}`)
    facts.push(`${name}: wants ${want}, free ${total - used} of ${total}`)
    if (want > total) unresolvable = true
  }
  check('cpu', demand.milliCpu, room.milliCpu, has.milliCpu)
  check('memory', demand.memory, room.memory, has.memory)
  check('ephemeral-storage', demand.ephemeral, room.ephemeral, has.ephemeral)
  for (const name in demand.scalars)
    check(name, demand.scalars[name]!, room.scalars[name] ?? 0, has.scalars.get(name) ?? 0)
  if (reasons.length === 0) return undefined
  return { plugin: 'NodeResourcesFit', reasons, unresolvable, facts: facts.join('; ') }
}

function refuseByNeighbours(p: Prepared, node: Node): Refusal | undefined {
  const spread = spreadRefuses(p.spread, node)
  if (spread)
    return no(
      'PodTopologySpread',
      `node(s) didn't match pod topology spread constraints${spread === 'skew' ? '' : ' (missing required label)'}`,
      spread !== 'skew',
      spread === 'skew' ? 'maxSkew would be exceeded' : 'the node lacks the topology label',
    )
  switch (affinityRefuses(p.affinity, node)) {
    case 'affinity':
      return no('InterPodAffinity', "node(s) didn't match pod affinity rules", true, 'no matching pod in its domain')
    case 'anti-affinity':
      return no(
        'InterPodAffinity',
        "node(s) didn't match pod anti-affinity rules",
        false,
        'a matching pod is in its domain',
      )
    case 'existing anti-affinity':
      return no(
        'InterPodAffinity',
        "node(s) didn't satisfy existing pods anti-affinity rules",
        false,
        'a pod there does not want it',
      )
    case undefined:
      return undefined
  }
}

function no(plugin: Plugin, reason: string, unresolvable: boolean, facts: string): Refusal {
  return { plugin, reasons: [reason], unresolvable, facts }
}

export type Allocatable = {
  milliCpu: number
  memory: number
  ephemeral: number
  pods: number
  scalars: ReadonlyMap<string, number>
}
const memo = new WeakMap<Node, Allocatable>()

export function allocatableOf(node: Node): Allocatable {
  let has = memo.get(node)
  if (!has) {
    const all = amounts(node.status?.allocatable)
    has = {
      milliCpu: all.get('cpu') ?? 0,
      memory: all.get('memory') ?? 0,
      ephemeral: all.get('ephemeral-storage') ?? 0,
      pods: all.get('pods') ?? 0,
      scalars: all,
    }
    memo.set(node, has)
  }
  return has
}

/** FitError.Error with the words of DynamicResources and DefaultPreemption behind it (pkg/scheduler/framework/types.go). */
export function fitError(refusals: readonly Refusal[]): string {
  const n = refusals.length
  if (n === 0) return 'no nodes available to schedule pods'
  const why = counted(refusals.flatMap((r) => r.reasons))
  const preempt = counted(
    refusals.map((r) =>
      r.unresolvable ? 'Preemption is not helpful for scheduling' : 'No preemption victims found for incoming pod',
    ),
  )
  return `0/${n} nodes are available: ${why}. no new claims to deallocate, preemption: 0/${n} nodes are available: ${preempt}.`
}

function counted(reasons: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return [...counts]
    .map(([reason, n]) => `${n} ${reason}`)
    .sort((a, b) => (a < b ? -1 : 1))
    .join(', ')
}
