import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { moverOf, type Runner } from '../lesson/lab.ts'
import { boot, openAt } from '../model/cluster.ts'
import { FAULTS, faultProblem } from '../model/faults/faults.ts'
import { SCENARIOS } from '../model/scenarios/scenarios.ts'
import { runLines } from '../shell/drive.ts'
import { createSession } from '../shell/session.ts'
import type { Tables } from '../model/tables.ts'
import type { Timeline } from '../sim/timeline.ts'
import { TOOLS } from '../tools/registry.ts'
import { readArguments, UsageError, wholeNumber } from './arguments.ts'
import { loadFilters } from './filters.ts'
import { why } from './why.ts'

const USAGE = 'sh [--scenario NAME] [--seed N] [--file F]... [SCRIPT | -]'

/** Runs shell lines as the lab's terminal would; waiting commands move model time. The status is that of the last line. */
export async function main(argv: string[]): Promise<number> {
  const args = readArguments(argv, { values: ['scenario', 'seed'], lists: ['file'] })
  if (args.words.length > 1) throw new UsageError(`usage: ${USAGE}\n(a script of several words goes in quotes)`)
  const scenario = args.flags.scenario === undefined ? Object.keys(SCENARIOS)[0]! : String(args.flags.scenario)
  if (!SCENARIOS[scenario])
    throw new UsageError(`no scenario "${scenario}"; there are: ${Object.keys(SCENARIOS).join(', ')}`)
  const script = scriptText(args.words[0])
  const files = Object.fromEntries((args.lists.file ?? []).map((path) => [basename(path), textOf(path)]))

  const timeline = boot(scenario, wholeNumber(args, 'seed', 1))
  timeline.runUntil(openAt(scenario))
  const runner = runnerOf(timeline)
  const settle = (): void => {
    for (let next = runner.nextAt(); next !== undefined && next <= runner.reader.now; next = runner.nextAt())
      runner.step()
  }
  const session = createSession({
    host: {
      reader: () => runner.reader,
      give(inputs) {
        for (const input of inputs) runner.input(input)
        settle()
      },
      loadFilters,
      lab: {
        fault(name, target, on) {
          const problem = faultProblem(runner.reader, { name, target, on })
          if (problem === undefined) {
            runner.input({ kind: 'fault.set', to: 'faults', data: { name, target, on } })
            settle()
          }
          return problem
        },
        faults: () => FAULTS.map((fault) => fault.name),
        hash: () => runner.hash(),
        why: (what) => why(timeline, what),
      },
    },
    tools: TOOLS,
    files,
    write(text, stream) {
      ;(stream === 'out' ? process.stdout : process.stderr).write(text)
    },
  })
  const mover = moverOf(runner, (why) => process.stderr.write(`# interrupted as by Ctrl-C: ${why}\n`))
  return runLines(session, script, mover)
}

function runnerOf(timeline: Timeline<Tables>): Runner {
  const { machine } = timeline
  return {
    reader: machine.reader,
    input: (input) => void timeline.input(input),
    nextAt: () => machine.nextAt(),
    step: () => timeline.step(),
    idleUntil: (at) => void timeline.runUntil(at),
    hash: () => machine.hash(),
  }
}

/** A script as an argument, from a file that exists under that name, or from standard input. */
function scriptText(word: string | undefined): string {
  if (word === undefined || word === '-') return readFileSync(0, 'utf8')
  if (/\s|[|;&$<>(]/.test(word)) return word
  try {
    return readFileSync(word, 'utf8')
  } catch {
    return word
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(`--file ${path}: ${(error as Error).message}`)
  }
}
