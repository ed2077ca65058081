// CRI answers as the kubelet keeps them.
// Upstream: pkg/kubelet/kuberuntime/kuberuntime_container.go (toKubeContainerStatus), kuberuntime_sandbox.go.
import type { ContainerStatus, PodSandboxStatus } from '../cri/api.ts'
import type { PodCacheRecord } from '../tables.ts'

/** The annotations in which the kubelet leaves itself notes on a container: kuberuntime/labels.go. */
export const containerHashAnnotation = 'io.kubernetes.container.hash'
export const restartCountAnnotation = 'io.kubernetes.container.restartCount'

export function runtimeContainer(status: ContainerStatus): PodCacheRecord['containers'][number] {
  const state = {
    CONTAINER_CREATED: 'created',
    CONTAINER_RUNNING: 'running',
    CONTAINER_EXITED: 'exited',
    CONTAINER_UNKNOWN: 'unknown',
  } as const
  const hash = status.annotations[containerHashAnnotation]
  const restarts = status.annotations[restartCountAnnotation]
  return {
    id: status.id,
    name: status.metadata.name,
    state: state[status.state],
    createdAt: status.created_at,
    ...(status.started_at === undefined ? {} : { startedAt: status.started_at }),
    ...(status.finished_at === undefined ? {} : { finishedAt: status.finished_at }),
    exitCode: status.exit_code,
    ...(status.reason ? { reason: status.reason } : {}),
    ...(status.message ? { message: status.message } : {}),
    image: status.image.image,
    imageRef: status.image_ref,
    restartCount: restarts === undefined ? status.metadata.attempt : Number(restarts),
    ...(hash ? { hash } : {}),
  }
}

export function runtimeSandbox(status: PodSandboxStatus): PodCacheRecord['sandboxes'][number] {
  const hostNetwork = status.linux.namespaces.options.network === 'NODE'
  return {
    id: status.id,
    state: status.state === 'SANDBOX_READY' ? 'READY' : 'NOTREADY',
    attempt: status.metadata.attempt,
    createdAt: status.created_at,
    ...(hostNetwork ? {} : { ip: status.network.ip }),
    hostNetwork,
  }
}
