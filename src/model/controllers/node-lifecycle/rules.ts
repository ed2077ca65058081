import type { Rule } from '../../../sim/contract.ts'

export const nodeLifecycleRules: readonly Rule[] = [
  {
    id: 'NL1',
    says: 'A lease renewal or a new heartbeat in the node status counts as a sign of life; both are looked at every 5 s.',
    source: 'pkg/controller/nodelifecycle/node_lifecycle_controller.go tryUpdateNodeHealth',
  },
  {
    id: 'NL2',
    says: 'A node without a sign of life for 50 s has Ready, MemoryPressure, DiskPressure and PIDPressure set to Unknown.',
    source: 'pkg/controller/nodelifecycle/node_lifecycle_controller.go tryUpdateNodeHealth',
  },
  {
    id: 'NL3',
    says: 'When the controller itself turns a node not ready, all its pods are marked not ready, so they leave the EndpointSlices.',
    source: 'pkg/controller/util/node/controller_utils.go MarkPodsNotReady',
  },
  {
    id: 'NL4',
    says: 'NoSchedule taints follow from the conditions and from cordon, at once.',
    source: 'pkg/controller/nodelifecycle/node_lifecycle_controller.go doNoScheduleTaintingPass',
  },
  {
    id: 'NL5',
    says: 'A node that is not ready gets the NoExecute taint not-ready or unreachable, at most one node in 10 s per zone.',
    source:
      'pkg/controller/nodelifecycle/node_lifecycle_controller.go processTaintBaseEviction, doNoExecuteTaintingPass',
  },
  {
    id: 'NL6',
    says: 'The more of a zone is down, the slower nodes are tainted; with every zone down nobody is.',
    source: 'pkg/controller/nodelifecycle/node_lifecycle_controller.go handleDisruption',
  },
]

export const taintEvictionRules: readonly Rule[] = [
  {
    id: 'TE1',
    says: 'A pod that does not tolerate a NoExecute taint of its node is deleted at once.',
    source: 'pkg/controller/tainteviction/taint_eviction.go processPodOnNode',
  },
  {
    id: 'TE2',
    says: 'A pod that tolerates it for a time is deleted when the shortest tolerationSeconds among the tolerations used has passed; without tolerationSeconds it stays.',
    source: 'pkg/controller/tainteviction/taint_eviction.go getMinTolerationTime',
  },
  {
    id: 'TE3',
    says: 'When the taints go away the deletion that waits is cancelled.',
    source: 'pkg/controller/tainteviction/taint_eviction.go cancelWorkWithEvent',
  },
]
