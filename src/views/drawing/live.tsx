/**
 * What changes with time alone (clocks, countdowns, filling layers) is written into the DOM once per frame, outside
 * React. React draws when records change.
 */
import {
  createContext,
  useContext,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  type ReactNode,
  type RefObject,
} from 'react'
import type { Replica } from '../../lab/protocol.ts'
import type { Micros } from '../../sim/contract.ts'
import type { FrameCallback, ViewProps } from '../contract.ts'

interface LiveSource {
  subscribe(callback: FrameCallback): () => void
  /** The time and records of the last frame or render, for a first drawing. */
  readonly last: { now: Micros; replica: Replica }
}

const LiveContext = createContext<LiveSource | undefined>(undefined)

export function Live({
  replica,
  now,
  onFrame,
  children,
}: Pick<ViewProps, 'replica' | 'now' | 'onFrame'> & { children: ReactNode }) {
  const callbacks = useRef(new Set<FrameCallback>())
  const source = useMemo<LiveSource & { last: { now: Micros; replica: Replica } }>(
    () => ({
      last: { now, replica },
      subscribe(callback) {
        callbacks.current.add(callback)
        return () => callbacks.current.delete(callback)
      },
    }),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the source is made once; `last` is written below
    [],
  )
  useLayoutEffect(() => {
    source.last = { now, replica }
    for (const callback of callbacks.current) callback(now, replica)
  })
  useEffect(
    () =>
      onFrame((at, records) => {
        source.last = { now: at, replica: records }
        for (const callback of callbacks.current) callback(at, records)
      }),
    [onFrame, source],
  )
  return <LiveContext value={source}>{children}</LiveContext>
}

/** Runs `write` now and on every frame. It must be cheap and touch only its own nodes. */
export function useLive(write: FrameCallback): void {
  const source = useContext(LiveContext)
  const latest = useRef(write)
  useLayoutEffect(() => {
    latest.current = write
    if (source) write(source.last.now, source.last.replica)
  })
  useEffect(() => source?.subscribe((now, replica) => latest.current(now, replica)), [source])
}

/** The time of the last frame, for an event handler. */
export function useLastFrame(): () => Micros {
  const source = useContext(LiveContext)
  return () => source?.last.now ?? 0
}

export function setText(node: RefObject<Element | null>, text: string): void {
  const element = node.current
  if (element && element.textContent !== text) element.textContent = text
}

export function setAttribute(node: RefObject<Element | null>, name: string, value: string): void {
  const element = node.current
  if (element && element.getAttribute(name) !== value) element.setAttribute(name, value)
}

/** SVG text that is a function of now. */
export function LiveText({
  say,
  className,
  x,
  y,
  anchor,
}: {
  say: (now: Micros) => string
  className?: string
  x: number
  y: number
  anchor?: 'start' | 'middle' | 'end'
}) {
  const node = useRef<SVGTextElement>(null)
  useLive((now) => setText(node, say(now)))
  return <text ref={node} x={x} y={y} textAnchor={anchor} className={className} />
}

/** HTML text that is a function of now. */
export function LiveSpan({ say, className }: { say: (now: Micros) => string; className?: string }) {
  const node = useRef<HTMLSpanElement>(null)
  useLive((now) => setText(node, say(now)))
  return <span ref={node} className={className} />
}
