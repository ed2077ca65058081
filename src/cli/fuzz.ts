/**
 * Random manifests, inputs and faults; the invariants after every event; then everything is healed and the cluster must
 * converge. A failure prints its seed, and that seed becomes a test.
 */
import { openScenario } from '../model/cluster.ts'
import { FAULTS } from '../model/faults/faults.ts'
import { violations, wrongSteps } from '../model/invariants.ts'
import type { ApiResponse } from '../model/messages.ts'
import { unsettled } from '../model/settled.ts'
import type { Tables } from '../model/tables.ts'
import { MINUTE, SECOND } from '../sim/clock.ts'
import type { Machine } from '../sim/machine.ts'
import { readArguments, wholeNumber } from './arguments.ts'
import { healedProxies, proxyInput } from './fuzz-proxy.ts'
import { generator, healing, pick, request, staticPodInput } from './fuzz-requests.ts'

class Broken extends Error {}

interface Watch {
  events: number
  /** What the API server refused, by its answer; for `--verbose`. */
  readonly refused: Map<string, number>
  readonly trace: boolean
}

function run(machine: Machine<Tables>, until: number, watch: Watch): void {
  while ((machine.nextAt() ?? Infinity) <= until) {
    const entry = machine.step()!
    const { kind, to, data } = entry.event
    if (kind === 'api.response') {
      const { code, message, request } = data as ApiResponse
      if (code >= 500)
        throw new Broken(
          `the API server answered ${code}: ${message} (${request.verb} ${request.resource}, t=${machine.now})`,
        )
      if (to === 'laptop' && code >= 400)
        watch.refused.set(`${code} ${request.verb} ${request.resource}: ${message}`, 1)
    }
    const [wrong] = wrongSteps(entry)
    // The other invariants cost the size of the world: look now and then.
    const [first] = wrong ? [wrong] : watch.events++ % 40 === 0 ? violations(machine.reader) : []
    if (first)
      throw new Broken(`${first.rule}: ${first.says} (t=${machine.now}, event ${machine.executed} ${kind} to ${to})`)
  }
  machine.idleUntil(until)
}

/** One run; undefined when all held. */
export function fuzzOnce(
  seed: number,
  options: { trace?: boolean; machine?: Machine<Tables> } = {},
): string | undefined {
  const below = generator(seed)
  // apart, so that what people do in a seed does not hang on it
  const proxies = generator(seed + 0x1000_0000)
  const machine =
    options.machine ?? openScenario(pick(below, ['default', 'default', 'shop', 'services', 'services-cloud']), seed)
  const watch: Watch = { events: 0, refused: new Map(), trace: options.trace === true }
  const set = new Map<string, { name: string; target: string }>()
  const say = (text: string): void =>
    void (watch.trace && process.stdout.write(`${(machine.now / SECOND).toFixed(3)} ${text}\n`))
  const give = (input: { kind: string; to: string; from?: string; data: unknown }): void => {
    say(`${input.kind} ${input.to} ${JSON.stringify(input.data)}`)
    machine.input(input)
  }
  try {
    for (const name of ['one', 'two'].slice(0, below(3)))
      give({
        kind: 'api.request',
        from: 'laptop',
        to: 'apiserver',
        data: {
          verb: 'create',
          resource: 'namespaces',
          body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
        },
      })
    for (let n = proxies(4); n > 0; n--) give(proxyInput(proxies))
    run(machine, machine.now + SECOND, watch)
    for (let step = 0, steps = 6 + below(20); step < steps; step++) {
      for (let n = 1 + below(3); n > 0; n--)
        give({ kind: 'api.request', from: 'laptop', to: 'apiserver', data: request(below, machine.reader, step) })
      if (below(8) === 0) give(staticPodInput(below))
      if (proxies(6) === 0) give(proxyInput(proxies))
      if (below(3) === 0) {
        const fault = pick(below, FAULTS)
        const targets = fault.targets(machine.reader)
        if (targets.length > 0) {
          const target = pick(below, targets)
          if (!fault.momentary) set.set(`${fault.name}|${target}`, { name: fault.name, target })
          give({ kind: 'fault.set', to: 'faults', data: { name: fault.name, target, on: true } })
        }
      }
      if (below(4) === 0 && set.size > 0) {
        const [key, { name, target }] = pick(below, [...set])
        set.delete(key)
        give({ kind: 'fault.set', to: 'faults', data: { name, target, on: false } })
      }
      run(machine, machine.now + 1 + below(pick(below, [1, 5, 40, 40, 150]) * SECOND), watch)
    }
    say('everything is healed')
    for (const { name, target } of set.values())
      give({ kind: 'fault.set', to: 'faults', data: { name, target, on: false } })
    for (const input of healedProxies()) give(input)
    // A machine without power boots first; a node that was deleted comes back with its kubelet.
    run(machine, machine.now + 20 * SECOND, watch)
    for (const { name } of machine.reader.all('machines'))
      if (!machine.reader.get('nodes', name)) give({ kind: 'kubelet.restart', to: `${name}/kubelet`, data: {} })
    run(machine, machine.now + 10 * SECOND, watch)
    for (const input of healing(below, machine.reader, below(2) === 0)) give(input)
    run(machine, machine.now + 15 * MINUTE, watch)
    for (const text of watch.refused.keys()) say(`refused: ${text}`)
    const wrong = unsettled(machine.reader)
    return wrong.length > 0
      ? `did not settle:\n  ${wrong.slice(0, 12).join('\n  ')}${wrong.length > 12 ? `\n  and ${wrong.length - 12} more` : ''}`
      : undefined
  } catch (error) {
    return error instanceof Broken ? error.message : `${(error as Error).message}\n${(error as Error).stack}`
  }
}

export function main(argv: string[]): number {
  const args = readArguments(argv, { values: ['runs', 'seed'], switches: ['trace'] })
  const runs = args.flags.runs === undefined && args.flags.seed !== undefined ? 1 : wholeNumber(args, 'runs', 20)
  const first = wholeNumber(args, 'seed', 1)
  let failed = 0
  for (let seed = first; seed < first + runs; seed++) {
    const problem = fuzzOnce(seed, { trace: args.flags.trace === true })
    if (problem === undefined) continue
    failed++
    process.stdout.write(`seed ${seed}: ${problem}\n  again: npm run fuzz -- --seed ${seed}\n`)
  }
  process.stdout.write(`fuzz: ${runs - failed} passed, ${failed} failed\n`)
  return failed > 0 ? 1 : 0
}
