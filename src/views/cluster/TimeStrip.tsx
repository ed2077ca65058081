/** One linear strip of time: 0 is the last heartbeat; solid until now, dashed after; key times cross all lanes. */
import { memo, useRef } from 'react'
import type { Micros } from '../../sim/contract.ts'
import { SECOND } from '../../sim/clock.ts'
import { Clock, GhostClock } from '../drawing/Clock.tsx'
import { Cross, Glyph } from '../drawing/Glyph.tsx'
import { setAttribute, setText, useLive } from '../drawing/live.tsx'
import { sameProps } from '../drawing/same.ts'
import { ofRecord } from '../drawing/selection.ts'
import { elideMiddle, fits, textWidth } from '../drawing/spell.ts'
import { Thing } from '../drawing/Stage.tsx'
import { BEAT } from './heartbeat.ts'
import type { Strip, StripBar, StripLane } from './strip.ts'
import css from './cluster.module.css'

export const LANE = 25
const HEAD = 46
const NAMES = 250

interface Axis {
  x(at: Micros): number
  left: number
  right: number
}

export const TimeStrip = memo(function TimeStrip({
  strip,
  top,
  width,
  height,
}: {
  strip: Strip
  top: number
  width: number
  height: number
}) {
  const left = NAMES
  const right = width - 16
  const scale = (right - left) / (strip.to - strip.from)
  const axis: Axis = {
    left,
    right,
    x: (at) => Math.min(right, Math.max(left, left + ((at - strip.zero) / SECOND - strip.from) * scale)),
  }
  const first = top + HEAD
  const end = first + strip.lanes.length * LANE
  const bold = strip.key.map((at) => Math.round((at - strip.zero) / SECOND))
  const ticks = Array.from({ length: Math.floor(strip.to / 50) + 1 }, (_, i) => i * 50).filter(
    (s) => !bold.some((b) => Math.abs(b - s) * scale < 26),
  )
  return (
    <>
      <rect x="0" y={top} width={width} height={height} className={css.stripBack} />
      <path d={`M0 ${top}H${width}`} className={css.line} />
      <text x="16" y={top + 20} className={css.title13}>{`${strip.node}, seconds since its last heartbeat`}</text>
      {ticks.map((s) => {
        const x = axis.x(strip.zero + s * SECOND)
        return (
          <g key={s}>
            <path d={`M${x} ${first - 4}V${end}`} className={css.line} />
            <text x={x} y={first - 8} textAnchor="middle" className={`${css.mono} ${css.ink3}`}>
              {s}
            </text>
          </g>
        )
      })}
      {strip.lanes.map((lane, i) => (
        <path key={lane.key} d={`M16 ${first + i * LANE}H${right}`} className={css.line} />
      ))}
      {strip.key.map((at, i) => {
        const x = axis.x(at)
        const near = i > 0 && x - axis.x(strip.key[i - 1]!) < 26
        return (
          <g key={at}>
            <path d={`M${x} ${first - 4}V${end}`} className={css.key} />
            {!near && (
              <text x={x} y={first - 8} textAnchor="middle" className={`${css.mono} ${css.b} ${css.ink}`}>
                {Math.round((at - strip.zero) / SECOND)}
              </text>
            )}
          </g>
        )
      })}
      {strip.lanes.map((lane, i) => (
        <Lane key={lane.key} lane={lane} strip={strip} y={first + i * LANE} axis={axis} />
      ))}
      {strip.cableAt !== undefined && strip.cableAt >= strip.zero - 30 * SECOND && (
        <g>
          <path d={`M${axis.x(strip.cableAt)} ${top + 24}V${first + LANE}`} className={css.cable} />
          <text x={axis.x(strip.cableAt)} y={top + 20} textAnchor="middle" className={css.fail}>
            cable pulled
          </text>
        </g>
      )}
      <Now strip={strip} axis={axis} top={top} end={end} />
    </>
  )
}, sameProps)

function Lane({ lane, strip, y, axis }: { lane: StripLane; strip: Strip; y: number; axis: Axis }) {
  const mid = y + LANE / 2
  const names = (
    <>
      <text x="16" y={mid + 4} className={`${css.b} ${css.ink}`}>
        {elideMiddle(lane.name, fits(NAMES - 40 - textWidth(lane.who), 12.6))}
      </text>
      <text x={NAMES - 14} y={mid + 4} textAnchor="end" className={css.ink3}>
        {lane.who}
      </text>
    </>
  )
  return (
    <>
      {lane.selection ? (
        <Thing
          select={ofRecord(lane.selection.table, lane.selection.id)}
          name={`${lane.name}, ${lane.who}`}
          box={{ x: 12, y: y + 2, width: NAMES - 22, height: LANE - 4, radius: 3 }}
          brackets={false}
        >
          {names}
        </Thing>
      ) : (
        names
      )}
      {lane.key === 'lease' && <Beats strip={strip} y={mid} axis={axis} note={lane.note} />}
      {lane.bars.map((bar) => (
        <Bar
          key={bar.from}
          bar={bar}
          y={y + 3.5}
          axis={axis}
          clock={lane.clock && bar.from === lane.clock.since ? lane.clock : undefined}
        />
      ))}
      {lane.marks.map((at) => (
        <Mark key={at} at={at} x={axis.x(at)} y={mid} />
      ))}
    </>
  )
}

function Beats({ strip, y, axis, note }: { strip: Strip; y: number; axis: Axis; note?: string }) {
  const last = strip.beats[strip.beats.length - 1]!.at
  const ahead: number[] = []
  for (let at = last + BEAT; at < strip.zero + strip.to * SECOND; at += BEAT) ahead.push(at)
  const over = axis.x(strip.key[0] ?? strip.zero)
  return (
    <g aria-hidden="true">
      {ahead.map((at) => (
        <circle key={at} cx={axis.x(at)} cy={y} r="1.5" fill="var(--line2)" />
      ))}
      {strip.beats.map((beat) =>
        beat.state === 'done' ? (
          <Glyph key={beat.at} plane="api" x={axis.x(beat.at)} y={y} radius={4.4} />
        ) : (
          <Cross key={beat.at} x={axis.x(beat.at)} y={y} half={3.8} />
        ),
      )}
      {note && over - axis.x(strip.beats[strip.beats.length - 1]!.at) > -4 && (
        <>
          <rect x={over + 8} y={y - 9} width={textWidth(note) + 22} height="18" className={css.stripBack} />
          <text x={over + 16} y={y + 4} className={`${css.b} ${css.ink}`}>
            {note}
          </text>
        </>
      )}
    </g>
  )
}

/** Dashed as a whole; what lies before now is laid over it solid. */
function Bar({
  bar,
  y,
  axis,
  clock,
}: {
  bar: StripBar
  y: number
  axis: Axis
  clock?: { since: Micros; until: Micros }
}) {
  const solid = useRef<SVGRectElement>(null)
  const from = axis.x(bar.from)
  const to = bar.to === undefined ? axis.right : axis.x(bar.to)
  const inside = bar.fill !== 'none'
  const words = useRef<SVGTextElement>(null)
  const room = to - from - (clock ? 28 : 10)
  // At the right edge the words stand before the bar.
  const before =
    !inside && bar.to === undefined && room < textWidth(bar.says) && from - axis.left > textWidth(bar.says) + 160
  useLive((now) => {
    const x = Math.min(to, Math.max(from, axis.x(now)))
    setAttribute(solid, 'width', Math.max(0, x - from).toFixed(1))
    setAttribute(solid, 'visibility', now <= bar.from ? 'hidden' : 'visible')
    if (inside) {
      setAttribute(words, 'x', ((from + x) / 2).toFixed(1))
      setAttribute(words, 'visibility', x - from > textWidth(bar.says) + 8 ? 'visible' : 'hidden')
    }
  })
  if (to - from < 2) return null
  return (
    <g>
      <rect x={from} y={y} width={to - from} height="18" rx="3" className={css.barNext} />
      <rect
        ref={solid}
        x={from}
        y={y}
        height="18"
        rx="3"
        className={bar.fill === 'ink' ? css.barInk : bar.fill === 'deep' ? css.barDeep : css.barNone}
      />
      {clock && <StripClock x={from + 12} y={y + 9} since={clock.since} until={clock.until} />}
      {inside ? (
        <text
          ref={words}
          y={y + 13}
          textAnchor="middle"
          className={bar.fill === 'ink' ? `${css.b} ${css.onInk}` : css.ink}
        >
          {bar.says}
        </text>
      ) : (
        (before || fits(room - 14) > bar.says.length * 0.6) && (
          <text
            textAnchor={before ? 'end' : 'start'}
            x={before ? from - 10 : from + (clock ? 24 : 18)}
            y={y + 13}
            className={`${css.ink2} ${css.halo}`}
          >
            {before ? bar.says : elideMiddle(bar.says, fits(room - 14))}
          </text>
        )
      )}
    </g>
  )
}

function StripClock({ x, y, since, until }: { x: number; y: number; since: Micros; until: Micros }) {
  const ghost = useRef<SVGGElement>(null)
  const running = useRef<SVGGElement>(null)
  useLive((now) => {
    setAttribute(ghost, 'visibility', now < since ? 'visible' : 'hidden')
    setAttribute(running, 'visibility', now < since ? 'hidden' : 'visible')
  })
  return (
    <>
      <g ref={ghost}>
        <GhostClock x={x} y={y} radius={5.5} />
      </g>
      <g ref={running}>
        <Clock x={x} y={y} radius={5.5} width={1.5} since={since} until={until} harm />
      </g>
    </>
  )
}

function Mark({ at, x, y }: { at: Micros; x: number; y: number }) {
  const done = useRef<SVGGElement>(null)
  const next = useRef<SVGGElement>(null)
  useLive((now) => {
    setAttribute(done, 'visibility', now >= at ? 'visible' : 'hidden')
    setAttribute(next, 'visibility', now >= at ? 'hidden' : 'visible')
  })
  return (
    <>
      <g ref={done}>
        <Glyph plane="api" x={x} y={y} radius={5} halo />
      </g>
      <g ref={next}>
        <Glyph plane="api" x={x} y={y} radius={5} state="ghost" />
      </g>
    </>
  )
}

function Now({ strip, axis, top, end }: { strip: Strip; axis: Axis; top: number; end: number }) {
  const group = useRef<SVGGElement>(null)
  const text = useRef<SVGTextElement>(null)
  useLive((now) => {
    setAttribute(group, 'transform', `translate(${axis.x(now).toFixed(1)} 0)`)
    setText(text, ((now - strip.zero) / SECOND).toFixed(1))
  })
  return (
    <g ref={group} aria-hidden="true">
      <path d={`M0 ${top + 22}V${end}`} className={css.nowLine} />
      <rect x="-22" y={top + 8} width="44" height="17" rx="4" className={css.nowTag} />
      <text ref={text} x="0" y={top + 21} textAnchor="middle" className={`${css.mono} ${css.b} ${css.onInk}`} />
    </g>
  )
}
