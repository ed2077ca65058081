/** The start of one pod as rows in lanes: every message that concerns it, in order. Pure. */
import { isRoutine } from '../../lab/watch.ts'
import { placeOf, roleOf, type Micros, type SimEvent } from '../../sim/contract.ts'
import { parseRfc3339 } from '../../sim/clock.ts'
import type { Pod } from '../../model/apiserver/objects.ts'
import type { Replica, Selection, Size } from '../contract.ts'
import { isAnswer, isFailure, planeOf, type Plane } from '../drawing/plane.ts'
import { podOfEvent } from '../drawing/pod-of-event.ts'
import { narrateEvent } from '../words/narrate-event.ts'
import { nameById } from '../words/describe-thing.ts'

export interface Lane {
  readonly id: string
  readonly name: string
  readonly x: number
  /** Names of narrow lanes stand on two levels. */
  readonly level: 0 | 1
}

export interface Row {
  readonly event: SimEvent
  readonly y: number
  readonly from: number
  readonly to: number
  readonly plane: Plane
  readonly title: string
  /** Milliseconds since the pod was bound. */
  readonly since: Micros
  readonly answer: boolean
  readonly failed: boolean
  /** On the longest chain of causes from the first message to the last. */
  readonly critical: boolean
  /** Still under way. */
  readonly flying: boolean
}

export interface OpenBar {
  readonly lane: number
  readonly plane: Plane
  readonly top: number
  /** undefined: not answered yet, the bar goes down to now. */
  readonly bottom?: number
  readonly event: number
  readonly shift: number
}

export interface StartPicture {
  readonly lanes: readonly Lane[]
  readonly rows: readonly Row[]
  readonly bars: readonly OpenBar[]
  readonly nowY: number
  readonly height: number
  readonly textX: number
  readonly phases: readonly Phase[]
  readonly bound: Micros
  readonly hidden: number
}

/** A stretch of the start and how long it took. */
export interface Phase {
  readonly name: string
  readonly plane: Plane | undefined
  readonly from: Micros
  /** undefined: still in it. */
  readonly to?: Micros
}

const ROLES = [
  ['apiserver', 'API'],
  ['scheduler', 'scheduler'],
  ['kubelet', 'kubelet'],
  ['containerd', 'containerd'],
  ['cni', 'CNI'],
  ['registry', 'registry'],
  ['runc', 'runc'],
  ['kernel', 'kernel'],
] as const

export const ROW = 20
export const HEADER = 44
const FIRST = HEADER + 20
/** A pod that fails again and again: the newest rows. */
const MOST_ROWS = 220

/** The pod that is shown: the one that was chosen, else the newest on the node. */
export function podInHand(
  replica: Replica,
  node: string,
  selected: Selection | undefined,
  kept: string | undefined,
): Pod | undefined {
  const chosen = podOfSelection(replica, selected)
  if (chosen) return chosen
  const held = kept === undefined ? undefined : replica.by('pods', 'uid', kept)[0]
  if (held) return held
  let newest: Pod | undefined
  for (const pod of replica.by('pods', 'node', node)) {
    if (!newest || pod.metadata.creationTimestamp >= newest.metadata.creationTimestamp) newest = pod
  }
  return newest
}

export function podOfSelection(replica: Replica, selected: Selection | undefined): Pod | undefined {
  if (selected?.kind !== 'record') return undefined
  const { table, id } = selected
  if (table === 'pods') return replica.get('pods', id)
  const uid =
    table === 'sandboxes'
      ? replica.get('sandboxes', id)?.metadata.uid
      : table === 'containers'
        ? replica.get('containers', id)?.podUid
        : table === 'podWorkers'
          ? replica.get('podWorkers', id)?.uid
          : undefined
  return uid === undefined ? undefined : replica.by('pods', 'uid', uid)[0]
}

/** Answers of the kernel that say only "done": their request tells the story. */
const SILENT =
  /^(registry\.(blob|speed)|kernel\.(netns-added|link-added|cloned|run|link-set|listen|grow)|net\.|oci\.exec)/

/** Repeats what another row says: an answer without news, a change echoed to whoever watches. */
function isEcho(event: SimEvent): boolean {
  const data = (event.data ?? {}) as {
    code?: number
    type?: string
    object?: { metadata?: { deletionTimestamp?: string } }
  }
  if (event.kind === 'api.response') return (data.code ?? 200) < 400
  return (
    event.kind === 'api.watch' && data.type === 'MODIFIED' && data.object?.metadata?.deletionTimestamp === undefined
  )
}

/** The events of `all` that concern the pod, oldest first: by what they carry, else by what caused them. */
export function eventsOfPod(
  all: Iterable<SimEvent>,
  uid: string,
  replica: Replica,
): { shown: SimEvent[]; all: SimEvent[] } {
  const ours = new Set<number>()
  const every: SimEvent[] = []
  const found: SimEvent[] = []
  for (const event of all) {
    const direct = podOfEvent(event, replica)
    const concerns =
      direct === undefined ? inheritsPod(event) && event.causes.some((cause) => ours.has(cause)) : direct === uid
    if (!concerns) continue
    ours.add(event.id)
    every.push(event)
    if (isTold(event)) found.push(event)
  }
  return { shown: found, all: every }
}

/** Whether a message gets a row. */
export function isTold(event: SimEvent): boolean {
  if (event.from === event.to || planeOf(event) === undefined) return false
  return !isRoutine(event) && !SILENT.test(event.kind) && !isEcho(event)
}

/** A message without ids of its own belongs to the pod whose message led to it, within the runtime. */
function inheritsPod(event: SimEvent): boolean {
  return /^(registry|oci|kernel|cni|cri|timer|volume)\./.test(event.kind)
}

export function selectStart(
  events: readonly SimEvent[],
  every: readonly SimEvent[],
  flying: readonly SimEvent[],
  pod: Pod,
  replica: Replica,
  size: Size,
): StartPicture {
  const wide = size.width >= 640
  const roles = wide ? ROLES : ROLES.filter(([id]) => id !== 'scheduler')
  const textWidth = wide ? Math.min(360, size.width * 0.3) : Math.max(206, size.width * 0.42)
  const lanes = placeLanes(roles, size.width - textWidth, wide)
  const bound = boundAt(events, pod)
  const ready = readyAt(events, pod)
  const inTime = events.filter((e) => (wide || e.at >= bound) && (ready === undefined || e.at <= ready))
  const shown = inTime.slice(-MOST_ROWS)
  const critical = chainBack(every, inTime[inTime.length - 1])
  const names = nameById(replica)
  // Not by the clock: in a compressed gap it still runs behind what has happened.
  const underWay = new Set(flying.map((e) => e.id))
  const all = [...shown, ...(ready === undefined ? flying : [])]
  const rows: Row[] = []
  let y = FIRST
  for (const event of all) {
    const from = laneOf(lanes, event.from)
    const to = laneOf(lanes, event.to)
    const plane = planeOf(event)
    if (plane === undefined || from === to) continue
    rows.push({
      event,
      y,
      from,
      to,
      plane,
      title: narrateEvent(event, names).title,
      since: event.at - bound,
      answer: isAnswer(event),
      failed: isFailure(event),
      critical: critical.has(event.id),
      flying: underWay.has(event.id),
    })
    y += ROW
  }
  const nowY = y - ROW / 2 + 2
  return {
    lanes,
    rows,
    bars: openBars(rows),
    nowY,
    height: Math.max(size.height, nowY + 40),
    textX: size.width - textWidth + 14,
    phases: phasesOf(rows, bound, ready),
    bound,
    hidden: inTime.length - shown.length,
  }
}

function placeLanes(roles: readonly (readonly [string, string])[], room: number, wide: boolean): Lane[] {
  const left = wide ? 56 : 30
  const pitch = Math.min(132, (room - left - (wide ? 48 : 14)) / (roles.length - 1))
  return roles.map(([id, name], i) => ({
    id,
    name,
    x: Math.round(left + i * pitch),
    level: pitch < 74 && i % 2 === 1 ? 1 : 0,
  }))
}

/** -1: from or to someone who has no lane (a controller, the laptop): the edge of the picture. */
function laneOf(lanes: readonly Lane[], actor: string): number {
  const role = roleOf(actor)
  return lanes.findIndex((lane) => lane.id === (role === 'proc' ? 'kernel' : role))
}

/** When the kubelet learned of the pod; before that, when the object was made. */
function boundAt(events: readonly SimEvent[], pod: Pod): Micros {
  const told = events.find(
    (e) => e.kind === 'api.watch' && roleOf(e.to) === 'kubelet' && placeOf(e.to) === pod.spec.nodeName,
  )
  return told?.at ?? events[0]?.at ?? parseRfc3339(pod.metadata.creationTimestamp)
}

/** The first status that says Ready has reached the API server: the start is over. */
function readyAt(events: readonly SimEvent[], pod: Pod): Micros | undefined {
  for (const event of events) {
    if (event.kind !== 'api.request') continue
    const data = event.data as { resource?: string; subresource?: string; body?: { status?: Pod['status'] } }
    if (data.resource !== 'pods' || data.subresource !== 'status') continue
    if (data.body?.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True')) return event.at
  }
  void pod
  return undefined
}

/** Ids of the chain of first causes from `last` back to the beginning. */
export function chainBack(events: readonly SimEvent[], last: SimEvent | undefined): Set<number> {
  const byId = new Map(events.map((e) => [e.id, e]))
  const chain = new Set<number>()
  let here = last
  while (here && !chain.has(here.id)) {
    chain.add(here.id)
    here = nearest(here, byId, events)
  }
  return chain
}

/** The newest cause among the shown; where a timer or a hidden message lies between, the newest message to its sender. */
function nearest(
  event: SimEvent,
  byId: ReadonlyMap<number, SimEvent>,
  events: readonly SimEvent[],
): SimEvent | undefined {
  let best: SimEvent | undefined
  for (const id of event.causes) {
    const cause = byId.get(id)
    if (cause && (!best || cause.at > best.at)) best = cause
  }
  if (best) return best
  for (let i = events.length - 1; i >= 0; i--) {
    const other = events[i]!
    if (other.at <= event.sent && other.to === event.from && other.id !== event.id) return other
  }
  return undefined
}

/** A call is open from its request to its answer, on the lane of whoever was asked. */
export function openBars(rows: readonly Row[]): OpenBar[] {
  const open: (OpenBar & { row: Row; method: string })[] = []
  const bars: OpenBar[] = []
  for (const row of rows) {
    if (row.from < 0 || row.to < 0 || row.flying) continue
    if (row.answer) {
      const method = methodOf(row.event)
      for (let i = open.length - 1; i >= 0; i--) {
        const bar = open[i]!
        if (bar.row.to !== row.from || bar.row.from !== row.to || bar.plane !== row.plane) continue
        if (method !== '' && bar.method !== '' && method !== bar.method) continue
        open.splice(i, 1)
        bars.push({ lane: bar.lane, plane: bar.plane, top: bar.top, bottom: row.y, event: bar.event, shift: bar.shift })
        break
      }
    } else if (
      row.event.kind === 'cri.request' ||
      row.event.kind.startsWith('cni.') ||
      row.event.kind === 'registry.request' ||
      /^oci\.(create|start)$/.test(row.event.kind)
    ) {
      const beside = open.filter((bar) => bar.lane === row.to).length
      open.push({
        lane: row.to,
        plane: row.plane,
        top: row.y,
        event: row.event.id,
        shift: Math.min(beside, 3) * 5,
        row,
        method: methodOf(row.event),
      })
    }
  }
  for (const bar of open)
    bars.push({ lane: bar.lane, plane: bar.plane, top: bar.top, event: bar.event, shift: bar.shift })
  return bars
}

function methodOf(event: SimEvent): string {
  const data = event.data as { method?: string; digest?: string; op?: string }
  return data.method ?? data.digest ?? data.op ?? (/^oci\.(create|start)$/.test(event.kind) ? event.kind.slice(4) : '')
}

const CALLS: readonly (readonly [method: string, name: string, plane: Plane])[] = [
  ['RunPodSandbox', 'sandbox', 'cri'],
  ['PullImage', 'image', 'store'],
  ['CreateContainer', 'create', 'cri'],
  ['StartContainer', 'start', 'kernel'],
]

/** Where the time went: the calls of the runtime, and what lies before, between and after them. */
function phasesOf(rows: readonly Row[], bound: Micros, ready: Micros | undefined): Phase[] {
  const phases: Phase[] = []
  let at = bound
  const gap = (until: Micros, name: string) => {
    if (until - at > 500) phases.push({ name, plane: undefined, from: at, to: until })
  }
  const open = new Map<string, Micros>()
  let some = false
  for (const { event, flying } of rows) {
    const method = (event.data as { method?: string }).method
    const call = CALLS.find(([name]) => name === method)
    if (!call || flying) continue
    if (event.kind === 'cri.request') open.set(call[0], event.sent)
    else if (event.kind === 'cri.response') {
      const from = open.get(call[0])
      if (from === undefined) continue
      open.delete(call[0])
      gap(from, some ? 'kubelet' : 'volumes, cgroups')
      some = true
      phases.push({ name: call[1], plane: call[2], from, to: event.at })
      at = Math.max(at, event.at)
    }
  }
  for (const [method, from] of open) {
    const call = CALLS.find(([name]) => name === method)!
    gap(from, some ? 'kubelet' : 'volumes, cgroups')
    phases.push({ name: call[1], plane: call[2], from })
    return phases
  }
  if (some) {
    if (ready !== undefined) gap(ready, 'until Ready')
    else phases.push({ name: 'until Ready', plane: undefined, from: at })
  }
  return phases
}
