// POST: defaults, admission, validation, allocation, then the object is there
// (apiserver/pkg/registry/generic/registry/store.go Create, rest.BeforeCreate).

import { rfc3339 } from '../../sim/clock.ts'
import { podQos } from '../kubelet/qos.ts'
import { admitPod, namespaceLifecycle } from './admission.ts'
import { failure, type Answer, type Context, type ObjectWrite } from './answer.ts'
import { generateName, newUid } from './chance.ts'
import { decodeObject } from './decode.ts'
import { applyDefaults, generateJobSelector } from './defaults/kind-defaults.ts'
import { honouredWarnings } from './honoured.ts'
import { serverWarnings } from './warnings.ts'
import { getObject } from './object-store.ts'
import type { KubeObject, ObjectMeta, Pod, Service } from './objects.ts'
import { apiVersionOf, objectId, type ApiResource } from './resources.ts'
import { allocateService } from './service-allocation.ts'
import { alreadyExists, badRequest, internalError, invalid } from './status-errors.ts'
import { validateNew } from './validation/validate.ts'

export type CreateOptions = { namespace?: string; name?: string }

export function create(context: Context, r: ApiResource, body: KubeObject, options: CreateOptions): Answer {
  const { reader, chance } = context
  let object = body
  if (context.untrusted) {
    const decoded = decodeObject(body, r)
    if ('error' in decoded) return failure(badRequest(decoded.error))
    object = decoded.object
  }
  const asWritten = object
  const given: Partial<ObjectMeta> = object.metadata ?? {}
  const namespace = r.namespaced ? (options.namespace ?? given.namespace ?? 'default') : undefined
  if (r.namespaced && given.namespace !== undefined && given.namespace !== '' && given.namespace !== namespace)
    return failure(badRequest(`the namespace of the provided object does not match the namespace sent on the request`))
  const generated = !given.name && given.generateName ? generateName(given.generateName, chance) : undefined
  const name = given.name || generated || ''
  if (namespace !== undefined && r.resource !== 'namespaces') {
    const gone = namespaceLifecycle(reader, r, namespace, name)
    if (gone) return failure(gone, [['AP10', { namespace }]])
  }
  const uid = newUid(chance)
  const now = rfc3339(chance.now)
  object = {
    ...object,
    apiVersion: apiVersionOf(r),
    kind: r.kind,
    metadata: cleanMeta(r, given, { name, namespace, uid, now }),
  }
  object = applyDefaults(object)
  if (r.statusSubresource && !KEEPS_STATUS.has(r.resource)) object = freshStatus(object)
  if (r.resource === 'jobs') object = generateJobSelector(object, uid)
  if (r.resource === 'pods') {
    const admitted = admitPod(reader, object as Pod, chance)
    if ('code' in admitted) return failure(admitted, [['AP5', { pod: name }]])
    const pod: Pod = { ...admitted, status: { phase: 'Pending', qosClass: podQos(admitted.spec) } }
    object = pod.spec.schedulingGates?.length ? gated(pod, now) : pod
  }
  // BeginCreate: before the rules of validation.
  if (r.resource === 'services') {
    const allocated = allocateService(reader, object as Service, undefined, chance)
    if (typeof allocated === 'string') return failure(internalError(allocated), [['AP11', { name }]])
    if (Array.isArray(allocated)) return failure(invalid(r.kind, r.group, name, allocated), [['AP11', { name }]])
    object = allocated
  }
  const errors = validateNew(object, r)
  if (errors.length > 0) return failure(invalid(r.kind, r.group, name, errors), [['AP6', { errors: errors.length }]])
  if (getObject(reader, r, namespace, name)) return failure(alreadyExists(r, name))
  object = { ...object, metadata: { ...object.metadata, resourceVersion: context.nextVersion() } }
  const write: ObjectWrite = { resource: r, id: objectId(r, namespace, name), after: object }
  return {
    code: 201,
    object,
    writes: [write],
    warnings: context.untrusted ? warningsFor(asWritten, object) : undefined,
    because: [['AP7', { kind: r.kind, name, namespace: namespace ?? '' }]],
  }
}

/** The server's own warnings, then what the lab does not honour of what a person wrote. */
export function warningsFor(asWritten: KubeObject, stored: KubeObject): string[] {
  return [...serverWarnings(stored), ...(honouredWarnings({ ...asWritten, kind: stored.kind }) ?? [])]
}

/** Kinds whose status a creator may set: a kubelet registers its node with one; a namespace and a claim start with a phase. */
const KEEPS_STATUS = new Set(['nodes', 'namespaces', 'persistentvolumeclaims', 'persistentvolumes', 'pods'])

function cleanMeta(
  r: ApiResource,
  given: Partial<ObjectMeta>,
  set: { name: string; namespace: string | undefined; uid: string; now: string },
): ObjectMeta {
  const made: Record<string, unknown> = {}
  for (const field in given) if (!SERVER_SETS.has(field)) made[field] = given[field as keyof ObjectMeta]
  made.name = set.name
  made.uid = set.uid
  made.resourceVersion = ''
  made.creationTimestamp = set.now
  // BeforeCreate: a kind without namespaces drops the one that was written.
  if (set.namespace !== undefined) made.namespace = set.namespace
  else delete made.namespace
  if (r.generation) made.generation = 1
  return made as ObjectMeta
}

/** Only the server sets these; managedFields are left out of the model. */
const SERVER_SETS = new Set([
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
  'managedFields',
  'selfLink',
])

function freshStatus(object: KubeObject): KubeObject {
  const { status: _, ...rest } = object
  const status = FRESH_STATUS[object.kind]
  return (status ? { ...rest, status } : rest) as KubeObject
}

const FRESH_STATUS: Record<string, unknown> = {
  Deployment: {},
  ReplicaSet: { replicas: 0 },
  DaemonSet: { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 },
  StatefulSet: { replicas: 0, availableReplicas: 0 },
  ReplicationController: { replicas: 0 },
  Job: {},
  CronJob: {},
  Service: { loadBalancer: {} },
  Ingress: { loadBalancer: {} },
  PodDisruptionBudget: { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 },
  HorizontalPodAutoscaler: { currentMetrics: null, desiredReplicas: 0 },
}

/** applySchedulingGatedCondition: the API server itself says why nobody looks at a gated pod. */
function gated(pod: Pod, now: string): Pod {
  return {
    ...pod,
    status: {
      ...pod.status,
      conditions: [
        {
          type: 'PodScheduled',
          status: 'False',
          reason: 'SchedulingGated',
          message: 'Scheduling is blocked due to non-empty scheduling gates',
          lastProbeTime: null,
          lastTransitionTime: now,
        },
      ],
    },
  }
}
