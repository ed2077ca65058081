import { newMachine, openScenario } from '../model/cluster.ts'
import { FAULTS, faultProblem } from '../model/faults/faults.ts'
import type { ModelReader, Tables } from '../model/tables.ts'
import { runLines, type Mover } from '../shell/drive.ts'
import type { Filters, LabControls } from '../shell/process.ts'
import { createSession } from '../shell/session.ts'
import type { ModelWait } from '../shell/tasks.ts'
import type { Input, JournalEntry, Micros } from '../sim/contract.ts'
import type { Machine } from '../sim/machine.ts'
import { TOOLS } from '../tools/registry.ts'
import type { Lab, Ran } from './play.ts'

/** What the lab moves: a machine alone, or a timeline that keeps its past. */
export interface Runner {
  readonly reader: ModelReader
  input(input: Input): void
  nextAt(): Micros | undefined
  step(): JournalEntry | undefined
  idleUntil(at: Micros): void
  hash(): string
}

export function machineRunner(machine: Machine<Tables>): Runner {
  return {
    reader: machine.reader,
    input: (input) => void machine.input(input),
    nextAt: () => machine.nextAt(),
    step: () => machine.step(),
    idleUntil: (at) => machine.idleUntil(at),
    hash: () => machine.hash(),
  }
}

/** A waiting command may move the model this far; past it the command is interrupted as by Ctrl-C. */
const LONGEST_WAIT: Micros = 3_600_000_000
/** All waits of a script together: `tail -f` and `watch` wake every second, and would go on for ever. */
const LONGEST_SCRIPT: Micros = 6 * LONGEST_WAIT

/** Moves the model for a shell that waits: event by event, until a table it names is written or its moment comes. */
export function moverOf(runner: Runner, interrupted?: (why: string) => void): Mover {
  const started = runner.reader.now
  return {
    advance(waits: readonly ModelWait[]) {
      if (runner.reader.now - started > LONGEST_SCRIPT) {
        interrupted?.('six hours of model time have passed')
        return undefined
      }
      const until = Math.min(...waits.map((wait) => wait.until ?? Infinity))
      const tables = new Set(waits.flatMap((wait) => [...(wait.tables ?? [])]))
      const limit = Math.min(until, runner.reader.now + LONGEST_WAIT)
      for (;;) {
        const next = runner.nextAt()
        if (next === undefined || next > limit) {
          if (!Number.isFinite(until) || until > limit) {
            interrupted?.('nothing that it waits for happens within an hour')
            return undefined
          }
          runner.idleUntil(until)
          return new Set()
        }
        const written = new Set(runner.step()!.changes.map((change) => change.table))
        if ([...written].some((table) => tables.has(table))) return written
        if (runner.reader.now >= until) return written
      }
    },
  }
}

/** Runs what inputs set off at this very moment, before any time passes. */
function settle(runner: Runner): void {
  for (let next = runner.nextAt(); next !== undefined && next <= runner.reader.now; next = runner.nextAt())
    runner.step()
}

/** Time, faults and the hash, for the builtin `lab`. Where a run has no past there is nothing to ask why. */
export function controlsOf(runner: Runner): LabControls {
  return {
    fault(name, target, on) {
      const data = { name, target, on }
      const problem = faultProblem(runner.reader, data)
      if (problem !== undefined) return problem
      runner.input({ kind: 'fault.set', to: 'faults', data })
      settle(runner)
      return undefined
    },
    faults: () => FAULTS.map((fault) => fault.name),
    hash: () => runner.hash(),
    why: () => undefined,
  }
}

export interface LabFiles {
  [path: string]: string
}

/** Runs lines as the terminal on the laptop would; waiting commands move the runner's time. */
export async function runShell(
  runner: Runner,
  script: string,
  files: LabFiles,
  loadFilters?: () => Promise<Filters>,
): Promise<Ran> {
  let out = ''
  let err = ''
  const session = createSession({
    host: {
      reader: () => runner.reader,
      give(inputs) {
        for (const input of inputs) runner.input(input)
        settle(runner)
      },
      lab: controlsOf(runner),
      ...(loadFilters ? { loadFilters } : {}),
    },
    tools: TOOLS,
    files,
    write(text, stream) {
      if (stream === 'out') out += text
      else err += text
    },
  })
  const exit = await runLines(session, script, moverOf(runner))
  session.close()
  return { out, err, exit }
}

/** The cluster of a scenario at the moment a learner opens it. */
export function openLab(scenario: string, seed: number, loadFilters?: () => Promise<Filters>): Lab {
  const machine = openScenario(scenario, seed)
  const opened = machine.now
  const inputs: Input[] = []
  const entries: JournalEntry[] = []
  const bare = machineRunner(machine)
  const runner: Runner = {
    ...bare,
    input(input) {
      inputs.push(input)
      bare.input(input)
    },
    step() {
      const entry = bare.step()
      if (entry) entries.push(entry)
      return entry
    },
  }
  const files: LabFiles = {}
  return {
    now: () => machine.now,
    run: (script) => runShell(runner, script, files, loadFilters),
    async ask(script) {
      const copy = newMachine(seed)
      copy.restore(machine.save())
      return runShell(machineRunner(copy), script, files, loadFilters)
    },
    advance(limit, stride) {
      const next = machine.nextAt()
      if (machine.now >= limit) return false
      if (next === undefined || next > limit) machine.idleUntil(limit)
      else for (const end = Math.min(limit, next + stride); (machine.nextAt() ?? Infinity) <= end;) runner.step()
      return true
    },
    write: (path, text) => void (files[path] = text),
    async fault(name, target, on) {
      const problem = controlsOf(runner).fault(name, target, on)
      return { out: '', err: problem ?? '', exit: problem === undefined ? 0 : 1 }
    },
    record: () => ({ opened, inputs, entries }),
  }
}
