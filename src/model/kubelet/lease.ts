// The node's lease: the cheap heartbeat.
// Upstream: component-helpers/apimachinery/lease/controller.go (newLease), pkg/kubelet/util/nodelease.go (SetNodeOwnerFunc).
import type { Lease } from '../apiserver/objects.ts'
import { rfc3339Micro } from '../../sim/clock.ts'
import type { Micros } from '../../sim/contract.ts'
import { kubeletConfigDefaults } from './config.ts'

export const leaseNamespace = 'kube-node-lease'

/** The lease as it is sent for creation; `nodeUid` makes it go when the node goes. */
export function newLease(
  node: string,
  now: Micros,
  nodeUid?: string,
): Pick<Lease, 'apiVersion' | 'kind' | 'spec'> & {
  metadata: Pick<Lease['metadata'], 'name' | 'namespace' | 'ownerReferences'>
} {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: node,
      namespace: leaseNamespace,
      ...(nodeUid ? { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node, uid: nodeUid }] } : {}),
    },
    spec: {
      holderIdentity: node,
      leaseDurationSeconds: kubeletConfigDefaults.nodeLeaseDurationSeconds,
      renewTime: rfc3339Micro(now),
    },
  }
}
