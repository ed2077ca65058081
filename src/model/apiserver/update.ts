// PUT and PATCH, of an object and of its status (store.go Update, rest.BeforeUpdate and each kind's strategy).

import { failure, type Answer, type Context } from './answer.ts'
import { warningsFor } from './create.ts'
import { decodeObject } from './decode.ts'
import { applyDefaults } from './defaults/kind-defaults.ts'
import { deepEqual, isRecord } from './equality.ts'
import { getObject } from './object-store.ts'
import type { KubeObject, ObjectMeta, Service } from './objects.ts'
import { jsonPatch, mergePatch, strategicPatch, threeWayApply } from './patch.ts'
import { objectId, type ApiResource } from './resources.ts'
import { allocateService } from './service-allocation.ts'
import { dropTypeDependentFields } from './service-strategy.ts'
import { badRequest, conflict, internalError, invalid, MODIFIED, notFound } from './status-errors.ts'
import { validateStatusUpdate, validateUpdate } from './validation/validate.ts'

export type UpdateOptions = {
  namespace?: string
  name: string
  subresource?: 'status'
  preconditions?: { resourceVersion?: string; uid?: string }
}

export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/** The stored object goes when nothing holds it any more: it was marked for deletion and the last finalizer left. */
const released = (object: KubeObject): boolean =>
  object.metadata.deletionTimestamp !== undefined && !(object.metadata.finalizers?.length ?? 0)

export function update(context: Context, r: ApiResource, body: KubeObject, options: UpdateOptions): Answer {
  const old = getObject(context.reader, r, options.namespace, options.name)
  if (!old) return failure(notFound(r, options.name))
  let object = body
  if (context.untrusted) {
    const decoded = decodeObject(body, r)
    if ('error' in decoded) return failure(badRequest(decoded.error))
    object = decoded.object
  }
  return replace(context, r, old, object, options)
}

/** From the stored object to the wanted one. */
function replace(
  context: Context,
  r: ApiResource,
  old: KubeObject,
  wanted: KubeObject,
  options: UpdateOptions,
): Answer {
  const refused = preconditions(r, old, wanted.metadata, options)
  if (refused) return refused
  return options.subresource === 'status'
    ? replaceStatus(context, r, old, wanted, options)
    : replaceObject(context, r, old, wanted, options)
}

function preconditions(
  r: ApiResource,
  old: KubeObject,
  wanted: Partial<ObjectMeta> | undefined,
  options: UpdateOptions,
): Answer | undefined {
  const name = options.name
  const expected = options.preconditions?.resourceVersion ?? wanted?.resourceVersion
  if (expected !== undefined && expected !== '' && expected !== old.metadata.resourceVersion)
    return failure(conflict(r, name, MODIFIED), [
      ['AP1', { sent: expected, stored: old.metadata.resourceVersion, name }],
    ])
  const uid = options.preconditions?.uid ?? wanted?.uid
  if (uid !== undefined && uid !== '' && uid !== old.metadata.uid) {
    const key = `/registry/${r.resource}/${r.namespaced ? `${options.namespace}/` : ''}${name}`
    return failure(
      conflict(
        r,
        name,
        `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`,
      ),
      [['AP1', { sent: uid, stored: old.metadata.uid, name }]],
    )
  }
  return undefined
}

function replaceStatus(
  context: Context,
  r: ApiResource,
  old: KubeObject,
  given: KubeObject,
  options: UpdateOptions,
): Answer {
  const wanted = r.resource === 'services' ? withIpMode(given, old as Service) : given
  // deploymentStatusStrategy resets spec and labels only: the controller writes its revision annotation here.
  const annotations = r.resource === 'deployments' ? wanted.metadata?.annotations : old.metadata.annotations
  if (deepEqual(old.status, wanted.status) && deepEqual(old.metadata.annotations, annotations)) return unchanged(old)
  const errors = validateStatusUpdate(wanted, old, r)
  if (errors.length > 0)
    return failure(invalid(r.kind, r.group, options.name, errors), [['AP6', { errors: errors.length }]])
  const object: KubeObject = {
    ...old,
    status: wanted.status,
    metadata: { ...old.metadata, ...(annotations ? { annotations } : {}), resourceVersion: context.nextVersion() },
  }
  return written(r, options, old, object)
}

/** SetDefaults_Service: an address is a VIP unless its load balancer says that it is a proxy. */
function withIpMode(given: KubeObject, old: Service): KubeObject {
  const status = given.status as Service['status']
  const ingress = status?.loadBalancer?.ingress
  if (old.spec.type !== 'LoadBalancer' || !ingress?.some((i) => i.ip && i.ipMode === undefined)) return given
  const filled = ingress.map((i) => (i.ip && i.ipMode === undefined ? { ...i, ipMode: 'VIP' } : i))
  return { ...given, status: { ...status, loadBalancer: { ...status!.loadBalancer, ingress: filled } } }
}

function replaceObject(
  context: Context,
  r: ApiResource,
  old: KubeObject,
  wanted: KubeObject,
  options: UpdateOptions,
): Answer {
  const {
    managedFields: _m,
    selfLink: _s,
    ...given
  } = (wanted.metadata ?? {}) as ObjectMeta & {
    managedFields?: unknown
    selfLink?: unknown
  }
  const metadata: ObjectMeta = {
    ...given,
    name: given.name || old.metadata.name,
    uid: given.uid || old.metadata.uid,
    creationTimestamp: old.metadata.creationTimestamp,
    resourceVersion: old.metadata.resourceVersion,
  }
  if (old.metadata.namespace !== undefined) metadata.namespace = given.namespace || old.metadata.namespace
  for (const key of ['deletionTimestamp', 'deletionGracePeriodSeconds', 'generation'] as const) {
    if (old.metadata[key] === undefined) delete metadata[key]
    else Object.assign(metadata, { [key]: old.metadata[key] })
  }
  let object = applyDefaults({ ...wanted, apiVersion: old.apiVersion, kind: old.kind, metadata })
  if (r.statusSubresource) {
    const { status: _, ...rest } = object
    object = (old.status === undefined ? rest : { ...rest, status: old.status }) as KubeObject
  }
  if (r.resource === 'services') {
    const allocated = allocateService(context.reader, object as Service, old as Service, context.chance)
    if (typeof allocated === 'string') return failure(internalError(allocated), [['AP11', {}]])
    if (Array.isArray(allocated)) return failure(invalid(r.kind, r.group, options.name, allocated), [['AP11', {}]])
    object = dropTypeDependentFields(allocated, old as Service)
  }
  if (deepEqual(old, object)) return unchanged(old)
  if (r.generation && desiredStateChanged(old, object))
    object = { ...object, metadata: { ...object.metadata, generation: (old.metadata.generation ?? 0) + 1 } }
  const errors = validateUpdate(object, old, r)
  if (errors.length > 0)
    return failure(invalid(r.kind, r.group, options.name, errors), [['AP6', { errors: errors.length }]])
  object = { ...object, metadata: { ...object.metadata, resourceVersion: context.nextVersion() } }
  if (released(object))
    return {
      code: 200,
      object,
      writes: [{ resource: r, id: objectId(r, options.namespace, options.name), before: old }],
      because: [['AP13', { name: options.name, left: 0 }]],
    }
  return written(r, options, old, object)
}

/** Every strategy compares the spec; kinds without one compare all but metadata and status. */
function desiredStateChanged(old: KubeObject, object: KubeObject): boolean {
  if (object.spec !== undefined || old.spec !== undefined) return !deepEqual(old.spec, object.spec)
  const rest = (o: KubeObject): object => ({ ...o, metadata: undefined, status: undefined })
  return !deepEqual(rest(old), rest(object))
}

const unchanged = (old: KubeObject): Answer => ({ code: 200, object: old, writes: [] })

function written(r: ApiResource, options: UpdateOptions, before: KubeObject, after: KubeObject): Answer {
  return {
    code: 200,
    object: after,
    writes: [{ resource: r, id: objectId(r, options.namespace, options.name), before, after }],
  }
}

export type PatchKind = 'merge' | 'strategic' | 'apply' | 'json'

export function patch(
  context: Context,
  r: ApiResource,
  body: unknown,
  kind: PatchKind,
  options: UpdateOptions,
): Answer {
  const old = getObject(context.reader, r, options.namespace, options.name)
  if (!old) return failure(notFound(r, options.name))
  const wanted = patched(old, body, kind)
  if (!isRecord(wanted) && typeof wanted !== 'string') return failure(badRequest('the patch leaves no object'))
  if (typeof wanted === 'string') return failure({ code: 422, reason: 'Invalid', message: wanted })
  if (wanted === old) return unchanged(old)
  let object = wanted
  if (context.untrusted) {
    const decoded = decodeObject(wanted, r, 'patch')
    if ('error' in decoded) return failure(badRequest(decoded.error))
    object = decoded.object
  }
  const answer = replace(context, r, old, object, options)
  if (!context.untrusted || kind !== 'apply' || answer.code >= 400 || answer.writes.length === 0) return answer
  const missing = old.metadata.annotations?.[LAST_APPLIED] === undefined ? [missingAnnotation(r, options.name)] : []
  return { ...answer, warnings: [...missing, ...warningsFor(body as KubeObject, answer.object!)] }
}

function patched(old: KubeObject, body: unknown, kind: PatchKind): KubeObject | string {
  switch (kind) {
    case 'merge':
      return mergePatch(old, body)
    case 'strategic':
      return strategicPatch(old, body)
    case 'json':
      return jsonPatch(old, body)
    case 'apply':
      return threeWayApply(old, isRecord(body) ? body : {}, lastApplied(old))
  }
}

/** The manifest that kubectl applied last, from the annotation in which it keeps it. */
function lastApplied(object: KubeObject): unknown {
  const text = object.metadata.annotations?.[LAST_APPLIED]
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

const missingAnnotation = (r: ApiResource, name: string): string =>
  `resource ${r.resource}/${name} is missing the ${LAST_APPLIED} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.`

/** What kubectl apply sends: the manifest with itself in an annotation (util/apply.go GetModifiedConfiguration). */
export function withLastApplied(body: unknown, namespace: string | undefined): unknown {
  if (!isRecord(body)) return body
  const given = isRecord(body.metadata) ? body.metadata : {}
  const { [LAST_APPLIED]: _, ...annotations } = isRecord(given.annotations) ? given.annotations : {}
  const metadata = { ...given, annotations, ...(namespace === undefined ? {} : { namespace }) }
  const text = sortedJson({ ...body, metadata }) + '\n'
  return { ...body, metadata: { ...metadata, annotations: { ...annotations, [LAST_APPLIED]: text } } }
}

/** As Go prints a map: keys in order. */
function sortedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(',')}]`
  if (!isRecord(value)) return JSON.stringify(value ?? null)
  const keys = Object.keys(value).filter((k) => value[k] !== undefined)
  keys.sort((a, b) => (a < b ? -1 : 1))
  return `{${keys.map((k) => `${JSON.stringify(k)}:${sortedJson(value[k])}`).join(',')}}`
}
