/**
 * The model against the real Linux kernel. For each seed a random cluster is run twice: in the model, and in network
 * namespaces with the very rules that the model's kube-proxy wrote. For every flow they must agree on the verdict, the
 * set of backends, the source address that each backend saw, and the rules that the first packet matched, in order.
 *
 *     npm run test:kernel -- [--runs 30] [--seed 1] [--jobs 3] [--verbose]
 */
import { runModel, type Way } from './kernel/modelled.ts'
import { cannotRun, guard, removeNamespaces } from './kernel/namespaces.ts'
import { Kernel, type Seen } from './kernel/real.ts'
import { randomTopology } from './kernel/topology.ts'

interface Options {
  runs: number
  seed: number
  jobs: number
  verbose: boolean
}

function readOptions(argv: readonly string[]): Options {
  const options: Options = { runs: 30, seed: 1, jobs: 3, verbose: false }
  for (let i = 0; i < argv.length; i++) {
    const name = argv[i]!.replace(/^--/, '')
    if (name === 'verbose') options.verbose = true
    else if (name === 'runs' || name === 'seed' || name === 'jobs') {
      const value = Number(argv[++i])
      if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name}: give a whole number`)
      options[name] = value
    } else throw new Error(`unknown flag ${argv[i]}; there are --runs N --seed N --jobs N --verbose`)
  }
  return options
}

export async function main(argv: readonly string[], agentScript: string): Promise<number> {
  let options: Options
  try {
    options = readOptions(argv)
  } catch (error) {
    console.error(`test:kernel: ${(error as Error).message}`)
    return 2
  }
  const why = cannotRun()
  if (why !== undefined) {
    console.log(`test:kernel: SKIPPED, nothing was compared: ${why}`)
    return 0
  }
  guard()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => {
      removeNamespaces()
      process.exit(1)
    })
  const started = Date.now()
  const total = { flows: 0, connections: 0, rules: 0, wrong: 0 }
  let next = options.seed
  const last = options.seed + options.runs
  const worker = async (): Promise<void> => {
    while (next < last) await compareSeed(next++, options, agentScript, total)
  }
  try {
    await Promise.all(Array.from({ length: Math.max(1, options.jobs) }, worker))
  } finally {
    removeNamespaces()
  }
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  console.log(
    `test:kernel: ${options.runs} topologies, ${total.flows} flows, ${total.connections} connections, ${total.rules} matched rules compared in ${seconds} s: ${total.wrong === 0 ? 'the kernel agrees' : `${total.wrong} flows differ`}`,
  )
  return total.wrong === 0 ? 0 : 1
}

async function compareSeed(
  seed: number,
  options: Options,
  agentScript: string,
  total: { flows: number; connections: number; rules: number; wrong: number },
): Promise<void> {
  const topology = randomTopology(seed)
  const model = runModel(topology)
  const kernel = await Kernel.build(topology, model.rules, agentScript)
  const report: string[] = []
  try {
    for (const node of topology.nodes) {
      const diff = saveDifference(model.rules[node.name]!, kernel.saved(node.name))
      if (diff !== undefined) {
        total.wrong++
        report.push(`  ${node.name}: iptables-save differs: ${diff}`)
      }
    }
    for (const flow of topology.flows) {
      const ways = model.ways(flow)
      const seen = await kernel.run(flow)
      total.flows++
      total.connections += Object.values(seen.verdicts).reduce((a, b) => a + b, 0)
      total.rules += Object.values(seen.path).reduce((sum, rules) => sum + rules.length, 0)
      const wrong = disagreements(ways, seen)
      if (wrong.length > 0) total.wrong++
      if (wrong.length > 0 || options.verbose)
        report.push(
          `  ${wrong.length > 0 ? 'DIFFERS' : 'agrees '} ${flow.name}: ${describe(seen)}`,
          ...wrong.map((line) => `      ${line}`),
        )
    }
  } finally {
    kernel.destroy()
  }
  const bad = report.some((line) => !line.startsWith('  agrees'))
  if (bad || options.verbose)
    console.log(
      [
        `seed ${seed}: ${topology.nodes.length} nodes, ${topology.pods.length} pods, ${topology.services.length} Services`,
        ...report,
      ].join('\n'),
    )
}

function describe(seen: Seen): string {
  const backends = Object.entries(seen.backends).map(([name, peers]) => `${name} (sees ${peers.join(', ')})`)
  return `${Object.entries(seen.verdicts)
    .map(([v, n]) => `${v} x${n}`)
    .join(', ')}${backends.length > 0 ? `; ${backends.join(', ')}` : ''}`
}

/** Empty where model and kernel agree. */
function disagreements(ways: readonly Way[], seen: Seen): string[] {
  const out: string[] = []
  const modelVerdicts = new Set(ways.map((way) => way.verdict))
  for (const verdict of Object.keys(seen.verdicts))
    if (!modelVerdicts.has(verdict)) out.push(`verdict: kernel ${verdict}, model ${[...modelVerdicts].join(' or ')}`)
  const modelBackends = new Map<string, Set<string>>()
  for (const way of ways)
    if (way.backend !== undefined)
      modelBackends.set(way.backend, (modelBackends.get(way.backend) ?? new Set()).add(way.peer!))
  for (const [backend, peers] of Object.entries(seen.backends)) {
    const expected = modelBackends.get(backend)
    if (!expected)
      out.push(`backend ${backend} was reached; the model has ${[...modelBackends.keys()].join(', ') || 'none'}`)
    else
      for (const peer of peers)
        if (!expected.has(peer)) out.push(`${backend} saw ${peer}; the model says ${[...expected].join(' or ')}`)
  }
  // with affinity one client sees one backend; without, all of them
  const sticky = Object.values(seen.path)
    .flat()
    .some((rule) => rule.includes('-m recent --set'))
  if (!sticky && seen.first.verdict === 'answer')
    for (const backend of modelBackends.keys())
      if (!seen.backends[backend]) out.push(`backend ${backend} of the model was never reached`)
  if (sticky && Object.keys(seen.backends).length > 1) out.push('affinity: more than one backend was reached')
  const same = ways.filter(
    (way) => way.verdict === seen.first.verdict && (way.backend === undefined || way.backend === seen.first.backend),
  )
  if (same.length > 0 && !same.some((way) => samePath(way.path, seen.path)))
    out.push(...pathDifference(same[0]!.path, seen.path))
  return out
}

function samePath(a: Way['path'], b: Way['path']): boolean {
  const nodes = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...nodes].every((node) => JSON.stringify(a[node] ?? []) === JSON.stringify(b[node] ?? []))
}

function pathDifference(model: Way['path'], kernel: Way['path']): string[] {
  const out: string[] = []
  for (const node of new Set([...Object.keys(model), ...Object.keys(kernel)])) {
    const a = model[node] ?? []
    const b = kernel[node] ?? []
    if (JSON.stringify(a) === JSON.stringify(b)) continue
    let i = 0
    while (i < a.length && a[i] === b[i]) i++
    out.push(
      `rules on ${node} part after ${i}: model ${a.slice(i, i + 3).join(' | ') || '(end)'}  kernel ${b.slice(i, i + 3).join(' | ') || '(end)'}`,
    )
  }
  return out
}

/** What the model printed must be what the kernel gives back. */
function saveDifference(model: string, kernel: string): string | undefined {
  const clean = (text: string): string[] =>
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#') && !line.includes('NGTRACE'))
      .map((line) => line.replace(/\[\d+:\d+\]/, '[0:0]'))
  const rawStart = (lines: string[]): string[] => {
    const at = lines.indexOf('*raw')
    return at < 0 ? lines : [...lines.slice(0, at), ...lines.slice(lines.indexOf('COMMIT', at) + 1)]
  }
  const a = rawStart(clean(model))
  const b = rawStart(clean(kernel))
  for (let i = 0; i < Math.max(a.length, b.length); i++) if (a[i] !== b[i]) return `model "${a[i]}", kernel "${b[i]}"`
  return undefined
}
