/** What the address asks for, as far as it can be known before anything is loaded. */
import type { ToWorker, WatchFilter } from '../lab/protocol.ts'
import { parseRoute } from './address.ts'

export const DEFAULT_SCENARIO = 'shop'
export const DEFAULT_SEED = 1
export const DEFAULT_NODE = 'worker-1'

/** On the front page nothing happens yet but the clockwork: the relist gets its moment too. */
export const frontWatch = (node: string): WatchFilter => ({ actors: [`${node}/`], routine: ['cri.'] })
export const nodeWatch = (node: string): WatchFilter => ({ actors: [`${node}/`] })

export interface Wanted {
  scenario: string
  seed: number
}

export function wantedOf(query: URLSearchParams): Wanted {
  const scenario = query.get('scenario') ?? DEFAULT_SCENARIO
  const seed = Number(query.get('seed') ?? DEFAULT_SEED)
  return {
    scenario: /^[a-z0-9][a-z0-9-]{0,62}$/.test(scenario) ? scenario : DEFAULT_SCENARIO,
    seed: Number.isSafeInteger(seed) && seed >= 0 && seed <= 0xffff_ffff ? seed : DEFAULT_SEED,
  }
}

/** Undefined: the rest of the page has to be asked first (a lesson knows its scenario, a link must be unpacked). */
export function openingOf(hash: string): Extract<ToWorker, { t: 'open' }> | undefined {
  const { path, query } = parseRoute(hash)
  if (path === '/')
    return { t: 'open', scenario: DEFAULT_SCENARIO, seed: DEFAULT_SEED, watch: frontWatch(DEFAULT_NODE), play: true }
  if ((path === '/lab' || path.startsWith('/embed/view')) && !query.has('run'))
    return { t: 'open', ...wantedOf(query), watch: nodeWatch(query.get('node') ?? DEFAULT_NODE), play: true }
  return undefined
}
