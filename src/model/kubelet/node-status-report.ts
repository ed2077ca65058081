// When the node status is sent. Upstream: pkg/kubelet/kubelet_node_status.go (updateNodeStatus, isUpdateStatusPeriodExpired,
// markVolumesFromNode ...): computed every nodeStatusUpdateFrequency, sent on change or after nodeStatusReportFrequency.
import type { Condition, NodeStatus } from '../apiserver/objects.ts'
import type { Micros } from '../../sim/contract.ts'
import { timers } from './config.ts'

export function shouldPatchNodeStatus(changed: boolean, sinceLastReport: Micros | undefined): boolean {
  return changed || sinceLastReport === undefined || sinceLastReport >= timers.nodeStatusReport
}

/** Upstream nodeStatusHasChanged: heartbeats alone are no change. */
export function nodeStatusChanged(before: NodeStatus | undefined, now: NodeStatus): boolean {
  if (before === undefined) return true
  if (conditionsChanged(before.conditions ?? [], now.conditions ?? [])) return true
  const { conditions: _a, ...restBefore } = before
  const { conditions: _b, ...restNow } = now
  return JSON.stringify(restBefore) !== JSON.stringify(restNow)
}

function conditionsChanged(before: readonly Condition[], now: readonly Condition[]): boolean {
  if (before.length !== now.length) return true
  return now.some((c) => {
    const old = before.find((o) => o.type === c.type)
    return old === undefined || old.status !== c.status || old.reason !== c.reason || old.message !== c.message
  })
}
