import { Session } from 'node:inspector'
import { describe, expect, it } from 'vitest'
import { openAt, openScenario } from '../src/model/cluster.ts'
import { SECOND } from '../src/sim/clock.ts'
import { SHOWN_FIRST } from '../src/lab/shown-first.ts'
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
  it.each(SHOWN_FIRST)('are not needed by the cluster %s, which a visitor is shown first, for two minutes', (name) => {
    const ran = ranLate(() => {
      const machine = openScenario(name, 1, { trusted: true })
      while (machine.nextAt()! < openAt(name) + 120 * SECOND) machine.step()
    })
    expect(ran.some((name) => name.startsWith('src/model/apiserver/create.ts'))).toBe(true)
    expect(ran.filter((name) => LATE.test(name.split(' ')[0]!))).toEqual([])
  })
})
