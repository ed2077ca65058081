// kube-controller-manager: the controllers behind one set of shared informers.
import type { ApiRequest, ApiResponse, ApiWatchEvent } from '../messages.ts'
import { sendOver } from '../messages.ts'
import { deepEqual } from '../apiserver/equality.ts'
import type { Pod } from '../apiserver/objects.ts'
import type { ModelComponent, ModelHandler, ModelWorld, PodSeenRecord } from '../tables.ts'
import { sendThrottled, THROTTLED } from './client.ts'
import { daemonSetController } from './daemonset/daemonset.ts'
import { daemonSetRules } from './daemonset/rules.ts'
import { deploymentController } from './deployment/deployment.ts'
import { deploymentRules } from './deployment/rules.ts'
import { endpointSliceController, endpointSliceRules } from './endpointslice/endpointslice.ts'
import { endpointsController, endpointsRules } from './endpoints/endpoints.ts'
import { mirroringController, mirroringRules } from './endpoints/mirroring.ts'
import { deliver, makeEngine, onResponse, onSweep, onWork, SWEEP, WORK } from './engine.ts'
import { namespaceController, namespaceRules } from './namespace/namespace.ts'
import { nodeIpamController, nodeIpamRules } from './node-ipam/node-ipam.ts'
import { MONITOR, nodeLifecycleController, onMonitor, onTainter, TAINTER } from './node-lifecycle/node-lifecycle.ts'
import { nodeLifecycleRules, taintEvictionRules } from './node-lifecycle/rules.ts'
import { EVICTION_DUE, onEvictionDue, taintEvictionController } from './node-lifecycle/taint-eviction.ts'
import { addressesOf, keyOf, podFacts } from './pod-facts.ts'
import { podGarbageController, podGarbageRules } from './pod-garbage/pod-garbage.ts'
import { replicaSetController, replicaSetRules } from './replicaset/replicaset.ts'
import { rootCaController, serviceAccountController, serviceAccountRules } from './serviceaccount/serviceaccount.ts'

export const CONTROLLER_MANAGER = 'controller-manager'
/** Given at boot to `controller-manager` and to `scheduler`: start, and open the watches. */
export const START = 'boot.start'

const engine = makeEngine([
  deploymentController,
  replicaSetController,
  daemonSetController,
  endpointSliceController,
  endpointsController,
  mirroringController,
  nodeLifecycleController,
  taintEvictionController,
  nodeIpamController,
  namespaceController,
  serviceAccountController,
  rootCaController,
  podGarbageController,
])

const start: ModelHandler = (world, event) => {
  for (const resource of engine.byResource.keys()) {
    const request: ApiRequest = {
      verb: 'watch',
      resource,
      userAgent: 'kube-controller-manager',
      ctx: { watch: resource },
    }
    sendOver(world, 'api.request', 'apiserver', request)
  }
  for (const controller of engine.byName.values()) controller.start?.(world)
  world.send(SWEEP, event.to, {}, { delayMicros: 30_000_000 })
}

const onWatch: ModelHandler = (world, event) => {
  const change = event.data as ApiWatchEvent
  if (change.type === 'BOOKMARK') return
  if (change.resource !== 'pods') {
    deliver(world, engine, change)
    return
  }
  // An informer hands out the old and the new state; of the old one only this much is kept.
  const pod = change.object as unknown as Pod
  const id = keyOf(pod)
  const before = world.get('podsSeen', id)
  const after = change.type === 'DELETED' ? undefined : seenOf(pod)
  if (before && after && before.uid === after.uid && sameSeen(before, after)) return
  deliver(world, engine, change)
  world.put('podsSeen', id, after)
}

function seenOf(pod: Pod): PodSeenRecord {
  const facts = podFacts(pod)
  return {
    namespace: pod.metadata.namespace ?? '',
    uid: pod.metadata.uid,
    labels: pod.metadata.labels ?? {},
    controller: facts.controller,
    node: pod.spec.nodeName ?? '',
    phase: pod.status?.phase ?? '',
    ready: facts.ready,
    terminating: facts.terminating,
    ips: addressesOf(pod),
    generation: pod.metadata.generation ?? 0,
  }
}

function sameSeen(a: PodSeenRecord, b: PodSeenRecord): boolean {
  return (
    a.node === b.node &&
    a.phase === b.phase &&
    a.ready === b.ready &&
    a.terminating === b.terminating &&
    a.ips === b.ips &&
    a.controller === b.controller &&
    a.generation === b.generation &&
    (a.labels === b.labels || deepEqual(a.labels, b.labels))
  )
}

export const controllerManager: ModelComponent = {
  roles: [CONTROLLER_MANAGER],
  handlers: {
    [START]: start,
    'api.watch': onWatch,
    'api.response': (world: ModelWorld, event) => onResponse(world, engine, event.data as ApiResponse),
    [WORK]: onWork(engine),
    [SWEEP]: onSweep(engine),
    [THROTTLED]: sendThrottled,
    [MONITOR]: onMonitor,
    [TAINTER]: onTainter,
    [EVICTION_DUE]: onEvictionDue,
  },
  rules: [
    ...deploymentRules,
    ...replicaSetRules,
    ...daemonSetRules,
    ...endpointSliceRules,
    ...endpointsRules,
    ...mirroringRules,
    ...nodeLifecycleRules,
    ...taintEvictionRules,
    ...nodeIpamRules,
    ...namespaceRules,
    ...serviceAccountRules,
    ...podGarbageRules,
  ],
  tables: {
    workqueue: {
      owner: CONTROLLER_MANAGER,
      indexes: {
        queued: (w) => (w.state === 'queued' ? w.controller : undefined),
        working: (w) => (w.state === 'working' ? w.controller : undefined),
      },
    },
    expectations: { owner: CONTROLLER_MANAGER },
    clients: { owner: 'controller-manager, scheduler' },
    eventMemory: { owner: CONTROLLER_MANAGER },
    podsSeen: {
      owner: CONTROLLER_MANAGER,
      indexes: { orphan: (p) => (p.controller === '' ? p.namespace : undefined) },
    },
    nodeHealth: {
      owner: CONTROLLER_MANAGER,
      indexes: { taintQueue: (h) => (h.taintQueuedAt === undefined ? undefined : h.zone) },
    },
    zones: { owner: CONTROLLER_MANAGER },
    evictions: { owner: CONTROLLER_MANAGER, indexes: { node: (e) => e.node } },
    sliceTracks: { owner: CONTROLLER_MANAGER },
    triggerTimes: { owner: CONTROLLER_MANAGER },
  },
}
