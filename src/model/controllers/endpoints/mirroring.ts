// The EndpointSlice mirroring controller: Endpoints that people write for a Service without a selector become slices, which
// is what kube-proxy reads (pkg/controller/endpointslicemirroring).
import type { Rule } from '../../../sim/contract.ts'
import { deepEqual } from '../../apiserver/equality.ts'
import type { Endpoint, EndpointPort, KubeObject, Labels } from '../../apiserver/objects.ts'
import type { ApiRequest } from '../../messages.ts'
import type { ModelWorld } from '../../tables.ts'
import { DONE, type Controller, type Step } from '../engine.ts'
import { controllerRef, keyOf } from '../pod-facts.ts'
import { endpointsOf } from './endpoints.ts'
import type { EndpointAddress, Endpoints, Subset } from './subsets.ts'

const NAME = 'endpointslicemirroring-controller'
const MANAGER = 'endpointslicemirroring-controller.k8s.io'
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
const SKIP = 'endpointslice.kubernetes.io/skip-mirror'
const SERVICE_NAME = 'kubernetes.io/service-name'
/** --mirroring-max-endpoints-per-subset */
const MAX_PER_SUBSET = 1000

export const mirroringRules: readonly Rule[] = [
  {
    id: 'EM1',
    says: 'Endpoints that people write for a Service without a selector are copied into EndpointSlices.',
    source: 'pkg/controller/endpointslicemirroring/reconciler.go reconcile',
  },
]

export const mirroringController: Controller = {
  name: NAME,
  workers: 5,
  watches: {
    endpoints: (world, event) => (mirrored(event.object as Endpoints) && !selects(world, keyOf(event.object)) ? [keyOf(event.object)] : []), // prettier-ignore
    services: (world, event) => (endpointsOf(world, keyOf(event.object)) ? [keyOf(event.object)] : []),
  },
  sync,
}

const mirrored = (endpoints: Endpoints): boolean =>
  endpoints.metadata.labels?.[SKIP] !== 'true' &&
  endpoints.metadata.annotations?.['control-plane.alpha.kubernetes.io/leader'] === undefined

const selects = (world: ModelWorld, key: string): boolean => {
  const spec = world.get('services', key)?.spec
  return spec !== undefined && Object.keys(spec.selector ?? {}).length > 0
}

type Wanted = { addressType: 'IPv4'; ports: EndpointPort[]; endpoints: Endpoint[]; labels: Labels }

function sync(world: ModelWorld, key: string): Step {
  const [namespace, name] = key.split('/') as [string, string]
  const endpoints = endpointsOf(world, key)
  const service = world.get('services', key)
  const mine = world
    .by('endpointslices', 'service', key)
    .filter((s) => s.metadata.labels?.[MANAGED_BY] === MANAGER && s.metadata.deletionTimestamp === undefined)
  const keep = endpoints && service && mirrored(endpoints) && !selects(world, key)
  const wanted = keep ? (endpoints.subsets ?? []).map((subset) => sliceOf(endpoints, subset, name)) : []
  const requests: ApiRequest[] = []
  const left = [...mine]
  for (const want of wanted) {
    // One slice for each set of ports: it is kept and changed, not made anew.
    const at = left.findIndex((slice) => deepEqual(slice.ports ?? [], want.ports))
    const [held] = at < 0 ? [] : left.splice(at, 1)
    if (!held) requests.push({ verb: 'create', resource: 'endpointslices', namespace, body: made(endpoints!, want) })
    else if (!deepEqual(held.endpoints, want.endpoints) || !deepEqual(held.metadata.labels, want.labels)) {
      const body = { ...held, metadata: { ...held.metadata, labels: want.labels }, endpoints: want.endpoints }
      requests.push({ verb: 'update', resource: 'endpointslices', namespace, name: held.metadata.name, body })
    }
  }
  for (const slice of left)
    requests.push({ verb: 'delete', resource: 'endpointslices', namespace, name: slice.metadata.name })
  if (requests.length === 0) return DONE
  world.because('EM1', { service: key, subsets: wanted.length })
  return { requests }
}

function sliceOf(endpoints: Endpoints, subset: Subset, service: string): Wanted {
  const all = [...(subset.addresses ?? []).map(at(true)), ...(subset.notReadyAddresses ?? []).map(at(false))]
  const ports = (subset.ports ?? []).map(({ name, port, protocol, appProtocol }) => ({
    name: name ?? '',
    port,
    protocol: protocol ?? 'TCP',
    ...(appProtocol ? { appProtocol } : {}),
  }))
  const labels = { ...endpoints.metadata.labels, [SERVICE_NAME]: service, [MANAGED_BY]: MANAGER }
  return { addressType: 'IPv4', ports, endpoints: all.slice(0, MAX_PER_SUBSET), labels }
}

const at =
  (ready: boolean) =>
  ({ ip, hostname, nodeName, targetRef }: EndpointAddress): Endpoint => ({
    addresses: [ip],
    conditions: { ready },
    ...(hostname ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    ...(targetRef ? { targetRef } : {}),
  })

function made(endpoints: Endpoints, { labels, ...rest }: Wanted): KubeObject {
  const { name, namespace } = endpoints.metadata
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { generateName: `${name}-`, namespace, labels, ownerReferences: [controllerRef(endpoints)] },
    ...rest,
  } as unknown as KubeObject
}
