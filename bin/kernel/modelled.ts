/** What the model says to each flow: run again and again until every answer that chance allows has been seen. */
import { newStage, type Stage } from '../../src/model/linux/net/stage.ts'
import { liveRules } from '../../src/model/linux/netfilter/live-rules.ts'
import { printSave } from '../../src/model/linux/netfilter/print-save.ts'
import type { NetPlace } from '../../src/model/tables.ts'
import type { Client, Flow, Topology } from './topology.ts'

/** One way that a flow can go. */
export interface Way {
  /** `answer`, `refused`, `timeout`, `unreachable`. */
  readonly verdict: string
  readonly backend?: string
  /** Source address that the backend saw. */
  readonly peer?: string
  /** Rules that the first packet matched, per node: `table -A CHAIN ...`. */
  readonly path: Readonly<Record<string, readonly string[]>>
}

export interface Modelled {
  /** What iptables-save prints on each node. */
  readonly rules: Readonly<Record<string, string>>
  ways(flow: Flow): Way[]
}

const TRIES = 120
/** No way was new for so many tries in a row: that was all. */
const QUIET = 40

export function runModel(topology: Topology): Modelled {
  const stage = newStage(topology.nodes, topology.pods, topology.seed)
  stage.startProxies(topology.services, topology.slices)
  const rules: Record<string, string> = {}
  for (const node of topology.nodes) rules[node.name] = printSave(liveRules(stage.machine.reader, node.name))
  return { rules, ways: (flow) => waysOf(stage, topology, flow) }
}

function placeOf(topology: Topology, client: Client): NetPlace {
  if ('host' in client) return client
  if ('node' in client) return { node: client.node, netns: '' }
  return { node: topology.pods.find((pod) => pod.name === client.pod)!.node, netns: client.pod }
}

function waysOf(stage: Stage, topology: Topology, flow: Flow): Way[] {
  const ways = new Map<string, Way>()
  let quiet = 0
  for (let i = 0; i < TRIES && quiet < QUIET; i++) {
    // every try is a client that nobody remembers
    stage.change((world) => {
      for (const one of world.all('recent')) world.put('recent', `${one.node}|${one.list}|${one.address}`, undefined)
    })
    const way = once(stage, topology, flow)
    const key = `${way.verdict} ${way.backend ?? ''} ${way.peer ?? ''} ${JSON.stringify(way.path)}`
    if (ways.has(key)) quiet++
    else {
      ways.set(key, way)
      quiet = 0
    }
    if (!key.includes('KUBE-SEP') && i >= 3 && ways.size === 1) break
  }
  return [...ways.values()]
}

function once(stage: Stage, topology: Topology, flow: Flow): Way {
  const result = stage.connect({
    from: placeOf(topology, flow.from),
    proto: flow.proto,
    dst: flow.dst,
    dport: flow.port,
    request: 'q',
    what: 'q',
    timeoutMicros: 600_000,
    ...(flow.via === undefined ? {} : { via: flow.via }),
  })!
  const first = stage.machine.reader.by('packets', 'flow', result.flow)[0]
  const path: Record<string, string[]> = {}
  for (const hop of first?.hops ?? [])
    if (hop.netns === '') (path[hop.node] ??= []).push(...hop.matched.map((step) => `${step.table} ${step.text}`))
  const response = result.response as { from: string; peer: string } | undefined
  return {
    verdict: result.ok ? 'answer' : result.error!,
    ...(response ? { backend: response.from, peer: response.peer } : {}),
    path,
  }
}
