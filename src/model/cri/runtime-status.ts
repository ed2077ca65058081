/** Version and Status. Upstream: containerd internal/cri/server/version.go, status.go. */
import type { ModelReader, ModelWorld } from '../tables.ts'
import { placeOf } from '../../sim/contract.ts'
import type { RuntimeCondition } from './api.ts'
import { answer, type CallEvent } from './calls.ts'

export const CONTAINERD_VERSION = 'v2.2.1'

export function version(world: ModelWorld, event: CallEvent): void {
  answer(world, event, {
    version: '0.1.0',
    runtime_name: 'containerd',
    runtime_version: CONTAINERD_VERSION,
    runtime_api_version: 'v1',
  })
}

/** The network is ready where a CNI configuration is. */
export function runtimeConditions(reader: ModelReader, node: string): RuntimeCondition[] {
  const network: RuntimeCondition = reader.get('cniNodes', node)
    ? { type: 'NetworkReady', status: true, reason: '', message: '' }
    : {
        type: 'NetworkReady',
        status: false,
        reason: 'NetworkPluginNotReady',
        message: 'Network plugin returns error: cni plugin not initialized',
      }
  return [{ type: 'RuntimeReady', status: true, reason: '', message: '' }, network]
}

export function status(world: ModelWorld, event: CallEvent): void {
  answer(world, event, { status: { conditions: runtimeConditions(world, placeOf(event.to)) } })
}
