/** The pods of a node as capsules: what is there, what is not yet, what went wrong. Pure. */
import type { Micros } from '../../sim/contract.ts'
import { parseRfc3339, SECOND } from '../../sim/clock.ts'
import type { Container, ContainerStatus, Pod } from '../../model/apiserver/objects.ts'
import type { BackoffRecord, ContainerRecord, PodWorkerRecord, SandboxRecord } from '../../model/tables.ts'
import type { Replica } from '../contract.ts'
import { podSuffix, shortImage, shortPodName } from '../drawing/spell.ts'

export interface ContainerBox {
  readonly name: string
  /** Record id, when the runtime has made it. */
  readonly id?: string
  /** unborn: no container yet; waits: made, not started, or kept from starting; failed: ended badly. */
  readonly state: 'running' | 'unborn' | 'waits' | 'failed' | 'done'
  readonly lines: readonly string[]
  readonly clock?: { since: Micros; until: Micros }
  readonly notReady?: boolean
  readonly init: boolean
}

export interface PodPicture {
  readonly uid: string
  /** `namespace/name`: its id in `pods`. */
  readonly id: string
  readonly name: string
  readonly shortName: string
  readonly suffix: string
  readonly born: Micros
  /** ghost: bound, no sandbox yet; building: RunPodSandbox is open; up; ending: told to stop; over: sandbox stopped. */
  readonly phase: 'ghost' | 'building' | 'up' | 'ending' | 'over'
  readonly sandboxId?: string
  readonly attempt: number
  readonly hostNetwork: boolean
  readonly netns: 'none' | 'bare' | 'wired'
  readonly ip: string
  readonly pause: 'none' | 'next' | 'running' | 'gone'
  /** The CNI plugin is at work on it. */
  readonly cni: boolean
  readonly containers: readonly ContainerBox[]
  readonly ready: boolean
  readonly failed: boolean
  /** The grace a deleted pod has. */
  readonly grace?: { since: Micros; until: Micros }
  readonly cgroup: 'Guaranteed' | 'Burstable' | 'BestEffort'
  /** The object is gone from the API while containers are still there. */
  readonly orphan: boolean
}

type Found = { uid: string; pod?: Pod; sandbox?: SandboxRecord; worker?: PodWorkerRecord }

/** Pods in order of age. */
export function podsOfNode(replica: Replica, node: string): PodPicture[] {
  const found = new Map<string, Found>()
  for (const pod of replica.by('pods', 'node', node)) found.set(pod.metadata.uid, { uid: pod.metadata.uid, pod })
  for (const worker of replica.by('podWorkers', 'node', node)) {
    if (worker.state === 'terminated' && !found.has(worker.uid)) continue
    found.set(worker.uid, { ...(found.get(worker.uid) ?? { uid: worker.uid }), worker })
  }
  for (const sandbox of replica.by('sandboxes', 'node', node)) {
    const uid = sandbox.metadata.uid
    const one = found.get(uid)
    if (!one && sandbox.stage === 'stopped') continue
    if (one?.sandbox && one.sandbox.metadata.attempt > sandbox.metadata.attempt) continue
    found.set(uid, { ...(one ?? { uid }), sandbox })
  }
  const backoffs = replica.by('backoffs', 'node', node)
  const pictures = [...found.values()].map((one) => picture(one, replica, backoffs))
  return pictures.sort((a, b) => a.born - b.born || (a.id < b.id ? -1 : 1))
}

function picture(one: Found, replica: Replica, backoffs: readonly BackoffRecord[]): PodPicture {
  const { pod, sandbox, worker, uid } = one
  const name = pod?.metadata.name ?? sandbox?.metadata.name ?? worker?.name ?? uid
  const namespace = pod?.metadata.namespace ?? sandbox?.metadata.namespace ?? worker?.namespace ?? 'default'
  const made = sandbox ? replica.by('containers', 'sandbox', sandbox.id) : []
  const containers = containerBoxes(
    pod,
    made,
    worker,
    backoffs.filter((b) => b.uid === uid),
    replica,
  )
  const stage = sandbox?.stage
  const phase = phaseOf(pod, sandbox, worker)
  const wired = sandbox !== undefined && !sandbox.hostNetwork && hasCard(replica, sandbox)
  const deletedAt = pod?.metadata.deletionTimestamp
  const graceSeconds = pod?.metadata.deletionGracePeriodSeconds ?? 0
  return {
    uid,
    id: `${namespace}/${name}`,
    name,
    shortName: shortPodName(name, 14),
    suffix: podSuffix(name, 8),
    born: pod ? parseRfc3339(pod.metadata.creationTimestamp) : (sandbox?.createdAt ?? worker?.since ?? 0),
    phase,
    sandboxId: sandbox?.id,
    attempt: sandbox?.metadata.attempt ?? 0,
    hostNetwork: sandbox?.hostNetwork ?? pod?.spec.hostNetwork ?? false,
    netns: sandbox === undefined || stage === 'stopped' || sandbox.hostNetwork ? 'none' : wired ? 'wired' : 'bare',
    ip: sandbox?.ip ?? '',
    pause: pauseOf(stage),
    cni: stage === 'cni',
    containers,
    ready: pod?.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false,
    failed: containers.some((c) => c.state === 'failed'),
    grace:
      deletedAt === undefined || graceSeconds === 0
        ? undefined
        : { since: parseRfc3339(deletedAt) - graceSeconds * SECOND, until: parseRfc3339(deletedAt) },
    cgroup: pod?.status?.qosClass ?? 'BestEffort',
    orphan: pod === undefined,
  }
}

function phaseOf(
  pod: Pod | undefined,
  sandbox: SandboxRecord | undefined,
  worker: PodWorkerRecord | undefined,
): PodPicture['phase'] {
  if (sandbox === undefined) return worker?.state === 'terminated' ? 'over' : 'ghost'
  if (sandbox.stage === 'stopped') return 'over'
  if (sandbox.stage === 'stopping' || worker?.state === 'terminating' || pod?.metadata.deletionTimestamp !== undefined)
    return 'ending'
  return sandbox.stage === 'ready' ? 'up' : 'building'
}

function pauseOf(stage: SandboxRecord['stage'] | undefined): PodPicture['pause'] {
  switch (stage) {
    case undefined:
      return 'none'
    case 'netns':
    case 'cni':
    case 'pause':
      return 'next'
    case 'stopped':
      return 'gone'
    default:
      return 'running'
  }
}

/** The namespace holds a network card with an address. */
function hasCard(replica: Replica, sandbox: SandboxRecord): boolean {
  const links = replica.by('links', 'netns', `${sandbox.node}|${sandbox.netns}`)
  return links.some((link) => link.kind !== 'loopback') || (links.length === 0 && sandbox.ip !== '')
}

function containerBoxes(
  pod: Pod | undefined,
  made: readonly ContainerRecord[],
  worker: PodWorkerRecord | undefined,
  backoffs: readonly BackoffRecord[],
  replica: Replica,
): ContainerBox[] {
  const newest = new Map<string, ContainerRecord>()
  for (const record of made) {
    const before = newest.get(record.metadata.name)
    if (!before || before.metadata.attempt <= record.metadata.attempt) newest.set(record.metadata.name, record)
  }
  if (!pod)
    return [...newest.values()].map((record) =>
      containerBox(undefined, record, undefined, worker, undefined, false, replica),
    )
  const statuses = new Map<string, ContainerStatus>()
  for (const s of [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])])
    statuses.set(s.name, s)
  const boxes: ContainerBox[] = []
  for (const spec of pod.spec.initContainers ?? []) {
    const record = newest.get(spec.name)
    const sidecar = spec.restartPolicy === 'Always'
    // A finished init container has done its work and leaves the room to the others.
    if (!sidecar && record?.state === 'CONTAINER_EXITED' && record.exitCode === 0) continue
    if (!sidecar && record === undefined && statuses.get(spec.name)?.state.terminated?.exitCode === 0) continue
    boxes.push(
      containerBox(spec, record, statuses.get(spec.name), worker, backoffOf(backoffs, spec), !sidecar, replica),
    )
  }
  for (const spec of pod.spec.containers) {
    boxes.push(
      containerBox(
        spec,
        newest.get(spec.name),
        statuses.get(spec.name),
        worker,
        backoffOf(backoffs, spec),
        false,
        replica,
      ),
    )
  }
  return boxes
}

function backoffOf(backoffs: readonly BackoffRecord[], spec: Container): BackoffRecord | undefined {
  return backoffs.find((b) => b.container === spec.name)
}

const PULL_FAILS: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
])

function containerBox(
  spec: Container | undefined,
  record: ContainerRecord | undefined,
  status: ContainerStatus | undefined,
  worker: PodWorkerRecord | undefined,
  backoff: BackoffRecord | undefined,
  init: boolean,
  replica: Replica,
): ContainerBox {
  const name = spec?.name ?? record?.metadata.name ?? '?'
  const clock = backoff && backoff.until > replica.now ? { since: backoff.since, until: backoff.until } : undefined
  const base = { name, id: record?.id, init, clock }
  if (record?.state === 'CONTAINER_RUNNING') {
    const restarts = record.metadata.attempt
    const notReady = status !== undefined && !status.ready && spec?.readinessProbe !== undefined
    const second = notReady ? 'not ready' : restarts > 0 ? `restart ${restarts}` : shortImage(record.image)
    return { ...base, clock: undefined, state: 'running', lines: [name, second], notReady }
  }
  if (record?.state === 'CONTAINER_CREATED') return { ...base, state: 'waits', lines: [name, 'made, not started'] }
  if (record?.state === 'CONTAINER_EXITED') {
    const code = record.exitCode ?? 0
    const how = record.reason === 'OOMKilled' ? 'OOMKilled' : `exit ${code}`
    const failed = code !== 0
    const restart = clock
      ? 'may restart in'
      : worker?.state === 'syncing' && failed
        ? 'restarts'
        : (record.reason ?? 'Completed')
    return { ...base, state: failed ? 'failed' : 'done', lines: [how, restart] }
  }
  const reason = status?.state.waiting?.reason
  if (reason !== undefined && PULL_FAILS.has(reason))
    return { ...base, state: 'failed', lines: [reason, clock ? 'tries again in' : shortImage(spec?.image ?? '')] }
  if (reason === 'CreateContainerConfigError' || reason === 'CreateContainerError' || reason === 'RunContainerError') {
    return { ...base, state: 'failed', lines: [reason, clock ? 'tries again in' : ''] }
  }
  return { ...base, state: 'unborn', lines: [`${name}: no container yet`, waitsFor(spec, worker, replica)] }
}

/** What stands between a pod and its container, in the words of the worker or of the pull. */
function waitsFor(spec: Container | undefined, worker: PodWorkerRecord | undefined, replica: Replica): string {
  if (spec && worker) {
    const pull = replica.get('pulls', `${worker.node}|${spec.image}`)
    if (pull && pull.state !== 'done' && pull.state !== 'failed') return 'waits for its image'
  }
  if (worker && worker.doing !== '') return worker.doing
  return worker ? 'waits' : 'not seen yet'
}
