/** What the model says to each flow: run again and again until every answer that chance allows has been seen. */
import { servesLocalhost } from '../../src/model/kube-proxy/config.ts'
import { newProxier } from '../../src/model/kube-proxy/proxier.ts'
import { CANARY, jumpsFor } from '../../src/model/kube-proxy/iptables/static-rules.ts'
import { newStage, type Stage } from '../../src/model/linux/net/stage.ts'
import { liveRules } from '../../src/model/linux/netfilter/live-rules.ts'
import { printSave } from '../../src/model/linux/netfilter/print-save.ts'
import type { Trace } from '../../src/model/linux/netfilter/trace.ts'
import type { NetPlace } from '../../src/model/tables.ts'
import { proxyConfig } from './proxy-config.ts'
import type { Client, Flow, Topology } from './topology.ts'

/** One way that a flow can go. */
export interface Way {
  /** `answer`, `refused`, `timeout`, `unreachable`. */
  readonly verdict: string
  readonly backend?: string
  /** Source address that the backend saw. */
  readonly peer?: string
  /** Rules that the first packet matched, per node: `table chain place`. */
  readonly path: Readonly<Record<string, readonly string[]>>
  /** A rule of -m recent remembered the client. */
  readonly sticky: boolean
  /** Rules compared with the first packet, per node, by `table chain` of the base chain. */
  readonly compared: Readonly<Record<string, Readonly<Record<string, number>>>>
}

export interface Modelled {
  /** What iptables-save prints on each node. */
  readonly rules: Readonly<Record<string, string>>
  ways(flow: Flow): Way[]
}

const TRIES = 600

export function runModel(topology: Topology): Modelled {
  const stage = newStage(topology.nodes, topology.pods, topology.seed)
  if (topology.proxy === undefined) stage.startProxies(topology.services, topology.slices)
  else writeRules(stage, topology)
  const rules: Record<string, string> = {}
  for (const node of topology.nodes) rules[node.name] = printSave(liveRules(stage.machine.reader, node.name))
  return { rules, ways: (flow) => waysOf(stage, topology, flow) }
}

/** A kube-proxy with a configuration of its own: the live one has kubeadm's. */
function writeRules(stage: Stage, topology: Topology): void {
  for (const node of topology.nodes) {
    const config = proxyConfig(topology, node)
    const proxier = newProxier(config)
    for (const service of topology.services) proxier.setService(service)
    for (const slice of topology.slices) proxier.setSlice(slice)
    const jumps = jumpsFor(config)
    const setup: string[] = []
    for (const table of ['mangle', 'filter', 'nat']) {
      const mine = jumps.filter((jump) => jump.table === table)
      const chains = new Set([CANARY.chain, ...mine.map((jump) => jump.to)])
      setup.push(
        `*${table}`,
        ...[...chains].map((chain) => `:${chain} - [0:0]`),
        ...mine.map((jump) => `-I ${jump.from} ${jump.rule}`),
        'COMMIT',
      )
    }
    for (const lines of [setup, proxier.sync([]).lines])
      stage.machine.input({
        kind: 'kernel.iptables-restore',
        to: `${node.name}/kernel`,
        data: { lines, noflush: true, writer: 'kube-proxy', trusted: true },
      })
    stage.change((world) => {
      const record = world.get('netns', `${node.name}|`)!
      const routeLocalnet = servesLocalhost(config) ? '1' : '0'
      const sysctls = { ...record.sysctls, 'net.ipv4.conf.all.route_localnet': routeLocalnet }
      world.put('netns', `${node.name}|`, { ...record, sysctls })
    })
  }
  stage.run(stage.machine.now + 1_000_000)
}

function placeOf(topology: Topology, client: Client): NetPlace {
  if ('host' in client) return client
  if ('node' in client) return { node: client.node, netns: '' }
  return { node: topology.pods.find((pod) => pod.name === client.pod)!.node, netns: client.pod }
}

function waysOf(stage: Stage, topology: Topology, flow: Flow): Way[] {
  const ways = new Map<string, Way>()
  let quiet = 0
  // no way was new for so many tries in a row: that was all
  const enough = 4 + flow.count
  for (let i = 0; i < TRIES && quiet < enough; i++) {
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
  const compared: Record<string, Record<string, number>> = {}
  for (const hop of first?.hops ?? []) {
    if (hop.netns !== '' || !hop.trace) continue
    const passes = (compared[hop.node] ??= {})
    comparedByPass(hop.trace, passes)
    const rules = (path[hop.node] ??= [])
    rules.push(...hop.matched.map((step) => `${step.table} ${step.chain} ${step.rule}`))
  }
  const response = result.response as { from: string; peer: string } | undefined
  return {
    verdict: result.ok ? 'answer' : result.error!,
    ...(response ? { backend: response.from, peer: response.peer } : {}),
    sticky: (first?.hops ?? []).some((hop) => hop.matched.some((step) => step.text.includes('-m recent --set'))),
    path,
    compared,
  }
}

/** Adds what each pass of a trace compared, by `table HOOK`. */
export function comparedByPass(trace: Trace, into: Record<string, number>): void {
  trace.passes.forEach((pass, p) => {
    const end = trace.passes[p + 1]?.from ?? trace.runs.length / 4
    let sum = 0
    for (let r = pass.from; r < end; r++) sum += trace.runs[r * 4 + 2]! - trace.runs[r * 4 + 1]! + 1
    const key = `${pass.table} ${pass.hook}`
    if (sum > 0) into[key] = (into[key] ?? 0) + sum
  })
}
