/** The stretch of time that the lanes show, and its axis. Pure. */
import type { Micros } from '../../sim/contract.ts'

export interface Window {
  readonly span: Micros
  /** undefined: its right edge goes with now. */
  readonly end?: Micros
}

export const SHORTEST = 200
export const LONGEST = 6 * 3_600_000_000
/** Part of the window that stays blank right of now. */
const AHEAD = 0.08

export interface Stretch {
  readonly from: Micros
  readonly to: Micros
}

export function stretchOf(window: Window, now: Micros): Stretch {
  const to = window.end ?? now + window.span * AHEAD
  return { from: to - window.span, to }
}

/** Zoom by a factor; the instant under the pointer stays where it is. */
export function zoom(window: Window, factor: number, at: Micros, now: Micros): Window {
  const span = Math.min(LONGEST, Math.max(SHORTEST, window.span * factor))
  const { from, to } = stretchOf(window, now)
  if (window.end === undefined && at >= now - (to - from) * 0.02) return { span }
  const share = (at - from) / (to - from)
  return settle({ span, end: at + span * (1 - share) }, now)
}

export function pan(window: Window, by: Micros, now: Micros): Window {
  const { to } = stretchOf(window, now)
  return settle({ span: window.span, end: to + by }, now)
}

/** A window around one stretch, with air on both sides. */
export function around(from: Micros, to: Micros): Window {
  const span = Math.min(LONGEST, Math.max(SHORTEST, (to - from) * 1.25 + 400))
  return { span, end: (from + to) / 2 + span / 2 }
}

/** Pushed past now it goes with now again; it never begins before the run. */
function settle(window: Window, now: Micros): Window {
  if (window.end !== undefined && window.end >= now + window.span * AHEAD * 0.9) return { span: window.span }
  if (window.end !== undefined && window.end < window.span)
    return { span: window.span, end: Math.min(window.span, now + window.span * AHEAD) }
  return window
}

const STEPS = [1, 2, 5]

/** Round instants for about `count` ticks. */
export function ticks(stretch: Stretch, count: number): { at: Micros; label: string }[] {
  const span = stretch.to - stretch.from
  let unit = 1
  let step = 1
  outer: for (unit = 1; unit < 1e13; unit *= 10) {
    for (const s of STEPS) {
      step = unit * s
      if (span / step <= count) break outer
    }
  }
  if (step >= 20_000_000)
    step = [30e6, 60e6, 120e6, 300e6, 600e6, 1800e6, 3600e6, 7200e6].find((s) => span / s <= count) ?? step
  const found: { at: Micros; label: string }[] = []
  for (let at = Math.ceil(Math.max(0, stretch.from) / step) * step; at <= stretch.to; at += step)
    found.push({ at, label: labelOf(at, step) })
  return found
}

const two = (n: number): string => String(n).padStart(2, '0')

/** As much of the clock as the step tells apart: `02:14.262`, `00:02:00`. */
function labelOf(at: Micros, step: Micros): string {
  const s = Math.floor(at / 1_000_000)
  const clock = `${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`
  if (step >= 1_000_000) return clock
  const digits = step >= 1_000 ? 3 : 6
  return `${clock.slice(3)}.${String(at % 1_000_000)
    .padStart(6, '0')
    .slice(0, digits)}`
}
