/**
 * Paints the messages that are under way, once per frame, on a canvas over the picture. It keeps where it painted them,
 * so that they can be hovered and chosen.
 */
import type { SimEvent } from '../../sim/contract.ts'
import { CROSS, RADIUS, TAIL, bracketPath, glyphPath } from './glyph-shape.ts'
import { motion } from './motion.ts'
import { planeOf, type Plane } from './plane.ts'
import { at, type Route } from './route.ts'
import { elideMiddle } from './spell.ts'

/** Where a view lets a message travel. */
export interface Placement {
  readonly route: Route
  readonly plane?: Plane
  /** Reply, or of a pod that is not in focus. */
  readonly hollow?: boolean
  readonly failed?: boolean
  /** The message's own name, beside it in the colour of its plane. */
  readonly label?: string
  /** The label waits until the glyph has come this far: what stands before would be covered. */
  readonly labelFrom?: number
  /** Side of the travel line on which the label stands. */
  readonly labelSide?: 'left' | 'right'
}

export interface Spot {
  readonly event: SimEvent
  readonly x: number
  readonly y: number
}

export interface Colours {
  readonly plane: Readonly<Record<Plane, string>>
  readonly text: Readonly<Record<Plane, string>>
  readonly surface: string
  readonly ink: string
  readonly ink2: string
  readonly fail: string
  readonly font: string
}

interface Moving {
  event: SimEvent
  placement: Placement
  plane: Plane
  far: number
  scale: number
  tail: number
  still: boolean
}

/** Messages behind one another on a route keep this distance. */
const GAP = 15
/** More than this on one route: the rest is a number beside the last. */
const QUEUE = 24
const WAYS_AHEAD = 14
const LABELS = 10

const paths = new Map<string, Path2D>()
function shape(plane: Plane, radius: number): Path2D {
  const key = `${plane}${radius}`
  let path = paths.get(key)
  if (!path) paths.set(key, (path = new Path2D(glyphPath(plane, radius))))
  return path
}

export interface Scene {
  readonly events: Iterable<SimEvent>
  readonly now: number
  readonly width: number
  readonly reducedMotion: boolean
  readonly selectedEvent?: number
  readonly hoveredEvent?: number
  place(event: SimEvent): Placement | undefined
}

export function paint(context: CanvasRenderingContext2D, scene: Scene, colours: Colours): Spot[] {
  const moving = line(scene)
  const spots: Spot[] = []
  if (moving.length <= WAYS_AHEAD)
    for (const one of moving) if (!one.placement.route.wired || one.still) wayAhead(context, one, colours)
  const labelled: { x: number; y: number; right: number }[] = []
  for (const one of moving) {
    const place = at(one.placement.route, one.far)
    const colour = one.placement.failed ? colours.fail : colours.plane[one.plane]
    if (one.tail > 0 && !one.still) tail(context, one, colour)
    context.save()
    context.translate(place.x, place.y)
    if (scene.hoveredEvent === one.event.id) ring(context, colours.ink)
    if (scene.selectedEvent === one.event.id) {
      context.strokeStyle = colours.ink
      context.lineWidth = 2
      context.stroke(new Path2D(bracketPath(-7, -7, 14, 14, 5, 6)))
    }
    context.save()
    context.scale(one.scale, one.scale)
    if (one.plane === 'packet') context.rotate((place.heading * Math.PI) / 180)
    const path = shape(one.plane, RADIUS.moving)
    context.lineJoin = 'round'
    context.fillStyle = colours.surface
    context.strokeStyle = colours.surface
    context.lineWidth = 4
    context.stroke(path)
    context.fill(path)
    context.lineWidth = 1.6
    context.strokeStyle = colour
    if (one.placement.failed) context.setLineDash([6, 3])
    if (!one.placement.hollow && !one.placement.failed) {
      context.fillStyle = colour
      context.fill(path)
    }
    context.stroke(path)
    context.restore()
    if (one.placement.failed) {
      context.strokeStyle = colours.fail
      context.lineWidth = 2
      context.lineCap = 'round'
      context.translate(14, 0)
      context.stroke(new Path2D(CROSS(4)))
    }
    context.restore()
    if (one.placement.label !== undefined && one.far >= (one.placement.labelFrom ?? 0) && labelled.length < LABELS) {
      label(context, one, place, colours, labelled, scene.width)
    }
    spots.push({ event: one.event, x: place.x, y: place.y })
  }
  return spots
}

/** All that moves, foremost first on each route, none on top of another. */
function line(scene: Scene): Moving[] {
  const byRoute = new Map<string, Moving[]>()
  for (const event of scene.events) {
    const placement = scene.place(event)
    if (!placement) continue
    const plane = placement.plane ?? planeOf(event)
    if (!plane) continue
    const m = motion(event, scene.now, scene.reducedMotion)
    const one: Moving = {
      event,
      placement,
      plane,
      far: m.along * placement.route.length,
      scale: m.scale,
      tail: m.tail,
      still: m.still,
    }
    const queue = byRoute.get(placement.route.id)
    if (queue) queue.push(one)
    else byRoute.set(placement.route.id, [one])
  }
  const all: Moving[] = []
  for (const queue of byRoute.values()) {
    queue.sort((a, b) => b.far - a.far || a.event.id - b.event.id)
    let limit = Infinity
    for (const one of queue.slice(0, QUEUE)) {
      if (one.far > limit) one.far = Math.max(0, limit)
      limit = one.far - GAP
      all.push(one)
    }
  }
  return all
}

function wayAhead(context: CanvasRenderingContext2D, one: Moving, colours: Colours): void {
  const { route } = one.placement
  context.save()
  context.strokeStyle = one.placement.failed ? colours.fail : colours.plane[one.plane]
  context.lineCap = 'round'
  if (one.still) {
    context.lineWidth = 2
    context.globalAlpha = 0.75
    context.stroke(new Path2D(route.d))
  } else {
    context.lineWidth = 1.75
    context.setLineDash([1, 4])
    context.beginPath()
    const here = at(route, one.far)
    context.moveTo(here.x, here.y)
    for (let i = 0; i < route.points.length; i++) {
      if (route.lengths[i]! <= one.far) continue
      context.lineTo(route.points[i]!.x, route.points[i]!.y)
    }
    context.stroke()
  }
  context.restore()
}

/** Three dashes that follow the way around its corners. */
function tail(context: CanvasRenderingContext2D, one: Moving, colour: string): void {
  context.save()
  context.strokeStyle = colour
  context.lineWidth = 2.5
  context.lineCap = 'round'
  for (const dash of TAIL) {
    const from = one.far - dash.from
    const to = Math.max(0, one.far - dash.to)
    if (from <= to) continue
    context.globalAlpha = dash.opacity * one.tail
    const a = at(one.placement.route, from)
    const b = at(one.placement.route, to)
    context.beginPath()
    context.moveTo(a.x, a.y)
    context.lineTo(b.x, b.y)
    context.stroke()
  }
  context.restore()
}

function ring(context: CanvasRenderingContext2D, ink: string): void {
  context.beginPath()
  context.arc(0, 0, RADIUS.hover, 0, 2 * Math.PI)
  context.strokeStyle = ink
  context.lineWidth = 1.75
  context.stroke()
}

function label(
  context: CanvasRenderingContext2D,
  one: Moving,
  place: { x: number; y: number; heading: number },
  colours: Colours,
  taken: { x: number; y: number; right: number }[],
  stage: number,
): void {
  const text = elideMiddle(one.placement.label!, 30)
  context.save()
  context.font = `600 12px ${colours.font}`
  const width = context.measureText(text).width
  const vertical = Math.abs(Math.sin((place.heading * Math.PI) / 180)) > 0.7
  const left = one.placement.labelSide === 'left'
  const beside = vertical ? (left ? place.x - 14 - width : place.x + 14) : place.x - width / 2
  const x = Math.max(4, Math.min(stage - width - 6, beside))
  const y = vertical ? place.y + 4 : place.y - 12
  if (!taken.some((t) => Math.abs(t.y - y) < 14 && x < t.right + 6 && t.x < x + width + 6)) {
    context.lineJoin = 'round'
    context.strokeStyle = colours.surface
    context.lineWidth = 4
    context.strokeText(text, x, y)
    context.fillStyle = one.placement.failed ? colours.fail : colours.text[one.plane]
    context.fillText(text, x, y)
    taken.push({ x, y, right: x + width })
  }
  context.restore()
}
