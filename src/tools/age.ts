import { parseRfc3339 } from '../sim/clock.ts'
import type { Micros } from '../sim/contract.ts'

/** k8s.io/apimachinery pkg/util/duration HumanDuration: one or two units, cut, never rounded. */
export function humanDuration(micros: Micros): string {
  const seconds = Math.floor(micros / 1e6)
  if (micros < 0 && seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 60 * 2) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's')
  if (minutes < 60 * 3) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.floor(hours / 24)
  if (hours < 24 * 8) return pair(days, 'd', hours % 24, 'h')
  if (hours < 24 * 365 * 2) return `${days}d`
  const years = Math.floor(hours / (24 * 365))
  if (hours < 24 * 365 * 8) return pair(years, 'y', days % 365, 'd')
  return `${years}y`
}

function pair(a: number, unitA: string, b: number, unitB: string): string {
  return b === 0 ? `${a}${unitA}` : `${a}${unitA}${b}${unitB}`
}

/** The AGE of a timestamp as the API writes it; `<unknown>` when there is none. */
export function ageOf(timestamp: string | undefined | null, now: Micros): string {
  if (!timestamp) return '<unknown>'
  const at = parseRfc3339(timestamp)
  return Number.isNaN(at) ? '<invalid>' : humanDuration(now - at)
}

/** github.com/docker/go-units HumanDuration, as crictl prints CREATED (with " ago"). */
export function dockerDuration(micros: Micros): string {
  const seconds = Math.floor(micros / 1e6)
  if (seconds < 1) return 'Less than a second'
  if (seconds === 1) return '1 second'
  if (seconds < 60) return `${seconds} seconds`
  const minutes = Math.floor(seconds / 60)
  if (minutes === 1) return 'About a minute'
  if (minutes < 60) return `${minutes} minutes`
  const hours = Math.floor(seconds / 3600 + 0.5)
  if (hours === 1) return 'About an hour'
  if (hours < 48) return `${hours} hours`
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`
  return `${Math.floor(hours / 24 / 365)} years`
}

/** go-units HumanSizeWithPrecision(size, 3): decimal units, three significant digits. */
export function dockerSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let size = bytes
  let unit = 0
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000
    unit++
  }
  return `${Number(size.toPrecision(3))}${units[unit]}`
}
