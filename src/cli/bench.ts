/**
 * What the model costs, as ratios to a budget: 0.50 means half of it is used. Wall time on a loaded machine swings, so
 * nothing here is a test; `npm run bench` adds the figures of the page in a browser.
 */
import { newMachine, openScenario } from '../model/cluster.ts'
import type { Tables } from '../model/tables.ts'
import { MINUTE, SECOND } from '../sim/clock.ts'
import type { Machine } from '../sim/machine.ts'
import { Timeline } from '../sim/timeline.ts'
import { readArguments } from './arguments.ts'
import { manyServices, tracePacket } from './bench-rules.ts'

interface Figure {
  readonly what: string
  readonly ms: number
  readonly budgetMs: number
  readonly note?: string
}

const clock = (): number => Number(process.hrtime.bigint()) / 1e6
function timed<V>(run: () => V): { ms: number; value: V } {
  const from = clock()
  const value = run()
  return { ms: clock() - from, value }
}
/** The least of several runs: what the work costs when nothing else is in the way. */
function best(times: number, run: () => number): number {
  let least = Infinity
  for (let i = 0; i < times; i++) least = Math.min(least, run())
  return least
}

const DEPLOYMENT = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'many', namespace: 'default' },
  spec: {
    replicas: 1000,
    selector: { matchLabels: { app: 'many' } },
    template: {
      metadata: { labels: { app: 'many' } },
      spec: { containers: [{ name: 'app', image: 'registry.k8s.io/pause:3.10.1' }] },
    },
  },
}

const running = (machine: Machine<Tables>): number =>
  machine.reader.by('pods', 'namespace', 'default').filter((pod) => pod.status?.phase === 'Running').length

function runTo(machine: Machine<Tables>, until: number): void {
  while ((machine.nextAt() ?? Infinity) <= until) machine.step()
  machine.idleUntil(until)
}

/** 1,000 pods from nothing to Running, and 60 s of model time after that. */
function thousandPods(): Figure {
  let note = ''
  const ms = best(2, () => {
    const machine = openScenario('big', 1)
    return timed(() => {
      machine.input({
        kind: 'api.request',
        from: 'laptop',
        to: 'apiserver',
        data: { verb: 'create', resource: 'deployments', group: 'apps', namespace: 'default', body: DEPLOYMENT },
      })
      const from = machine.now
      const executed = machine.executed
      while (running(machine) < 1000 && machine.now < from + 20 * MINUTE) runTo(machine, machine.now + 5 * SECOND)
      const took = (machine.now - from) / SECOND
      runTo(machine, machine.now + 60 * SECOND)
      note = `${running(machine)} Running after ${took} s of model time, ${machine.executed - executed} events`
    }).ms
  })
  return { what: '1,000 pods to Running, and 60 s', ms, budgetMs: 1500, note }
}

/** The slowest of forty seeks over an hour in which pods came and went. */
function seekAnHour(): Figure[] {
  const machine = openScenario('shop', 1)
  const timeline = new Timeline(machine)
  let turn = 0
  const from = machine.now
  for (let t = 0; t < 60; t++)
    while ((machine.nextAt() ?? Infinity) <= from + (t + 1) * MINUTE)
      turn = Math.max(turn, timed(() => timeline.step()).ms)
  timeline.runUntil(from + 60 * MINUTE)
  let worst = 0
  for (let i = 0; i < 40; i++)
    worst = Math.max(worst, timed(() => timeline.seek(from + ((i * 37) % 60) * MINUTE + i * 1_234_567)).ms)
  return [
    {
      what: 'seek anywhere in an hour, the worst of 40',
      ms: worst,
      budgetMs: 100,
      note: `${timeline.branch.headExecuted} events`,
    },
    { what: 'longest single event in that hour', ms: turn, budgetMs: 8 },
  ]
}

function packetThroughManyServices(): Figure {
  const rules = manyServices(10_000)
  tracePacket(rules)
  let compared = 0
  const ms = best(5, () => timed(() => (compared = tracePacket(rules))).ms)
  return { what: 'a packet through 10,000 Services', ms, budgetMs: 5, note: `${compared} rules compared` }
}

function boot(): Figure {
  newMachine(1)
  return {
    what: 'boot and open the default cluster',
    ms: best(3, () => timed(() => openScenario('default', 1)).ms),
    budgetMs: 500,
  }
}

export function main(argv: string[]): number {
  const args = readArguments(argv, { switches: ['json'] })
  const figures = [boot(), thousandPods(), packetThroughManyServices(), ...seekAnHour()]
  if (args.flags.json === true) process.stdout.write(`${JSON.stringify({ figures }, null, 2)}\n`)
  else
    for (const { what, ms, budgetMs, note } of figures)
      process.stdout.write(
        `${(ms / budgetMs).toFixed(2).padStart(6)} of budget  ${ms.toFixed(ms < 10 ? 2 : 0).padStart(7)} ms of ${String(budgetMs).padStart(5)}  ${what}${note ? ` (${note})` : ''}\n`,
      )
  return figures.every(({ ms, budgetMs }) => ms <= budgetMs) ? 0 : 1
}
