/** The cut body: an oblique block with a hatched wall and three strata. Deeper is darker in both themes. */
import { memo } from 'react'
import { bottom, right } from '../drawing/box.ts'
import { sameProps } from '../drawing/same.ts'
import type { NodeLayout } from './layout.ts'
import css from './node.module.css'

export const Body = memo(function Body({ layout }: { layout: NodeLayout }) {
  const { body, oblique, wall, agents, runtime, kernel } = layout
  const r = right(body)
  const b = bottom(body)
  const { dx, dy } = oblique
  const frame = `M${body.x} ${body.y}H${r}V${b}H${body.x}ZM${body.x + wall} ${body.y + wall}V${b - wall}H${r - wall}V${body.y + wall}Z`
  const strata = [
    { box: agents, fill: 'var(--st1)', name: 'Agents' },
    { box: runtime, fill: 'var(--st2)', name: 'Runtime' },
    { box: kernel, fill: 'var(--st3)', name: 'Kernel' },
  ]
  return (
    <g aria-hidden="true">
      <defs>
        <pattern id="node-hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <path d="M0 0V5" stroke="var(--ink2)" strokeWidth="1" />
        </pattern>
      </defs>
      <path d={`M${r} ${body.y}l${dx} ${dy}V${b + dy}L${r} ${b}Z`} fill="var(--st3)" />
      <path d={`M${body.x} ${body.y}l${dx} ${dy}H${r + dx}L${r} ${body.y}Z`} fill="var(--surface)" />
      {strata.map(({ box, fill }) => (
        <rect key={fill} x={box.x} y={box.y} width={box.width} height={box.height} fill={fill} />
      ))}
      <path d={`M${r} ${runtime.y}l${dx} ${dy}`} stroke="var(--line2)" />
      <path d={`M${r} ${kernel.y}l${dx} ${dy}`} stroke="var(--ink2)" strokeWidth="1.25" />
      <path d={`M${body.x + wall} ${runtime.y}H${r - wall}`} stroke="var(--line2)" />
      <path d={`M${body.x + wall} ${kernel.y}H${r - wall}`} stroke="var(--ink2)" strokeWidth="1.5" />
      <path d={frame} fill="var(--paper)" fillRule="evenodd" />
      <path d={frame} fill="url(#node-hatch)" fillRule="evenodd" stroke="var(--ink)" />
      <path
        d={`M${body.x} ${body.y}l${dx} ${dy}H${r + dx}V${b + dy}L${r} ${b}M${r} ${body.y}l${dx} ${dy}`}
        stroke="var(--ink)"
        strokeWidth="1.25"
        fill="none"
      />
      <rect
        x={body.x}
        y={body.y}
        width={body.width}
        height={body.height}
        fill="none"
        stroke="var(--ink)"
        strokeWidth="1.75"
      />
      {strata.map(({ box, name }) => (
        <text
          key={name}
          transform={`translate(${body.x + 22} ${box.y + box.height / 2}) rotate(-90)`}
          textAnchor="middle"
          className={`${css.b} ${css.ink3}`}
        >
          {name}
        </text>
      ))}
    </g>
  )
}, sameProps)
