// Probe workers: one record per container and kind, each with its own ticker.
// Upstream: pkg/kubelet/prober/prober_manager.go (AddPod, StopLivenessAndStartup, UpdatePodStatus), worker.go (run),
// prober.go (probe, runProbeWithRetries), pkg/kubelet/kubelet.go (handleProbeSync).
import type { Container, ContainerStatus, Pod } from '../../apiserver/objects.ts'
import { parseRfc3339, SECOND } from '../../../sim/clock.ts'
import { placeOf, type SimEvent } from '../../../sim/contract.ts'
import type { KubeletItem, ModelWorld, ProbeRecord } from '../../tables.ts'
import { klog } from '../klog.ts'
import type { ProbeResult } from '../pod-actions.ts'
import { makeStatus, podOf } from '../pod-view.ts'
import { podText, updatePod, worker } from '../pod-workers.ts'
import { isSidecar } from '../restart-policy.ts'
import { currentStatus, setStatus } from '../status-manager.ts'
import { enqueue } from '../sync-loop.ts'
import { attemptProbe } from './attempts.ts'
import { beforeProbe, withProbeDefaults, type WorkerState } from './probe-decisions.ts'
import { joined } from '../../../sim/joined.ts'

type Kind = ProbeRecord['probe']
const kinds: readonly Kind[] = ['startup', 'readiness', 'liveness']
export const probeField = { startup: 'startupProbe', readiness: 'readinessProbe', liveness: 'livenessProbe' } as const
const words = { Success: 'success', Failure: 'failure', Unknown: 'unknown' } as const

export const probeId = (node: string, uid: string, container: string, probe: Kind): string =>
  `${node}|${uid}|${container}|${probe}`

/** Containers that are probed: the regular ones and the sidecars. */
export function probedContainers(pod: Pod): Container[] {
  return [...pod.spec.containers, ...(pod.spec.initContainers ?? []).filter(isSidecar)]
}

/** Starts the workers that are not there yet. */
export function addProbes(world: ModelWorld, node: string, pod: Pod): void {
  const { uid, name, namespace = 'default' } = pod.metadata
  for (const spec of probedContainers(pod)) {
    for (const probe of kinds) {
      const wanted = spec[probeField[probe]]
      const id = probeId(node, uid, spec.name, probe)
      if (wanted === undefined || world.get('probes', id) !== undefined) continue
      const periodMicros = withProbeDefaults(wanted).periodSeconds * SECOND
      const kubelet = world.get('kubelets', node)!
      // Just after the kubelet's own start its workers spread over a period, so that they do not all probe at once.
      const spread = periodMicros > world.now - kubelet.since ? world.random(`kubelet ${node} probes`, periodMicros) : 0
      const timer = world.send(
        'timer.kubelet.probe',
        `${node}/kubelet`,
        { boot: kubelet.boot, id },
        { delayMicros: spread },
      )
      world.put('probes', id, {
        node,
        uid,
        namespace,
        pod: name,
        container: spec.name,
        probe,
        nextAt: world.now + spread,
        periodMicros,
        result: 'unknown',
        successes: 0,
        failures: 0,
        inFlight: false,
        containerId: '',
        onHold: false,
        tries: 0,
        timer,
        attempt: 0,
      })
    }
  }
}

export function removeProbes(world: ModelWorld, node: string, uid: string): void {
  for (const record of world.by('probes', 'pod', joined(node, uid))) stop(world, record)
}

/** A pod on its way out keeps only its readiness. */
export function stopLivenessAndStartup(world: ModelWorld, node: string, uid: string): void {
  for (const record of world.by('probes', 'pod', joined(node, uid)))
    if (record.probe !== 'readiness') stop(world, record)
}

export function stop(world: ModelWorld, record: ProbeRecord): void {
  world.cancel(record.timer)
  world.put('probes', probeId(record.node, record.uid, record.container, record.probe), undefined)
}

/**
 * A container is up and its readiness has not looked at it yet: it need not wait for the ticker.
 * Upstream UpdatePodStatus, manualTriggerCh.
 */
export function triggerReadiness(
  world: ModelWorld,
  node: string,
  uid: string,
  statuses: readonly ContainerStatus[],
): void {
  for (const status of statuses) {
    if (status.state.running === undefined || status.started !== true || status.ready) continue
    const id = probeId(node, uid, status.name, 'readiness')
    const record = world.get('probes', id)
    if (record === undefined || record.inFlight || status.containerID?.endsWith(`/${record.containerId}`)) continue
    if (record.nextAt === world.now) continue
    world.cancel(record.timer)
    const timer = world.send('timer.kubelet.probe', `${node}/kubelet`, { boot: world.get('kubelets', node)!.boot, id })
    world.put('probes', id, { ...record, nextAt: world.now, timer })
  }
}

export function stateOf(record: ProbeRecord): WorkerState {
  const lastResult = record.successes > 0 ? 'Success' : record.failures > 0 ? 'Failure' : undefined
  return {
    containerId: record.containerId,
    onHold: record.onHold,
    lastResult,
    resultRun: record.successes || record.failures,
  }
}

export function withState(record: ProbeRecord, state: WorkerState): ProbeRecord {
  return {
    ...record,
    containerId: state.containerId,
    onHold: state.onHold,
    successes: state.lastResult === 'Success' ? state.resultRun : 0,
    failures: state.lastResult === 'Failure' ? state.resultRun : 0,
  }
}

export function onProbeTick(world: ModelWorld, event: SimEvent<{ boot: number; id: string }>): void {
  const node = placeOf(event.to)
  const { boot, id } = event.data
  const record = world.get('probes', id)
  if (record === undefined || world.get('kubelets', node)?.boot !== boot) return
  const pod = podOf(world, node, record.uid)
  const spec = pod && probedContainers(pod).find((c) => c.name === record.container)
  const wanted = spec?.[probeField[record.probe]]
  if (pod === undefined || spec === undefined || wanted === undefined) return stop(world, record)

  const timer = world.send('timer.kubelet.probe', event.to, event.data, { delayMicros: record.periodMicros })
  let next: ProbeRecord = { ...record, timer, nextAt: world.now + record.periodMicros }
  // The worker is still busy with the turn before: its ticker drops this one.
  if (record.inFlight) return world.put('probes', id, next)

  const status = currentStatus(world, node, pod)
  const known = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])].find(
    (s) => s.name === spec.name,
  )
  const startedAt = known?.state.running?.startedAt
  const turn = beforeProbe(stateOf(record), {
    probeType: record.probe,
    pod: {
      phase: status.phase ?? '',
      deleted: pod.metadata.deletionTimestamp !== undefined,
      restartPolicy: pod.spec.restartPolicy ?? 'Always',
    },
    container:
      known === undefined
        ? undefined
        : {
            id: (known.containerID ?? '').replace(/^[a-z-]+:\/\//, ''),
            state: known.state.running ? 'running' : known.state.terminated ? 'terminated' : 'waiting',
            started: known.started === true,
            runningSeconds: startedAt === undefined ? 0 : (world.now - parseRfc3339(startedAt)) / SECOND,
            sidecar: isSidecar(spec),
          },
    initialDelaySeconds: withProbeDefaults(wanted).initialDelaySeconds,
  })
  next = withState(next, turn.state)
  for (const write of turn.results) next = setResult(world, next, write.result)
  if (turn.next === 'stop') return stop(world, next)
  if (turn.next === 'wait') {
    world.put('probes', id, next)
    return
  }
  const attempt = record.attempt + 1
  world.put('probes', id, { ...next, inFlight: true, tries: 1, attempt })
  attemptProbe(world, node, pod, spec, wanted, { ...next, attempt })
}

/** Results that change go into their channel, as results_manager does. */
export function setResult(world: ModelWorld, record: ProbeRecord, result: ProbeResult | undefined): ProbeRecord {
  if (result === undefined) return { ...record, result: 'unknown' }
  const word = words[result]
  if (record.result === word) return record
  enqueue(world, record.node, record.probe, {
    what: result,
    uid: record.uid,
    name: record.container,
    result: word,
    containerId: record.containerId,
  })
  return { ...record, result: word }
}

/** The sync loop learns of a result that changed. */
export function handleProbeUpdate(world: ModelWorld, node: string, channel: string, item: KubeletItem): void {
  const uid = item.uid!
  const pod = podOf(world, node, uid)
  if (pod === undefined) return
  // A liveness result matters only when it is a failure.
  if (channel === 'liveness' && item.result !== 'failure') return
  const record = worker(world, node, uid)
  if (channel !== 'liveness' && record !== undefined) {
    // SetContainerReadiness, SetContainerStartup: the status changes before the sync.
    setStatus(world, node, pod, makeStatus(world, record, pod, record.state !== 'syncing'))
  }
  const status =
    channel === 'liveness'
      ? 'unhealthy'
      : channel === 'readiness'
        ? item.result === 'success'
          ? 'ready'
          : 'not ready'
        : item.result === 'success'
          ? 'started'
          : 'unhealthy'
  klog(world, node, 'I', 'kubelet.go:2694', 'SyncLoop (probe)', { probe: channel, status, pod: podText(pod) })
  updatePod(world, node, uid, { type: 'sync' })
}
