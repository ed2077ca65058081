// Probe workers: one record per container and kind, each with its own ticker.
// Upstream: pkg/kubelet/prober/prober_manager.go (AddPod, StopLivenessAndStartup, UpdatePodStatus), worker.go (run),
// prober.go (probe, runProbeWithRetries), pkg/kubelet/kubelet.go (handleProbeSync).
import type { Container, ContainerStatus, Pod, Probe } from '../../apiserver/objects.ts'
import { parseRfc3339, SECOND } from '../../../sim/clock.ts'
import { placeOf, type SimEvent } from '../../../sim/contract.ts'
import type { ExecSyncResponse } from '../../cri/api.ts'
import type { CriResponse } from '../../messages.ts'
import type { KubeletItem, ModelWorld, ProbeRecord } from '../../tables.ts'
import { cri, rpcError, tell, type Ctx } from '../calls.ts'
import { podEvents } from '../event-texts.ts'
import { klog } from '../klog.ts'
import type { ProbeResult } from '../pod-actions.ts'
import { makeStatus, podOf } from '../pod-view.ts'
import { podText, updatePod, worker } from '../pod-workers.ts'
import { isSidecar } from '../restart-policy.ts'
import { currentStatus, setStatus } from '../status-manager.ts'
import { enqueue } from '../sync-loop.ts'
import { dial, type DialAnswer } from './dial.ts'
import { afterProbe, beforeProbe, maxProbeRetries, withProbeDefaults, type WorkerState } from './probe-decisions.ts'
import { portOf } from './targets.ts'

type Kind = ProbeRecord['probe']
const kinds: readonly Kind[] = ['startup', 'readiness', 'liveness']
const field = { startup: 'startupProbe', readiness: 'readinessProbe', liveness: 'livenessProbe' } as const
const title = { startup: 'Startup', readiness: 'Readiness', liveness: 'Liveness' } as const
const words = { Success: 'success', Failure: 'failure', Unknown: 'unknown' } as const
const results = { success: 'Success', failure: 'Failure', unknown: undefined } as const

export const probeId = (node: string, uid: string, container: string, probe: Kind): string =>
  `${node}|${uid}|${container}|${probe}`

/** Containers that are probed: the regular ones and the sidecars. */
function probedContainers(pod: Pod): Container[] {
  return [...pod.spec.containers, ...(pod.spec.initContainers ?? []).filter(isSidecar)]
}

/** Starts the workers that are not there yet. */
export function addProbes(world: ModelWorld, node: string, pod: Pod): void {
  const { uid, name, namespace = 'default' } = pod.metadata
  for (const spec of probedContainers(pod)) {
    for (const probe of kinds) {
      const wanted = spec[field[probe]]
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
  for (const record of world.by('probes', 'pod', `${node}|${uid}`)) stop(world, record)
}

/** A pod on its way out keeps only its readiness. */
export function stopLivenessAndStartup(world: ModelWorld, node: string, uid: string): void {
  for (const record of world.by('probes', 'pod', `${node}|${uid}`))
    if (record.probe !== 'readiness') stop(world, record)
}

function stop(world: ModelWorld, record: ProbeRecord): void {
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

function stateOf(record: ProbeRecord): WorkerState {
  const lastResult = record.successes > 0 ? 'Success' : record.failures > 0 ? 'Failure' : undefined
  return {
    containerId: record.containerId,
    onHold: record.onHold,
    lastResult,
    resultRun: record.successes || record.failures,
  }
}

function withState(record: ProbeRecord, state: WorkerState): ProbeRecord {
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
  const wanted = spec?.[field[record.probe]]
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
function setResult(world: ModelWorld, record: ProbeRecord, result: ProbeResult | undefined): ProbeRecord {
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

function attemptProbe(
  world: ModelWorld,
  node: string,
  pod: Pod,
  spec: Container,
  probe: Probe,
  record: ProbeRecord,
): void {
  const ctx: Omit<Ctx, 'boot'> = {
    who: 'probe',
    epoch: record.attempt,
    key: probeId(node, record.uid, record.container, record.probe),
  }
  const { timeoutSeconds } = withProbeDefaults(probe)
  const timeoutMicros = timeoutSeconds * SECOND
  const podIP = currentStatus(world, node, pod).podIP ?? ''
  if (probe.exec) {
    cri(
      world,
      node,
      'ExecSync',
      { container_id: record.containerId, cmd: probe.exec.command ?? [], timeout: timeoutSeconds },
      ctx,
    )
  } else if (probe.httpGet) {
    const { host, port, path = '/', scheme = 'HTTP' } = probe.httpGet
    dial(
      world,
      node,
      { kind: 'http', ip: host || podIP, port: portOf(spec, port), path, https: scheme === 'HTTPS', timeoutMicros },
      ctx,
    )
  } else if (probe.tcpSocket) {
    dial(
      world,
      node,
      {
        kind: 'tcp',
        ip: probe.tcpSocket.host || podIP,
        port: portOf(spec, probe.tcpSocket.port),
        path: '',
        https: false,
        timeoutMicros,
      },
      ctx,
    )
  } else {
    dial(
      world,
      node,
      { kind: 'tcp', ip: podIP, port: probe.grpc?.port ?? 0, path: '', https: false, timeoutMicros },
      ctx,
    )
  }
}

export function onProbeExec(world: ModelWorld, node: string, ctx: Ctx, response: CriResponse): void {
  if (response.error) {
    // A command that ran out of time has failed; anything else is an error of the probe.
    if (response.error.code === 'DeadlineExceeded') return probed(world, node, ctx, 'Failure', response.error.message)
    return probed(world, node, ctx, undefined, rpcError(response.error))
  }
  const { stdout, stderr, exit_code: code } = response.response as ExecSyncResponse
  return probed(world, node, ctx, code === 0 ? 'Success' : 'Failure', stdout + stderr)
}

export function onProbeDial(world: ModelWorld, node: string, answer: DialAnswer): void {
  const { error, status } = answer
  if (error !== undefined) return probed(world, node, answer.ctx, 'Failure', error)
  if (status === undefined || (status >= 200 && status < 400))
    return probed(world, node, answer.ctx, 'Success', answer.body ?? '')
  return probed(world, node, answer.ctx, 'Failure', `HTTP probe failed with statuscode: ${status}`)
}

function probed(
  world: ModelWorld,
  node: string,
  ctx: Ctx,
  outcome: 'Success' | 'Failure' | undefined,
  output: string,
): void {
  const record = world.get('probes', ctx.key!)
  if (record === undefined || !record.inFlight || record.attempt !== ctx.epoch) return
  const pod = podOf(world, node, record.uid)
  const spec = pod && probedContainers(pod).find((c) => c.name === record.container)
  const wanted = spec?.[field[record.probe]]
  if (pod === undefined || spec === undefined || wanted === undefined) return stop(world, record)

  if (outcome === undefined && record.tries < maxProbeRetries) {
    world.put('probes', ctx.key!, { ...record, tries: record.tries + 1 })
    return attemptProbe(world, node, pod, spec, wanted, record)
  }
  const kind = title[record.probe]
  if (outcome === undefined) tell(world, node, pod, podEvents.probeErrored(kind, output), spec)
  else if (outcome === 'Failure') {
    klog(world, node, 'I', 'prober.go:120', 'Probe failed', {
      probeType: kind,
      pod: podText(pod),
      podUID: record.uid,
      containerName: record.container,
      probeResult: 'failure',
      output,
    })
    tell(world, node, pod, podEvents.unhealthy(kind, output), spec)
  }
  const { successThreshold, failureThreshold } = withProbeDefaults(wanted)
  const then = afterProbe(stateOf(record), record.probe, { successThreshold, failureThreshold }, outcome)
  world.because('KL13', {
    probe: record.probe,
    outcome: outcome ?? 'error',
    why: then.why,
    result: then.result ?? results[record.result] ?? 'Unknown',
  })
  let next: ProbeRecord = {
    ...withState(record, then.state),
    inFlight: false,
    lastAt: world.now,
    lastOutput: output.slice(0, 500),
  }
  if (then.result !== undefined) next = setResult(world, next, then.result)
  world.put('probes', ctx.key!, next)
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
