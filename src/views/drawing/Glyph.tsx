import { CROSS, RADIUS, TAIL, bracketPath, glyphPath } from './glyph-shape.ts'
import type { Plane } from './plane.ts'
import css from './drawing.module.css'

const PLANE_CLASS: Readonly<Record<Plane, string | undefined>> = {
  api: css.api,
  cri: css.cri,
  kernel: css.kernel,
  packet: css.packet,
  store: css.store,
}

export function planeClass(plane: Plane): string {
  return PLANE_CLASS[plane] ?? ''
}

export interface GlyphProps {
  plane: Plane
  x?: number
  y?: number
  radius?: number
  /** solid: done or at rest; hollow: reply, queued, of another pod; ghost: not yet. */
  state?: 'solid' | 'hollow' | 'ghost'
  /** Degrees; only the triangle of a packet and the tail turn. */
  heading?: number
  tail?: boolean
  halo?: boolean
}

/** A glyph at rest, in SVG. What moves is drawn by `GlyphCanvas` with the same shapes. */
export function Glyph({
  plane,
  x = 0,
  y = 0,
  radius = RADIUS.moving,
  state = 'solid',
  heading = 0,
  tail,
  halo,
}: GlyphProps) {
  const d = glyphPath(plane, radius)
  const turn = plane === 'packet' && heading !== 0 ? `rotate(${heading})` : undefined
  return (
    <g className={planeClass(plane)} transform={x || y ? `translate(${x} ${y})` : undefined}>
      {tail && (
        <g transform={heading ? `rotate(${heading})` : undefined} className={css.tail}>
          {TAIL.map((dash) => (
            <path key={dash.from} d={`M${-dash.from} 0H${-dash.to}`} opacity={dash.opacity} />
          ))}
        </g>
      )}
      {halo && <path d={d} transform={turn} className={css.halo} />}
      <path
        d={d}
        transform={turn}
        className={state === 'solid' ? css.solid : state === 'hollow' ? css.hollow : css.ghost}
      />
    </g>
  )
}

/** The glyph inside a line of HTML text. */
export function InlineGlyph({
  plane,
  size = 14,
  state,
  heading,
}: {
  plane: Plane
  size?: number
  state?: GlyphProps['state']
  heading?: number
}) {
  return (
    <svg width={size} height={size} viewBox="-8 -8 16 16" aria-hidden="true" className={css.inline}>
      <Glyph plane={plane} radius={RADIUS.legend} state={state} heading={heading} />
    </svg>
  )
}

export function Cross({ x, y, half = 4.5 }: { x: number; y: number; half?: number }) {
  return <path d={CROSS(half)} transform={`translate(${x} ${y})`} className={css.cross} />
}

export function Brackets({
  x,
  y,
  width,
  height,
  gap,
}: {
  x: number
  y: number
  width: number
  height: number
  gap?: number
}) {
  return <path d={bracketPath(x, y, width, height, gap)} className={css.brackets} />
}
