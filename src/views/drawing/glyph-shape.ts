/**
 * The five shapes as path data around the origin, with the optical correction that makes them look equally large.
 * The same path serves SVG and canvas (`new Path2D(path)`), so a glyph has one drawing everywhere.
 */
import type { Plane } from './plane.ts'

/** Radii of DESIGN.md: moving, legend, end of a lane, packet in hand. */
export const RADIUS = { moving: 6, legend: 5.6, lane: 4.4, inHand: 9.5, hover: 12.5 } as const

const round = (n: number): number => Math.round(n * 1000) / 1000

export function glyphPath(plane: Plane, radius: number): string {
  switch (plane) {
    case 'api': {
      const r = round(radius)
      return `M${r} 0A${r} ${r} 0 1 1 ${-r} 0A${r} ${r} 0 1 1 ${r} 0Z`
    }
    case 'cri': {
      const h = round(radius * 0.92)
      const c = round(radius * 0.38)
      const e = round(h - c)
      return `M${-e} ${-h}H${e}A${c} ${c} 0 0 1 ${h} ${-e}V${e}A${c} ${c} 0 0 1 ${e} ${h}H${-e}A${c} ${c} 0 0 1 ${-h} ${e}V${-e}A${c} ${c} 0 0 1 ${-e} ${-h}Z`
    }
    case 'kernel': {
      const d = round(radius * 1.2)
      return `M0 ${-d}L${d} 0L0 ${d}L${-d} 0Z`
    }
    case 'packet': {
      const tip = round(radius * 1.15)
      const back = round(radius * 0.8625)
      const half = round(radius * 1.058)
      return `M${tip} 0L${-back} ${half}L${-back} ${-half}Z`
    }
    case 'store': {
      const a = round(radius * 1.1)
      const b = round(radius * 0.55)
      const h = round(radius * 0.953)
      return `M${a} 0L${b} ${h}L${-b} ${h}L${-a} 0L${-b} ${-h}L${b} ${-h}Z`
    }
  }
}

/** Where the three dashes of a tail begin and end, in pixels behind the centre, and how strong they are. */
export const TAIL: readonly { from: number; to: number; opacity: number }[] = [
  { from: 10, to: 16, opacity: 0.75 },
  { from: 19, to: 24, opacity: 0.5 },
  { from: 27, to: 30, opacity: 0.28 },
]

export const CROSS = (half: number): string => `M${-half} ${-half}L${half} ${half}M${half} ${-half}L${-half} ${half}`

/** Four corner brackets around a box, `gap` outside it: the sign of a choice. */
export function bracketPath(x: number, y: number, width: number, height: number, gap = 6, arm = 11): string {
  const l = x - gap
  const t = y - gap
  const r = x + width + gap
  const b = y + height + gap
  const a = Math.min(arm, (r - l) / 2.5, (b - t) / 2.5)
  return (
    `M${l} ${t + a}V${t}H${l + a}M${r - a} ${t}H${r}V${t + a}` +
    `M${r} ${b - a}V${b}H${r - a}M${l + a} ${b}H${l}V${b - a}`
  )
}
