// What a fresh cluster holds before anybody applies anything: system namespaces with their service accounts, the
// Service `kubernetes`, the system priority classes. Given to `api.seed` at boot.

import type { KubeObject } from './objects.ts'

const meta = (name: string, namespace?: string, more: object = {}): KubeObject['metadata'] =>
  ({ name, ...(namespace === undefined ? {} : { namespace }), ...more }) as KubeObject['metadata']

export const SYSTEM_NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'] as const

/** A certificate that is none: pods read the file, nobody checks it. */
const ROOT_CA = '-----BEGIN CERTIFICATE-----\n(the model has no certificates)\n-----END CERTIFICATE-----\n'

export function initialObjects(apiServerIp = '172.18.0.2', apiServerPort = 6443): KubeObject[] {
  const objects: KubeObject[] = []
  for (const namespace of SYSTEM_NAMESPACES)
    objects.push(
      { apiVersion: 'v1', kind: 'Namespace', metadata: meta(namespace) },
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: meta('default', namespace) },
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: meta('kube-root-ca.crt', namespace, {
          annotations: {
            'kubernetes.io/description':
              'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
          },
        }),
        data: { 'ca.crt': ROOT_CA },
      },
    )
  const kubernetesLabels = { component: 'apiserver', provider: 'kubernetes' }
  objects.push(
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: meta('kubernetes', 'default', { labels: kubernetesLabels }),
      spec: {
        clusterIP: '10.96.0.1',
        clusterIPs: ['10.96.0.1'],
        ipFamilies: ['IPv4'],
        ipFamilyPolicy: 'SingleStack',
        ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: apiServerPort }],
      },
      status: { loadBalancer: {} },
    },
    {
      apiVersion: 'v1',
      kind: 'Endpoints',
      // pkg/controlplane/reconcilers: the API server writes both, so nothing is to be mirrored.
      metadata: meta('kubernetes', 'default', { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } }),
      subsets: [{ addresses: [{ ip: apiServerIp }], ports: [{ name: 'https', port: apiServerPort, protocol: 'TCP' }] }],
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: meta('kubernetes', 'default', { labels: { 'kubernetes.io/service-name': 'kubernetes' } }),
      addressType: 'IPv4',
      endpoints: [{ addresses: [apiServerIp], conditions: { ready: true } }],
      ports: [{ name: 'https', port: apiServerPort, protocol: 'TCP' }],
    },
  )
  for (const [name, value, description] of [
    [
      'system-cluster-critical',
      2_000_000_000,
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
    ],
    [
      'system-node-critical',
      2_000_001_000,
      'Used for system critical pods that must not be moved from their current node.',
    ],
  ] as const)
    objects.push({
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: meta(name),
      value,
      description,
    })
  return objects
}
