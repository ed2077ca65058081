/** The start of one pod in time, with one message chosen. */
import type { Selection } from '../contract.ts'
import type { Fixture } from '../drawing/fixture-replica.ts'
import { fixtures as starts } from '../pod-start/fixtures.ts'

type Chosen = Fixture & { selected?: Selection }

function chosen(name: string, kind: string, method?: string): Chosen {
  const fixture = starts[name]!()
  const found = fixture.recent?.find(
    (e) => e.kind === kind && (method === undefined || (e.data as { method?: string }).method === method),
  )
  return { ...fixture, selected: found && { kind: 'event', event: found.id } }
}

export const fixtures: Readonly<Record<string, () => Chosen>> = {
  done: () => starts.done!(),
  'a call chosen': () => chosen('done', 'cri.request', 'RunPodSandbox'),
  pulling: () => starts.pulling!(),
}
