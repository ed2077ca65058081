/** The node network: leases and packets use the same cable, so one pulled cable stops both. */
import { memo } from 'react'
import { bottom } from '../drawing/box.ts'
import { Cross } from '../drawing/Glyph.tsx'
import { LiveText } from '../drawing/live.tsx'
import { sameProps } from '../drawing/same.ts'
import { ofRecord } from '../drawing/selection.ts'
import { spellSpan } from '../drawing/spell.ts'
import { Thing } from '../drawing/Stage.tsx'
import type { ControlPlane, NodeBody } from './select.ts'
import css from './cluster.module.css'

export const Wire = memo(function Wire({
  plane,
  bodies,
  y,
  end,
  network,
}: {
  plane: ControlPlane | undefined
  bodies: readonly NodeBody[]
  y: number
  end: number
  network: string
}) {
  const first = plane?.plugX ?? bodies[0]?.plugX ?? 60
  return (
    <>
      <path d={`M${first} ${y}H${end}`} className={css.wire} />
      <text x={end + 42} y={y + 20} textAnchor="end" className={css.ink3}>
        {`node network ${network}`}
      </text>
      <text x={end + 8} y={y + 4} className={css.ink3}>
        outside
      </text>
      {plane && <Plug x={plane.plugX} top={bottom(plane.box)} y={y} />}
      {bodies.map((body) =>
        body.cable ? (
          <Plug key={body.name} x={body.plugX} top={bottom(body.box)} y={y} />
        ) : (
          <Pulled key={body.name} body={body} y={y} />
        ),
      )}
    </>
  )
}, sameProps)

function Plug({ x, top, y }: { x: number; top: number; y: number }) {
  return (
    <g aria-hidden="true">
      <path d={`M${x} ${top}V${y}`} className={css.drop} />
      <rect x={x - 7} y={top - 6} width="14" height="12" rx="2" className={css.plug} />
      <circle cx={x} cy={y} r="3.5" className={css.joint} />
    </g>
  )
}

function Pulled({ body, y }: { body: NodeBody; y: number }) {
  const x = body.plugX - 21
  const top = bottom(body.box)
  const hang = Math.max(top + 14, y - 30)
  return (
    <>
      <rect x={body.plugX - 7} y={top - 6} width="14" height="12" rx="2" className={css.plug} />
      <path d={`M${x} ${y}C${x - 4} ${y - 16} ${x + 12} ${y - 10} ${x + 16} ${hang + 10}`} className={css.drop} />
      <circle cx={x} cy={y} r="3.5" className={css.joint} />
      <Thing
        select={ofRecord('machines', body.name)}
        name={`the cable of ${body.name} is pulled`}
        box={{ x: x - 12, y: hang - 8, width: 160, height: 24, radius: 4 }}
        brackets={false}
      >
        <rect x={x + 10} y={hang} width="14" height="11" rx="2" className={css.plug} />
        <Cross x={x - 4} y={hang + 4} half={6} />
        {body.cableSince === undefined ? (
          <text x={x + 36} y={hang + 9} className={`${css.b} ${css.fail}`}>
            cable pulled
          </text>
        ) : (
          <LiveText
            x={x + 36}
            y={hang + 9}
            className={`${css.b} ${css.fail}`}
            say={(now) => `cable pulled ${spellSpan(now - body.cableSince!)} ago`}
          />
        )}
      </Thing>
    </>
  )
}
