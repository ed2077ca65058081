/**
 * Executed events of a span of time, for pictures that show the past. They are asked from the worker once and then
 * kept up with what the replica brings; after a jump, a fork or a gap they are asked again.
 */
import { useEffect, useMemo, useRef, useState } from 'react'
import type { Ask, WatchFilter } from '../../lab/protocol.ts'
import type { Micros, SimEvent } from '../../sim/contract.ts'
import type { Replica } from '../contract.ts'

type AskFn = <T>(ask: Ask) => Promise<T>

/** In the gallery of fixtures there is no worker: then only the replica speaks. */
export async function askLab(): Promise<AskFn | undefined> {
  if (typeof window === 'undefined' || !('nodeglass' in window)) return undefined
  const { theLab } = await import('../../lab/client.ts')
  return (ask) => theLab().ask(ask)
}

export interface Span {
  /** Changes when another history is wanted: pod, filter, window. */
  readonly key: string
  readonly from: Micros
  /** undefined: up to the moment that is shown. */
  readonly to?: Micros
  readonly filter?: WatchFilter
  readonly limit?: number
}

/** Adds what is new in `recent`; undefined when something in between is missing. Pure. */
export function follow(
  held: readonly SimEvent[],
  heldExecuted: number,
  replica: Pick<Replica, 'recent' | 'executed'>,
): readonly SimEvent[] | undefined {
  const missing = replica.executed - heldExecuted
  if (missing === 0) return held
  if (missing < 0 || missing > replica.recent.length) return undefined
  return [...held, ...replica.recent.slice(replica.recent.length - missing)]
}

const MOST = 4_000

export function useHistory(
  replica: Replica,
  span: Span | undefined,
  keep: (event: SimEvent) => boolean,
): readonly SimEvent[] {
  const [answered, setAnswered] = useState<{
    key: string
    branch: number
    executed: number
    events: readonly SimEvent[]
  }>()
  const held = useRef<{ key: string; branch: number; executed: number; events: readonly SimEvent[] }>(undefined)
  const asking = useRef<string>(undefined)

  if (
    answered &&
    answered !== held.current &&
    span &&
    answered.key === span.key &&
    (held.current?.executed ?? -1) <= answered.executed
  ) {
    held.current = answered
  }
  const events = useMemo(() => {
    if (!span) return []
    const now = held.current
    if (!now || now.key !== span.key || now.branch !== replica.branch) {
      return replica.recent.filter((e) => e.at >= span.from)
    }
    const next = follow(now.events, now.executed, replica)
    if (next === undefined) {
      // Back in time: what lies after the moment shown has not happened.
      const cut = replica.executed < now.executed ? now.events.filter((e) => e.at <= replica.now) : now.events
      return cut
    }
    // The worker has gone on between the question and its answer: the first news may be known.
    const known = new Set<number>(next === now.events ? [] : now.events.slice(-1_500).map((e) => e.id))
    const fresh =
      next === now.events
        ? now.events
        : [...now.events, ...next.slice(now.events.length).filter((e) => keep(e) && !known.has(e.id))].slice(-MOST)
    held.current = { ...now, executed: replica.executed, events: fresh }
    return fresh
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `keep` follows from the key
  }, [replica, span?.key, answered])

  const stale =
    span !== undefined &&
    (held.current?.key !== span.key ||
      held.current.branch !== replica.branch ||
      held.current.executed !== replica.executed)
  useEffect(() => {
    if (!span || !stale) return
    const ticket = `${span.key} ${replica.branch} ${replica.executed}`
    if (asking.current !== undefined && asking.current.startsWith(`${span.key} ${replica.branch} `)) return
    asking.current = ticket
    let gone = false
    const executed = replica.executed
    const branch = replica.branch
    void askLab().then(async (ask) => {
      if (!ask) return
      const found = await ask<SimEvent[]>({
        q: 'events',
        from: span.from,
        to: span.to ?? Number.MAX_SAFE_INTEGER,
        limit: span.limit ?? 2_000,
        filter: span.filter,
      })
      asking.current = undefined
      if (gone) return
      setAnswered({ key: span.key, branch, executed, events: found.filter(keep) })
    })
    return () => {
      gone = true
      asking.current = undefined
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- asked again when it has gone stale
  }, [span?.key, stale, replica.branch])

  return span ? events.filter((e) => keep(e)) : []
}
