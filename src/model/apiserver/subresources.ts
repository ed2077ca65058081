// pods/binding, pods/eviction and */scale (pkg/registry/core/pod/storage, pkg/registry/apps/*/storage).

import { rfc3339 } from '../../sim/clock.ts'
import { failure, type Answer, type Context } from './answer.ts'
import { deleteNamed } from './delete.ts'
import { isRecord } from './equality.ts'
import { getObject, listObjects } from './object-store.ts'
import type { Condition, IntOrString, KubeObject, LabelSelector, Pod } from './objects.ts'
import { mergePatch } from './patch.ts'
import { objectId, resourceOf, type ApiResource } from './resources.ts'
import { matchesLabelSelector } from './selectors.ts'
import {
  badRequest,
  conflict,
  invalid,
  methodNotAllowed,
  MODIFIED,
  notFound,
  tooManyRequests,
} from './status-errors.ts'
import { update } from './update.ts'

/** assignPod: the scheduler's word is final; a pod is bound once. */
export function bind(
  context: Context,
  r: ApiResource,
  namespace: string | undefined,
  name: string,
  body: unknown,
): Answer {
  const found = getObject(context.reader, r, namespace, name)
  if (!found) return failure(notFound(r, name))
  const pod = found as unknown as Pod
  const target = isRecord(body) && isRecord(body.target) ? String(body.target.name ?? '') : ''
  const binding = { resource: 'pods/binding', group: '' }
  if (target === '')
    return failure(
      invalid('Binding', '', name, [{ reason: 'FieldValueRequired', field: 'target.name', message: 'Required value' }]),
    )
  if (pod.metadata.deletionTimestamp !== undefined)
    return failure(conflict(binding, name, `pod ${name} is being deleted, cannot be assigned to a host`))
  if (pod.spec.nodeName)
    return failure(conflict(binding, name, `pod ${name} is already assigned to node "${pod.spec.nodeName}"`))
  if (pod.spec.schedulingGates?.length)
    return failure(conflict(binding, name, `pod ${name} has non-empty .spec.schedulingGates`))
  const now = rfc3339(context.chance.now)
  const scheduled: Condition = { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: now }
  const conditions = (pod.status?.conditions ?? []).filter((c) => c.type !== 'PodScheduled')
  const after: KubeObject = {
    ...found,
    metadata: {
      ...pod.metadata,
      generation: pod.metadata.generation,
      resourceVersion: context.nextVersion(),
    },
    spec: { ...pod.spec, nodeName: target },
    status: { ...pod.status, conditions: [...conditions, scheduled] },
  }
  return {
    code: 201,
    object: after,
    writes: [{ resource: r, id: objectId(r, namespace, name), before: found, after }],
    because: [['AP15', { pod: name, node: target }]],
  }
}

const SCALABLE = new Set(['deployments', 'replicasets', 'statefulsets', 'replicationcontrollers'])

function scaleOf(object: KubeObject): KubeObject {
  const { spec = {}, status = {} } = object as { spec?: Record<string, unknown>; status?: Record<string, unknown> }
  const selector = (spec.selector ?? {}) as LabelSelector
  const labels =
    object.kind === 'ReplicationController' ? (spec.selector as Record<string, string>) : selector.matchLabels
  const terms = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: {
      name: object.metadata.name,
      namespace: object.metadata.namespace,
      uid: object.metadata.uid,
      resourceVersion: object.metadata.resourceVersion,
      creationTimestamp: object.metadata.creationTimestamp,
    },
    spec: { replicas: (spec.replicas as number | undefined) ?? 0 },
    status: { replicas: (status.replicas as number | undefined) ?? 0, selector: terms.join(',') },
  }
}

export function scale(
  context: Context,
  r: ApiResource,
  verb: 'get' | 'update' | 'patch',
  namespace: string | undefined,
  name: string,
  body: unknown,
): Answer {
  if (!SCALABLE.has(r.resource)) return failure(notFound(r, name))
  const old = getObject(context.reader, r, namespace, name)
  if (!old) return failure(notFound(r, name))
  const current = scaleOf(old)
  if (verb === 'get') return { code: 200, object: current, writes: [] }
  const given = isRecord(body) ? body : {}
  const wanted = (verb === 'patch' ? mergePatch(current, given) : given) as KubeObject
  const replicas = isRecord(wanted.spec) ? (wanted.spec.replicas ?? 0) : 0
  if (typeof replicas !== 'number' || !Number.isInteger(replicas))
    return failure(badRequest('Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal'))
  if (replicas < 0)
    return failure(
      invalid('Scale', 'autoscaling', name, [
        {
          reason: 'FieldValueInvalid',
          field: 'spec.replicas',
          message: `Invalid value: ${replicas}: must be greater than or equal to 0`,
        },
      ]),
    )
  const version = isRecord(given.metadata) ? given.metadata.resourceVersion : undefined
  if (version !== undefined && version !== old.metadata.resourceVersion)
    return failure(conflict(r, name, MODIFIED), [
      ['AP1', { sent: version, stored: old.metadata.resourceVersion, name }],
    ])
  const answer = update(
    { ...context, untrusted: false },
    r,
    { ...old, spec: { ...(old.spec as object), replicas } },
    { namespace, name },
  )
  return answer.code >= 400 || !answer.object ? answer : { ...answer, object: scaleOf(answer.object) }
}

type Budget = {
  metadata: { name: string; namespace?: string }
  spec?: { selector?: LabelSelector; minAvailable?: IntOrString; maxUnavailable?: IntOrString }
}

/**
 * Eviction: a delete that a PodDisruptionBudget may refuse. Upstream the disruption controller keeps the numbers in the
 * budget's status; here they are counted at the moment of the request.
 */
export function evict(
  context: Context,
  r: ApiResource,
  namespace: string | undefined,
  name: string,
  body: unknown,
): Answer {
  const found = getObject(context.reader, r, namespace, name)
  if (!found) return failure(notFound(r, name))
  const pod = found as unknown as Pod
  const options = isRecord(body) && isRecord(body.deleteOptions) ? body.deleteOptions : {}
  const grace = typeof options.gracePeriodSeconds === 'number' ? options.gracePeriodSeconds : undefined
  const done = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed' || pod.status?.phase === 'Pending'
  if (!done && pod.metadata.deletionTimestamp === undefined) {
    const budgets = (listObjects(context.reader, BUDGETS, namespace) as readonly unknown[] as readonly Budget[]).filter(
      (b) => matchesLabelSelector(b.spec?.selector, pod.metadata.labels),
    )
    if (budgets.length > 1)
      return failure({
        code: 500,
        reason: 'InternalError',
        message: `This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.`,
      })
    const budget = budgets[0]
    if (budget) {
      const { healthy, needed } = room(context, budget)
      // IfHealthyBudget: a pod that is not ready takes nothing away, as long as the others are enough.
      const takes = isReady(pod) ? 1 : 0
      if (healthy - takes < needed) return overBudget(name, budget, healthy, needed)
    }
  }
  const answer = deleteNamed(context, r, namespace, name, { gracePeriodSeconds: grace })
  return answer.code >= 400 ? answer : { ...answer, code: 201 }
}

function overBudget(pod: string, budget: Budget, healthy: number, needed: number): Answer {
  const message = `The disruption budget ${budget.metadata.name} needs ${needed} healthy pods and has ${healthy} currently`
  const refused = tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.")
  return failure({ ...refused, causes: [{ reason: 'DisruptionBudget', message, field: '' }] }, [
    ['AP14', { pod, budget: budget.metadata.name, healthy, needed }],
  ])
}

const isReady = (pod: Pod): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  (pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false)

const BUDGETS = resourceOf('poddisruptionbudgets')!

function room(context: Context, budget: Budget): { healthy: number; needed: number } {
  const pods = (
    listObjects(context.reader, resourceOf('pods')!, budget.metadata.namespace) as unknown as readonly Pod[]
  ).filter((p) => matchesLabelSelector(budget.spec?.selector, p.metadata.labels))
  const healthy = pods.filter(isReady).length
  const part = (value: IntOrString): number => {
    if (typeof value === 'number') return value
    const percent = Number(value.replace('%', ''))
    return Math.ceil((pods.length * percent) / 100)
  }
  const { minAvailable, maxUnavailable } = budget.spec ?? {}
  if (minAvailable !== undefined) return { healthy, needed: part(minAvailable) }
  return { healthy, needed: Math.max(0, pods.length - part(maxUnavailable ?? 0)) }
}

export const refuseVerb = (r: ApiResource, verb: string): Answer => failure(methodNotAllowed(r, verb))
