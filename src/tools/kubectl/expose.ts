import type { KubeObject, ServicePort } from '../../model/apiserver/objects.ts'
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
    'load-balancer-ip': { takes: 'value' },
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
    if (!EXPOSED.has(resource.resource))
      throw new KubectlError(
        `error: cannot expose a ${resource.kind}${resource.group === '' ? '' : `.${resource.group}`}`,
      )
    const headless = flags.get('cluster-ip') === 'None'
    const given = flags.get('selector')
    const selector = given === undefined ? selectorOf(resource.resource, object) : labelsOf(given, {})
    const declared = declaredPorts(resource.resource, object)
    const numbers = flags.get('port')?.split(',') ?? [...new Set(declared.map((p) => String(p.number)))]
    if (numbers.length === 0 && !headless) fail("couldn't find port via --port flag or introspection")
    const ports = numbers.flatMap((text, i) => servicePorts(text, i, numbers.length, declared, flags.get('protocol')))
    const target = flags.get('target-port')
    const affinity = flags.get('session-affinity')
    if (affinity !== undefined && affinity !== 'None' && affinity !== 'ClientIP')
      fail(`unknown session affinity: ${affinity}`)
    const type = flags.get('type')
    const labels = flags.has('labels') ? labelsOf(flags.get('labels'), {}) : object.metadata.labels
    return createObject(
      kube,
      resourceOf('services')!,
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: flags.get('name') ?? object.metadata.name.slice(0, 63), ...(labels ? { labels } : {}) },
        spec: {
          ports: ports.map((port) => ({
            ...port,
            targetPort: target === undefined ? port.port : /^\d+$/.test(target) ? Number(target) : target,
          })),
          selector,
          ...(type === undefined ? {} : { type }),
          ...(type === 'LoadBalancer' && flags.has('load-balancer-ip')
            ? { loadBalancerIP: flags.get('load-balancer-ip') }
            : {}),
          ...(flags.has('cluster-ip') ? { clusterIP: flags.get('cluster-ip') } : {}),
          ...(affinity === undefined ? {} : { sessionAffinity: affinity }),
          ...(flags.has('external-ip') ? { externalIPs: [flags.get('external-ip')] } : {}),
        },
      },
      { word: 'exposed' },
    )
  },
}

const EXPOSED = new Set(['pods', 'services', 'deployments', 'replicasets', 'replicationcontrollers'])

const fail = (why: string): never => {
  throw new KubectlError(`error: ${why}`)
}

type Selecting = { matchLabels?: Record<string, string>; matchExpressions?: unknown[] }

/** polymorphichelpers.MapBasedSelectorForObjectFn */
function selectorOf(resource: string, object: KubeObject): Record<string, string> {
  const none = (why: string): never => fail(`couldn't retrieve selectors via --selector flag or introspection: ${why}`)
  const spec = (object.spec ?? {}) as { selector?: unknown }
  if (resource === 'pods') return object.metadata.labels ?? none('the pod has no labels and cannot be exposed')
  const selector = spec.selector as (Selecting & Record<string, string>) | undefined
  if (resource === 'services' || resource === 'replicationcontrollers')
    return selector ?? none('the service has no pod selector set')
  if (selector?.matchExpressions?.length) none("couldn't convert expressions to map-based selector format")
  return selector?.matchLabels ?? none('invalid label selector')
}

type Declared = { number: number; protocol: string }

/** PortsForObjectFn, MultiProtocolsForObjectFn */
function declaredPorts(resource: string, object: KubeObject): Declared[] {
  const spec = (object.spec ?? {}) as Record<string, unknown>
  if (resource === 'services')
    return ((spec.ports ?? []) as ServicePort[]).map((p) => ({ number: p.port, protocol: p.protocol ?? 'TCP' }))
  const pod =
    resource === 'pods' ? spec : ((spec.template as { spec?: Record<string, unknown> } | undefined)?.spec ?? {})
  const containers = (pod.containers ?? []) as { ports?: { containerPort: number; protocol?: string }[] }[]
  return containers.flatMap((c) =>
    (c.ports ?? []).map((p) => ({ number: p.containerPort, protocol: p.protocol ?? 'TCP' })),
  )
}

/** createService: several ports are named; a port that is declared for several protocols becomes several. */
function servicePorts(
  text: string,
  i: number,
  of: number,
  declared: readonly Declared[],
  protocol: string | undefined,
): { name?: string; port: number; protocol: string }[] {
  if (!/^-?\d+$/.test(text)) fail(`strconv.Atoi: parsing "${text}": invalid syntax`)
  const port = Number(text)
  const known = [...new Set(declared.filter((p) => p.number === port).map((p) => p.protocol))]
  if (protocol === undefined && known.length > 1)
    return known.map((p) => ({ name: `port-${i + 1}-${p.toLowerCase()}`, port, protocol: p }))
  return [{ ...(of > 1 ? { name: `port-${i + 1}` } : {}), port, protocol: protocol ?? known[0] ?? 'TCP' }]
}
