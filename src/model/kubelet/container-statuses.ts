// API container statuses from the runtime's view, the statuses sent before, and the failures remembered per container.
// Upstream: pkg/kubelet/kubelet_pods.go (convertToAPIContainerStatuses), pkg/kubelet/reason_cache.go.
import type { Container, ContainerState, ContainerStatus, Pod } from '../apiserver/objects.ts'
import { rfc3339 } from '../../sim/clock.ts'
import { anyRegularContainerCreated } from './pod-actions.ts'
import { isSidecar, shouldBeRestarted } from './restart-policy.ts'
import { findContainer, type RuntimeContainer, type RuntimePod } from './runtime-status.ts'

/** Why the last try to start a container failed: ErrImagePull, CrashLoopBackOff, RunContainerError, ... */
export type StartFailure = { reason: string; message: string }

export type StatusInput = {
  pod: Pod
  runtime: RuntimePod
  containers: readonly Container[]
  previous: readonly ContainerStatus[]
  isInit: boolean
  failure: (containerName: string) => StartFailure | undefined
}

const located = 'The container could not be located when the pod was'

export function containerStatuses(input: StatusInput): ContainerStatus[] {
  const { pod, runtime, containers, previous, isInit } = input
  if (containers.length === 0) return []
  const hasInit = (pod.spec.initContainers ?? []).length > 0
  const waiting = hasInit ? 'PodInitializing' : 'ContainerCreating'
  const old = (name: string): ContainerStatus | undefined => previous.find((s) => s.name === name)
  const statuses = new Map<string, ContainerStatus>()

  for (const container of containers) {
    const before = old(container.name)
    statuses.set(container.name, before?.state.terminated ? before : waitingStatus(container, waiting, before))
  }

  for (const container of containers) {
    const before = old(container.name)
    if (before?.state.running === undefined || findContainer(runtime, container.name) !== undefined) continue
    const status = statuses.get(container.name)!
    if (status.state.waiting?.reason !== waiting || status.lastState.terminated !== undefined) continue
    // It ran and is gone without a trace. Say that it ended, so that the pod does not fall back to Pending.
    statuses.set(container.name, {
      ...status,
      lastState: {
        terminated: {
          reason: 'ContainerStatusUnknown',
          message: `${located} deleted.  The container used to be Running`,
          exitCode: 137,
        },
      },
      restartCount: pod.metadata.deletionTimestamp === undefined ? status.restartCount + 1 : status.restartCount,
    })
  }

  // Newest attempt of each container is its state, the one before it its last state.
  const seen = new Map<string, number>()
  const newestFirst = [...runtime.containers].sort((a, b) => b.createdAt - a.createdAt)
  for (const container of newestFirst) {
    const status = statuses.get(container.name)
    const count = seen.get(container.name) ?? 0
    if (status === undefined || count >= 2) continue
    const converted = convert(container, old(container.name), containers)
    statuses.set(container.name, count === 0 ? converted : { ...status, lastState: converted.state })
    seen.set(container.name, count + 1)
  }

  for (const container of containers) {
    const newest = findContainer(runtime, container.name)
    const status = statuses.get(container.name)!
    if (isInit) {
      if (newest?.state === 'exited' && newest.exitCode === 0) continue
      const done = newest === undefined && !isSidecar(container) && anyRegularContainerCreated(pod, runtime)
      if (done && status.state.waiting !== undefined) {
        // Its record is gone, but regular containers exist: it must have succeeded.
        statuses.set(container.name, {
          ...status,
          state: {
            terminated: {
              reason: 'Completed',
              message:
                'Unable to get init container status from container runtime and pod has been initialized, treat it as exited normally',
              exitCode: 0,
            },
          },
        })
        continue
      }
    }
    if (!shouldBeRestarted(container, pod, runtime)) continue
    const failure = input.failure(container.name)
    // Without a remembered failure the state is kept as it is: more is said by it, and the restart comes soon.
    if (failure === undefined) continue
    const lastState = status.state.terminated ? { terminated: status.state.terminated } : status.lastState
    const message = failure.message === '' ? {} : { message: failure.message }
    statuses.set(container.name, { ...status, lastState, state: { waiting: { reason: failure.reason, ...message } } })
  }

  const out = containers.map((c) => statuses.get(c.name)!)
  // Init containers keep the order of the spec; the others are listed by name.
  return isInit ? out : out.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

function waitingStatus(container: Container, reason: string, before: ContainerStatus | undefined): ContainerStatus {
  return {
    name: container.name,
    state: { waiting: { reason } },
    lastState: before?.lastState ?? {},
    ready: false,
    restartCount: before?.restartCount ?? 0,
    image: container.image,
    imageID: '',
    started: false,
    ...mounts(container),
  }
}

function mounts(container: Container): Pick<ContainerStatus, 'volumeMounts'> {
  if (container.volumeMounts === undefined || container.volumeMounts.length === 0) return {}
  return {
    volumeMounts: container.volumeMounts.map(({ name, mountPath, readOnly }) => ({
      name,
      mountPath,
      ...(readOnly ? { readOnly, recursiveReadOnly: 'Disabled' } : {}),
    })),
  }
}

function convert(
  container: RuntimeContainer,
  before: ContainerStatus | undefined,
  specs: readonly Container[],
): ContainerStatus {
  const id = `containerd://${container.id}`
  const spec = specs.find((c) => c.name === container.name)
  let restartCount = container.restartCount
  let state: ContainerState
  if (container.state === 'running') {
    state = { running: { startedAt: rfc3339(container.startedAt ?? container.createdAt) } }
  } else if (container.state === 'exited') {
    state = {
      terminated: {
        exitCode: container.exitCode,
        ...(container.reason ? { reason: container.reason } : {}),
        ...(container.message ? { message: container.message } : {}),
        ...(container.startedAt === undefined ? {} : { startedAt: rfc3339(container.startedAt) }),
        ...(container.finishedAt === undefined ? {} : { finishedAt: rfc3339(container.finishedAt) }),
        containerID: id,
      },
    }
  } else if (container.state === 'unknown' && before?.state.running) {
    state = {
      terminated: { reason: 'ContainerStatusUnknown', message: `${located} terminated`, exitCode: 137 },
    }
    restartCount = before.restartCount + 1
  } else state = { waiting: {} }
  const resources = spec?.resources
  return {
    name: container.name,
    state,
    lastState: {},
    ready: false,
    restartCount,
    image: container.image,
    imageID: container.imageRef,
    containerID: id,
    started: false,
    ...(resources?.requests ? { allocatedResources: resources.requests } : {}),
    ...(resources && (resources.requests || resources.limits) ? { resources } : {}),
    ...(spec ? mounts(spec) : {}),
  }
}
