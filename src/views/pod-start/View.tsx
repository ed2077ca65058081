/** Pod start: every message that makes one pod run, in lanes, from top to bottom; below *now* it is blank. */
import { useLayoutEffect, useMemo, useRef, useState } from 'react'
import { inFlight, type Micros, type Replica, type ViewProps } from '../contract.ts'
import type { SimEvent } from '../../sim/contract.ts'
import { parseRfc3339 } from '../../sim/clock.ts'
import type { Pod } from '../../model/apiserver/objects.ts'
import type { Placement } from '../drawing/glyph-painter.ts'
import { Glyph, InlineGlyph, planeClass } from '../drawing/Glyph.tsx'
import { useHistory } from '../drawing/history.ts'
import { podOfEvent } from '../drawing/pod-of-event.ts'
import { route } from '../drawing/route.ts'
import { ofEvent, sameSelection } from '../drawing/selection.ts'
import { elideMiddle, fits, shortPodName, spellMillis, spellSpan } from '../drawing/spell.ts'
import { Stage, Thing } from '../drawing/Stage.tsx'
import { fromTo } from '../words/narrate-event.ts'
import { say } from '../words/say.ts'
import { tipFor } from '../words/describe-thing.ts'
import { Phases } from './Phases.tsx'
import { eventsOfPod, HEADER, isTold, podInHand, ROW, selectStart, type Row, type StartPicture } from './select.ts'
import css from './pod-start.module.css'

/** A pod is bound within the second before its start is seen. */
const BEFORE = 2_000_000

export default function PodStartView(props: ViewProps) {
  const { replica, node, selected, size } = props
  const [kept, setKept] = useState<string>()
  const pod = podInHand(replica, node, selected, kept)
  const uid = pod?.metadata.uid
  if (uid !== undefined && uid !== kept) setKept(uid)
  if (!pod || uid === undefined) {
    return (
      <Stage view={props} label="Pod start" describe={tipFor}>
        <p className={css.empty}>{say('caption.pod-start.waiting')}</p>
      </Stage>
    )
  }
  return <Start {...props} pod={pod} uid={uid} onPod={setKept} size={size} />
}

function Start(props: ViewProps & { pod: Pod; uid: string; onPod: (uid: string) => void }) {
  const { replica, now, size, selected, pod, uid, node } = props
  const home = pod.spec.nodeName ?? node
  const from = Math.max(0, parseRfc3339(pod.metadata.creationTimestamp) - BEFORE)
  const history = useHistory(
    replica,
    { key: uid, from, filter: { actors: [`${home}/`, 'scheduler', 'controller-manager', 'apiserver'], timers: true } },
    () => true,
  )
  const found = useMemo(() => eventsOfPod(history, uid, replica), [history, uid, replica])
  const flying = useMemo(() => underWay(replica, now, uid), [replica, now, uid])
  const picture = useMemo(
    () => selectStart(found.shown, found.all, flying, pod, replica, size),
    [found, flying, pod, replica, size],
  )
  const pods = replica.all('pods')
  const chosenRow = picture.rows.find((row) => sameSelection(selected, ofEvent(row.event.id)))
  if (size.width < 410) return <StartList {...props} picture={picture} />
  const place = (event: SimEvent): Placement | undefined => {
    const row = picture.rows.find((r) => r.event.id === event.id)
    return row && { route: rowRoute(row, picture), plane: row.plane, hollow: row.answer, failed: row.failed }
  }
  return (
    <Stage
      view={props}
      label={`Start of pod ${pod.metadata.name}`}
      describe={tipFor}
      place={place}
      height={picture.height}
    >
      <Follow rows={picture.rows.length} y={picture.nowY} />
      <div style={{ height: picture.height }}>
        <div className={css.header} style={{ height: HEADER }}>
          <Header picture={picture} width={size.width} />
          <select
            className={css.choose}
            style={{ left: picture.textX - 6, maxWidth: size.width - picture.textX - 68 }}
            aria-label="Pod"
            value={uid}
            onChange={(e) => choose(e.target.value, props)}
          >
            {pods.map((p) => (
              <option key={p.metadata.uid} value={p.metadata.uid}>
                {p.metadata.name}
              </option>
            ))}
          </select>
        </div>
      </div>
      <svg width={size.width} height={picture.height} role="presentation">
        {picture.lanes.map((lane) => (
          <path key={lane.id} d={`M${lane.x} ${HEADER}V${picture.nowY}`} className={css.lane} />
        ))}
        {chosenRow && <rect x="0" y={chosenRow.y - ROW / 2} width={size.width} height={ROW} className={css.chosen} />}
        <Bars picture={picture} />
        <Critical picture={picture} />
        {picture.rows.map((row, i) => (
          <RowShape
            key={row.event.id}
            row={row}
            picture={picture}
            width={size.width}
            stop={i === picture.rows.length - 1}
          />
        ))}
        <path d={`M4 ${picture.nowY}H${size.width - 4}`} className={css.now} />
        <Phases picture={picture} width={size.width} now={now} top={picture.nowY + 10} />
      </svg>
    </Stage>
  )
}

function choose(uid: string, props: ViewProps & { onPod: (uid: string) => void }): void {
  props.onSelect(undefined)
  props.onPod(uid)
}

function underWay(replica: Replica, now: Micros, uid: string): SimEvent[] {
  const found: SimEvent[] = []
  for (const event of inFlight(replica, now)) if (podOfEvent(event, replica) === uid && isTold(event)) found.push(event)
  return found.sort((a, b) => a.sent - b.sent || a.id - b.id)
}

/** Keeps the newest row in sight while the reader has not scrolled away. */
function Follow({ rows, y }: { rows: number; y: number }) {
  const mark = useRef<HTMLSpanElement>(null)
  const before = useRef(y)
  useLayoutEffect(() => {
    const root = mark.current?.parentElement
    if (!root) return
    const atEnd = root.scrollTop + root.clientHeight >= before.current - ROW * 3
    before.current = y
    if (atEnd && y + 60 > root.clientHeight) root.scrollTop = y + 60 - root.clientHeight
  }, [rows, y])
  return <span ref={mark} hidden />
}

function Header({ picture, width }: { picture: StartPicture; width: number }) {
  return (
    <svg width={width} height={HEADER} aria-hidden="true">
      {picture.lanes.map((lane) => (
        <g key={lane.id}>
          <text x={lane.x} y={lane.level === 0 ? 18 : 36} textAnchor="middle" className={css.ink}>
            {lane.name}
          </text>
          <path d={`M${lane.x} ${lane.level === 0 ? 23 : 40}V${HEADER}`} className={css.lane} />
        </g>
      ))}
      <text x={width - 14} y="18" textAnchor="end" className={css.ink3}>
        ms since
      </text>
      <text x={width - 14} y="34" textAnchor="end" className={css.ink3}>
        bound
      </text>
    </svg>
  )
}

const EDGE = 10

function ends(row: Row, picture: StartPicture): { a: number; b: number } {
  const x = (lane: number): number => (lane < 0 ? EDGE : picture.lanes[lane]!.x)
  const a = x(row.from)
  const b = x(row.to)
  const way = b > a ? 1 : -1
  return { a: a + 4 * way, b: b - 6 * way }
}

function rowRoute(row: Row, picture: StartPicture) {
  const { a, b } = ends(row, picture)
  return route(`row-${row.event.id}`, [
    { x: a, y: row.y },
    { x: b, y: row.y },
  ])
}

function RowShape({ row, picture, width, stop }: { row: Row; picture: StartPicture; width: number; stop: boolean }) {
  const { a, b } = ends(row, picture)
  const heading = b > a ? 0 : 180
  const room = width - 74 - picture.textX
  return (
    <Thing
      select={ofEvent(row.event.id)}
      name={`${row.title}, ${fromTo(row.event).from} to ${fromTo(row.event).to}, ${spellMillis(row.since)} ms`}
      box={{ x: 6, y: row.y - ROW / 2, width: width - 12, height: ROW, radius: 4 }}
      quiet
      brackets={false}
      dense={!stop}
    >
      <g className={css.row}>
        {!row.flying && (
          <g className={row.failed ? css.failed : planeClass(row.plane)}>
            <path d={`M${a} ${row.y}H${b}`} className={css.arrow} />
          </g>
        )}
        {!row.flying && (
          <Glyph
            plane={row.plane}
            x={b}
            y={row.y}
            radius={4.4}
            state={row.answer ? 'hollow' : 'solid'}
            heading={heading}
          />
        )}
        <text x={picture.textX} y={row.y + 4.5} className={css.title}>
          {elideMiddle(row.title, fits(room, 13))}
        </text>
        <text
          x={width - 14}
          y={row.y + 4.5}
          textAnchor="end"
          className={
            row.flying ? `${css.mono} ${css.b} ${css.ink}` : `${css.mono} ${row.critical ? css.ink : css.ink3}`
          }
        >
          {row.flying ? 'now' : spellMillis(row.since)}
        </text>
      </g>
    </Thing>
  )
}

function Bars({ picture }: { picture: StartPicture }) {
  return picture.bars.map((bar) => {
    const lane = picture.lanes[bar.lane]!
    return (
      <g key={bar.event} className={planeClass(bar.plane)}>
        <rect
          x={lane.x - 3.5 + bar.shift}
          y={bar.top}
          width="7"
          height={Math.max(4, (bar.bottom ?? picture.nowY) - bar.top)}
          rx="2"
          className={css.bar}
        />
      </g>
    )
  })
}

/** The thick rule beside the names: rows of the critical path. */
function Critical({ picture }: { picture: StartPicture }) {
  const x = picture.textX - 10
  const d = picture.rows
    .filter((row) => row.critical && !row.flying)
    .map((row) => `M${x} ${row.y - ROW / 2}V${row.y + ROW / 2}`)
    .join('')
  return <path d={d} className={css.critical} />
}

/** 390 px: a list, newest below. */
function StartList(props: ViewProps & { picture: StartPicture; pod: Pod }) {
  const { picture, selected, onSelect, pod } = props
  return (
    <Stage view={props} label={`Start of pod ${pod.metadata.name}`} describe={tipFor} height={props.size.height + 1}>
      <ol className={css.list}>
        {picture.rows.map((row) => {
          const { from, to } = fromTo(row.event)
          const chosen = sameSelection(selected, ofEvent(row.event.id))
          return (
            <li key={row.event.id}>
              <button
                type="button"
                aria-pressed={chosen}
                onClick={() => onSelect(chosen ? undefined : ofEvent(row.event.id))}
              >
                <InlineGlyph plane={row.plane} state={row.answer ? 'hollow' : 'solid'} />
                <span>
                  <b>{row.title}</b>
                  <small>{`${from} to ${to}`}</small>
                </span>
                <span className={css.ms}>{row.flying ? 'now' : spellMillis(row.since)}</span>
              </button>
            </li>
          )
        })}
      </ol>
    </Stage>
  )
}

export function caption(replica: Replica, now: Micros, node: string): string {
  const pod = podInHand(replica, node, undefined, undefined)
  if (!pod) return say('caption.pod-start.waiting')
  const events = eventsOfPod(replica.recent, pod.metadata.uid, replica).shown
  const first = events[0]
  if (!first) return ''
  return say('caption.pod-start', {
    pod: shortPodName(pod.metadata.name, 30),
    count: events.length,
    span: spellSpan(now - first.sent),
  })
}
