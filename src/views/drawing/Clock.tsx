import { useRef } from 'react'
import type { Micros } from '../../sim/contract.ts'
import { clockShape, shareLeft } from './clock-shape.ts'
import { setAttribute, useLive } from './live.tsx'
import css from './drawing.module.css'

export interface ClockProps {
  x?: number
  y?: number
  radius?: number
  since: Micros
  until: Micros
  /** The end does harm (an eviction): red. Never for an ordinary timer. */
  harm?: boolean
  width?: number
}

/** A deadline: what is left of it is ink, and it moves with model time. */
export function Clock({ x = 0, y = 0, radius = 7.5, since, until, harm, width = 1.75 }: ClockProps) {
  const arc = useRef<SVGPathElement>(null)
  const hand = useRef<SVGPathElement>(null)
  useLive((now) => {
    const shape = clockShape(shareLeft(since, until, now), radius)
    setAttribute(arc, 'd', shape.arc)
    setAttribute(hand, 'd', shape.hand)
  })
  return (
    <g transform={`translate(${x} ${y})`} className={harm ? css.clockHarm : css.clock}>
      <circle r={radius} className={css.clockRing} strokeWidth={width} />
      <path ref={arc} className={css.clockArc} strokeWidth={width} />
      <path ref={hand} className={css.clockHand} />
    </g>
  )
}

/** A clock that has not started. */
export function GhostClock({ x = 0, y = 0, radius = 7.5 }: { x?: number; y?: number; radius?: number }) {
  return (
    <g transform={`translate(${x} ${y})`}>
      <circle r={radius} className={css.ghostRing} />
      <path d={`M0 0V${-radius * 0.75}`} className={css.ghostHand} />
    </g>
  )
}

/** A clock inside a line of HTML text. */
export function InlineClock({
  since,
  until,
  harm,
  size = 16,
}: {
  since: Micros
  until: Micros
  harm?: boolean
  size?: number
}) {
  return (
    <svg width={size} height={size} viewBox="-10 -10 20 20" aria-hidden="true" className={css.inline}>
      <Clock since={since} until={until} harm={harm} />
    </svg>
  )
}
