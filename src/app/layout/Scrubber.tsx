import { useMemo, useRef, type KeyboardEvent, type PointerEvent } from 'react'
import { theLab, useFrame, useLab } from '../../lab/client.ts'
import { stopwatch } from '../../sim/clock.ts'
import { useSize } from '../hooks.ts'
import { densityColumns, horizonOf, placeFlags } from './horizon.ts'
import css from './transport.module.css'

const COLUMN = 4
const LINE_Y = 22
/** While dragging, a seek every so many milliseconds is enough. */
const DRAG_MS = 60

/** The whole run as one line: density above, flags with words, what is past in ink, forks below. */
export function Scrubber({ forks = true }: { forks?: boolean }) {
  const root = useRef<HTMLDivElement>(null)
  const travelled = useRef<SVGLineElement>(null)
  const ring = useRef<SVGGElement>(null)
  const size = useSize(root)
  const width = size?.width ?? 0
  const head = useLab((state) => state.head)
  const bookmarks = useLab((state) => state.bookmarks)
  const density = useLab((state) => state.density)
  const branch = useLab((state) => state.branch)
  const branches = useLab((state) => state.branches)
  const shown = useLab((state) => state.shown)
  const horizon = horizonOf(Math.max(head, ...branches.map((other) => other.head)))
  const x = (at: number): number => (at / horizon) * width
  const drag = useRef<{ last: number; timer: ReturnType<typeof setTimeout> | undefined }>(undefined)

  useFrame((now) => {
    const at = Math.min(width, (now / horizon) * width)
    travelled.current?.setAttribute('x2', String(at))
    ring.current?.setAttribute('transform', `translate(${at} ${LINE_Y})`)
  })

  const flags = useMemo(() => placeFlags(bookmarks, horizon, width), [bookmarks, horizon, width])
  const columns = useMemo(() => {
    if (!density || width === 0) return []
    const total: number[] = []
    for (const counts of Object.values(density.planes))
      counts.forEach((count, i) => (total[i] = (total[i] ?? 0) + count))
    return densityColumns(
      Array.from(total, (n) => n ?? 0),
      density.bucketMicros,
      horizon,
      Math.floor(width / COLUMN),
    )
  }, [density, horizon, width])
  const bars = columns
    .map((height, i) => (height > 0 ? `M${i * COLUMN + 1} 19v${-(0.8 + height * 9).toFixed(2)}` : ''))
    .join('')
  const others = forks ? branches.filter((other) => other.id !== branch).slice(-2) : []
  const own = branches.find((one) => one.id === branch)

  const seekTo = (clientX: number): void => {
    const box = root.current!.getBoundingClientRect()
    const at = Math.round((Math.min(box.width, Math.max(0, clientX - box.left)) / box.width) * horizon)
    theLab().send({ t: 'seek', at: Math.min(at, Math.max(head, 0)) })
  }
  const onPointerDown = (event: PointerEvent<HTMLDivElement>): void => {
    if (event.button !== 0 || (event.target as Element).closest('button')) return
    event.currentTarget.setPointerCapture(event.pointerId)
    drag.current = { last: event.timeStamp, timer: undefined }
    theLab().send({ t: 'play', on: false })
    seekTo(event.clientX)
  }
  const onPointerMove = (event: PointerEvent): void => {
    const held = drag.current
    if (!held) return
    clearTimeout(held.timer)
    const { clientX, timeStamp } = event
    if (timeStamp - held.last >= DRAG_MS) {
      held.last = timeStamp
      seekTo(clientX)
    } else held.timer = setTimeout(() => seekTo(clientX), DRAG_MS)
  }
  const onPointerEnd = (): void => {
    drag.current = undefined
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const now = theLab().store.getState().shown
    const second = event.shiftKey ? 10_000_000 : 1_000_000
    const to = {
      ArrowRight: now + second,
      ArrowLeft: now - second,
      PageUp: now + 60_000_000,
      PageDown: now - 60_000_000,
      Home: 0,
      End: head,
    }[event.key]
    if (to === undefined) return
    event.preventDefault()
    event.stopPropagation()
    theLab().send({ t: 'seek', at: Math.max(0, Math.round(to)) })
  }
  return (
    <div
      ref={root}
      className={css.track}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerEnd}
      onPointerCancel={onPointerEnd}
    >
      {/* The names of forks stand beside the slider and not in it: nothing may be pressed inside a slider. */}
      <div
        className={css.slider}
        role="slider"
        tabIndex={0}
        aria-label="Model time"
        aria-valuemin={0}
        aria-valuemax={Math.round(head / 1000)}
        aria-valuenow={Math.round(shown / 1000)}
        aria-valuetext={stopwatch(shown)}
        onKeyDown={onKeyDown}
      >
        {width > 0 && (
          <svg width={width} height={50} aria-hidden="true">
            <path d={bars} className={css.density} />
            <line x1={x(head)} x2={width} y1={LINE_Y} y2={LINE_Y} className={css.ahead} />
            <line x1={0} x2={x(head)} y1={LINE_Y} y2={LINE_Y} className={css.rail} />
            <line ref={travelled} x1={0} x2={0} y1={LINE_Y} y2={LINE_Y} stroke="var(--ink)" strokeWidth={2.5} />
            {flags.map((flag) => (
              <g key={`${flag.n}-${flag.says}`} transform={`translate(${flag.x} 0)`}>
                <path d="M0 26V9L7 12L0 15" className={css.flag} data-tone={flag.tone} />
                {flag.words && (
                  <text x={10} y={14} className={css.flagText}>
                    {flag.says}
                  </text>
                )}
              </g>
            ))}
            {others.map((other) => {
              const from = other.parent === branch || own?.parent !== other.id ? other.forkedAt : own.forkedAt
              const [a, b] = [x(from), Math.max(x(other.head), x(from) + 26)]
              return (
                <g key={other.id}>
                  <path d={`M${a} ${LINE_Y}C${a + 9} ${LINE_Y},${a + 6} 41,${a + 18} 41H${b}`} className={css.fork} />
                  <circle cx={b} cy={41} r={3} className={css.forkDot} />
                  <circle cx={a} cy={LINE_Y} r={4} className={css.forkRing} />
                </g>
              )
            })}
            <g ref={ring} transform={`translate(0 ${LINE_Y})`}>
              <path d="M0 -16V12" stroke="var(--ink)" strokeWidth={1.5} />
              <circle r={7} fill="var(--surface)" stroke="var(--ink)" strokeWidth={2.5} />
            </g>
          </svg>
        )}
      </div>
      {width > 0 &&
        others.map((other) => (
          <button
            key={other.id}
            className={css.forkName}
            style={{ left: Math.min(width - 120, Math.max(x(other.head), x(other.forkedAt) + 26) + 8) }}
            title="Show this fork at the same moment"
            onClick={() => theLab().send({ t: 'branch', id: other.id })}
          >
            {other.parent === undefined ? 'main' : `fork: ${other.cause}`}
          </button>
        ))}
    </div>
  )
}
