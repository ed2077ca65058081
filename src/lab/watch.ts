/** Which plane a message belongs to, what repeats by the clock, and what a filter lets through. */
import type { Input, SimEvent } from '../sim/contract.ts'
import type { Plane, WatchFilter } from './protocol.ts'
import { shortName } from './short-name.ts'

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

/**
 * Asking again, and records of records: true, and always there, so Follow lets them pass without a moment. Lease
 * renewals are not among them: the beat every ten seconds is what an idle node does.
 */
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
    return resource === 'events' || data.type === 'BOOKMARK'
  }
  if (!event.kind.startsWith('net.')) return false
  // Of a connection the first packet has its moment; handshakes, acknowledgements and what a probe sends pass by.
  const { what } = event.data as { what?: string }
  return event.kind !== 'net.hop' || what !== 'SYN'
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
  if (!isRoutine(event)) return true
  const { routine = false } = filter
  return typeof routine === 'boolean' ? routine : routine.some((kind) => fits(kind, event.kind, '.'))
}

/** What an input is called on the fork that it makes: `scale web`, `link-down worker-2`. */
export function nameOfInput(input: Pick<Input, 'kind' | 'data'>): string {
  const data = (input.data ?? {}) as Record<string, unknown>
  const word = (key: string): string => (typeof data[key] === 'string' ? data[key] : '')
  if (typeof data['says'] === 'string') return data['says']
  if (input.kind === 'fault.set') return `${data['on'] === false ? 'heal ' : ''}${word('name')} ${word('target')}`
  if (input.kind === 'api.request') {
    const body = data['body'] as { metadata?: { name?: string } } | undefined
    const name = word('name') || body?.metadata?.name || ''
    return `${word('verb')} ${word('resource')}${name ? `/${shortName(name)}` : ''}`
  }
  return [input.kind, word('name'), word('target')].filter(Boolean).join(' ')
}
