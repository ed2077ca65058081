/**
 * What a picture gets and gives. A picture is `src/views/NAME/View.tsx` with a default export of type `View`, and
 * where it has more to say than the shell's own caption, a named export `caption`. It is registered by one line in
 * `src/app/views.ts`.
 *
 * A picture never holds a machine and never writes: it draws `(replica, now)` and reports what was chosen.
 */
import type { ComponentType } from 'react'
import type { Replica } from '../lab/protocol.ts'
import type { Micros } from '../sim/contract.ts'

export type { Replica } from '../lab/protocol.ts'
export type { EventId, Micros, SimEvent } from '../sim/contract.ts'

export type Selection =
  | { kind: 'event'; event: number }
  /** A record of the replica: `table` is a key of `Tables`. */
  | { kind: 'record'; table: string; id: string }
  | { kind: 'actor'; actor: string }

export interface Size {
  readonly width: number
  readonly height: number
}

export type FrameCallback = (now: Micros, replica: Replica) => void

export interface ViewProps {
  /**
   * The records as of `now`. A new object each time something in it changed, so it may stand in a dependency list; it
   * reads the live tables, so don't keep an old one.
   */
  readonly replica: Replica
  /**
   * The model time that is shown. May have a fraction: in Follow and in slow motion 60 microseconds are spread over
   * half a second. React sees it with every change of records and otherwise about ten times a second. What moves
   * smoothly belongs into `onFrame`.
   */
  readonly now: Micros
  /** The node in hand: `worker-1`. */
  readonly node: string
  readonly selected: Selection | undefined
  /** `undefined` clears the choice. */
  readonly onSelect: (selection: Selection | undefined) => void
  /** Pixels that the picture may fill. */
  readonly size: Size
  /**
   * Calls back once per animation frame while something can move, with the exact `now`, outside React. Draw moving
   * glyphs there (a canvas layer, or attributes of a few SVG nodes). Call it in an effect; it returns its own undo. The
   * first call comes on the next animation frame, also while paused.
   */
  readonly onFrame: (callback: FrameCallback) => () => void
  /** `prefers-reduced-motion`: the glyph stands at the receiver with its whole tail; no travel. */
  readonly reducedMotion: boolean
  /** Types a command into the terminal and runs it there, opening the dock when it is closed. */
  readonly onRun: (command: string) => void
  /** Opens the Why tab for a selection. */
  readonly onWhy: (selection: Selection) => void
  /** Chooses another node (a click on one in Cluster). */
  readonly onNode: (node: string) => void
}

export type View = ComponentType<ViewProps>

export interface ViewModule {
  readonly default: View
  /** The text twin of the picture at this moment: one or two short sentences. Empty: the shell says its own. */
  readonly caption?: (replica: Replica, now: Micros, node: string) => string
}

/** Messages on their way at `now`: sent, not arrived. Twin of what moves. */
export function* inFlight(replica: Replica, now: Micros) {
  for (const event of replica.pending()) if (event.from !== event.to && event.sent <= now) yield event
}

/** How far a message is: 0 at the sender, 1 at the receiver. Linear in its own time; ease when you draw. */
export function progress(event: { readonly sent: Micros; readonly at: Micros }, now: Micros): number {
  if (event.at <= event.sent) return 1
  return Math.min(1, Math.max(0, (now - event.sent) / (event.at - event.sent)))
}
