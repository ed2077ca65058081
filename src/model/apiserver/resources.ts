// Discovery: which resources the API server serves, and under which names people ask for them (`kubectl api-resources`).
// Order is that of `kubectl api-resources` on a kubeadm cluster of 1.36: by group, then by name.

import { joiner } from '../../sim/joined.ts'
import type { Tables } from '../tables.ts'

/** Tables that hold API objects. */
export type ObjectTable =
  | 'pods'
  | 'nodes'
  | 'services'
  | 'endpointslices'
  | 'deployments'
  | 'replicasets'
  | 'daemonsets'
  | 'leases'
  | 'namespaces'
  | 'events'
  | 'configmaps'
  | 'secrets'
  | 'serviceaccounts'
  | 'otherobjects'

export type ApiResource = {
  /** Plural, as in the path. */
  resource: string
  singular: string
  kind: string
  group: string
  version: string
  namespaced: boolean
  shortNames: readonly string[]
  categories: readonly string[]
  table: ObjectTable & keyof Tables
  /** Kept, but no part of the model acts on it. */
  stored: boolean
  /** Has a status subresource: a plain write leaves status alone. */
  statusSubresource: boolean
  /** metadata.generation counts changes of the desired state. */
  generation: boolean
}

type Row = [
  resource: string,
  shortNames: string,
  apiVersion: string,
  namespaced: boolean,
  kind: string,
  /** all: in category "all"; status: has a status subresource; gen: generation is kept; acts: some component acts on it. */
  marks?: string,
]

const ROWS: Row[] = [
  ['bindings', '', 'v1', true, 'Binding'],
  ['configmaps', 'cm', 'v1', true, 'ConfigMap', 'acts'],
  ['endpoints', 'ep', 'v1', true, 'Endpoints', 'acts'],
  ['events', 'ev', 'v1', true, 'Event', 'acts'],
  ['limitranges', 'limits', 'v1', true, 'LimitRange'],
  ['namespaces', 'ns', 'v1', false, 'Namespace', 'acts status'],
  ['nodes', 'no', 'v1', false, 'Node', 'acts status'],
  ['persistentvolumeclaims', 'pvc', 'v1', true, 'PersistentVolumeClaim', 'status'],
  ['persistentvolumes', 'pv', 'v1', false, 'PersistentVolume', 'status'],
  ['pods', 'po', 'v1', true, 'Pod', 'acts all status gen'],
  ['podtemplates', '', 'v1', true, 'PodTemplate', 'gen'],
  ['replicationcontrollers', 'rc', 'v1', true, 'ReplicationController', 'all status gen'],
  ['resourcequotas', 'quota', 'v1', true, 'ResourceQuota', 'status'],
  ['secrets', '', 'v1', true, 'Secret', 'acts'],
  ['serviceaccounts', 'sa', 'v1', true, 'ServiceAccount', 'acts'],
  ['services', 'svc', 'v1', true, 'Service', 'acts all status'],
  [
    'mutatingwebhookconfigurations',
    '',
    'admissionregistration.k8s.io/v1',
    false,
    'MutatingWebhookConfiguration',
    'gen',
  ],
  [
    'validatingadmissionpolicies',
    '',
    'admissionregistration.k8s.io/v1',
    false,
    'ValidatingAdmissionPolicy',
    'gen status',
  ],
  [
    'validatingadmissionpolicybindings',
    '',
    'admissionregistration.k8s.io/v1',
    false,
    'ValidatingAdmissionPolicyBinding',
    'gen',
  ],
  [
    'validatingwebhookconfigurations',
    '',
    'admissionregistration.k8s.io/v1',
    false,
    'ValidatingWebhookConfiguration',
    'gen',
  ],
  ['customresourcedefinitions', 'crd,crds', 'apiextensions.k8s.io/v1', false, 'CustomResourceDefinition', 'status gen'],
  ['apiservices', '', 'apiregistration.k8s.io/v1', false, 'APIService', 'status'],
  ['controllerrevisions', '', 'apps/v1', true, 'ControllerRevision'],
  ['daemonsets', 'ds', 'apps/v1', true, 'DaemonSet', 'acts all status gen'],
  ['deployments', 'deploy', 'apps/v1', true, 'Deployment', 'acts all status gen'],
  ['replicasets', 'rs', 'apps/v1', true, 'ReplicaSet', 'acts all status gen'],
  ['statefulsets', 'sts', 'apps/v1', true, 'StatefulSet', 'all status gen'],
  ['horizontalpodautoscalers', 'hpa', 'autoscaling/v2', true, 'HorizontalPodAutoscaler', 'all status'],
  ['horizontalpodautoscalers', 'hpa', 'autoscaling/v1', true, 'HorizontalPodAutoscaler', 'all status'],
  ['cronjobs', 'cj', 'batch/v1', true, 'CronJob', 'all status gen'],
  ['jobs', '', 'batch/v1', true, 'Job', 'all status gen'],
  ['certificatesigningrequests', 'csr', 'certificates.k8s.io/v1', false, 'CertificateSigningRequest', 'status'],
  ['leases', '', 'coordination.k8s.io/v1', true, 'Lease', 'acts'],
  ['endpointslices', '', 'discovery.k8s.io/v1', true, 'EndpointSlice', 'acts gen'],
  ['ingressclasses', '', 'networking.k8s.io/v1', false, 'IngressClass', 'gen'],
  ['ingresses', 'ing', 'networking.k8s.io/v1', true, 'Ingress', 'status gen'],
  ['ipaddresses', 'ip', 'networking.k8s.io/v1', false, 'IPAddress'],
  ['networkpolicies', 'netpol', 'networking.k8s.io/v1', true, 'NetworkPolicy', 'gen'],
  ['servicecidrs', '', 'networking.k8s.io/v1', false, 'ServiceCIDR', 'status'],
  ['runtimeclasses', '', 'node.k8s.io/v1', false, 'RuntimeClass'],
  ['poddisruptionbudgets', 'pdb', 'policy/v1', true, 'PodDisruptionBudget', 'status gen acts'],
  ['clusterrolebindings', '', 'rbac.authorization.k8s.io/v1', false, 'ClusterRoleBinding'],
  ['clusterroles', '', 'rbac.authorization.k8s.io/v1', false, 'ClusterRole'],
  ['rolebindings', '', 'rbac.authorization.k8s.io/v1', true, 'RoleBinding'],
  ['roles', '', 'rbac.authorization.k8s.io/v1', true, 'Role'],
  ['priorityclasses', 'pc', 'scheduling.k8s.io/v1', false, 'PriorityClass', 'acts'],
  ['csidrivers', '', 'storage.k8s.io/v1', false, 'CSIDriver'],
  ['csinodes', '', 'storage.k8s.io/v1', false, 'CSINode'],
  ['csistoragecapacities', '', 'storage.k8s.io/v1', true, 'CSIStorageCapacity'],
  ['storageclasses', 'sc', 'storage.k8s.io/v1', false, 'StorageClass'],
  ['volumeattachments', '', 'storage.k8s.io/v1', false, 'VolumeAttachment', 'status'],
]

const OWN_TABLE = new Set<string>([
  'pods',
  'nodes',
  'services',
  'endpointslices',
  'deployments',
  'replicasets',
  'daemonsets',
  'leases',
  'namespaces',
  'events',
  'configmaps',
  'secrets',
  'serviceaccounts',
])

export const RESOURCES: readonly ApiResource[] = ROWS.map(
  ([resource, shortNames, apiVersion, namespaced, kind, marks = '']) => {
    const slash = apiVersion.indexOf('/')
    const mark = new Set(marks.split(' '))
    return {
      resource,
      singular: kind.toLowerCase(),
      kind,
      group: slash < 0 ? '' : apiVersion.slice(0, slash),
      version: slash < 0 ? apiVersion : apiVersion.slice(slash + 1),
      namespaced,
      shortNames: shortNames === '' ? [] : shortNames.split(','),
      categories: mark.has('all') ? ['all'] : [],
      table: (OWN_TABLE.has(resource) ? resource : 'otherobjects') as ObjectTable,
      stored: !mark.has('acts'),
      statusSubresource: mark.has('status'),
      generation: mark.has('gen'),
    }
  },
)

const byPlural = new Map<string, ApiResource>()
const byKind = new Map<string, ApiResource>()
const byName = new Map<string, ApiResource>()
for (const r of RESOURCES) {
  byKind.set(`${apiVersionOf(r)} ${r.kind}`, r)
  if (!byPlural.has(r.resource)) byPlural.set(r.resource, r)
  byPlural.set(`${r.resource}.${r.group}`, byPlural.get(`${r.resource}.${r.group}`) ?? r)
  for (const name of [r.resource, r.singular, ...r.shortNames]) if (!byName.has(name)) byName.set(name, r)
}

export function apiVersionOf(r: ApiResource): string {
  return r.group === '' ? r.version : `${r.group}/${r.version}`
}

/** By the plural of a path: `pods`, with the group where that is not clear. */
export function resourceOf(resource: string, group?: string): ApiResource | undefined {
  return group === undefined ? byPlural.get(resource) : byPlural.get(`${resource}.${group}`)
}

export function resourceOfKind(apiVersion: string, kind: string): ApiResource | undefined {
  return byKind.get(`${apiVersion} ${kind}`)
}

/** The apiVersion under which a kind is served, where a person named the kind alone or an old version. */
export function versionOf(kind: string): string | undefined {
  const found = RESOURCES.find((r) => r.kind === kind)
  return found && apiVersionOf(found)
}

/**
 * By what a person types: `po`, `pod`, `Pods`, `deployments.apps`, `deployments.v1.apps`.
 * kubectl's RESTMapper lowers the case and knows plural, singular and short names.
 */
export function resourceByName(name: string): ApiResource | undefined {
  const lower = name.toLowerCase()
  const known = byName.get(lower)
  if (known) return known
  const dot = lower.indexOf('.')
  if (dot < 0) return undefined
  const base = byName.get(lower.slice(0, dot))
  if (!base) return undefined
  const rest = lower.slice(dot + 1)
  for (const r of RESOURCES)
    if (r.resource === base.resource && (rest === r.group || rest === `${r.version}.${r.group}` || rest === r.version))
      return r
  return undefined
}

/** `deployments.apps "web"`: how errors and kubectl's output name a resource. */
export function qualifiedResource(r: Pick<ApiResource, 'resource' | 'group'>): string {
  return r.group === '' ? r.resource : `${r.resource}.${r.group}`
}

const inNamespace = joiner('/')

/** Record id of an object in its table. */
export function objectId(r: ApiResource, namespace: string | undefined, name: string): string {
  const local = r.namespaced ? inNamespace(namespace ?? 'default', name) : name
  return r.table === 'otherobjects' ? `${qualifiedResource(r)}/${local}` : local
}
