/** Messages on the one wire: leases and packets use the same cable. Pure. */
import { placeOf, roleOf, type SimEvent } from '../../sim/contract.ts'
import type { Placement } from '../drawing/glyph-painter.ts'
import { bottom, middleX } from '../drawing/box.ts'
import { isAnswer, isFailure, planeOf } from '../drawing/plane.ts'
import { reversed, route, type Point, type Route } from '../drawing/route.ts'
import { narrateEvent } from '../words/narrate-event.ts'
import type { ClusterPicture } from './select.ts'

const CENTRAL: ReadonlySet<string> = new Set(['apiserver', 'scheduler', 'controller-manager'])
const OUTSIDE: ReadonlySet<string> = new Set(['laptop', 'registry', 'external', 'cloud'])

export function wayOnWire(event: SimEvent, picture: ClusterPicture): Placement | undefined {
  const plane = planeOf(event)
  if (plane === undefined) return undefined
  const lost = event.kind === 'wire.lost' ? (event.data as { from?: string; to?: string }) : undefined
  const from = place(lost?.from ?? event.from)
  const to = place(lost?.to ?? event.to)
  if (from === to)
    return CENTRAL.has(roleOf(event.from)) && CENTRAL.has(roleOf(event.to)) ? within(event, picture) : undefined
  const a = plug(from, picture)
  const b = plug(to, picture)
  if (!a || !b) return undefined
  const y = picture.wireY
  const ab: Point[] = [a, { x: a.x, y }, { x: b.x, y }, b]
  const way = lost ? cut(a, picture, from) : route(`${from}>${to}`, ab, { wired: true, radius: 4 })
  return {
    route: way,
    plane,
    hollow: isAnswer(event),
    failed: isFailure(event),
    label: labelOf(event),
    labelSide: lost ? 'left' : 'right',
  }
}

function labelOf(event: SimEvent): string | undefined {
  return event.kind === 'api.response' ? undefined : narrateEvent(event).title
}

function place(actor: string): string {
  return CENTRAL.has(actor) ? 'control-plane' : OUTSIDE.has(actor) ? 'outside' : placeOf(actor)
}

function plug(name: string, picture: ClusterPicture): Point | undefined {
  if (name === 'outside') return { x: picture.wireEnd, y: picture.wireY }
  const plane = picture.controlPlane
  if (plane && name === plane.name) return { x: plane.plugX, y: bottom(plane.box) }
  const body = picture.bodies.find((n) => n.name === name)
  return body && { x: body.plugX, y: bottom(body.box) }
}

/** Lost at the plug that hangs free. */
function cut(a: Point, picture: ClusterPicture, from: string): Route {
  const pulled = picture.bodies.find((b) => b.name === from && !b.cable)
  if (pulled)
    return route(`cut-${from}`, [
      { x: a.x, y: a.y - 14 },
      { x: a.x, y: a.y + 12 },
    ])
  const other = picture.bodies.find((b) => !b.cable)
  const x = other?.plugX ?? a.x
  return route(`cut-${from}`, [a, { x: a.x, y: picture.wireY }, { x, y: picture.wireY }], { wired: true })
}

/** Inside the control plane: between its controllers and the API server. */
function within(event: SimEvent, picture: ClusterPicture): Placement | undefined {
  const plane = picture.controlPlane
  if (!plane) return undefined
  const x = middleX(plane.lifecycle)
  const up = route('inside', [
    { x, y: plane.lifecycle.y + 4 },
    { x, y: bottom(plane.api) - 2 },
  ])
  return {
    route: event.from === 'apiserver' ? reversed(up) : up,
    plane: planeOf(event),
    hollow: isAnswer(event),
    failed: isFailure(event),
  }
}
