/**
 * The frame every picture stands in: things that can be chosen, the canvas of moving glyphs, the tooltip, the keys.
 * Arrow keys go to the nearest thing in that direction; Enter chooses; Escape lets go.
 */
import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  type KeyboardEvent,
  type PointerEvent,
  type ReactNode,
} from 'react'
import type { Replica } from '../../lab/protocol.ts'
import type { Micros, SimEvent } from '../../sim/contract.ts'
import { inFlight, type Selection, type ViewProps } from '../contract.ts'
import { paint, type Colours, type Placement, type Spot } from './glyph-painter.ts'
import { Live, useLive } from './live.tsx'
import type { Plane } from './plane.ts'
import { ofEvent, sameSelection } from './selection.ts'
import { Tooltip, type Description } from './Tooltip.tsx'
import { hoverEvent, hoveredEvent, onHover } from './twins.ts'
import css from './drawing.module.css'

/** Where the pointer was last seen to move or press, on the whole page. */
let lastPointer: { x: number; y: number } | undefined
if (typeof window !== 'undefined')
  for (const kind of ['pointermove', 'pointerdown'] as const)
    window.addEventListener(kind, (event) => (lastPointer = { x: event.clientX, y: event.clientY }), { passive: true })

const rested = (event: { clientX: number; clientY: number }): boolean =>
  lastPointer?.x === event.clientX && lastPointer.y === event.clientY

export interface StageProps {
  readonly view: ViewProps
  /** Name of the picture for a screen reader. */
  readonly label: string
  readonly place?: (event: SimEvent, replica: Replica) => Placement | undefined
  readonly describe: (selection: Selection, replica: Replica, now: Micros) => Description | undefined
  /** Height of the drawing where it is taller than the stage. */
  readonly height?: number
  readonly children: ReactNode
}

interface StageHandle {
  readonly selected: Selection | undefined
  readonly onSelect: (selection: Selection | undefined) => void
  readonly point: (selection: Selection | undefined, element?: Element, about?: Description) => void
}

const StageContext = createContext<StageHandle | undefined>(undefined)

interface Pointed {
  selection: Selection
  about?: Description
  anchor: { x: number; y: number; width: number; height: number }
}

/** How near a pointer must come to a moving glyph; a finger is thicker. */
const REACH = { mouse: 14, touch: 26 } as const

export function Stage({ view, label, place, describe, height, children }: StageProps) {
  const { replica, now, selected, onSelect, size, onFrame, onRun, onWhy } = view
  const root = useRef<HTMLDivElement>(null)
  const spots = useRef<readonly Spot[]>([])
  const [pointed, setPointed] = useState<Pointed>()
  const [flying, setFlying] = useState<readonly SimEvent[]>([])
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const phone = useNarrowScreen()

  const later = useCallback((next: Pointed | undefined, delay: number) => {
    clearTimeout(timer.current)
    timer.current = setTimeout(() => setPointed(next), delay)
  }, [])
  useEffect(() => () => clearTimeout(timer.current), [])

  const point = useCallback(
    (selection: Selection | undefined, element?: Element, about?: Description) => {
      if (!selection || !element || !root.current) return later(undefined, 160)
      const outer = root.current.getBoundingClientRect()
      const box = element.getBoundingClientRect()
      later(
        { selection, about, anchor: { x: box.x - outer.x, y: box.y - outer.y, width: box.width, height: box.height } },
        420,
      )
    },
    [later],
  )
  const handle = useMemo<StageHandle>(() => ({ selected, onSelect, point }), [selected, onSelect, point])

  const spotAt = (event: PointerEvent | React.MouseEvent): Spot | undefined => {
    const outer = root.current?.getBoundingClientRect()
    if (!outer) return undefined
    const x = event.clientX - outer.x
    const y = event.clientY - outer.y + (root.current?.scrollTop ?? 0)
    let best: Spot | undefined
    let near: number =
      'pointerType' in event.nativeEvent && event.nativeEvent.pointerType === 'touch' ? REACH.touch : REACH.mouse
    for (const spot of spots.current) {
      const far = Math.hypot(spot.x - x, spot.y - y)
      if (far < near) {
        near = far
        best = spot
      }
    }
    return best
  }

  const onPointerMove = (event: PointerEvent) => {
    if (event.pointerType === 'touch') return
    const spot = spotAt(event)
    const before = hoveredEvent()
    hoverEvent(spot?.event.id)
    root.current?.classList.toggle(css.pointing ?? '', spot !== undefined)
    if (spot && spot.event.id !== before) {
      later(
        {
          selection: ofEvent(spot.event.id),
          anchor: { x: spot.x - 8, y: spot.y - 8 - (root.current?.scrollTop ?? 0), width: 16, height: 16 },
        },
        90,
      )
    } else if (!spot && before !== undefined) later(undefined, 160)
  }
  const onClickCapture = (event: React.MouseEvent) => {
    if ((event.target as Element).closest('[data-tip]')) return
    const spot = spotAt(event)
    if (!spot) return
    event.stopPropagation()
    onSelect(ofEvent(spot.event.id))
  }

  const about = phone ? selected : (pointed?.selection ?? undefined)
  const description = about && ((phone ? undefined : pointed?.about) ?? describe(about, replica, now))
  const anchor = pointed?.anchor ?? { x: 0, y: 0, width: 0, height: 0 }

  return (
    <Live replica={replica} now={now} onFrame={onFrame}>
      <StageContext value={handle}>
        <div className={css.outer} style={{ width: size.width, height: size.height }}>
          <div
            ref={root}
            className={css.stage}
            style={{
              width: size.width,
              height: size.height,
              overflowY: height !== undefined && height > size.height ? 'auto' : 'hidden',
            }}
            role="group"
            aria-label={label}
            onPointerMove={onPointerMove}
            onPointerLeave={() => {
              hoverEvent(undefined)
              later(undefined, 160)
            }}
            onClickCapture={onClickCapture}
            onClick={(event) => event.target === root.current && onSelect(undefined)}
            onKeyDown={(event) => onKey(event, root.current, () => (setPointed(undefined), onSelect(undefined)))}
          >
            {children}
            {place && (
              <GlyphCanvas
                width={size.width}
                height={height ?? size.height}
                place={place}
                reducedMotion={view.reducedMotion}
                selectedEvent={selected?.kind === 'event' ? selected.event : undefined}
                onSpots={(next) => (spots.current = next)}
                onFlying={setFlying}
              />
            )}
            {flying.length > 0 && (
              <ul className={css.flying} aria-label="Messages under way">
                {flying.map((event) => (
                  <li key={event.id}>
                    <button
                      type="button"
                      onFocus={() => hoverEvent(event.id)}
                      onBlur={() => hoverEvent(undefined)}
                      onClick={() => onSelect(ofEvent(event.id))}
                    >
                      {describe(ofEvent(event.id), replica, now)?.title ?? event.kind}
                    </button>
                  </li>
                ))}
              </ul>
            )}
          </div>
          {about && description && (
            <div data-tip="">
              <Tooltip
                about={description}
                selection={about}
                anchor={anchor}
                size={size}
                onRun={onRun}
                onWhy={onWhy}
                onEnter={() => clearTimeout(timer.current)}
                onLeave={() => later(undefined, 160)}
                onClose={phone ? () => onSelect(undefined) : undefined}
              />
            </div>
          )}
        </div>
      </StageContext>
    </Live>
  )
}

/** A phone: tooltips become a card along the bottom. A narrow picture on a wide screen is none. */
function useNarrowScreen(): boolean {
  const [narrow, setNarrow] = useState(() => matchMedia(NARROW).matches)
  useEffect(() => {
    const query = matchMedia(NARROW)
    const hear = () => setNarrow(query.matches)
    query.addEventListener('change', hear)
    return () => query.removeEventListener('change', hear)
  }, [])
  return narrow
}
const NARROW = '(max-width: 599px)'

export interface ThingProps {
  readonly select: Selection
  /** For a screen reader: what it is and how it stands. */
  readonly name: string
  readonly box: { x: number; y: number; width: number; height: number; radius?: number }
  /** Brackets when chosen; false where the thing is too small for them. */
  readonly brackets?: boolean
  /** What the tooltip says, where the thing is less than what is selected. */
  readonly about?: Description
  /** Shows no outline when chosen: it stands for something larger that does. */
  readonly quiet?: boolean
  /** Reached by arrow keys only: one of hundreds. */
  readonly dense?: boolean
  /** Done beside choosing it. */
  readonly also?: () => void
  readonly children: ReactNode
}

/** Something that stands: chosen by click, tap or Enter. */
export function Thing({ select, name, box, brackets = true, about, quiet, dense, also, children }: ThingProps) {
  const stage = useContext(StageContext)
  const chosen = !quiet && sameSelection(stage?.selected, select)
  const radius = box.radius ?? 6
  return (
    <g
      className={css.thing}
      role="button"
      tabIndex={dense ? -1 : 0}
      aria-label={name}
      aria-pressed={chosen}
      data-thing=""
      onClick={(event) => {
        event.stopPropagation()
        stage?.onSelect(chosen ? undefined : select)
        if (!chosen) also?.()
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return
        event.preventDefault()
        event.stopPropagation()
        stage?.onSelect(chosen ? undefined : select)
        if (!chosen) also?.()
      }}
      // A thing that comes to lie under a resting pointer (a new page, a new pod) was not pointed at.
      onPointerEnter={(event) =>
        event.pointerType !== 'touch' && !rested(event) && stage?.point(select, event.currentTarget, about)
      }
      onPointerLeave={() => stage?.point(undefined)}
    >
      <rect x={box.x} y={box.y} width={box.width} height={box.height} className={css.hit} />
      {children}
      <rect
        x={box.x - 0.5}
        y={box.y - 0.5}
        width={box.width + 1}
        height={box.height + 1}
        rx={radius}
        className={css.hover}
      />
      <rect
        x={box.x - 3}
        y={box.y - 3}
        width={box.width + 6}
        height={box.height + 6}
        rx={radius + 3}
        className={css.focus}
      />
      {chosen && (
        <rect
          x={box.x}
          y={box.y}
          width={box.width}
          height={box.height}
          rx={radius}
          className={css.focus}
          style={{ opacity: 1 }}
        />
      )}
      {chosen && brackets && <ChosenBrackets box={box} />}
    </g>
  )
}

function ChosenBrackets({ box }: { box: ThingProps['box'] }) {
  const g = 6
  const a = Math.min(11, box.width / 3, box.height / 3)
  const [l, t, r, b] = [box.x - g, box.y - g, box.x + box.width + g, box.y + box.height + g]
  return (
    <path
      className={css.brackets}
      d={`M${l} ${t + a}V${t}H${l + a}M${r - a} ${t}H${r}V${t + a}M${r} ${b - a}V${b}H${r - a}M${l + a} ${b}H${l}V${b - a}`}
    />
  )
}

function onKey(event: KeyboardEvent, root: HTMLElement | null, letGo: () => void): void {
  if (event.key === 'Escape') return letGo()
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key]
  if (!way || !root || !(event.target instanceof Element) || !event.target.hasAttribute('data-thing')) return
  const here = centre(event.target)
  let best: SVGElement | undefined
  let cost = Infinity
  for (const other of root.querySelectorAll<SVGElement>('[data-thing]')) {
    if (other === event.target) continue
    const there = centre(other)
    const along = (there.x - here.x) * way[0]! + (there.y - here.y) * way[1]!
    const aside = Math.abs((there.x - here.x) * way[1]!) + Math.abs((there.y - here.y) * way[0]!)
    if (along > 2 && along + aside * 2 < cost) {
      cost = along + aside * 2
      best = other
    }
  }
  if (best) {
    event.preventDefault()
    event.stopPropagation()
    best.focus()
  }
}

function centre(element: Element): { x: number; y: number } {
  const box = element.getBoundingClientRect()
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 }
}

interface GlyphCanvasProps {
  width: number
  height: number
  place: NonNullable<StageProps['place']>
  reducedMotion: boolean
  selectedEvent: number | undefined
  onSpots: (spots: readonly Spot[]) => void
  onFlying: (events: readonly SimEvent[]) => void
}

/** At most this many messages are listed for the keyboard; more cannot be told apart by ear. */
const LISTED = 12

function GlyphCanvas({ width, height, place, reducedMotion, selectedEvent, onSpots, onFlying }: GlyphCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const colours = useRef<Colours>(undefined)
  const listed = useRef('')
  const blank = useRef(true)

  useEffect(() => {
    const forget = () => (colours.current = undefined)
    const theme = new MutationObserver(forget)
    theme.observe(document.documentElement, { attributes: true })
    theme.observe(document.body, { attributes: true })
    const dark = matchMedia('(prefers-color-scheme: dark)')
    dark.addEventListener('change', forget)
    return () => {
      theme.disconnect()
      dark.removeEventListener('change', forget)
    }
  }, [])

  const draw = (now: Micros, replica: Replica) => {
    const element = canvas.current
    const context = element?.getContext('2d')
    if (!element || !context) return
    colours.current ??= readColours(element)
    const ratio = window.devicePixelRatio || 1
    const pixels = { width: Math.round(width * ratio), height: Math.round(height * ratio) }
    if (element.width !== pixels.width || element.height !== pixels.height) Object.assign(element, pixels)
    if (!blank.current) {
      context.setTransform(1, 0, 0, 1, 0, 0)
      context.clearRect(0, 0, element.width, element.height)
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    const spots = paint(
      context,
      {
        events: visible(replica, now),
        now,
        width,
        reducedMotion,
        selectedEvent,
        hoveredEvent: hoveredEvent(),
        place: (event) => place(event, replica),
      },
      colours.current,
    )
    blank.current = spots.length === 0
    onSpots(spots)
    const few = spots.slice(0, LISTED)
    const key = few.map((spot) => spot.event.id).join()
    if (key !== listed.current) {
      listed.current = key
      onFlying(few.map((spot) => spot.event))
    }
  }
  useLive(draw)
  useEffect(() => onHover(() => undefined), [])

  return <canvas ref={canvas} className={css.canvas} style={{ width, height }} aria-hidden="true" />
}

/** Under way, and what arrived in this very instant: the last of these is what a step has just shown. */
function* visible(replica: Replica, now: Micros): Iterable<SimEvent> {
  yield* inFlight(replica, now)
  for (let i = replica.recent.length - 1; i >= 0; i--) {
    const event = replica.recent[i]!
    if (event.at < now) return
    // In a compressed gap the clock runs behind what has happened: that is not news.
    if (event.at === now && event.from !== event.to) yield event
  }
}

function readColours(element: Element): Colours {
  const style = getComputedStyle(element)
  const get = (name: string, otherwise: string) => style.getPropertyValue(name).trim() || otherwise
  const plane: Record<Plane, string> = {
    api: get('--api', '#0A5FB4'),
    cri: get('--cri', '#8E2C86'),
    kernel: get('--kernel', '#00735D'),
    packet: get('--packet', '#B23E00'),
    store: get('--store', '#9A7A00'),
  }
  return {
    plane,
    text: { ...plane, store: get('--storeT', '#6B5700') },
    surface: get('--surface', '#FDFCFA'),
    ink: get('--ink', '#1A1B1C'),
    ink2: get('--ink2', '#45474A'),
    fail: get('--fail', '#A8002A'),
    font: style.fontFamily || 'sans-serif',
  }
}
