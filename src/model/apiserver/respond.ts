// The API server as a pure function: a request and the tables in, an answer and the writes out.

import type { ApiRequest } from '../messages.ts'
import type { ModelReader } from '../tables.ts'
import { failure, versionAfter, type Answer, type Context } from './answer.ts'
import type { Chance } from './chance.ts'
import { create } from './create.ts'
import { deleteCollection, deleteNamed, finalizeNamespace } from './delete.ts'
import { getObject, listObjects } from './object-store.ts'
import type { KubeObject } from './objects.ts'
import { resourceOf, type ApiResource } from './resources.ts'
import { objectFilter } from './selectors.ts'
import { badRequest, noSuchResource, notFound } from './status-errors.ts'
import { bind, evict, refuseVerb, scale } from './subresources.ts'
import { patch, update, withLastApplied } from './update.ts'

export type { Answer, ObjectWrite } from './answer.ts'

/**
 * What the API server would answer now. `untrusted`: the body came from a person (kubectl, the editor) and is decoded
 * strictly. Nothing is written; `dryRun` drops the writes after everything was checked.
 */
export function respond(reader: ModelReader, request: ApiRequest, chance: Chance, untrusted = false): Answer {
  const r = resourceOf(request.resource, request.group)
  if (!r) return failure(noSuchResource())
  let taken = 0
  const context: Context = { reader, chance, untrusted, nextVersion: () => versionAfter(reader, ++taken) }
  const answer = route(context, r, request)
  return request.dryRun ? { ...answer, writes: [] } : answer
}

function route(context: Context, r: ApiResource, request: ApiRequest): Answer {
  const { verb, name = '', subresource, body } = request
  const namespace = r.namespaced ? (request.namespace ?? (name === '' ? undefined : 'default')) : undefined
  if (subresource === 'binding') return bind(context, r, namespace, name, body)
  if (subresource === 'eviction') return evict(context, r, namespace, name, body)
  if (subresource === 'finalize') return finalizeNamespace(context, r, name)
  if (subresource === 'scale')
    return verb === 'get' || verb === 'update' || verb === 'patch'
      ? scale(context, r, verb, namespace, name, body)
      : refuseVerb(r, verb)
  switch (verb) {
    case 'get': {
      const object = getObject(context.reader, r, namespace, name)
      return object ? { code: 200, object, writes: [] } : failure(notFound(r, name))
    }
    case 'list':
    case 'watch':
      return list(context, r, request)
    case 'create':
      if (r.resource === 'bindings') return bindingObject(context, namespace, body)
      return create(context, r, (body ?? {}) as KubeObject, { namespace: r.namespaced ? request.namespace : undefined })
    case 'update':
      return update(context, r, (body ?? {}) as KubeObject, {
        namespace,
        name: name || ((body as KubeObject | undefined)?.metadata?.name ?? ''),
        subresource: subresource === 'status' ? 'status' : undefined,
        preconditions: request.preconditions,
      })
    case 'patch':
      return patchOrApply(context, r, request, namespace)
    case 'delete':
      return deleteNamed(context, r, namespace, name, request)
    case 'deletecollection':
      return deleteCollection(context, r, r.namespaced ? request.namespace : undefined, request)
  }
}

/** `apply` makes what is not there. kubectl's own apply carries the manifest along; the server-side one does not. */
function patchOrApply(context: Context, r: ApiResource, request: ApiRequest, namespace: string | undefined): Answer {
  const { name = '', subresource, preconditions, fieldManager } = request
  const kind = request.patchType ?? 'strategic'
  let body: unknown = request.body
  if (kind === 'apply' && subresource === undefined) {
    if (fieldManager === undefined || fieldManager === CLIENT_SIDE_APPLY) body = withLastApplied(body, namespace)
    if (!getObject(context.reader, r, namespace, name)) return create(context, r, body as KubeObject, { namespace })
  }
  return patch(context, r, body, kind, {
    namespace,
    name,
    subresource: subresource === 'status' ? 'status' : undefined,
    preconditions,
  })
}

const CLIENT_SIDE_APPLY = 'kubectl-client-side-apply'

function list(context: Context, r: ApiResource, request: ApiRequest): Answer {
  const all = listObjects(context.reader, r, r.namespaced ? request.namespace : undefined)
  if (!request.labelSelector && !request.fieldSelector) return { code: 200, items: all, writes: [] }
  const filter = objectFilter(r.resource, request.labelSelector, request.fieldSelector)
  if (typeof filter === 'string') return failure(badRequest(filter))
  return { code: 200, items: nodePods(context, r, request) ?? all.filter(filter), writes: [] }
}

/** What every kubelet asks for has an index of its own. */
function nodePods(context: Context, r: ApiResource, request: ApiRequest): readonly KubeObject[] | undefined {
  if (r.resource !== 'pods' || request.labelSelector || request.namespace) return undefined
  const node = /^spec\.nodeName=([^,]+)$/.exec(request.fieldSelector ?? '')
  return node ? (context.reader.by('pods', 'node', node[1]!) as readonly unknown[] as readonly KubeObject[]) : undefined
}

function bindingObject(context: Context, namespace: string | undefined, body: unknown): Answer {
  const name = (body as KubeObject | undefined)?.metadata?.name ?? ''
  return bind(context, resourceOf('pods')!, namespace ?? 'default', name, body)
}
