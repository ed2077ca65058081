/**
 * The part of the model that comes behind the first picture (`bin/vite-late.ts`): the model is synchronous, so all of it
 * must be there before the first event that may need it. Until then the worker hears nothing but what shows the first
 * cluster coming up and moving.
 */
import type { Ask, ToWorker } from './protocol.ts'
import { SHOWN_FIRST } from './shown-first.ts'

type Late = Readonly<Record<string, (...given: never[]) => unknown>>

let parts: Readonly<Record<string, Late>> | undefined
let loading: Promise<void> | undefined
const AGAIN_MS = 2_000

export const isWhole = (): boolean => parts !== undefined

export function loadRest(): Promise<void> {
  loading ??= import('virtual:late').then(
    ({ default: all }) => {
      parts = all
    },
    async () => {
      // A lost connection: what waits for it goes on waiting.
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
      loading = undefined
      return loadRest()
    },
  )
  return loading
}

/** What stands in a first script for a late module calls this. */
export function late(name: string): Late {
  const part = parts?.[name]
  if (!part) throw new Error(`${name} of the model was needed before it was loaded: take it from bin/late-modules.ts`)
  return part
}

/** Questions that are answered from what is written down already. */
const READS: ReadonlySet<string> = new Set([
  'entry',
  'causes',
  'effects',
  'events',
  'history',
  'rules',
  'hash',
  'faults',
  'scenarios',
] satisfies Ask['q'][])

/** Whether a message cannot be obeyed with the first part of the model alone. */
export function needsRest(message: ToWorker): boolean {
  switch (message.t) {
    case 'open':
      return (
        !SHOWN_FIRST.includes(message.scenario) ||
        !!message.inputs?.length ||
        message.at !== undefined ||
        !!message.setup
      )
    case 'drawn':
    case 'play':
    case 'pace':
    case 'watch':
    case 'visible':
      return false
    case 'ask':
      return !READS.has(message.ask.q)
    default:
      return true
  }
}
