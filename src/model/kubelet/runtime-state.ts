// Whether the runtime and its network are ready, as the kubelet knows it.
// Upstream: pkg/kubelet/kubelet.go (updateRuntimeUp), pkg/kubelet/runtime.go (runtimeState).
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import { MINUTE } from '../../sim/clock.ts'
import type { RuntimeCondition, StatusResponse } from '../cri/api.ts'
import type { CriResponse } from '../messages.ts'
import type { KubeletRecord, ModelWorld } from '../tables.ts'
import { cri, isAlive, rpcError } from './calls.ts'
import { timers } from './config.ts'
import { klog } from './klog.ts'
import { networkNotReady, runtimeErrors, runtimeNotReady } from './node-conditions.ts'
import { plegHealthError } from './pleg-events.ts'
import { checkRelist, startPleg } from './pleg.ts'

/** KubeletConfiguration runtimeRequestTimeout. */
export const runtimeRequestTimeout = 2 * MINUTE

export function plegError(world: ModelWorld, kubelet: KubeletRecord): string | undefined {
  // Before the first relist the clock runs from the start of the process.
  const last = kubelet.lastRelistAt >= kubelet.since ? kubelet.lastRelistAt : undefined
  if (last === undefined && world.now - kubelet.since <= timers.genericPlegRelistThreshold) return undefined
  return plegHealthError(world.now - (last ?? kubelet.since))
}

/** What keeps the sync loop from running and the node from being Ready; the network apart. */
export function runtimeErrorsOf(world: ModelWorld, kubelet: KubeletRecord): string | undefined {
  const pleg = plegError(world, kubelet)
  return runtimeErrors({
    sinceRuntimeSync: kubelet.runtimeSyncedAt === undefined ? undefined : world.now - kubelet.runtimeSyncedAt,
    healthErrors: pleg === undefined ? {} : { PLEG: pleg },
    ...(kubelet.runtimeError === '' ? {} : { runtimeError: kubelet.runtimeError }),
  })
}

export function onRuntimeTick(world: ModelWorld, event: SimEvent<{ boot: number }>): void {
  const node = placeOf(event.to)
  if (!isAlive(world, node, event.data.boot)) return
  // Not in housekeeping: that rests while the runtime is in error.
  checkRelist(world, node)
  const kubelet = world.get('kubelets', node)!
  const since = kubelet.runtimeCallSince
  if (since !== undefined && world.now - since < runtimeRequestTimeout) {
    // The call before still hangs: it blocks the loop that makes it.
    world.send('timer.kubelet.runtime', event.to, event.data, { delayMicros: timers.runtimeStateCheck })
    return
  }
  if (since !== undefined) {
    klog(world, node, 'E', 'kubelet.go:2996', 'Container runtime sanity check failed', {
      err: 'rpc error: code = DeadlineExceeded desc = context deadline exceeded',
    })
  }
  world.put('kubelets', node, { ...kubelet, runtimeCallSince: world.now })
  cri(world, node, 'Status', {}, { who: 'runtime' })
  world.send('timer.kubelet.runtime', event.to, event.data, { delayMicros: timers.runtimeStateCheck })
}

export function onRuntimeStatus(world: ModelWorld, node: string, response: CriResponse): void {
  const { runtimeCallSince: _call, ...kubelet } = world.get('kubelets', node)!
  if (response.error) {
    klog(world, node, 'E', 'kubelet.go:2996', 'Container runtime sanity check failed', {
      err: rpcError(response.error),
    })
    world.put('kubelets', node, kubelet)
    return
  }
  const { conditions } = (response.response as StatusResponse).status
  const find = (type: RuntimeCondition['type']): RuntimeCondition | undefined => conditions.find((c) => c.type === type)
  const network = find('NetworkReady')
  const runtime = find('RuntimeReady')
  const networkError = network?.status ? '' : networkNotReady(network ?? { type: 'NetworkReady', status: false })
  if (networkError !== '' && networkError !== kubelet.networkError) {
    klog(world, node, 'E', 'kubelet.go:3011', 'Container runtime network not ready', {
      networkReady: networkError.slice(37),
    })
  }
  if (!runtime?.status) {
    const runtimeError = runtimeNotReady(runtime ?? { type: 'RuntimeReady', status: false })
    klog(world, node, 'E', 'kubelet.go:3021', 'Container runtime not ready', { runtimeReady: runtimeError.slice(29) })
    world.put('kubelets', node, { ...kubelet, networkError, runtimeError })
    return
  }
  const first = kubelet.runtimeSyncedAt === undefined
  world.put('kubelets', node, { ...kubelet, networkError, runtimeError: '', runtimeSyncedAt: world.now })
  // initializeRuntimeDependentModules: the PLEG starts with the first answer.
  if (first) startPleg(world, node)
}
