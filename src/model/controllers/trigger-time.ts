// Which change an Endpoints or EndpointSlice object answers, for those who measure how long that took
// (staging/src/k8s.io/endpointslice/util/trigger_time_tracker.go).
import type { Labels, Pod, Service } from '../apiserver/objects.ts'
import type { ModelWorld } from '../tables.ts'

const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time'

/** What a controller saw of a Service at its last pass. id: `controller|namespace/name`. */
export type TriggerRecord = {
  service: string
  /** Pod -> when its Ready condition last changed. */
  pods: Readonly<Record<string, string>>
}

/**
 * ComputeEndpointLastChangeTriggerTime: the earliest of the changes since the last pass; undefined when none of them is a
 * pod that became ready or not, or a new Service. Times are to the second, so they compare as texts.
 */
export function triggerTime(
  world: ModelWorld,
  controller: string,
  key: string,
  service: Service,
  pods: readonly Pod[],
): string | undefined {
  const id = `${controller}|${key}`
  const known = world.get('triggerTimes', id)
  const now: Record<string, string> = {}
  let first: string | undefined
  const earlier = (at: string): void => {
    if (first === undefined || at < first) first = at
  }
  for (const pod of pods) {
    const at = pod.status?.conditions?.find((c) => c.type === 'Ready')?.lastTransitionTime
    if (!at) continue
    now[pod.metadata.name] = at
    if (at > (known?.pods[pod.metadata.name] ?? '')) earlier(at)
  }
  const made = service.metadata.creationTimestamp
  if (made > (known?.service ?? '')) earlier(made)
  const next: TriggerRecord = { service: made, pods: now }
  if (!known || JSON.stringify(known) !== JSON.stringify(next)) world.put('triggerTimes', id, next)
  return known ? first : made
}

export function forgetTriggerTime(world: ModelWorld, controller: string, key: string): void {
  if (world.get('triggerTimes', `${controller}|${key}`)) world.put('triggerTimes', `${controller}|${key}`, undefined)
}

/** addTriggerTimeAnnotation: without a time the old one goes. */
export function withTriggerTime<T extends { annotations?: Labels }>(metadata: T, at: string | undefined): T {
  const { annotations = {}, ...rest } = metadata
  const { [TRIGGER_TIME]: _, ...others } = annotations
  const all = at === undefined ? others : { ...others, [TRIGGER_TIME]: at }
  return (Object.keys(all).length > 0 ? { ...rest, annotations: all } : rest) as T
}
