import { asProcess } from './control.ts'
import { proxy } from './lab-proxy.ts'
import { complain, say, type Process, type Program } from './process.ts'
import { collectingSink } from './streams.ts'
import { durationMicros } from './text-tools/waiting.ts'

const STEP = 100_000

/** The lab's own command: time, faults, the hash of the run, reasons. Present where the session's host gives controls. */
export const lab: Program = {
  name: 'lab',
  summary:
    "time and faults: lab advance 60s | lab until 'CMD' [--timeout 5m] | lab fault NAME TARGET [--off] | lab proxy NODE [--mode M] [--lag 5s] | lab hash | lab why WHAT",
  run(process) {
    const [command, ...args] = process.argv.slice(1)
    const controls = process.kernel.host.lab
    if (!controls && command !== 'advance' && command !== 'until' && command !== 'proxy') {
      complain(process, 'not available in this session')
      return 1
    }
    switch (command) {
      case 'advance':
        return advance(process, args[0])
      case 'until':
        return until(process, args)
      case 'fault': {
        const [name, target] = args.filter((arg) => !arg.startsWith('--'))
        if (name === undefined || target === undefined) {
          complain(process, `usage: lab fault NAME TARGET [--off]; faults: ${controls!.faults().join(', ')}`)
          return 2
        }
        const problem = controls!.fault(name, target, !args.includes('--off'))
        if (problem !== undefined) complain(process, problem)
        process.kernel.tasks.wake(process.kernel.host.reader().now, 'any')
        return problem === undefined ? 0 : 1
      }
      case 'faults':
        say(process, controls!.faults().map((name) => `${name}\n`).join('')) // prettier-ignore
        return 0
      case 'proxy':
        return proxy(process, args)
      case 'hash':
        say(process, `${controls!.hash()}\n`)
        return 0
      case 'why': {
        const text = args[0] === undefined ? undefined : controls!.why(args[0])
        if (text === undefined) {
          complain(
            process,
            args[0] === undefined
              ? 'usage: lab why KIND/NAME'
              : `nothing is known of "${args[0]}"; name it as pod/web, pod/NAMESPACE/web, node/worker-1, or by the number of an event`,
          )
          return 1
        }
        say(process, text.endsWith('\n') ? text : `${text}\n`)
        return 0
      }
      default:
        process.io.stderr.write(
          "usage: lab advance 60s | lab until 'CMD' [--timeout 5m] | lab fault NAME TARGET [--off] | lab proxy NODE [--mode M] [--lag 5s] | lab hash | lab why WHAT\n",
        )
        return 2
    }
  },
}

async function advance(process: Process, text: string | undefined): Promise<number> {
  const micros =
    durationMicros(text ?? '') ?? (text?.endsWith('ms') ? Math.round(Number(text.slice(0, -2)) * 1000) : undefined)
  if (micros === undefined || Number.isNaN(micros)) {
    complain(process, `advance needs a duration, for example 60s (got "${text ?? ''}")`)
    return 2
  }
  await process.kernel.tasks.waitForModel(process.group, {
    until: process.kernel.host.reader().now + micros,
    hurry: true,
  })
  return 0
}

/** Runs a command each tenth of a second of model time until its status is 0. */
async function until(process: Process, args: readonly string[]): Promise<number> {
  const at = args.indexOf('--timeout')
  const limit = durationMicros(at >= 0 ? (args[at + 1] ?? '') : '5m')
  const words = args.filter((_, i) => at < 0 || (i !== at && i !== at + 1))
  if (words.length === 0 || limit === undefined) {
    complain(process, "usage: lab until 'CMD' [--timeout 5m]")
    return 2
  }
  const { host, tasks } = process.kernel
  const end = host.reader().now + limit
  for (;;) {
    const out = collectingSink()
    const err = collectingSink()
    const context = { ...process.context, io: { ...process.io, stdout: out, stderr: err } }
    const exit = await asProcess(() => process.kernel.run.invoke(['bash', '-c', words.join(' ')], context))
    if (exit === 0) {
      say(process, out.text())
      return 0
    }
    const { now } = host.reader()
    if (now >= end) {
      complain(
        process,
        `until: "${words.join(' ')}" still has status ${exit} after ${at >= 0 ? args[at + 1] : '5m'}; last output: ${(out.text().trim() || err.text().trim()).split('\n').at(-1) ?? ''}`,
      )
      return 1
    }
    await tasks.waitForModel(process.group, { until: Math.min(end, now + STEP), hurry: true })
  }
}
