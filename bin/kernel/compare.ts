/** One topology on both sides: what they do not agree on. */
import { type Mode, type Modelled, MODES, runModel, type Way } from './modelled.ts'
import { Kernel, type Seen } from './real.ts'
import { type Feature, type Flow, randomTopology, type Topology } from './topology.ts'

export interface ModeReport {
  readonly mode: Mode
  readonly flows: number
  readonly connections: number
  readonly matched: number
  readonly compared: number
  /** Of the shares, if they were counted here. */
  readonly chiSquare?: { readonly value: number; readonly bound: number; readonly degrees: number }
  /** Differed once and agreed when tried again: a busy machine. */
  readonly again: number
  readonly wrong: number
  readonly lines: readonly string[]
}

export interface TopologyReport {
  readonly seed: number
  readonly title: string
  readonly modes: readonly ModeReport[]
  readonly wrong: number
  readonly lines: readonly string[]
  readonly covered: readonly Feature[]
  readonly modelMs: number
  readonly totalMs: number
}

/** Connections of which the shares are counted. */
const SHARED = 3_000
/** Chi-square that chance exceeds once in 100,000 times, by degrees of freedom. */
const BOUND = [0, 19.5, 23, 25.9, 28.5, 30.9, 33.1, 35.3, 37.3, 39.3]

export async function compareTopology(seed: number, agentScript: string): Promise<TopologyReport> {
  const started = Date.now()
  const topology = randomTopology(seed)
  const lines: string[] = []
  const modes: ModeReport[] = []
  let modelMs = 0
  const kernel = await Kernel.build(topology, agentScript)
  try {
    for (const mode of MODES) {
      const modelStart = Date.now()
      const model = runModel(topology, mode)
      const ways = topology.flows.map((flow) => model.ways(flow))
      modelMs += Date.now() - modelStart
      await kernel.load(model)
      const report = await compareMode(topology, model, ways, kernel)
      modes.push(report)
      lines.push(...report.lines)
    }
  } finally {
    kernel.destroy()
  }
  return {
    seed,
    title: `seed ${seed}: ${topology.nodes.length} nodes, ${topology.pods.length} pods, ${topology.services.length} Services${topology.proxy ? `, ${JSON.stringify(topology.proxy)}` : ''}`,
    modes,
    wrong: modes.reduce((n, mode) => n + mode.wrong, 0),
    lines,
    covered: [...new Set(topology.flows.flatMap((flow) => flow.covers))],
    modelMs,
    totalMs: Date.now() - started,
  }
}

async function compareMode(
  topology: Topology,
  model: Modelled,
  waysOf: readonly (readonly Way[])[],
  kernel: Kernel,
): Promise<ModeReport> {
  const { mode } = model
  const lines: string[] = []
  let [connections, matched, compared, wrong, again] = [0, 0, 0, 0, 0]
  let chiSquare: ModeReport['chiSquare']
  for (const node of topology.nodes) {
    const diff = saveDifference(model.rules[node.name]!, kernel.saved(node.name))
    if (diff === undefined) continue
    wrong++
    lines.push(`  DIFFERS ${mode} ${node.name}: its rules as text: ${diff}`)
  }
  for (const [at, flow] of topology.flows.entries()) {
    const ways = waysOf[at]!
    let seen = await kernel.run(flow)
    let differences = disagreements(ways, seen, flow)
    // on a busy machine the monitor's words come late: what really differs differs every time
    for (let tries = 1; tries <= 2 && differences.length > 0; tries++) {
      seen = await kernel.run(flow, tries * 4)
      differences = disagreements(ways, seen, flow)
      if (differences.length === 0) again++
    }
    connections += Object.values(seen.verdicts).reduce((a, b) => a + b, 0)
    for (const path of Object.values(seen.path)) {
      matched += path.rules.length
      compared += sum(path.compared)
    }
    if (differences.length > 0) wrong++
    lines.push(
      `  ${differences.length > 0 ? 'DIFFERS' : 'agrees '} ${mode} ${flow.name}: ${describe(seen)}`,
      ...differences.map((line) => `      ${line}`),
    )
  }
  if (topology.shares) {
    chiSquare = await countShares(kernel, topology.shares, topology.pods.filter((pod) => pod.tcp).length)
    connections += SHARED
    const agrees = chiSquare.value <= chiSquare.bound
    if (!agrees) wrong++
    lines.push(
      `  ${agrees ? 'agrees ' : 'DIFFERS'} ${mode} shares of ${chiSquare.degrees + 1} backends over ${SHARED} connections: chi-square ${chiSquare.value.toFixed(1)}, bound ${chiSquare.bound}`,
    )
  }
  const counts = { connections, matched, compared, again, wrong }
  return { mode, flows: topology.flows.length, ...counts, ...(chiSquare ? { chiSquare } : {}), lines }
}

const sum = (numbers: Readonly<Record<string, number>>): number => Object.values(numbers).reduce((a, b) => a + b, 0)

/** The model says that all backends are alike; the kernel's shares must look so. */
async function countShares(
  kernel: Kernel,
  flow: Flow,
  backends: number,
): Promise<NonNullable<ModeReport['chiSquare']>> {
  const shares = await kernel.shares(flow, SHARED)
  const expected = SHARED / backends
  let value = 0
  for (const n of Object.values(shares)) value += (n - expected) ** 2 / expected
  value += (backends - Object.keys(shares).length) * expected
  return { value, degrees: backends - 1, bound: BOUND[backends - 1] ?? 40 }
}

export function describe(seen: Seen): string {
  const backends = Object.entries(seen.backends).map(([name, peers]) => `${name} (sees ${peers.join(', ')})`)
  return `${Object.entries(seen.verdicts)
    .map(([v, n]) => `${v} x${n}`)
    .join(', ')}${backends.length > 0 ? `; ${backends.join(', ')}` : ''}`
}

/** Empty where model and kernel agree. */
export function disagreements(ways: readonly Way[], seen: Seen, flow: Flow, traced = true): string[] {
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
  const sticky = seen.first.verdict === 'answer' && Object.keys(seen.backends).length === 1 && modelBackends.size > 1
  if (sticky !== flow.sticky && seen.first.verdict === 'answer' && modelBackends.size > 1)
    out.push(sticky ? `only ${seen.first.backend} was reached of ${modelBackends.size}` : 'affinity: several backends')
  if (!flow.sticky && seen.first.verdict === 'answer')
    for (const backend of modelBackends.keys())
      if (!seen.backends[backend]) out.push(`backend ${backend} of the model was never reached`)
  if (!traced) return out
  const same = ways.filter(
    (way) => way.verdict === seen.first.verdict && (way.backend === undefined || way.backend === seen.first.backend),
  )
  const kernelRules = JSON.stringify(inOrder(seen.path, (path) => path.rules))
  const fitting = same.find((way) => JSON.stringify(inOrder(way.path, (rules) => rules)) === kernelRules)
  if (same.length > 0 && !fitting) out.push(...pathDifference(same[0]!, seen))
  else if (fitting) out.push(...comparedDifference(fitting, seen))
  return out
}

function inOrder<T>(
  byNode: Readonly<Record<string, T>>,
  rules: (of: T) => readonly string[],
): [string, readonly string[]][] {
  return Object.keys(byNode)
    .sort()
    .map((node): [string, readonly string[]] => [node, rules(byNode[node]!)])
    .filter(([, list]) => list.length > 0)
}

function pathDifference(way: Way, seen: Seen): string[] {
  const out: string[] = []
  for (const node of new Set([...Object.keys(way.path), ...Object.keys(seen.path)])) {
    const a = way.path[node] ?? []
    const b = seen.path[node]?.rules ?? []
    if (JSON.stringify(a) === JSON.stringify(b)) continue
    let i = 0
    while (i < a.length && a[i] === b[i]) i++
    out.push(
      `rules on ${node} part after ${i}: model ${a.slice(i, i + 3).join(' | ') || '(end)'}  kernel ${b.slice(i, i + 3).join(' | ') || '(end)'}`,
    )
  }
  return out
}

function comparedDifference(way: Way, seen: Seen): string[] {
  const out: string[] = []
  for (const node of new Set([...Object.keys(way.compared), ...Object.keys(seen.path)])) {
    const a = way.compared[node] ?? {}
    const b = seen.path[node]?.compared ?? {}
    for (const pass of new Set([...Object.keys(a), ...Object.keys(b)]))
      if ((a[pass] ?? 0) !== (b[pass] ?? 0))
        out.push(`rules compared on ${node} in ${pass}: model ${a[pass] ?? 0}, kernel ${b[pass] ?? 0}`)
  }
  return out
}

/** What the model printed must be what the kernel gives back. */
function saveDifference(model: string, kernel: string): string | undefined {
  const clean = (text: string): string[] =>
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.replace(/\[\d+:\d+\]/, '[0:0]'))
  const a = clean(model)
  const b = clean(kernel)
  for (let i = 0; i < Math.max(a.length, b.length); i++) if (a[i] !== b[i]) return `model "${a[i]}", kernel "${b[i]}"`
  return undefined
}
