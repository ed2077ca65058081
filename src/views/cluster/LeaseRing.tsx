/** 50 s of grace as a ring: one notch per beat, the arc is what is left; red once a beat is missed. */
import { useRef } from 'react'
import { SECOND } from '../../sim/clock.ts'
import { clockShape } from '../drawing/clock-shape.ts'
import { setAttribute, setText, useLive } from '../drawing/live.tsx'
import { GRACE, missedBeats, type Heartbeat } from './heartbeat.ts'
import css from './cluster.module.css'

const NOTCHES = [0, 1, 2, 3, 4].map((i) => (i / 5) * 2 * Math.PI)

export function graceLeft(heartbeat: Heartbeat, now: number): number {
  return Math.min(GRACE, Math.max(0, GRACE - (now - heartbeat.countsFrom)))
}

export function LeaseRing({
  heartbeat,
  x,
  y,
  radius = 34,
  words = true,
}: {
  heartbeat: Heartbeat
  x: number
  y: number
  radius?: number
  words?: boolean
}) {
  const root = useRef<SVGGElement>(null)
  const arc = useRef<SVGPathElement>(null)
  const hand = useRef<SVGPathElement>(null)
  const text = useRef<SVGTextElement>(null)
  const width = radius > 24 ? 5 : 3.5
  useLive((now) => {
    const left = heartbeat.renewedAt === undefined ? 0 : graceLeft(heartbeat, now)
    const share = left / GRACE
    const late = missedBeats(heartbeat.renewedAt, now) > 0
    const angle = share * 2 * Math.PI
    setAttribute(arc, 'd', clockShape(share, radius).arc)
    const [s, c] = [Math.sin(angle), -Math.cos(angle)]
    setAttribute(
      hand,
      'd',
      `M${(s * radius * 0.6).toFixed(2)} ${(c * radius * 0.6).toFixed(2)}L${(s * radius * 1.17).toFixed(2)} ${(c * radius * 1.17).toFixed(2)}`,
    )
    setAttribute(root, 'class', late ? (css.late ?? '') : '')
    setText(
      text,
      heartbeat.renewedAt === undefined
        ? '-'
        : radius > 24
          ? (left / SECOND).toFixed(1)
          : String(Math.ceil(left / SECOND)),
    )
    setAttribute(text, 'class', `${css.mono} ${css.big} ${late ? css.fail : css.ink}`)
  })
  return (
    <g transform={`translate(${x} ${y})`}>
      <g ref={root}>
        <circle r={radius} className={css.ring} strokeWidth={width} />
        <path ref={arc} className={css.ringArc} strokeWidth={width} />
        {radius > 16 &&
          NOTCHES.map((a) => (
            <path
              key={a}
              d={`M${(Math.sin(a) * (radius - width)).toFixed(2)} ${(-Math.cos(a) * (radius - width)).toFixed(2)}L${(Math.sin(a) * (radius + width)).toFixed(2)} ${(-Math.cos(a) * (radius + width)).toFixed(2)}`}
              className={css.notch}
            />
          ))}
        <path ref={hand} className={css.ringHand} />
      </g>
      {words && (
        <text
          ref={text}
          y={radius > 24 ? 5 : 4}
          textAnchor="middle"
          style={radius > 24 ? undefined : { fontSize: 12 }}
        />
      )}
    </g>
  )
}
