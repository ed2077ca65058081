/** Changes of one line that are worth a fork, out of what the cluster has. */
import type { Replica } from '../contract.ts'

export interface Preset {
  readonly id: string
  readonly title: string
  readonly script: string
}

/** The object that clients ask first of all: not what the cluster itself brings. */
const own = (namespace: string | undefined): boolean => namespace !== 'kube-system'

export function presetsOf(replica: Replica): Preset[] {
  const out: Preset[] = []
  for (const { metadata, spec } of replica.all('services')) {
    if (!own(metadata.namespace) || metadata.name === 'kubernetes') continue
    const patch = (body: object): string =>
      `kubectl patch service ${metadata.name} -n ${metadata.namespace} --type merge -p '${JSON.stringify(body)}'`
    const name = `${metadata.namespace}/${metadata.name}`
    if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') {
      const to = spec.externalTrafficPolicy === 'Local' ? 'Cluster' : 'Local'
      const body = { spec: { externalTrafficPolicy: to } }
      out.push({ id: `etp ${name}`, title: `service ${name}: externalTrafficPolicy: ${to}`, script: patch(body) })
    }
    if (spec.clusterIP !== 'None' && spec.type !== 'ExternalName' && spec.selector) {
      const body = { spec: { sessionAffinity: spec.sessionAffinity === 'ClientIP' ? 'None' : 'ClientIP' } }
      out.push({
        id: `affinity ${name}`,
        title: `service ${name}: sessionAffinity: ${body.spec.sessionAffinity}`,
        script: patch(body),
      })
    }
  }
  for (const { metadata, spec } of replica.all('deployments')) {
    const container = spec.template.spec.containers[0]
    if (!own(metadata.namespace) || !container) continue
    const name = `${metadata.namespace}/${metadata.name}`
    const patch = (change: object): string => {
      const body = { spec: { template: { spec: { containers: [{ name: container.name, ...change }] } } } }
      return `kubectl patch deployment ${metadata.name} -n ${metadata.namespace} -p '${JSON.stringify(body)}'`
    }
    if (!container.lifecycle?.preStop)
      out.push({
        id: `prestop ${name}`,
        title: `deployment ${name}: a preStop sleep of 5 s`,
        script: patch({ lifecycle: { preStop: { sleep: { seconds: 5 } } } }),
      })
    if (container.readinessProbe)
      out.push({
        id: `ready ${name}`,
        title: `deployment ${name}: without its readinessProbe`,
        script: patch({ readinessProbe: null }),
      })
  }
  return out
}
