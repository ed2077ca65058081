/**
 * Runs inside user-mode Linux, whose kernel has IPVS: takes topologies with their rules from a file, tries the flows of
 * each, and writes what it saw. The model stays outside.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import type { Modelled } from './modelled.ts'
import { Kernel, type Seen } from './real.ts'
import { removeNamespaces } from './namespaces.ts'
import type { Topology } from './topology.ts'

export interface GuestJob {
  readonly topology: Topology
  readonly model: Pick<Modelled, 'mode' | 'rules' | 'localnet'>
}
/** `seen` by flow. */
export type GuestResult = {
  readonly seed: number
  readonly seen?: readonly Seen[]
  readonly shares?: Record<string, number>
  readonly error?: string
}

const [jobsFile, resultsFile, agentScript] = process.argv.slice(2) as [string, string, string]
const jobs = JSON.parse(readFileSync(jobsFile, 'utf8')) as GuestJob[]
const results: GuestResult[] = []
for (const { topology, model } of jobs) {
  let kernel: Kernel | undefined
  try {
    kernel = await Kernel.build(topology, agentScript)
    await kernel.load(model)
    const seen: Seen[] = []
    for (const flow of topology.flows) {
      let one = await kernel.run(flow)
      // this kernel is slow: what times out is asked once more, with time
      if (one.verdicts.timeout !== undefined) one = await kernel.run(flow, 4)
      seen.push(one)
    }
    const shares = topology.shares ? await kernel.shares(topology.shares, 3_000) : undefined
    results.push({ seed: topology.seed, seen, ...(shares ? { shares } : {}) })
  } catch (error) {
    const { stderr, stack } = error as { stderr?: string; stack?: string }
    results.push({ seed: topology.seed, error: `${stack}\n${stderr ?? ''}` })
  } finally {
    kernel?.destroy()
  }
  writeFileSync(resultsFile, JSON.stringify(results))
}
removeNamespaces()
process.exit(0)
