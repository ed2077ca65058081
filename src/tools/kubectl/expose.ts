import type { ServicePort } from '../../model/apiserver/objects.ts'
import { resourceOf } from '../../model/apiserver/resources.ts'
import { createObject } from './change.ts'
import { KubectlError } from './flags.ts'
import { completeResource, find, readResourceArgs } from './resource-args.ts'
import { labelsOf } from './run.ts'
import type { Verb } from './verb.ts'

export const expose: Verb = {
  name: 'expose',
  summary: 'make a Service for a deployment, replica set, pod or service',
  usage: '(TYPE NAME | TYPE/NAME) [--port=port] [--target-port=n] [--type=type] [flags]',
  flags: {
    port: { takes: 'value' },
    'target-port': { takes: 'value' },
    type: { takes: 'value', choices: ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'] },
    name: { takes: 'value' },
    protocol: { takes: 'value' },
    selector: { takes: 'value' },
    'cluster-ip': { takes: 'value' },
    'session-affinity': { takes: 'value' },
    'external-ip': { takes: 'value' },
    labels: { short: 'l', takes: 'value' },
    'dry-run': { takes: 'optional' },
    output: { short: 'o', takes: 'value' },
  },
  complete: completeResource,
  run(kube) {
    const { flags } = kube
    const { found, errors } = find(kube, readResourceArgs(kube.args, { allowAll: false, path: 'kubectl expose' }))
    if (errors.length > 0) throw new KubectlError(errors[0]!)
    const { resource, object } = found[0]!
    const spec = (object.spec ?? {}) as Record<string, unknown>
    if (
      !['pods', 'services', 'deployments', 'replicasets', 'replicationcontrollers', 'statefulsets'].includes(
        resource.resource,
      )
    ) {
      throw new KubectlError(
        `error: cannot expose a ${resource.kind}${resource.group === '' ? '' : `.${resource.group}`}`,
      )
    }
    const selector =
      flags.has('selector') ? labelsOf(flags.get('selector'), {})
      : resource.resource === 'pods' ? object.metadata.labels
      : resource.resource === 'services' ? (spec.selector as Record<string, string>)
      : (spec.selector as { matchLabels?: Record<string, string> } | undefined)?.matchLabels // prettier-ignore
    if (!selector || Object.keys(selector).length === 0)
      throw new KubectlError(
        "error: couldn't retrieve selectors via --selector flag or introspection: the object has no labels and cannot be exposed",
      )
    const template =
      resource.resource === 'pods' ? { spec } : ((spec.template ?? { spec: {} }) as { spec: Record<string, unknown> })
    const containers = ((template.spec as Record<string, unknown>).containers ?? []) as {
      ports?: { containerPort: number; protocol?: string }[]
    }[]
    const declared =
      resource.resource === 'services'
        ? ((spec.ports ?? []) as ServicePort[]).map((p) => ({ containerPort: p.port, protocol: p.protocol }))
        : containers.flatMap((c) => c.ports ?? [])
    const numbers = flags.has('port') ? flags.get('port')!.split(',').map(Number) : declared.map((p) => p.containerPort)
    if (numbers.length === 0)
      throw new KubectlError(
        "error: couldn't find port via --port flag or introspection\nSee 'kubectl expose -h' for help and examples",
      )
    const target = flags.get('target-port')
    const ports = numbers.map((port, i) => ({
      ...(numbers.length > 1 ? { name: `port-${i + 1}` } : {}),
      port,
      protocol: flags.get('protocol') ?? declared.find((p) => p.containerPort === port)?.protocol ?? 'TCP',
      targetPort: target === undefined ? port : /^\d+$/.test(target) ? Number(target) : target,
    }))
    const name = flags.get('name') ?? object.metadata.name
    return createObject(
      kube,
      resourceOf('services')!,
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name, ...(object.metadata.labels || flags.has('labels') ? { labels: labelsOf(flags.get('labels'), object.metadata.labels ?? {}) } : {}) },
        spec: {
          ports, selector,
          ...(flags.has('type') ? { type: flags.get('type') } : {}),
          ...(flags.has('cluster-ip') ? { clusterIP: flags.get('cluster-ip') } : {}),
          ...(flags.has('session-affinity') ? { sessionAffinity: flags.get('session-affinity') } : {}),
          ...(flags.has('external-ip') ? { externalIPs: flags.get('external-ip')!.split(',') } : {}),
        },
      },
      { word: 'exposed' },
    ) // prettier-ignore
  },
}
