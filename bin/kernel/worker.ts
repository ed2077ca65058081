/** A process of its own for one topology after the other: `process.send` tells of each. */
import { compareTopology } from './compare.ts'
import { guard, removeNamespaces } from './namespaces.ts'

export type Job = { readonly seed: number }
export type JobDone = { readonly seed: number; readonly report?: unknown; readonly error?: string }

guard()
const agentScript = process.argv[2]!
const leave = (): never => {
  removeNamespaces()
  process.exit(0)
}
process.on('disconnect', leave)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, leave)
process.on('message', (job: Job) => {
  compareTopology(job.seed, agentScript).then(
    (report) => process.send!({ seed: job.seed, report } satisfies JobDone),
    (error: Error) => process.send!({ seed: job.seed, error: error.stack ?? String(error) } satisfies JobDone),
  )
})
