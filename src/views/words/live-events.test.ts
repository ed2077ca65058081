/** Every kind of event that the live model sends has words of its own, without a gap. */
import { expect, test } from 'vitest'
import { SECOND } from '../../sim/clock.ts'
import type { SimEvent } from '../../sim/contract.ts'
import { boot, openAt } from '../../model/cluster.ts'
import type { Replica } from '../contract.ts'
import { nameById } from './describe-thing.ts'
import { plain, words } from './facts.ts'
import { narrateEvent } from './narrate-event.ts'

const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'crash', namespace: 'default' },
  spec: { containers: [{ name: 'main', image: 'busybox:1.37', command: ['sh', '-c', 'exit 1'] }] },
}

test('a busy cluster, told without a gap', () => {
  const timeline = boot('shop', 7)
  const names = nameById(timeline.machine.reader as unknown as Replica)
  const said = new Map<string, string>()
  const general = new Set<string>()
  const hear = (event: SimEvent) => {
    const data = plain(event.data)
    const key = [event.kind, data.method, data.op, data.verb, data.resource]
      .filter((part) => typeof part === 'string')
      .join(' ')
    const { title, says } = narrateEvent(event, names)
    if (!said.has(key) || (title + says).includes('?')) said.set(key, `${title}: ${says}`)
    const timer = event.from === event.to
    if (!timer && title === words(event.kind) && !/\.(start|seed|manifest)$/.test(event.kind)) general.add(event.kind)
  }
  const ask = (verb: string, more: object) =>
    timeline.input({
      kind: 'api.request',
      to: 'apiserver',
      from: 'laptop',
      data: { verb, resource: 'pods', namespace: 'default', ...more },
    })
  const until = openAt('shop') + 10 * SECOND
  timeline.runUntil(until, Infinity, (entry) => hear(entry.event))
  ask('create', { body: POD })
  timeline.runUntil(until + 40 * SECOND, Infinity, (entry) => hear(entry.event))
  ask('delete', { name: 'crash' })
  timeline.runUntil(until + 80 * SECOND, Infinity, (entry) => hear(entry.event))
  expect([...said].filter(([, text]) => text.includes('?'))).toEqual([])
  expect([...general], 'messages that have only the general sentence').toEqual([])
  expect(said.size).toBeGreaterThan(100)
})
