// Which EndpointSlices a Service should have (staging/src/k8s.io/endpointslice: reconciler.go, utils.go, util/), as a
// plain function over the Service, its pods and its present slices.
import { freezePlain } from '../../../sim/records.ts'
import { deepEqual } from '../../apiserver/equality.ts'
import type {
  Endpoint,
  EndpointPort,
  EndpointSlice,
  KubeObject,
  Labels,
  Node,
  Pod,
  Service,
  ServicePort,
} from '../../apiserver/objects.ts'
import { matchesMap } from '../../apiserver/selectors.ts'
import type { Told } from '../event-recorder.ts'
import { controllerRef, podFacts } from '../pod-facts.ts'
import { setHints, type HintedSlice } from './hints.ts'

/** --max-endpoints-per-slice. */
export const MAX_ENDPOINTS = 100
export const MANAGED_BY = 'endpointslice-controller.k8s.io'
export const SERVICE_NAME = 'kubernetes.io/service-name'
const MANAGED_BY_LABEL = 'endpointslice.kubernetes.io/managed-by'
const HEADLESS = 'service.kubernetes.io/headless'
const RESERVED = new Set([SERVICE_NAME, MANAGED_BY_LABEL, HEADLESS])

export type SlicePlan = {
  create: Record<string, unknown>[]
  update: EndpointSlice[]
  delete: EndpointSlice[]
  /** Pods that the selector matches. */
  pods: number
  /** Pods left out because their node is not there: the Service has to be looked at again. */
  nodeless: string[]
  /** Events about topology hints. */
  events: Told[]
}

type Draft = { slice: EndpointSlice | undefined; ports: EndpointPort[]; endpoints: Endpoint[]; labels: Labels }

export function reconcileSlices(
  service: Service,
  /** Of its namespace; the selector is applied here. */
  pods: readonly Pod[],
  existing: readonly EndpointSlice[],
  nodeOf: (name: string) => Node | undefined,
  /** All nodes, for hints by capacity. */
  nodes: () => readonly Node[] = () => [],
): SlicePlan {
  const plan: SlicePlan = { create: [], update: [], delete: [], pods: 0, nodeless: [], events: [] }
  const families = service.spec.ipFamilies ?? ['IPv4']
  const ours: EndpointSlice[] = []
  for (const slice of existing)
    if (slice.addressType === 'IPv4' && families.includes('IPv4') && ownedBy(slice, service)) ours.push(slice)
    else plan.delete.push(slice)
  if (!families.includes('IPv4')) return plan

  const desired = new Map<string, { ports: EndpointPort[]; endpoints: Map<string, Endpoint> }>()
  for (const pod of pods) {
    const node = pod.spec.nodeName ? nodeOf(pod.spec.nodeName) : undefined
    const member = memberOf(service, pod, node)
    if (!member) continue
    plan.pods++
    if (member === NO_ADDRESS) continue
    const { endpoint, key, ports, portKey } = member
    let group = desired.get(portKey)
    if (!group) desired.set(portKey, (group = { ports, endpoints: new Map() }))
    if (!node && !service.spec.publishNotReadyAddresses) plan.nodeless.push(pod.metadata.name)
    else group.endpoints.set(key, endpoint)
  }

  const byPorts = new Map<string, EndpointSlice[]>()
  for (const slice of ours) {
    const key = portKeyOf(slice.ports ?? [])
    const list = byPorts.get(key)
    if (list) list.push(slice)
    else byPorts.set(key, [slice])
  }
  const deletes: EndpointSlice[] = []
  const creates: Draft[] = []
  const updates: EndpointSlice[] = []
  for (const [key, group] of desired) byPortMapping(service, byPorts.get(key) ?? [], group, creates, updates, deletes)
  for (const [key, slices] of byPorts) if (!desired.has(key)) deletes.push(...slices)

  // A Service without endpoints keeps one empty slice.
  if (ours.length === deletes.length && creates.length === 0) {
    const labels = sliceLabels(service)
    const held = deletes[0]
    if (deletes.length === 1 && held && isPlaceholder(held, labels)) deletes.length = 0
    else creates.push({ slice: undefined, ports: [], endpoints: [], labels })
  }

  plan.events = hinted(service, ours, creates, updates, deletes, nodes)

  // finalize: what would be deleted is turned into what would be created.
  while (deletes.length > 0 && creates.length > 0) {
    const reused = deletes.shift()!
    const draft = creates.pop()!
    updates.push({
      ...reused,
      metadata: { ...reused.metadata, labels: draft.labels },
      ports: draft.ports,
      endpoints: draft.endpoints,
    })
  }
  plan.delete.push(...deletes)
  plan.update = updates
  plan.create = creates.map((draft) => newSlice(service, draft))
  return plan
}

/** Hints go onto all that is written; a slice whose hints alone are wrong is written too. */
function hinted(
  service: Service,
  ours: readonly EndpointSlice[],
  creates: readonly Draft[],
  updates: EndpointSlice[],
  deletes: readonly EndpointSlice[],
  nodes: () => readonly Node[],
): Told[] {
  const written = new Set([...updates, ...deletes].map((s) => s.metadata.name))
  const unchanged = ours.filter((s) => !written.has(s.metadata.name))
  const fresh = (endpoints: Endpoint[]): HintedSlice => ({ endpoints, unchanged: false, needed: true })
  const made = creates.map((draft) => fresh(draft.endpoints))
  const changed = updates.map((slice) => fresh(slice.endpoints))
  const kept = unchanged.map((slice): HintedSlice => ({ ...fresh(slice.endpoints), unchanged: true, needed: false }))
  const events = setHints(service, [...made, ...changed, ...kept], nodes)
  creates.forEach((draft, i) => (draft.endpoints = made[i]!.endpoints))
  updates.forEach((slice, i) => (updates[i] = { ...slice, endpoints: changed[i]!.endpoints }))
  unchanged.forEach((slice, i) => {
    if (kept[i]!.needed) updates.push({ ...slice, endpoints: kept[i]!.endpoints })
  })
  return events
}

/** reconcileByPortMapping. */
function byPortMapping(
  service: Service,
  existing: readonly EndpointSlice[],
  group: { ports: EndpointPort[]; endpoints: Map<string, Endpoint> },
  creates: Draft[],
  updates: EndpointSlice[],
  deletes: EndpointSlice[],
): void {
  const left = new Map(group.endpoints)
  const labels = sliceLabels(service)
  const changed: Draft[] = []
  const unchanged: Draft[] = []
  for (const slice of existing) {
    const endpoints: Endpoint[] = []
    let differs = false
    for (const held of slice.endpoints) {
      const key = endpointKey(held)
      const want = left.get(key)
      if (!want) continue
      left.delete(key)
      if (!sameEndpoint(want, held)) differs = true
      endpoints.push(want)
    }
    const draft: Draft = { slice, ports: slice.ports ?? [], endpoints, labels }
    if (differs || endpoints.length !== slice.endpoints.length) {
      if (endpoints.length === 0) deletes.push(slice)
      else changed.push(draft)
    } else if (!sameOwnLabels(slice.metadata.labels ?? {}, service.metadata.labels ?? {})) changed.push(draft)
    else unchanged.push({ ...draft, endpoints: [...slice.endpoints] })
  }
  const rest = [...left.values()]
  // Slices that are written anyway are filled first, the fullest first.
  if (rest.length > 0)
    for (const draft of [...changed].sort((a, b) => b.endpoints.length - a.endpoints.length))
      while (rest.length > 0 && draft.endpoints.length < MAX_ENDPOINTS) draft.endpoints.push(rest.shift()!)
  while (rest.length > 0) {
    let target = rest.length < MAX_ENDPOINTS ? closestToFull(unchanged, rest.length) : undefined
    if (target) {
      unchanged.splice(unchanged.indexOf(target), 1)
      changed.push(target)
    } else {
      target = { slice: undefined, ports: group.ports, endpoints: [], labels }
      creates.push(target)
    }
    while (rest.length > 0 && target.endpoints.length < MAX_ENDPOINTS) target.endpoints.push(rest.shift()!)
  }
  for (const draft of changed)
    updates.push({
      ...draft.slice!,
      metadata: { ...draft.slice!.metadata, labels: draft.labels },
      endpoints: draft.endpoints,
    })
}

/** getSliceToFill. */
function closestToFull(slices: readonly Draft[], more: number): Draft | undefined {
  let best: Draft | undefined
  let room = MAX_ENDPOINTS
  for (const draft of slices) {
    const after = MAX_ENDPOINTS - more - draft.endpoints.length
    if (after < 0 || after >= room) continue
    room = after
    best = draft
  }
  return best
}

function newSlice(service: Service, draft: Draft): Record<string, unknown> {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${service.metadata.name}-`,
      namespace: service.metadata.namespace,
      labels: draft.labels,
      ownerReferences: [controllerRef(service as KubeObject)],
    },
    addressType: 'IPv4',
    endpoints: draft.endpoints,
    ports: draft.ports,
  }
}

/** setEndpointSliceLabels: the Service's labels, and the reserved ones. */
function sliceLabels(service: Service): Labels {
  const labels: Labels = {}
  for (const [key, value] of Object.entries(service.metadata.labels ?? {})) if (!RESERVED.has(key)) labels[key] = value
  if (isHeadless(service)) labels[HEADLESS] = ''
  labels[SERVICE_NAME] = service.metadata.name
  labels[MANAGED_BY_LABEL] = MANAGED_BY
  return labels
}

const isHeadless = (service: Service): boolean => !service.spec.clusterIP || service.spec.clusterIP === 'None'

function sameOwnLabels(slice: Labels, service: Labels): boolean {
  const own = (labels: Labels): Labels =>
    Object.fromEntries(Object.entries(labels).filter(([key]) => !RESERVED.has(key)))
  return deepEqual(own(slice), own(service))
}

function isPlaceholder(slice: EndpointSlice, labels: Labels): boolean {
  return slice.endpoints.length === 0 && (slice.ports ?? []).length === 0 && deepEqual(slice.metadata.labels, labels)
}

function ownedBy(slice: EndpointSlice, service: Service): boolean {
  return (slice.metadata.ownerReferences ?? []).some((o) => o.uid === service.metadata.uid && o.kind === 'Service')
}

/** A pod as an endpoint of a Service, worked out once for each state of the two. */
type Member = { zone: string | undefined; endpoint: Endpoint; key: string; ports: EndpointPort[]; portKey: string }
const members = new WeakMap<Service, WeakMap<Pod, Member | undefined>>()
const NO_ADDRESS: Member = { zone: undefined, endpoint: { addresses: [] }, key: '', ports: [], portKey: '' }

/** Undefined: the selector does not match it. */
function memberOf(service: Service, pod: Pod, node: Node | undefined): Member | undefined {
  let of = members.get(service)
  if (!of) members.set(service, (of = new WeakMap()))
  const zone = node?.metadata.labels?.['topology.kubernetes.io/zone']
  const held = of.get(pod)
  if (held ? held === NO_ADDRESS || held.zone === zone : of.has(pod)) return held
  if (!matchesMap(service.spec.selector, pod.metadata.labels) || podFacts(pod).terminal || !pod.status?.podIP) {
    const none = matchesMap(service.spec.selector, pod.metadata.labels) ? NO_ADDRESS : undefined
    of.set(pod, none)
    return none
  }
  const endpoint = podToEndpoint(pod, zone, service)
  const ports = endpointPorts(service, pod)
  const member = { zone, endpoint, key: endpointKey(endpoint), ports, portKey: portKeyOf(ports) }
  of.set(pod, member)
  return member
}

/** podToEndpoint. "ready" is never true for a terminating pod, unless the Service publishes addresses that are not ready. */
function podToEndpoint(pod: Pod, zone: string | undefined, service: Service): Endpoint {
  const { ready: serving, terminating } = podFacts(pod)
  const addresses = (pod.status?.podIPs ?? [{ ip: pod.status!.podIP! }])
    .map((p) => p.ip)
    .filter((ip) => !ip.includes(':'))
  const named = pod.spec.hostname && pod.spec.subdomain === service.metadata.name
  return freezePlain({
    addresses,
    conditions: {
      ready: service.spec.publishNotReadyAddresses === true || (serving && !terminating),
      serving,
      terminating,
    },
    ...(named ? { hostname: pod.spec.hostname } : {}),
    targetRef: {
      kind: 'Pod',
      namespace: pod.metadata.namespace,
      name: pod.metadata.name,
      uid: pod.metadata.uid,
    },
    ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    ...(zone ? { zone } : {}),
  })
}

/** hashEndpoint: what makes two endpoints the same endpoint. */
function endpointKey(e: Endpoint): string {
  let key = endpointKeys.get(e)
  if (key !== undefined) return key
  key = `${e.addresses.join(',')}|${e.hostname ?? ''}|${e.targetRef?.namespace ?? ''}/${e.targetRef?.name ?? ''}`
  endpointKeys.set(e, key)
  return key
}
const endpointKeys = new WeakMap<Endpoint, string>()

/** EndpointsEqualBeyondHash. */
function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return (
    a === b ||
    (a.nodeName === b.nodeName &&
      a.zone === b.zone &&
      a.conditions?.ready === b.conditions?.ready &&
      a.conditions?.serving === b.conditions?.serving &&
      a.conditions?.terminating === b.conditions?.terminating &&
      a.targetRef?.uid === b.targetRef?.uid)
  )
}

/** getEndpointPorts: a port whose named target the pod lacks is left out of that pod's slice. */
export function endpointPorts(service: Service, pod: Pod): EndpointPort[] {
  const ports: EndpointPort[] = []
  for (const port of service.spec.ports ?? []) {
    const number = findPort(pod, port)
    if (number === undefined) continue
    ports.push({
      name: port.name ?? '',
      port: number,
      protocol: port.protocol ?? 'TCP',
      ...(port.appProtocol ? { appProtocol: port.appProtocol } : {}),
    })
  }
  return ports
}

/** FindPort: a number as it is, a name looked up in the containers and sidecars of the pod. */
export function findPort(pod: Pod, port: ServicePort): number | undefined {
  const target = port.targetPort ?? port.port
  if (typeof target === 'number') return target
  const protocol = port.protocol ?? 'TCP'
  const sidecars = (pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always')
  for (const container of [...pod.spec.containers, ...sidecars])
    for (const p of container.ports ?? [])
      if (p.name === target && (p.protocol ?? 'TCP') === protocol) return p.containerPort
  return undefined
}

function portKeyOf(ports: readonly EndpointPort[]): string {
  return ports
    .map((p) => `${p.name ?? ''}|${p.port ?? ''}|${p.protocol ?? ''}|${p.appProtocol ?? ''}`)
    .sort()
    .join(';')
}
