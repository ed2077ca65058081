/**
 * The model against the real Linux kernel. For each seed a random cluster is run twice: in the model, and in network
 * namespaces with the very rules that the model's kube-proxy wrote. For every flow they must agree on the verdict, the
 * set of backends, the source address that each backend saw, the rules that the first packet matched, in order, and the
 * number of rules that it was compared with at each hook. In one topology of ten the shares of 3,000 connections, too.
 *
 *     npm run test:kernel -- [--topologies 200] [--seed 1] [--jobs N] [--verbose]
 */
import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import type { TopologyReport } from './kernel/compare.ts'
import { cannotRun } from './kernel/namespaces.ts'
import { FEATURES } from './kernel/topology.ts'
import type { JobDone } from './kernel/worker.ts'

interface Options {
  topologies: number
  seed: number
  jobs: number
  verbose: boolean
}

const USAGE = 'there are --topologies N --seed N --jobs N --verbose'

function readOptions(argv: readonly string[]): Options {
  const options: Options = { topologies: 200, seed: 1, jobs: availableParallelism() + 2, verbose: false }
  for (let i = 0; i < argv.length; i++) {
    const name = argv[i]!.replace(/^--/, '')
    if (name === 'verbose') options.verbose = true
    else if (name === 'topologies' || name === 'seed' || name === 'jobs') {
      const value = Number(argv[++i])
      if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name}: give a whole number`)
      options[name] = value
    } else throw new Error(`unknown flag ${argv[i]}; ${USAGE}`)
  }
  return options
}

/** Bundles of bin/kernel/agent.ts and bin/kernel/worker.ts. */
export interface Scripts {
  readonly agent: string
  readonly worker: string
}

export async function main(argv: readonly string[], scripts: Scripts): Promise<number> {
  let options: Options
  try {
    options = readOptions(argv)
  } catch (error) {
    console.error(`test:kernel: ${(error as Error).message}`)
    return 2
  }
  const why = cannotRun()
  if (why !== undefined) {
    console.log(`test:kernel: SKIPPED, nothing was compared: ${why}`)
    return 0
  }
  return compareTopologies(options, scripts)
}

async function compareTopologies(options: Options, scripts: Scripts): Promise<number> {
  const started = Date.now()
  const reports: TopologyReport[] = []
  const broken: string[] = []
  let next = options.seed
  const last = options.seed + options.topologies
  const take = (done: JobDone): void => {
    if (done.error !== undefined) {
      broken.push(`seed ${done.seed}: ${done.error}`)
      console.log(broken[broken.length - 1])
      return
    }
    const report = done.report as TopologyReport
    reports.push(report)
    const lines = options.verbose ? report.lines : report.lines.filter((line) => !line.startsWith('  agrees'))
    if (lines.length > 0)
      console.log([`${report.title}, ${report.totalMs} ms (model ${report.modelMs})`, ...lines].join('\n'))
  }
  const worker = (): Promise<void> =>
    new Promise((resolve) => {
      if (next >= last) return resolve()
      const child = fork(scripts.worker, [scripts.agent])
      let busy: number | undefined
      const more = (): void => {
        if (next >= last) {
          busy = undefined
          child.disconnect()
        } else child.send({ seed: (busy = next++) })
      }
      child.on('message', (done) => {
        take(done as JobDone)
        more()
      })
      child.on('exit', (code) => {
        if (busy !== undefined) broken.push(`seed ${busy}: the process ended with ${code}`)
        resolve()
      })
      more()
    })
  await Promise.all(Array.from({ length: Math.max(1, options.jobs) }, worker))
  const total = (of: (report: TopologyReport) => number): number => reports.reduce((sum, report) => sum + of(report), 0)
  const wrong = total((report) => report.wrong) + broken.length
  const shares = reports.flatMap((report) => (report.chiSquare ? [report.chiSquare] : []))
  const missing =
    options.topologies < 40 ? [] : FEATURES.filter((feature) => !reports.some((r) => r.covered.includes(feature)))
  console.log(
    [
      `test:kernel: ${reports.length} topologies, ${total((r) => r.flows)} flows, ${total((r) => r.connections)} connections, ${total((r) => r.matched)} matched rules, ${total((r) => r.compared)} rules compared, in ${((Date.now() - started) / 1000).toFixed(1)} s: ${wrong === 0 ? 'the kernel agrees' : `${wrong} differ`}`,
      `  shares over 3,000 connections in ${shares.length} topologies: largest chi-square ${Math.max(0, ...shares.map((s) => s.value)).toFixed(1)}`,
      `  tried: ${FEATURES.map((feature) => `${feature} ${reports.filter((r) => r.covered.includes(feature)).length}`).join(', ')}`,
      ...(total((r) => r.again) > 0 ? [`  ${total((r) => r.again)} flows agreed only when they were tried again`] : []),
      ...(missing.length > 0 ? [`  NOT TRIED: ${missing.join(', ')}`] : []),
      ...broken.map((line) => `  BROKEN ${line}`),
    ].join('\n'),
  )
  return wrong === 0 && missing.length === 0 ? 0 : 1
}
