// What a relist makes of two snapshots of the containers.
// Upstream: pkg/kubelet/pleg/generic.go (generateEvents, convertState, Healthy), pkg/kubelet/pleg/pleg.go.
import { MINUTE, SECOND } from '../../sim/clock.ts'
import type { Micros } from '../../sim/contract.ts'
import { goDuration } from './durations.ts'
import type { RuntimeState } from './runtime-status.ts'

export type PlegState = 'running' | 'exited' | 'unknown' | 'non-existent'
export type PlegEventType = 'ContainerStarted' | 'ContainerDied' | 'ContainerRemoved' | 'ContainerChanged' | 'PodSync'
export type PlegEvent = { podUid: string; type: PlegEventType; containerId: string }

export const relistPeriod: Micros = SECOND
export const relistThreshold: Micros = 3 * MINUTE
export const plegChannelCapacity = 1000

/** A container that is created but not started is nothing that the PLEG can tell apart: unknown. */
export function plegState(state: RuntimeState): PlegState {
  return state === 'created' ? 'unknown' : state
}

export function stateEvents(before: PlegState, now: PlegState): PlegEventType[] {
  if (before === now) return []
  switch (now) {
    case 'running':
      return ['ContainerStarted']
    case 'exited':
      return ['ContainerDied']
    case 'unknown':
      return ['ContainerChanged']
    case 'non-existent':
      // Its death was reported when it exited; a container that vanishes while running dies first.
      return before === 'exited' ? ['ContainerRemoved'] : ['ContainerDied', 'ContainerRemoved']
  }
}

/** Container id -> state, for one pod. */
export type PodSnapshot = Readonly<Record<string, PlegState>>

/** Events of one pod. ContainerChanged is made upstream too and dropped before the channel. */
export function podEventsBetween(podUid: string, before: PodSnapshot, now: PodSnapshot): PlegEvent[] {
  const events: PlegEvent[] = []
  for (const containerId of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const from = before[containerId] ?? 'non-existent'
    const to = now[containerId] ?? 'non-existent'
    for (const type of stateEvents(from, to)) {
      if (type !== 'ContainerChanged') events.push({ podUid, type, containerId })
    }
  }
  return events
}

/** A removed container tells the sync loop nothing new: kubelet.go isSyncPodWorthy. */
export function isSyncPodWorthy(type: PlegEventType): boolean {
  return type !== 'ContainerRemoved'
}

/** Undefined when healthy. `since` undefined: never relisted. */
export function plegHealthError(since: Micros | undefined): string | undefined {
  if (since === undefined) return 'pleg has yet to be successful'
  if (since <= relistThreshold) return undefined
  return `pleg was last seen active ${goDuration(since)} ago; threshold is ${goDuration(relistThreshold)}`
}
