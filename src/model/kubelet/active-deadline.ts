// activeDeadlineSeconds: a pod that is too long on the node ends. Upstream: pkg/kubelet/active_deadline.go.
import type { Pod } from '../apiserver/objects.ts'
import { parseRfc3339, SECOND } from '../../sim/clock.ts'
import type { Micros } from '../../sim/contract.ts'
import type { ModelWorld } from '../tables.ts'
import { currentStatus } from './status-manager.ts'

export const deadlineExceeded = {
  reason: 'DeadlineExceeded',
  message: 'Pod was active on the node longer than the specified deadline',
} as const

/** Counted from the start time that the kubelet itself has reported. Undefined: no deadline, or not started. */
export function deadlineOf(world: ModelWorld, node: string, pod: Pod): Micros | undefined {
  const seconds = pod.spec.activeDeadlineSeconds
  const { startTime } = currentStatus(world, node, pod)
  return seconds === undefined || startTime === undefined ? undefined : parseRfc3339(startTime) + seconds * SECOND
}
