/**
 * The CRI messages that kubelet and containerd exchange, fields spelled as in cri-api pkg/apis/runtime/v1/api.proto.
 * Times are model microseconds where api.proto has nanoseconds since 1970 (an absent time is 0 there, absent here).
 * A field of api.proto that stands nowhere here is not honoured.
 */
import type { Micros } from '../../sim/contract.ts'

export type CriMethod =
  | 'Version'
  | 'Status'
  | 'RunPodSandbox'
  | 'StopPodSandbox'
  | 'RemovePodSandbox'
  | 'PodSandboxStatus'
  | 'ListPodSandbox'
  | 'CreateContainer'
  | 'StartContainer'
  | 'StopContainer'
  | 'RemoveContainer'
  | 'ListContainers'
  | 'ContainerStatus'
  | 'UpdateContainerResources'
  | 'ExecSync'
  | 'PullImage'
  | 'ImageStatus'
  | 'ListImages'
  | 'RemoveImage'
  | 'ImageFsInfo'

export type PodSandboxMetadata = { name: string; uid: string; namespace: string; attempt: number }
export type ContainerMetadata = { name: string; attempt: number }
export type NamespaceMode = 'POD' | 'CONTAINER' | 'NODE' | 'TARGET'
export type ImageSpec = { image: string; user_specified_image?: string }
export type LinuxContainerResources = {
  cpu_period?: number
  cpu_quota?: number
  cpu_shares?: number
  memory_limit_in_bytes?: number
  oom_score_adj?: number
}

export type PodSandboxConfig = {
  metadata: PodSandboxMetadata
  hostname?: string
  log_directory?: string
  dns_config?: { servers?: string[]; searches?: string[]; options?: string[] }
  port_mappings?: { protocol: string; container_port: number; host_port: number; host_ip?: string }[]
  labels?: Record<string, string>
  annotations?: Record<string, string>
  linux?: {
    cgroup_parent?: string
    security_context?: { namespace_options?: { network?: NamespaceMode; pid?: NamespaceMode; ipc?: NamespaceMode } }
    sysctls?: Record<string, string>
  }
}
export type CriMount = { container_path: string; host_path: string; readonly?: boolean }
export type ContainerConfig = {
  metadata: ContainerMetadata
  image: ImageSpec
  command?: string[]
  args?: string[]
  working_dir?: string
  envs?: { key: string; value: string }[]
  mounts?: CriMount[]
  labels?: Record<string, string>
  annotations?: Record<string, string>
  log_path?: string
  linux?: { resources?: LinuxContainerResources; security_context?: Record<string, unknown> }
  /** 'SIGTERM' where neither pod nor image names one. */
  stop_signal?: string
}

export type RunPodSandboxRequest = { config: PodSandboxConfig; runtime_handler?: string }
export type RunPodSandboxResponse = { pod_sandbox_id: string }
/** StopPodSandbox, RemovePodSandbox, PodSandboxStatus. */
export type SandboxIdRequest = { pod_sandbox_id: string; verbose?: boolean }
export type PodSandboxStatus = {
  id: string
  metadata: PodSandboxMetadata
  state: 'SANDBOX_READY' | 'SANDBOX_NOTREADY'
  created_at: Micros
  network: { ip: string }
  linux: { namespaces: { options: { network: NamespaceMode } } }
  labels: Record<string, string>
  annotations: Record<string, string>
  runtime_handler: string
}
export type PodSandboxStatusResponse = { status: PodSandboxStatus }
/** Light: no annotations. */
export type PodSandbox = {
  id: string
  metadata: PodSandboxMetadata
  state: 'SANDBOX_READY' | 'SANDBOX_NOTREADY'
  created_at: Micros
}
export type ListPodSandboxRequest = {
  filter?: { id?: string; state?: { state: PodSandbox['state'] }; label_selector?: Record<string, string> }
}
export type ListPodSandboxResponse = { items: PodSandbox[] }

export type CreateContainerRequest = {
  pod_sandbox_id: string
  config: ContainerConfig
  sandbox_config?: PodSandboxConfig
}
export type CreateContainerResponse = { container_id: string }
/** StartContainer, RemoveContainer, ContainerStatus. */
export type ContainerIdRequest = { container_id: string; verbose?: boolean }
export type StopContainerRequest = { container_id: string; timeout?: number }
export type CriContainerState = 'CONTAINER_CREATED' | 'CONTAINER_RUNNING' | 'CONTAINER_EXITED' | 'CONTAINER_UNKNOWN'
/** Light: labels and annotations are in ContainerStatus. `pod_uid` stands for the label io.kubernetes.pod.uid. */
export type CriContainer = {
  id: string
  pod_sandbox_id: string
  metadata: ContainerMetadata
  image: ImageSpec
  image_ref: string
  state: CriContainerState
  created_at: Micros
  pod_uid: string
}
export type ListContainersRequest = {
  filter?: {
    id?: string
    state?: { state: CriContainerState }
    pod_sandbox_id?: string
    label_selector?: Record<string, string>
  }
}
export type ListContainersResponse = { containers: CriContainer[] }
export type ContainerStatus = {
  id: string
  metadata: ContainerMetadata
  state: CriContainerState
  created_at: Micros
  started_at?: Micros
  finished_at?: Micros
  exit_code: number
  image: ImageSpec
  /** `registry/repo@sha256:...` */
  image_ref: string
  image_id: string
  reason: string
  message: string
  labels: Record<string, string>
  annotations: Record<string, string>
  mounts: CriMount[]
  log_path: string
  resources: { linux: LinuxContainerResources }
}
export type ContainerStatusResponse = { status: ContainerStatus }
export type UpdateContainerResourcesRequest = { container_id: string; linux: LinuxContainerResources }

/** `timeout` in seconds; 0 none. */
export type ExecSyncRequest = { container_id: string; cmd: string[]; timeout?: number }
/** Text, where api.proto has bytes. Past the timeout the answer is the error code DeadlineExceeded. */
export type ExecSyncResponse = { stdout: string; stderr: string; exit_code: number }

export type VersionResponse = {
  version: string
  runtime_name: string
  runtime_version: string
  runtime_api_version: string
}
export type RuntimeCondition = {
  type: 'RuntimeReady' | 'NetworkReady'
  status: boolean
  reason: string
  message: string
}
export type StatusResponse = { status: { conditions: RuntimeCondition[] } }

export type PullImageRequest = { image: ImageSpec; sandbox_config?: PodSandboxConfig }
/** The image id, `sha256:...`. */
export type PullImageResponse = { image_ref: string }
export type ImageStatusRequest = { image: ImageSpec }
export type CriImage = {
  id: string
  repo_tags: string[]
  repo_digests: string[]
  size: number
  uid?: { value: number }
  username?: string
  pinned: boolean
}
/** No `image`: not present. */
export type ImageStatusResponse = { image?: CriImage }
export type ListImagesResponse = { images: CriImage[] }
export type RemoveImageRequest = { image: ImageSpec }
export type ImageFsInfoResponse = { image_filesystems: { used_bytes: number }[] }
