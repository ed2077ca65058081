import { podEvents } from '../../model/kubelet/event-texts.ts'
import type { ProbeResult } from '../../model/kubelet/pod-actions.ts'
import {
  afterProbe,
  beforeProbe,
  initialResult,
  maxProbeRetries,
  newWorkerState,
  probeDefaults,
  type ProbeType,
  type WorkerState,
  type WorkerView,
} from '../../model/kubelet/prober/probe-decisions.ts'
import { notRunnable, type Row, type RowRunner } from '../conformance-row.ts'

const kinds: ProbeType[] = ['liveness', 'readiness', 'startup']
const title = (kind: ProbeType) => `${kind[0]!.toUpperCase()}${kind.slice(1)}` as 'Liveness' | 'Readiness' | 'Startup'

type Turn = { goesOn: boolean; result: ProbeResult | undefined; probed: boolean; state: WorkerState }

/** One turn of a worker against a probe that answers `outcome`; `result` is what stands in the results afterwards. */
function turn(
  worker: WorkerState,
  before: ProbeResult | undefined,
  view: WorkerView,
  thresholds: { successThreshold: number; failureThreshold: number },
  outcome: 'Success' | 'Failure' | undefined,
): Turn {
  const first = beforeProbe(worker, view)
  let result = before
  for (const write of first.results) result = write.result
  if (first.next !== 'probe') return { goesOn: first.next === 'wait', result, probed: false, state: first.state }
  const then = afterProbe(first.state, view.probeType, thresholds, outcome)
  return { goesOn: true, result: then.result ?? result, probed: true, state: then.state }
}

const one = { successThreshold: 1, failureThreshold: 1 }

function doProbe({ input }: Row): unknown {
  const view = (probeType: ProbeType, runningSeconds: number): WorkerView => ({
    probeType,
    pod:
      input.podStatus === null
        ? undefined
        : {
            phase: input.phase ?? 'Running',
            deleted: input.deletionTimestamp === true,
            restartPolicy: input.restartPolicy ?? 'Never',
          },
    container:
      input.container === null || (input.container === undefined && input.elapsed === undefined)
        ? undefined
        : {
            id: input.containerID === '' ? '' : 'c1',
            state: input.container ?? 'running',
            // The test leaves startup probes unstarted and the others started.
            started: probeType !== 'startup',
            runningSeconds,
            sidecar: input.restartableInit === true,
          },
    initialDelaySeconds: input.initialDelaySeconds ?? 0,
  })
  if (input.probe !== undefined) {
    const got = turn(newWorkerState, undefined, view(input.probe, input.elapsed ?? 0), one, 'Success')
    return { continue: got.goesOn, result: got.result }
  }
  const turns = kinds.map((kind) => turn(newWorkerState, undefined, view(kind, 1), one, 'Success'))
  const results = Object.fromEntries(kinds.map((kind, i) => [kind, turns[i]!.result]))
  const same = turns.every((t) => t.result === turns[0]!.result)
  const asked = input.phase !== undefined && same
  return {
    continue: Object.fromEntries(kinds.map((kind, i) => [kind, turns[i]!.goesOn])),
    resultSet: turns.some((t) => t.result !== undefined),
    ...(turns[0]!.result === undefined ? {} : { result: asked ? turns[0]!.result : results }),
  }
}

function sequence(row: Row): unknown {
  const { input } = row
  const probeType = input.probe as ProbeType
  const thresholds = {
    successThreshold: input.successThreshold ?? 1,
    failureThreshold: input.failureThreshold ?? 1,
  }
  const started = input.started ?? probeType !== 'startup'
  let id = 'c1'
  const view = (): WorkerView => ({
    probeType,
    pod: { phase: 'Running', deleted: false, restartPolicy: 'Always' },
    container: { id, state: 'running', started, runningSeconds: 1000, sidecar: false },
    initialDelaySeconds: 0,
  })
  let state = newWorkerState
  let result: ProbeResult | undefined
  const results: (ProbeResult | undefined)[] = []
  const resultRun: number[] = []
  const holds: boolean[] = []
  const step = (outcome: 'Success' | 'Failure' | 'Unknown'): void => {
    const got = turn(state, result, view(), thresholds, outcome === 'Unknown' ? undefined : outcome)
    state = got.state
    result = got.result
  }
  for (const outcome of input.outcomes) {
    step(outcome)
    results.push(result)
    resultRun.push(state.resultRun)
    holds.push(state.onHold)
  }
  const onHold = state.onHold
  if (input.thenNewContainerID) {
    id = 'c2'
    step(input.thenOutcome)
  }
  if (Array.isArray(row.expected)) return results
  return {
    results,
    resultRun,
    resultRunAfter: resultRun,
    onHold,
    onHoldAfter: holds.indexOf(true) + 1,
    ...(input.thenNewContainerID ? { afterNewContainer: result, onHoldAfterNewContainer: state.onHold } : {}),
  }
}

function defaults({ input }: Row): unknown {
  if (input.field !== undefined) {
    return (probeDefaults as Record<string, number>)[input.field] ?? notRunnable
  }
  if (input.constant === 'maxProbeRetries') return maxProbeRetries
  const probe = input.probe as ProbeType | undefined
  const running = { id: 'c1', state: 'running' as const, started: true, runningSeconds: 100, sidecar: false }
  const pod = { phase: 'Running', deleted: false, restartPolicy: 'Always' as const }
  if (input.started !== undefined) {
    const runs = (kind: ProbeType): boolean =>
      beforeProbe(newWorkerState, {
        probeType: kind,
        pod,
        container: { ...running, started: input.started },
        initialDelaySeconds: 0,
      }).next === 'probe'
    return { readinessRuns: runs('readiness'), livenessRuns: runs('liveness'), startupRuns: runs('startup') }
  }
  if (input.event === 'containerIDChanged') {
    const held: WorkerState = { containerId: 'c0', onHold: true, lastResult: 'Failure', resultRun: 2 }
    const got = beforeProbe(held, { probeType: 'liveness', pod, container: running, initialDelaySeconds: 1000 })
    return {
      result: got.results.at(-1)?.result === initialResult.liveness ? 'initial value' : got.results.at(-1)?.result,
      resultRun: got.state.resultRun === held.resultRun ? 'unchanged' : got.state.resultRun,
      onHold: got.state.onHold,
    }
  }
  if (probe === undefined) return notRunnable
  if (input.output !== undefined) return podEvents.unhealthy(title(probe), input.output)
  if (input.err !== undefined) return podEvents.probeErrored(title(probe), input.err)
  if (input.outcome === 'error')
    return { resultChanged: afterProbe(newWorkerState, probe, one, undefined).result !== undefined }
  if (input.result === 'Failure threshold reached') {
    const { onHold } = afterProbe(newWorkerState, probe, one, 'Failure').state
    return { onHold, until: 'container ID changes' }
  }
  // What a failed readiness probe leads to is prose.
  if (input.result !== undefined) return notRunnable
  return initialResult[probe]
}

export const probeRows: Record<string, RowRunner> = {
  E_probe_defaults: defaults,
  E_probe_do_probe: doProbe,
  E_probe_sequences: sequence,
}
