import { Session } from 'node:inspector'
import { describe, expect, it } from 'vitest'
import { openAt, openScenario } from '../src/model/cluster.ts'
import { SECOND } from '../src/sim/clock.ts'
import { LATE } from './late-modules.ts'

/** The files of the late modules of which a function ran, as V8 counted. */
function ranLate(run: () => void): string[] {
  const session = new Session()
  session.connect()
  // Modules are loaded by now: what they do while they load is done where they are.
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  run()
  const ran = new Set<string>()
  session.post('Profiler.takePreciseCoverage', (error, { result }) => {
    if (error) throw error
    for (const { url, functions } of result)
      for (const { functionName, ranges } of functions)
        if (ranges[0]!.count > 0) ran.add(`${url.replace(/^.*\/src\//, 'src/')} ${functionName}`)
  })
  session.disconnect()
  return [...ran]
}

describe('late modules', () => {
  it('are not needed by the cluster that a visitor is shown first, for two minutes', () => {
    const ran = ranLate(() => {
      const machine = openScenario('default', 1, { trusted: true })
      while (machine.nextAt()! < openAt('default') + 120 * SECOND) machine.step()
    })
    expect(ran.some((name) => name.startsWith('src/model/apiserver/create.ts'))).toBe(true)
    expect(ran.filter((name) => LATE.test(name.split(' ')[0]!))).toEqual([])
  })
})
