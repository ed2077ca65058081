// Shapes that several of kubeadm's objects share.
import type { Manifest } from './static-pods.ts'

/** Namespace of all of them. */
const SYSTEM = 'kube-system'

export type ClusterFacts = { serverIp: string; dnsIp: string; podCIDR: string; serviceCIDR: string }

export function configMap(name: string, data: Record<string, string>, more: Record<string, unknown> = {}): Manifest {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: SYSTEM, ...more }, data }
}

export function serviceAccount(name: string): Manifest {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: SYSTEM } }
}

export function roleBinding(name: string, role: string, account: string): Manifest {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'ServiceAccount', name: account, namespace: SYSTEM }],
  }
}
