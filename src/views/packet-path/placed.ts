/** Measures of the map, and a frame in its place. */
import type { Frame } from './select.ts'

export const TRUNK = 95
export const DIP = 163
export const REPLY = 218
export const FLOOR = 236
export const GAP = 24
/** A label is this far above or below its line. */
export const ABOVE = 20
export const BELOW = 29

export interface Placed {
  readonly frame: Frame
  readonly x: number
  readonly width: number
  /** Station or chain id -> its point. */
  readonly points: ReadonlyMap<string, { x: number; y: number }>
}
