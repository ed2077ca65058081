import type { Statement } from 'unbash'
import { asProcess } from './control.ts'
import { Stopped, type Context, type Io, type Job, type Kernel } from './process.ts'
import { copyState } from './state.ts'
import { nullSource } from './streams.ts'
import { exitOf, Killed, type Group, type Signal } from './tasks.ts'

/** Processes at one time; a shell in a container of a careful cluster has about as many (pids.max). */
const MOST_PROCESSES = 400

/** Before a process is started: where there are too many, all jobs are ended, as nobody could type `kill` any more. */
export function mayFork({ kernel, group }: Context): void {
  if (group.killed) throw new Killed(group.killed)
  if (kernel.tasks.alive() < MOST_PROCESSES) return
  const own = new Set<Group>()
  for (let g: Group | undefined = group; g; g = g.parent) own.add(g)
  for (const job of kernel.jobs) if (!job.done && !own.has(job.group)) kernel.tasks.kill(job.group, 'KILL')
  throw new Stopped(
    `fork: Resource temporarily unavailable (more than ${MOST_PROCESSES} processes); all jobs were ended`,
  )
}

/** `command &`: a process group of its own, so that Ctrl-C at the prompt does not reach it. */
export function startJob(statement: Statement, context: Context, run: (inner: Context) => Promise<number>): number {
  const { kernel, shell, io } = context
  mayFork(context)
  const group = kernel.tasks.group(kernel.root)
  const job: Job = {
    id: (kernel.jobs.at(-1)?.id ?? 0) + 1,
    pid: kernel.nextPid(),
    text: context.source.slice(statement.pos, statement.end).replace(/\s*&\s*$/, ''),
    group,
    done: false,
    exit: 0,
    signal: undefined,
    finished: new Set(),
  }
  kernel.jobs.push(job)
  shell.lastJobPid = job.pid
  if (io.stdout.tty) io.stderr.write(`[${job.id}] ${job.pid}\n`)
  const inner: Context = { ...context, group, shell: copyState(shell), io: { ...io, stdin: nullSource }, tested: true }
  kernel.tasks.spawn(async () => {
    try {
      job.exit = await asProcess(() => run(inner))
    } catch (error) {
      if (!(error instanceof Stopped)) throw error
      if (!group.killed) tryWrite(io.stderr, `${context.site.shellName}: ${error.message}\n`)
      job.exit = 1
    } finally {
      job.signal = group.killed
      if (group.killed) job.exit = exitOf(group.killed)
      job.done = true
      kernel.tasks.close(group)
      for (const listener of [...job.finished]) listener()
    }
  })
  return 0
}

/** The terminal may have had more than it takes: then nothing more can be said. */
function tryWrite(sink: Io['stderr'], text: string): void {
  try {
    sink.write(text)
  } catch {
    // Said often enough.
  }
}

export async function waitForJob(job: Job, kernel: Kernel, group: Group): Promise<number> {
  await kernel.tasks.block<void>(group, (wake) => {
    if (job.done) {
      wake()
      return undefined
    }
    const listener = () => wake()
    job.finished.add(listener)
    return () => job.finished.delete(listener)
  })
  return job.exit
}

/** `%1`, `%+`, `%name`, a pid. */
export function findJob(jobs: readonly Job[], spec: string): Job | undefined {
  if (/^\d+$/.test(spec)) return jobs.find((job) => job.pid === Number(spec))
  const name = spec.replace(/^%/, '')
  if (name === '' || name === '+' || name === '%') return jobs.at(-1)
  if (name === '-') return jobs.at(-2)
  if (/^\d+$/.test(name)) return jobs.find((job) => job.id === Number(name))
  return jobs.find((job) => job.text.startsWith(name))
}

/** A line of `jobs`: bash pads the state to 24 characters. */
export function jobLine(job: Job, jobs: readonly Job[]): string {
  const mark = job === jobs.at(-1) ? '+' : job === jobs.at(-2) ? '-' : ' '
  const state = !job.done
    ? 'Running'
    : job.signal
      ? signalWord(job.signal)
      : job.exit === 0
        ? 'Done'
        : `Exit ${job.exit}`
  return `[${job.id}]${mark}  ${state.padEnd(24)}${job.text}${job.done ? '' : ' &'}\n`
}

/** What the shell says of finished jobs before its next prompt. They are then forgotten. */
export function reportJobs(kernel: Kernel): string {
  let text = ''
  for (const job of kernel.jobs.filter((j) => j.done)) text += jobLine(job, kernel.jobs)
  for (let i = kernel.jobs.length - 1; i >= 0; i--) if (kernel.jobs[i]!.done) kernel.jobs.splice(i, 1)
  return text
}

function signalWord(signal: NonNullable<Group['killed']>): string {
  if (signal === 'INT') return ''
  return signal === 'TERM' ? 'Terminated' : signal === 'KILL' ? 'Killed' : signal === 'HUP' ? 'Hangup' : 'Broken pipe'
}

export function killJob(job: Job, kernel: Kernel, signal: Signal): void {
  kernel.tasks.kill(job.group, signal)
}
