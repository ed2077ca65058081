/** Timeline: every actor a lane, every message an arrow, zoom from microseconds to hours. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { SimEvent } from '../../sim/contract.ts'
import type { Micros, Replica, ViewProps } from '../contract.ts'
import type { Placement } from '../drawing/glyph-painter.ts'
import { InlineGlyph } from '../drawing/Glyph.tsx'
import { useHistory } from '../drawing/history.ts'
import { isAnswer, PLANE_NAMES, PLANES, planeOf, type Plane } from '../drawing/plane.ts'
import { route } from '../drawing/route.ts'
import { ofEvent } from '../drawing/selection.ts'
import { shortPodName, spellSpan } from '../drawing/spell.ts'
import { Stage } from '../drawing/Stage.tsx'
import { podOfSelection } from '../pod-start/select.ts'
import { findEvent, nameById, tipFor } from '../words/describe-thing.ts'
import { narrateEvent } from '../words/narrate-event.ts'
import { say } from '../words/say.ts'
import { useOverview } from './density.ts'
import { LaneSheet } from './LaneSheet.tsx'
import { OverviewBand } from './OverviewBand.tsx'
import { PhoneTimeline } from './PhoneTimeline.tsx'
import { useRelation } from './relation.ts'
import { isShown, LEFT, selectTimeline, type Filter } from './select.ts'
import { Side } from './Side.tsx'
import { around, pan, stretchOf, zoom, type Window } from './window.ts'
import css from './timeline.module.css'

const FIRST_SPAN = 4_000_000
const SIDE = 300

export default function TimelineView(props: ViewProps) {
  const { replica, now, node, selected, size, onSelect, onWhy } = props
  const [window, setWindow] = useState<Window>({ span: FIRST_SPAN })
  const [planes, setPlanes] = useState<ReadonlySet<Plane>>(new Set(PLANES))
  const [only, setOnly] = useState({ node: false, pod: false, failed: false, heartbeats: false, related: false })
  const chosen = selected?.kind === 'event' ? selected.event : undefined
  const pod = podOfSelection(replica, selected)
  const [keptPod, setKeptPod] = useState<{ uid: string; name: string }>()
  if (pod && pod.metadata.uid !== keptPod?.uid) setKeptPod({ uid: pod.metadata.uid, name: pod.metadata.name })
  const stretch = stretchOf(window, now)
  const history = useSpan(replica, stretch, window.end === undefined)
  const { relation, effects } = useRelation(chosen, replica)
  const filter: Filter = useMemo(
    () => ({
      planes,
      node: only.node ? node : undefined,
      pod: only.pod ? keptPod?.uid : undefined,
      failed: only.failed,
      heartbeats: only.heartbeats,
      related: only.related,
    }),
    [planes, only, node, keptPod],
  )
  const wide = size.width >= 1100 && chosen !== undefined
  const sheet = useMemo(() => ({ width: wide ? size.width - SIDE : size.width, height: size.height }), [wide, size])
  const event = useMemo(
    () => (chosen === undefined ? undefined : (history.find((e) => e.id === chosen) ?? findEvent(replica, chosen))),
    [chosen, history, replica],
  )
  const all = useMemo(
    () => [...history, ...effects.filter((e) => e.at > (history[history.length - 1]?.at ?? -1))],
    [history, effects],
  )
  const picture = selectTimeline(all, stretch, filter, chosen, relation, replica, sheet)
  const overview = useOverview(history, now)

  // What was chosen elsewhere comes into sight.
  const seen = useRef<number>(undefined)
  useEffect(() => {
    if (!event || seen.current === event.id) return
    seen.current = event.id
    if (event.at < stretch.from || event.sent > stretch.to)
      setWindow((w) => ({ span: w.span, end: event.at + w.span / 2 }))
  }, [event, stretch.from, stretch.to])

  const fit = () => {
    if (!event) return
    const near = relation.causes.filter((e) => e.from !== e.to).slice(0, 6)
    const from = Math.min(event.sent, ...near.map((e) => e.sent))
    const last = effects.slice(0, 60).reduce((most, e) => Math.max(most, e.at), event.at)
    setWindow(around(from, Math.min(last, now)))
  }
  const jump = (by: 1 | -1) => {
    const same = history.filter((e) => (event ? e.kind === event.kind : true) && isShown(e, filter, replica))
    const i = event ? same.findIndex((e) => e.id === event.id) : by > 0 ? -1 : same.length
    const next = same[i + by]
    if (next) onSelect(ofEvent(next.id))
  }

  const gestures = useGestures(sheet.width, window, now, setWindow)
  const place = (moving: SimEvent): Placement | undefined => {
    const arrow = picture.arrows.find((a) => a.event.id === moving.id)
    if (!arrow || moving.at <= now) return undefined
    return {
      route: route(
        `t${moving.id}`,
        [
          { x: arrow.x1, y: arrow.y1 },
          { x: arrow.x2, y: arrow.y2 },
        ],
        { wired: true },
      ),
      hollow: isAnswer(moving),
    }
  }
  if (size.width < 520)
    return (
      <PhoneTimeline
        {...props}
        history={history}
        relation={relation}
        effects={effects}
        overview={overview}
        stretch={stretch}
        onMove={(at) => setWindow({ span: window.span, end: at + window.span / 2 })}
      />
    )
  return (
    <Stage view={props} label="Timeline" describe={tipFor} place={place}>
      <div
        ref={gestures.ref}
        onPointerDown={gestures.down}
        onPointerMove={gestures.move}
        style={{ position: 'absolute', inset: 0, touchAction: 'none' }}
      >
        <svg width={sheet.width} height={size.height} role="presentation">
          <OverviewBand
            overview={overview}
            stretch={stretch}
            now={now}
            width={sheet.width}
            axisY={picture.top - 6}
            onMove={(at) =>
              setWindow(
                at + window.span / 2 >= now ? { span: window.span } : { span: window.span, end: at + window.span / 2 },
              )
            }
          />
          <LaneSheet picture={picture} stretch={stretch} now={now} />
        </svg>
      </div>
      <div className={css.bar2} style={{ right: wide ? SIDE : 0 }} role="toolbar" aria-label="Which messages">
        <Chip on={only.related} onClick={() => setOnly({ ...only, related: !only.related })}>
          Causes and effects
        </Chip>
        {PLANES.map((plane) => (
          <Chip
            key={plane}
            on={planes.has(plane)}
            onClick={() => {
              const next = new Set(planes)
              if (!next.delete(plane)) next.add(plane)
              setPlanes(next)
            }}
          >
            <InlineGlyph plane={plane} state={planes.has(plane) ? 'solid' : 'hollow'} />{' '}
            {plane === 'store' ? 'Storage' : PLANE_NAMES[plane]}
          </Chip>
        ))}
        <i className={css.split} />
        {keptPod && (
          <Chip on={only.pod} onClick={() => setOnly({ ...only, pod: !only.pod })}>
            {`pod ${shortPodName(keptPod.name, 16)}`}
          </Chip>
        )}
        <Chip on={only.node} onClick={() => setOnly({ ...only, node: !only.node })}>
          {node}
        </Chip>
        <Chip on={only.failed} onClick={() => setOnly({ ...only, failed: !only.failed })}>
          failed
        </Chip>
        <Chip on={only.heartbeats} onClick={() => setOnly({ ...only, heartbeats: !only.heartbeats })}>
          heartbeats
        </Chip>
        <i className={css.split} />
        <button
          type="button"
          className={css.chip}
          aria-label="Shorter stretch of time"
          onClick={() => setWindow(zoom(window, 0.5, focusAt(), now))}
        >
          +
        </button>
        <button
          type="button"
          className={css.chip}
          aria-label="Longer stretch of time"
          onClick={() => setWindow(zoom(window, 2, focusAt(), now))}
        >
          -
        </button>
        <button type="button" className={css.chip} onClick={() => jump(-1)}>
          {event ? 'Previous of its kind' : 'Previous'}
        </button>
        <button type="button" className={css.chip} onClick={() => jump(1)}>
          {event ? 'Next of its kind' : 'Next'}
        </button>
        {window.end !== undefined && (
          <button type="button" className={css.chip} onClick={() => setWindow({ span: window.span })}>
            To now
          </button>
        )}
        <span className={css.count}>{`${picture.shown} of ${picture.all} messages, ${spellSpan(window.span)}`}</span>
      </div>
      {wide && event && (
        <Side
          event={event}
          causes={relation.causes}
          effects={relation.effects.size}
          replica={replica}
          onSelect={onSelect}
          onWhy={onWhy}
          onFit={fit}
        />
      )}
    </Stage>
  )

  function focusAt(): Micros {
    return event && event.at >= stretch.from && event.at <= stretch.to
      ? event.at
      : window.end === undefined
        ? now
        : (stretch.from + stretch.to) / 2
  }
}

/** Events around the window, fetched in steps of its width so that a slow pan asks rarely. */
function useSpan(replica: Replica, stretch: { from: Micros; to: Micros }, live: boolean): readonly SimEvent[] {
  const width = stretch.to - stretch.from
  const step = Math.floor(stretch.from / width)
  const from = Math.max(0, (step - 1) * width)
  const to = live ? undefined : (step + 3) * width
  const keep = useCallback((e: SimEvent) => e.from !== e.to && planeOf(e) !== undefined, [])
  return useHistory(replica, { key: `${from} ${to ?? ''}`, from, to, limit: 2_000 }, keep)
}

/** Wheel zooms about the pointer, dragging moves; both only over the lanes. */
function useGestures(width: number, window: Window, now: Micros, set: (next: Window) => void) {
  const ref = useRef<HTMLDivElement>(null)
  const state = useRef({ window, now, width, x: 0 })
  useEffect(() => {
    state.current = { ...state.current, window, now, width }
  })
  useEffect(() => {
    const element = ref.current
    if (!element) return
    const wheel = (event: WheelEvent) => {
      event.preventDefault()
      const { window: w, now: n, width: wide } = state.current
      const { from, to } = stretchOf(w, n)
      const share = (event.clientX - element.getBoundingClientRect().x - LEFT) / (wide - 20 - LEFT)
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) set(pan(w, ((to - from) * event.deltaX) / wide, n))
      else set(zoom(w, 1.0015 ** event.deltaY, from + (to - from) * Math.min(1, Math.max(0, share)), n))
    }
    element.addEventListener('wheel', wheel, { passive: false })
    return () => element.removeEventListener('wheel', wheel)
  }, [set])
  return {
    ref,
    down: (event: React.PointerEvent) => {
      state.current.x = event.clientX
    },
    move: (event: React.PointerEvent) => {
      if (event.buttons !== 1 || event.nativeEvent.offsetY < 100) return
      const { window: w, now: n, width: wide, x } = state.current
      const by = event.clientX - x
      if (Math.abs(by) < 3) return
      state.current.x = event.clientX
      set(pan(w, (-by / (wide - 20 - LEFT)) * w.span, n))
    },
  }
}

function Chip({ on, onClick, children }: { on: boolean; onClick: () => void; children: React.ReactNode }) {
  return (
    <button type="button" className={css.chip} aria-pressed={on} onClick={onClick}>
      {children}
    </button>
  )
}

export function caption(replica: Replica): string {
  const last = [...replica.recent].reverse().find((e) => e.from !== e.to && planeOf(e) !== undefined)
  if (!last) return ''
  const names = nameById(replica)
  const cause = last.causes[0] === undefined ? undefined : findEvent(replica, last.causes[0])
  const what = narrateEvent(last, names).title
  return cause ? say('caption.timeline', { what, cause: narrateEvent(cause, names).title }) : ''
}
