// The pod garbage collector, for what it does on a small cluster: pods of a node that no longer exists are deleted
// without grace, since no kubelet will ever say that they ended (pkg/controller/podgc/gc_controller.go, gcOrphaned).
import { rfc3339, SECOND } from '../../../sim/clock.ts'
import type { Rule } from '../../../sim/contract.ts'
import type { ApiRequest } from '../../messages.ts'
import type { ModelWorld, WorkAnswer } from '../../tables.ts'
import { DONE, enqueueAfter, failedStep, type Controller, type Step } from '../engine.ts'

const NAME = 'pod-garbage-collector-controller'
/** A node that comes back within this time keeps its pods (quarantineTime). */
const QUARANTINE = 40 * SECOND

export const podGarbageRules: readonly Rule[] = [
  {
    id: 'PG1',
    says: 'When a node object has been gone for 40 s, its pods are deleted at once, without grace.',
    source: 'pkg/controller/podgc/gc_controller.go gcOrphaned',
  },
]

/** Keys: names of nodes that were deleted. */
export const podGarbageController: Controller = {
  name: NAME,
  workers: 1,
  watches: {
    nodes: (world, event) => {
      if (event.type === 'DELETED') enqueueAfter(world, NAME, event.object.metadata.name, QUARANTINE)
      return []
    },
  },
  sync,
  answered: (_world: ModelWorld, _key: string, _memo: unknown, answers: readonly WorkAnswer[]) =>
    failedStep(answers.filter((a) => a.code !== 404)),
}

function sync(world: ModelWorld, key: string): Step {
  if (world.get('nodes', key)) return DONE
  const pods = world.by('pods', 'node', key)
  if (pods.length === 0) return DONE
  world.because('PG1', { node: key, pods: pods.length })
  return {
    requests: pods.flatMap((pod): ApiRequest[] => {
      const { namespace, name, uid } = pod.metadata
      const done = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
      const mark: ApiRequest = {
        verb: 'patch',
        resource: 'pods',
        subresource: 'status',
        namespace,
        name,
        patchType: 'strategic',
        body: {
          status: {
            phase: 'Failed',
            conditions: [
              {
                type: 'DisruptionTarget',
                status: 'True',
                reason: 'DeletionByPodGC',
                message: 'PodGC: node no longer exists',
                lastTransitionTime: rfc3339(world.now),
              },
            ],
          },
        },
      }
      const remove: ApiRequest = {
        verb: 'delete',
        resource: 'pods',
        namespace,
        name,
        gracePeriodSeconds: 0,
        preconditions: { uid },
      }
      return done ? [remove] : [mark, remove]
    }),
  }
}
