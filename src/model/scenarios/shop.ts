// A small shop: a Deployment that answers with the name of its pod, its Service, and a client that asks every two
// seconds. The front page, the packet path and the rules are shown on it.
import type { Manifest } from './static-pods.ts'

export const SHOP_MANIFEST = `apiVersion: v1
kind: Namespace
metadata:
  name: shop
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
spec:
  selector:
    app: web
  ports:
  - name: http
    port: 80
    targetPort: 8080
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  labels:
    app: web
spec:
  replicas: 3
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - name: web
        image: nodeglass/web:1
        ports:
        - name: http
          containerPort: 8080
        resources:
          requests:
            cpu: 100m
            memory: 32Mi
        readinessProbe:
          httpGet:
            path: /ready
            port: http
          periodSeconds: 5
        livenessProbe:
          httpGet:
            path: /healthz
            port: http
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: client
  namespace: shop
  labels:
    app: client
spec:
  selector:
    matchLabels:
      app: client
  template:
    metadata:
      labels:
        app: client
    spec:
      containers:
      - name: client
        image: nodeglass/client:1
        env:
        - name: URL
          value: http://web/
        - name: EVERY_SECONDS
          value: "2"
`

const labels = (app: string): Record<string, string> => ({ app })

/** The same as `SHOP_MANIFEST`, as objects; a test compares the two. */
export const SHOP_OBJECTS: readonly Manifest[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { selector: labels('web'), ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop', labels: labels('web') },
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
              resources: { requests: { cpu: '100m', memory: '32Mi' } },
              readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 5 },
              livenessProbe: { httpGet: { path: '/healthz', port: 'http' } },
            },
          ],
        },
      },
    },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'client', namespace: 'shop', labels: labels('client') },
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
                { name: 'EVERY_SECONDS', value: '2' },
              ],
            },
          ],
        },
      },
    },
  },
]
