import { parseRfc3339 } from '../../../sim/clock.ts'
import type { Micros } from '../../../sim/contract.ts'
import type {
  ConfigMap, DaemonSet, Deployment, EndpointSlice, Event, KubeObject, Lease, Namespace, Node, ReplicaSet, Secret, Service, ServiceAccount,
} from '../../../model/apiserver/objects.ts' // prettier-ignore
import type { ApiResource } from '../../../model/apiserver/resources.ts'
import { ageOf, humanDuration } from '../../age.ts'
import {
  age,
  column,
  containerImages,
  containerNames,
  formatLabels,
  formatSelector,
  wide,
  type KindPrinter,
} from './cells.ts'
import { podPrinter } from './pod.ts'

const ROLE_PREFIX = 'node-role.kubernetes.io/'

export function nodeRoles(node: Node): string[] {
  const roles = new Set<string>()
  for (const [key, value] of Object.entries(node.metadata.labels ?? {})) {
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length) roles.add(key.slice(ROLE_PREFIX.length))
    if (key === 'kubernetes.io/role' && value !== '') roles.add(value)
  }
  return [...roles].sort()
}

const nodePrinter: KindPrinter<Node> = {
  columns: [column('NAME'), column('STATUS'), column('ROLES'), column('AGE'), column('VERSION'), wide('INTERNAL-IP'), wide('EXTERNAL-IP'), wide('OS-IMAGE'), wide('KERNEL-VERSION'), wide('CONTAINER-RUNTIME')], // prettier-ignore
  row(node, now) {
    const ready = node.status?.conditions?.find((c) => c.type === 'Ready')
    const status = [ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown']
    if (node.spec.unschedulable) status.push('SchedulingDisabled')
    const address = (type: string) => node.status?.addresses?.find((a) => a.type === type)?.address ?? '<none>'
    const info = node.status?.nodeInfo
    return [
      node.metadata.name,
      status.join(','),
      nodeRoles(node).join(',') || '<none>',
      age(node, now),
      info?.kubeletVersion ?? '',
      address('InternalIP'),
      address('ExternalIP'),
      info?.osImage || '<unknown>',
      info?.kernelVersion || '<unknown>',
      info?.containerRuntimeVersion || '<unknown>',
    ]
  },
}

/** getServiceExternalIP; the server always makes the wide table, so nothing is cut short. */
function externalAddress(service: Service): string {
  const { spec } = service
  const ingress = (service.status?.loadBalancer.ingress ?? [])
    .map((i) => i.ip || i.hostname || '')
    .filter((text) => text !== '')
  const externals = spec.externalIPs ?? []
  if (spec.type === 'LoadBalancer') {
    const all = [...ingress, ...externals].join(',')
    return all === '' ? '<pending>' : all
  }
  if (spec.type === 'ExternalName') return spec.externalName ?? ''
  return externals.length > 0 ? externals.join(',') : '<none>'
}

const servicePrinter: KindPrinter<Service> = {
  columns: [
    column('NAME'),
    column('TYPE'),
    column('CLUSTER-IP'),
    column('EXTERNAL-IP'),
    column('PORT(S)'),
    column('AGE'),
    wide('SELECTOR'),
  ],
  row(service, now) {
    const ports = (service.spec.ports ?? []).map(
      (p) => `${p.port}${p.nodePort ? `:${p.nodePort}` : ''}/${p.protocol ?? 'TCP'}`,
    )
    return [
      service.metadata.name,
      service.spec.type ?? 'ClusterIP',
      service.spec.clusterIPs?.[0] || service.spec.clusterIP || '<none>',
      externalAddress(service),
      ports.join(',') || '<none>',
      age(service, now),
      formatLabels(service.spec.selector),
    ]
  },
}

function firstThree(items: readonly string[]): string {
  if (items.length === 0) return '<unset>'
  return items.length > 3 ? `${items.slice(0, 3).join(',')} + ${items.length - 3} more...` : items.join(',')
}

type EndpointsObject = KubeObject & {
  subsets?: { addresses?: { ip: string }[]; ports?: { port: number }[] }[]
}

/** formatEndpoints: ready addresses with each port, three of them. */
const endpointsPrinter: KindPrinter<EndpointsObject> = {
  columns: [column('NAME'), column('ENDPOINTS'), column('AGE')],
  row(object, now) {
    const all = (object.subsets ?? []).flatMap(({ addresses = [], ports = [] }) =>
      ports.length === 0 ? addresses.map((a) => a.ip) : ports.flatMap((p) => addresses.map((a) => `${a.ip}:${p.port}`)),
    )
    const shown = all.slice(0, 3).join(',')
    const text = (object.subsets ?? []).length === 0 ? '<none>' : all.length > 3 ? `${shown} + ${all.length - 3} more...` : shown // prettier-ignore
    return [object.metadata.name, text, age(object, now)]
  },
}

const endpointSlicePrinter: KindPrinter<EndpointSlice> = {
  columns: [column('NAME'), column('ADDRESSTYPE'), column('PORTS'), column('ENDPOINTS'), column('AGE')],
  row(slice, now) {
    const ports = (slice.ports ?? []).map((p) => (p.port !== undefined ? String(p.port) : p.name ? p.name : '*'))
    return [
      slice.metadata.name,
      slice.addressType,
      firstThree(ports),
      firstThree(slice.endpoints.flatMap((e) => e.addresses)),
      age(slice, now),
    ]
  },
}

const deploymentPrinter: KindPrinter<Deployment> = {
  columns: [
    column('NAME'),
    column('READY'),
    column('UP-TO-DATE'),
    column('AVAILABLE'),
    column('AGE'),
    wide('CONTAINERS'),
    wide('IMAGES'),
    wide('SELECTOR'),
  ],
  row: (d, now) => [
    d.metadata.name,
    `${d.status?.readyReplicas ?? 0}/${d.spec.replicas ?? 1}`,
    String(d.status?.updatedReplicas ?? 0),
    String(d.status?.availableReplicas ?? 0),
    age(d, now),
    containerNames(d.spec.template.spec.containers),
    containerImages(d.spec.template.spec.containers),
    formatSelector(d.spec.selector),
  ],
}

const replicaSetPrinter: KindPrinter<ReplicaSet> = {
  columns: [
    column('NAME'),
    column('DESIRED'),
    column('CURRENT'),
    column('READY'),
    column('AGE'),
    wide('CONTAINERS'),
    wide('IMAGES'),
    wide('SELECTOR'),
  ],
  row: (rs, now) => [
    rs.metadata.name,
    String(rs.spec.replicas ?? 1),
    String(rs.status?.replicas ?? 0),
    String(rs.status?.readyReplicas ?? 0),
    age(rs, now),
    containerNames(rs.spec.template.spec.containers),
    containerImages(rs.spec.template.spec.containers),
    formatSelector(rs.spec.selector),
  ],
}

const daemonSetPrinter: KindPrinter<DaemonSet> = {
  columns: [column('NAME'), column('DESIRED'), column('CURRENT'), column('READY'), column('UP-TO-DATE'), column('AVAILABLE'), column('NODE SELECTOR'), column('AGE'), wide('CONTAINERS'), wide('IMAGES'), wide('SELECTOR')], // prettier-ignore
  row: (ds, now) => [
    ds.metadata.name,
    String(ds.status?.desiredNumberScheduled ?? 0),
    String(ds.status?.currentNumberScheduled ?? 0),
    String(ds.status?.numberReady ?? 0),
    String(ds.status?.updatedNumberScheduled ?? 0),
    String(ds.status?.numberAvailable ?? 0),
    formatLabels(ds.spec.template.spec.nodeSelector),
    age(ds, now),
    containerNames(ds.spec.template.spec.containers),
    containerImages(ds.spec.template.spec.containers),
    formatSelector(ds.spec.selector),
  ],
}

const leasePrinter: KindPrinter<Lease> = {
  columns: [column('NAME'), column('HOLDER'), column('AGE')],
  row: (lease, now) => [lease.metadata.name, lease.spec.holderIdentity ?? '', age(lease, now)],
}

/** The newest moment an event stands for: its series, its last occurrence, else its own time. */
function lastSeen(event: Event): string | undefined {
  return event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? undefined
}

function sourceText(event: Event): string {
  const component = event.source?.component || event.reportingComponent || ''
  return event.source?.host ? `${component}, ${event.source.host}` : component
}

const eventPrinter: KindPrinter<Event> = {
  columns: [column('LAST SEEN'), column('TYPE'), column('REASON'), column('OBJECT'), wide('SUBOBJECT'), wide('SOURCE'), column('MESSAGE'), wide('FIRST SEEN'), wide('COUNT'), wide('NAME')], // prettier-ignore
  row: (event, now) => [
    ageOf(lastSeen(event), now),
    event.type ?? '',
    event.reason ?? '',
    `${(event.involvedObject.kind ?? '').toLowerCase()}/${event.involvedObject.name}`,
    event.involvedObject.fieldPath ?? '',
    sourceText(event),
    (event.message ?? '').trim(),
    ageOf(event.firstTimestamp ?? event.eventTime, now),
    String(event.series?.count ?? event.count ?? 1),
    event.metadata.name,
  ],
}

const namespacePrinter: KindPrinter<Namespace> = {
  columns: [column('NAME'), column('STATUS'), column('AGE')],
  row: (ns, now) => [ns.metadata.name, ns.status?.phase ?? 'Active', age(ns, now)],
}

const configMapPrinter: KindPrinter<ConfigMap> = {
  columns: [column('NAME'), column('DATA'), column('AGE')],
  row: (cm, now) => [
    cm.metadata.name,
    String(Object.keys(cm.data ?? {}).length + Object.keys(cm.binaryData ?? {}).length),
    age(cm, now),
  ],
}

const secretPrinter: KindPrinter<Secret> = {
  columns: [column('NAME'), column('TYPE'), column('DATA'), column('AGE')],
  row: (secret, now) => [
    secret.metadata.name,
    secret.type ?? 'Opaque',
    String(Object.keys(secret.data ?? {}).length),
    age(secret, now),
  ],
}

const serviceAccountPrinter: KindPrinter<ServiceAccount> = {
  columns: [column('NAME'), column('SECRETS'), column('AGE')],
  row: (sa, now) => [sa.metadata.name, String(((sa as { secrets?: unknown[] }).secrets ?? []).length), age(sa, now)],
}

/** Kinds that are stored and not acted on; their columns as the API server prints them. */
const at = (object: KubeObject, path: string): unknown =>
  path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], object)
const text = (object: KubeObject, path: string, otherwise: string): string => String(at(object, path) ?? otherwise)

function simple(
  columns: readonly string[],
  cells: (object: KubeObject, now: Micros) => readonly string[],
): KindPrinter<KubeObject> {
  return { columns: columns.map(column), row: (object, now) => [object.metadata.name, ...cells(object, now)] }
}

const STORED: Readonly<Record<string, KindPrinter<KubeObject>>> = {
  statefulsets: simple(['NAME', 'READY', 'AGE'], (o, now) => [
    `${text(o, 'status.readyReplicas', '0')}/${text(o, 'spec.replicas', '1')}`,
    age(o, now),
  ]),
  jobs: simple(['NAME', 'STATUS', 'COMPLETIONS', 'DURATION', 'AGE'], (o, now) => ['Running', `${text(o, 'status.succeeded', '0')}/${text(o, 'spec.completions', '1')}`, '', age(o, now)]), // prettier-ignore
  cronjobs: simple(['NAME', 'SCHEDULE', 'TIMEZONE', 'SUSPEND', 'ACTIVE', 'LAST SCHEDULE', 'AGE'], (o, now) => [text(o, 'spec.schedule', ''), text(o, 'spec.timeZone', '<none>'), at(o, 'spec.suspend') ? 'True' : 'False', '0', '<none>', age(o, now)]), // prettier-ignore
  poddisruptionbudgets: simple(['NAME', 'MIN AVAILABLE', 'MAX UNAVAILABLE', 'ALLOWED DISRUPTIONS', 'AGE'], (o, now) => [text(o, 'spec.minAvailable', 'N/A'), text(o, 'spec.maxUnavailable', 'N/A'), text(o, 'status.disruptionsAllowed', '0'), age(o, now)]), // prettier-ignore
  priorityclasses: simple(['NAME', 'VALUE', 'GLOBAL-DEFAULT', 'AGE', 'PREEMPTIONPOLICY'], (o, now) => [text(o, 'value', '0'), at(o, 'globalDefault') ? 'true' : 'false', age(o, now), text(o, 'preemptionPolicy', 'PreemptLowerPriority')]), // prettier-ignore
  networkpolicies: simple(['NAME', 'POD-SELECTOR', 'AGE'], (o, now) => [
    formatSelector(at(o, 'spec.podSelector') as never),
    age(o, now),
  ]),
  persistentvolumeclaims: simple(['NAME', 'STATUS', 'VOLUME', 'CAPACITY', 'ACCESS MODES', 'STORAGECLASS', 'VOLUMEATTRIBUTESCLASS', 'AGE'], (o, now) => [text(o, 'status.phase', 'Pending'), text(o, 'spec.volumeName', ''), '', '', text(o, 'spec.storageClassName', ''), '<unset>', age(o, now)]), // prettier-ignore
  roles: simple(['NAME', 'CREATED AT'], (o) => [o.metadata.creationTimestamp]),
  clusterroles: simple(['NAME', 'CREATED AT'], (o) => [o.metadata.creationTimestamp]),
  ingresses: simple(['NAME', 'CLASS', 'HOSTS', 'ADDRESS', 'PORTS', 'AGE'], (o, now) => [text(o, 'spec.ingressClassName', '<none>'), ((at(o, 'spec.rules') as { host?: string }[] | undefined) ?? []).map((r) => r.host ?? '*').join(',') || '*', '', at(o, 'spec.tls') ? '80, 443' : '80', age(o, now)]), // prettier-ignore
}

const PRINTERS: Readonly<Record<string, unknown>> = {
  pods: podPrinter,
  nodes: nodePrinter,
  services: servicePrinter,
  endpoints: endpointsPrinter,
  endpointslices: endpointSlicePrinter,
  deployments: deploymentPrinter,
  replicasets: replicaSetPrinter,
  daemonsets: daemonSetPrinter,
  leases: leasePrinter,
  events: eventPrinter,
  namespaces: namespacePrinter,
  configmaps: configMapPrinter,
  secrets: secretPrinter,
  serviceaccounts: serviceAccountPrinter,
  ...STORED,
}

const FALLBACK = simple(['NAME', 'AGE'], (object, now) => [age(object, now)])

export function printerOf(resource: ApiResource): KindPrinter<KubeObject> {
  return (PRINTERS[resource.resource] as KindPrinter<KubeObject> | undefined) ?? FALLBACK
}

/** `kubectl events`: LAST SEEN with the count, and Kind/name as the kind is written. */
export function eventsRow(event: Event, now: Micros): string[] {
  const first = event.firstTimestamp ?? event.eventTime ?? undefined
  const last = lastSeen(event)
  const since = (time: string | undefined) => (time ? humanDuration(now - parseRfc3339(time)) : '<unknown>')
  const count = event.series?.count ?? event.count ?? 1
  const seen = count > 1 ? `${since(last)} (x${count} over ${since(first)})` : since(first)
  return [
    seen,
    event.type ?? '',
    event.reason ?? '',
    `${event.involvedObject.kind}/${event.involvedObject.name}`,
    (event.message ?? '').trim(),
  ]
}
