/** The rules worker: reads dumps and counts what modes cost, beside the lab's worker and out of its way. */
/// <reference lib="webworker" />
import type { Answer } from './protocol.ts'
import { MODES } from '../model/kube-proxy/modes.ts'
import { loadRest } from './late.ts'
import { exampleService, sampleMode } from './mode-costs.ts'
import { answerOf, type Held, load, trace, type Traced, wayOf } from './own-rules.ts'
import { exampleOf } from './rule-examples.ts'
import type { ModeSample, RulesAsk } from './rules-protocol.ts'

declare const self: DedicatedWorkerGlobalScope

let held: Held | undefined
let traced: Traced | undefined

function answer(ask: RulesAsk): unknown {
  switch (ask.q) {
    case 'load':
      traced = undefined
      held = load(ask.text)
      return held.loaded
    case 'trace':
      if (!held) throw new Error('There are no rules to trace through: paste a dump first.')
      traced = trace(held, ask.packet)
      return answerOf(traced, ask.packet)
    case 'way':
      if (!traced) throw new Error('Trace a packet first.')
      return wayOf(traced, ask.index)
    case 'example':
      return exampleOf(ask.id)
    case 'sample': {
      const of = ask.of ?? exampleService()
      return ask.services.map((services): ModeSample => sampleMode(ask.mode, services, of))
    }
    case 'modes':
      return Object.keys(MODES)
  }
}

self.onmessage = ({ data }: MessageEvent<{ id: number; ask: RulesAsk }>) => {
  void given(data.ask).then((reply) => self.postMessage({ id: data.id, answer: reply }))
}

async function given(ask: RulesAsk): Promise<Answer> {
  try {
    await loadRest()
    return { ok: true, value: answer(ask) }
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) }
  }
}
