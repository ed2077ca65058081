// MetalLB 0.15 in layer 2 mode, as its manifest metallb-native.yaml installs it, cut down to what runs here.
import type { Manifest } from './static-pods.ts'

const SYSTEM = 'metallb-system'
const VERSION = 'v0.15.3'

const meta = (name: string, component: string): Record<string, unknown> => ({
  name,
  namespace: SYSTEM,
  labels: { app: 'metallb', component },
})

function pod(component: string, more: Record<string, unknown>): Record<string, unknown> {
  const labels = { app: 'metallb', component }
  const metrics = { httpGet: { path: '/metrics', port: 'monitoring' }, initialDelaySeconds: 10, periodSeconds: 10 }
  return {
    metadata: { labels },
    spec: {
      serviceAccountName: component,
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      containers: [
        {
          name: component,
          image: `quay.io/metallb/${component}:${VERSION}`,
          args: ['--port=7472', '--log-level=info'],
          ports: [{ name: 'monitoring', containerPort: 7472 }],
          livenessProbe: metrics,
          readinessProbe: metrics,
        },
      ],
      ...more,
    },
  }
}

const account = (name: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name, namespace: SYSTEM, labels: { app: 'metallb' } },
})

export const METALLB_NAMESPACE: Manifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SYSTEM } }

export const METALLB_OBJECTS: readonly Manifest[] = [
  account('controller'),
  account('speaker'),
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: meta('controller', 'controller'),
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'metallb', component: 'controller' } },
      template: pod('controller', {}),
    },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: meta('speaker', 'speaker'),
    spec: {
      selector: { matchLabels: { app: 'metallb', component: 'speaker' } },
      template: pod('speaker', {
        hostNetwork: true,
        terminationGracePeriodSeconds: 2,
        tolerations: [
          { key: 'node-role.kubernetes.io/master', effect: 'NoSchedule', operator: 'Exists' },
          { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule', operator: 'Exists' },
        ],
      }),
    },
  },
]
