/**
 * The only module that reads a wall clock. It gives the model turns of a few milliseconds, and the page at most one
 * frame at a time: the next one is made when the last has been drawn.
 */
import type { Micros } from '../sim/contract.ts'
import { advance, settle, startPace, STEP_PATIENCE, type PaceState } from './pace.ts'
import type { Frame, Pace, WatchFilter } from './protocol.ts'
import type { Session } from './session.ts'

/** Model is run for this long in a turn, and never for longer than a few handlers beyond it. */
const TURN_MS = 4
/** What is left of a turn for a frame; past it the frame gets a turn of its own. */
const FRAME_AFTER_MS = 1.5
/** How long a frame may take: the model waits for the page to draw before it gives more to tell than fits. */
const FRAME_MS = 4
const LEAST_ROOM = 100
const MOST_ROOM = 5_000
/** A tab that slept does not wake to a minute of events. */
const LONGEST_MS = 100
/** How much faster Follow goes while somebody waits at a prompt. */
const HASTE = 8
/** While something is computed the page is told how far it has come this often. */
const JOB_FRAME_MS = 90
/** A page that has drawn nothing for so long is not waited for. */
const PATIENCE_MS = 500
/** Without a page that draws (a hidden tab that still listens) time goes on in ticks of this length. */
const TICK_MS = 16

export interface WallClock {
  now(): number
  soon(run: () => void): void
  later(run: () => void, ms: number): void
}

export function wallClock(): WallClock {
  const channel = new MessageChannel()
  const waiting: (() => void)[] = []
  channel.port1.onmessage = () => waiting.shift()?.()
  return {
    now: () => performance.now(),
    soon(run) {
      waiting.push(run)
      channel.port2.postMessage(0)
    },
    later: (run, ms) => void setTimeout(run, ms),
  }
}

/** Work over several turns: a seek into what has not been computed yet, a replay of inputs. True when done. */
interface Job {
  readonly of: Micros
  readonly run: (session: Session, more: () => boolean) => boolean
  readonly done?: () => void
}

export interface Pacer {
  open(session: Session): void
  play(on: boolean): void
  pace(pace: Pace): void
  /** To the next or last event that the filter, else the session's own, lets through; forward with its flight. */
  step(by: 1 | -1, filter: WatchFilter | undefined, plain: boolean): void
  /** Does something to the session that moves its clock or its records, and shows the result. */
  act(what: (session: Session) => void, keepsRunning?: boolean): void
  /** At once where it is known, else computed in turns; `done` when it is there. */
  seek(at: Micros, done?: () => void): void
  playing(): boolean
  /** Somebody waits at a prompt for an answer: the moments of Follow are shortened, none is left out. */
  hurry(on: boolean): void
  job(job: Job): void
  drawn(seq: number): void
  visible(on: boolean): void
  /** Called once after each turn, when the model has moved or changed. */
  onTurn: ((session: Session) => void) | undefined
}

export function createPacer(clock: WallClock, post: (frame: Frame) => void): Pacer {
  let session: Session | undefined
  let state: PaceState = startPace({ mode: 'follow' }, 0)
  let playing = false
  let shownToPage = true
  let waitsFor = -1
  let last = clock.now()
  let jobs: Job[] = []
  let lastSent = 0
  let timer = false
  let sendsSoon = false
  let haste = 1
  /** Something of the transport changed that a frame must say. */
  let said = false

  const follows = (): boolean => state.pace.mode === 'follow' || state.stepping
  const moving = (): boolean => playing || state.stepping || jobs.length > 0
  /** What may be told in one frame, by what the last ones took. */
  let room = 500
  /** The next frame has as much to tell as fits. A page that does not draw holds up nobody who waits at a prompt. */
  const full = (run: Session): boolean => run.untold >= room && clock.now() - lastSent < PATIENCE_MS
  const turn = (from: number, run: Session): (() => boolean) => {
    const playing = jobs.length === 0
    return () => clock.now() - from < TURN_MS && !(playing && full(run))
  }

  function send(): void {
    if (!session || waitsFor >= 0) return
    const from = clock.now()
    const still = !moving()
    const frame = session.frame({
      shown: state.shown,
      rate: still ? 0 : state.rate,
      until: still ? state.shown : state.until,
      spinning: state.gapLeft > 0 || state.gapFrom !== undefined,
      playing: playing || state.stepping,
      pace: state.pace,
      ...(jobs[0] ? { busy: { at: session.now, of: jobs[0].of } } : {}),
    })
    said = false
    waitsFor = frame.seq
    post(frame)
    lastSent = clock.now()
    if (frame.whole || frame.jumped) return
    const took = lastSent - from
    if (took > FRAME_MS) room = Math.max(LEAST_ROOM, Math.floor(room * 0.75))
    else if (took < FRAME_MS / 2) room = Math.min(MOST_ROOM, room + 25)
  }

  function sendSoon(): void {
    if (sendsSoon || waitsFor >= 0) return
    sendsSoon = true
    clock.soon(() => {
      sendsSoon = false
      send()
    })
  }

  function tick(): void {
    if (!session) return
    const now = clock.now()
    const ms = Math.min(LONGEST_MS, now - last)
    last = now
    const before = state.shown
    const more = turn(now, session)
    let behind = false
    if (jobs.length > 0) {
      const job = jobs[0]!
      if (job.run(session, more)) {
        jobs.shift()
        job.done?.()
      }
      settle(state, session.now)
      behind = true
    } else if (shownToPage && (playing || state.stepping)) {
      if (!advance(session, state, follows() ? ms * haste : ms, more)) {
        playing = false
        settle(state, session.now)
        said = true
      }
      behind = clock.now() - now >= TURN_MS
      // The time that did not fit into the frame is not lost: it goes on when the page has drawn.
      if (!behind && state.pace.mode === 'speed' && !follows() && full(session))
        last -= Math.max(0, ms - (state.shown - before) / (1000 * state.pace.factor))
    }
    if (session.stopped && (playing || state.stepping)) {
      playing = state.stepping = false
      settle(state, session.now)
      said = true
    }
    if (session.hasNews || moving()) afterTurn(session)
    const working = jobs.length > 0 && now - lastSent < JOB_FRAME_MS
    if (!working && (said || session.hasNews || state.shown !== before)) {
      if (clock.now() - now < FRAME_AFTER_MS) send()
      else sendSoon()
    }
    if (!moving() || !shownToPage || timer) return
    timer = true
    const again = () => {
      timer = false
      tick()
    }
    if (behind) clock.soon(again)
    else clock.later(again, TICK_MS)
  }

  /** What hangs on the turns (shells) must not stop time. */
  function afterTurn(run: Session): void {
    try {
      pacer.onTurn?.(run)
    } catch (error) {
      clock.later(() => {
        throw error
      }, 0)
    }
  }

  /** Ends what was being shown, at the moment that is shown: a message half way stays half way. */
  function rest(): void {
    if (session) settle(state, state.gapLeft > 0 ? session.now : Math.max(session.now, state.shown))
  }

  function go(): void {
    last = clock.now()
    tick()
  }

  const pacer: Pacer = {
    onTurn: undefined,
    open(next) {
      session = next
      jobs = []
      waitsFor = -1
      state = startPace(state.pace, next.now)
      playing = false
      said = true
      go()
    },
    play(on) {
      // A seek that is being computed is given up; opening a run is not.
      if (!on) jobs = jobs.filter((job) => job.done)
      playing = on
      state.stepping = false
      if (!on) rest()
      said = true
      go()
    },
    pace(pace) {
      state.pace = pace
      rest()
      said = true
      go()
    },
    step(by, filter, plain) {
      if (!session || jobs.length > 0) return
      playing = false
      if (by < 0) return pacer.act((run) => run.seekEvent(run.before(filter)))
      // A second step while the first still travels ends the first.
      if (state.stepping) finishStep(session, state, clock)
      if (filter || plain) {
        const wanted = filter
        const patience = session.now + STEP_PATIENCE
        pacer.job({ of: session.now, run: (run, more) => runToEvent(run, wanted, patience, more) })
        return
      }
      state.stepping = true
      state.stepFrom = session.now
      said = true
      go()
    },
    act(what, keepsRunning) {
      if (!session) return
      // What a click or a command sets off goes on from this moment; a message under way stays where it is.
      if (!keepsRunning) state.stepping = false
      else session.runUntil(Math.floor(state.shown), 0)
      what(session)
      if (keepsRunning) rest()
      else settle(state, session.now)
      said = true
      go()
    },
    seek(at, done) {
      if (!session) return
      const { head } = session.timeline.branch
      if (at <= head && jobs.length === 0) {
        pacer.act((run) => run.seek(at))
        done?.()
        return
      }
      if (jobs.length === 0 && session.now < head) pacer.act((run) => run.seek(head))
      pacer.job({ of: at, run: (run, more) => runTo(run, at, more), ...(done ? { done } : {}) })
    },
    playing: () => playing || state.stepping || jobs.length > 0,
    hurry(on) {
      haste = on ? HASTE : 1
    },
    job(job) {
      jobs.push(job)
      go()
    },
    drawn(seq) {
      if (seq !== waitsFor) return
      waitsFor = -1
      if (moving() || said || session?.hasNews) tick()
    },
    visible(on) {
      shownToPage = on
      if (on) go()
    },
  }
  return pacer
}

function runTo(session: Session, at: Micros, more: () => boolean): boolean {
  while (more()) if (session.stopped || session.runUntil(at, 8)) return true
  return false
}

/** Runs until an event that the filter lets through has run, or nothing did for too long. */
function runToEvent(session: Session, filter: WatchFilter | undefined, latest: Micros, more: () => boolean): boolean {
  while (more()) {
    const entry = session.step()
    if (!entry || session.now > latest || session.isWatched(entry.event, filter)) return true
  }
  return false
}

/** Takes the step's message to its end at once, within a twentieth of a second. */
function finishStep(session: Session, state: PaceState, clock: WallClock): void {
  const end = clock.now() + 50
  if (!state.stepping) state.stepFrom = session.now
  state.stepping = true
  while (clock.now() < end) if (!advance(session, state, 1_000, () => true)) break
  state.stepping = false
}
