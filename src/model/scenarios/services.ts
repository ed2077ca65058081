// One application behind every kind of Service, on two workers in two zones, with MetalLB (or a cloud) for the outside.
// Lessons L24 to L28 and the incident of the lost outside traffic begin here.
import type { MachineSpec } from './machines.ts'
import type { Manifest } from './static-pods.ts'

const NAMESPACE = 'shop'
const labels = (app: string): Record<string, string> => ({ app })

function service(name: string, spec: Record<string, unknown>): Manifest {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: NAMESPACE }, spec }
}
const PORT = { name: 'http', port: 80, targetPort: 'http' }
const WEB = { selector: labels('web'), ports: [PORT] }

/** worker-1 stands in zone a, worker-2 in zone b. */
export function zoned(machines: readonly MachineSpec[]): MachineSpec[] {
  return machines.map((machine) => {
    const zone = { 'worker-1': 'a', 'worker-2': 'b' }[machine.name]
    return zone === undefined
      ? machine
      : { ...machine, labels: { ...machine.labels, 'topology.kubernetes.io/zone': zone } }
  })
}

export const SERVICES_NAMESPACE: Manifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }

export const SERVICES_OBJECTS: readonly Manifest[] = [
  service('web', WEB),
  service('web-nodeport', { ...WEB, type: 'NodePort', ports: [{ ...PORT, nodePort: 30_080 }] }),
  service('web-lb', { ...WEB, type: 'LoadBalancer', externalTrafficPolicy: 'Local' }),
  service('web-headless', { ...WEB, clusterIP: 'None' }),
  service('partner', { type: 'ExternalName', externalName: 'external.lab' }),
  service('legacy', { ports: [{ name: 'http', port: 80 }] }),
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'legacy-1', namespace: NAMESPACE, labels: { 'kubernetes.io/service-name': 'legacy' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
    endpoints: [{ addresses: ['203.0.113.10'], conditions: { ready: true } }],
  },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: NAMESPACE, labels: labels('web') },
    spec: {
      replicas: 3,
      selector: { matchLabels: labels('web') },
      template: {
        metadata: { labels: labels('web') },
        spec: {
          containers: [
            {
              name: 'web',
              image: 'nodeglass/web:1',
              ports: [{ name: 'http', containerPort: 8080 }],
              readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 5 },
            },
          ],
        },
      },
    },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'client', namespace: NAMESPACE, labels: labels('client') },
    spec: {
      selector: { matchLabels: labels('client') },
      template: {
        metadata: { labels: labels('client') },
        spec: {
          containers: [
            {
              name: 'client',
              image: 'nodeglass/client:1',
              env: [
                { name: 'URL', value: 'http://web/' },
                { name: 'EVERY_SECONDS', value: '10' },
              ],
            },
          ],
        },
      },
    },
  },
]
