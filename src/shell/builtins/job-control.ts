import { findJob, jobLine, killJob, waitForJob } from '../jobs.ts'
import { say, type Program } from '../process.ts'
import type { Signal } from '../tasks.ts'

type Run = Program['run']

export const jobsList: Run = ({ kernel, io }) => {
  for (const job of kernel.jobs) io.stdout.write(jobLine(job, kernel.jobs))
  return 0
}

export const fg: Run = async (process) => {
  const { kernel, site, io } = process
  const job = findJob(kernel.jobs, process.argv[1] ?? '%+')
  if (!job) {
    io.stderr.write(`${site.shellName}: fg: ${process.argv[1] ?? 'current'}: no such job\n`)
    return 1
  }
  say(process, `${job.text}\n`)
  try {
    const exit = await waitForJob(job, kernel, process.group)
    kernel.jobs.splice(kernel.jobs.indexOf(job), 1)
    return exit
  } catch (error) {
    killJob(job, kernel, 'INT')
    throw error
  }
}

export const kill: Run = (process) => {
  const { kernel, site, io } = process
  let signal: Signal = 'TERM'
  const targets: string[] = []
  const args = process.argv.slice(1)
  if (args[0] === '-l') {
    say(process, ' 1) SIGHUP\t 2) SIGINT\t 9) SIGKILL\t13) SIGPIPE\t15) SIGTERM\n')
    return 0
  }
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (arg.startsWith('-') && targets.length === 0) {
      const name = (arg === '-s' ? args[++i]! : arg.slice(1)).replace(/^SIG/, '')
      signal = ({ 1: 'HUP', 2: 'INT', 9: 'KILL', 15: 'TERM' } as Record<string, Signal>)[name] ?? (name as Signal)
    } else targets.push(arg)
  }
  if (targets.length === 0) {
    io.stderr.write('kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]\n')
    return 2
  }
  const program = kernel.findProgram('kill', site.place)
  let exit = 0
  for (const target of targets) {
    const job = findJob(kernel.jobs, target)
    if (job) killJob(job, kernel, signal)
    else if (!target.startsWith('%') && program) return program.run(process)
    else {
      const words = target.startsWith('%') ? 'no such job' : `(${target}) - No such process`
      io.stderr.write(`${site.shellName}: kill: ${target.startsWith('%') ? `${target}: ` : ''}${words}\n`)
      exit = 1
    }
  }
  return exit
}

export const wait: Run = async (process) => {
  const { kernel, group } = process
  const specs = process.argv.slice(1).filter((arg) => !arg.startsWith('-'))
  if (specs.length === 0) {
    for (const job of [...kernel.jobs]) await waitForJob(job, kernel, group)
    return 0
  }
  let exit = 0
  for (const spec of specs) {
    const job = findJob(kernel.jobs, spec)
    if (job) exit = await waitForJob(job, kernel, group)
    else {
      process.io.stderr.write(`${process.site.shellName}: wait: pid ${spec} is not a child of this shell\n`)
      exit = 127
    }
  }
  return exit
}
