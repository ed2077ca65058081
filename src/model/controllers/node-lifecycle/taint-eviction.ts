// The taint eviction controller: pods leave nodes with NoExecute taints that they do not tolerate, or no longer
// (pkg/controller/tainteviction/taint_eviction.go).
import { rfc3339, SECOND } from '../../../sim/clock.ts'
import type { KubeObject, Pod, Taint } from '../../apiserver/objects.ts'
import type { ModelHandler, ModelWorld } from '../../tables.ts'
import { DONE, enqueue, type Controller, type Step } from '../engine.ts'
import { recordEvent, referenceTo } from '../event-recorder.ts'
import { keyOf } from '../pod-facts.ts'
import { nodeLifecycleEvents, toleratedFor } from './decisions.ts'

const NAME = 'taint-eviction-controller'
export const EVICTION_DUE = 'timer.taint-eviction.due'

/** Keys: `namespace/name` of pods to delete now. */
export const taintEvictionController: Controller = {
  name: NAME,
  workers: 8,
  watches: {
    nodes: (world, event) => {
      const name = event.object.metadata.name
      if (event.type === 'DELETED') return []
      const taints = noExecute((event.object as unknown as { spec: { taints?: Taint[] } }).spec.taints)
      if (taints.length === 0) {
        for (const held of world.by('evictions', 'node', name)) cancel(world, `${held.namespace}/${held.name}`)
        return []
      }
      return world.by('pods', 'node', name).flatMap((pod) => judge(world, pod, taints))
    },
    pods: (world, event) => {
      const pod = event.object as unknown as Pod
      const key = keyOf(pod)
      const held = world.get('evictions', key)
      if (held && (event.type === 'DELETED' || held.uid !== pod.metadata.uid)) {
        world.cancel(held.wake)
        world.put('evictions', key, undefined)
      }
      if (event.type === 'DELETED' || !pod.spec.nodeName) return []
      const taints = noExecute(world.get('nodes', pod.spec.nodeName)?.spec.taints)
      return taints.length > 0 ? judge(world, pod, taints) : []
    },
  },
  sync,
}

const noExecute = (taints: readonly Taint[] | undefined): Taint[] =>
  (taints ?? []).filter((t) => t.effect === 'NoExecute')

/** processPodOnNode: the keys to delete now; a later deletion waits in `evictions`. */
function judge(world: ModelWorld, pod: Pod, taints: readonly Taint[]): string[] {
  const key = keyOf(pod)
  const seconds = toleratedFor(pod, taints)
  const facts = { pod: key, node: pod.spec.nodeName, taints: taints.map((t) => t.key), tolerationSeconds: seconds }
  if (seconds === undefined) {
    cancel(world, key)
    return []
  }
  if (seconds === 0) {
    cancel(world, key)
    world.because('TE1', facts)
    return pod.metadata.deletionTimestamp === undefined ? [key] : []
  }
  const held = world.get('evictions', key)
  // What was promised earlier holds, unless it would now come later than a fresh promise.
  const since = held?.since ?? world.now
  const dueAt = since + seconds * SECOND
  if (held && held.dueAt === dueAt) return []
  if (held && dueAt < world.now + seconds * SECOND && held.dueAt <= dueAt) return []
  if (held) world.cancel(held.wake)
  world.because('TE2', facts)
  const wake = world.send(EVICTION_DUE, world.event.to, { key }, { delayMicros: Math.max(0, dueAt - world.now) })
  world.put('evictions', key, {
    namespace: pod.metadata.namespace ?? '',
    name: pod.metadata.name,
    uid: pod.metadata.uid,
    node: pod.spec.nodeName ?? '',
    taints: taints.map((t) => t.key),
    since,
    dueAt,
    wake,
  })
  return []
}

function cancel(world: ModelWorld, key: string): void {
  const held = world.get('evictions', key)
  if (!held) return
  world.because('TE3', { pod: key, node: held.node })
  world.cancel(held.wake)
  world.put('evictions', key, undefined)
  const pod = world.get('pods', key)
  if (pod) recordEvent(world, NAME, referenceTo(pod as KubeObject), nodeLifecycleEvents.deletionCancelled(key))
}

export const onEvictionDue: ModelHandler = (world, event) => {
  const { key } = event.data as { key: string }
  const held = world.get('evictions', key)
  if (!held || held.wake !== event.id) return
  world.put('evictions', key, undefined)
  const pod = world.get('pods', key)
  if (!pod || pod.metadata.uid !== held.uid || pod.metadata.deletionTimestamp !== undefined) return
  enqueue(world, NAME, key)
}

/** deletePodHandler, addConditionAndDeletePod: says so, marks the pod, deletes it with its own grace period. */
function sync(world: ModelWorld, key: string): Step {
  const pod = world.get('pods', key)
  if (!pod || pod.metadata.deletionTimestamp !== undefined) return DONE
  const taints = noExecute(world.get('nodes', pod.spec.nodeName ?? '')?.spec.taints)
  recordEvent(world, NAME, referenceTo(pod as KubeObject), nodeLifecycleEvents.deletionMark(key))
  world.because('TE2', { pod: key, node: pod.spec.nodeName, taints: taints.map((t) => t.key) })
  const { namespace, name, uid } = pod.metadata
  return {
    requests: [
      {
        verb: 'patch',
        resource: 'pods',
        subresource: 'status',
        namespace,
        name,
        patchType: 'strategic',
        body: {
          metadata: { uid },
          status: {
            conditions: [
              {
                type: 'DisruptionTarget',
                status: 'True',
                reason: 'DeletionByTaintManager',
                message: 'Taint manager: deleting due to NoExecute taint',
                lastTransitionTime: rfc3339(world.now),
              },
            ],
          },
        },
      },
      { verb: 'delete', resource: 'pods', namespace, name, preconditions: { uid } },
    ],
  }
}
