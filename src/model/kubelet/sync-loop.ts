// The sync loop: one item at a time from channels that are records.
// Upstream: pkg/kubelet/kubelet.go (syncLoop, syncLoopIteration, HandlePodAdditions, HandlePodSyncs, ...).
import type { SimEvent } from '../../sim/contract.ts'
import { placeOf } from '../../sim/contract.ts'
import type { KubeletChannelRecord, KubeletItem, KubeletRecord, ModelWorld } from '../tables.ts'
import { timers } from './config.ts'
import { podAdded, podReconciled, podRemoved, podUpdated } from './config-handlers.ts'
import { housekeeping } from './housekeeping.ts'
import { klog } from './klog.ts'
import { handlePlegEvent } from './pleg.ts'
import { syncDuePods } from './pod-workers.ts'
import { handleProbeUpdate } from './prober/prober.ts'
import { runtimeErrorsOf } from './runtime-state.ts'
import { joined } from '../../sim/joined.ts'

export type Channel = KubeletChannelRecord['channel']
const channels: readonly Channel[] = ['config', 'pleg', 'sync', 'liveness', 'readiness', 'startup', 'housekeeping']

/** One iteration costs a few microseconds of Go; what it starts runs elsewhere. */
const iterationMicros = 15

export const LOOP = 'timer.kubelet.loop'

/** Puts an item into a channel and wakes the loop. */
export function enqueue(
  world: ModelWorld,
  node: string,
  channel: Channel,
  item: Omit<KubeletItem, 'at' | 'cause'>,
): void {
  const kubelet = world.get('kubelets', node)
  if (kubelet === undefined || !kubelet.running) return
  const id = joined(node, channel)
  const before = world.get('kubeletChannels', id)
  const entry: KubeletItem = { ...item, at: world.now, cause: world.event.id }
  world.put('kubeletChannels', id, { node, channel, items: before ? [...before.items, entry] : [entry] })
  wake(world, kubelet)
}

function wake(world: ModelWorld, kubelet: KubeletRecord, delayMicros: number = iterationMicros): void {
  if (kubelet.looping) return
  world.put('kubelets', kubelet.node, { ...kubelet, looping: true })
  world.send(LOOP, `${kubelet.node}/kubelet`, { boot: kubelet.boot }, { delayMicros })
}

export function onLoop(world: ModelWorld, event: SimEvent<{ boot: number }>): void {
  const node = placeOf(event.to)
  const kubelet = world.get('kubelets', node)
  if (kubelet === undefined || !kubelet.running || kubelet.boot !== event.data.boot) return

  const sick = runtimeErrorsOf(world, kubelet)
  if (sick !== undefined) {
    const sleep = kubelet.errorSleep
    klog(world, node, 'E', 'kubelet.go:2475', 'Skipping pod synchronization', { err: sick })
    world.because('KL22', { error: sick, sleepMicros: sleep })
    world.put('kubelets', node, { ...kubelet, errorSleep: Math.min(sleep * 2, timers.errorSleepMax) })
    world.send(LOOP, event.to, { boot: kubelet.boot }, { delayMicros: sleep })
    return
  }

  const ready = channels.filter((c) => (world.get('kubeletChannels', joined(node, c))?.items.length ?? 0) > 0)
  if (ready.length === 0) {
    world.put('kubelets', node, { ...kubelet, looping: false, errorSleep: timers.errorSleepBase })
    return
  }
  const channel = ready.length === 1 ? ready[0]! : ready[world.random(`kubelet ${node} select`, ready.length)]!
  const record = world.get('kubeletChannels', joined(node, channel))!
  const item = record.items[0]!
  world.because('KL1', { channel, ready })
  world.put('kubeletChannels', joined(node, channel), { ...record, items: record.items.slice(1) })
  const more = ready.length > 1 || record.items.length > 1
  world.put('kubelets', node, {
    ...kubelet,
    looping: more,
    errorSleep: timers.errorSleepBase,
    inHand: { channel, what: item.uid ? `${item.what} ${item.name ?? item.uid}` : item.what, at: world.now },
  })
  // What a channel merged keeps the cause of each item: the event that put it there.
  if (more) world.send(LOOP, event.to, { boot: kubelet.boot }, { delayMicros: iterationMicros, causes: [item.cause] })
  dispatch(world, node, channel, item)
}

function dispatch(world: ModelWorld, node: string, channel: Channel, item: KubeletItem): void {
  switch (channel) {
    case 'config':
      return configHandlers[item.what]?.handle(world, node, item.uid!)
    case 'pleg':
      return handlePlegEvent(world, node, item)
    case 'sync':
      return syncDuePods(world, node)
    case 'housekeeping':
      return housekeeping(world, node)
    default:
      return handleProbeUpdate(world, node, channel, item)
  }
}

type Operation = { upstream: string; handle: (world: ModelWorld, node: string, uid: string) => void }

/** Operation of a config update -> what is done. SET has no handler: it is logged and dropped upstream. */
export const configHandlers: Readonly<Record<string, Operation>> = {
  ADD: { upstream: 'HandlePodAdditions', handle: podAdded },
  UPDATE: { upstream: 'HandlePodUpdates', handle: podUpdated },
  // A delete is an update that carries a deletion timestamp.
  DELETE: { upstream: 'HandlePodUpdates', handle: podUpdated },
  REMOVE: { upstream: 'HandlePodRemoves', handle: podRemoved },
  RECONCILE: { upstream: 'HandlePodReconcile', handle: podReconciled },
}

/** The two tickers of the loop. */
export function onSyncTick(world: ModelWorld, event: SimEvent<{ boot: number }>): void {
  const node = placeOf(event.to)
  const kubelet = world.get('kubelets', node)
  if (kubelet === undefined || !kubelet.running || kubelet.boot !== event.data.boot) return
  world.put('kubelets', node, { ...kubelet, nextSyncTickAt: world.now + timers.syncTick })
  world.send('timer.kubelet.sync-tick', event.to, event.data, { delayMicros: timers.syncTick })
  tick(world, node, 'sync', 'SYNC')
}

export function onHousekeepingTick(world: ModelWorld, event: SimEvent<{ boot: number }>): void {
  const node = placeOf(event.to)
  const kubelet = world.get('kubelets', node)
  if (kubelet === undefined || !kubelet.running || kubelet.boot !== event.data.boot) return
  world.put('kubelets', node, { ...kubelet, nextHousekeepingAt: world.now + timers.housekeepingPeriod })
  world.send('timer.kubelet.housekeeping', event.to, event.data, { delayMicros: timers.housekeepingPeriod })
  tick(world, node, 'housekeeping', 'HOUSEKEEPING')
}

/** A Go ticker holds one tick: a second one while the first still waits is dropped. */
function tick(world: ModelWorld, node: string, channel: Channel, what: string): void {
  if ((world.get('kubeletChannels', joined(node, channel))?.items.length ?? 0) === 0)
    enqueue(world, node, channel, { what })
}
