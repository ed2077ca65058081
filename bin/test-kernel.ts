/**
 * The model against the real Linux kernel. For each seed a random cluster is run twice: in the model, and in network
 * namespaces with the very rules that the model's kube-proxy wrote. For every flow they must agree on the verdict, the
 * set of backends, the source address that each backend saw, the rules that the first packet matched, in order, and the
 * number of rules that it was compared with at each hook. In one topology of ten the shares of 3,000 connections, too.
 * Then dumps of rules, our own and those of ../shared/corpus/rules: `nodeglass trace` against a kernel that loaded them.
 *
 * Where user-mode Linux is in .cache/uml (bin/kernel/get-uml.sh), some topologies in mode ipvs, too.
 *
 *     npm run test:kernel -- [--topologies 200] [--ipvs 12] [--seed 1] [--jobs N] [--corpus [FOLDER]] [--verbose]
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { ModeReport, TopologyReport } from './kernel/compare.ts'
import type { DumpReport } from './kernel/compare-dump.ts'
import { runJobs } from './kernel/jobs.ts'
import { MODES } from './kernel/modelled.ts'
import { cannotRun } from './kernel/namespaces.ts'
import { OWN_DUMPS } from './kernel/own-dumps.ts'
import { FEATURES } from './kernel/topology.ts'
import { noUml, type UmlScripts } from './kernel/uml.ts'
import type { Job, JobDone } from './kernel/worker.ts'

interface Options {
  topologies: number
  /** Topologies in mode ipvs. */
  ipvs: number
  seed: number
  jobs: number
  verbose: boolean
  /** Folder of dumps; undefined: none was found. */
  corpus: string | undefined
}

const USAGE = 'there are --topologies N --ipvs N --seed N --jobs N --corpus [FOLDER] --verbose'

function readOptions(argv: readonly string[], root: string): Options {
  const shared = join(root, '..', 'shared', 'corpus', 'rules')
  const options: Options = {
    topologies: 200,
    ipvs: 12,
    seed: 1,
    jobs: availableParallelism() + 2,
    verbose: false,
    corpus: existsSync(shared) ? shared : undefined,
  }
  for (let i = 0; i < argv.length; i++) {
    const name = argv[i]!.replace(/^--/, '')
    if (name === 'verbose') options.verbose = true
    else if (name === 'corpus') {
      // alone: the dumps and nothing else
      if (argv[i + 1] !== undefined && !argv[i + 1]!.startsWith('--')) options.corpus = argv[++i]!
      if (!argv.includes('--topologies')) options.topologies = 0
      if (!argv.includes('--ipvs')) options.ipvs = 0
      if (options.corpus === undefined || !existsSync(options.corpus))
        throw new Error(`--corpus: there is no folder ${options.corpus ?? shared}`)
    } else if (name === 'topologies' || name === 'ipvs' || name === 'seed' || name === 'jobs') {
      const value = Number(argv[++i])
      if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name}: give a whole number`)
      options[name] = value
    } else throw new Error(`unknown flag ${argv[i]}; ${USAGE}`)
  }
  return options
}

/** Bundles of bin/kernel/agent.ts and bin/kernel/worker.ts, and the root of the project. */
export interface Setting {
  readonly agent: string
  readonly worker: string
  readonly guest: string
  readonly root: string
}

export async function main(argv: readonly string[], setting: Setting): Promise<number> {
  let options: Options
  try {
    options = readOptions(argv, setting.root)
  } catch (error) {
    console.error(`test:kernel: ${(error as Error).message}`)
    return 2
  }
  const why = cannotRun()
  if (why !== undefined) {
    console.log(`test:kernel: SKIPPED, nothing was compared: ${why}`)
    return 0
  }
  const started = Date.now()
  const topologies: TopologyReport[] = []
  const dumps: DumpReport[] = []
  const broken: string[] = []
  const ipvs: ModeReport[] = []
  const uml = join(setting.root, '.cache', 'uml')
  const noIpvs = noUml(uml)
  // the slow ones first
  const jobs: Job[] = [...(noIpvs === undefined ? ipvsJobs(options, { ...setting, uml }) : []), ...dumpJobs(options)]
  for (let i = 0; i < options.topologies; i++) jobs.push({ name: `seed ${options.seed + i}`, seed: options.seed + i })
  const take = ({ job, report, error }: JobDone): void => {
    if (error !== undefined) {
      broken.push(`${job.name}: ${error}`)
      console.log(`BROKEN ${job.name}: ${error}`)
    } else if ('ipvs' in job) {
      for (const one of report as ModeReport[]) {
        ipvs.push(one)
        tell(job.name, one.lines, options.verbose)
      }
    } else if ('dump' in job) {
      dumps.push(report as DumpReport)
      tell(titleOf(report as DumpReport), (report as DumpReport).lines, options.verbose)
    } else {
      const { title, totalMs, modelMs, lines } = report as TopologyReport
      topologies.push(report as TopologyReport)
      tell(`${title}, ${totalMs} ms (model ${modelMs})`, lines, options.verbose)
    }
  }
  await runJobs(jobs, Math.max(1, options.jobs), setting, take)
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  const missing =
    options.topologies < 40 ? [] : FEATURES.filter((feature) => !topologies.some((r) => r.covered.includes(feature)))
  const wrong = [...topologies, ...dumps, ...ipvs].reduce((sum, report) => sum + report.wrong, 0) + broken.length
  if (topologies.length > 0) sayTopologies(topologies, missing)
  if (noIpvs !== undefined && options.ipvs > 0) console.log(`ipvs: SKIPPED, nothing was compared: ${noIpvs}`)
  else if (ipvs.length > 0)
    console.log(
      `ipvs: ${ipvs.length} topologies, ${total(ipvs, (r) => r.flows)} flows, ${total(ipvs, (r) => r.connections)} connections: ${total(ipvs, (r) => r.wrong)} differ`,
    )
  sayDumps(dumps, options)
  console.log(
    `test:kernel: ${wrong === 0 ? 'the kernel agrees' : `${wrong} differ`}${missing.length > 0 ? `, NOT TRIED: ${missing.join(', ')}` : ''} (${seconds} s)`,
  )
  return wrong === 0 && missing.length === 0 ? 0 : 1
}

/** A kernel for a few topologies: it takes some seconds to start, and it has one processor. */
function ipvsJobs(options: Options, scripts: UmlScripts): Job[] {
  const seeds = Array.from({ length: options.ipvs }, (_, i) => options.seed + i)
  const jobs: Job[] = []
  for (let i = 0; i < seeds.length; i += 3) {
    const mine = seeds.slice(i, i + 3)
    jobs.push({ name: `ipvs, seeds ${mine[0]} to ${mine[mine.length - 1]}`, ipvs: mine, scripts })
  }
  return jobs
}

function dumpJobs(options: Options): Job[] {
  const jobs: Job[] = Object.entries(OWN_DUMPS).map(([name, dump], i) => ({ name, dump, seed: options.seed + i }))
  if (options.corpus === undefined) return jobs
  const files = readdirSync(options.corpus).filter((name) => name.endsWith('.txt') || name.endsWith('.rules'))
  for (const name of files.sort())
    jobs.push({ name, dump: readFileSync(join(options.corpus, name), 'utf8'), seed: options.seed })
  return jobs
}

function tell(title: string, lines: readonly string[], all: boolean): void {
  const shown = all ? lines : lines.filter((line) => !line.startsWith('  agrees'))
  if (shown.length > 0) console.log([title, ...shown].join('\n'))
}

function titleOf(report: DumpReport): string {
  return `${report.name}: ${report.refused === undefined ? `${report.rules} rules, ${report.packets} packets` : `refused: ${report.refused}`}`
}

const total = <T>(reports: readonly T[], of: (report: T) => number): number =>
  reports.reduce((sum, report) => sum + of(report), 0)

function sayTopologies(reports: readonly TopologyReport[], missing: readonly string[]): void {
  const tried = FEATURES.filter((feature) => !missing.includes(feature))
  for (const mode of MODES) {
    const mine = reports.flatMap((report) => report.modes.filter((one) => one.mode === mode))
    const shares = mine.flatMap((one) => (one.chiSquare ? [one.chiSquare.value] : []))
    const again = total(mine, (one) => one.again)
    console.log(
      [
        `${mode}: ${mine.length} topologies, ${total(mine, (r) => r.flows)} flows, ${total(mine, (r) => r.connections)} connections, ${total(mine, (r) => r.matched)} matched rules, ${total(mine, (r) => r.compared)} rules compared: ${total(mine, (r) => r.wrong)} differ`,
        ...(shares.length > 0
          ? [
              `  shares over 3,000 connections in ${shares.length} topologies: largest chi-square ${Math.max(...shares).toFixed(1)}`,
            ]
          : []),
        ...(again > 0 ? [`  ${again} flows agreed only when they were tried again`] : []),
      ].join('\n'),
    )
  }
  console.log(
    `  topologies that tried: ${tried.map((feature) => `${feature} ${reports.filter((r) => r.covered.includes(feature)).length}`).join(', ')}`,
  )
}

function sayDumps(reports: readonly DumpReport[], options: Options): void {
  const loaded = reports.filter((report) => report.refused === undefined)
  console.log(
    `${loaded.length} dumps, ${total(loaded, (r) => r.packets)} packets, ${total(loaded, (r) => r.matched)} matched rules, ${total(loaded, (r) => r.compared)} rules compared: ${total(reports, (r) => r.wrong)} differ`,
  )
  for (const report of reports) {
    if (report.refused !== undefined) console.log(`  refused ${report.name}: ${report.refused}`)
    for (const why of new Set(report.stripped.map((rule) => rule.why))) {
      const rules = report.stripped.filter((rule) => rule.why === why)
      console.log(
        `  left out of ${report.name} on both sides: ${rules.length} rules, ${why}, such as ${rules[0]!.line.slice(0, 120)}`,
      )
    }
  }
  if (options.corpus === undefined)
    console.log('  SKIPPED the corpus of real dumps: there is no ../shared/corpus/rules; give --corpus FOLDER')
}
