/** Which plane a message belongs to, what repeats by the clock, and what a filter lets through. */
import type { Input, SimEvent } from '../sim/contract.ts'
import type { Plane, WatchFilter } from './protocol.ts'

const PLANE_OF_PREFIX: Readonly<Record<string, Plane>> = {
  api: 'api',
  input: 'api',
  cri: 'cri',
  cni: 'kernel',
  oci: 'kernel',
  kernel: 'kernel',
  net: 'packet',
  wire: 'packet',
  registry: 'store',
  volume: 'store',
}

/** By the prefix of its kind. Undefined for timers and for what has no plane. */
export function planeOf(kind: string): Plane | undefined {
  const dot = kind.indexOf('.')
  return PLANE_OF_PREFIX[dot < 0 ? kind : kind.slice(0, dot)]
}

/** CRI calls that only ask. The kubelet repeats them every second (relist) or every ten (image and disk statistics). */
const ASKING =
  /^(Version|Status|ListPodSandbox|ListContainers|ListImages|ImageStatus|PodSandboxStatus|ContainerStatus|ImageFsInfo|ContainerStats|ListContainerStats|PodSandboxStats|ListPodSandboxStats|RuntimeConfig)$/

/** Heartbeats, lists and records of records: true, and always there, so Follow lets them pass without a moment. */
export function isRoutine(event: Pick<SimEvent, 'kind' | 'data'>): boolean {
  const data = (event.data ?? {}) as {
    method?: string
    resource?: string
    request?: { resource?: string }
    type?: string
  }
  if (event.kind.startsWith('cri.')) return ASKING.test(data.method ?? '')
  if (event.kind.startsWith('api.')) {
    const resource = data.resource ?? data.request?.resource
    return resource === 'leases' || resource === 'events' || resource === 'nodes' || data.type === 'BOOKMARK'
  }
  return event.kind.startsWith('net.probe')
}

const fits = (pattern: string, text: string, mark: string): boolean =>
  pattern.endsWith(mark) ? text.startsWith(pattern) : text === pattern

export function watches(filter: WatchFilter, event: SimEvent): boolean {
  if (event.from === event.to && !filter.timers) return false
  const { planes, kinds, actors } = filter
  if (planes) {
    const plane = planeOf(event.kind)
    if (!plane || !planes.includes(plane)) return false
  }
  if (kinds && !kinds.some((kind) => fits(kind, event.kind, '.'))) return false
  if (actors && !actors.some((actor) => fits(actor, event.from, '/') || fits(actor, event.to, '/'))) return false
  return filter.routine === true || !isRoutine(event)
}

/** What an input is called on the fork that it makes. */
export function nameOfInput(input: Pick<Input, 'kind' | 'data'>): string {
  const data = (input.data ?? {}) as { says?: unknown }
  return typeof data.says === 'string' ? data.says : input.kind
}
