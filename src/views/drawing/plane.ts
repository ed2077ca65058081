/**
 * The five planes: what a message is made of. Each has a colour and a shape, and nothing else in the interface has hue.
 */
import type { SimEvent } from '../../sim/contract.ts'

export type Plane = 'api' | 'cri' | 'kernel' | 'packet' | 'store'

export const PLANES: readonly Plane[] = ['api', 'cri', 'kernel', 'packet', 'store']

export const PLANE_NAMES: Readonly<Record<Plane, string>> = {
  api: 'API',
  cri: 'CRI',
  kernel: 'Kernel',
  packet: 'Packet',
  store: 'Storage, devices',
}

const BY_PREFIX: Readonly<Record<string, Plane>> = {
  api: 'api',
  cri: 'cri',
  cni: 'kernel',
  oci: 'kernel',
  kernel: 'kernel',
  net: 'packet',
  registry: 'store',
  volume: 'store',
  input: 'api',
}

/** The plane of a kind of event; undefined for a timer and for what no plane carries. */
export function planeOfKind(kind: string): Plane | undefined {
  const dot = kind.indexOf('.')
  return BY_PREFIX[dot < 0 ? kind : kind.slice(0, dot)]
}

/** The plane of an event. A lost message keeps the plane of what was lost. */
export function planeOf(event: Pick<SimEvent, 'kind' | 'data'>): Plane | undefined {
  if (event.kind !== 'wire.lost') return planeOfKind(event.kind)
  const lost = (event.data as { kind?: unknown } | undefined)?.kind
  return typeof lost === 'string' ? planeOfKind(lost) : undefined
}

/** Answers are drawn hollow: they are the way back of a message that was drawn solid. */
export function isAnswer(event: Pick<SimEvent, 'kind' | 'data'>): boolean {
  if (event.kind === 'api.response' || event.kind === 'cri.response' || event.kind === 'cni.result') return true
  if (
    /\.(result|exec-result|response|respond)$/.test(event.kind) ||
    /\.(netns-added|link-added|cloned|iptables-restored)$/.test(event.kind)
  )
    return true
  return event.kind === 'net.hop' && (event.data as { way?: string } | undefined)?.way === 'reply'
}

/** The event was lost on a pulled cable, or carries an error back. */
export function isFailure(event: Pick<SimEvent, 'kind' | 'data'>): boolean {
  if (event.kind === 'wire.lost') return true
  const data = event.data as { error?: unknown; code?: unknown } | undefined
  if (data === undefined || data === null || typeof data !== 'object') return false
  return (
    (data.error !== undefined && data.error !== null && data.error !== '') ||
    (event.kind === 'api.response' && typeof data.code === 'number' && data.code >= 400)
  )
}
