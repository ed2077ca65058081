// The Endpoints controller: the old form of what EndpointSlices say, kept for those who still read it. Deprecated in 1.33
// (pkg/controller/endpoint/endpoints_controller.go).
import type { Rule } from '../../../sim/contract.ts'
import { deepEqual } from '../../apiserver/equality.ts'
import type { KubeObject } from '../../apiserver/objects.ts'
import { getObject } from '../../apiserver/object-store.ts'
import { matchesMap } from '../../apiserver/selectors.ts'
import { resourceOf } from '../../apiserver/resources.ts'
import type { ApiWatchEvent } from '../../messages.ts'
import type { ModelReader, ModelWorld } from '../../tables.ts'
import { servicesOfPod } from '../endpointslice/endpointslice.ts'
import { DONE, type Controller, type Step } from '../engine.ts'
import { keyOf } from '../pod-facts.ts'
import { forgetTriggerTime, triggerTime, withTriggerTime } from '../trigger-time.ts'
import { endpointsLabels, subsetsOf, type Endpoints } from './subsets.ts'

const NAME = 'endpoints-controller'
const RESOURCE = resourceOf('endpoints', '')!

export const endpointsRules: readonly Rule[] = [
  {
    id: 'EP1',
    says: 'Each Service with a selector has an Endpoints object of its name with the addresses of its pods. kube-proxy does not read it.',
    source: 'pkg/controller/endpoint/endpoints_controller.go syncService',
  },
]

export const endpointsController: Controller = {
  name: NAME,
  workers: 5,
  watches: {
    services: (_world, event) => [keyOf(event.object)],
    pods: servicesOfPod,
    endpoints: (_world: ModelWorld, event: ApiWatchEvent) => (event.type === 'DELETED' ? [keyOf(event.object)] : []),
  },
  sync,
}

export const endpointsOf = (reader: ModelReader, key: string): Endpoints | undefined => {
  const [namespace, name] = key.split('/') as [string, string]
  return getObject(reader, RESOURCE, namespace, name) as Endpoints | undefined
}

function sync(world: ModelWorld, key: string): Step {
  const [namespace, name] = key.split('/') as [string, string]
  const service = world.get('services', key)
  const current = endpointsOf(world, key)
  if (!service) {
    forgetTriggerTime(world, NAME, key)
    const own = current?.metadata.labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller'
    return current && own ? { requests: [{ verb: 'delete', resource: 'endpoints', namespace, name }] } : DONE
  }
  if (service.spec.type === 'ExternalName' || Object.keys(service.spec.selector ?? {}).length === 0) return DONE
  if (world.get('namespaces', namespace)?.metadata.deletionTimestamp !== undefined) return DONE
  const pods = world.by('pods', 'namespace', namespace)
  const subsets = subsetsOf(service, pods)
  const selected = pods.filter((pod) => matchesMap(service.spec.selector, pod.metadata.labels))
  const trigger = triggerTime(world, NAME, key, service, selected)
  const labels = endpointsLabels(service)
  if (current && deepEqual(current.subsets ?? [], subsets) && deepEqual(current.metadata.labels ?? {}, labels))
    return DONE
  world.because('EP1', {
    service: key,
    addresses: subsets.flatMap((s) => (s.addresses ?? []).map((a) => a.ip)).slice(0, 20),
  })
  const metadata = withTriggerTime({ ...current?.metadata, name, namespace, labels }, trigger)
  const body = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata,
    ...(subsets.length > 0 ? { subsets } : {}),
  } as unknown as KubeObject
  return {
    requests: [
      current
        ? { verb: 'update', resource: 'endpoints', namespace, name, body }
        : { verb: 'create', resource: 'endpoints', namespace, body },
    ],
  }
}
