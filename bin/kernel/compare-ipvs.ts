/** Mode ipvs against a kernel that has it: verdicts, backends, sources and shares. Its path is not traced. */
import { describe, disagreements, type ModeReport } from './compare.ts'
import type { GuestJob } from './guest.ts'
import { runModel, type Way } from './modelled.ts'
import { type Topology, randomTopology } from './topology.ts'
import { runGuest, type UmlScripts } from './uml.ts'

/** Connections of which the shares are counted; rr gives each server as many as the others. */
const SHARED = 3_000

export async function compareIpvs(seeds: readonly number[], scripts: UmlScripts): Promise<ModeReport[]> {
  const made = seeds.map((seed) => {
    // round robin meets every server in one round
    const whole = randomTopology(seed)
    const topology = { ...whole, flows: whole.flows.map((flow) => ({ ...flow, count: Math.ceil(flow.count / 4) })) }
    const model = runModel(topology, 'ipvs')
    return { topology, model, ways: topology.flows.map((flow) => model.ways(flow)) }
  })
  const jobs: GuestJob[] = made.map(({ topology, model }) => {
    const { mode, rules, localnet } = model
    return { topology, model: { mode, rules, localnet } }
  })
  const results = await runGuest(jobs, scripts)
  return made.map(({ topology, ways }, i) => {
    const result = results[i]
    if (!result?.seen) return failed(topology, result?.error ?? 'the kernel ended before')
    return reportOf(topology, ways, result.seen, result.shares)
  })
}

const EMPTY = { mode: 'ipvs', matched: 0, compared: 0, again: 0 } as const

function failed(topology: Topology, why: string): ModeReport {
  return { ...EMPTY, flows: 0, connections: 0, wrong: 1, lines: [`  DIFFERS ipvs seed ${topology.seed}: ${why}`] }
}

function reportOf(
  topology: Topology,
  ways: readonly (readonly Way[])[],
  seen: readonly Parameters<typeof describe>[0][],
  shares: Record<string, number> | undefined,
): ModeReport {
  const lines: string[] = []
  let [wrong, connections] = [0, 0]
  topology.flows.forEach((flow, i) => {
    const differences = disagreements(ways[i]!, seen[i]!, flow, false)
    if (differences.length > 0) wrong++
    connections += Object.values(seen[i]!.verdicts).reduce((a, b) => a + b, 0)
    lines.push(
      `  ${differences.length > 0 ? 'DIFFERS' : 'agrees '} ipvs seed ${topology.seed}, ${flow.name}: ${describe(seen[i]!)}`,
      ...differences.map((line) => `      ${line}`),
    )
  })
  if (shares) {
    connections += SHARED
    const counts = Object.values(shares)
    const spread = Math.max(...counts) - Math.min(...counts)
    const servers = topology.pods.filter((pod) => pod.tcp).length
    const agrees = counts.length === servers && spread <= 1
    if (!agrees) wrong++
    lines.push(
      `  ${agrees ? 'agrees ' : 'DIFFERS'} ipvs seed ${topology.seed}, shares by rr: ${JSON.stringify(shares)}`,
    )
  }
  return { ...EMPTY, flows: topology.flows.length, connections, wrong, lines }
}
