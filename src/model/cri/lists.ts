/** List and status calls. Upstream: containerd internal/cri/server/{sandbox,container}_{list,status}.go. */
import type { ContainerRecord, ModelReader, ModelWorld, SandboxRecord } from '../tables.ts'
import { placeOf } from '../../sim/contract.ts'
import type {
  ContainerIdRequest,
  ContainerStatus,
  CriContainer,
  ListContainersRequest,
  ListPodSandboxRequest,
  PodSandbox,
  PodSandboxStatus,
  SandboxIdRequest,
} from './api.ts'
import { answer, refuse, requestOf, type CallEvent } from './calls.ts'
import { isVisible } from './sandbox-run.ts'

export function findContainer(reader: ModelReader, node: string, id: string): ContainerRecord | undefined {
  const container = reader.get('containers', id)
  return container?.node === node ? container : undefined
}

// A relist of a hundred pods each second must not build a hundred objects: an entry is kept beside its frozen record.
const sandboxEntries = new WeakMap<SandboxRecord, PodSandbox>()
const containerEntries = new WeakMap<ContainerRecord, CriContainer>()

function sandboxEntry(sandbox: SandboxRecord): PodSandbox {
  let entry = sandboxEntries.get(sandbox)
  if (!entry) {
    const { id, metadata, state, createdAt } = sandbox
    sandboxEntries.set(sandbox, (entry = Object.freeze({ id, metadata, state, created_at: createdAt })))
  }
  return entry
}

function containerEntry(container: ContainerRecord): CriContainer {
  let entry = containerEntries.get(container)
  if (!entry) {
    const { id, sandboxId, metadata, image, imageRef, state, createdAt, podUid } = container
    entry = Object.freeze({
      id,
      pod_sandbox_id: sandboxId,
      metadata,
      image: Object.freeze({ image }),
      image_ref: imageRef,
      state,
      created_at: createdAt,
      pod_uid: podUid,
    })
    containerEntries.set(container, entry)
  }
  return entry
}

const hasLabels = (labels: Record<string, string>, want: Record<string, string> | undefined): boolean =>
  want === undefined || Object.entries(want).every(([key, value]) => labels[key] === value)

/** Whole lists, kept beside the index they were made from, which is a new array after every write. */
const wholeLists = new WeakMap<readonly object[], readonly object[]>()

function wholeList<R extends object>(
  records: readonly R[],
  make: (records: readonly R[]) => object[],
): readonly object[] {
  let list = wholeLists.get(records)
  if (!list) wholeLists.set(records, (list = Object.freeze(make(records))))
  return list
}

export function listPodSandbox(world: ModelWorld, event: CallEvent): void {
  const { filter } = requestOf<ListPodSandboxRequest>(event)
  if (!filter) {
    const all = world.by('sandboxes', 'node', placeOf(event.to))
    return answer(world, event, { items: wholeList(all, (records) => records.filter(isVisible).map(sandboxEntry)) })
  }
  const items: PodSandbox[] = []
  for (const sandbox of world.by('sandboxes', 'node', placeOf(event.to)))
    if (
      isVisible(sandbox) &&
      (filter.id === undefined || sandbox.id === filter.id) &&
      (filter.state === undefined || sandbox.state === filter.state.state) &&
      hasLabels(sandbox.labels, filter.label_selector)
    )
      items.push(sandboxEntry(sandbox))
  answer(world, event, { items: Object.freeze(items) })
}

export function listContainers(world: ModelWorld, event: CallEvent): void {
  const { filter } = requestOf<ListContainersRequest>(event)
  const node = placeOf(event.to)
  if (!filter)
    return answer(world, event, {
      containers: wholeList(world.by('containers', 'node', node), (records) => records.map(containerEntry)),
    })
  const from =
    filter.pod_sandbox_id === undefined
      ? world.by('containers', 'node', node)
      : world.by('containers', 'sandbox', filter.pod_sandbox_id)
  const containers: CriContainer[] = []
  for (const container of from)
    if (
      container.node === node &&
      (filter.id === undefined || container.id === filter.id) &&
      (filter.state === undefined || container.state === filter.state.state) &&
      hasLabels(container.labels, filter.label_selector)
    )
      containers.push(containerEntry(container))
  answer(world, event, { containers: Object.freeze(containers) })
}

export function sandboxStatusOf(sandbox: SandboxRecord): PodSandboxStatus {
  return {
    id: sandbox.id,
    metadata: sandbox.metadata,
    state: sandbox.state,
    created_at: sandbox.createdAt,
    network: { ip: sandbox.ip },
    linux: { namespaces: { options: { network: sandbox.hostNetwork ? 'NODE' : 'POD' } } },
    labels: sandbox.labels,
    annotations: sandbox.annotations,
    runtime_handler: sandbox.runtimeHandler,
  }
}

export function podSandboxStatus(world: ModelWorld, event: CallEvent): void {
  const { pod_sandbox_id: id } = requestOf<SandboxIdRequest>(event)
  const sandbox = world.get('sandboxes', id)
  if (!sandbox || sandbox.node !== placeOf(event.to) || !isVisible(sandbox))
    return refuse(world, event, `an error occurred when try to find sandbox: not found`, 'NotFound')
  answer(world, event, { status: sandboxStatusOf(sandbox) })
}

function containerStatusOf(world: ModelWorld, container: ContainerRecord): ContainerStatus {
  const { resources } = container
  return {
    id: container.id,
    metadata: container.metadata,
    state: container.state,
    created_at: container.createdAt,
    ...(container.startedAt === undefined ? {} : { started_at: container.startedAt }),
    ...(container.finishedAt === undefined ? {} : { finished_at: container.finishedAt }),
    exit_code: container.exitCode ?? 0,
    // The tag in full, where the image has one: what `status.containerStatuses[].image` then says.
    image: { image: world.get('images', `${container.node}|${container.imageId}`)?.repoTags[0] ?? container.imageId },
    image_ref: container.imageRef,
    image_id: container.imageId,
    reason: container.reason ?? '',
    message: container.message ?? '',
    labels: container.labels,
    annotations: container.annotations,
    mounts: container.mounts.map((m) => ({
      container_path: m.containerPath,
      host_path: m.hostPath,
      readonly: m.readonly,
    })),
    log_path: container.logPath,
    resources: {
      linux: {
        cpu_period: resources.cpuPeriod,
        cpu_quota: resources.cpuQuota,
        cpu_shares: resources.cpuShares,
        memory_limit_in_bytes: resources.memoryLimitInBytes,
        oom_score_adj: resources.oomScoreAdj,
      },
    },
  }
}

export function containerStatus(world: ModelWorld, event: CallEvent): void {
  const { container_id: id } = requestOf<ContainerIdRequest>(event)
  const container = findContainer(world, placeOf(event.to), id)
  if (!container)
    return refuse(world, event, `an error occurred when try to find container "${id}": not found`, 'NotFound')
  answer(world, event, { status: containerStatusOf(world, container) })
}
