/**
 * The way of a message through a picture: corner points, rounded where they turn. It knows its own length, so that a
 * glyph is placed by how far it has come and its tail follows it around corners.
 */
export interface Point {
  readonly x: number
  readonly y: number
}

export interface Route {
  /** Messages on one route queue behind one another instead of lying on top of each other. */
  readonly id: string
  readonly points: readonly Point[]
  /** Length up to each point. */
  readonly lengths: readonly number[]
  readonly length: number
  /** Path data for the dotted way ahead. */
  readonly d: string
  /** A line is drawn there already: no dotted way ahead. */
  readonly wired: boolean
}

export interface Placed extends Point {
  /** Direction of travel in degrees, 0 to the right, 90 down. */
  readonly heading: number
}

const ARC_STEPS = 4

/** A route through `corners`; each inner corner is rounded by `radius` (or less where the legs are short). */
export function route(
  id: string,
  corners: readonly Point[],
  options: { radius?: number; wired?: boolean } = {},
): Route {
  const radius = options.radius ?? 6
  const points: Point[] = []
  for (let i = 0; i < corners.length; i++) {
    const here = corners[i]!
    const before = corners[i - 1]
    const after = corners[i + 1]
    if (before === undefined || after === undefined) {
      points.push(here)
      continue
    }
    const a = distance(before, here)
    const b = distance(here, after)
    const cut = Math.min(radius, a / 2, b / 2)
    if (cut < 0.5) {
      points.push(here)
      continue
    }
    const start = toward(here, before, cut)
    const end = toward(here, after, cut)
    for (let s = 0; s <= ARC_STEPS; s++) {
      const t = s / ARC_STEPS
      points.push({
        x: (1 - t) * (1 - t) * start.x + 2 * (1 - t) * t * here.x + t * t * end.x,
        y: (1 - t) * (1 - t) * start.y + 2 * (1 - t) * t * here.y + t * t * end.y,
      })
    }
  }
  const lengths = [0]
  for (let i = 1; i < points.length; i++) lengths.push(lengths[i - 1]! + distance(points[i - 1]!, points[i]!))
  const d = points.map((p, i) => `${i === 0 ? 'M' : 'L'}${round(p.x)} ${round(p.y)}`).join('')
  return { id, points, lengths, length: lengths[lengths.length - 1] ?? 0, d, wired: options.wired ?? false }
}

export function reversed(way: Route): Route {
  const points = [...way.points].reverse()
  const lengths = way.lengths.map((l) => way.length - l).reverse()
  const d = points.map((p, i) => `${i === 0 ? 'M' : 'L'}${round(p.x)} ${round(p.y)}`).join('')
  return { ...way, id: `${way.id}<`, points, lengths, d }
}

/** The place `far` pixels from the start, kept within the ends. */
export function at(way: Route, far: number): Placed {
  const { points, lengths, length } = way
  if (points.length === 1) return { ...points[0]!, heading: 0 }
  const want = Math.min(length, Math.max(0, far))
  let i = 1
  while (i < points.length - 1 && lengths[i]! < want) i++
  const a = points[i - 1]!
  const b = points[i]!
  const span = lengths[i]! - lengths[i - 1]!
  const part = span === 0 ? 0 : (want - lengths[i - 1]!) / span
  return {
    x: a.x + (b.x - a.x) * part,
    y: a.y + (b.y - a.y) * part,
    heading: (Math.atan2(b.y - a.y, b.x - a.x) * 180) / Math.PI,
  }
}

function distance(a: Point, b: Point): number {
  return Math.hypot(b.x - a.x, b.y - a.y)
}

function toward(from: Point, to: Point, by: number): Point {
  const all = distance(from, to)
  return all === 0 ? from : { x: from.x + ((to.x - from.x) * by) / all, y: from.y + ((to.y - from.y) * by) / all }
}

function round(n: number): number {
  return Math.round(n * 10) / 10
}
