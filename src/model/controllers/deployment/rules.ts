import type { Rule } from '../../../sim/contract.ts'

export const deploymentRules: readonly Rule[] = [
  {
    id: 'DP1',
    says: 'A pod template that no ReplicaSet has gets a ReplicaSet of its own, named after the hash of the template.',
    source: 'pkg/controller/deployment/sync.go getNewReplicaSet',
  },
  {
    id: 'DP2',
    says: 'The new ReplicaSet grows as long as all pods together are at most replicas + maxSurge.',
    source: 'pkg/controller/deployment/util/deployment_util.go NewRSNewReplicas',
  },
  {
    id: 'DP3',
    says: 'Old ReplicaSets shrink, unhealthy pods first, as long as replicas - maxUnavailable pods stay available.',
    source: 'pkg/controller/deployment/rolling.go reconcileOldReplicaSets',
  },
  {
    id: 'DP4',
    says: 'With Recreate all old pods are gone before the new ReplicaSet starts.',
    source: 'pkg/controller/deployment/recreate.go rolloutRecreate',
  },
  {
    id: 'DP5',
    says: 'A change of replicas alone scales the active ReplicaSets; during a rollout each in proportion to its size.',
    source: 'pkg/controller/deployment/sync.go scale',
  },
  {
    id: 'DP6',
    says: 'The status adds up the ReplicaSets; Progressing turns False when nothing moved for progressDeadlineSeconds.',
    source: 'pkg/controller/deployment/progress.go syncRolloutStatus',
  },
  {
    id: 'DP7',
    says: 'Empty ReplicaSets beyond revisionHistoryLimit are deleted, oldest first, once a rollout is complete.',
    source: 'pkg/controller/deployment/sync.go cleanupDeployment',
  },
  {
    id: 'DP8',
    says: 'A paused Deployment starts no rollout; it can still be scaled.',
    source: 'pkg/controller/deployment/sync.go checkPausedConditions',
  },
]
