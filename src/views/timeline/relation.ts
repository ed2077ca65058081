/** Causes and effects of the chosen event, asked from the worker. */
import { useEffect, useState } from 'react'
import type { CauseStep } from '../../lab/protocol.ts'
import type { EventId, SimEvent } from '../../sim/contract.ts'
import { askLab } from '../drawing/history.ts'
import type { Replica } from '../contract.ts'
import type { Relation } from './select.ts'

const NONE: Relation = { causes: [], effects: new Set() }
const DEPTH = 120
const EFFECTS = 600

export function useRelation(
  chosen: EventId | undefined,
  replica: Replica,
): { relation: Relation; effects: readonly SimEvent[] } {
  const [found, setFound] = useState<{ for: EventId; relation: Relation; effects: readonly SimEvent[] }>()
  // Effects grow while the run goes on: asked again every few hundred events.
  const stage = Math.floor(replica.executed / 400)
  useEffect(() => {
    if (chosen === undefined) return
    let gone = false
    void askLab().then(async (ask) => {
      if (!ask) {
        if (!gone) setFound({ for: chosen, ...local(chosen, replica) })
        return
      }
      const [steps, effects] = await Promise.all([
        ask<CauseStep[]>({ q: 'causes', event: chosen, depth: DEPTH }),
        ask<SimEvent[]>({ q: 'effects', event: chosen, limit: EFFECTS }),
      ])
      if (gone) return
      setFound({
        for: chosen,
        relation: { causes: steps.slice(1).map((s) => s.entry.event), effects: new Set(effects.map((e) => e.id)) },
        effects,
      })
    })
    return () => {
      gone = true
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the replica is read only where there is no worker
  }, [chosen, stage])
  return found && found.for === chosen ? found : { relation: NONE, effects: [] }
}

/** Without a worker: what the replica holds. */
export function local(
  chosen: EventId,
  replica: Pick<Replica, 'recent'>,
): { relation: Relation; effects: readonly SimEvent[] } {
  const byId = new Map(replica.recent.map((e) => [e.id, e]))
  const causes: SimEvent[] = []
  let here = byId.get(chosen)
  while (here) {
    const next = here.causes[0] === undefined ? undefined : byId.get(here.causes[0])
    if (!next || causes.includes(next)) break
    causes.push(next)
    here = next
  }
  const known = new Set<EventId>([chosen])
  const effects: SimEvent[] = []
  for (const event of replica.recent) {
    if (event.causes.some((c) => known.has(c))) {
      known.add(event.id)
      effects.push(event)
    }
  }
  known.delete(chosen)
  return { relation: { causes, effects: known }, effects }
}
