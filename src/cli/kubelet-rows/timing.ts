import {
  crashLoopPolicy,
  crashLoopPolicyFor,
  imagePullPolicy,
  inBackoff,
  nextBackoff,
  reducedCrashLoopPolicy,
  type BackoffEntry,
  type BackoffPolicy,
} from '../../model/kubelet/backoff.ts'
import type { Container } from '../../model/apiserver/objects.ts'
import { containerStatuses } from '../../model/kubelet/container-statuses.ts'
import { goDuration, parseGoDuration } from '../../model/kubelet/durations.ts'
import { crashLoopMessage, podEvents } from '../../model/kubelet/event-texts.ts'
import { defaultPullPolicy } from '../../model/kubelet/images/image-name.ts'
import { gracePeriodSeconds, killMessage, stopTimeoutSeconds } from '../../model/kubelet/kill-container.ts'
import { computePodActions, type KillReason } from '../../model/kubelet/pod-actions.ts'
import { syncPodSteps, terminationSteps } from '../../model/kubelet/sync-steps.ts'
import { SECOND } from '../../sim/clock.ts'
import { notRunnable, type Row, type RowData, type RowRunner } from '../conformance-row.ts'
import { podOfRow } from './pods.ts'

const seconds = (micros: number): number => micros / SECOND

function policyOf(input: RowData): BackoffPolicy {
  return {
    initial: parseGoDuration(input.initial ?? '10s'),
    max: parseGoDuration(input.max ?? '300s'),
    resetAfter: crashLoopPolicy.resetAfter,
  }
}

/** Waits counted from each exit, for exits that follow each start at once. */
function waits(policy: BackoffPolicy, exits: number): number[] {
  const out: number[] = []
  let entry: BackoffEntry | undefined
  let now = 0
  for (let i = 0; i < exits; i++) {
    const exit = now
    let wait = 0
    if (inBackoff(entry, exit, exit, policy)) wait = entry!.backoff
    if (inBackoff(entry, exit, exit + wait, policy)) throw new Error('still in back-off after the wait')
    out.push(seconds(wait))
    now = exit + wait
    entry = nextBackoff(entry, exit, now, policy)
  }
  return out
}

function timing(row: Row): unknown {
  const { input, name } = row
  if (input.consecutiveExits !== undefined) {
    return { delaySeconds: waits(policyOf(input), input.consecutiveExits).at(-1) }
  }
  if (input['now-finishedAt'] !== undefined) {
    const entry = { backoff: parseGoDuration(input.current), lastUpdate: 0 }
    return { inBackOff: inBackoff(entry, 0, parseGoDuration(input['now-finishedAt'])) }
  }
  if (input['finishedAt-lastUpdate'] !== undefined) {
    const finished = parseGoDuration(input['finishedAt-lastUpdate'])
    const entry = { backoff: parseGoDuration(input.current ?? '300s'), lastUpdate: 0 }
    const waiting = inBackoff(entry, finished, finished)
    const next = nextBackoff(entry, finished, finished)
    return {
      expired: !waiting,
      nextDelaySeconds: waiting ? seconds(entry.backoff) : 0,
      thenDelaySeconds: seconds(next.backoff),
    }
  }
  if (input.stage !== undefined) {
    return { initial: goDuration(reducedCrashLoopPolicy.initial), max: `${seconds(reducedCrashLoopPolicy.max)}s` }
  }
  if (input.maxContainerRestartPeriod !== undefined) {
    const policy = crashLoopPolicyFor(parseGoDuration(input.maxContainerRestartPeriod))
    return { initialSeconds: seconds(policy.initial), maxSeconds: seconds(policy.max) }
  }
  if (name.startsWith('image pull back-off')) {
    return waits(
      { ...imagePullPolicy, initial: parseGoDuration(input.initial), max: parseGoDuration(input.max) },
      7,
    ).slice(1)
  }
  if (input.delay !== undefined) {
    return {
      reason: 'CrashLoopBackOff',
      message: crashLoopMessage(parseGoDuration(input.delay), input.container, input.pod),
    }
  }
  if (input.image !== undefined) return defaultPullPolicy(input.image)
  if (name.startsWith('StopContainer timeout')) return stopTimeout(input)
  if (name.startsWith('reset'))
    return { resetAfterSeconds: seconds(crashLoopPolicyFor(parseGoDuration(input.max)).resetAfter) }
  if (name.startsWith('order of termination')) return terminationSteps.map((s) => s.says)
  return notRunnable
}

function stopTimeout(input: RowData): unknown {
  const kind = input.reason === 'liveness' ? 'Liveness' : input.reason === 'startup' ? 'Startup' : undefined
  const probe = { terminationGracePeriodSeconds: input.probeTerminationGracePeriodSeconds }
  const container: Container = { name: 'app', image: 'x', livenessProbe: probe, startupProbe: probe }
  const pod = podOfRow({
    containers: [container],
    // The API server's default where the row names no other.
    terminationGracePeriodSeconds: input.podTerminationGracePeriodSeconds ?? 30,
  })
  if (input.deletionGracePeriodSeconds !== undefined) {
    pod.metadata.deletionGracePeriodSeconds = input.deletionGracePeriodSeconds
  }
  const grace = gracePeriodSeconds(pod, container, kind as KillReason | undefined)
  return stopTimeoutSeconds(grace, input.preStopSeconds ?? 0, input.override)
}

const sandbox = { id: 's', state: 'READY' as const, attempt: 0, createdAt: 1, ip: '10.0.0.1', hostNetwork: false }

/** The message that computePodActions gives for a running container that must go. */
function killed(input: RowData, cause: 'Liveness' | 'Startup' | 'SpecChanged' | 'Unknown', init: boolean): unknown {
  const container: Container = {
    name: input.container,
    image: 'x',
    livenessProbe: {},
    startupProbe: {},
    ...(init ? { restartPolicy: 'Always' } : {}),
  }
  const pod = podOfRow({
    restartPolicy: input.restartPolicy ?? 'Always',
    containers: init ? [{ name: 'main', image: 'x' }] : [container],
    initContainers: init ? [container] : [],
  })
  const state = cause === 'Unknown' ? ('unknown' as const) : ('running' as const)
  const actions = computePodActions(
    pod,
    {
      uid: pod.metadata.uid,
      ips: [],
      sandboxes: [sandbox],
      containers: [
        { id: 'k', name: container.name, state, createdAt: 1, exitCode: 0, image: 'x', imageRef: 'x', restartCount: 0 },
      ],
    },
    {
      liveness: () => (cause === 'Liveness' ? 'Failure' : 'Success'),
      startup: () => (cause === 'Startup' ? 'Failure' : 'Success'),
      specChanged: () => cause === 'SpecChanged',
    },
  )
  return podEvents.killing(killMessage(container.name, actions.containersToKill[0]?.message))
}

function killMessages({ input, name }: Row): unknown {
  switch (input.cause) {
    case 'createSandbox':
      return podEvents.failedCreateSandbox(input.err)
    case 'sandboxStatus':
      return podEvents.failedSandboxStatus(input.err)
    case 'sandboxChanged':
      return podEvents.sandboxChanged()
    case 'liveness':
      return killed(input, 'Liveness', false)
    case 'startup':
      return killed(input, 'Startup', false)
    case 'specChanged':
    case 'definitionChanged':
    case 'spec changed':
      return killed(input, 'SpecChanged', false)
    case 'unknown':
      return killed(input, 'Unknown', false)
    case 'initLiveness':
      return killed(input, 'Liveness', true)
    case 'initStartup':
      return killed(input, 'Startup', true)
    case 'initSpecChanged':
      return killed(input, 'SpecChanged', true)
    case 'delete':
      return podEvents.killing(killMessage(input.container))
    case 'backoff':
      return podEvents.backOffStart(input.container, input.pod)
    case 'networkNotReady':
      return podEvents.networkNotReady(input.err)
    case 'lost': {
      const pod = podOfRow({ containers: [{ name: 'app', image: 'x' }] }, input.deleted === true)
      const [status] = containerStatuses({
        pod,
        runtime: { uid: pod.metadata.uid, sandboxes: [], containers: [], ips: [] },
        containers: pod.spec.containers,
        previous: [
          { name: 'app', state: { running: {} }, lastState: {}, ready: true, restartCount: 0, image: 'x', imageID: '' },
        ],
        isInit: false,
        failure: () => undefined,
      })
      const last = status!.lastState.terminated
      return {
        lastStateReason: last?.reason,
        message: last?.message,
        exitCode: last?.exitCode,
        restartCount: status!.restartCount,
      }
    }
    default:
      return name.startsWith('SyncPod steps') ? syncPodSteps.map((s) => s.says) : notRunnable
  }
}

export const timingRows: Record<string, RowRunner> = {
  D_restart_timing: timing,
  D_kill_messages: killMessages,
}
