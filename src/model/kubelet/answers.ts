// Answers of the runtime and of the API server find their way back to whoever asked.
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import type { ConnectResult } from '../linux/net/result.ts'
import type { ApiResponse, CriResponse } from '../messages.ts'
import type { ModelWorld } from '../tables.ts'
import type { Ctx } from './calls.ts'
import { onWatchAnswer } from './config-sources.ts'
import { onHookDial, onHookExec } from './hooks.ts'
import { onImageStatus, onPullAnswer } from './images/image-manager.ts'
import { onInspect, onStopAnswer, onStopSandbox } from './kill-pod.ts'
import { klog } from './klog.ts'
import { onLeaseAnswer } from './lease-controller.ts'
import { onMirrorAnswer } from './mirror-pods.ts'
import { onNodeAnswer } from './node-status.ts'
import { onRelistAnswer } from './pleg.ts'
import { podOf } from './pod-view.ts'
import { worker } from './pod-workers.ts'
import { dialAnswer } from './prober/dial.ts'
import { onProbeDial, onProbeExec } from './prober/attempts.ts'
import { onObjectAnswer } from './referenced-objects.ts'
import { onRuntimeStatus } from './runtime-state.ts'
import { onContainerAnswer } from './start-container.ts'
import { deleteIfDone, onStatusAnswer } from './status-manager.ts'
import { onSandboxAnswer } from './sync-pod.ts'
import { joined } from '../../sim/joined.ts'

/** An answer to a process that is no more is nobody's. */
function mine(world: ModelWorld, node: string, ctx: unknown): Ctx | undefined {
  const kubelet = world.get('kubelets', node)
  const asked = ctx as Ctx | undefined
  return kubelet?.running && asked?.boot === kubelet.boot ? asked : undefined
}

export function onCriResponse(world: ModelWorld, event: SimEvent<CriResponse>): void {
  const node = placeOf(event.to)
  const ctx = mine(world, node, event.data.ctx)
  if (ctx === undefined) return
  switch (ctx.who) {
    case 'runtime':
      return onRuntimeStatus(world, node, event.data)
    case 'relist':
      return onRelistAnswer(world, node, event.data)
    case 'probe':
      return onProbeExec(world, node, ctx, event.data)
    case 'worker':
      return onWorkerAnswer(world, node, ctx, event.data)
    default:
    // Garbage collection asks without waiting.
  }
}

function onWorkerAnswer(world: ModelWorld, node: string, ctx: Ctx, response: CriResponse): void {
  if (response.method === 'PullImage') return onPullAnswer(world, node, ctx, response)
  if (response.method === 'ExecSync') return onHookExec(world, node, ctx.uid!, ctx.epoch!, ctx.key!, response)
  const record = worker(world, node, ctx.uid!)
  // The job that asked was given up.
  if (record?.epoch !== ctx.epoch || record?.job === undefined) return
  const pod = podOf(world, node, ctx.uid!)
  switch (response.method) {
    case 'StopContainer':
      return onStopAnswer(world, record, ctx.key!, response)
    case 'StopPodSandbox':
      return onStopSandbox(world, record, response)
    case 'ContainerStatus':
      return onInspect(world, record, response)
  }
  if (pod === undefined) return
  const { call: _answered, ...job } = record.job
  const going = { ...record, job }
  switch (response.method) {
    case 'RunPodSandbox':
    case 'PodSandboxStatus':
      return onSandboxAnswer(world, going, pod, response)
    case 'ImageStatus':
      return onImageStatus(world, going, pod, response)
    case 'CreateContainer':
    case 'StartContainer':
      return onContainerAnswer(world, going, pod, response)
  }
}

export function onApiResponse(world: ModelWorld, event: SimEvent<ApiResponse>): void {
  const node = placeOf(event.to)
  const ctx = mine(world, node, event.data.ctx)
  if (ctx === undefined) return
  switch (ctx.who) {
    case 'status':
      return onStatusAnswer(world, node, ctx, event.data)
    case 'lease':
      return onLeaseAnswer(world, node, ctx, event.data)
    case 'node':
      return onNodeAnswer(world, node, ctx, event.data)
    case 'watch':
      return onWatchAnswer(world, node, ctx, event.data)
    case 'mirror':
      return onMirrorAnswer(world, node, ctx, event.data)
    case 'object':
      return onObjectAnswer(world, node, ctx, event.data)
    case 'delete':
      if (event.data.code >= 300 && event.data.code !== 404) {
        klog(world, node, 'W', 'status_manager.go:1090', 'Failed to delete status for pod', {
          podUID: ctx.uid ?? '',
          err: event.data.message ?? '',
        })
      }
      return
    default:
  }
}

export function onDialed(world: ModelWorld, event: SimEvent<ConnectResult>): void {
  const node = placeOf(event.to)
  const answer = dialAnswer(event)
  const ctx = mine(world, node, answer.ctx)
  if (ctx === undefined) return
  if (ctx.who === 'probe') return onProbeDial(world, node, answer)
  onHookDial(world, node, ctx.uid!, ctx.epoch!, ctx.key!, answer)
}

/** A pod that was finished before its deletion was asked for: the object goes now. */
export function deleteFinished(world: ModelWorld, node: string, uid: string): void {
  const record = world.get('podStatuses', joined(node, uid))
  if (record) deleteIfDone(world, node, record)
}
