/** Processes that take one job after the other. */
import { fork } from 'node:child_process'
import type { Job, JobDone } from './worker.ts'

export async function runJobs(
  jobs: readonly Job[],
  processes: number,
  scripts: { readonly agent: string; readonly worker: string },
  take: (done: JobDone) => void,
): Promise<void> {
  let next = 0
  const worker = (): Promise<void> =>
    new Promise((resolve) => {
      if (next >= jobs.length) return resolve()
      const child = fork(scripts.worker, [scripts.agent])
      let busy: Job | undefined
      const more = (): void => {
        busy = jobs[next++]
        if (busy) child.send(busy)
        else child.disconnect()
      }
      child.on('message', (done) => {
        take(done as JobDone)
        more()
      })
      child.on('exit', (code) => {
        if (busy) take({ job: busy, error: `its process ended with ${code}` })
        resolve()
      })
      more()
    })
  await Promise.all(Array.from({ length: processes }, worker))
}
