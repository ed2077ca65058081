// The rules that the live kubelet names when it chooses.
import type { Rule } from '../../sim/contract.ts'

export const kubeletRules: readonly Rule[] = [
  {
    id: 'KL1',
    says: 'The sync loop takes one item at a time from its channels; among those that have one, it picks at random.',
    source: 'pkg/kubelet/kubelet.go syncLoopIteration',
  },
  {
    id: 'KL2',
    says: 'A pod worker compares the spec with what the runtime has and does only what is missing.',
    source: 'pkg/kubelet/kuberuntime/kuberuntime_manager.go computePodActions',
  },
  {
    id: 'KL3',
    says: 'A pod without a ready sandbox gets a new one before any container.',
    source: 'pkg/kubelet/kuberuntime/util/util.go PodSandboxChanged',
  },
  {
    id: 'KL4',
    says: 'A container that exits again waits: 10 s, doubled each time, at most 5 min, forgotten after 10 min of running.',
    source: 'pkg/kubelet/kuberuntime/kuberuntime_manager.go doBackOff',
  },
  {
    id: 'KL5',
    says: 'The restart policy decides whether a container that exited is started again.',
    source: 'pkg/kubelet/container/helpers.go ShouldContainerBeRestarted',
  },
  {
    id: 'KL6',
    says: 'Init containers run one after another; the next starts when the one before has succeeded, or a sidecar has started.',
    source: 'pkg/kubelet/kuberuntime/kuberuntime_container.go computeInitContainerActions',
  },
  {
    id: 'KL7',
    says: 'The pull policy and what is on the machine decide whether an image is pulled.',
    source: 'pkg/kubelet/images/image_manager.go EnsureImageExists',
  },
  {
    id: 'KL8',
    says: 'Images are pulled one at a time: the others wait for their turn.',
    source: 'pkg/kubelet/images/puller.go newSerialImagePuller',
  },
  {
    id: 'KL9',
    says: 'A failed pull is tried again after 10 s, doubled each time, at most 5 min.',
    source: 'pkg/kubelet/images/image_manager.go pullImage',
  },
  {
    id: 'KL10',
    says: 'No container starts before all volumes of the pod are mounted.',
    source: 'pkg/kubelet/kubelet.go SyncPod, volumemanager WaitForAttachAndMount',
  },
  {
    id: 'KL11',
    says: 'Without a ready network, only pods on the host network are started.',
    source: 'pkg/kubelet/kubelet.go SyncPod (NetworkNotReady)',
  },
  {
    id: 'KL12',
    says: 'A relist compares the containers of now with those of the relist before; each difference becomes an event.',
    source: 'pkg/kubelet/pleg/generic.go Relist',
  },
  {
    id: 'KL13',
    says: 'A probe changes its result only after so many equal outcomes in a row.',
    source: 'pkg/kubelet/prober/worker.go doProbe',
  },
  {
    id: 'KL14',
    says: 'A container that failed its liveness or startup probe is killed; the restart policy decides the rest.',
    source: 'pkg/kubelet/kuberuntime/kuberuntime_manager.go computePodActions',
  },
  {
    id: 'KL15',
    says: 'A container gets SIGTERM and its grace period (at least 2 s), then SIGKILL; the preStop hook runs first, on the same clock.',
    source: 'pkg/kubelet/kuberuntime/kuberuntime_container.go killContainer',
  },
  {
    id: 'KL16',
    says: 'The pod status is sent only when it changed; one update at a time.',
    source: 'pkg/kubelet/status/status_manager.go syncBatch',
  },
  {
    id: 'KL17',
    says: 'A deleted pod leaves the API only after its containers are down and its volumes are unmounted.',
    source: 'pkg/kubelet/status/status_manager.go canBeDeleted',
  },
  {
    id: 'KL18',
    says: 'The lease is renewed every 10 s: the heartbeat by which the control plane knows that the node lives.',
    source: 'component-helpers apimachinery/lease/controller.go sync',
  },
  {
    id: 'KL19',
    says: 'The node status is looked at every 10 s and sent when it changed, or every 5 min.',
    source: 'pkg/kubelet/kubelet_node_status.go tryUpdateNodeStatus',
  },
  {
    id: 'KL20',
    says: 'The node is Ready when the runtime and its network are ready and the PLEG is healthy.',
    source: 'pkg/kubelet/nodestatus/setters.go ReadyCondition, pkg/kubelet/runtime.go',
  },
  {
    id: 'KL21',
    says: 'A pod that does not fit on the node is refused by the kubelet itself.',
    source: 'pkg/kubelet/lifecycle/predicate.go Admit',
  },
  {
    id: 'KL22',
    says: 'While the runtime is in error the sync loop rests: 100 ms, doubled up to 5 s.',
    source: 'pkg/kubelet/kubelet.go syncLoop',
  },
  {
    id: 'KL23',
    says: 'A pod worker wakes its pod again after about a minute, or when the shortest back-off ends.',
    source: 'pkg/kubelet/pod_workers.go completeWork',
  },
  {
    id: 'KL24',
    says: 'A file in the manifest directory is a pod of this node alone; the API gets a mirror of it.',
    source: 'pkg/kubelet/config/file.go, pkg/kubelet/pod/mirror_client.go',
  },
  {
    id: 'KL25',
    says: 'Dead containers and sandboxes are cleaned up: one dead container per name stays for its logs.',
    source: 'pkg/kubelet/kuberuntime/kuberuntime_gc.go, pkg/kubelet/pod_container_deletor.go',
  },
  {
    id: 'KL26',
    says: 'The phase of a pod follows from the states of its containers and its restart policy.',
    source: 'pkg/kubelet/kubelet_pods.go getPhase',
  },
  {
    id: 'KL27',
    says: 'What runs in the runtime but is in no config source is killed.',
    source: 'pkg/kubelet/kubelet_pods.go HandlePodCleanups',
  },
  {
    id: 'KL28',
    says: 'A container waits in CreateContainerConfigError until every ConfigMap and Secret that its environment names is there.',
    source: 'pkg/kubelet/kubelet_pods.go makeEnvironmentVariables',
  },
  {
    id: 'KL29',
    says: "The kubelet keeps a few chains in the node's tables, and every minute looks whether somebody emptied them.",
    source: 'pkg/kubelet/kubelet_network_linux.go initNetworkUtil, pkg/util/iptables/iptables.go Monitor',
  },
]
