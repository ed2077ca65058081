/** A process of its own for one topology after the other: `process.send` tells of each. */
import { compareTopology } from './compare.ts'
import { compareIpvs } from './compare-ipvs.ts'
import type { UmlScripts } from './uml.ts'
import { compareDump } from './compare-dump.ts'
import { guard, removeNamespaces } from './namespaces.ts'

export type Job =
  | { readonly name: string; readonly seed: number }
  | { readonly name: string; readonly dump: string; readonly seed: number }
  | { readonly name: string; readonly ipvs: readonly number[]; readonly scripts: UmlScripts }
export type JobDone = { readonly job: Job; readonly report?: unknown; readonly error?: string }

guard()
const agentScript = process.argv[2]!
const leave = (): never => {
  removeNamespaces()
  process.exit(0)
}
process.on('disconnect', leave)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, leave)
process.on('message', (job: Job) => {
  const work: Promise<unknown> =
    'ipvs' in job
      ? compareIpvs(job.ipvs, job.scripts)
      : 'dump' in job
        ? compareDump(job.name, job.dump, job.seed, agentScript)
        : compareTopology(job.seed, agentScript)
  work.then(
    (report) => process.send!({ job, report } satisfies JobDone),
    (error: Error) => process.send!({ job, error: error.stack ?? String(error) } satisfies JobDone),
  )
})
