/** The Timeline: every actor a lane, every message an arrow; the chosen one with its causes and effects. Pure. */
import { isRoutine } from '../../lab/watch.ts'
import { placeOf, roleOf, type EventId, type Micros, type SimEvent } from '../../sim/contract.ts'
import type { Replica, Size } from '../contract.ts'
import { isAnswer, isFailure, planeOf, type Plane } from '../drawing/plane.ts'
import { podOfEvent } from '../drawing/pod-of-event.ts'
import { textWidth } from '../drawing/spell.ts'
import { actorShort } from '../words/actors.ts'
import { nameById } from '../words/describe-thing.ts'
import { narrateEvent } from '../words/narrate-event.ts'
import type { Stretch } from './window.ts'

export interface Filter {
  readonly planes: ReadonlySet<Plane>
  readonly node?: string
  readonly pod?: string
  readonly failed: boolean
  readonly heartbeats: boolean
  /** Only what led to the chosen event or came from it. */
  readonly related: boolean
}

export interface Lane {
  readonly actor: string
  readonly name: string
  readonly place: string
  readonly y: number
}

export interface Arrow {
  readonly event: SimEvent
  readonly plane: Plane
  readonly x1: number
  readonly y1: number
  readonly x2: number
  readonly y2: number
  readonly answer: boolean
  readonly failed: boolean
  readonly tone: 'chosen' | 'cause' | 'effect' | 'plain' | 'ghost'
  readonly title: string
  /** Where its name stands, if there is room. */
  readonly label?: { x: number; y: number; anchor: 'start' | 'end' }
  /** 1 is the nearest cause. */
  readonly step?: number
}

export interface CallBar {
  readonly event: EventId
  readonly plane: Plane
  readonly x: number
  readonly y: number
  readonly width: number
  readonly chosen: boolean
  readonly open: boolean
}

export interface TimelinePicture {
  readonly lanes: readonly Lane[]
  readonly hiddenLanes: number
  readonly arrows: readonly Arrow[]
  readonly bars: readonly CallBar[]
  /** The way of the causes through the actors: a path in ink. */
  readonly causePath: string
  readonly shown: number
  readonly all: number
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

export interface Relation {
  /** Nearest first, without the chosen event. */
  readonly causes: readonly SimEvent[]
  readonly effects: ReadonlySet<EventId>
}

export const LEFT = 128
export const OVERVIEW = 96
const HEAD = 46
const FILTERS = 48
const PITCH = 60
const LEAST_PITCH = 27
const MOST_ARROWS = 700

export function selectTimeline(
  events: readonly SimEvent[],
  stretch: Stretch,
  filter: Filter,
  chosen: EventId | undefined,
  relation: Relation,
  replica: Replica,
  size: Size,
): TimelinePicture {
  const right = size.width - 20
  const top = OVERVIEW + HEAD
  const room = size.height - top - FILTERS - 12
  const told = relation.causes.filter((e) => e.from !== e.to)
  const steps = new Map(told.map((e, i) => [e.id, i + 1]))
  const inside = merge(events, relation.causes).filter(
    (e) => e.from !== e.to && e.at >= stretch.from && e.sent <= stretch.to && planeOf(e) !== undefined,
  )
  const related = (e: SimEvent) => e.id === chosen || steps.has(e.id) || relation.effects.has(e.id)
  const passed = inside.filter(
    (e) => isShown(e, filter, replica) || (chosen !== undefined && (e.id === chosen || steps.has(e.id))),
  )
  const drawn = (filter.related && chosen !== undefined ? passed.filter(related) : passed).slice(-MOST_ARROWS)
  const { lanes, hidden } = placeLanes(drawn, room, top, related)
  const laneY = new Map(lanes.map((l) => [l.actor, l.y]))
  const x = (at: Micros): number => LEFT + ((at - stretch.from) / (stretch.to - stretch.from)) * (right - LEFT)
  const names = nameById(replica)
  const arrows: Arrow[] = []
  for (const event of drawn) {
    const y1 = laneY.get(laneOf(event.from))
    const y2 = laneY.get(laneOf(event.to))
    const plane = planeOf(event)!
    if (y1 === undefined || y2 === undefined || y1 === y2) continue
    arrows.push({
      event,
      plane,
      x1: Math.max(LEFT, x(event.sent)),
      y1,
      x2: Math.min(right, x(event.at)),
      y2,
      answer: isAnswer(event),
      failed: isFailure(event),
      tone:
        event.id === chosen
          ? 'chosen'
          : steps.has(event.id)
            ? 'cause'
            : relation.effects.has(event.id)
              ? 'effect'
              : chosen === undefined
                ? 'plain'
                : 'ghost',
      title: narrateEvent(event, names).title,
      step: steps.get(event.id),
    })
  }
  return {
    lanes,
    hiddenLanes: hidden,
    arrows: withLabels(arrows, lanes, right),
    bars: callBars(arrows, x(Math.min(stretch.to, replica.now)), chosen),
    causePath: causePath(arrows, chosen),
    shown: arrows.length,
    all: inside.length,
    left: LEFT,
    right,
    top,
    bottom: lanes.length === 0 ? top + 40 : lanes[lanes.length - 1]!.y + 18,
  }
}

/** Causes may lie before the history that is held: they are drawn all the same. */
function merge(events: readonly SimEvent[], causes: readonly SimEvent[]): SimEvent[] {
  const known = new Set(events.map((e) => e.id))
  const extra = causes.filter((e) => !known.has(e.id))
  return extra.length === 0 ? [...events] : [...extra, ...events].sort((a, b) => a.at - b.at || a.id - b.id)
}

export function isShown(event: SimEvent, filter: Filter, replica: Pick<Replica, 'get'>): boolean {
  const plane = planeOf(event)
  if (plane === undefined || !filter.planes.has(plane)) return false
  if (!filter.heartbeats && isRoutine(event)) return false
  if (filter.failed && !isFailure(event)) return false
  if (filter.node !== undefined && placeOf(event.from) !== filter.node && placeOf(event.to) !== filter.node)
    return false
  return filter.pod === undefined || podOfEvent(event, replica) === filter.pod
}

const ORDER = [
  'laptop',
  'external',
  'cloud',
  'controller-manager',
  'scheduler',
  'apiserver',
  'kubelet',
  'containerd',
  'cni',
  'runc',
  'kernel',
  'proc',
  'kube-proxy',
  'cni-agent',
  'metallb-controller',
  'metallb-speaker',
  'registry',
  'wire',
]

/** A lost message ends at the wire; everyone else has a lane of his own. */
function laneOf(actor: string): string {
  return actor
}

function placeLanes(
  events: readonly SimEvent[],
  room: number,
  top: number,
  related: (e: SimEvent) => boolean,
): { lanes: Lane[]; hidden: number } {
  const weight = new Map<string, number>()
  for (const event of events) {
    const w = related(event) ? 1_000 : 1
    for (const actor of [event.from, event.to]) weight.set(actor, (weight.get(actor) ?? 0) + w)
  }
  const most = Math.max(3, Math.floor(room / LEAST_PITCH))
  const kept = [...weight]
    .sort((a, b) => b[1] - a[1])
    .slice(0, most)
    .map(([actor]) => actor)
  const ordered = kept.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  const pitch = Math.min(PITCH, room / Math.max(1, ordered.length))
  const lanes = ordered.map((actor, i) => ({
    actor,
    name: actorShort(actor),
    place: actor.includes('/') ? placeOf(actor) : '',
    y: Math.round(top + pitch * (i + 0.6)),
  }))
  return { lanes, hidden: weight.size - kept.length }
}

/** Central actors first, then each node's own together. */
function rank(actor: string): number {
  const i = ORDER.indexOf(roleOf(actor))
  if (!actor.includes('/')) return i < 0 ? 50 : i === ORDER.indexOf('registry') ? 90_000 : i
  const place = placeOf(actor)
  let hash = 0
  for (let k = 0; k < place.length; k++) hash = (hash * 31 + place.charCodeAt(k)) % 700
  const order = /(\d+)$/.exec(place)
  return 100 + (order ? Number(order[1]) * 100 : hash * 100) + (i < 0 ? 60 : i)
}

/** Names stand between two lanes beside their own line, never on another: the telling ones first. */
function withLabels(arrows: readonly Arrow[], lanes: readonly Lane[], right: number): Arrow[] {
  const weight = { chosen: 0, cause: 1, effect: 2, plain: 3, ghost: 9 } as const
  const order = [...arrows].sort((a, b) => weight[a.tone] - weight[b.tone] || a.x2 - b.x2)
  const taken: { x1: number; x2: number; y: number }[] = []
  const lines = arrows.map((a) => ({ x: (a.x1 + a.x2) / 2, top: Math.min(a.y1, a.y2), bottom: Math.max(a.y1, a.y2) }))
  const labels = new Map<EventId, Arrow['label']>()
  let tried = 0
  for (const arrow of order) {
    if (arrow.tone === 'ghost' || tried++ > 160) continue
    const width = textWidth(arrow.title) + 4
    const low = Math.min(arrow.y1, arrow.y2)
    const next = lanes.find((l) => l.y > low)?.y ?? low + 30
    if (next - low < 26) continue
    const y = (low + next) / 2 + 4
    const x =
      arrow.x1 +
      ((arrow.x2 - arrow.x1) * (arrow.y1 < arrow.y2 ? y - arrow.y1 : arrow.y1 - y)) /
        Math.max(1, Math.abs(arrow.y2 - arrow.y1))
    for (const anchor of ['start', 'end'] as const) {
      const gap = arrow.step === undefined ? 7 : 24
      const x1 = anchor === 'start' ? x + gap : x - gap - width
      const x2 = x1 + width
      if (x1 < LEFT || x2 > right) continue
      if (taken.some((t) => Math.abs(t.y - y) < 15 && x1 < t.x2 + 4 && t.x1 < x2 + 4)) continue
      if (lines.some((line) => line.x > x1 - 2 && line.x < x2 + 2 && line.top < y && line.bottom > y - 10)) continue
      taken.push({ x1, x2, y })
      labels.set(arrow.event.id, { x: anchor === 'start' ? x1 : x2, y, anchor })
      break
    }
  }
  return arrows.map((arrow) => ({ ...arrow, label: labels.get(arrow.event.id) }))
}

/** A call is open on the lane of whoever was asked, from its arrival to the departure of its answer. */
function callBars(arrows: readonly Arrow[], nowX: number, chosen: EventId | undefined): CallBar[] {
  const open: { arrow: Arrow; method: string }[] = []
  const bars: CallBar[] = []
  const push = (arrow: Arrow, end: number, stillOpen: boolean) =>
    bars.push({
      event: arrow.event.id,
      plane: arrow.plane,
      x: arrow.x2,
      y: arrow.y2,
      width: Math.max(2, end - arrow.x2),
      chosen: arrow.event.id === chosen,
      open: stillOpen,
    })
  for (const arrow of arrows) {
    const method = methodOf(arrow.event)
    if (arrow.answer) {
      for (let i = open.length - 1; i >= 0; i--) {
        const { arrow: asked, method: its } = open[i]!
        if (
          asked.event.to !== arrow.event.from ||
          asked.event.from !== arrow.event.to ||
          asked.plane !== arrow.plane ||
          its !== method
        )
          continue
        open.splice(i, 1)
        push(asked, arrow.x1, false)
        break
      }
    } else if (/^(cri\.request|cni\.(add|del)|oci\.(create|start)|registry\.request)$/.test(arrow.event.kind))
      open.push({ arrow, method })
  }
  for (const { arrow } of open) if (arrow.x2 < nowX) push(arrow, nowX, true)
  return bars
}

function methodOf(event: SimEvent): string {
  const data = event.data as { method?: string; digest?: string; op?: string; image?: string; command?: string } | null
  return (
    data?.method ??
    data?.digest ??
    (event.kind.startsWith('oci.') ? (data?.op ?? event.kind.slice(4)) : (data?.op ?? data?.command ?? ''))
  )
}

/** Along lanes and arrows, from the root to the chosen event. */
function causePath(arrows: readonly Arrow[], chosen: EventId | undefined): string {
  const chain = arrows
    .filter((a) => a.step !== undefined || a.event.id === chosen)
    .sort((a, b) => (b.step ?? 0) - (a.step ?? 0))
  if (chain.length < 2) return ''
  let d = ''
  chain.forEach((arrow, i) => {
    d += i === 0 ? `M${round(arrow.x1)} ${arrow.y1}` : `L${round(arrow.x1)} ${arrow.y1}`
    d += `L${round(arrow.x2)} ${arrow.y2}`
  })
  return d
}

const round = (n: number): number => Math.round(n * 10) / 10
