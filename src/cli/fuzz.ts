/**
 * Random manifests, inputs and faults; the invariants after every event; then everything is healed and the cluster must
 * converge. A failure prints its seed, and that seed becomes a test.
 */
import { openScenario } from '../model/cluster.ts'
import { FAULTS } from '../model/faults/faults.ts'
import { violations } from '../model/invariants.ts'
import type { ModelReader, Tables } from '../model/tables.ts'
import { MINUTE, SECOND } from '../sim/clock.ts'
import type { Machine } from '../sim/machine.ts'
import { hash32, nextBits } from '../sim/random.ts'
import { readArguments, wholeNumber } from './arguments.ts'

type Below = (limit: number) => number
const IMAGES = ['httpd:2.4', 'nginx:1.29', 'busybox:1.37', 'registry.k8s.io/pause:3.10.1', 'example.com/nobody/knows:1', 'httpd:no-such-tag']

function generator(seed: number): Below {
  let state = hash32(`fuzz ${seed}`)
  return (limit) => {
    const next = nextBits(state)
    state = next.state
    return Math.floor((next.bits / 0x1_0000_0000) * limit)
  }
}
const pick = <V>(below: Below, list: readonly V[]): V => list[below(list.length)]!

function podSpec(below: Below): Record<string, unknown> {
  const container = (name: string): Record<string, unknown> => ({
    name,
    image: pick(below, IMAGES),
    ...(below(3) === 0 ? { command: ['sh', '-c', `sleep ${1 + below(60)}; exit ${below(2)}`] } : {}),
    ...(below(3) === 0 ? { readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 + below(5) } } : {}),
    ...(below(4) === 0 ? { livenessProbe: { httpGet: { path: '/', port: 80 }, failureThreshold: 1 + below(3) } } : {}),
    ...(below(3) === 0 ? { resources: { requests: { cpu: `${50 * (1 + below(8))}m`, memory: '64Mi' } } } : {}),
  })
  return {
    containers: [container('a'), ...(below(3) === 0 ? [container('b')] : [])],
    ...(below(4) === 0 ? { initContainers: [{ ...container('init'), restartPolicy: undefined, readinessProbe: undefined, livenessProbe: undefined }] } : {}),
    ...(below(3) === 0 ? { terminationGracePeriodSeconds: below(20) } : {}),
  }
}

const plain = <V>(value: V): V => JSON.parse(JSON.stringify(value)) as V

function request(below: Below, step: number): Record<string, unknown> {
  const app = `app-${below(5)}`
  const template = { metadata: { labels: { app } }, spec: podSpec(below) }
  const kinds = [
    () => ({
      verb: 'create',
      resource: 'deployments',
      group: 'apps',
      body: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: app, namespace: 'default' }, spec: { replicas: below(6), selector: { matchLabels: { app } }, template } },
    }),
    () => ({
      verb: 'create',
      resource: 'pods',
      body: { apiVersion: 'v1', kind: 'Pod', metadata: { name: `pod-${step}`, namespace: 'default', labels: { app } }, spec: { ...template.spec, restartPolicy: pick(below, ['Always', 'OnFailure', 'Never']) } },
    }),
    () => ({
      verb: 'create',
      resource: 'services',
      body: { apiVersion: 'v1', kind: 'Service', metadata: { name: app, namespace: 'default' }, spec: { type: pick(below, ['ClusterIP', 'NodePort']), selector: { app }, ports: [{ port: 80 }] } },
    }),
    () => ({ verb: 'delete', resource: 'deployments', group: 'apps', name: app }),
    () => ({ verb: 'delete', resource: 'pods', name: `pod-${below(step + 1)}`, ...(below(3) === 0 ? { gracePeriodSeconds: 0 } : {}) }),
    () => ({ verb: 'patch', resource: 'deployments', group: 'apps', name: app, patchType: 'merge', body: { spec: { replicas: below(8) } } }),
  ]
  return plain({ namespace: 'default', ...pick(below, kinds)() })
}

class Broken extends Error {}

function run(machine: Machine<Tables>, until: number, every: { count: number }): void {
  while ((machine.nextAt() ?? Infinity) <= until) {
    machine.step()
    // The invariants cost the size of the world: look after every event early on, then after every fiftieth.
    if (every.count++ < 2_000 || every.count % 50 === 0) {
      const [first] = violations(machine.reader)
      if (first) throw new Broken(`${first.rule}: ${first.says} (t=${machine.now}, event ${machine.executed})`)
    }
  }
  machine.idleUntil(until)
}

/** What is still wrong once everything was healed: nodes not Ready, replicas missing, pods that should be gone. */
function unsettled(reader: ModelReader): string[] {
  const nodes = reader.all('nodes').filter((n) => n.status?.conditions?.find((c) => c.type === 'Ready')?.status !== 'True')
  const deployments = reader.all('deployments').filter((d) => (d.status?.replicas ?? 0) !== (d.spec.replicas ?? 1))
  const leaving = reader.all('pods').filter((p) => p.metadata.deletionTimestamp !== undefined)
  return [
    ...nodes.map((n) => `node ${n.metadata.name} is not Ready`),
    ...deployments.map((d) => `deployment ${d.metadata.name} has ${d.status?.replicas ?? 0} pods of ${d.spec.replicas ?? 1}`),
    ...leaving.map((p) => `pod ${p.metadata.name} is still Terminating`),
  ]
}

/** One run; undefined when all held. */
export function fuzzOnce(seed: number): string | undefined {
  const below = generator(seed)
  const machine = openScenario('default', seed)
  const every = { count: 0 }
  const set = new Map<string, { name: string; target: string }>()
  try {
    for (let step = 0; step < 12; step++) {
      const data = request(below, step)
      machine.input({ kind: 'api.request', from: 'laptop', to: 'apiserver', data })
      if (below(3) === 0) {
        const fault = pick(below, FAULTS)
        const targets = fault.targets(machine.reader)
        if (targets.length > 0) {
          const target = pick(below, targets)
          set.set(`${fault.name}|${target}`, { name: fault.name, target })
          machine.input({ kind: 'fault.set', to: 'faults', data: { name: fault.name, target, on: true } })
        }
      }
      run(machine, machine.now + (1 + below(40)) * SECOND, every)
    }
    for (const { name, target } of set.values()) machine.input({ kind: 'fault.set', to: 'faults', data: { name, target, on: false } })
    run(machine, machine.now + 10 * MINUTE, every)
    const wrong = unsettled(machine.reader)
    return wrong.length > 0 ? `did not converge: ${wrong.join('; ')}` : undefined
  } catch (error) {
    return error instanceof Broken ? error.message : `${(error as Error).message}\n${(error as Error).stack}`
  }
}

export function main(argv: string[]): number {
  const args = readArguments(argv, { values: ['runs', 'seed'] })
  const runs = args.flags.seed === undefined ? wholeNumber(args, 'runs', 20) : 1
  const first = wholeNumber(args, 'seed', 1)
  let failed = 0
  for (let seed = first; seed < first + runs; seed++) {
    const problem = fuzzOnce(seed)
    if (problem === undefined) continue
    failed++
    process.stdout.write(`seed ${seed}: ${problem}\n  again: npm run fuzz -- --seed ${seed}\n`)
  }
  process.stdout.write(`fuzz: ${runs - failed} passed, ${failed} failed\n`)
  return failed > 0 ? 1 : 0
}
