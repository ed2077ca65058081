// One turn of a probe worker, without doing the probe itself.
// Upstream: pkg/kubelet/prober/worker.go (doProbe, newWorker), prober.go (maxProbeRetries).
import type { Probe, RestartPolicy } from '../../apiserver/objects.ts'
import type { ProbeResult } from '../pod-actions.ts'

export type ProbeType = 'liveness' | 'readiness' | 'startup'

/** Tries in all while a probe returns an error (not a failure). */
export const maxProbeRetries = 3

/** pkg/apis/core/v1/defaults.go SetDefaults_Probe. */
export const probeDefaults = {
  initialDelaySeconds: 0,
  timeoutSeconds: 1,
  periodSeconds: 10,
  successThreshold: 1,
  failureThreshold: 3,
} as const

export function withProbeDefaults(probe: Probe): Probe & typeof probeDefaults {
  return {
    ...probe,
    initialDelaySeconds: probe.initialDelaySeconds ?? probeDefaults.initialDelaySeconds,
    timeoutSeconds: probe.timeoutSeconds || probeDefaults.timeoutSeconds,
    periodSeconds: probe.periodSeconds || probeDefaults.periodSeconds,
    successThreshold: probe.successThreshold || probeDefaults.successThreshold,
    failureThreshold: probe.failureThreshold || probeDefaults.failureThreshold,
  } as Probe & typeof probeDefaults
}

/** Until the first verdict: not ready, but alive; whether it has started is not known. */
export const initialResult: Readonly<Record<ProbeType, ProbeResult>> = {
  liveness: 'Success',
  readiness: 'Failure',
  startup: 'Unknown',
}

export type WorkerState = {
  containerId: string
  /** Waits for a new container id after it asked for a restart. */
  onHold: boolean
  lastResult: ProbeResult | undefined
  resultRun: number
}

export const newWorkerState: WorkerState = { containerId: '', onHold: false, lastResult: undefined, resultRun: 0 }

export type WorkerView = {
  probeType: ProbeType
  /** Undefined: the status manager does not know the pod yet. */
  pod: { phase: string; deleted: boolean; restartPolicy: RestartPolicy } | undefined
  /** The status of the worker's container; undefined or without id: not created yet. */
  container:
    | {
        id: string
        state: 'running' | 'waiting' | 'terminated'
        started: boolean
        runningSeconds: number
        sidecar: boolean
      }
    | undefined
  initialDelaySeconds: number
}

export type BeforeProbe = {
  state: WorkerState
  /** Results to write, in order: container id -> result; undefined removes. */
  results: { containerId: string; result: ProbeResult | undefined }[]
  /** 'probe': go and do it; 'wait': nothing this turn; 'stop': the worker ends. */
  next: 'probe' | 'wait' | 'stop'
  why: string
}

/** Everything doProbe decides before it sends the probe. */
export function beforeProbe(worker: WorkerState, view: WorkerView): BeforeProbe {
  const results: BeforeProbe['results'] = []
  const { probeType, pod, container } = view
  let state = worker
  const end = (next: BeforeProbe['next'], why: string): BeforeProbe => ({ state, results, next, why })

  if (pod === undefined) return end('wait', 'no pod status yet')
  if (pod.phase === 'Failed' || pod.phase === 'Succeeded') return end('stop', 'the pod has ended')
  if (container === undefined || container.id === '') return end('wait', 'no container yet')
  if (state.containerId !== container.id) {
    if (state.containerId !== '') results.push({ containerId: state.containerId, result: undefined })
    // The run of equal results is not reset: upstream keeps lastResult and resultRun over a new container id.
    state = { ...state, containerId: container.id, onHold: false }
    results.push({ containerId: container.id, result: initialResult[probeType] })
  }
  if (state.onHold) return end('wait', 'on hold until there is a new container')
  if (container.state !== 'running') {
    results.push({ containerId: container.id, result: 'Failure' })
    if (container.sidecar) return end('wait', 'the sidecar does not run')
    const over = container.state === 'terminated' && pod.restartPolicy === 'Never'
    return end(over ? 'stop' : 'wait', 'the container does not run')
  }
  if (pod.deleted && probeType !== 'readiness') {
    // A pod that is being deleted must not be killed a second time by a probe.
    results.push({ containerId: container.id, result: 'Success' })
    return end('stop', 'the pod is being deleted')
  }
  if (Math.trunc(container.runningSeconds) < view.initialDelaySeconds) return end('wait', 'initial delay')
  if (container.started && probeType === 'startup') return end('wait', 'started already')
  if (!container.started && probeType !== 'startup') return end('wait', 'not started yet')
  return end('probe', 'due')
}

export type AfterProbe = { state: WorkerState; result: ProbeResult | undefined; why: string }

/** `outcome` undefined: the probe could not be done, and its result is thrown away. */
export function afterProbe(
  worker: WorkerState,
  probeType: ProbeType,
  thresholds: { successThreshold: number; failureThreshold: number },
  outcome: 'Success' | 'Failure' | undefined,
): AfterProbe {
  if (outcome === undefined) return { state: worker, result: undefined, why: 'probe error' }
  const resultRun = worker.lastResult === outcome ? worker.resultRun + 1 : 1
  let state: WorkerState = { ...worker, lastResult: outcome, resultRun }
  const needed = outcome === 'Failure' ? thresholds.failureThreshold : thresholds.successThreshold
  if (resultRun < needed) return { state, result: undefined, why: `${resultRun} of ${needed} in a row` }
  if ((probeType === 'liveness' && outcome === 'Failure') || probeType === 'startup') {
    // No more probing until the container has been replaced (or, for startup, ever).
    state = { ...state, onHold: true, resultRun: 0 }
  }
  return { state, result: outcome, why: `${resultRun} of ${needed} in a row` }
}
