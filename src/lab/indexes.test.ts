import { expect, it } from 'vitest'
import { boot, COMPONENTS, openAt } from '../model/cluster.ts'
import type { Tables } from '../model/tables.ts'
import { keyOf, LiveReplica } from './replica.ts'
import { Session } from './session.ts'

it("the page's indexes give what the model's give", () => {
  const session = new Session('shop', 1, boot('shop', 1), openAt('shop'))
  session.runUntil(openAt('shop'), Infinity)
  const replica = new LiveReplica()
  replica.apply(
    session.frame({ shown: 0, rate: 0, until: 0, spinning: false, playing: false, pace: { mode: 'follow' } }),
  )
  const view = replica.view(session.now)
  let compared = 0
  for (const component of COMPONENTS)
    for (const [name, spec] of Object.entries(component.tables ?? {}))
      for (const [index, declared] of Object.entries((spec as { indexes?: object }).indexes ?? {})) {
        const table = name as keyof Tables & string
        // What only the model asks for the page need not know; asking throws and says where to add it.
        if (!keyOf(table, index)) continue
        for (const [id, record] of session.timeline.machine.rows(table)) {
          const key = (declared as (record: object, id: string) => string | undefined)(record, id)
          if (key === undefined) continue
          const want = new Set(session.reader.by(table, index, key))
          expect(new Set(view.by(table, index, key)), `${table}.${index} ${key}`).toEqual(want)
          compared++
        }
      }
  expect(compared).toBeGreaterThan(500)
})
