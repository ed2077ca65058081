import type { KubeObject } from '../objects.ts'
import type { ApiResource } from '../resources.ts'
import type { StatusCause } from '../status-errors.ts'

export function validateNew(_object: KubeObject, _r: ApiResource): StatusCause[] {
  return []
}
export function validateUpdate(_object: KubeObject, _old: KubeObject, _r: ApiResource): StatusCause[] {
  return []
}
export function validateStatusUpdate(_object: KubeObject, _old: KubeObject, _r: ApiResource): StatusCause[] {
  return []
}
