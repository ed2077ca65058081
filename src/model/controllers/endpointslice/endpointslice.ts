// The EndpointSlice controller (pkg/controller/endpointslice/endpointslice_controller.go).
import type { Rule } from '../../../sim/contract.ts'
import { deepEqual } from '../../apiserver/equality.ts'
import { matchesMap } from '../../apiserver/selectors.ts'
import type { EndpointSlice, KubeObject, Labels, ObjectMeta, Pod } from '../../apiserver/objects.ts'
import type { ApiRequest, ApiWatchEvent } from '../../messages.ts'
import type { ModelWorld } from '../../tables.ts'
import { DONE, type Controller, type Step } from '../engine.ts'
import { recordEvent, referenceTo } from '../event-recorder.ts'
import { addressesOf, keyOf, podFacts } from '../pod-facts.ts'
import { forgetTriggerTime, triggerTime, withTriggerTime } from '../trigger-time.ts'
import { asksForTopology } from './hints.ts'
import { MANAGED_BY, reconcileSlices, SERVICE_NAME } from './reconcile.ts'

const NAME = 'endpointslice-controller'

export const endpointSliceRules: readonly Rule[] = [
  {
    id: 'ES1',
    says: 'A pod that the selector matches and that has an address is an endpoint; it is ready when the pod is Ready and not being deleted, serving when it is Ready, terminating when it is being deleted.',
    source: 'staging/src/k8s.io/endpointslice/utils.go podToEndpoint',
  },
  {
    id: 'ES2',
    says: 'Slices are changed as little as possible: unwanted endpoints leave, new ones fill slices that are written anyway, then one that has room, then a new slice of at most 100.',
    source: 'staging/src/k8s.io/endpointslice/reconciler.go reconcileByPortMapping',
  },
  {
    id: 'ES4',
    says: 'spec.trafficDistribution gives each ready endpoint a hint for its own zone (PreferSameZone) and also for its own node (PreferSameNode); kube-proxy follows hints.',
    source: 'staging/src/k8s.io/endpointslice/trafficdist/trafficdist.go ReconcileHints',
  },
  {
    id: 'ES3',
    says: "A Service without a selector is left alone: its EndpointSlices are somebody else's.",
    source: 'pkg/controller/endpointslice/endpointslice_controller.go syncService',
  },
]

export const endpointSliceController: Controller = {
  name: NAME,
  workers: 5,
  watches: {
    services: (_world, event) => [keyOf(event.object)],
    pods: servicesOfPod,
    endpointslices: serviceOfSlice,
    nodes: (world, event) =>
      event.type === 'MODIFIED' ? servicesByCapacity(world) : servicesOnNode(world, event.object.metadata.name),
  },
  sync,
}

/** EndpointSliceTracker: the echo of an own write is not worth a pass; somebody else's write is. */
function serviceOfSlice(world: ModelWorld, event: ApiWatchEvent): readonly string[] {
  const { labels = {}, namespace = '', generation = 0 } = event.object.metadata
  if (labels['endpointslice.kubernetes.io/managed-by'] !== MANAGED_BY || !labels[SERVICE_NAME]) return []
  const id = keyOf(event.object)
  const track = world.get('sliceTracks', id)
  if (event.type === 'DELETED') {
    if (track) world.put('sliceTracks', id, undefined)
  } else if (track && generation <= track.generation) return []
  return [`${namespace}/${labels[SERVICE_NAME]}`]
}

function servicesOnNode(world: ModelWorld, node: string): readonly string[] {
  const keys = new Set<string>()
  for (const pod of world.by('pods', 'node', node))
    for (const key of matching(world, pod.metadata.namespace ?? '', pod.metadata.labels)) keys.add(key)
  return [...keys]
}

/** checkNodeTopologyDistribution: the zones' share of CPU may have changed. */
function servicesByCapacity(world: ModelWorld): readonly string[] {
  return world.all('services').filter(asksForTopology).map(keyOf)
}

/** GetPodUpdateProjectionKey: only a change of labels, readiness, deletion or addresses concerns a Service. */
export function servicesOfPod(world: ModelWorld, event: ApiWatchEvent): readonly string[] {
  const pod = event.object as unknown as Pod
  const namespace = pod.metadata.namespace ?? ''
  const seen = world.get('podsSeen', keyOf(pod))
  // Upstream takes a look at the Service even then, and finds nothing to do.
  if (addressesOf(pod) === '' && (seen?.ips ?? '') === '') return []
  const now = matching(world, namespace, pod.metadata.labels)
  if (event.type === 'DELETED') return now
  if (!seen || event.type === 'ADDED') return now
  const facts = podFacts(pod)
  const changed =
    facts.ready !== seen.ready ||
    facts.terminating !== seen.terminating ||
    addressesOf(pod) !== seen.ips ||
    (pod.status?.phase ?? '') !== seen.phase
  if (deepEqual(seen.labels, pod.metadata.labels ?? {})) return changed ? now : []
  const before = matching(world, namespace, seen.labels)
  if (changed) return [...new Set([...now, ...before])]
  return [...now.filter((k) => !before.includes(k)), ...before.filter((k) => !now.includes(k))]
}

function matching(world: ModelWorld, namespace: string, labels: Labels | undefined): string[] {
  const keys: string[] = []
  for (const service of world.by('services', 'namespace', namespace))
    if (matchesMap(service.spec.selector, labels)) keys.push(keyOf(service))
  return keys
}

function sync(world: ModelWorld, key: string): Step {
  const service = world.get('services', key)
  // The slices of a deleted Service go with it: owner references, garbage collector.
  if (!service) forgetTriggerTime(world, NAME, key)
  if (!service || service.spec.type === 'ExternalName') return DONE
  if (!service.spec.selector || Object.keys(service.spec.selector).length === 0) {
    world.because('ES3', { service: key })
    return DONE
  }
  const namespace = service.metadata.namespace ?? ''
  const pods = world.by('pods', 'namespace', namespace)
  const slices = world
    .by('endpointslices', 'service', key)
    .filter((s) => s.metadata.labels?.['endpointslice.kubernetes.io/managed-by'] === MANAGED_BY)
    .filter((s) => s.metadata.deletionTimestamp === undefined)
  const plan = reconcileSlices(
    service,
    pods,
    slices,
    (name) => world.get('nodes', name),
    () => world.all('nodes'),
  )
  const selected = pods.filter((pod) => matchesMap(service.spec.selector, pod.metadata.labels))
  const trigger = triggerTime(world, NAME, key, service, selected)
  for (const told of plan.events) recordEvent(world, NAME, referenceTo(service as KubeObject), told)
  if (plan.create.length + plan.update.length + plan.delete.length === 0)
    return plan.nodeless.length > 0 ? { error: `skipping Pod ${plan.nodeless[0]}: Node Not Found` } : DONE
  world.because('ES1', { service: key, endpoints: endpointFacts(plan.update, plan.create) })
  if (service.spec.trafficDistribution !== undefined)
    world.because('ES4', { service: key, trafficDistribution: service.spec.trafficDistribution })
  world.because('ES2', {
    service: key,
    pods: plan.pods,
    slices: slices.length,
    creates: plan.create.length,
    updates: plan.update.map((s) => s.metadata.name),
    deletes: plan.delete.map((s) => s.metadata.name),
  })
  const requests: ApiRequest[] = []
  if (service.metadata.deletionTimestamp === undefined)
    for (const body of plan.create)
      requests.push({
        verb: 'create',
        resource: 'endpointslices',
        namespace,
        body: { ...body, metadata: withTriggerTime(body['metadata'] as ObjectMeta, trigger) },
      })
  for (const slice of plan.update) {
    // The write counts the generation up by one (labels alone do not); it carries the resourceVersion, so it happens on
    // this generation or not at all.
    const relabelled = !deepEqual(slice.metadata.labels, world.get('endpointslices', keyOf(slice))?.metadata.labels)
    const generation = (slice.metadata.generation ?? 0) + 1
    world.put('sliceTracks', keyOf(slice), relabelled ? undefined : { generation })
    requests.push({
      verb: 'update',
      resource: 'endpointslices',
      namespace,
      name: slice.metadata.name,
      body: withAnnotations(slice, trigger),
    })
  }
  for (const slice of plan.delete)
    requests.push({ verb: 'delete', resource: 'endpointslices', namespace, name: slice.metadata.name })
  return { requests }
}

/** The first endpoints of what is written, as facts: address -> conditions. */
function endpointFacts(
  updates: readonly EndpointSlice[],
  creates: readonly Record<string, unknown>[],
): Record<string, string> {
  const facts: Record<string, string> = {}
  let n = 0
  for (const slice of [...updates, ...(creates as EndpointSlice[])])
    for (const e of slice.endpoints) {
      if (n++ >= 20) return facts
      const c = e.conditions
      facts[e.addresses[0] ?? ''] = c?.terminating
        ? c.serving
          ? 'terminating, serving'
          : 'terminating'
        : c?.ready
          ? 'ready'
          : 'not ready'
    }
  return facts
}

function withAnnotations(slice: EndpointSlice, at: string | undefined): KubeObject {
  return { ...slice, metadata: withTriggerTime(slice.metadata, at) }
}
