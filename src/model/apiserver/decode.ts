import type { KubeObject } from './objects.ts'
import type { ApiResource } from './resources.ts'

export function decodeObject(
  body: unknown,
  _r: ApiResource,
  _as: 'object' | 'patch' = 'object',
): { object: KubeObject } | { error: string } {
  return { object: body as KubeObject }
}
