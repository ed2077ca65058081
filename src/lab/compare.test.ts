import { expect, it } from 'vitest'
import { boot, openAt } from '../model/cluster.ts'
import { runShell } from '../lesson/lab.ts'
import { createFilters } from '../shell/filters.ts'
import { compareForks } from './compare.ts'
import { Session } from './session.ts'
import { sessionRunner } from './shells.ts'
import { whatIf } from './what-if.ts'

const SECOND = 1_000_000
const loadFilters = async () =>
  createFilters((await import('just-bash/browser')) as unknown as Parameters<typeof createFilters>[0])

const again = (session: Session, script: string) => runShell(sessionRunner(session), script, {}, loadFilters)

it('runs the past again with one thing changed, gives it the same inputs, and tells the two apart', async () => {
  const timeline = boot('shop', 5)
  timeline.runUntil(openAt('shop'))
  const session = new Session('shop', 5, timeline)
  const start = session.now
  session.runUntil(start + 20 * SECOND, Infinity)
  // something that is done later than the change: it happens in the fork, too
  session.input({ kind: 'fault.set', to: 'faults', data: { name: 'kubelet-stopped', target: 'worker-2', on: true } })
  session.runUntil(start + 40 * SECOND, Infinity)
  const until = session.now
  const hash = session.timeline.machine.hash()
  const script = 'kubectl scale deployment web -n shop --replicas=0'
  const { branch } = await whatIf(session, { at: start + 5 * SECOND, until, script }, again)
  expect(session.now).toBe(until)
  expect(session.timeline.branch.id).toBe(branch)
  expect(session.reader.get('faults', 'kubelet-stopped|worker-2') ?? session.reader.all('faults')[0]).toBeDefined()

  const here = session.timeline.machine.hash()
  const { sides, differences } = compareForks(session, 0, branch)
  expect(session.timeline.machine.hash()).toBe(here)
  expect(sides[0].failed).toEqual({})
  expect(sides[0].answered).toBeGreaterThan(5)
  expect(sides[1].failed.refused).toBeGreaterThan(5)
  expect(sides[1].lost).toBeGreaterThan(sides[0].lost)
  expect(differences.find((d) => d.what === 'endpoints shop/web')?.sides[1]).toBe('none')

  session.switchTo(0)
  session.seek(until)
  expect(session.timeline.machine.hash()).toBe(hash)
}, 30_000)

it('says so when the lines change nothing, and stands where it stood', async () => {
  const timeline = boot('shop', 5)
  timeline.runUntil(openAt('shop'))
  const session = new Session('shop', 5, timeline)
  session.runUntil(session.now + 5 * SECOND, Infinity)
  const until = session.now
  await expect(whatIf(session, { at: until - 2 * SECOND, until, script: 'kubectl get pods' }, again)).rejects.toThrow(
    'change nothing',
  )
  expect(session.now).toBe(until)
  expect(session.timeline.branch.id).toBe(0)
})
