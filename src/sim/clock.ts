import type { Micros } from './contract.ts'

/** Model time 0 as seconds since 1970: 2026-06-10T22:00:00Z. */
export const EPOCH_SECONDS = 1_781_128_800

export const MILLI: Micros = 1_000
export const SECOND: Micros = 1_000_000
export const MINUTE: Micros = 60 * SECOND
export const HOUR: Micros = 60 * MINUTE

export interface CivilTime {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly micros: number
  /** 0 is Sunday. */
  readonly weekday: number
}

const pad = (n: number, width: number): string => String(n).padStart(width, '0')

/** Calendar fields in UTC of a model instant (days-to-civil after Howard Hinnant's published algorithm). */
export function civil(at: Micros): CivilTime {
  const seconds = EPOCH_SECONDS + Math.floor(at / SECOND)
  const micros = at - Math.floor(at / SECOND) * SECOND
  const days = Math.floor(seconds / 86_400)
  const rest = seconds - days * 86_400
  const z = days + 719_468
  const era = Math.floor(z / 146_097)
  const dayOfEra = z - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shifted = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shifted < 10 ? shifted + 3 : shifted - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1,
    hour: Math.floor(rest / 3600),
    minute: Math.floor(rest / 60) % 60,
    second: rest % 60,
    micros,
    weekday: (days + 4) % 7,
  }
}

/** metav1.Time: `2026-06-10T22:00:00Z`, whole seconds, cut not rounded. */
export function rfc3339(at: Micros): string {
  const c = civil(at)
  return `${c.year}-${pad(c.month, 2)}-${pad(c.day, 2)}T${pad(c.hour, 2)}:${pad(c.minute, 2)}:${pad(c.second, 2)}Z`
}

/** metav1.MicroTime: six decimals. */
export function rfc3339Micro(at: Micros): string {
  return `${rfc3339(at).slice(0, -1)}.${pad(civil(at).micros, 6)}Z`
}

/** Nine decimals, as the CRI log format and containerd print. */
export function rfc3339Nano(at: Micros): string {
  return `${rfc3339(at).slice(0, -1)}.${pad(civil(at).micros, 6)}000Z`
}

/** Reads what the three printers above write. NaN for anything else. */
export function parseRfc3339(text: string): Micros {
  const m = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z$/.exec(text)
  if (!m) return NaN
  const [, y, mo, d, h, mi, s, fraction = ''] = m
  const year = Number(mo) <= 2 ? Number(y) - 1 : Number(y)
  const era = Math.floor(year / 400)
  const yearOfEra = year - era * 400
  const dayOfYear = Math.floor((153 * (Number(mo) + (Number(mo) > 2 ? -3 : 9)) + 2) / 5) + Number(d) - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  const days = era * 146_097 + dayOfEra - 719_468
  const seconds = days * 86_400 + Number(h) * 3600 + Number(mi) * 60 + Number(s)
  return (seconds - EPOCH_SECONDS) * SECOND + Number(fraction.padEnd(6, '0').slice(0, 6))
}

/** `00:01:23.456`, the clock of the transport: hours, minutes, seconds, milliseconds since the start. */
export function stopwatch(at: Micros): string {
  const ms = Math.floor(at / MILLI)
  return `${pad(Math.floor(ms / 3_600_000), 2)}:${pad(Math.floor(ms / 60_000) % 60, 2)}:${pad(Math.floor(ms / 1000) % 60, 2)}.${pad(ms % 1000, 3)}`
}
