/**
 * How wall time becomes model time. Pure: it is told how many milliseconds went by. Model time itself is untouched; a
 * pace only decides how long a moment is looked at.
 */
import type { JournalEntry, Micros, SimEvent } from '../sim/contract.ts'
import type { Pace } from './protocol.ts'

/** A watched message has 600 ms: it stands at the sender, travels, stands at the receiver. */
export const LEAVE_MS = 80
export const TRAVEL_MS = 440
export const ARRIVE_MS = 80
/** A gap in which nothing watched happens takes at most this long, however many minutes it spans. */
export const GAP_MS = 300
/** A gap without end is shown in pieces of this much model time. */
const GAP_PIECE: Micros = 60_000_000
/** After this much model time without anything watched, a step gives up. */
export const STEP_PATIENCE: Micros = 3_600_000_000

/** Events between two looks at the wall clock: one that runs for the first time may take half a millisecond. */
const EVENTS_A_LOOK = 4

/** What a pace drives. `Session` is one. */
export interface Course {
  readonly now: Micros
  /** Watched messages under way. */
  readonly watched: ReadonlyMap<number, SimEvent>
  /** What runs next. */
  peek(): { readonly id: number; readonly at: Micros } | undefined
  step(): JournalEntry | undefined
  /** True when the clock stands at `until`. */
  runUntil(until: Micros, maxEvents: number): boolean
  isWatched(event: SimEvent): boolean
}

export interface PaceState {
  pace: Pace
  /** The moment shown: `course.now` or later while a message travels, before it while the clock spins. */
  shown: number
  /** Milliseconds that the picture still stands still: something leaves or arrives. */
  hold: number
  /** The message whose arrival is being held. */
  arriving: number | undefined
  /** Ends of a gap that has been run through and is being shown, and the milliseconds left for it. */
  gapLeft: number
  /** Where a gap begins that is still being run through: the clock stands there until its end is known. */
  gapFrom: number | undefined
  /** Play until one watched message has arrived, then stop. */
  stepping: boolean
  stepFrom: Micros
  /** Model time per millisecond at the end of the last advance, for the page to go on by. */
  rate: number
  until: number
}

export function startPace(pace: Pace, now: Micros): PaceState {
  return {
    pace,
    shown: now,
    hold: 0,
    arriving: undefined,
    gapLeft: 0,
    gapFrom: undefined,
    stepping: false,
    stepFrom: now,
    rate: 0,
    until: now,
  }
}

/** Forgets what was being shown: after a seek, an input, a change of pace. The moment shown is the course's own. */
export function settle(state: PaceState, now: Micros): void {
  state.shown = now
  state.hold = state.gapLeft = state.rate = 0
  state.arriving = state.gapFrom = undefined
  state.until = now
}

/**
 * Lets `ms` milliseconds pass. `more()` turns false when the turn is used up; what is left of the time is dropped, so a
 * slow machine shows less per second and never freezes. Returns false when the run should stop playing.
 */
export function advance(course: Course, state: PaceState, ms: number, more: () => boolean): boolean {
  const follow = state.pace.mode === 'follow' || state.stepping
  const goOn = follow ? followFor(course, state, ms, more) : speedFor(course, state, ms, more)
  if (state.shown < course.now && state.gapLeft <= 0 && state.gapFrom === undefined) state.shown = course.now
  return goOn
}

function speedFor(course: Course, state: PaceState, ms: number, more: () => boolean): boolean {
  const factor = state.pace.mode === 'speed' ? state.pace.factor : 1
  const target = Math.max(state.shown, course.now) + ms * 1000 * factor
  while (!course.runUntil(Math.floor(target), EVENTS_A_LOOK)) {
    if (!more()) {
      state.shown = course.now
      state.rate = 0
      return true
    }
  }
  const next = course.peek()
  state.shown = Math.max(course.now, Math.min(target, next?.at ?? target))
  state.rate = factor * 1000
  state.until = next?.at ?? Infinity
  return true
}

function followFor(course: Course, state: PaceState, ms: number, more: () => boolean): boolean {
  let left = ms
  for (;;) {
    if (state.hold > 0) {
      const used = Math.min(left, state.hold)
      state.hold -= used
      left -= used
      state.rate = 0
      if (state.hold > 0) return true
    }
    if (state.gapLeft > 0) {
      const used = Math.min(left, state.gapLeft)
      state.shown += ((course.now - state.shown) * used) / state.gapLeft
      state.gapLeft -= used
      left -= used
      if (state.gapLeft > 0) {
        state.rate = (course.now - state.shown) / state.gapLeft
        state.until = course.now
        return true
      }
      state.shown = course.now
      if (course.watched.size > 0) state.hold = LEAVE_MS
      continue
    }
    if (left <= 0 || !more()) return true
    if (state.arriving !== undefined) {
      if (!arrive(course, state, more)) return false
    } else if (course.watched.size > 0 && state.gapFrom === undefined) left = travel(course, state, left, more)
    else if (!crossGap(course, state, more)) return false
  }
}

/** Runs events due up to and including the message whose arrival was held, and lets those that arrive with it pass. */
function arrive(course: Course, state: PaceState, more: () => boolean): boolean {
  const id = state.arriving
  for (;;) {
    const next = course.peek()
    if (!next || next.at > state.shown) break
    const entry = course.step()
    if (!entry) break
    if (entry.event.id === id) break
    if (!more()) return true
  }
  state.arriving = undefined
  state.shown = course.now
  if (leaves(course, course.now)) state.hold = LEAVE_MS
  if (!state.stepping) return true
  state.stepping = false
  return false
}

/** Some watched message starts on its way at this moment. */
function leaves(course: Course, at: Micros): boolean {
  for (const event of course.watched.values()) if (event.sent === at && event.at > at) return true
  return false
}

/**
 * Moves on with messages under way; none of them may cross its own way in less than `TRAVEL_MS`. Returns the
 * milliseconds that are left.
 */
function travel(course: Course, state: PaceState, ms: number, more: () => boolean): number {
  let rate = Infinity
  let arrival = Infinity
  for (const event of course.watched.values()) {
    if (event.at > event.sent) rate = Math.min(rate, (event.at - event.sent) / TRAVEL_MS)
    arrival = Math.min(arrival, event.at)
  }
  const start = state.shown
  const target = Math.min(arrival, start + rate * ms)
  const leftAt = (moment: number): number => (rate === Infinity ? ms : Math.max(0, ms - (moment - start) / rate))
  for (let next = course.peek(); next && next.at <= target; next = course.peek()) {
    state.shown = Math.max(state.shown, next.at)
    if (course.watched.has(next.id)) {
      state.arriving = next.id
      state.hold = ARRIVE_MS
      return leftAt(state.shown)
    }
    if (!course.step()) return 0
    if (leaves(course, course.now)) {
      state.hold = LEAVE_MS
      return leftAt(state.shown)
    }
    if (!more()) return 0
  }
  state.shown = target
  state.rate = rate
  state.until = Math.min(arrival, course.peek()?.at ?? arrival)
  return 0
}

/** Runs on to where the next watched message leaves; the clock then spins there. False: a step found nothing. */
function crossGap(course: Course, state: PaceState, more: () => boolean): boolean {
  const from = state.gapFrom ?? state.shown
  state.gapFrom = undefined
  if (state.stepping && course.now - state.stepFrom > STEP_PATIENCE) {
    state.stepping = false
    return false
  }
  const limit = Math.floor(from) + GAP_PIECE
  while (course.watched.size === 0) {
    const next = course.peek()
    if (!next || next.at > limit) {
      course.runUntil(limit, 1)
      break
    }
    if (!course.step()) return false
    if (course.watched.size === 0 && !more()) {
      state.gapFrom = from
      state.rate = 0
      return true
    }
  }
  state.gapLeft = Math.min(GAP_MS, Math.max(0, (course.now - from) / 1000))
  if (state.gapLeft <= 0) {
    state.shown = Math.max(state.shown, course.now)
    if (course.watched.size > 0) state.hold = LEAVE_MS
  }
  state.rate = 0
  return true
}
