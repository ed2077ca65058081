/** What the transport's buttons and keys do. */
import { theLab } from '../../lab/client.ts'
import type { WatchFilter } from '../../lab/protocol.ts'

export const SPEEDS = [0.01, 0.1, 0.25, 1, 10, 100, 1_000, 10_000] as const

/** The last speed that was chosen: what the Follow switch goes back to. */
let lastFactor = 1

const lab = () => theLab()
const state = () => theLab().store.getState()

export const play = (on = !state().playing): void => lab().send({ t: 'play', on })

export function step(by: 1 | -1, everything = false): void {
  lab().send({ t: 'step', by, ...(everything ? { filter: { timers: true, routine: true } } : {}) })
}

export function setFactor(factor: number): void {
  lastFactor = factor
  lab().send({ t: 'pace', pace: { mode: 'speed', factor } })
}

export function setFollow(on: boolean): void {
  if (on) lab().send({ t: 'pace', pace: { mode: 'follow' } })
  else setFactor(lastFactor)
}

export function changeSpeed(by: 1 | -1): void {
  const { pace } = state()
  if (pace.mode === 'follow') return setFactor(by > 0 ? 10 : 1)
  const at = SPEEDS.findIndex((speed) => speed >= pace.factor)
  const next = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, (at < 0 ? SPEEDS.length : at) + by))]
  if (next !== undefined) setFactor(next)
}

/** To the next or last flag on the scrubber; before the first flag lies the beginning. */
export function jump(by: 1 | -1): void {
  const { bookmarks, executed } = state()
  const found =
    by > 0 ? bookmarks.find((mark) => mark.n > executed) : [...bookmarks].reverse().find((mark) => mark.n < executed)
  if (found) lab().send({ t: 'seekEvent', n: found.n })
  else if (by < 0) lab().send({ t: 'seek', at: 0 })
}

export function jumpTo(filter: WatchFilter): void {
  lab().send({ t: 'step', by: 1, filter, plain: true })
}

export function spellFactor(factor: number): string {
  return factor >= 1000 ? `${factor / 1000},000x` : `${factor}x`
}
