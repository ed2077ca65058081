/** The small cut body of a node in the cluster. */
import { bottom, right, type Box } from '../drawing/box.ts'

export function MiniBody({ box: b, split }: { box: Box; split: number }) {
  const dx = 14
  const dy = -10
  const r = right(b)
  const low = bottom(b)
  const frame = `M${b.x} ${b.y}H${r}V${low}H${b.x}ZM${b.x + 6} ${b.y + 6}V${low - 6}H${r - 6}V${b.y + 6}Z`
  return (
    <g aria-hidden="true">
      <path d={`M${r} ${b.y}l${dx} ${dy}V${low + dy}L${r} ${low}Z`} fill="var(--st3)" />
      <path d={`M${b.x} ${b.y}l${dx} ${dy}H${r + dx}L${r} ${b.y}Z`} fill="var(--surface)" />
      <rect x={b.x} y={b.y} width={b.width} height={b.height} fill="var(--st1)" />
      <rect x={b.x} y={split} width={b.width} height={low - split} fill="var(--st2)" />
      <path d={frame} fill="var(--paper)" fillRule="evenodd" />
      <path d={frame} fill="url(#cluster-hatch)" fillRule="evenodd" stroke="var(--ink)" />
      <path
        d={`M${b.x} ${b.y}l${dx} ${dy}H${r + dx}V${low + dy}L${r} ${low}M${r} ${b.y}l${dx} ${dy}`}
        stroke="var(--ink)"
        strokeWidth="1.25"
        fill="none"
      />
      <rect x={b.x} y={b.y} width={b.width} height={b.height} fill="none" stroke="var(--ink)" strokeWidth="1.75" />
    </g>
  )
}

export function Hatch() {
  return (
    <defs>
      <pattern id="cluster-hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <path d="M0 0V5" stroke="var(--ink2)" strokeWidth="1" />
      </pattern>
    </defs>
  )
}
