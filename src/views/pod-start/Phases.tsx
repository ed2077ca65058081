/** Below *now*: where the time went, as one bar of stretches, longest named. */
import type { Micros } from '../../sim/contract.ts'
import { planeClass } from '../drawing/Glyph.tsx'
import { spellSpan, textWidth } from '../drawing/spell.ts'
import type { StartPicture } from './select.ts'
import css from './pod-start.module.css'

export function Phases({
  picture,
  width,
  now,
  top,
}: {
  picture: StartPicture
  width: number
  now: Micros
  top: number
}) {
  const { phases } = picture
  const first = phases[0]
  if (!first) return null
  const last = phases[phases.length - 1]!
  const end = last.to ?? Math.max(now, last.from)
  const all = Math.max(1, end - first.from)
  const left = 14
  const room = width - 28
  return (
    <g aria-hidden="true" transform={`translate(0 ${top})`}>
      {phases.map((phase) => {
        const x = left + ((phase.from - first.from) / all) * room
        const w = (((phase.to ?? end) - phase.from) / all) * room
        const words = `${phase.name} ${spellSpan((phase.to ?? end) - phase.from)}`
        return (
          <g key={`${phase.name}${phase.from}`} className={phase.plane ? planeClass(phase.plane) : undefined}>
            <rect
              x={x}
              y="2"
              width={Math.max(1, w - 1.5)}
              height="8"
              rx="1.5"
              fill={phase.plane ? 'var(--c)' : 'var(--line2)'}
              opacity={phase.plane ? 1 : 0.5}
            />
            {w > textWidth(words) + 6 && (
              <text x={x} y="25" className={phase.plane ? css.ink : css.ink3}>
                {words}
              </text>
            )}
          </g>
        )
      })}
    </g>
  )
}
