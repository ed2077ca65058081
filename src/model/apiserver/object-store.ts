// Reading API objects out of their tables.

import type { ModelReader } from '../tables.ts'
import type { KubeObject } from './objects.ts'
import { objectId, qualifiedResource, type ApiResource } from './resources.ts'

export function getObject(
  reader: ModelReader,
  r: ApiResource,
  namespace: string | undefined,
  name: string,
): KubeObject | undefined {
  return reader.get(r.table, objectId(r, namespace, name)) as KubeObject | undefined
}

/** The objects of a resource, of one namespace or of all, in the order in which they came. */
export function listObjects(reader: ModelReader, r: ApiResource, namespace?: string): readonly KubeObject[] {
  if (r.table === 'otherobjects') {
    const all = reader.by('otherobjects', 'resource', qualifiedResource(r))
    return namespace === undefined ? all : all.filter((o) => o.metadata.namespace === namespace)
  }
  if (namespace === undefined || !r.namespaced)
    return reader.all(r.table) as readonly unknown[] as readonly KubeObject[]
  return reader.by(r.table, 'namespace', namespace) as readonly unknown[] as readonly KubeObject[]
}
