// Durations as Go prints them (time.Duration.String) and reads them (time.ParseDuration): kubelet messages carry them.
import { HOUR, MINUTE, SECOND } from '../../sim/clock.ts'
import type { Micros } from '../../sim/contract.ts'

/** "10s", "1m20s", "5m0s", "1.234s", "350ms", "12µs", "0s". */
export function goDuration(micros: Micros): string {
  if (micros === 0) return '0s'
  const sign = micros < 0 ? '-' : ''
  const d = Math.abs(micros)
  if (d < 1000) return `${sign}${d}µs`
  if (d < SECOND) return `${sign}${decimal(d, 1000)}ms`
  const h = Math.floor(d / HOUR)
  const m = Math.floor((d % HOUR) / MINUTE)
  const seconds = `${decimal(d % MINUTE, SECOND)}s`
  if (h > 0) return `${sign}${h}h${m}m${seconds}`
  return m > 0 ? `${sign}${m}m${seconds}` : `${sign}${seconds}`
}

function decimal(value: number, unit: number): string {
  const whole = Math.floor(value / unit)
  const rest = String(value - whole * unit)
    .padStart(String(unit).length - 1, '0')
    .replace(/0+$/, '')
  return rest === '' ? String(whole) : `${whole}.${rest}`
}

const units: Record<string, Micros> = { h: HOUR, m: MINUTE, s: SECOND, ms: 1000, us: 1, µs: 1 }

/** NaN for what is not a duration. Fractions are cut to whole microseconds. */
export function parseGoDuration(text: string): Micros {
  if (!/^-?(\d+(\.\d+)?(h|m|s|ms|us|µs))+$/.test(text)) return NaN
  let total = 0
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|µs)/g)) {
    const [whole = '0', fraction = ''] = number!.split('.')
    const scale = units[unit!]!
    total += Number(whole) * scale
    if (fraction !== '') total += Math.floor((Number(fraction) * scale) / Number(`1e${fraction.length}`))
  }
  return text.startsWith('-') ? -total : total
}
