/** 390 px: nodes as a row of rings, the chosen one opened below, its strip turned: time runs down. */
import type { ViewProps } from '../contract.ts'
import { SECOND } from '../../sim/clock.ts'
import { LiveText, setAttribute, useLive } from '../drawing/live.tsx'
import { Stage } from '../drawing/Stage.tsx'
import { spellSpan } from '../drawing/spell.ts'
import { tipFor } from '../words/describe-thing.ts'
import { useRef } from 'react'
import { Cells, lampOf } from './Bodies.tsx'
import type { ClusterPicture } from './select.ts'
import type { Strip, StripBar, StripLane } from './strip.ts'
import css from './cluster.module.css'

const PER_SECOND = 0.95
const ROW_TOP = 74

export function PhoneCluster(props: ViewProps & { picture: ClusterPicture; strip: Strip | undefined }) {
  const { picture, strip, size, onNode } = props
  const top = picture.stripTop
  const height = strip ? top + ROW_TOP + (strip.to - strip.from) * PER_SECOND + 20 : size.height
  const { chosen } = picture
  return (
    <Stage view={props} label="The cluster" describe={tipFor} height={Math.max(size.height, height)}>
      <svg width={size.width} height={height} role="presentation">
        <Cells cells={picture.cells} names={picture.form === 'rings'} chosen={chosen?.name} onNode={onNode} />
        {chosen && (
          <>
            <path d={`M0 ${top}H${size.width}`} className={css.line} />
            <text x="12" y={top + 22} className={css.title}>
              {chosen.name}
            </text>
            <text x={size.width - 12} y={top + 22} textAnchor="end" className={css.title13}>
              {lampOf(chosen).words}
            </text>
            {chosen.heartbeat.renewedAt !== undefined && (
              <LiveText
                x={12}
                y={top + 42}
                say={(now) =>
                  `renewed ${spellSpan(now - chosen.heartbeat.renewedAt!)} ago; seconds since then run down`
                }
              />
            )}
          </>
        )}
        {strip && <Columns strip={strip} top={top + ROW_TOP} width={size.width} />}
      </svg>
    </Stage>
  )
}

const SHORT: Readonly<Record<string, string>> = { ready: 'Unknown', taint: 'NoExecute' }

/** Solid until now, dashed after. */
function Column({
  bar,
  x,
  width,
  y,
  end,
}: {
  bar: StripBar
  x: number
  width: number
  y: (at: number) => number
  end: number
}) {
  const solid = useRef<SVGRectElement>(null)
  const top = y(bar.from)
  const low = bar.to === undefined ? end : y(bar.to)
  useLive((now) => setAttribute(solid, 'height', Math.max(0, Math.min(low, y(now)) - top).toFixed(1)))
  const words =
    bar.fill === 'ink'
      ? bar.says
      : bar.says.startsWith('Unknown')
        ? SHORT.ready
        : bar.says.startsWith('No second')
          ? SHORT.taint
          : bar.says.startsWith('marked')
            ? 'deleted'
            : /\d+ s/.exec(bar.says)?.[0]
  return (
    <>
      <rect x={x} y={top} width={width} height={Math.max(2, low - top)} rx="3" className={css.barNext} />
      <rect ref={solid} x={x} y={top} width={width} rx="3" className={bar.fill === 'ink' ? css.barInk : css.barNone} />
      {words !== undefined && low - top > 16 && (
        <text x={x + 8} y={top + 15} className={bar.fill === 'ink' ? `${css.b} ${css.onInk}` : css.ink2}>
          {words}
        </text>
      )}
    </>
  )
}

function Columns({ strip, top, width }: { strip: Strip; top: number; width: number }) {
  const lanes = [
    strip.lanes.find((l) => l.key === 'ready'),
    strip.lanes.find((l) => l.key === 'taint'),
    strip.lanes.find((l) => l.clock),
  ].filter((l): l is StripLane => l !== undefined)
  const y = (at: number) => top + ((at - strip.zero) / SECOND - strip.from) * PER_SECOND
  const left = 52
  const each = (width - left - 12) / lanes.length
  const line = useRef<SVGGElement>(null)
  useLive((now) => setAttribute(line, 'transform', `translate(0 ${y(now).toFixed(1)})`))
  const end = y(strip.zero + strip.to * SECOND)
  return (
    <>
      {[0, ...strip.key.map((at) => (at - strip.zero) / SECOND)].map((s) => (
        <g key={s}>
          <path d={`M${left - 6} ${y(strip.zero + s * SECOND)}H${width - 8}`} className={css.key} />
          <text
            x={left - 10}
            y={y(strip.zero + s * SECOND) + 4}
            textAnchor="end"
            className={`${css.mono} ${css.b} ${css.ink}`}
          >
            {Math.round(s)}
          </text>
        </g>
      ))}
      {lanes.map((lane, i) => (
        <g key={lane.key}>
          <text x={left + i * each} y={top - 10} className={`${css.b} ${css.ink}`}>
            {lane.key === 'taint' ? 'taint' : lane.name}
          </text>
          {lane.bars.map((bar) => (
            <Column key={bar.from} bar={bar} x={left + i * each} width={each - 12} y={y} end={end} />
          ))}
        </g>
      ))}
      <g ref={line}>
        <path d={`M${left - 6} 0H${width - 8}`} className={css.nowLine} />
      </g>
    </>
  )
}
