/**
 * What the model costs, as ratios to a budget: 0.50 means half of it is used. Wall time on a loaded machine swings, so
 * nothing here is a test; `npm run bench` adds the figures of the page in a browser.
 */
import { PerformanceObserver, performance } from 'node:perf_hooks'
import { newMachine, openScenario } from '../model/cluster.ts'
import type { Tables } from '../model/tables.ts'
import { MINUTE, SECOND } from '../sim/clock.ts'
import type { Machine } from '../sim/machine.ts'
import { Timeline } from '../sim/timeline.ts'
import { readArguments } from './arguments.ts'
import { best, type Figure, timed } from './bench-figure.ts'
import { manyServices, tracePacket } from './bench-rules.ts'
import { manyServiceSyncs, packetsByMap, packetsInLab } from './bench-services.ts'

/** Without the guard of the tests, as the worker of the page runs. */
const AS_THE_PAGE = { trusted: true }

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
    const machine = openScenario('big', 1, AS_THE_PAGE)
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

interface Span {
  readonly from: number
  readonly ms: number
  readonly what: string
}

/** V8 stops the thread to collect garbage wherever it likes; what it takes is not the work of the event it stops. */
async function apartFromGarbage<V>(run: () => V): Promise<{ value: V; pauses: Span[] }> {
  const pauses: Span[] = []
  const take = (entries: readonly { startTime: number; duration: number; name: string }[]): void => {
    for (const { startTime, duration, name } of entries) pauses.push({ from: startTime, ms: duration, what: name })
  }
  const observer = new PerformanceObserver((list) => take(list.getEntries()))
  observer.observe({ entryTypes: ['gc'] })
  const value = run()
  // What V8 noted is handed over in a turn of its own.
  await new Promise((resolve) => setTimeout(resolve, 50))
  take(observer.takeRecords())
  observer.disconnect()
  return { value, pauses }
}

/** How much of a span lies outside of all pauses. */
function without(pauses: readonly Span[], { from, ms }: Span): number {
  let rest = ms
  for (const pause of pauses)
    rest -= Math.max(0, Math.min(from + ms, pause.from + pause.ms) - Math.max(from, pause.from))
  return rest
}

/** An hour in which pods came and went: its events, what V8 took beside them, and the slowest of forty seeks in it. */
async function seekAnHour(): Promise<Figure[]> {
  const machine = openScenario('shop', 1, AS_THE_PAGE)
  const timeline = new Timeline(machine)
  const from = machine.now
  const { value: long, pauses } = await apartFromGarbage(() => {
    const long: Span[] = []
    while ((machine.nextAt() ?? Infinity) <= from + 60 * MINUTE) {
      const start = performance.now()
      const entry = timeline.step()!
      const ms = performance.now() - start
      if (ms > 0.2) long.push({ from: start, ms, what: `${entry.event.kind} at ${entry.event.to}` })
    }
    return long
  })
  timeline.runUntil(from + 60 * MINUTE)
  let turn: Span = { from: 0, ms: 0, what: '' }
  for (const span of long) {
    const ms = without(pauses, span)
    if (ms > turn.ms) turn = { ...span, ms }
  }
  let worst = 0
  for (let i = 0; i < 40; i++)
    worst = Math.max(worst, timed(() => timeline.seek(from + ((i * 37) % 60) * MINUTE + i * 1_234_567)).ms)
  const [all, longest] = pauses.reduce(([sum, most], { ms }) => [sum + ms, Math.max(most, ms)], [0, 0])
  return [
    {
      what: 'seek anywhere in an hour, the worst of 40',
      ms: worst,
      budgetMs: 100,
      note: `${timeline.branch.headExecuted} events`,
    },
    {
      what: 'longest single event in that hour, garbage collection apart',
      ms: turn.ms,
      budgetMs: 8,
      note: `${turn.what}; the clock's longest ${Math.max(0, ...long.map(({ ms }) => ms)).toFixed(1)} ms`,
    },
    {
      what: "longest pause of Node's garbage collection in that hour",
      ms: longest,
      note: `${pauses.length} pauses, ${all.toFixed(0)} ms together`,
    },
  ]
}

function packetThroughManyServices(): Figure {
  const rules = manyServices(10_000)
  tracePacket(rules)
  let compared = 0
  const ms = best(5, () => timed(() => (compared = tracePacket(rules))).ms)
  return { what: 'a packet through 10,000 Services', ms, budgetMs: 2, note: `${compared} rules compared` }
}

function boot(): Figure {
  newMachine(1)
  return {
    what: 'boot and open the default cluster',
    ms: best(3, () => timed(() => openScenario('default', 1, AS_THE_PAGE)).ms),
    budgetMs: 500,
  }
}

export async function main(argv: string[]): Promise<number> {
  const args = readArguments(argv, { switches: ['json'], values: ['only'] })
  const parts: Readonly<Record<string, () => Figure[] | Promise<Figure[]>>> = {
    boot: () => [boot()],
    pods: () => [thousandPods()],
    packet: () => [packetThroughManyServices()],
    services: manyServiceSyncs,
    maps: packetsByMap,
    lab: packetsInLab,
    seek: seekAnHour,
  }
  const only = args.flags.only === undefined ? undefined : String(args.flags.only).split(',')
  const figures: Figure[] = []
  for (const [name, run] of Object.entries(parts)) if (!only || only.includes(name)) figures.push(...(await run()))
  if (args.flags.json === true) process.stdout.write(`${JSON.stringify({ figures }, null, 2)}\n`)
  else for (const figure of figures) process.stdout.write(`${line(figure)}\n`)
  return figures.every(({ ms, budgetMs }) => budgetMs === undefined || ms <= budgetMs) ? 0 : 1
}

function line({ what, ms, budgetMs, note }: Figure): string {
  const share = budgetMs === undefined ? '     -           ' : `${(ms / budgetMs).toFixed(2).padStart(6)} of budget`
  const limit = budgetMs === undefined ? '        ' : `of ${String(budgetMs).padStart(5)}`
  return `${share}  ${ms.toFixed(ms < 10 ? 2 : 0).padStart(7)} ms ${limit}  ${what}${note ? ` (${note})` : ''}`
}
