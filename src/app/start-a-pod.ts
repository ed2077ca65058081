/** The one button of the front page: a Pod is created, as `kubectl apply` would, and the lab shows how it starts. */
import { theLab } from '../lab/client.ts'
import type { Input } from '../sim/contract.ts'
import { FIRST_MANIFEST } from './dock/first-manifest.ts'
import { nodeWatch } from './opening.ts'
import { putFile, useStage } from './stage.ts'
import { viewOf } from './views.ts'

/** A name that is still free: `web`, then `web-2`. */
function freeName(): string {
  const { replica } = theLab().store.getState()
  for (let i = 1; ; i++) {
    const name = i === 1 ? 'web' : `web-${i}`
    if (!replica.get('pods', `default/${name}`)) return name
  }
}

export function startPod(node: string): string {
  const name = freeName()
  const text = FIRST_MANIFEST.replace('name: web\n', `name: ${name}\n`).replace(
    'spec:\n',
    `spec:\n  nodeSelector:\n    kubernetes.io/hostname: ${node}\n`,
  )
  const file = `${name}.yaml`
  putFile(file, text)
  useStage.setState({
    file,
    node,
    selected: undefined,
    view: 'node',
    beside: viewOf('pod-start') ? 'pod-start' : undefined,
  })
  const lab = theLab()
  lab.send({ t: 'watch', filter: nodeWatch(node) })
  lab.send({ t: 'pace', pace: { mode: 'follow' } })
  lab.send({ t: 'input', input: createPod(name, node) })
  lab.send({ t: 'play', on: true })
  return name
}

/** What `kubectl create -f` sends: the same object as in the manifest. */
function createPod(name: string, node: string): Input {
  const body = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { app: 'web' } },
    spec: {
      nodeSelector: { 'kubernetes.io/hostname': node },
      containers: [
        {
          name: 'web',
          image: 'httpd:2.4',
          ports: [{ containerPort: 80 }],
          readinessProbe: { httpGet: { path: '/', port: 80 }, periodSeconds: 5 },
        },
      ],
    },
  }
  const data = { verb: 'create', resource: 'pods', group: '', namespace: 'default', body, userAgent: 'kubectl' }
  return { kind: 'api.request', to: 'apiserver', from: 'laptop', data }
}
