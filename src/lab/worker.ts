/** The worker: a session, its pacer, and what the page asks. It outlives every error of the model. */
/// <reference lib="webworker" />
import { boot, openAt } from '../model/cluster.ts'
import { causes, effects, eventsBetween, history } from './answers.ts'
import { createPacer, wallClock } from './pacer.ts'
import type { Answer, Ask, FromWorker, ToWorker } from './protocol.ts'
import { Session } from './session.ts'
import { encodeRun } from './share.ts'

declare const self: DedicatedWorkerGlobalScope

const post = (message: FromWorker): void => self.postMessage(message)
const pacer = createPacer(wallClock(), (frame) => post({ t: 'frame', frame }))
let session: Session | undefined

function open(message: Extract<ToWorker, { t: 'open' }>): void {
  const { scenario, seed, inputs = [] } = message
  const opened = { timeline: boot(scenario, seed), openAt: openAt(scenario) }
  const next = new Session(scenario, seed, opened)
  session = next
  if (message.watch) next.watch(message.watch)
  const at = message.at ?? opened.openAt
  pacer.open(next)
  const given = { count: 0 }
  const all = [...inputs]
  if (all.length > 0) {
    pacer.job({
      of: all[all.length - 1]!.at,
      run: (run, more) => {
        while (more()) if (run.replay(all, given, 64)) return true
        return false
      },
    })
  }
  pacer.seek(at)
  if (message.play) pacer.play(true)
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
    case 'rules':
      return [...run.timeline.machine.rules.values()]
    case 'hash':
      return run.timeline.machine.hash()
    case 'share':
      return encodeRun({
        scenario: run.scenario,
        seed: run.seed,
        at: run.now,
        inputs: run.timeline.branch.inputs.filter((input) => input.at <= run.now),
      })
    default:
      throw new Error(`the lab cannot answer ${ask.q} yet`)
  }
}

function handle(message: ToWorker): void {
  if (message.t === 'open') return open(message)
  if (!session) return
  const run = session
  switch (message.t) {
    case 'drawn':
      return pacer.drawn(message.seq)
    case 'play':
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
      return pacer.act(() => void run.input(message.input))
    case 'visible':
      return pacer.visible(message.on)
    case 'ask': {
      const { id, ask } = message
      const reply = (given: Answer) => post({ t: 'answer', id, answer: given })
      void answer(run, ask).then(
        (value) => reply({ ok: true, value }),
        (error: unknown) => reply({ ok: false, message: error instanceof Error ? error.message : String(error) }),
      )
      return
    }
    case 'terminal':
      return
  }
}

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  try {
    handle(data)
  } catch (error) {
    post({ t: 'failed', message: error instanceof Error ? error.message : String(error) })
  }
}
