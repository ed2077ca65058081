import type { Rule } from '../../../sim/contract.ts'

export const daemonSetRules: readonly Rule[] = [
  {
    id: 'DS1',
    says: 'Every node that the pod template fits by node selector, node affinity and taints gets one pod, which names its node by affinity.',
    source: 'pkg/controller/daemon/daemon_controller.go podsShouldBeOnNode, NodeShouldRunDaemonPod',
  },
  {
    id: 'DS2',
    says: 'A pod on a node that it no longer fits, a failed pod and a second pod on one node are deleted.',
    source: 'pkg/controller/daemon/daemon_controller.go podsShouldBeOnNode',
  },
  {
    id: 'DS3',
    says: 'RollingUpdate deletes old pods, at most maxUnavailable at a time; with OnDelete they stay until someone deletes them.',
    source: 'pkg/controller/daemon/update.go rollingUpdate',
  },
  {
    id: 'DS4',
    says: 'Daemon pods tolerate not-ready, unreachable, disk, memory and PID pressure and unschedulable nodes without limit.',
    source: 'pkg/controller/daemon/util/daemonset_util.go AddOrUpdateDaemonPodTolerations',
  },
  {
    id: 'DS5',
    says: 'The status counts nodes: which should have a pod, which have one, and which of these are ready and up to date.',
    source: 'pkg/controller/daemon/daemon_controller.go updateDaemonSetStatus',
  },
]
