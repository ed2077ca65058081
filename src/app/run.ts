/** Which run is open in the worker, and how another one is opened. */
import { theLab } from '../lab/client.ts'
import { BadLink, decodeRun, type SharedRun } from '../lab/share.ts'
import type { Pace, WatchFilter } from '../lab/protocol.ts'
import { openingOf, type Wanted } from './opening.ts'

const keyOf = ({ scenario, seed }: Wanted): string => `${scenario} ${seed}`

const first = openingOf(location.hash)
/** Empty while nothing is open. A run with inputs of its own has its link as key. */
let open = first ? keyOf(first) : ''
const later = new Set<() => void>()

export interface OpenOptions {
  watch: WatchFilter
  play: boolean
  /** An incident: what breaks it before the learner arrives. */
  setup?: { script: string; files: Readonly<Record<string, string>> }
  /** Even if the same run is open: from its beginning. */
  anew?: boolean
}

export function openRun(wanted: Wanted, { watch, play, anew, setup }: OpenOptions): void {
  const key = keyOf(wanted)
  if (key === open && !anew) return
  open = key
  theLab().send({ t: 'open', scenario: wanted.scenario, seed: wanted.seed, watch, play, ...(setup ? { setup } : {}) })
  for (const tell of later) tell()
}

/** Opens the run of a link, paused at its moment. Rejects with `BadLink`. */
export async function openLink(text: string, watch: WatchFilter): Promise<SharedRun> {
  const run = await decodeRun(text)
  if (open !== text) {
    open = text
    const { scenario, seed, at, executed, inputs } = run
    theLab().send({ t: 'open', scenario, seed, inputs, at, executed, watch, play: false })
  }
  return run
}

/** Calls back when another run has been opened, for what belonged to the old one (a terminal). */
export function onOpen(callback: () => void): () => void {
  later.add(callback)
  return () => later.delete(callback)
}

export const setPace = (pace: Pace): void => theLab().send({ t: 'pace', pace })
export { BadLink }
