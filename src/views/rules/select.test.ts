import { expect, it } from 'vitest'
import { boot, openAt } from '../../model/cluster.ts'
import { Session } from '../../lab/session.ts'
import type { Replica } from '../contract.ts'
import { servicesAt, stepOf } from './face.ts'
import { folded } from './FourModes.tsx'
import { offeredServices } from './samples.ts'
import { conntrackRows, plainLines, ruleLines, tabsOf } from './select.ts'

it('the slider has every decade, two figures between, and knows its place again', () => {
  expect([0, 100, 200, 300, 400].map(servicesAt)).toEqual([1, 10, 100, 1_000, 10_000])
  expect(servicesAt(333)).toBe(2_100)
  for (const services of [1, 10, 1_000, 2_100, 10_000]) expect(servicesAt(stepOf(services))).toBe(services)
})

it('a folded line keeps what tells it from its neighbours, and shows where it was folded', () => {
  const service =
    '-A KUBE-SERVICES -d 10.98.106.242/32 -p tcp -m comment --comment "shop/web:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-67NZLRHBNDSAWJRO'
  expect(folded(service)).toBe('-A KUBE-SERVICES -d 10.98.106.242/32 …')
  expect(folded('-A KUBE-SEP-WKHJWCWWCKJINJPN -p tcp -m tcp -j DNAT --to-destination 10.244.1.4:8080')).toBe(
    '… --to-destination 10.244.1.4:8080',
  )
  expect(folded('jump services')).toBe('jump services')
})

it('a node shows the tables it uses, its rules with their counters, its flows with their time left', () => {
  const session = new Session('shop', 1, boot('shop', 1), openAt('shop'))
  session.runUntil(openAt('shop') + 20_000_000, Infinity)
  const replica = session.reader as unknown as Replica
  expect(tabsOf(replica, 'worker-1').map((tab) => tab.id)).toEqual(['iptables', 'conntrack', 'routes', 'links'])
  expect(tabsOf(replica, 'worker-1').find((tab) => tab.main)?.id).toBe('iptables')

  const { lines } = ruleLines(replica, 'worker-1', 'nat', 'shop/web cluster')
  expect(lines.length).toBeGreaterThan(0)
  for (const line of lines) expect(line.text).toContain('shop/web')
  const all = ruleLines(replica, 'worker-1', 'nat', '').lines
  const counted = all.filter((line) => line.packets > 0)
  expect(counted.length).toBeGreaterThan(0)
  for (const line of counted) expect(line.bytes).toBeGreaterThan(line.packets)

  const rows = conntrackRows(replica, 'worker-1', session.now)
  expect(rows.length).toBeGreaterThan(0)
  for (const row of rows) expect(row.clock!.until).toBeGreaterThan(session.now)

  const [first] = offeredServices(replica, 'worker-1')
  expect(first).toMatchObject({ service: 'shop/web', address: expect.stringMatching(/^10\..*:80$/) })
  expect(first!.endpoints.length).toBeGreaterThan(0)
})

it('a text is searched by words that must all occur', () => {
  const text = 'TCP  10.96.0.10:53 rr\n  -> 10.244.1.2:53\nUDP  10.96.0.10:53 rr\n'
  expect(plainLines(text, '')).toMatchObject({ total: 3 })
  expect(plainLines(text, 'udp 10.96').lines).toEqual(['UDP  10.96.0.10:53 rr'])
})
