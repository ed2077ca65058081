/**
 * The model's mode ipvs against a real kernel. For each seed a random cluster with one of the nine schedulers is run in
 * the model and in user-mode Linux. Backend by backend, source by source and rule by rule they must agree.
 *
 *     node bin/test-kernel-ipvs.js [--topologies 9] [--seed 0] [--jobs 2] [--verbose]
 */
import { compareIpvs, type IpvsReport } from './kernel/ipvs-uml.ts'
import { umlTools } from './kernel/uml-tools.ts'

const DEFAULTS = { topologies: 9, seed: 0, jobs: 2 }

export async function main(argv: readonly string[], { root }: { root: string }): Promise<number> {
  const options = { ...DEFAULTS }
  for (let i = 0; i < argv.length; i++) {
    const name = argv[i]!.replace(/^--/, '')
    if (name === 'verbose') continue
    const value = Number(argv[++i])
    if (!(name in options) || !Number.isSafeInteger(value) || value < 0)
      throw new Error(`${argv[i - 1]}: there are --topologies N --seed N --jobs N --verbose`)
    options[name as keyof typeof DEFAULTS] = value
  }
  const tools = umlTools(root)
  if (typeof tools !== 'string') {
    console.log(`test:kernel ipvs: SKIPPED, nothing was compared: ${tools.missing}`)
    return 0
  }
  const started = Date.now()
  const seeds = Array.from({ length: options.topologies }, (_, i) => options.seed + i)
  const sums = { flows: 0, connections: 0, matched: 0, compared: 0, wrong: 0 }
  const tell = (report: IpvsReport): void => {
    for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += report[key]
    const { seed, scheduler, flows, matched, wrong } = report
    console.log(`seed ${seed} ipvs ${scheduler}: ${flows} flows, ${matched} rules matched, ${wrong} differ`)
    if (wrong > 0 || argv.includes('--verbose')) console.log(report.lines.join('\n'))
  }
  const worker = async (): Promise<void> => {
    for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift())
      try {
        tell(await compareIpvs(seed, tools))
      } catch (error) {
        sums.wrong++
        console.log(`seed ${seed}: ${(error as Error).message}`)
      }
  }
  await Promise.all(Array.from({ length: Math.max(1, options.jobs) }, worker))
  const { flows, connections, matched, compared, wrong } = sums
  console.log(
    `test:kernel ipvs: ${options.topologies} topologies, ${flows} flows, ${connections} connections, ${matched} rules matched, ${compared} compared: ${wrong === 0 ? 'no difference' : `${wrong} DIFFER`} (${Math.round((Date.now() - started) / 1000)} s)`,
  )
  return wrong === 0 ? 0 : 1
}
