// Pod workers: one record per pod, one job at a time in each.
// Upstream: pkg/kubelet/pod_workers.go (UpdatePod, podWorkerLoop, completeWork, completeSync, completeTerminating).
import type { Pod } from '../apiserver/objects.ts'
import { SECOND } from '../../sim/clock.ts'
import type { Micros } from '../../sim/contract.ts'
import type { ModelWorld, PodJob, PodWorkerRecord } from '../tables.ts'
import { deadlineOf } from './active-deadline.ts'
import { jitter } from './calls.ts'
import { startCleanup } from './cleanup-pod.ts'
import { timers, workerBackOffJitterPercent, workerResyncJitterPercent } from './config.ts'
import { startKill } from './kill-pod.ts'
import { klog } from './klog.ts'
import { formatPod } from './event-texts.ts'
import { startSync } from './sync-pod.ts'
import { joined } from '../../sim/joined.ts'

export type PodUpdate = {
  type: 'create' | 'update' | 'sync' | 'kill'
  grace?: number
  ended?: { reason: string; message: string }
}

export const workerId = (node: string, uid: string): string => joined(node, uid)

export const worker = (world: ModelWorld, node: string, uid: string): PodWorkerRecord | undefined =>
  world.get('podWorkers', workerId(node, uid))

export function putWorker(world: ModelWorld, record: PodWorkerRecord): PodWorkerRecord {
  world.put('podWorkers', workerId(record.node, record.uid), record)
  return record
}

export const newJob = (kind: PodJob['kind'], step: string): PodJob => ({
  kind,
  step,
  sandboxId: '',
  attempt: 0,
  ip: '',
  createSandbox: false,
  starts: [],
  kills: [],
  sandboxes: [],
  errors: [],
  acted: false,
})

function newWorker(world: ModelWorld, node: string, uid: string, pod: Pod | undefined): PodWorkerRecord {
  const cached = world.get('podCache', workerId(node, uid))
  return {
    node,
    uid,
    namespace: pod?.metadata.namespace ?? cached?.namespace ?? '',
    name: pod?.metadata.name ?? cached?.name ?? '',
    state: 'syncing',
    busy: false,
    doing: '',
    since: world.now,
    isStatic: world.get('kubeletPods', workerId(node, uid))?.source === 'file',
    epoch: 0,
    again: false,
    lastSyncAt: -1,
    finished: false,
    orphan: pod === undefined,
    mounted: false,
    failures: {},
  }
}

/** Upstream calculateEffectiveGracePeriod: the newest word counts, but it never gets longer again; at least 1 s. */
function effectiveGrace(record: PodWorkerRecord, pod: Pod | undefined, override: number | undefined): number {
  let grace = record.grace
  const offer = (seconds: number | undefined): void => {
    if (seconds !== undefined && (grace === undefined || seconds < grace)) grace = seconds
  }
  if (pod?.metadata.deletionTimestamp !== undefined) offer(pod.metadata.deletionGracePeriodSeconds)
  offer(override)
  if (grace === undefined) offer(pod?.spec.terminationGracePeriodSeconds)
  return Math.max(1, grace ?? 1)
}

/** Tells the worker of a pod that something about it is new. */
export function updatePod(world: ModelWorld, node: string, uid: string, update: PodUpdate): void {
  const pod = world.get('kubeletPods', workerId(node, uid))?.pod
  let record = worker(world, node, uid)
  if (record === undefined) {
    // A pod that was never started needs no ending, unless the runtime still has something of it.
    if (pod === undefined && update.type !== 'kill') return
    record = newWorker(world, node, uid, pod)
  }
  if (record.finished) return

  const phase = pod?.status?.phase
  const becomes =
    record.state === 'syncing' &&
    (pod?.metadata.deletionTimestamp !== undefined ||
      update.type === 'kill' ||
      ((phase === 'Failed' || phase === 'Succeeded') && record.lastSyncAt < 0))
  let shortened = false
  if (becomes) {
    record = { ...record, state: 'terminating', grace: effectiveGrace(record, pod, update.grace) }
    if (update.ended) record = { ...record, ended: update.ended }
  } else if (record.state === 'terminating') {
    const grace = effectiveGrace(record, pod, update.grace)
    shortened = record.grace !== undefined && grace < record.grace
    record = { ...record, grace }
  }

  if (!record.busy) {
    startJob(world, putWorker(world, record))
    return
  }
  if ((becomes || shortened) && interruptible(record.job)) {
    klog(world, node, 'I', 'pod_workers.go:963', 'Cancelling current pod sync', {
      pod: `${record.namespace}/${record.name}`,
    })
    startJob(world, putWorker(world, { ...record, busy: false }))
    return
  }
  if (!record.again || becomes || shortened) putWorker(world, { ...record, again: true })
}

/** Long waits end with their context; a call that the runtime is about to answer is waited for. */
function interruptible(job: PodJob | undefined): boolean {
  if (job === undefined) return true
  return ['waitCache', 'volumes', 'pullQueue', 'pull', 'hook', 'kill', 'cleanup', 'mirror'].includes(job.step)
}

/** Begins what the state of the worker asks for. Its record must not be busy. */
export function startJob(world: ModelWorld, record: PodWorkerRecord): void {
  const { nextDue: _due, job: _job, ...rest } = record
  const kind = record.state === 'syncing' ? 'sync' : record.state === 'terminating' ? 'kill' : 'cleanup'
  const started: PodWorkerRecord = {
    ...rest,
    busy: true,
    again: false,
    epoch: record.epoch + 1,
    since: world.now,
    doing: 'waits for a newer look at the runtime',
    job: newJob(kind, 'waitCache'),
  }
  // podCache.GetNewerThan: never act twice on the same look at the runtime.
  if (!lookIsNew(world, record)) {
    putWorker(world, started)
    return
  }
  runJob(world, started)
}

function lookIsNew(world: ModelWorld, record: PodWorkerRecord): boolean {
  const relisted = world.get('kubelets', record.node)?.cacheAt ?? -1
  const modified = world.get('podCache', workerId(record.node, record.uid))?.at ?? -1
  return relisted > record.lastSyncAt || modified > record.lastSyncAt
}

/** Workers that waited for the relist that just ended go on. */
export function wakeWaiting(world: ModelWorld, node: string): void {
  for (const record of world.by('podWorkers', 'waiting', node)) {
    if (lookIsNew(world, record)) runJob(world, record)
  }
}

function runJob(world: ModelWorld, record: PodWorkerRecord): void {
  switch (record.job!.kind) {
    case 'sync':
      return startSync(world, record)
    case 'kill':
      return startKill(world, record)
    case 'cleanup':
      return startCleanup(world, record)
  }
}

export type JobEnd = {
  error?: string
  backoffUntil?: Micros
  /** The pod goes on to its next state at once. */
  next?: 'terminating' | 'terminated' | 'finished'
  transient?: boolean
}

/** The job is over: when to look at the pod again. */
export function completeJob(world: ModelWorld, record: PodWorkerRecord, end: JobEnd): void {
  const { node } = record
  const { job, ...rest } = record
  let done: PodWorkerRecord = { ...rest, busy: false, doing: '', since: world.now, lastSyncAt: world.now }
  if (end.error !== undefined) {
    klog(world, node, 'E', 'pod_workers.go:1324', 'Error syncing pod, skipping', {
      err: end.error,
      pod: `${record.namespace}/${record.name}`,
      podUID: record.uid,
    })
  }
  if (job?.news || (job?.acted && end.error === undefined)) {
    // postSync: what was just done is looked at by the next relist even if no state changed.
    // A new reason for waiting is shown by the sync that follows; upstream that sync may come later.
    const cached = world.get('podCache', workerId(node, record.uid))
    if (cached && !cached.reinspect) world.put('podCache', workerId(node, record.uid), { ...cached, reinspect: true })
  }
  if (end.next === 'finished') {
    const { nextDue: _due, ...last } = done
    putWorker(world, { ...last, state: 'terminated', finished: true, again: false })
    return
  }
  if (end.next !== undefined) {
    done = { ...done, state: end.next }
    startJob(world, putWorker(world, done))
    return
  }
  if (done.again) {
    startJob(world, putWorker(world, done))
    return
  }
  let wait: Micros
  if (end.error === undefined) wait = jitter(world, node, timers.resyncInterval, workerResyncJitterPercent)
  else if (end.transient) wait = jitter(world, node, timers.backOffOnTransientErrorPeriod, workerBackOffJitterPercent)
  else {
    const base = end.backoffUntil === undefined ? timers.backOffPeriod : end.backoffUntil - world.now
    wait = jitter(world, node, Math.min(Math.max(base, 0), timers.resyncInterval), workerBackOffJitterPercent)
  }
  const pod = world.get('kubeletPods', workerId(node, record.uid))?.pod
  const deadline = pod && deadlineOf(world, node, pod)
  if (deadline !== undefined) wait = Math.max(0, Math.min(wait, deadline - world.now))
  if (end.error !== undefined) world.because('KL23', { waitMicros: wait, error: end.error })
  putWorker(world, { ...done, nextDue: world.now + wait })
}

/** The work queue in buckets of a second, so that a tick looks only at what may be due. */
const dueSecond = (at: Micros): number => Math.floor(at / SECOND)
export const dueKey = (node: string, at: Micros): string => `${node}|${dueSecond(at)}`

const LOOKS_AGAIN = 10

/** syncCh: pods whose time has come (work queue GetWork). */
export function syncDuePods(world: ModelWorld, node: string): void {
  const kubelet = world.get('kubelets', node)!
  const last = dueSecond(world.now)
  const due: string[] = []
  for (let second = kubelet.dueSecond; second <= last; second++) {
    for (const record of world.by('podWorkers', 'due', `${node}|${second}`)) {
      if (record.nextDue! <= world.now && !record.busy) due.push(record.uid)
    }
  }
  // Looking into a few empty buckets again costs less than writing down each second that there was nothing in one.
  if (last - kubelet.dueSecond >= LOOKS_AGAIN) world.put('kubelets', node, { ...kubelet, dueSecond: last })
  for (const uid of due) updatePod(world, node, uid, { type: 'sync' })
}

/** Pod by name in log lines. */
export const podText = (pod: Pod): string => `${pod.metadata.namespace ?? 'default'}/${pod.metadata.name}`

export { formatPod }
