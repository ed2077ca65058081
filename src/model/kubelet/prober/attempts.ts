// One probe: sent, answered, judged. Upstream: pkg/kubelet/prober/prober.go (probe, runProbeWithRetries, recordContainerEvent).
import type { Container, Pod, Probe } from '../../apiserver/objects.ts'
import { SECOND } from '../../../sim/clock.ts'
import type { ExecSyncResponse } from '../../cri/api.ts'
import type { CriResponse } from '../../messages.ts'
import type { ModelWorld, ProbeRecord } from '../../tables.ts'
import { cri, rpcError, tell, type Ctx } from '../calls.ts'
import { podEvents } from '../event-texts.ts'
import { klog } from '../klog.ts'
import { podOf } from '../pod-view.ts'
import { podText } from '../pod-workers.ts'
import { currentStatus } from '../status-manager.ts'
import { dial, type DialAnswer } from './dial.ts'
import { afterProbe, maxProbeRetries, withProbeDefaults } from './probe-decisions.ts'
import { probedContainers, probeField, probeId, setResult, stateOf, stop, withState } from './prober.ts'
import { portOf } from './targets.ts'

const title = { startup: 'Startup', readiness: 'Readiness', liveness: 'Liveness' } as const
const results = { success: 'Success', failure: 'Failure', unknown: undefined } as const

export function attemptProbe(
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
  const wanted = spec?.[probeField[record.probe]]
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
