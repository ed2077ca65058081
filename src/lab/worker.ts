/** The worker: a session, its pacer, its shells, and what the page asks. It outlives every error of the model. */
/// <reference lib="webworker" />
import { boot, openAt } from '../model/cluster.ts'
import { FAULTS, faultProblem } from '../model/faults/faults.ts'
import { SCENARIOS } from '../model/scenarios/scenarios.ts'
import type { LabControls } from '../shell/process.ts'
import type { Input, Micros } from '../sim/contract.ts'
import { Timeline } from '../sim/timeline.ts'
import { causes, chains, effects, eventsBetween, history } from './answers.ts'
import { isWhole, loadRest, needsRest } from './late.ts'
import { createPacer, wallClock } from './pacer.ts'
import type { Answer, Ask, FaultInfo, FromWorker, ScenarioInfo, ToWorker } from './protocol.ts'
import { Session } from './session.ts'
import { encodeRun } from './share.ts'
import { compareForks } from './compare.ts'
import { whatIf } from './what-if.ts'
import { shares } from './shares.ts'
import type { Shells } from './shells.ts'
import { syncNotes } from './sync-notes.ts'

declare const self: DedicatedWorkerGlobalScope

const post = (message: FromWorker): void => self.postMessage(message)
const pacer = createPacer(wallClock(), (frame) => post({ t: 'frame', frame }))
let session: Session | undefined
let early: ToWorker[] = []

function give(inputs: readonly Input[]): void {
  pacer.act((run) => {
    for (const input of inputs) run.input(input)
  }, true)
}

const controls: LabControls = {
  fault(name, target, on) {
    const problem = faultProblem(session!.reader, { name, target, on })
    if (problem === undefined) give([{ kind: 'fault.set', to: 'faults', data: { name, target, on } }])
    return problem
  },
  faults: () => FAULTS.map((fault) => fault.name),
  hash: () => session!.timeline.machine.hash(),
  why(what) {
    const [step] = causes(session!, Number(what), 2)
    return step?.rules.map((rule) => `${rule.id} ${rule.says}`).join('\n')
  },
}
/** The shells and the tools come when somebody needs them, or when the first picture has been moving for a while. */
let shells: Shells | undefined
let loading: Promise<Shells> | undefined
const PRELOAD_MS = 2_500
/** The rest of the model comes sooner; the first picture goes on for so long without it (`late-modules.test.ts`). */
const REST_MS = 1_000
const ALONE: Micros = 20_000_000

function loadShells(): Promise<Shells> {
  loading ??= import('./shells.ts').then(({ createShells }) => {
    shells = createShells({ post, give, lab: controls })
    if (session) shells.reset(session)
    return shells
  })
  return loading
}

/** A command that waits makes time go, and lets it rest again where it rested before. */
let rests = false
function attend(): void {
  if (!shells) return
  const { waiting, hurried } = shells.waits()
  pacer.hurry(hurried)
  if (waiting && !pacer.playing() && !session?.stopped) {
    rests = true
    pacer.play(true)
  } else if (!waiting && rests) {
    rests = false
    pacer.play(false)
  }
}

function waitForRest(run: Session): void {
  if (run.now < openAt(run.scenario) + ALONE || !pacer.playing()) return
  setTimeout(() => pacer.play(false), 0)
  void loadRest().then(() => pacer.play(true))
}

pacer.onTurn = (run) => {
  if (!isWhole()) waitForRest(run)
  if (!shells) return
  shells.wake(run.takeChangedTables())
  setTimeout(attend, 0)
}

/** An incident that is being set up: nobody else may move its cluster. */
let settingUp = false
let arrival: Promise<Micros> = Promise.resolve(0)

/** Breaks the cluster, and begins a history of its own at the moment the learner arrives. */
async function setUp(next: Session, message: Extract<ToWorker, { t: 'open' }>): Promise<Micros> {
  const all = await loadShells()
  await all.setUp(next, message.setup!)
  if (session !== next) throw new Error('another run was opened')
  const { machine } = next.timeline
  const arrived = new Session(next.scenario, next.seed, new Timeline(machine), machine.now, next)
  session = arrived
  if (message.watch) arrived.watch(message.watch)
  pacer.open(arrived)
  all.reset(arrived)
  return arrived.now
}

function open(message: Extract<ToWorker, { t: 'open' }>): void {
  const { scenario, seed, inputs = [] } = message
  const next = new Session(scenario, seed, boot(scenario, seed, { trusted: true }), openAt(scenario))
  session = next
  settingUp = message.setup !== undefined
  rests = false
  if (message.watch) next.watch(message.watch)
  pacer.open(next)
  shells?.reset(next)
  const waited = early
  early = []
  for (const one of waited) handle(one)
  const given = { count: 0 }
  const own = inputs.filter((input) => input.after > 0 || input.kind !== 'cluster.boot')
  if (own.length > 0)
    pacer.job({
      of: own[own.length - 1]!.at,
      run: (run, more) => {
        while (more()) if (run.replay(own, given, 64)) return true
        return false
      },
    })
  const at = message.at ?? openAt(scenario)
  const executed = message.executed ?? Infinity
  const run = (one: Session, more: () => boolean): boolean => {
    while (more()) if (one.stopped || one.runToPlace(at, executed, 32)) return true
    return false
  }
  let arrive: (at: Promise<Micros>) => void = () => {}
  arrival = message.setup ? new Promise((resolve) => (arrive = resolve)) : Promise.resolve(openAt(scenario))
  arrival
    .catch((error: unknown) => session === next && post({ t: 'failed', message: (error as Error).message }))
    .finally(() => {
      if (session === next || session?.past === next) settingUp = false
      else return
      const held = early
      early = []
      for (const one of held) handle(one)
    })
  const done = (): void => {
    if (message.setup) return arrive(setUp(next, message))
    if (message.play) pacer.play(true)
    setTimeout(() => void loadRest(), REST_MS)
    setTimeout(() => void loadShells(), PRELOAD_MS)
  }
  pacer.job({ of: at, run, done })
}

function faultList(run: Session): FaultInfo[] {
  return FAULTS.map((fault) => ({
    name: fault.name,
    title: fault.title,
    summary: fault.summary,
    momentary: fault.momentary === true,
    targets: fault.targets(run.reader),
  }))
}

async function answer(run: Session, ask: Ask): Promise<unknown> {
  switch (ask.q) {
    case 'entry':
      return run.timeline.entryOf(ask.event)
    case 'causes':
      return causes(run, ask.event, ask.depth)
    case 'effects':
      return effects(run, ask.event, ask.limit)
    case 'events':
      return eventsBetween(run, ask.from, ask.to, ask.limit, ask.filter)
    case 'history':
      return history(run, ask.table, ask.id, ask.limit)
    case 'syncs':
      return syncNotes(run, ask.node, ask.limit)
    case 'table': {
      const [{ textOf }] = await Promise.all([import('./mode-text.ts'), loadRest()])
      return textOf(ask.of, run.reader, ask.node) ?? ''
    }
    case 'rules':
      return [...run.timeline.machine.rules.values()]
    case 'compare':
      return compareForks(run, ask.a, ask.b)
    case 'what-if': {
      pacer.play(false)
      const { again } = await loadShells()
      try {
        return await whatIf(run, ask.of, again)
      } finally {
        pacer.seek(run.now)
      }
    }
    case 'shares':
      return shares(run.timeline.machine.reader, ask.of)
    case 'hash':
      return run.timeline.machine.hash()
    case 'faults':
      return faultList(run)
    case 'scenarios':
      return Object.values(SCENARIOS).map(({ name, title, says }): ScenarioInfo => ({ name, title, says }))
    case 'plan':
      return (await loadShells()).plan(ask.yaml, ask.file)
    case 'apply': {
      const answered = (await loadShells()).apply(ask.yaml, ask.file)
      setTimeout(attend, 0)
      return answered
    }
    case 'run':
      return (await loadShells()).run(ask.script, ask.files)
    case 'arrived':
      return arrival
    case 'chains':
      return chains(run, ask.of)
    case 'deeds':
      return (await loadShells()).deeds()
    case 'share':
      return encodeRun({
        scenario: run.scenario,
        seed: run.seed,
        at: run.now,
        executed: run.timeline.machine.executed,
        inputs: run.allInputs().filter((input) => input.kind !== 'cluster.boot' && input.at <= run.now),
      })
  }
}

function handle(message: ToWorker): void {
  if (message.t === 'open') return open(message)
  if (!session) {
    // A terminal may be there before its cluster is.
    if (message.t === 'terminal') early.push(message)
    return
  }
  const run = session
  if (settingUp) {
    if (message.t === 'terminal') return void early.push(message)
    if (/^(play|step|seek|seekEvent|branch|input)$/.test(message.t)) return
  }
  switch (message.t) {
    case 'drawn':
      return pacer.drawn(message.seq)
    case 'play':
      rests = false
      return pacer.play(message.on)
    case 'pace':
      return pacer.pace(message.pace)
    case 'watch':
      return run.watch(message.filter)
    case 'step':
      return pacer.step(message.by, message.filter, message.plain === true)
    case 'seek':
      return pacer.seek(message.at)
    case 'seekEvent':
      return pacer.act(() => run.seekEvent(message.n))
    case 'branch':
      return pacer.act(() => run.switchTo(message.id))
    case 'input':
      return give([message.input])
    case 'visible':
      return pacer.visible(message.on)
    case 'ask': {
      const { id, ask } = message
      const reply = (given: Answer) => post({ t: 'answer', id, answer: given })
      answer(run, ask).then(
        (value) => reply({ ok: true, value }),
        (error: unknown) => reply({ ok: false, message: error instanceof Error ? error.message : String(error) }),
      )
      return
    }
    case 'terminal':
      void loadShells().then((all) => {
        all.terminal(message.session, message.data)
        setTimeout(attend, 0)
      })
      return
  }
}

/** What waits for the rest of the model. */
let held: ToWorker[] = []

function hear(message: ToWorker): void {
  if (!isWhole() && (needsRest(message) || held.some(({ t }) => t === 'open'))) {
    held.push(message)
    void loadRest().then(() => {
      const waited = held
      held = []
      waited.forEach(hear)
    })
    return
  }
  try {
    handle(message)
  } catch (error) {
    post({ t: 'failed', message: error instanceof Error ? error.message : String(error) })
  }
}

self.onmessage = ({ data }: MessageEvent<ToWorker>) => hear(data)
