/**
 * Everything of the worker that speaks kubectl: terminals, scripts on the live cluster and on copies of it, and what the
 * editor asks. Loaded after the first picture, because it is half of the worker.
 */
import { writtenBy } from '../lesson/incident.ts'
import { machineRunner, runShell, type Runner } from '../lesson/lab.ts'
import type { Ran } from '../lesson/play.ts'
import { newMachine } from '../model/cluster.ts'
import { createFilters } from '../shell/filters.ts'
import type { Filters, Host, LabControls } from '../shell/process.ts'
import type { Input } from '../sim/contract.ts'
import { TOOLS } from '../tools/registry.ts'
import { runLive, type LiveScript } from './live-shells.ts'
import { plan } from './manifests.ts'
import type { ApplyAnswer, Deed, FromWorker, PlanAnswer, TerminalToWorker, ToWorker } from './protocol.ts'
import type { Session } from './session.ts'
import { createTerminals } from './terminal.ts'

export interface ShellsHost {
  readonly post: (message: FromWorker) => void
  readonly give: (inputs: readonly Input[]) => void
  readonly lab: LabControls
}

export interface Shells {
  /** Another run was opened: the shells of the old one end. */
  reset(session: Session): void
  terminal(id: string, data: TerminalToWorker): void
  plan(yaml: string, file: string): PlanAnswer
  /** `kubectl apply` on the live cluster, in model time as the page plays it. */
  apply(yaml: string, file: string): Promise<ApplyAnswer>
  /** In a copy of this moment that is thrown away: the cluster of the page does not notice. */
  run(script: string, files: Readonly<Record<string, string>> | undefined): Promise<Ran>
  /** Breaks a cluster before its learner arrives, as fast as it goes. Rejects when a line of it fails. */
  setUp(session: Session, setup: NonNullable<Extract<ToWorker, { t: 'open' }>['setup']>): Promise<void>
  /** Lines that change the past, as fast as they go. */
  again(session: Session, script: string): Promise<{ out: string; err: string; exit: number }>
  deeds(): Deed[]
  /** The model moved. */
  wake(changed: ReadonlySet<string> | 'any'): void
  /** `waiting`: some command waits for the model; `hurried`: for an answer, or because somebody asked time to go ahead. */
  waits(): { readonly waiting: boolean; readonly hurried: boolean }
}

/** A session as what runs scripts wants it. */
export function sessionRunner(session: Session): Runner {
  return {
    get reader() {
      return session.reader
    },
    input: (input) => void session.input(input),
    nextAt: () => session.peek()?.at,
    step: () => session.step(),
    idleUntil: (at) => void session.runUntil(at, 0),
    hash: () => session.timeline.machine.hash(),
  }
}

/** sed, awk, jq and their like are large: loaded when a line first uses one. */
const loadFilters = async (): Promise<Filters> =>
  createFilters((await import('just-bash/browser')) as unknown as Parameters<typeof createFilters>[0])

export function createShells({ post, give, lab }: ShellsHost): Shells {
  const terminals = createTerminals({ tools: TOOLS, post, give, lab, loadFilters })
  const scripts = new Set<LiveScript>()
  let session: Session | undefined

  const look = (script: LiveScript): void => void script.check().then((ended) => ended && scripts.delete(script))
  const here = (): Session => {
    if (!session) throw new Error('no run is open')
    return session
  }
  return {
    reset(next) {
      session = next
      for (const script of scripts) script.shell.close()
      scripts.clear()
      terminals.reset(next)
    },
    terminal(id, data) {
      if (data.d === 'file') terminals.file(data.name, data.text)
      else terminals.handle(id, data)
    },
    plan: (yaml, file) => plan(here().reader, yaml, file),
    async apply(yaml, file) {
      const run = here()
      const name = file.replaceAll(/[^A-Za-z0-9._-]/g, '_') || 'manifest.yaml'
      const { problems } = plan(run.reader, yaml, name)
      const host: Host = { reader: () => run.reader, give, loadFilters, lab }
      const script = runLive(host, TOOLS, `kubectl apply -f ${name}`, { [name]: yaml })
      scripts.add(script)
      look(script)
      const { out, err, exit } = await script.done
      return { ok: exit === 0, text: `${out}${err}`.trimEnd(), problems }
    },
    run(script, files) {
      const copy = newMachine(here().seed)
      copy.restore(here().timeline.machine.save())
      return runShell(machineRunner(copy), script, { ...terminals.files(), ...files }, loadFilters)
    },
    async setUp(run, { script, files }) {
      const { out, err, exit } = await runShell(sessionRunner(run), script, { ...files }, loadFilters)
      if (exit !== 0) throw new Error(`The set-up of this incident failed: ${err.trim() || out.trim()}`)
    },
    again: (run, script) => runShell(sessionRunner(run), script, terminals.files(), loadFilters),
    deeds() {
      const { inputs } = here().timeline.branch
      const wrote = inputs.flatMap((input): Deed[] => {
        const written = writtenBy(input)
        return written.wrote === undefined ? [] : [{ at: input.at, ...written }]
      })
      return [...terminals.lines(), ...wrote].sort((a, b) => a.at - b.at)
    },
    wake(changed) {
      terminals.wake(changed)
      for (const script of scripts) {
        script.shell.wake(changed)
        look(script)
      }
    },
    waits() {
      const waits = [...terminals.waits(), ...[...scripts].flatMap((script) => script.shell.waits())]
      return {
        waiting: waits.length > 0,
        hurried: waits.some((wait) => wait.tables !== undefined || wait.hurry === true),
      }
    },
  }
}
