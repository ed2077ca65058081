/**
 * Motion is a function of (record, now). A message has 600 shares of its own time: 80 to leave, 440 to travel, 80 to
 * arrive. Nothing here remembers anything, so pause, slow motion and scrubbing are right by construction.
 */
import type { Micros, SimEvent } from '../../sim/contract.ts'

const LEAVE = 80 / 600
const ARRIVE = 80 / 600

export interface Motion {
  /** `queued`: sent but the reader has no time for it; `arrived`: at the receiver in this very instant. */
  readonly phase: 'leave' | 'travel' | 'arrive'
  /** Position on the way, 0 at the sender, 1 at the receiver, eased. */
  readonly along: number
  /** Size against its full radius: grows while it leaves, shrinks into the receiver while it arrives. */
  readonly scale: number
  /** How much of the tail is drawn out, 0 to 1. */
  readonly tail: number
  /** Stands at the receiver with its whole way as a line: the picture for people who asked for no motion. */
  readonly still: boolean
}

export function motion(event: Pick<SimEvent, 'sent' | 'at'>, now: Micros, reducedMotion = false): Motion {
  if (reducedMotion) return { phase: 'arrive', along: 1, scale: 1, tail: 1, still: true }
  const length = event.at - event.sent
  const share = length <= 0 ? 1 : Math.min(1, Math.max(0, (now - event.sent) / length))
  if (share < LEAVE) {
    const part = share / LEAVE
    return { phase: 'leave', along: 0, scale: 0.55 + 0.45 * part, tail: 0, still: false }
  }
  if (share <= 1 - ARRIVE) {
    const part = (share - LEAVE) / (1 - LEAVE - ARRIVE)
    return { phase: 'travel', along: ease(part), scale: 1, tail: Math.min(1, part * 5, (1 - part) * 6), still: false }
  }
  const part = (share - (1 - ARRIVE)) / ARRIVE
  return { phase: 'arrive', along: 1, scale: 1 - 0.18 * part, tail: 0, still: false }
}

/** cubic-bezier(.4, 0, .2, 1): solve x(t) = part by Newton's method, give y(t). */
export function ease(part: number): number {
  if (part <= 0) return 0
  if (part >= 1) return 1
  let t = part
  for (let i = 0; i < 6; i++) {
    const x = ((1 - 3 * 0.2 + 3 * 0.4) * t + (3 * 0.2 - 6 * 0.4)) * t * t + 3 * 0.4 * t - part
    const slope = 3 * (1 - 3 * 0.2 + 3 * 0.4) * t * t + 2 * (3 * 0.2 - 6 * 0.4) * t + 3 * 0.4
    if (Math.abs(x) < 1e-6 || slope === 0) break
    t -= x / slope
  }
  t = Math.min(1, Math.max(0, t))
  return ((1 - 3) * t + 3) * t * t
}
