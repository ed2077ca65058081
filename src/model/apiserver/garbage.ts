// The garbage collector: what is owned goes when its owner goes (pkg/controller/garbagecollector). Upstream keeps a graph
// of all objects from watches; here the API server tells it of each deletion that leaves dependents behind.

import { sendOver, type ApiRequest } from '../messages.ts'
import type { ModelComponent, ModelHandler, ModelReader, ModelWorld } from '../tables.ts'
import { FOREGROUND, ORPHAN } from './delete.ts'
import { getObject } from './object-store.ts'
import type { KubeObject } from './objects.ts'
import { resourceOfKind, type ApiResource } from './resources.ts'

/** `api.garbage`, `apiserver` -> `controller-manager`. */
export type GarbageNotice = {
  uid: string
  apiVersion: string
  kind: string
  namespace?: string
  name: string
  propagation: 'Background' | 'Foreground' | 'Orphan'
}

const OWNED_TABLES = ['pods', 'replicasets', 'endpointslices', 'otherobjects'] as const

/** Objects whose controller, or only owner, has this uid. */
export function dependentsOf(reader: ModelReader, uid: string): KubeObject[] {
  const found: KubeObject[] = []
  for (const table of OWNED_TABLES)
    for (const object of reader.by(table, 'owner', uid)) found.push(object as unknown as KubeObject)
  return found
}

/** uid under which an object is indexed by owner: its controller, else its first owner. */
export function ownerUid(object: {
  metadata: { ownerReferences?: { uid: string; controller?: boolean }[] }
}): string | undefined {
  const owners = object.metadata.ownerReferences
  if (!owners || owners.length === 0) return undefined
  return (owners.find((o) => o.controller) ?? owners[0]!).uid
}

const ask = (world: ModelWorld, request: ApiRequest): void => {
  sendOver(world, 'api.request', 'apiserver', {
    userAgent: 'generic-garbage-collector',
    ctx: { garbage: true },
    ...request,
  } satisfies ApiRequest)
}

const onGarbage: ModelHandler = (world, event) => {
  const notice = event.data as GarbageNotice
  const dependents = dependentsOf(world, notice.uid)
  for (const object of dependents) {
    const r = resourceOfKind(object.apiVersion, object.kind)
    if (!r) continue
    world.because('AP9', {
      owner: `${notice.kind}/${notice.name}`,
      dependent: `${object.kind}/${object.metadata.name}`,
      propagation: notice.propagation,
    })
    if (notice.propagation === 'Orphan') release(world, r, object, notice.uid)
    else if (object.metadata.deletionTimestamp === undefined)
      ask(world, {
        verb: 'delete',
        resource: r.resource,
        group: r.group,
        namespace: object.metadata.namespace,
        name: object.metadata.name,
        preconditions: { uid: object.metadata.uid },
        propagationPolicy: notice.propagation,
      })
  }
  if (notice.propagation === 'Background') return
  if (notice.propagation === 'Orphan' || dependents.length === 0) letGo(world, notice)
}

function release(world: ModelWorld, r: ApiResource, object: KubeObject, uid: string): void {
  ask(world, {
    verb: 'patch',
    patchType: 'merge',
    resource: r.resource,
    group: r.group,
    namespace: object.metadata.namespace,
    name: object.metadata.name,
    body: { metadata: { ownerReferences: (object.metadata.ownerReferences ?? []).filter((o) => o.uid !== uid) } },
  })
}

/** Takes the collector's finalizer from an owner that has nothing left to wait for. */
function letGo(world: ModelWorld, notice: GarbageNotice): void {
  const r = resourceOfKind(notice.apiVersion, notice.kind)
  const owner = r && getObject(world, r, notice.namespace, notice.name)
  if (!owner || owner.metadata.uid !== notice.uid) return
  const finalizers = (owner.metadata.finalizers ?? []).filter((f) => f !== FOREGROUND && f !== ORPHAN)
  world.because('AP9', { owner: `${notice.kind}/${notice.name}`, propagation: notice.propagation, released: true })
  ask(world, {
    verb: 'patch',
    patchType: 'merge',
    resource: r.resource,
    group: r.group,
    namespace: notice.namespace,
    name: notice.name,
    body: { metadata: { finalizers } },
  })
}

/** Whether the collector has to hear of a write, and as what. */
export function noticesOf(
  reader: ModelReader,
  write: { before?: KubeObject; after?: KubeObject; propagation?: GarbageNotice['propagation'] },
): GarbageNotice[] {
  const { before, after } = write
  const notices: GarbageNotice[] = []
  const about = (o: KubeObject, propagation: GarbageNotice['propagation']): GarbageNotice => ({
    uid: o.metadata.uid,
    apiVersion: o.apiVersion,
    kind: o.kind,
    name: o.metadata.name,
    propagation,
    ...(o.metadata.namespace === undefined ? {} : { namespace: o.metadata.namespace }),
  })
  if (before && !after) {
    if (dependentsOf(reader, before.metadata.uid).length > 0) notices.push(about(before, 'Background'))
    for (const ref of before.metadata.ownerReferences ?? []) {
      const r = resourceOfKind(ref.apiVersion, ref.kind)
      const owner = r && getObject(reader, r, before.metadata.namespace, ref.name)
      if (owner?.metadata.finalizers?.includes(FOREGROUND) && dependentsOf(reader, ref.uid).length === 0)
        notices.push(about(owner, 'Foreground'))
    }
  } else if (
    after &&
    after.metadata.deletionTimestamp !== undefined &&
    before?.metadata.deletionTimestamp === undefined
  ) {
    if (after.metadata.finalizers?.includes(FOREGROUND)) notices.push(about(after, 'Foreground'))
    if (after.metadata.finalizers?.includes(ORPHAN)) notices.push(about(after, 'Orphan'))
  }
  return notices
}

export const garbageCollector: ModelComponent = {
  roles: ['controller-manager'],
  handlers: { 'api.garbage': onGarbage },
  rules: [],
}

export const GARBAGE_TARGET = 'controller-manager'
