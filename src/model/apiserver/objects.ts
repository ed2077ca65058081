// Kubernetes API objects as the model reads and writes them (staging/src/k8s.io/api, Kubernetes 1.36).
// Type aliases and not interfaces, so that an object is also a plain record without a cast.
// Every object in the world is frozen: make a new one with a spread, never assign into one.
// A field that nothing in the model reads is not listed here; it is still stored (see honoured.ts for what is said about it).

export type Labels = { [key: string]: string }
/** "250m", "64Mi", "1" as the API server stores them (canonical form, see quantity.ts). */
export type Quantity = string
export type ResourceList = { [resource: string]: Quantity }
export type IntOrString = number | string
/** RFC 3339 with seconds, "2026-06-10T22:00:05Z". */
export type Time = string
/** RFC 3339 with six decimals, "2026-06-10T22:00:05.000000Z". */
export type MicroTime = string

export type OwnerReference = {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

export type ObjectMeta = {
  name: string
  generateName?: string
  namespace?: string
  uid: string
  resourceVersion: string
  generation?: number
  creationTimestamp: Time
  deletionTimestamp?: Time
  deletionGracePeriodSeconds?: number
  labels?: Labels
  annotations?: Labels
  ownerReferences?: OwnerReference[]
  finalizers?: string[]
}

/** Any object. `spec`, `status`, `data` and the rest are reached after narrowing by kind, or by path. */
export type KubeObject = {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  [field: string]: unknown
}

export type KubeList<T = KubeObject> = {
  apiVersion: string
  kind: string
  metadata: { resourceVersion: string }
  items: T[]
}

export type LabelSelectorRequirement = {
  key: string
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  values?: string[]
}
export type LabelSelector = { matchLabels?: Labels; matchExpressions?: LabelSelectorRequirement[] }

/** metav1.Condition and the older per-kind conditions share this shape. */
export type Condition = {
  type: string
  status: 'True' | 'False' | 'Unknown'
  observedGeneration?: number
  lastProbeTime?: Time | null
  lastHeartbeatTime?: Time
  lastUpdateTime?: Time
  lastTransitionTime?: Time
  reason?: string
  message?: string
}

// ---------------------------------------------------------------- Pod

export type ContainerPort = {
  name?: string
  containerPort: number
  hostPort?: number
  hostIP?: string
  protocol?: Protocol
}
export type Protocol = 'TCP' | 'UDP' | 'SCTP'

export type EnvVarSource = {
  fieldRef?: { apiVersion?: string; fieldPath: string }
  resourceFieldRef?: { containerName?: string; resource: string; divisor?: Quantity }
  configMapKeyRef?: { name?: string; key: string; optional?: boolean }
  secretKeyRef?: { name?: string; key: string; optional?: boolean }
}
export type EnvVar = { name: string; value?: string; valueFrom?: EnvVarSource }
export type EnvFromSource = {
  prefix?: string
  configMapRef?: { name?: string; optional?: boolean }
  secretRef?: { name?: string; optional?: boolean }
}

export type ResourceRequirements = {
  requests?: ResourceList
  limits?: ResourceList
  claims?: { name: string; request?: string }[]
}

export type ExecAction = { command?: string[] }
export type HttpGetAction = {
  path?: string
  port: IntOrString
  host?: string
  scheme?: 'HTTP' | 'HTTPS'
  httpHeaders?: { name: string; value: string }[]
}
export type TcpSocketAction = { port: IntOrString; host?: string }
export type GrpcAction = { port: number; service?: string }

export type Probe = {
  exec?: ExecAction
  httpGet?: HttpGetAction
  tcpSocket?: TcpSocketAction
  grpc?: GrpcAction
  initialDelaySeconds?: number
  timeoutSeconds?: number
  periodSeconds?: number
  successThreshold?: number
  failureThreshold?: number
  terminationGracePeriodSeconds?: number
}

export type LifecycleHandler = {
  exec?: ExecAction
  httpGet?: HttpGetAction
  tcpSocket?: TcpSocketAction
  sleep?: { seconds: number }
}
export type Lifecycle = { postStart?: LifecycleHandler; preStop?: LifecycleHandler; stopSignal?: string }

export type VolumeMount = {
  name: string
  mountPath: string
  readOnly?: boolean
  recursiveReadOnly?: string
  subPath?: string
  subPathExpr?: string
  mountPropagation?: 'None' | 'HostToContainer' | 'Bidirectional'
}

export type Capabilities = { add?: string[]; drop?: string[] }
export type SecurityContext = {
  privileged?: boolean
  runAsUser?: number
  runAsGroup?: number
  runAsNonRoot?: boolean
  readOnlyRootFilesystem?: boolean
  allowPrivilegeEscalation?: boolean
  capabilities?: Capabilities
  procMount?: string
  seccompProfile?: { type: string; localhostProfile?: string }
  appArmorProfile?: { type: string; localhostProfile?: string }
  seLinuxOptions?: { user?: string; role?: string; type?: string; level?: string }
}

export type ContainerRestartRule = { action: string; exitCodes?: { operator: string; values?: number[] } }

export type Container = {
  name: string
  image: string
  imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never'
  command?: string[]
  args?: string[]
  workingDir?: string
  ports?: ContainerPort[]
  env?: EnvVar[]
  envFrom?: EnvFromSource[]
  resources?: ResourceRequirements
  resizePolicy?: { resourceName: string; restartPolicy: string }[]
  /** Only on init containers ("Always" makes a sidecar), or any container with per-container restart rules. */
  restartPolicy?: RestartPolicy
  restartPolicyRules?: ContainerRestartRule[]
  livenessProbe?: Probe
  readinessProbe?: Probe
  startupProbe?: Probe
  lifecycle?: Lifecycle
  volumeMounts?: VolumeMount[]
  volumeDevices?: { name: string; devicePath: string }[]
  securityContext?: SecurityContext
  terminationMessagePath?: string
  terminationMessagePolicy?: 'File' | 'FallbackToLogsOnError'
  stdin?: boolean
  stdinOnce?: boolean
  tty?: boolean
}
export type EphemeralContainer = Container & { targetContainerName?: string }

export type RestartPolicy = 'Always' | 'OnFailure' | 'Never'

export type KeyToPath = { key: string; path: string; mode?: number }
export type VolumeProjection = {
  configMap?: { name?: string; items?: KeyToPath[]; optional?: boolean }
  secret?: { name?: string; items?: KeyToPath[]; optional?: boolean }
  downwardAPI?: { items?: DownwardAPIFile[] }
  serviceAccountToken?: { path: string; audience?: string; expirationSeconds?: number }
}
export type DownwardAPIFile = {
  path: string
  fieldRef?: { apiVersion?: string; fieldPath: string }
  resourceFieldRef?: { containerName?: string; resource: string; divisor?: Quantity }
  mode?: number
}
export type Volume = {
  name: string
  emptyDir?: { medium?: '' | 'Memory'; sizeLimit?: Quantity }
  hostPath?: { path: string; type?: string }
  configMap?: { name?: string; items?: KeyToPath[]; optional?: boolean; defaultMode?: number }
  secret?: { secretName?: string; items?: KeyToPath[]; optional?: boolean; defaultMode?: number }
  projected?: { sources?: VolumeProjection[]; defaultMode?: number }
  downwardAPI?: { items?: DownwardAPIFile[]; defaultMode?: number }
  persistentVolumeClaim?: { claimName: string; readOnly?: boolean }
  nfs?: { server: string; path: string; readOnly?: boolean }
  csi?: { driver: string; readOnly?: boolean; fsType?: string; volumeAttributes?: Labels }
  ephemeral?: { volumeClaimTemplate?: unknown }
  image?: { reference?: string; pullPolicy?: string }
}

export type TaintEffect = 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'
export type Taint = { key: string; value?: string; effect: TaintEffect; timeAdded?: Time }
export type Toleration = {
  key?: string
  operator?: 'Exists' | 'Equal' | 'Lt' | 'Gt'
  value?: string
  effect?: TaintEffect | ''
  tolerationSeconds?: number
}

export type NodeSelectorRequirement = {
  key: string
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt'
  values?: string[]
}
export type NodeSelectorTerm = { matchExpressions?: NodeSelectorRequirement[]; matchFields?: NodeSelectorRequirement[] }
export type PodAffinityTerm = {
  labelSelector?: LabelSelector
  topologyKey: string
  namespaces?: string[]
  namespaceSelector?: LabelSelector
}
export type Affinity = {
  nodeAffinity?: {
    requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms: NodeSelectorTerm[] }
    preferredDuringSchedulingIgnoredDuringExecution?: { weight: number; preference: NodeSelectorTerm }[]
  }
  podAffinity?: PodAffinity
  podAntiAffinity?: PodAffinity
}
export type PodAffinity = {
  requiredDuringSchedulingIgnoredDuringExecution?: PodAffinityTerm[]
  preferredDuringSchedulingIgnoredDuringExecution?: { weight: number; podAffinityTerm: PodAffinityTerm }[]
}
export type TopologySpreadConstraint = {
  maxSkew: number
  topologyKey: string
  whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway'
  labelSelector?: LabelSelector
  minDomains?: number
  nodeAffinityPolicy?: string
  nodeTaintsPolicy?: string
  matchLabelKeys?: string[]
}

export type PodSecurityContext = {
  runAsUser?: number
  runAsGroup?: number
  runAsNonRoot?: boolean
  fsGroup?: number
  fsGroupChangePolicy?: string
  supplementalGroups?: number[]
  sysctls?: { name: string; value: string }[]
  seccompProfile?: { type: string; localhostProfile?: string }
  seLinuxOptions?: { user?: string; role?: string; type?: string; level?: string }
}

export type PodSpec = {
  containers: Container[]
  initContainers?: Container[]
  ephemeralContainers?: EphemeralContainer[]
  volumes?: Volume[]
  nodeName?: string
  nodeSelector?: Labels
  affinity?: Affinity
  tolerations?: Toleration[]
  topologySpreadConstraints?: TopologySpreadConstraint[]
  restartPolicy?: RestartPolicy
  terminationGracePeriodSeconds?: number
  activeDeadlineSeconds?: number
  dnsPolicy?: 'ClusterFirst' | 'ClusterFirstWithHostNet' | 'Default' | 'None'
  dnsConfig?: { nameservers?: string[]; searches?: string[]; options?: { name?: string; value?: string }[] }
  hostNetwork?: boolean
  hostPID?: boolean
  hostIPC?: boolean
  hostUsers?: boolean
  shareProcessNamespace?: boolean
  hostname?: string
  subdomain?: string
  setHostnameAsFQDN?: boolean
  hostAliases?: { ip: string; hostnames?: string[] }[]
  serviceAccountName?: string
  serviceAccount?: string
  automountServiceAccountToken?: boolean
  imagePullSecrets?: { name?: string }[]
  securityContext?: PodSecurityContext
  schedulerName?: string
  priorityClassName?: string
  priority?: number
  preemptionPolicy?: string
  enableServiceLinks?: boolean
  readinessGates?: { conditionType: string }[]
  runtimeClassName?: string
  overhead?: ResourceList
  resources?: ResourceRequirements
  schedulingGates?: { name: string }[]
  os?: { name: string }
}

export type ContainerStateWaiting = { reason?: string; message?: string }
export type ContainerStateRunning = { startedAt?: Time }
export type ContainerStateTerminated = {
  exitCode: number
  signal?: number
  reason?: string
  message?: string
  startedAt?: Time
  finishedAt?: Time
  containerID?: string
}
export type ContainerState = {
  waiting?: ContainerStateWaiting
  running?: ContainerStateRunning
  terminated?: ContainerStateTerminated
}
export type ContainerStatus = {
  name: string
  state: ContainerState
  lastState: ContainerState
  ready: boolean
  restartCount: number
  image: string
  imageID: string
  containerID?: string
  started?: boolean
  allocatedResources?: ResourceList
  resources?: ResourceRequirements
  volumeMounts?: (VolumeMount & { recursiveReadOnly?: string })[]
  user?: { linux?: { uid: number; gid: number; supplementalGroups?: number[] } }
}

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown'
export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'
export type PodStatus = {
  phase?: PodPhase
  conditions?: Condition[]
  message?: string
  reason?: string
  nominatedNodeName?: string
  hostIP?: string
  hostIPs?: { ip: string }[]
  podIP?: string
  podIPs?: { ip: string }[]
  startTime?: Time
  observedGeneration?: number
  initContainerStatuses?: ContainerStatus[]
  containerStatuses?: ContainerStatus[]
  ephemeralContainerStatuses?: ContainerStatus[]
  qosClass?: QosClass
  resize?: string
}

export type Pod = { apiVersion: 'v1'; kind: 'Pod'; metadata: ObjectMeta; spec: PodSpec; status?: PodStatus }
export type PodTemplateMeta = { name?: string; labels?: Labels; annotations?: Labels }
export type PodTemplateSpec = { metadata?: PodTemplateMeta; spec: PodSpec }

// ---------------------------------------------------------------- Node, Lease

export type NodeSpec = {
  podCIDR?: string
  podCIDRs?: string[]
  providerID?: string
  unschedulable?: boolean
  taints?: Taint[]
}
export type NodeAddress = {
  type: 'InternalIP' | 'ExternalIP' | 'Hostname' | 'InternalDNS' | 'ExternalDNS'
  address: string
}
export type NodeSystemInfo = {
  machineID: string
  systemUUID: string
  bootID: string
  kernelVersion: string
  osImage: string
  containerRuntimeVersion: string
  kubeletVersion: string
  kubeProxyVersion?: string
  operatingSystem: string
  architecture: string
  swap?: { capacity?: number }
}
export type NodeStatus = {
  capacity?: ResourceList
  allocatable?: ResourceList
  phase?: string
  conditions?: Condition[]
  addresses?: NodeAddress[]
  daemonEndpoints?: { kubeletEndpoint?: { Port: number } }
  nodeInfo?: NodeSystemInfo
  images?: { names: string[]; sizeBytes?: number }[]
  volumesInUse?: string[]
  volumesAttached?: { name: string; devicePath: string }[]
  runtimeHandlers?: { name?: string; features?: { recursiveReadOnlyMounts?: boolean; userNamespaces?: boolean } }[]
}
export type Node = { apiVersion: 'v1'; kind: 'Node'; metadata: ObjectMeta; spec: NodeSpec; status?: NodeStatus }

export type LeaseSpec = {
  holderIdentity?: string
  leaseDurationSeconds?: number
  acquireTime?: MicroTime
  renewTime?: MicroTime
  leaseTransitions?: number
}
export type Lease = { apiVersion: 'coordination.k8s.io/v1'; kind: 'Lease'; metadata: ObjectMeta; spec: LeaseSpec }

// ---------------------------------------------------------------- Service, EndpointSlice

export type ServicePort = {
  name?: string
  protocol?: Protocol
  appProtocol?: string
  port: number
  targetPort?: IntOrString
  nodePort?: number
}
export type ServiceSpec = {
  type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName'
  selector?: Labels
  ports?: ServicePort[]
  clusterIP?: string
  clusterIPs?: string[]
  ipFamilies?: ('IPv4' | 'IPv6')[]
  ipFamilyPolicy?: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack'
  externalIPs?: string[]
  externalName?: string
  externalTrafficPolicy?: 'Cluster' | 'Local'
  internalTrafficPolicy?: 'Cluster' | 'Local'
  trafficDistribution?: string
  healthCheckNodePort?: number
  sessionAffinity?: 'None' | 'ClientIP'
  sessionAffinityConfig?: { clientIP?: { timeoutSeconds?: number } }
  publishNotReadyAddresses?: boolean
  loadBalancerIP?: string
  loadBalancerClass?: string
  loadBalancerSourceRanges?: string[]
  allocateLoadBalancerNodePorts?: boolean
}
export type ServiceStatus = {
  loadBalancer: { ingress?: { ip?: string; hostname?: string; ipMode?: string }[] }
  conditions?: Condition[]
}
export type Service = {
  apiVersion: 'v1'
  kind: 'Service'
  metadata: ObjectMeta
  spec: ServiceSpec
  status?: ServiceStatus
}

export type EndpointPort = { name?: string; protocol?: Protocol; port?: number; appProtocol?: string }
export type EndpointConditions = { ready?: boolean; serving?: boolean; terminating?: boolean }
export type ObjectReference = {
  apiVersion?: string
  kind?: string
  namespace?: string
  name?: string
  uid?: string
  resourceVersion?: string
  fieldPath?: string
}
export type Endpoint = {
  addresses: string[]
  conditions?: EndpointConditions
  hostname?: string
  targetRef?: ObjectReference
  nodeName?: string
  zone?: string
  hints?: { forZones?: { name: string }[]; forNodes?: { name: string }[] }
}
export type EndpointSlice = {
  apiVersion: 'discovery.k8s.io/v1'
  kind: 'EndpointSlice'
  metadata: ObjectMeta
  addressType: 'IPv4' | 'IPv6' | 'FQDN'
  endpoints: Endpoint[]
  ports?: EndpointPort[]
}

// ---------------------------------------------------------------- workloads

export type RollingUpdateDeployment = { maxUnavailable?: IntOrString; maxSurge?: IntOrString }
export type DeploymentSpec = {
  replicas?: number
  selector: LabelSelector
  template: PodTemplateSpec
  strategy?: { type?: 'RollingUpdate' | 'Recreate'; rollingUpdate?: RollingUpdateDeployment }
  minReadySeconds?: number
  revisionHistoryLimit?: number
  paused?: boolean
  progressDeadlineSeconds?: number
}
export type DeploymentStatus = {
  observedGeneration?: number
  replicas?: number
  updatedReplicas?: number
  readyReplicas?: number
  availableReplicas?: number
  unavailableReplicas?: number
  terminatingReplicas?: number
  conditions?: Condition[]
  collisionCount?: number
}
export type Deployment = {
  apiVersion: 'apps/v1'
  kind: 'Deployment'
  metadata: ObjectMeta
  spec: DeploymentSpec
  status?: DeploymentStatus
}

export type ReplicaSetSpec = {
  replicas?: number
  minReadySeconds?: number
  selector: LabelSelector
  template: PodTemplateSpec
}
export type ReplicaSetStatus = {
  replicas: number
  fullyLabeledReplicas?: number
  readyReplicas?: number
  availableReplicas?: number
  terminatingReplicas?: number
  observedGeneration?: number
  conditions?: Condition[]
}
export type ReplicaSet = {
  apiVersion: 'apps/v1'
  kind: 'ReplicaSet'
  metadata: ObjectMeta
  spec: ReplicaSetSpec
  status?: ReplicaSetStatus
}

export type DaemonSetSpec = {
  selector: LabelSelector
  template: PodTemplateSpec
  updateStrategy?: {
    type?: 'RollingUpdate' | 'OnDelete'
    rollingUpdate?: { maxUnavailable?: IntOrString; maxSurge?: IntOrString }
  }
  minReadySeconds?: number
  revisionHistoryLimit?: number
}
export type DaemonSetStatus = {
  currentNumberScheduled: number
  numberMisscheduled: number
  desiredNumberScheduled: number
  numberReady: number
  observedGeneration?: number
  updatedNumberScheduled?: number
  numberAvailable?: number
  numberUnavailable?: number
  collisionCount?: number
  conditions?: Condition[]
}
export type DaemonSet = {
  apiVersion: 'apps/v1'
  kind: 'DaemonSet'
  metadata: ObjectMeta
  spec: DaemonSetSpec
  status?: DaemonSetStatus
}

// ---------------------------------------------------------------- the rest that something reads

export type Namespace = {
  apiVersion: 'v1'
  kind: 'Namespace'
  metadata: ObjectMeta
  spec?: { finalizers?: string[] }
  status?: { phase?: 'Active' | 'Terminating'; conditions?: Condition[] }
}

export type ConfigMap = {
  apiVersion: 'v1'
  kind: 'ConfigMap'
  metadata: ObjectMeta
  data?: Labels
  binaryData?: Labels
  immutable?: boolean
}
/** `data` values are base64, as in the API. */
export type Secret = {
  apiVersion: 'v1'
  kind: 'Secret'
  metadata: ObjectMeta
  data?: Labels
  type?: string
  immutable?: boolean
}
export type ServiceAccount = {
  apiVersion: 'v1'
  kind: 'ServiceAccount'
  metadata: ObjectMeta
  imagePullSecrets?: { name?: string }[]
  automountServiceAccountToken?: boolean
}

/** core/v1 Event: what `kubectl describe` and `kubectl get events` list. */
export type Event = {
  apiVersion: 'v1'
  kind: 'Event'
  metadata: ObjectMeta
  involvedObject: ObjectReference
  reason?: string
  message?: string
  source?: { component?: string; host?: string }
  firstTimestamp?: Time | null
  lastTimestamp?: Time | null
  count?: number
  type?: 'Normal' | 'Warning'
  eventTime?: MicroTime | null
  series?: { count?: number; lastObservedTime?: MicroTime }
  action?: string
  related?: ObjectReference
  reportingComponent?: string
  reportingInstance?: string
}

export type PriorityClass = {
  apiVersion: 'scheduling.k8s.io/v1'
  kind: 'PriorityClass'
  metadata: ObjectMeta
  value: number
  globalDefault?: boolean
  preemptionPolicy?: string
  description?: string
}
