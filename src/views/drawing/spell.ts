/** Lengths of time, sizes and names as the pictures write them. */
import type { Micros } from '../../sim/contract.ts'

/** `0.39 s`, `23 s`, `3.1 ms`, `60 us`, `4 m 10 s`, `2 h 5 m`. Two figures, more only where a unit ends. */
export function spellSpan(micros: Micros): string {
  const m = Math.max(0, micros)
  if (m < 1_000) return `${Math.round(m)} us`
  if (m < 10_000) return `${(Math.floor(m / 100) / 10).toFixed(1)} ms`
  if (m < 100_000) return `${Math.floor(m / 1_000)} ms`
  const s = m / 1_000_000
  if (s < 1) return `${(Math.floor(s * 100) / 100).toFixed(2)} s`
  if (s < 10) return `${(Math.floor(s * 10) / 10).toFixed(1)} s`
  if (s < 120) return `${Math.floor(s)} s`
  const minutes = Math.floor(s / 60)
  if (minutes < 60) return s % 60 < 1 ? `${minutes} m` : `${minutes} m ${Math.floor(s % 60)} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} m`
}

/** Time left: rounded up, so that `1 s` is shown until it is over. */
export function spellLeft(micros: Micros): string {
  const s = Math.max(0, micros) / 1_000_000
  if (s <= 0) return 'due'
  if (s < 1) return `${(Math.ceil(s * 100) / 100).toFixed(2)} s`
  if (s < 10) return `${(Math.ceil(s * 10) / 10).toFixed(1)} s`
  if (s < 120) return `${Math.ceil(s)} s`
  return spellSpan(Math.ceil(s) * 1_000_000)
}

/** Milliseconds since a start, one decimal: `58.3`. */
export function spellMillis(micros: Micros): string {
  const ms = micros / 1_000
  return ms >= 10_000 ? ms.toFixed(0) : ms.toFixed(1)
}

/** `64 MB`, decimal as registries and `crictl images` count. */
export function spellBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(0)} kB`
  if (bytes < 1_000_000_000) return `${(bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0)} MB`
  return `${(bytes / 1_000_000_000).toFixed(1)} GB`
}

/** Elides the middle so that at most `max` characters remain. */
export function elideMiddle(text: string, max: number): string {
  if (text.length <= max) return text
  if (max <= 1) return '…'
  const keep = max - 1
  const head = Math.ceil(keep * 0.5)
  return `${text.slice(0, head)}…${text.slice(text.length - (keep - head))}`
}

/** The alphabet of generated suffixes (apimachinery/pkg/util/rand): no vowels, no 0 1 3. */
const SUFFIX = '[bcdfghjklmnpqrstvwxz2456789]'
const OF_REPLICASET = new RegExp(`^(.+)-(${SUFFIX}{6,10})-(${SUFFIX}{5})$`)
const OF_CONTROLLER = new RegExp(`^(.+)-(${SUFFIX}{5})$`)

/** `web-6c9f7d8b5-4xk2p` as `web-…-4xk2p`: the owner's hash says nothing to the eye, the suffix tells pods apart. */
export function shortPodName(name: string, max: number): string {
  if (name.length <= max) return name
  const replica = OF_REPLICASET.exec(name)
  const short = replica ? `${replica[1]}-…-${replica[3]}` : name
  if (short.length <= max) return short
  const tail = replica?.[3] ?? OF_CONTROLLER.exec(name)?.[2]
  if (tail !== undefined && max >= tail.length + 4) {
    const base = replica?.[1] ?? OF_CONTROLLER.exec(name)![1]!
    return `${base.slice(0, Math.max(1, max - tail.length - 2))}…-${tail}`
  }
  return elideMiddle(short, max)
}

/** The shortest name that tells this pod from its siblings: `4xk2p`; a pod without a generated suffix keeps its name. */
export function podSuffix(name: string, max: number): string {
  const tail = OF_REPLICASET.exec(name)?.[3] ?? OF_CONTROLLER.exec(name)?.[2]
  return tail ?? elideMiddle(name, max)
}

/** Width of text in pixels, near enough to decide what fits. */
export function textWidth(text: string, size = 12, mono = false): number {
  return mono ? text.length * size * 0.6 : text.length * size * 0.53
}

/** How many characters fit into `width` pixels. */
export function fits(width: number, size = 12, mono = false): number {
  return Math.max(1, Math.floor(width / (size * (mono ? 0.6 : 0.53))))
}

/** `library/httpd:2.4` from `docker.io/library/httpd:2.4`: what people type. */
export function shortImage(image: string): string {
  return image
    .replace(/^docker\.io\/library\//, '')
    .replace(/^docker\.io\//, '')
    .replace(/@sha256:.*/, '')
}
