// DELETE: at once, or with a mark that somebody else has to honour first
// (store.go Delete, rest.BeforeDelete, pkg/registry/core/pod/strategy.go CheckGracefulDelete).

import { rfc3339, SECOND } from '../../sim/clock.ts'
import type { ApiRequest } from '../messages.ts'
import { undeletable } from './admission.ts'
import { failure, type Answer, type Context, type ObjectWrite } from './answer.ts'
import { getObject, listObjects } from './object-store.ts'
import type { KubeObject, Namespace, Pod } from './objects.ts'
import { objectId, type ApiResource } from './resources.ts'
import { objectFilter } from './selectors.ts'
import { badRequest, conflict, notFound } from './status-errors.ts'

type DeleteOptions = Pick<ApiRequest, 'gracePeriodSeconds' | 'propagationPolicy' | 'preconditions'>

export function deleteNamed(
  context: Context,
  r: ApiResource,
  namespace: string | undefined,
  name: string,
  options: DeleteOptions,
): Answer {
  const old = getObject(context.reader, r, namespace, name)
  if (!old) return failure(notFound(r, name))
  const { uid, resourceVersion } = options.preconditions ?? {}
  if (uid !== undefined && uid !== old.metadata.uid)
    return failure(
      conflict(r, name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`),
    )
  if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion)
    return failure(
      conflict(
        r,
        name,
        `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${old.metadata.resourceVersion}`,
      ),
    )
  const held = undeletable(r, old)
  if (held) return failure(held)
  return deleteOne(context, r, old, options)
}

export function deleteCollection(
  context: Context,
  r: ApiResource,
  namespace: string | undefined,
  request: ApiRequest,
): Answer {
  const filter = objectFilter(r.resource, request.labelSelector, request.fieldSelector)
  if (typeof filter === 'string') return failure(badRequest(filter))
  const items: KubeObject[] = []
  const writes: ObjectWrite[] = []
  for (const object of listObjects(context.reader, r, namespace)) {
    if (!filter(object)) continue
    const answer = deleteOne(context, r, object, request)
    items.push(answer.object ?? object)
    writes.push(...answer.writes)
  }
  return { code: 200, items, writes }
}

function deleteOne(context: Context, r: ApiResource, old: KubeObject, options: DeleteOptions): Answer {
  if (r.resource === 'pods') return deletePod(context, r, old as Pod, options)
  if (r.resource === 'namespaces') return deleteNamespace(context, r, old as Namespace)
  const propagation = options.propagationPolicy ?? 'Background'
  const finalizers = withPropagation(old.metadata.finalizers ?? [], propagation)
  if (finalizers.length === 0) return gone(r, old, propagation, [['AP9', { name: old.metadata.name, propagation }]])
  if (old.metadata.deletionTimestamp !== undefined) return { code: 200, object: old, writes: [] }
  const after: KubeObject = {
    ...old,
    metadata: {
      ...old.metadata,
      finalizers,
      deletionTimestamp: rfc3339(context.chance.now),
      deletionGracePeriodSeconds: 0,
      ...(old.metadata.generation === undefined ? {} : { generation: old.metadata.generation + 1 }),
      resourceVersion: context.nextVersion(),
    },
  }
  return {
    code: 200,
    object: after,
    writes: [{ resource: r, id: idOf(r, old), before: old, after, propagation }],
    because: [['AP13', { name: old.metadata.name, left: finalizers.length, finalizers: finalizers.join(', ') }]],
  }
}

export const FOREGROUND = 'foregroundDeletion'
export const ORPHAN = 'orphan'

function withPropagation(finalizers: readonly string[], propagation: string): string[] {
  const others = finalizers.filter((f) => f !== FOREGROUND && f !== ORPHAN)
  if (propagation === 'Foreground') return [...others, FOREGROUND]
  return propagation === 'Orphan' ? [...others, ORPHAN] : others
}

const idOf = (r: ApiResource, o: KubeObject): string => objectId(r, o.metadata.namespace, o.metadata.name)

function gone(
  r: ApiResource,
  old: KubeObject,
  propagation: ObjectWrite['propagation'],
  because?: Answer['because'],
): Answer {
  return { code: 200, object: old, writes: [{ resource: r, id: idOf(r, old), before: old, propagation }], because }
}

function deletePod(context: Context, r: ApiResource, pod: Pod, options: DeleteOptions): Answer {
  const old = pod as unknown as KubeObject
  const name = pod.metadata.name
  const own = pod.spec.terminationGracePeriodSeconds ?? 30
  let grace = options.gracePeriodSeconds ?? own
  if (grace < 0) grace = 1
  const unscheduled = !pod.spec.nodeName
  const finished = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
  if (unscheduled || finished) grace = 0
  const finalizers = pod.metadata.finalizers ?? []
  const marked = pod.metadata.deletionTimestamp !== undefined
  if (grace === 0 && finalizers.length === 0)
    return gone(r, old, 'Background', [[unscheduled ? 'AP4' : 'AP3', { name, grace, phase: pod.status?.phase ?? '' }]])
  if (marked) {
    // A second delete may only shorten the time that is left.
    const before = pod.metadata.deletionGracePeriodSeconds ?? 0
    if (grace >= before) return { code: 200, object: old, writes: [] }
  }
  const after: KubeObject = {
    ...old,
    metadata: {
      ...old.metadata,
      deletionTimestamp: rfc3339(context.chance.now + grace * SECOND),
      deletionGracePeriodSeconds: grace,
      generation: (old.metadata.generation ?? 0) + 1,
      resourceVersion: context.nextVersion(),
    },
  }
  return {
    code: 200,
    object: after,
    writes: [{ resource: r, id: idOf(r, old), before: old, after }],
    because: [['AP3', { name, grace, node: pod.spec.nodeName ?? '' }]],
  }
}

/** A namespace is emptied first; its controller takes the finalizer away when nothing is left. */
function deleteNamespace(context: Context, r: ApiResource, namespace: Namespace): Answer {
  const old = namespace as unknown as KubeObject
  if (namespace.metadata.deletionTimestamp !== undefined) return { code: 200, object: old, writes: [] }
  const after: KubeObject = {
    ...old,
    metadata: {
      ...namespace.metadata,
      deletionTimestamp: rfc3339(context.chance.now),
      resourceVersion: context.nextVersion(),
    },
    status: { ...namespace.status, phase: 'Terminating' },
  }
  return {
    code: 200,
    object: after,
    writes: [{ resource: r, id: idOf(r, old), before: old, after }],
    because: [['AP10', { namespace: namespace.metadata.name }]],
  }
}

/** PUT namespaces/NAME/finalize: the last finalizer of the spec has gone, so the namespace goes. */
export function finalizeNamespace(context: Context, r: ApiResource, name: string): Answer {
  const old = getObject(context.reader, r, undefined, name)
  if (!old) return failure(notFound(r, name))
  return gone(r, old, 'Background', [['AP10', { namespace: name }]])
}
