import { KubectlError } from './flags.ts'

const UNITS: Record<string, number> = { ns: 0.001, us: 1, µs: 1, ms: 1000, s: 1e6, m: 6e7, h: 3.6e9 }

/** Go's time.ParseDuration (`1m30s`, `300ms`), in microseconds; a bare number is seconds, as kubectl takes it for timeouts. */
export function goDuration(text: string): number {
  if (/^-?\d+$/.test(text)) return Number(text) * 1e6
  const sign = text.startsWith('-') ? -1 : 1
  const body = text.replace(/^[-+]/, '')
  const parts = [...body.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g)]
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== body)
    throw new KubectlError(`error: time: invalid duration "${text}"`)
  return sign * Math.round(parts.reduce((sum, part) => sum + Number(part[1]) * UNITS[part[2]!]!, 0))
}
