import type {
  ConfigMap, DaemonSet, Deployment, EndpointSlice, KubeObject, Namespace, Node, Pod, ReplicaSet, Secret, Service, ServiceAccount,
} from '../../model/apiserver/objects.ts' // prettier-ignore
import { deepEqual } from '../../model/apiserver/equality.ts'
import { notModelled } from '../../model/apiserver/honoured.ts'
import type { Endpoints } from '../../model/controllers/endpoints/subsets.ts'
import { describeEndpoints, describeEndpointSlice, describeService } from './describe/network.ts'
import { describeNode } from './describe/node.ts'
import {
  describeConfigMap,
  describeGeneric,
  describeNamespace,
  describeSecret,
  describeServiceAccount,
} from './describe/plain.ts'
import { describePod } from './describe/pod.ts'
import { describeDaemonSet, describeDeployment, describeReplicaSet } from './describe/workloads.ts'
import { eventsOf } from './describe/writer.ts'
import { compareObjects, completeResource, find, listSorted, readResourceArgs, type Found } from './resource-args.ts'
import { notFound } from '../../model/apiserver/status-errors.ts'
import { deprecated } from './client.ts'
import type { Kube, Verb } from './verb.ts'

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

export const describe: Verb = {
  name: 'describe',
  summary: 'one object in detail, with its events',
  usage: '(TYPE [NAME_PREFIX | -l label] | TYPE/NAME) [flags]',
  flags: {
    'all-namespaces': { short: 'A', takes: 'bool' },
    selector: { short: 'l', takes: 'value' },
    filename: { short: 'f', takes: 'list' },
    'show-events': { takes: 'bool' },
    'chunk-size': { takes: 'value' },
  },
  complete: completeResource,
  run(kube) {
    const named = readResourceArgs(kube.args, { allowAll: true, path: 'kubectl describe' })
    const all = kube.flags.bool('all-namespaces')
    const result = find(kube, named, { allNamespaces: all })
    const { found } = result
    let { errors } = result
    // A name that is not there may be a prefix (describe.go DescribeMatchingResources).
    if (found.length === 0 && named.length === 1 && named[0]!.name !== undefined) {
      const { resource, name } = named[0]!
      for (const object of listSorted(kube, resource, kube.namespace))
        if (object.metadata.name.startsWith(name!)) found.push({ resource, object })
      if (found.length > 0) errors = []
      else errors = [`Error from server (NotFound): ${notFound(resource, name!).message}\n`]
    }
    if (found.length === 0 && errors.length === 0) {
      const here = named.every(({ resource }) => resource.namespaced) && !all
      return { err: here ? `No resources found in ${kube.namespace} namespace.\n` : 'No resources found\n', exit: 0 }
    }
    const texts = found.map((item) => describeOne(kube, item))
    const warned = deprecated(named.map(({ resource }) => resource))
    return { out: texts.join('\n\n'), err: warned + errors.join(''), exit: errors.length > 0 ? 1 : 0 }
  },
}

export function describeOne(kube: Kube, item: Found): string {
  return textOf(kube, item) + honesty(item.object)
}

function textOf(kube: Kube, { resource, object }: Found): string {
  const { reader, now } = kube
  const events = kube.flags.bool('show-events', true) ? eventsOf(reader, object.metadata, resource.kind) : []
  switch (resource.resource) {
    case 'pods':
      return describePod(object as unknown as Pod, events, now)
    case 'nodes': {
      const node = object as unknown as Node
      const pods = reader
        .by('pods', 'node', object.metadata.name)
        .filter((pod) => pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed')
      pods.sort((a, b) => compareObjects(a as never, b as never))
      return describeNode(node, reader.get('leases', `kube-node-lease/${object.metadata.name}`), pods, events, now)
    }
    case 'services':
      return describeService(
        object as unknown as Service,
        reader.by('endpointslices', 'service', `${object.metadata.namespace}/${object.metadata.name}`),
        events,
        now,
      )
    case 'endpoints':
      return describeEndpoints(object as Endpoints, events, now)
    case 'endpointslices':
      return describeEndpointSlice(object as unknown as EndpointSlice, events, now)
    case 'deployments':
      return describeDeployment(
        object as unknown as Deployment,
        replicaSetsOf(kube, object as unknown as Deployment),
        events,
        now,
      )
    case 'replicasets':
      return describeReplicaSet(
        object as unknown as ReplicaSet,
        reader.by('pods', 'owner', object.metadata.uid),
        events,
        now,
      )
    case 'daemonsets':
      return describeDaemonSet(
        object as unknown as DaemonSet,
        reader.by('pods', 'owner', object.metadata.uid),
        events,
        now,
      )
    case 'namespaces':
      return describeNamespace(object as unknown as Namespace)
    case 'configmaps':
      return describeConfigMap(object as unknown as ConfigMap, events, now)
    case 'secrets':
      return describeSecret(object as unknown as Secret)
    case 'serviceaccounts':
      return describeServiceAccount(object as unknown as ServiceAccount, events, now)
    default:
      return describeGeneric({ ...object, apiVersion: object.apiVersion, kind: resource.kind }, events, now)
  }
}

/** deploymentutil: the new set has the deployment's template; old ones are shown while they have replicas. */
export function replicaSetsOf(
  kube: Pick<Kube, 'reader'>,
  d: Deployment,
): { old: ReplicaSet[]; current: ReplicaSet | undefined } {
  const sets = [...kube.reader.by('replicasets', 'owner', d.metadata.uid)]
  const bare = (template: ReplicaSet['spec']['template']) => {
    const { 'pod-template-hash': _, ...labels } = template.metadata?.labels ?? {}
    return { ...template, metadata: { ...template.metadata, labels } }
  }
  const current = sets.find((rs) => deepEqual(bare(rs.spec.template), bare(d.spec.template)))
  return { old: sets.filter((rs) => rs !== current && (rs.spec.replicas ?? 0) > 0), current }
}

/** What of the manifest as it was written has less effect than a reader may expect: the lab's own lines, after the real text. */
function honesty(object: KubeObject): string {
  const applied = object.metadata.annotations?.[LAST_APPLIED]
  if (applied === undefined) return ''
  let written: KubeObject
  try {
    written = JSON.parse(applied) as KubeObject
  } catch {
    return ''
  }
  return notModelled(written).map(({ path, what, says }) => `# ${path === '' ? '' : `${path}: `}${what}: ${says}\n`).join('') // prettier-ignore
}
