// What the kubelet knows of a pod from the container runtime alone, before it is turned into an API status.
// Upstream: pkg/kubelet/container/runtime.go (PodStatus, Status, State).
import type { ResourceList } from '../apiserver/objects.ts'
import type { Micros } from '../../sim/contract.ts'

export type RuntimeState = 'created' | 'running' | 'exited' | 'unknown'

export type RuntimeContainer = {
  /** Bare id, without the `containerd://` in front. */
  id: string
  name: string
  state: RuntimeState
  createdAt: Micros
  startedAt?: Micros
  finishedAt?: Micros
  exitCode: number
  reason?: string
  message?: string
  image: string
  imageRef: string
  /** The attempt number of this container: what the API shows as restartCount. */
  restartCount: number
  /** Hash of the spec it was made from; a difference means "definition changed". */
  hash?: string
  resources?: { cpuRequest?: string; limits?: ResourceList }
}

export type RuntimeSandbox = {
  id: string
  state: 'READY' | 'NOTREADY'
  attempt: number
  createdAt: Micros
  /** Empty until CNI has given one; absent for a pod on the host network. */
  ip?: string
  hostNetwork: boolean
}

/** Sandboxes are newest first; containers carry every attempt that the runtime still remembers. */
export type RuntimePod = {
  uid: string
  sandboxes: readonly RuntimeSandbox[]
  containers: readonly RuntimeContainer[]
  ips: readonly string[]
}

/** The newest attempt of the container of that name. Upstream FindContainerStatusByName on the newest-first list. */
export function findContainer(pod: RuntimePod, name: string): RuntimeContainer | undefined {
  let found: RuntimeContainer | undefined
  for (const container of pod.containers) {
    if (container.name === name && (found === undefined || container.createdAt > found.createdAt)) found = container
  }
  return found
}

export function emptyRuntimePod(uid: string): RuntimePod {
  return { uid, sandboxes: [], containers: [], ips: [] }
}
