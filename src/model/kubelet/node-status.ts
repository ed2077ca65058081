// Registering the node and reporting its status.
// Upstream: pkg/kubelet/kubelet_node_status.go (registerWithAPIServer, initialNode, tryUpdateNodeStatus, fastNodeStatusUpdate),
// pkg/kubelet/nodestatus/setters.go, pkg/kubelet/cm/node_container_manager_linux.go (allocatable).
import type { Condition, Node, NodeStatus, ResourceList } from '../apiserver/objects.ts'
import { bytesQuantity } from '../apiserver/quantity.ts'
import { rfc3339, MILLI, SECOND } from '../../sim/clock.ts'
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import { connected, type ApiResponse } from '../messages.ts'
import type { MachineRecord, ModelWorld } from '../tables.ts'
import { apiAtOnce, tellOfNode, type Ctx } from './calls.ts'
import { heartbeatTimeout, timers } from './config.ts'
import { nodeEvents } from './event-texts.ts'
import { klog } from './klog.ts'
import { pressureCondition, readyCondition, type PressureType } from './node-conditions.ts'
import { nodeStatusChanged, shouldPatchNodeStatus } from './node-status-report.ts'
import { runtimeErrorsOf } from './runtime-state.ts'

/** kubeadm's kubelet reserves nothing; what may be evicted for is not allocatable: 100Mi of memory, 10% of the disk. */
const evictionMemoryBytes = 100 * 1024 * 1024
/** The share is a 32-bit float upstream: that is where the odd last digits come from. */
const evictionDiskShare = Math.fround(0.1)

type Capacity = { capacity: ResourceList; allocatable: ResourceList }
const capacities = new WeakMap<MachineRecord, Capacity>()

export function nodeCapacity(machine: MachineRecord): Capacity {
  let known = capacities.get(machine)
  if (known === undefined) capacities.set(machine, (known = measure(machine)))
  return known
}

function measure(machine: MachineRecord): Capacity {
  const disk = machine.ephemeralKi * 1024
  const fixed = { cpu: String(machine.cpus), 'hugepages-1Gi': '0', 'hugepages-2Mi': '0', pods: String(machine.maxPods) }
  return {
    capacity: { ...fixed, 'ephemeral-storage': `${machine.ephemeralKi}Ki`, memory: `${machine.memoryKi}Ki` },
    allocatable: {
      ...fixed,
      'ephemeral-storage': String(disk - Math.round(disk * evictionDiskShare)),
      memory: bytesQuantity(machine.memoryKi * 1024 - evictionMemoryBytes),
    },
  }
}

/** Pressure as the eviction manager knows it; without one there is none. */
function pressures(world: ModelWorld, node: string): Record<PressureType, boolean> {
  const kubelet = world.get('kubelets', node)
  return { MemoryPressure: false, DiskPressure: false, PIDPressure: false, ...kubelet?.pressure }
}

type Built = { status: NodeStatus; events: string[] }

export function buildStatus(world: ModelWorld, node: string, before: NodeStatus | undefined): Built {
  const machine = world.get('machines', node)!
  const kubelet = world.get('kubelets', node)!
  const now = rfc3339(world.now)
  const { capacity, allocatable } = nodeCapacity(machine)
  const conditions: Condition[] = (before?.conditions ?? []).filter(
    (c) => !['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].includes(c.type),
  )
  const events: string[] = []
  const old = (type: string): Condition | undefined => before?.conditions?.find((c) => c.type === type)
  const pressure = pressures(world, node)
  for (const type of ['MemoryPressure', 'DiskPressure', 'PIDPressure'] as const) {
    const { condition, event } = pressureCondition(type, pressure[type], old(type), now)
    conditions.push(condition)
    if (event) events.push(event)
  }
  const runtime = runtimeErrorsOf(world, kubelet)
  const ready = readyCondition(
    {
      ...(runtime === undefined ? {} : { runtimeErrors: runtime }),
      ...(kubelet.networkError === '' ? {} : { networkErrors: kubelet.networkError }),
    },
    old('Ready'),
    now,
  )
  conditions.push(ready.condition)
  if (ready.event) events.push(ready.event)
  const images = [...world.by('images', 'node', node)].sort((a, b) => b.size - a.size).slice(0, 50)
  return {
    status: {
      capacity,
      allocatable,
      conditions,
      addresses: [
        { type: 'InternalIP', address: machine.ip },
        { type: 'Hostname', address: node },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      nodeInfo: {
        machineID: machine.machineID,
        systemUUID: machine.systemUUID,
        bootID: machine.bootID,
        kernelVersion: machine.kernelVersion,
        osImage: machine.osImage,
        containerRuntimeVersion: machine.containerRuntimeVersion,
        kubeletVersion: machine.kubeletVersion,
        kubeProxyVersion: '',
        operatingSystem: 'linux',
        architecture: 'amd64',
      },
      images: images.map((i) => ({ names: [...i.repoDigests, ...i.repoTags], sizeBytes: i.size })),
    },
    events,
  }
}

function newNode(
  world: ModelWorld,
  node: string,
): Pick<Node, 'apiVersion' | 'kind' | 'spec' | 'status'> & { metadata: object } {
  const machine = world.get('machines', node)!
  const { status, events } = buildStatus(world, node, undefined)
  // initialNode runs the same setters as every report: its pressure conditions are new, and each tells of it.
  for (const reason of events) tellOfNode(world, node, nodeEvents.status(node, reason))
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: node,
      labels: {
        'beta.kubernetes.io/arch': 'amd64',
        'beta.kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/hostname': node,
        'kubernetes.io/os': 'linux',
        ...machine.labels,
      },
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
    },
    spec: machine.taints.length > 0 ? { taints: machine.taints as NonNullable<Node['spec']['taints']> } : {},
    status,
  }
}

/** Tries until the API server has the node: 100 ms, doubled up to 7 s. */
export function onRegister(world: ModelWorld, event: SimEvent<{ boot: number; waitMicros: number }>): void {
  const node = placeOf(event.to)
  const kubelet = world.get('kubelets', node)
  const { boot, waitMicros } = event.data
  if (kubelet === undefined || !kubelet.running || kubelet.boot !== boot || kubelet.registered) return
  klog(world, node, 'I', 'kubelet_node_status.go:75', 'Attempting to register node', { node })
  apiAtOnce(
    world,
    node,
    { verb: 'create', resource: 'nodes', body: newNode(world, node) as never },
    { who: 'node', key: 'register' },
  )
  const next = Math.min(waitMicros * 2, 7 * SECOND)
  // No answer may come at all: the next try is already on its way and gives up once the node is there.
  world.send(
    'timer.kubelet.register',
    event.to,
    { boot, waitMicros: next },
    { delayMicros: Math.max(waitMicros, SECOND) },
  )
}

export function onNodeTick(world: ModelWorld, event: SimEvent<{ boot: number; fast?: boolean }>): void {
  const node = placeOf(event.to)
  const kubelet = world.get('kubelets', node)
  if (kubelet === undefined || !kubelet.running || kubelet.boot !== event.data.boot) return
  const { fast } = event.data
  if (fast) {
    // fastNodeStatusUpdate: looks ten times a second after a start until the node was once reported ready, a minute at most.
    const done = kubelet.notReady === '' && kubelet.nodeReportedAt !== undefined
    if (done || world.now - kubelet.since > timers.fastStatusUpdateMax) return
    world.send('timer.kubelet.node-status', event.to, event.data, { delayMicros: 100 * MILLI })
    const ready =
      runtimeErrorsOf(world, kubelet) === undefined &&
      kubelet.networkError === '' &&
      kubelet.runtimeSyncedAt !== undefined
    if (!ready) return
  } else {
    world.put('kubelets', node, { ...kubelet, nextNodeStatusAt: world.now + timers.nodeStatusUpdate })
    world.send('timer.kubelet.node-status', event.to, event.data, { delayMicros: timers.nodeStatusUpdate })
  }
  report(world, node)
}

/** tryUpdateNodeStatus: looks, and sends when there is something to say. */
export function report(world: ModelWorld, node: string): void {
  const kubelet = world.get('kubelets', node)!
  if (!kubelet.registered) return
  const since = kubelet.nodeStatusSince
  if (since !== undefined) {
    if (world.now - since < heartbeatTimeout) return
    klog(world, node, 'E', 'kubelet_node_status.go:548', 'Error updating node status, will retry', {
      err: `error getting node "${node}": Get "https://172.18.0.2:6443/api/v1/nodes/${node}?timeout=10s": net/http: request canceled (Client.Timeout exceeded while awaiting headers)`,
    })
  }
  // The kubelet's node lister: its informer is as fresh as the connection (tryUpdateNodeStatus reads it first).
  const listed = connected(world, `${node}/kubelet`, 'apiserver') ? world.get('nodes', node)?.status : undefined
  const before = listed ?? kubelet.reported
  const { status, events } = buildStatus(world, node, before)
  const ready = status.conditions?.find((c) => c.type === 'Ready')
  const notReady = ready?.status === 'True' ? '' : (ready?.message ?? '')
  const changed = nodeStatusChanged(before, status)
  const sinceReport = kubelet.nodeReportedAt === undefined ? undefined : world.now - kubelet.nodeReportedAt
  if (!shouldPatchNodeStatus(changed, sinceReport)) return
  world.because('KL19', { changed, sinceLastReportMicros: sinceReport ?? -1 })
  world.because('KL20', { ready: ready?.status ?? '', message: ready?.message ?? '' })
  world.put('kubelets', node, { ...kubelet, nodeStatusSince: world.now, notReady, proposed: status })
  for (const reason of events) {
    tellOfNode(world, node, nodeEvents.status(node, reason))
    klog(world, node, 'I', 'kubelet_node_status.go:696', 'Recording event message for node', { node, event: reason })
  }
  if (ready?.status !== 'True' && events.includes('NodeNotReady')) {
    klog(world, node, 'I', 'setters.go:618', 'Node became not ready', { node, condition: JSON.stringify(ready) })
  }
  apiAtOnce(
    world,
    node,
    { verb: 'patch', resource: 'nodes', name: node, subresource: 'status', patchType: 'strategic', body: { status } },
    { who: 'node', key: 'status' },
  )
}

export function onNodeAnswer(world: ModelWorld, node: string, ctx: Ctx, response: ApiResponse): void {
  const kubelet = world.get('kubelets', node)!
  if (ctx.key === 'register') {
    if (kubelet.registered) return
    if (response.code < 300 || response.reason === 'AlreadyExists') {
      klog(world, node, 'I', 'kubelet_node_status.go:78', 'Successfully registered node', { node })
      const known =
        response.code < 300 ? (response.object as Node | undefined)?.status : world.get('nodes', node)?.status
      world.put('kubelets', node, { ...kubelet, registered: true, ...(known ? { reported: known } : {}) })
      report(world, node)
    } else {
      klog(world, node, 'E', 'kubelet_node_status.go:107', 'Unable to register node with API server', {
        err: response.message ?? '',
        node,
      })
    }
    return
  }
  const { nodeStatusSince: _since, proposed, ...rest } = kubelet
  if (response.code < 300) {
    world.put('kubelets', node, {
      ...rest,
      nodeReportedAt: world.now,
      reported: (response.object as Node | undefined)?.status ?? proposed!,
    })
    return
  }
  klog(world, node, 'E', 'kubelet_node_status.go:548', 'Error updating node status, will retry', {
    err: response.message ?? '',
  })
  world.put('kubelets', node, rest)
  // Somebody deleted the node object: the kubelet does not make it anew until it starts again.
}
