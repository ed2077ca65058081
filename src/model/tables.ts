/**
 * Every table of the world and the shape of its records. The owner named in the section alone writes it; everyone
 * reads. Owners add tables and fields here, in their own section. Times are model microseconds unless the field is a
 * Kubernetes field (those are RFC 3339 strings).
 */
import type { Handler, Micros, Reader, World, Component, EventId } from '../sim/contract.ts'
import type {
  ConfigMap,
  DaemonSet,
  Deployment,
  EndpointSlice,
  Event as KubeEvent,
  KubeObject,
  LabelSelector,
  Lease,
  Namespace,
  Node,
  NodeStatus,
  Pod,
  PodStatus,
  ReplicaSet,
  Secret,
  Service,
  ServiceAccount,
} from './apiserver/objects.ts'
import type { ProxyConfiguration, ProxySettingsRecord } from './kube-proxy/configuration.ts'
import type { ProxyTurnRecord } from './kube-proxy/userspace/relay.ts'
import type { ProxyModeName } from './kube-proxy/mode.ts'
import type { ProxyHealthRecord } from './kube-proxy/servers.ts'
import type {
  BpfAffinityRecord,
  BpfAgentRecord,
  BpfBackendRecord,
  BpfFlowRecord,
  BpfServiceRecord,
} from './linux/bpf/maps.ts'
import type { SocketLb } from './linux/bpf/socket-lb.ts'
import type { IpvsDrainingRecord } from './kube-proxy/ipvs/termination.ts'
import type { IpsetRecord } from './linux/ipset/records.ts'
import type {
  IpvsConnRecord,
  IpvsCursorRecord,
  IpvsServiceRecord,
  IpvsStatsRecord,
  IpvsTimeoutsRecord,
} from './linux/ipvs/records.ts'
import type { ConntrackStatsRecord } from './linux/net/conntrack-limits.ts'
import type {
  CloudBalancerRecord,
  CloudRecord,
  CloudSessionRecord,
  MetalLbControllerRecord,
  MetalLbSpeakerRecord,
  NeighbourRecord,
} from './load-balancer/records.ts'
import type { TriggerRecord } from './controllers/trigger-time.ts'
import type { ConntrackEntry } from './linux/netfilter/conntrack.ts'
import type { Packet } from './linux/netfilter/packet.ts'
import type { Trace, TraceStep } from './linux/netfilter/trace.ts'
import type {
  NftChainRecord,
  NftCountRecord,
  NftElementRecord,
  NftObjectRecord,
  NftSetRecord,
  NftTableRecord,
  NftWriteRecord,
} from './linux/nft/records.ts'

// ------------------------------------------------------------------ cluster.ts (boot, wire, faults)

/** A machine: the hardware and operating system under a node. id: node name. */
export type MachineRecord = {
  name: string
  /** Address on the node network, on eth0. */
  ip: string
  podCIDR: string
  role: 'control-plane' | 'worker'
  cpus: number
  memoryKi: number
  ephemeralKi: number
  kernelVersion: string
  osImage: string
  kubeletVersion: string
  containerRuntimeVersion: string
  bootID: string
  machineID: string
  systemUUID: string
  labels: Record<string, string>
  taints: { key: string; value?: string; effect: string }[]
  maxPods: number
  /** false: the cable is pulled; nothing passes eth0 in either direction. */
  cable: boolean
  /** It has no power: nothing on it runs. */
  off?: boolean
}

/** A fault that is on. id: `name|target`. */
export type FaultRecord = { name: string; target: string; since: Micros }

// ------------------------------------------------------------------ apiserver

/** An open watch. id: watch id. */
export type WatchRecord = {
  id: string
  /** Actor that gets `api.watch`. */
  watcher: string
  resource: string
  namespace?: string
  labelSelector?: string
  fieldSelector?: string
  /** The resourceVersion from which it was opened, or opened again after a stall. */
  sentVersion: number
  /** The watcher cannot be reached: what it will get first, by `namespace/name`. */
  stalled?: Record<string, { type: string; object: KubeObject }>
  since: Micros
}
/** Counters of the API server. id: 'resourceVersion', 'clusterIP', ... */
export type CounterRecord = { value: number }

// ------------------------------------------------------------------ kubelet (one per node)

/** id: node. */
export type KubeletRecord = {
  node: string
  running: boolean
  /** When this process started. */
  since: Micros
  /** Number of the process on this node: an answer to an older one is nobody's. */
  boot: number
  pid: number
  registered: boolean
  /** The event in hand of the sync loop, for the ring in the picture. */
  inHand?: { channel: string; what: string; at: Micros }
  /** Start of the newest relist that succeeded; -1 before the first. */
  lastRelistAt: Micros
  /** The cache of pods is as new as this: start of the newest relist that has inspected all that changed. */
  cacheAt: Micros
  nextRelistAt: Micros
  lastLeaseAt?: Micros
  nextLeaseAt?: Micros
  nextNodeStatusAt?: Micros
  nextHousekeepingAt?: Micros
  nextSyncTickAt?: Micros
  /** Pod status updates that wait to be sent. */
  statusQueued: number
  /** Empty: the runtime is up and has a network; else the text of the Ready condition's message. */
  notReady: string
  /** When the runtime last said that it is ready. */
  runtimeSyncedAt?: Micros
  /** As in the message of the Ready condition; empty: none. */
  runtimeError: string
  networkError: string
  /** A Status call under way, since when. */
  runtimeCallSince?: Micros
  /** The API server has listed all pods of this node. */
  configSynced: boolean
  /** Generation of the list of pods: grows with every new watch. */
  listGeneration: number
  watchSince?: Micros
  /** Something was lost on the way to or from the API server: list and watch anew once it answers. */
  watchBroken: boolean
  /** Requests under way, since when. */
  leaseSince?: Micros
  leaseKnown: boolean
  nodeStatusSince?: Micros
  nodeReportedAt?: Micros
  statusSince?: Micros
  statusUid?: string
  /** The work queue has been emptied up to this second. */
  dueSecond: number
  /** Whether an iteration of the sync loop is scheduled. */
  looping: boolean
  /** Wait of the loop while the runtime is in error, doubling. */
  errorSleep: Micros
  /** Pulls are one at a time: `uid|container` in order, the first is under way. */
  pulls: string[]
  /** Node status as the API server has it from this kubelet, and the one on its way. */
  reported?: NodeStatus
  proposed?: NodeStatus
  /** What the eviction manager found; absent: no pressure. */
  pressure?: { MemoryPressure?: boolean; DiskPressure?: boolean; PIDPressure?: boolean }
}
/** One per pod the kubelet knows. id: `node|uid`. */
export type PodWorkerRecord = {
  node: string
  uid: string
  namespace: string
  name: string
  state: 'syncing' | 'terminating' | 'terminated'
  /** In a call now. */
  busy: boolean
  /** What it does, in the words of the call: `PullImage httpd:2.4`, `waits for its volumes`. */
  doing: string
  since: Micros
  /** When the work queue will wake it. */
  nextDue?: Micros
  isStatic: boolean
  /** Number of the job in hand: answers to an older one are dropped. */
  epoch: number
  /** An update came in while it was busy. */
  again: boolean
  /** The end of the last job: the next one waits for a newer look at the runtime. */
  lastSyncAt: Micros
  /** Done for good; housekeeping forgets it. */
  finished: boolean
  /** Seconds that its containers get, once it is terminating. */
  grace?: number
  /** It was ended from inside the kubelet: eviction, deadline, admission. */
  ended?: { reason: string; message: string }
  /** Only the runtime knows it: no config source has it. */
  orphan: boolean
  /** Volumes are mounted. */
  mounted: boolean
  /** Mounts that failed in a row, and when the next is tried. */
  mount?: { tries: number; nextAt: Micros }
  /** Why the last start of a container failed (reason cache). */
  failures: Record<string, { reason: string; message: string }>
  job?: PodJob
}
/** The program of a pod worker between two events. */
export type PodJob = {
  kind: 'sync' | 'kill' | 'cleanup'
  step: string
  /** The CRI or API call it waits for. */
  call?: { method: string; since: Micros }
  sandboxId: string
  attempt: number
  ip: string
  createSandbox: boolean
  /** Containers still to start, in order. */
  starts: { kind: 'ephemeral' | 'init' | 'container'; name: string }[]
  start?: { name: string; kind: 'ephemeral' | 'init' | 'container'; since: Micros; pullAt?: Micros; pullTook?: Micros; waitTook?: Micros; imageId?: string; containerId?: string }
  kills: KillRecord[]
  /** Sandboxes still to stop once the containers are down. */
  sandboxes: string[]
  /** Errors so far, and the earliest end of a back-off among them. */
  errors: string[]
  backoffUntil?: Micros
  /** Something was done to the runtime: look again at the next relist. */
  acted: boolean
  /** A container waits for another reason than before. */
  news?: boolean
  volumes?: { since: Micros }
  inspect?: { left: string[]; containers: PodCacheRecord['containers'] }
}
export type KillRecord = {
  id: string
  name: string
  message: string
  grace: number
  since: Micros
  /** `turn`: a sidecar that lets the others go first. */
  state: 'turn' | 'preStop' | 'stopping' | 'done'
}
/** A pod as the config sources gave it last. id: `node|uid`. */
export type KubeletPodRecord = {
  node: string
  uid: string
  source: 'api' | 'file'
  pod: Pod
  generation: number
  /** A mirror in the API of the static pod with this hash. */
  mirrorOf?: string
  /** Its source no longer has it; kept until its worker is done with it. */
  removed?: boolean
}
/** What the newest inspection of the runtime said of a pod. id: `node|uid`. */
export type PodCacheRecord = {
  node: string
  uid: string
  at: Micros
  sandboxes: {
    id: string
    state: 'READY' | 'NOTREADY'
    attempt: number
    createdAt: Micros
    ip?: string
    hostNetwork: boolean
  }[]
  containers: {
    id: string
    name: string
    state: 'created' | 'running' | 'exited' | 'unknown'
    createdAt: Micros
    startedAt?: Micros
    finishedAt?: Micros
    exitCode: number
    reason?: string
    message?: string
    image: string
    imageRef: string
    restartCount: number
    hash?: string
    sandboxId?: string
  }[]
  ips: string[]
  namespace: string
  name: string
  /** Container or sandbox id -> state at the last relist. */
  states: Record<string, 'running' | 'exited' | 'unknown'>
  /** Look at it at the next relist even if nothing changed. */
  reinspect: boolean
}
/** A relist under way. id: node. */
export type RelistRecord = {
  node: string
  phase: 'idle' | 'sandboxes' | 'containers' | 'inspect'
  since: Micros
  lists: { sandboxes?: readonly object[]; containers?: readonly object[] }
  /** The answers of the relist before: the same lists mean that nothing changed. */
  before: { sandboxes?: readonly object[]; containers?: readonly object[] }
  /** Pods still to inspect, the first is in hand; without `ids`: nothing of it is left. */
  pods: {
    uid: string
    name: string
    namespace: string
    ids: { sandbox?: boolean; id: string }[]
    states: PodCacheRecord['states']
  }[]
  left: { sandbox?: boolean; id: string }[]
  got: Pick<PodCacheRecord, 'sandboxes' | 'containers' | 'ips'>
}
/** What the status manager holds for a pod. id: `node|uid`. */
export type PodStatusRecord = {
  node: string
  uid: string
  namespace: string
  name: string
  status: PodStatus
  version: number
  sentVersion: number
  /** The pod is down and clean: its object may go. */
  finished: boolean
}
/** A channel of the sync loop with what waits in it. id: `node|channel`. */
export type KubeletChannelRecord = {
  node: string
  channel: 'config' | 'pleg' | 'sync' | 'housekeeping' | 'liveness' | 'readiness' | 'startup'
  items: readonly KubeletItem[]
}
export type KubeletItem = { what: string; uid?: string; containerId?: string; name?: string; result?: string; at: Micros; cause: EventId }
/** A file in /etc/kubernetes/manifests. id: `node|file`. */
export type StaticManifestRecord = { node: string; file: string; manifest: unknown }
/** A ConfigMap or Secret that pods of the node use. id: `node|resource|namespace/name`. */
export type KubeletObjectRecord = {
  node: string
  /** `resource|namespace/name` */
  key: string
  at: Micros
  state: 'asked' | 'there' | 'missing'
  data?: Record<string, string>
  /** uids of the pods that wait for the answer. */
  waiting: string[]
}
/** id: `node|uid|container|probeKind`. */
export type ProbeRecord = {
  node: string
  uid: string
  namespace: string
  pod: string
  container: string
  probe: 'startup' | 'readiness' | 'liveness'
  nextAt: Micros
  periodMicros: Micros
  result: 'unknown' | 'success' | 'failure'
  successes: number
  failures: number
  lastAt?: Micros
  lastOutput?: string
  inFlight: boolean
  /** Container that the result is of; empty before the first. */
  containerId: string
  /** Waits for a new container after it asked for a restart. */
  onHold: boolean
  /** Tries of one probe that ended in an error. */
  tries: number
  /** The timer of its next turn. */
  timer?: EventId
  /** Number of the attempt under way. */
  attempt: number
}
/** id: `node|key`. */
export type BackoffRecord = {
  node: string
  key: string
  what: 'container' | 'image'
  uid: string
  container: string
  delayMicros: Micros
  since: Micros
  until: Micros
  /** Of an image: the error of the last pull. */
  message?: string
}

// ------------------------------------------------------------------ cri (containerd)

/** id: 64 hex digits. */
export type SandboxRecord = {
  id: string
  node: string
  metadata: { name: string; uid: string; namespace: string; attempt: number }
  state: 'SANDBOX_READY' | 'SANDBOX_NOTREADY'
  /** How far RunPodSandbox or StopPodSandbox has come. */
  stage: 'netns' | 'cni' | 'pause' | 'ready' | 'stopping' | 'stopped'
  createdAt: Micros
  readyAt?: Micros
  /** Name of its network namespace in `netns`; '' for a pod on the host network. */
  netns: string
  hostNetwork: boolean
  ip: string
  /** Of the pause process. */
  pid: number
  /** containerd-shim-runc-v2, parent of every process of the pod. */
  shimPid: number
  labels: Record<string, string>
  annotations: Record<string, string>
  runtimeHandler: string
  hostname: string
  logDirectory: string
  cgroupParent: string
}
/** id: 64 hex digits. */
export type ContainerRecord = {
  id: string
  node: string
  sandboxId: string
  podUid: string
  podName: string
  namespace: string
  metadata: { name: string; attempt: number }
  /** As the pod spec wrote it. */
  image: string
  /** `registry/repo@sha256:...` */
  imageRef: string
  imageId: string
  state: 'CONTAINER_CREATED' | 'CONTAINER_RUNNING' | 'CONTAINER_EXITED'
  createdAt: Micros
  startedAt?: Micros
  finishedAt?: Micros
  exitCode?: number
  /** 'Completed', 'Error', 'OOMKilled'. */
  reason?: string
  message?: string
  pid: number
  labels: Record<string, string>
  annotations: Record<string, string>
  logPath: string
  command: string[]
  args: string[]
  /** What runs: command or the image's entrypoint, then args or the image's cmd. */
  argv: string[]
  stopSignal: string
  workingDir: string
  envs: { key: string; value: string }[]
  mounts: { containerPath: string; hostPath: string; readonly: boolean }[]
  resources: { cpuShares: number; cpuQuota: number; cpuPeriod: number; memoryLimitInBytes: number; oomScoreAdj: number }
  /** Name of the behaviour in `model/images` that runs in it. */
  behaviour: string
  /** Plain state of the behaviour. */
  memory: unknown
}
/** id: `node|sha256:...`. */
export type ImageRecord = {
  node: string
  id: string
  repoTags: string[]
  repoDigests: string[]
  size: number
  layers: { digest: string; size: number }[]
  pinned: boolean
  pulledAt: Micros
}
/** A pull under way or just ended. id: `node|image`. Progress of a layer at t is linear between startedAt and doneAt. */
export type PullRecord = {
  node: string
  image: string
  startedAt: Micros
  state: 'manifest' | 'layers' | 'unpack' | 'done' | 'failed'
  error?: string
  layers: {
    digest: string
    size: number
    startedAt?: Micros
    doneAt?: Micros
    /** The blob under way. */
    transfer?: EventId
    /** It was on the node already. */
    exists?: boolean
  }[]
  /** Calls that wait for it: ids in `criCalls`. */
  calls: string[]
  /** Images do not carry their platform's size before the manifest is there. */
  resolvedAt?: Micros
  unpackUntil?: Micros
  endedAt?: Micros
}
/** A CRI call that containerd has not answered yet. id: `node|n`. */
export type CriCallRecord = {
  id: string
  node: string
  method: string
  /** Actor that gets the answer. */
  caller: string
  request: unknown
  ctx?: unknown
  since: Micros
  /** What it waits for, in a few words. */
  doing: string
  sandboxId?: string
  containerId?: string
  /** StopContainer: when SIGKILL follows. */
  deadline?: Micros
}
/** One line a container wrote. id: `container|seq`. */
export type ContainerLogRecord = { container: string; seq: number; at: Micros; stream: 'stdout' | 'stderr'; text: string }

// ------------------------------------------------------------------ cni

/** An address that host-local has given out. id: `node|ip`. In the real thing a file under /var/lib/cni/networks. */
export type IpReservationRecord = { node: string; ip: string; containerId: string; ifname: string; since: Micros }
/** The network of a node. id: node. */
export type CniNodeRecord = {
  node: string
  podCIDR: string
  /** File last_reserved_ip.0: the next address is looked for behind it. */
  lastReservedIp: string
}

// ------------------------------------------------------------------ dns

/** What the CoreDNS of a node knows of a Service. id: `node|namespace/name`. */
export type DnsNameRecord = { node: string; key: string; service?: Service; slices: Record<string, EndpointSlice> }
/** id: node. */
export type DnsZoneRecord = { node: string; namespaces: string[]; synced: string[] }

// ------------------------------------------------------------------ linux

/** id: `node|name`; name '' is the host's. */
export type NetnsRecord = {
  node: string
  /** `cni-1b2c...`; '' for the host. */
  name: string
  inode: number
  /** Sandbox it was made for. */
  sandboxId: string
  /** `net.ipv4.ip_forward` and the like, where they differ from the kernel's default. */
  sysctls: Record<string, string>
}
/** id: `node|netns|name`. */
export type LinkRecord = {
  node: string
  netns: string
  name: string
  index: number
  kind: 'loopback' | 'device' | 'veth' | 'bridge' | 'dummy'
  mac: string
  mtu: number
  up: boolean
  /** Bridge it is enslaved to. */
  master?: string
  peer?: { netns: string; name: string; index: number }
  /** `10.244.1.5/24` */
  addresses: string[]
}
/** id: `node|netns|dst`; dst is `default` or a CIDR. */
export type RouteRecord = {
  node: string
  netns: string
  dst: string
  dev: string
  via?: string
  src?: string
  proto?: string
  scope?: string
}
/** id: `node|pid`. */
export type ProcessRecord = {
  node: string
  pid: number
  ppid: number
  comm: string
  cmdline: string[]
  netns: string
  containerId?: string
  cgroup: string
  startedAt: Micros
  /** Resident bytes. */
  rss: number
  /** It has ended; its parent has not yet asked how. */
  zombie?: boolean
}
/** A listening socket. id: `node|netns|proto|ip|port`; ip '0.0.0.0' listens on all. */
export type ListenerRecord = {
  node: string
  netns: string
  proto: 'tcp' | 'udp'
  ip: string
  port: number
  pid: number
  containerId?: string
}
/** A line of the systemd journal. id: `node|unit|seq`. */
export type JournalLineRecord = { node: string; unit: string; seq: number; at: Micros; pid: number; comm: string; text: string }
/** A systemd unit. id: `node|unit`. */
export type UnitRecord = {
  node: string
  unit: string
  active: 'active' | 'inactive' | 'failed' | 'activating'
  sub: string
  since: Micros
  pid: number
}

// ------------------------------------------------------------------ controllers (actor controller-manager)

/** A key in a controller's work queue, or in a worker's hands. id: `controller|key`. */
export type WorkRecord = {
  controller: string
  key: string
  /** waiting: until `dueAt` (a retry, or a look at a deadline); queued: for a worker; working: answers are under way. */
  state: 'waiting' | 'queued' | 'working'
  since: Micros
  dueAt?: Micros
  /** The timer that wakes it; undefined when it only waits for a free worker. */
  wake?: EventId
  /** The key was added again while it was being worked on. */
  dirty: boolean
  /** Events that merged into the next pass over this key. */
  causes: EventId[]
  /** Failed passes in a row; the n-th retry waits 5 ms x 2^n, at most 1000 s. */
  failures: number
  lastError?: string
  /** Requests of this pass whose answers are still under way. */
  inFlight: number
  answers: WorkAnswer[]
  /** What the controller remembers between the requests of one pass. */
  memo?: unknown
  /** Counts passes, so that a late answer is told from a new one. */
  pass: number
}
/** An answer of the API server, without the object. `i`: which request of the step. */
export type WorkAnswer = { i: number; code: number; name?: string; reason?: string; message?: string }
/** Creations and deletions that a controller has asked for and not seen yet. id: `controller|key`. */
export type ExpectationRecord = { adds: number; dels: string[]; since: Micros }
/** Token bucket of a client of the API server. id: `actor|component`. */
export type ClientRecord = { component: string; paidUntil: Micros; throttled: number }
/** What an event recorder remembers, to count and to aggregate. id: `component|uid`. */
export type EventMemoryRecord = {
  /** Spam filter: 25 at once, then one in five minutes, per component and object. */
  paidUntil: Micros
  dropped: number
  /** `type|reason` -> messages seen within ten minutes; more than ten are combined. */
  groups: Record<string, { messages: string[]; since: Micros }>
  /** What was sent -> the Event that carries its count. */
  sent: Record<string, { name: string; count: number; first: string; at: Micros; /** Counted, but held back by the filter so far. */ held?: true }>
}
/** What the informers said of a pod last: an update that changes none of this wakes nobody. id: `namespace/name`. */
export type PodSeenRecord = {
  namespace: string
  uid: string
  labels: Record<string, string>
  /** uid of its controller; '' for an orphan. */
  controller: string
  node: string
  phase: string
  ready: boolean
  terminating: boolean
  ips: string
  generation: number
}
/** What the node lifecycle controller knows of a node. id: node. */
export type NodeHealthRecord = {
  node: string
  /** When a lease renewal or a status change was last noticed. */
  probeAt: Micros
  /** What was seen then, to notice the next one. */
  leaseRenewTime: string
  statusSeen: string
  ready: 'True' | 'False' | 'Unknown' | ''
  zone: string
  /** Waits for the eviction limiter of its zone. */
  taintQueuedAt?: Micros
}
/** Eviction limiter of a zone. id: zone name, `default` for nodes without a zone. */
export type ZoneRecord = { zone: string; state: string; qps: number; paidUntil: Micros }
/** The generation of an EndpointSlice that its controller has written last: its own echo wakes nobody. id: `namespace/name`. */
export type SliceTrackRecord = { generation: number }
/** A pod that will be deleted for a NoExecute taint. id: `namespace/name`. */
export type EvictionRecord = {
  namespace: string
  name: string
  uid: string
  node: string
  taints: string[]
  since: Micros
  dueAt: Micros
  wake: EventId
}

// ------------------------------------------------------------------ scheduler

/** A pod without a node, in the scheduler's queue. id: `namespace/name`. */
export type SchedulingRecord = {
  namespace: string
  name: string
  uid: string
  state: 'active' | 'backoff' | 'unschedulable' | 'gated' | 'binding'
  priority: number
  since: Micros
  /** When it leaves backoff, or is tried again although nothing changed (5 minutes). */
  dueAt?: Micros
  wake?: EventId
  attempts: number
  /** Filters that refused it, which say what kind of change may help. */
  rejectedBy: string[]
  message?: string
  /** Node that was chosen; the Binding is under way. */
  node?: string
  /** metadata.generation of the pod that was tried. */
  generation: number
  causes: EventId[]
  /** The Event that says why it does not fit; the next time its series is counted up. */
  event?: { name: string; count: number }
}
/** How many pods of one controller stand on each node. id: uid of the controller. */
export type SiblingsRecord = { nodes: Record<string, number> }
/** id: 'loop'. `cycle`: the timer of the next scheduling cycle. */
export type SchedulerLoopRecord = { cycle?: EventId; cycles: number }
/** What the pods of a node ask for, in total. id: node. */
export type NodeRoomRecord = {
  node: string
  milliCpu: number
  memory: number
  ephemeral: number
  scalars: Record<string, number>
  /** With the least that scoring takes for a container that asks for nothing: 100m and 200Mi. */
  scoredMilliCpu: number
  scoredMemory: number
  pods: number
  /** `protocol|ip|port` of host ports. */
  ports: string[]
  /** Of the Node object; a change of it may help a waiting pod. */
  seen: string
}
/** A pod that takes room on a node: bound, or assumed while its Binding is under way. id: pod uid. */
export type PlacementRecord = {
  namespace: string
  name: string
  uid: string
  node: string
  assumed: boolean
  /** uid of its controller; '' for none. */
  owner: string
  labels: Record<string, string>
  milliCpu: number
  memory: number
  ephemeral: number
  scalars: Record<string, number>
  scoredMilliCpu: number
  scoredMemory: number
  ports: string[]
  priority: number
  terminating: boolean
  /** Required anti-affinity terms, which newcomers must respect. */
  antiAffinity: { topologyKey: string; namespaces: string[]; selector?: LabelSelector }[]
}

// ------------------------------------------------------------------ kube-proxy (one per node)

/** The proxy process of a node. id: node. */
export type KubeProxyRecord = {
  node: string
  running: boolean
  mode: ProxyModeName
  /** As read at its start. */
  configuration: ProxyConfiguration
  since: Micros
  pid: number
  /** First list of each watch is in. Nothing is written before both are. */
  servicesSynced: boolean
  slicesSynced: boolean
  needFullSync: boolean
  /** A restore is under way. */
  busy: boolean
  /** Services (`namespace/name`) that changed since the last sync took its input. */
  changed: string[]
  /** Events that the next sync answers. */
  causes: EventId[]
  lastSyncAt?: Micros
  lastFullSyncAt?: Micros
  /** When it last looked for stale chains. */
  lastCleanupAt?: Micros
  /** Zone of its node. */
  zone?: string
  /** When the bounded frequency runner will run next, and its timer. */
  nextSyncAt?: Micros
  timer?: EventId
  syncs: number
  fullSyncs: number
  failures: number
  /** What its mode keeps between two syncs (SyncPlan.memory). */
  memory?: unknown
  /** Of the last sync. */
  metrics?: {
    filterRules: number
    natRules: number
    natRulesTotal: number
    noLocalEndpointsInternal: number
    noLocalEndpointsExternal: number
    endpoints: number
  }
}
/** What kube-proxy knows of a Service and its EndpointSlices. id: `node|namespace/name`. */
export type ProxiedServiceRecord = {
  node: string
  /** `namespace/name` */
  service: string
  object?: Service
  /** By name of the slice. */
  slices: Record<string, EndpointSlice>
}

// ------------------------------------------------------------------ linux/netfilter (host namespaces)

/** A chain of rules of a machine. id: `node|table|chain`. */
export type ChainRecord = {
  node: string
  table: string
  name: string
  /** Built-in chains have one. */
  policy?: 'ACCEPT' | 'DROP'
  /** `-A CHAIN ...` */
  rules: readonly string[]
  changedAt: Micros
}
/** The rules of a machine as a whole, and what changed last. id: node. */
export type NetfilterRecord = {
  node: string
  /** Number of rules, and of chains. */
  rules: number
  chains: number
  lastWriteAt: Micros
  /** Who wrote: `kube-proxy`, `iptables-restore`. */
  lastWriter: string
  /** Lines of the last write that changed anything, at most 200 each: `table -A ...`. */
  added: string[]
  removed: string[]
  /** How many there were in all. */
  addedCount: number
  removedCount: number
}
/** How often rules and policies of a machine matched. id: node. */
export type RuleHitsRecord = {
  node: string
  /** `table chain index` (from 0) or `table chain policy` -> packets and bytes. */
  hits: Record<string, readonly [number, number]>
}
/** A tracked connection of a host namespace. id: `node|PROTO SRC:PORT>DST:PORT` of the first packet. */
export type ConntrackRecord = ConntrackEntry & {
  node: string
  startedAt: Micros
  /** Past this moment it is no longer found. */
  expiresAt: Micros
  packets: number
}
/** Remembers a client for `-m recent` (session affinity). id: `node|list|address`. */
export type RecentRecord = { node: string; list: string; address: string; seen: Micros[] }

// ------------------------------------------------------------------ linux/net (packets)

/** A place with an address: a network namespace of a node (`netns` '' for the host), or a machine outside. */
export type NetPlace = { node: string; netns: string } | { host: 'laptop' | 'external' | 'registry' | 'cloud' }
/** An exchange from connect to close, or a datagram and its answer. id: `f1`, `f2`, ..., of probes `probe1`, ... The newest are kept. */
export type FlowRecord = {
  id: string
  proto: 'tcp' | 'udp' | 'icmp'
  /** In words: `GET /healthz`, `query web.default.svc`. */
  what: string
  /** Repeats by the clock: a probe. */
  routine: boolean
  client: NetPlace
  /** As the client sees it. */
  src: string
  sport: number
  dst: string
  dport: number
  clientContainer?: string
  /** The address that the program asked for, where a BPF program at the socket chose another. */
  socketLb?: SocketLb
  /** For a client outside of the cluster: the node to which its network routes the address. */
  via?: string
  state: 'connecting' | 'connected' | 'requested' | 'answered' | 'closed' | 'failed'
  /** Where the first packet was delivered, and how the server sees the two ends. */
  server?: { at: NetPlace; ip: string; port: number; peerIp: string; peerPort: number; pid?: number; containerId?: string }
  request?: unknown
  response?: unknown
  /** `refused`, `timeout`, `unreachable`, `reset`, `denied`. */
  error?: string
  startedAt: Micros
  /** It stays open after an answer (HTTP keep-alive); how many answers there were, and nothing is asked now. */
  keep?: true
  turn?: number
  idle?: true
  /** Of the last request after the first, and of the last answer. */
  turnAt?: Micros
  answeredAt?: Micros
  connectedAt?: Micros
  endedAt?: Micros
  /** Packets in the order in which they were sent. */
  packets: string[]
  /** UDP: how often the datagram may be sent, and how long each waits. */
  attempts?: number
  retryMicros?: Micros
  /** How often the segment in hand was sent again, and the timer that does it. */
  tries: number
  timer?: EventId
  deadline?: EventId
  /** The last segment that waits for an answer, and who sent it. */
  unanswered?: { by: 'client' | 'server'; flags: number; what: string }
  answerTo: string
  answerKind: string
  ctx?: unknown
}
/** A packet under way or come to its end. id: `p1`, `p2`, ... Kept as long as its flow. */
export type PacketRecord = {
  id: string
  flow: string
  way: 'request' | 'reply'
  /** `SYN`, `SYN, ACK`, `data`, `FIN, ACK`, `query`, `icmp port unreachable`. */
  what: string
  sentAt: Micros
  /** As it was sent. */
  header: Packet
  /** As it is now. */
  now: Packet
  state: 'moving' | 'delivered' | 'dropped' | 'rejected' | 'lost'
  /** Why it ended, when not delivered. */
  why?: string
  endedAt?: Micros
  hops: PacketHop[]
}
export type Draw = { chain: string; rule: number; drawn: number; below: number }
/** One stack that the packet passed. */
export type PacketHop = {
  at: Micros
  /** When it left again. */
  until: Micros
  node: string
  netns: string
  inDev?: string
  outDev?: string
  nextHop?: string
  /** How it came in: the header before this stack. */
  before: Packet
  after: Packet
  /** conntrack state it had here; undefined in a namespace without rules. */
  ctState?: string
  direction?: 'original' | 'reply'
  nat: readonly { hook: string; kind: string; from: string; to: string; byRule: boolean }[]
  trace?: Trace
  /** What chance said to rules that asked for it: number drawn and bound, in [0, 1); of a choice, which of how many. */
  draws?: readonly Draw[]
  /** Rules that matched, with their text at that time. */
  matched: readonly TraceStep[]
  compared: number
  /** Look-ups in hash tables (nft maps, IPVS, BPF maps). */
  lookups?: number
  verdict: string
  stoppedBy?: string
}

/** All tables. `id` of an API object: `namespace/name`, or `name` where the kind is not namespaced. */
export interface Tables {
  machines: MachineRecord
  faults: FaultRecord

  pods: Pod
  nodes: Node
  services: Service
  endpointslices: EndpointSlice
  deployments: Deployment
  replicasets: ReplicaSet
  daemonsets: DaemonSet
  leases: Lease
  namespaces: Namespace
  events: KubeEvent
  configmaps: ConfigMap
  secrets: Secret
  serviceaccounts: ServiceAccount
  /** Stored kinds that nothing acts on. id: `resource.group/namespace/name`. */
  otherobjects: KubeObject
  watches: WatchRecord
  counters: CounterRecord

  workqueue: WorkRecord
  expectations: ExpectationRecord
  clients: ClientRecord
  eventMemory: EventMemoryRecord
  podsSeen: PodSeenRecord
  nodeHealth: NodeHealthRecord
  zones: ZoneRecord
  evictions: EvictionRecord
  sliceTracks: SliceTrackRecord
  triggerTimes: TriggerRecord

  scheduling: SchedulingRecord
  nodeRoom: NodeRoomRecord
  placements: PlacementRecord
  siblings: SiblingsRecord
  schedulerLoop: SchedulerLoopRecord

  kubelets: KubeletRecord
  podWorkers: PodWorkerRecord
  probes: ProbeRecord
  backoffs: BackoffRecord
  kubeletPods: KubeletPodRecord
  podCache: PodCacheRecord
  podStatuses: PodStatusRecord
  relists: RelistRecord
  kubeletChannels: KubeletChannelRecord
  kubeletObjects: KubeletObjectRecord
  staticManifests: StaticManifestRecord

  sandboxes: SandboxRecord
  containers: ContainerRecord
  images: ImageRecord
  pulls: PullRecord
  containerLogs: ContainerLogRecord
  criCalls: CriCallRecord
  ipReservations: IpReservationRecord
  cniNodes: CniNodeRecord
  dnsNames: DnsNameRecord
  dnsZones: DnsZoneRecord

  netns: NetnsRecord
  links: LinkRecord
  routes: RouteRecord
  processes: ProcessRecord
  listeners: ListenerRecord
  journal: JournalLineRecord
  units: UnitRecord

  kubeProxies: KubeProxyRecord
  proxySettings: ProxySettingsRecord
  proxyTurns: ProxyTurnRecord
  proxiedServices: ProxiedServiceRecord
  proxyHealth: ProxyHealthRecord
  chains: ChainRecord
  netfilter: NetfilterRecord
  ruleHits: RuleHitsRecord
  conntrack: ConntrackRecord
  conntrackStats: ConntrackStatsRecord
  recent: RecentRecord
  ipvsDraining: IpvsDrainingRecord
  nftTables: NftTableRecord
  nftChains: NftChainRecord
  nftSets: NftSetRecord
  nftElements: NftElementRecord
  nftObjects: NftObjectRecord
  nftCounts: NftCountRecord
  nftWrites: NftWriteRecord
  ipvsServices: IpvsServiceRecord
  ipvsCursors: IpvsCursorRecord
  ipvsConns: IpvsConnRecord
  ipvsStats: IpvsStatsRecord
  ipvsTimeouts: IpvsTimeoutsRecord
  ipsets: IpsetRecord
  bpfAgents: BpfAgentRecord
  bpfServices: BpfServiceRecord
  bpfBackends: BpfBackendRecord
  bpfAffinity: BpfAffinityRecord
  bpfFlows: BpfFlowRecord
  flows: FlowRecord
  packets: PacketRecord

  metalLbControllers: MetalLbControllerRecord
  metalLbSpeakers: MetalLbSpeakerRecord
  neighbours: NeighbourRecord
  clouds: CloudRecord
  cloudBalancers: CloudBalancerRecord
  cloudSessions: CloudSessionRecord
}

export type ModelWorld = World<Tables>
export type ModelReader = Reader<Tables>
export type ModelHandler = Handler<Tables>
export type ModelComponent = Component<Tables>
export type { EventId, Micros }

/**
 * Indexes that everyone may count on (declared by the owners):
 * pods: node (spec.nodeName), owner (controller uid), namespace, uid; replicasets/endpointslices: owner, namespace;
 * endpointslices: service (`namespace/name`); events: involved (uid), namespace; watches: resource, watcher;
 * podWorkers, probes, backoffs, sandboxes, containers, images, pulls, netns, processes, units: node;
 * sandboxes: pod (uid); containers: sandbox, pod (uid); containerLogs: container;
 * links, routes, listeners: netns (`node|netns`); links: node; journal: unit (`node|unit`);
 * criCalls: node, sandbox, container; ipReservations: node; processes: container.
 */
