/** A deadline as a clock: a grey ring, an ink arc for the time that is left, a hand at its end. */
import type { Micros } from '../../sim/contract.ts'

export interface ClockShape {
  readonly arc: string
  readonly hand: string
}

/** Share of the wait that is left, 1 at `since`, 0 at `until` and after. */
export function shareLeft(since: Micros, until: Micros, now: Micros): number {
  if (until <= since) return now >= until ? 0 : 1
  return Math.min(1, Math.max(0, (until - now) / (until - since)))
}

/** The arc runs clockwise from twelve over `share` of the ring. */
export function clockShape(share: number, radius: number): ClockShape {
  const angle = share * 2 * Math.PI
  const x = round(Math.sin(angle) * radius)
  const y = round(-Math.cos(angle) * radius)
  const r = round(radius)
  const hand = `M0 0L${round(Math.sin(angle) * radius * 0.72)} ${round(-Math.cos(angle) * radius * 0.72)}`
  if (share <= 0.0005) return { arc: '', hand }
  if (share >= 0.9995) return { arc: `M0 ${-r}A${r} ${r} 0 1 1 0 ${r}A${r} ${r} 0 1 1 0 ${-r}`, hand }
  return { arc: `M0 ${-r}A${r} ${r} 0 ${share > 0.5 ? 1 : 0} 1 ${x} ${y}`, hand }
}

function round(n: number): number {
  return Math.round(n * 100) / 100
}
