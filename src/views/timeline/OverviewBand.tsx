/** The whole run, one density row per plane; the window as an ink frame; nothing drawn after now. */
import { useRef, type PointerEvent } from 'react'
import type { Micros } from '../../sim/contract.ts'
import { planeClass } from '../drawing/Glyph.tsx'
import { PLANES } from '../drawing/plane.ts'
import { spellSpan, textWidth } from '../drawing/spell.ts'
import type { Overview } from './density.ts'
import { LEFT, OVERVIEW } from './select.ts'
import { ticks, type Stretch } from './window.ts'
import css from './timeline.module.css'

export interface BandProps {
  readonly overview: Overview
  readonly stretch: Stretch
  readonly now: Micros
  readonly width: number
  readonly axisY: number
  readonly left?: number
  readonly onMove: (centre: Micros) => void
}

export function OverviewBand({ overview, stretch, now, width, axisY, left = LEFT, onMove }: BandProps) {
  const band = useRef<SVGGElement>(null)
  const right = width - 20
  const horizon = Math.max(overview.head, now, 1) * 1.06
  const x = (at: Micros): number => Math.max(left, Math.min(right, left + (at / horizon) * (right - left)))
  const { density } = overview
  const peak = Math.max(1, ...PLANES.flatMap((p) => density.planes[p]))
  const messages = PLANES.reduce((sum, p) => sum + density.planes[p].reduce((a, b) => a + b, 0), 0)
  const a = x(stretch.from)
  const b = Math.max(a + 10, x(stretch.to))
  const at = (event: PointerEvent): Micros => {
    const box = band.current!.ownerSVGElement!.getBoundingClientRect()
    return ((event.clientX - box.x - left) / (right - left)) * horizon
  }
  const flags = placeFlags(overview.bookmarks, x, left)
  return (
    <g ref={band}>
      <rect x="0" y="0" width={width} height={OVERVIEW} className={css.back} />
      <path d={`M0 ${OVERVIEW}H${width}`} className={css.hair} />
      {left > 60 && (
        <>
          <text x="16" y="24" className={css.title13}>
            {spellSpan(overview.head)}
          </text>
          <text x="16" y="42" className={css.ink3}>{`${messages} messages`}</text>
        </>
      )}
      {PLANES.map((plane, row) => {
        const base = 26 + row * 11
        const d = density.planes[plane]
          .map((n, i) =>
            n === 0 || i * density.bucketMicros > now
              ? ''
              : `M${x((i + 0.5) * density.bucketMicros).toFixed(1)} ${base}v${-Math.max(1.5, (9 * Math.log1p(n)) / Math.log1p(peak)).toFixed(1)}`,
          )
          .join('')
        return (
          <g key={plane} className={planeClass(plane)}>
            <path d={d} className={css.density} />
          </g>
        )
      })}
      <path d={`M${left} 74H${right}`} className={css.axis} />
      {ticks({ from: 0, to: horizon }, Math.max(2, Math.floor((right - left) / 150))).map((tick) => (
        <g key={tick.at}>
          <path d={`M${x(tick.at)} 74v4`} className={css.axis} />
          <text
            x={x(tick.at)}
            y="90"
            textAnchor={tick.at === 0 ? 'start' : 'middle'}
            className={`${css.mono} ${css.ink3}`}
          >
            {tick.label}
          </text>
        </g>
      ))}
      {flags.map((flag) => (
        <text key={`${flag.at}${flag.says}`} x={flag.x + 3} y="13" className={css.haloSurface}>
          {flag.says}
        </text>
      ))}
      <path d={`M${x(now)} 6V76`} className={css.now} />
      <path d={`M${a} 78L${left} ${axisY}H${right}L${b} 78Z`} className={css.funnel} pointerEvents="none" />
      <rect
        x={left}
        y="2"
        width={right - left}
        height="76"
        fill="transparent"
        onPointerDown={(event) => onMove(at(event))}
      />
      <rect
        x={a}
        y="4"
        width={b - a}
        height="74"
        rx="2"
        className={css.frame}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId)
        }}
        onPointerMove={(event) => event.currentTarget.hasPointerCapture(event.pointerId) && onMove(at(event))}
      />
    </g>
  )
}

/** Bookmarks with words where the words do not lie on one another. */
function placeFlags(
  bookmarks: Overview['bookmarks'],
  x: (at: Micros) => number,
  left: number,
): { at: number; x: number; says: string }[] {
  const placed: { at: number; x: number; says: string; end: number }[] = []
  for (const mark of [...bookmarks].reverse()) {
    const at = x(mark.at)
    const end = at + textWidth(mark.says) + 8
    if (at < left || placed.some((p) => at < p.end && p.x < end)) continue
    placed.push({ at: mark.at, x: at, says: mark.says, end })
  }
  return placed
}
