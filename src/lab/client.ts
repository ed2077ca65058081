/**
 * The page's end of the lab: one worker, one replica, one clock to draw by. Views and the shell read here and send
 * here; nothing else in the page knows that there is a worker.
 */
import { useCallback, useEffect, useRef, useSyncExternalStore } from 'react'
import { useStore } from 'zustand'
import { createStore, type StoreApi } from 'zustand/vanilla'
import type { Micros } from '../sim/contract.ts'
import type {
  Answer,
  Ask,
  Bookmark,
  Density,
  Frame,
  FromWorker,
  Pace,
  Replica,
  TerminalToWorker,
  ToWorker,
} from './protocol.ts'
import { LiveReplica } from './replica.ts'

export { isRoutine, planeOf, watches } from './watch.ts'
export { shortName } from './short-name.ts'

/** What the transport and the shell show. Changes at most once per animation frame. */
export interface LabState {
  /** False until the first frame has come. */
  ready: boolean
  /** Grows whenever the records have changed. */
  version: number
  replica: Replica
  /** The moment shown, told about ten times a second; exact in `onFrame`. */
  shown: Micros
  playing: boolean
  spinning: boolean
  pace: Pace
  head: Micros
  executed: number
  headExecuted: number
  scenario: string
  seed: number
  branch: number
  branches: Frame['branches']
  bookmarks: readonly Bookmark[]
  density: Density | undefined
  busy: Frame['busy']
  stopped: Frame['stopped']
  /** The lab itself could not do what it was told (a bad scenario, a link that does not fit). */
  failed: string | undefined
}

type FrameCallback = (now: Micros, replica: Replica) => void
type TerminalText = (text: string) => void
export type Effect = Extract<FromWorker, { t: 'effect' }>['effect']

export interface Lab {
  readonly store: StoreApi<LabState>
  send(message: ToWorker): void
  /** Rejects with a sentence for the person. */
  ask<T>(ask: Ask): Promise<T>
  /** Calls back once per animation frame in which something may have moved. Returns its own undo. */
  onFrame(callback: FrameCallback): () => void
  terminal(session: string, onText: TerminalText): { send(data: TerminalToWorker): void; close(): void }
  onEffect(callback: (session: string, effect: Effect) => void): () => void
}

/** The part of `Worker` that is used, so that a test can stand in for it. */
export interface Wire {
  postMessage(message: ToWorker): void
  onmessage: ((event: MessageEvent<FromWorker>) => void) | null
}
export interface Frames {
  request(callback: (wall: number) => void): void
}

/** React hears of the clock this often when nothing else changes. */
const CLOCK_MS = 100

export function createLab(wire: Wire, frames: Frames): Lab {
  const live = new LiveReplica()
  let last: Frame | undefined
  /** Wall time of the frame's first drawing; the clock goes on from there by itself. */
  let anchor: number | undefined
  let shown: Micros = 0
  let toldAt = -Infinity
  let undrawn: Frame[] = []
  let requested = false
  const callbacks = new Set<FrameCallback>()
  const asked = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  const terminals = new Map<string, TerminalText>()
  const effects = new Set<(session: string, effect: Effect) => void>()
  let nextAsk = 1

  const store = createStore<LabState>(() => ({
    ready: false,
    version: 0,
    replica: live.view(0),
    shown: 0,
    playing: false,
    spinning: false,
    pace: { mode: 'follow' },
    head: 0,
    executed: 0,
    headExecuted: 0,
    scenario: '',
    seed: 0,
    branch: 0,
    branches: [],
    bookmarks: [],
    density: undefined,
    busy: undefined,
    stopped: undefined,
    failed: undefined,
  }))

  function request(): void {
    if (requested) return
    requested = true
    frames.request(draw)
  }

  function draw(wall: number): void {
    requested = false
    const news = undrawn
    undrawn = []
    const frame = last
    if (!frame) return
    if (news.length > 0 || anchor === undefined) anchor = wall
    const ahead = Math.min(frame.until, frame.shown + frame.rate * (wall - anchor))
    const flows = news.every((one) => !one.jumped && !one.whole) && frame.playing
    // The page may have run a little ahead of the worker: it waits there and does not go back.
    shown = flows ? Math.max(shown, ahead) : ahead
    if (frame.playing && ahead < shown && shown - ahead > 50 * frame.rate) shown = ahead
    tell(frame, news, wall)
    const { replica } = store.getState()
    for (const callback of callbacks) callback(shown, replica)
    for (const one of news) wire.postMessage({ t: 'drawn', seq: one.seq })
    if (frame.playing && frame.rate > 0 && shown < frame.until) request()
  }

  function tell(frame: Frame, news: readonly Frame[], wall: number): void {
    const state = store.getState()
    const records = live.version !== state.version
    const due = wall - toldAt >= CLOCK_MS || !frame.playing
    if (!records && !due && news.length === 0) return
    const next: Partial<LabState> = {}
    if (records || (due && state.shown !== shown)) {
      next.shown = shown
      next.version = live.version
      next.replica = live.view(shown)
      toldAt = wall
    }
    for (const one of news) {
      if (one.bookmarks) next.bookmarks = one.bookmarks
      if (one.density) next.density = one.density
    }
    const { playing, spinning, pace, head, executed, headExecuted, scenario, seed, branch, branches, busy, stopped } =
      frame
    const flat: Partial<LabState> = {
      playing,
      spinning,
      head,
      executed,
      headExecuted,
      scenario,
      seed,
      branch,
      busy,
      stopped,
    }
    // The counters alone are no reason to draw: they come along with what is.
    if (!state.ready || Object.keys(next).length > 0 || changedTransport(state, frame))
      store.setState({
        ...next,
        ...flat,
        ready: true,
        failed: undefined,
        pace: samePace(state.pace, pace) ? state.pace : pace,
        branches: sameBranches(state.branches, branches) ? state.branches : branches,
      })
  }

  wire.onmessage = ({ data }) => {
    switch (data.t) {
      case 'frame':
        live.apply(data.frame)
        last = data.frame
        undrawn.push(data.frame)
        request()
        return
      case 'answer': {
        const waiting = asked.get(data.id)
        asked.delete(data.id)
        const answer = data.answer as Answer<never>
        if (answer.ok) waiting?.resolve(answer.value)
        else waiting?.reject(new Error(answer.message))
        return
      }
      case 'terminal':
        terminals.get(data.session)?.(data.text)
        return
      case 'effect':
        for (const callback of effects) callback(data.session, data.effect)
        return
      case 'failed':
        store.setState({ failed: data.message, ready: true })
    }
  }

  return {
    store,
    send: (message) => wire.postMessage(message),
    ask: (ask) =>
      new Promise((resolve, reject) => {
        const id = nextAsk++
        asked.set(id, { resolve, reject })
        wire.postMessage({ t: 'ask', id, ask })
      }),
    onFrame(callback) {
      callbacks.add(callback)
      request()
      return () => callbacks.delete(callback)
    },
    terminal(session, onText) {
      terminals.set(session, onText)
      return {
        send: (data) => wire.postMessage({ t: 'terminal', session, data }),
        close() {
          terminals.delete(session)
          wire.postMessage({ t: 'terminal', session, data: { d: 'close' } })
        },
      }
    },
    onEffect(callback) {
      effects.add(callback)
      return () => effects.delete(callback)
    },
  }
}

function changedTransport(state: LabState, frame: Frame): boolean {
  return (
    state.playing !== frame.playing ||
    state.spinning !== frame.spinning ||
    state.branch !== frame.branch ||
    state.busy?.at !== frame.busy?.at ||
    state.stopped !== frame.stopped ||
    !samePace(state.pace, frame.pace) ||
    !sameBranches(state.branches, frame.branches)
  )
}

function samePace(a: Pace, b: Pace): boolean {
  return a.mode === 'follow' ? b.mode === 'follow' : b.mode === 'speed' && a.factor === b.factor
}

function sameBranches(a: Frame['branches'], b: Frame['branches']): boolean {
  return a.length === b.length && a.every((branch, i) => branch.id === b[i]!.id && branch.head === b[i]!.head)
}

let made: Lab | undefined

declare global {
  interface Window {
    /** The worker that the first script started before anything else was loaded, and what it has said since. */
    nodeglass?: { worker: Worker; early: MessageEvent<FromWorker>[] }
  }
}

/** The lab of this page. The worker was started by `src/app/start.ts`, before React was even loaded. */
export function theLab(): Lab {
  if (made) return made
  if (!window.nodeglass) throw new Error('the worker was not started')
  const { worker, early } = window.nodeglass
  const lab = createLab(worker as Wire, { request: (callback) => void requestAnimationFrame(callback) })
  worker.onerror = (event) => {
    event.preventDefault()
    lab.store.setState({
      failed: `The model could not be loaded: ${event.message || 'its script did not start'}.`,
      ready: true,
    })
  }
  document.addEventListener('visibilitychange', () => lab.send({ t: 'visible', on: !document.hidden }))
  made = lab
  for (const event of early.splice(0)) worker.onmessage?.(event)
  return lab
}

/** A part of what the transport shows. */
export function useLab<T>(selector: (state: LabState) => T): T {
  return useStore(theLab().store, selector)
}

/**
 * Something computed from the records; computed again when they change, and the component draws again only when the
 * result differs (shallowly, for arrays and plain objects). The selector may be a new function on each render.
 */
export function useReplica<T>(selector: (replica: Replica) => T): T {
  const { store } = theLab()
  const cache = useRef<{ replica: Replica; selector: (replica: Replica) => T; value: T }>(undefined)
  const read = useCallback(() => {
    const { replica } = store.getState()
    const held = cache.current
    if (held && held.replica === replica && held.selector === selector) return held.value
    const value = selector(replica)
    const kept = held && same(held.value, value) ? held.value : value
    cache.current = { replica, selector, value: kept }
    return kept
  }, [store, selector])
  return useSyncExternalStore(store.subscribe, read)
}

function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const [keys, others] = [Object.keys(a), Object.keys(b)]
  return keys.length === others.length && keys.every((key) => Object.is((a as never)[key], (b as never)[key]))
}

/** Model time, about ten times a second. For what ticks in words; digits that spin use `useFrame`. */
export function useClock(): Micros {
  return useLab((state) => state.shown)
}

/** Runs once per animation frame while something can move, outside React's rendering. */
export function useFrame(callback: FrameCallback): void {
  const latest = useRef(callback)
  useEffect(() => {
    latest.current = callback
  })
  useEffect(() => theLab().onFrame((now, replica) => latest.current(now, replica)), [])
}
