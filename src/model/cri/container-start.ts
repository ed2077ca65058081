/**
 * CreateContainer writes a container down; StartContainer makes its process.
 * Upstream: containerd internal/cri/server/container_create.go, container_start.go; pkg/cri/opts WithProcessArgs.
 */
import { LATENCY } from '../messages.ts'
import type { ContainerRecord, CriCallRecord, ModelWorld } from '../tables.ts'
import { placeOf } from '../../sim/contract.ts'
import { entrypointOf, missingExecutable, programOf } from '../images/entrypoint.ts'
import type { ContainerIdRequest, CreateContainerRequest, UpdateContainerResourcesRequest } from './api.ts'
import { answer, failCall, finishCall, openCall, refuse, requestOf, type CallEvent } from './calls.ts'
import { podScope } from './cgroups.ts'
import { containerWords, logContainerd } from './containerd-log.ts'
import { COSTS } from './costs.ts'
import { newId } from './ids.ts'
import { findImage, knownImageOf } from './image-store.ts'
import { findContainer } from './lists.ts'
import type { OciCreate, OciResult, OciStart } from './runc.ts'

const ERROR_START_EXIT_CODE = 128
const ERROR_START_REASON = 'StartError'

export function createContainer(world: ModelWorld, event: CallEvent): void {
  const { pod_sandbox_id: sandboxId, config } = requestOf<CreateContainerRequest>(event)
  const node = placeOf(event.to)
  const sandbox = world.get('sandboxes', sandboxId)
  if (!sandbox || sandbox.node !== node)
    return refuse(
      world,
      event,
      `failed to find sandbox id "${sandboxId}": an error occurred when try to find sandbox: not found`,
      'NotFound',
    )
  const { metadata } = config
  for (const other of world.by('containers', 'sandbox', sandboxId))
    if (other.metadata.name === metadata.name && other.metadata.attempt === metadata.attempt) {
      const pod = sandbox.metadata
      const name = [metadata.name, pod.name, pod.namespace, pod.uid, metadata.attempt].join('_')
      return refuse(
        world,
        event,
        `failed to reserve container name "${name}": name "${name}" is reserved for "${other.id}"`,
      )
    }
  const image = findImage(world, node, config.image.image)
  if (!image) return refuse(world, event, `failed to resolve image "${config.image.image}": not found`, 'NotFound')
  const known = knownImageOf(image)
  const id = newId(world)
  const command = config.command ?? []
  const args = config.args ?? []
  const argv = entrypointOf(known, command, args)
  if (argv.length === 0)
    return refuse(
      world,
      event,
      `failed to generate container "${id}" spec: failed to generate spec: no command specified`,
    )
  const resources = config.linux?.resources
  const record: ContainerRecord = {
    id,
    node,
    sandboxId,
    podUid: sandbox.metadata.uid,
    podName: sandbox.metadata.name,
    namespace: sandbox.metadata.namespace,
    metadata: { name: metadata.name, attempt: metadata.attempt },
    image:
      config.image.user_specified_image ||
      (config.image.image.startsWith('sha256:') ? (image.repoTags[0] ?? '') : config.image.image),
    imageRef: image.repoDigests[0] ?? image.id,
    imageId: image.id,
    state: 'CONTAINER_CREATED',
    createdAt: world.now + COSTS.createContainer,
    pid: 0,
    labels: config.labels ?? {},
    annotations: config.annotations ?? {},
    logPath: config.log_path ? `${sandbox.logDirectory}/${config.log_path}` : '',
    command,
    args,
    argv,
    stopSignal: config.stop_signal ?? known?.entry?.stopSignal ?? 'SIGTERM',
    workingDir: config.working_dir || known?.entry?.workingDir || '/',
    envs: withImageEnv(known?.entry?.env, config.envs ?? []),
    mounts: (config.mounts ?? []).map((m) => ({
      containerPath: m.container_path,
      hostPath: m.host_path,
      readonly: m.readonly ?? false,
    })),
    resources: {
      cpuShares: resources?.cpu_shares ?? 0,
      cpuQuota: resources?.cpu_quota ?? 0,
      cpuPeriod: resources?.cpu_period ?? 0,
      memoryLimitInBytes: resources?.memory_limit_in_bytes ?? 0,
      oomScoreAdj: resources?.oom_score_adj ?? 0,
    },
    behaviour: programOf(known, argv),
    memory: null,
  }
  world.because('CR11', { argv, behaviour: record.behaviour })
  world.put('containers', id, record)
  logContainerd(
    world,
    node,
    'info',
    `CreateContainer within sandbox "${sandboxId}" for ${containerWords(metadata)} returns container id "${id}"`,
  )
  answer(world, event, { container_id: id }, COSTS.createContainer)
}

/** The image's environment first; the pod's replaces what has the same name. */
function withImageEnv(
  image: Readonly<Record<string, string>> | undefined,
  pod: readonly { key: string; value: string }[],
) {
  const set = new Set(pod.map(({ key }) => key))
  const ofImage = Object.entries(image ?? {}).filter(([key]) => !set.has(key))
  return [...ofImage.map(([key, value]) => ({ key, value })), ...pod]
}

export function startContainer(world: ModelWorld, event: CallEvent): void {
  const { container_id: id } = requestOf<ContainerIdRequest>(event)
  const container = findContainer(world, placeOf(event.to), id)
  if (!container)
    return refuse(world, event, `an error occurred when try to find container "${id}": not found`, 'NotFound')
  if (container.state !== 'CONTAINER_CREATED')
    return refuse(
      world,
      event,
      `failed to set starting state for container "${id}": container is in ${container.state} state`,
    )
  const sandbox = world.get('sandboxes', container.sandboxId)
  const call = openCall(world, event, 'waits for runc create', { containerId: id })
  if (!sandbox || sandbox.state !== 'SANDBOX_READY')
    return startFailed(world, call, container, `sandbox container "${container.sandboxId}" is not running`)
  const missing = missingExecutable(knownImageOfContainer(world, container), container.argv)
  const create: OciCreate = {
    id,
    sandboxId: sandbox.id,
    args: container.argv,
    netns: sandbox.netns,
    cgroup: podScope(sandbox.cgroupParent, id),
    shimPid: sandbox.shimPid,
    ...(missing === undefined ? {} : { missing }),
    ctx: { call: call.id },
  }
  world.send('oci.create', `${container.node}/runc`, create, { delayMicros: COSTS.newTask })
}

const knownImageOfContainer = (world: ModelWorld, container: ContainerRecord) => {
  const image = findImage(world, container.node, container.imageId)
  return image && knownImageOf(image)
}

/** runc has created or started a container's process, or could not. */
export function containerStep(world: ModelWorld, call: CriCallRecord, result: OciResult): void {
  const container = world.get('containers', call.containerId!)
  if (!container) return failCall(world, call, `container "${call.containerId}" is gone`)
  if (result.error !== undefined)
    return startFailed(
      world,
      call,
      container,
      `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: ${result.error}`,
    )
  if (result.op === 'create') {
    world.put('containers', container.id, { ...container, pid: result.pid })
    const base = container.argv[0]!.slice(container.argv[0]!.lastIndexOf('/') + 1)
    const start: OciStart = {
      id: container.id,
      pid: result.pid,
      args: container.argv,
      comm: base.slice(0, 15),
      rss: 3 << 20,
      ctx: { call: call.id },
    }
    world.send('oci.start', `${container.node}/runc`, start, { delayMicros: LATENCY.local })
    return
  }
  if (container.state === 'CONTAINER_CREATED')
    world.put('containers', container.id, { ...container, state: 'CONTAINER_RUNNING', startedAt: world.now })
  logContainerd(world, container.node, 'info', `StartContainer for "${container.id}" returns successfully`)
  finishCall(world, call, {})
}

function startFailed(world: ModelWorld, call: CriCallRecord, container: ContainerRecord, message: string): void {
  world.because('CR12', { container: container.id })
  world.put('containers', container.id, {
    ...container,
    state: 'CONTAINER_EXITED',
    pid: 0,
    finishedAt: world.now,
    exitCode: ERROR_START_EXIT_CODE,
    reason: ERROR_START_REASON,
    message,
  })
  logContainerd(world, container.node, 'error', `StartContainer for "${container.id}" failed`, message)
  failCall(world, call, message)
}

/** Only what a change in place needs: the limits of the running container. */
export function updateContainerResources(world: ModelWorld, event: CallEvent): void {
  const { container_id: id, linux } = requestOf<UpdateContainerResourcesRequest>(event)
  const container = findContainer(world, placeOf(event.to), id)
  if (!container) return refuse(world, event, `failed to find container: not found`, 'NotFound')
  const { resources } = container
  world.put('containers', id, {
    ...container,
    resources: {
      cpuShares: linux.cpu_shares || resources.cpuShares,
      cpuQuota: linux.cpu_quota || resources.cpuQuota,
      cpuPeriod: linux.cpu_period || resources.cpuPeriod,
      memoryLimitInBytes: linux.memory_limit_in_bytes || resources.memoryLimitInBytes,
      oomScoreAdj: linux.oom_score_adj ?? resources.oomScoreAdj,
    },
  })
  answer(world, event, {}, COSTS.runcKill)
}
