// One container after another: back-off, image, create, start, postStart.
// Upstream: pkg/kubelet/kuberuntime/kuberuntime_manager.go (SyncPod start, doBackOff),
// pkg/kubelet/kuberuntime/kuberuntime_container.go (startContainer).
import type { Container, Pod } from '../apiserver/objects.ts'
import type { CreateContainerResponse } from '../cri/api.ts'
import type { CriResponse } from '../messages.ts'
import type { ModelWorld, PodJob, PodWorkerRecord } from '../tables.ts'
import { inBackoff, nextBackoff } from './backoff.ts'
import { cri, tell } from './calls.ts'
import { containerConfig, containerHash, missingReference, sandboxConfig } from './container-config.ts'
import { crashLoopMessage, formatPod, podEvents } from './event-texts.ts'
import { runHook } from './hooks.ts'
import { ensureImage } from './images/image-manager.ts'
import { killOf, beginKills } from './kill-pod.ts'
import { klog } from './klog.ts'
import { runtimeOf } from './pod-view.ts'
import { completeJob, podText, putWorker } from './pod-workers.ts'
import { isSidecar } from './restart-policy.ts'
import { joined } from '../../sim/joined.ts'

export function specOf(pod: Pod, name: string): Container | undefined {
  const { containers, initContainers = [], ephemeralContainers = [] } = pod.spec
  return [...containers, ...initContainers, ...ephemeralContainers].find((c) => c.name === name)
}

/** Takes the next container that waits to be started, or ends the job. */
export function startNextContainer(world: ModelWorld, record: PodWorkerRecord, pod: Pod): void {
  let job = record.job!
  let current = record
  while (job.starts.length > 0) {
    const [next, ...starts] = job.starts
    const spec = specOf(pod, next!.name)
    if (spec === undefined) {
      job = { ...job, starts }
      continue
    }
    const held = backOff(world, current, pod, spec)
    if (held === undefined) {
      job = { ...job, starts, step: 'image', start: { ...next!, since: world.now } }
      return ensureImage(world, { ...current, job }, pod, spec)
    }
    const message = crashLoopMessage(held.delay, spec.name, formatPod(pod))
    const news = job.news || isNews(current, spec.name, 'CrashLoopBackOff')
    current = failed(current, spec.name, 'CrashLoopBackOff', message)
    job = withError({ ...job, starts, news }, startError(spec.name, 'CrashLoopBackOff', message), held.until)
    job = afterFailure(job, next!.kind, spec)
    current = { ...current, job }
  }
  const error =
    job.errors.length === 0 ? undefined : job.errors.length === 1 ? job.errors[0]! : `[${job.errors.join(', ')}]`
  completeJob(
    world,
    { ...current, job },
    {
      ...(error === undefined ? {} : { error }),
      ...(job.backoffUntil === undefined ? {} : { backoffUntil: job.backoffUntil }),
    },
  )
}

export const startError = (container: string, reason: string, message: string): string =>
  `failed to "StartContainer" for "${container}" with ${reason}: ${JSON.stringify(message)}`

export function withError(job: PodJob, error: string, backoffUntil?: number): PodJob {
  const until = backoffUntil === undefined ? job.backoffUntil : Math.min(backoffUntil, job.backoffUntil ?? backoffUntil)
  return { ...job, errors: [...job.errors, error], ...(until === undefined ? {} : { backoffUntil: until }) }
}

/** A plain init container that cannot start holds up all that comes after it. */
function afterFailure(job: PodJob, kind: 'ephemeral' | 'init' | 'container', spec: Container): PodJob {
  return kind === 'init' && !isSidecar(spec) ? { ...job, starts: [] } : job
}

/** A container that has another reason to wait than before: its status is worth another look. */
const isNews = (record: PodWorkerRecord, container: string, reason: string): boolean =>
  record.failures[container]?.reason !== reason

export function failed(record: PodWorkerRecord, container: string, reason: string, message: string): PodWorkerRecord {
  return { ...record, failures: { ...record.failures, [container]: { reason, message } } }
}

function succeeded(record: PodWorkerRecord, container: string): PodWorkerRecord {
  const { [container]: _gone, ...failures } = record.failures
  return { ...record, failures }
}

/** Upstream doBackOff: an exited container waits, counted from its end. */
function backOff(
  world: ModelWorld,
  record: PodWorkerRecord,
  pod: Pod,
  spec: Container,
): { delay: number; until: number } | undefined {
  const { node, uid } = record
  const dead = runtimeOf(world, node, uid)
    .containers.filter((c) => c.name === spec.name && c.state === 'exited')
    .sort((a, b) => b.createdAt - a.createdAt)[0]
  if (dead === undefined) return undefined
  const since = dead.finishedAt ?? dead.createdAt
  const key = `${uid}_${spec.name}_${containerHash(spec)}`
  const id = joined(node, key)
  const known = world.get('backoffs', id)
  const entry = known && { backoff: known.delayMicros, lastUpdate: known.since }
  if (inBackoff(entry, since, world.now)) {
    const until = since + entry!.backoff
    world.because('KL4', { container: spec.name, exitedAt: since, waitMicros: entry!.backoff, until })
    world.put('backoffs', id, { ...known!, until })
    tell(world, node, pod, podEvents.backOffStart(spec.name, formatPod(pod)), spec)
    return { delay: entry!.backoff, until }
  }
  const next = nextBackoff(entry, since, world.now)
  world.because('KL5', {
    container: spec.name,
    exitCode: dead.exitCode,
    restartPolicy: pod.spec.restartPolicy ?? 'Always',
  })
  world.put('backoffs', id, {
    node,
    key,
    what: 'container',
    uid,
    container: spec.name,
    delayMicros: next.backoff,
    since: next.lastUpdate,
    until: world.now,
  })
  return undefined
}

/** The container could not be started: said as an event, remembered as its waiting reason, and on to the next. */
export function startFailed(
  world: ModelWorld,
  record: PodWorkerRecord,
  pod: Pod,
  reason: string,
  message: string,
  options: { quiet?: boolean; backoffUntil?: number } = {},
): void {
  const { node } = record
  const job = record.job!
  const start = job.start!
  const spec = specOf(pod, start.name)!
  if (!options.quiet) {
    klog(world, node, 'E', 'kuberuntime_manager.go:1664', 'Unhandled Error', {
      err: `${start.kind === 'container' ? 'container' : `${start.kind} container`} ${start.name} start failed in pod ${formatPod(pod)}: ${reason}: ${message}`,
    })
  }
  const { start: _start, call: _call, ...rest } = job
  const news = job.news || isNews(record, start.name, reason)
  const next = afterFailure(
    withError({ ...rest, news }, startError(start.name, reason, message), options.backoffUntil),
    start.kind,
    spec,
  )
  startNextContainer(world, { ...failed(record, start.name, reason, message), job: next }, pod)
}

/** The image is there: make the container. */
export function createContainer(world: ModelWorld, record: PodWorkerRecord, pod: Pod, imageId: string): void {
  const { node, uid } = record
  const job = record.job!
  const start = job.start!
  const spec = specOf(pod, start.name)!
  const missing = missingReference(world, node, uid, pod, spec)
  if (missing === 'wait') {
    putWorker(world, {
      ...record,
      doing: 'reads ConfigMaps and Secrets',
      job: { ...job, step: 'objects', start: { ...start, imageId } },
    })
    return
  }
  if (missing !== undefined) {
    world.because('KL28', { container: spec.name, missing })
    tell(world, node, pod, podEvents.failed(missing), spec)
    return startFailed(world, record, pod, 'CreateContainerConfigError', missing)
  }
  const previous = runtimeOf(world, node, uid).containers.filter((c) => c.name === spec.name)
  const attempt = previous.reduce((most, c) => Math.max(most, c.restartCount + 1), 0)
  putWorker(world, {
    ...record,
    doing: `CreateContainer ${spec.name}`,
    job: {
      ...job,
      step: 'create',
      start: { ...start, imageId },
      call: { method: 'CreateContainer', since: world.now },
    },
  })
  cri(
    world,
    node,
    'CreateContainer',
    {
      pod_sandbox_id: job.sandboxId,
      config: containerConfig(world, node, pod, spec, { attempt, imageId, podIP: job.ip }),
      sandbox_config: sandboxConfig(node, pod, job.attempt),
    },
    { who: 'worker', uid, epoch: record.epoch, key: spec.name },
  )
}

export function onContainerAnswer(world: ModelWorld, record: PodWorkerRecord, pod: Pod, response: CriResponse): void {
  const { node, uid } = record
  const job = record.job!
  const start = job.start!
  const spec = specOf(pod, start.name)!
  if (response.method === 'CreateContainer') {
    if (response.error) {
      tell(world, node, pod, podEvents.failed(response.error.message), spec)
      return startFailed(world, record, pod, 'CreateContainerError', response.error.message)
    }
    const containerId = (response.response as CreateContainerResponse).container_id
    tell(world, node, pod, podEvents.created(), spec)
    putWorker(world, {
      ...record,
      doing: `StartContainer ${spec.name}`,
      job: {
        ...job,
        step: 'start',
        start: { ...start, containerId },
        call: { method: 'StartContainer', since: world.now },
      },
    })
    cri(
      world,
      node,
      'StartContainer',
      { container_id: containerId },
      { who: 'worker', uid, epoch: record.epoch, key: spec.name },
    )
    return
  }
  if (response.error) {
    tell(world, node, pod, podEvents.failed(response.error.message), spec)
    return startFailed(world, record, pod, 'RunContainerError', response.error.message)
  }
  tell(world, node, pod, podEvents.started(), spec)
  const hook = spec.lifecycle?.postStart
  if (hook !== undefined) {
    const waiting = putWorker(world, { ...record, doing: `postStart ${spec.name}`, job: { ...job, step: 'hook' } })
    runHook(world, waiting, spec, start.containerId!, hook, 'postStart')
    return
  }
  started(world, record, pod)
}

function started(world: ModelWorld, record: PodWorkerRecord, pod: Pod): void {
  const { start, call: _call, ...job } = record.job!
  startNextContainer(world, { ...succeeded(record, start!.name), job }, pod)
}

/** The postStart hook ended; `error` undefined: well. A failed hook takes its container with it. */
export function onPostStart(world: ModelWorld, record: PodWorkerRecord, pod: Pod, error: string | undefined): void {
  if (error === undefined) return started(world, record, pod)
  const { node } = record
  const job = record.job!
  const start = job.start!
  const spec = specOf(pod, start.name)!
  const message = 'PostStartHook failed'
  klog(world, node, 'E', 'kuberuntime_container.go:322', 'Failed to execute PostStartHook', {
    err: error,
    pod: podText(pod),
    podUID: record.uid,
    containerName: start.name,
  })
  tell(world, node, pod, podEvents.failedPostStart(message), spec)
  const kill = killOf(world, record, pod, start.containerId!, start.name, 'FailedPostStartHook')
  const next = failed(record, start.name, 'PostStartHookError', `${message}: ${error}`)
  const { start: _start, call: _call, ...rest } = job
  const ended = afterFailure(
    withError(rest, startError(start.name, 'PostStartHookError', `${message}: ${error}`)),
    start.kind,
    spec,
  )
  // The sandbox stands: what follows the kill is the next container.
  beginKills(world, { ...next, job: { ...ended, createSandbox: false, kills: [kill] } })
}
