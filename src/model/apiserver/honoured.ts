import type { KubeObject } from './objects.ts'

export function honouredWarnings(_object: KubeObject): string[] | undefined {
  return undefined
}
