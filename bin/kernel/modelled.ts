/** What the model says to each flow: run again and again until every answer that chance allows has been seen. */
import type { NftApply } from '../../src/model/linux/nft/apply.ts'
import { liveNft } from '../../src/model/linux/nft/live-store.ts'
import { listRuleset } from '../../src/model/linux/nft/print-ruleset.ts'
import { namespaceOf } from '../../src/model/linux/net/places.ts'
import { idOfConn } from '../../src/model/linux/ipvs/records.ts'
import { ipvsRules } from './ipvs-rules.ts'
import { newStage, type Stage } from '../../src/model/linux/net/stage.ts'
import { liveRules } from '../../src/model/linux/netfilter/live-rules.ts'
import { printSave } from '../../src/model/linux/netfilter/print-save.ts'
import type { Trace } from '../../src/model/linux/netfilter/trace.ts'
import type { ConfigMap } from '../../src/model/apiserver/objects.ts'
import type { NetPlace } from '../../src/model/tables.ts'
import type { Client, Flow, Topology } from './topology.ts'

export const MODES = ['iptables', 'nftables'] as const
/** IPVS needs another kernel than most machines run: see uml.ts. */
export type Mode = (typeof MODES)[number] | 'ipvs'

/** One way that a flow can go. */
export interface Way {
  /** `answer`, `refused`, `timeout`, `unreachable`. */
  readonly verdict: string
  readonly backend?: string
  /** Source address that the backend saw. */
  readonly peer?: string
  /** Rules that the first packet matched, per node: `table chain place`. */
  readonly path: Readonly<Record<string, readonly string[]>>
  /** Rules compared with the first packet, per node, by `table chain` of the base chain. */
  readonly compared: Readonly<Record<string, Readonly<Record<string, number>>>>
}

export interface Modelled {
  readonly mode: Mode
  /** What iptables-save or `nft list ruleset` prints on each node; of ipvs the JSON of `IpvsRules`. */
  readonly rules: Readonly<Record<string, string>>
  /** Nodes with route_localnet. */
  readonly localnet: Readonly<Record<string, boolean>>
  ways(flow: Flow): Way[]
}

const TRIES = 600

export function runModel(topology: Topology, mode: Mode): Modelled {
  const stage = newStage(topology.nodes, topology.pods, topology.seed)
  const { reader } = stage.machine
  stage.change((world) => world.put('configmaps', 'kube-system/kube-proxy', configuration(topology, mode)))
  stage.startProxies(topology.services, topology.slices)
  const rules: Record<string, string> = {}
  const localnet: Record<string, boolean> = {}
  for (const { name } of topology.nodes) {
    if (mode === 'nftables') rules[name] = listRuleset(liveNft(reader, name))
    else if (mode === 'iptables') rules[name] = printSave(liveRules(reader, name))
    else rules[name] = JSON.stringify(ipvsRules(reader, name))
    localnet[name] = namespaceOf(reader, name, '').sysctls.routeLocalnet
  }
  return { mode, rules, localnet, ways: (flow) => waysOf(stage, topology, flow) }
}

/** kubeadm's, with what the topology changes of it. */
function configuration(topology: Topology, mode: Mode): ConfigMap {
  const { masqueradeAll, nodePortAddresses } = topology.proxy ?? { masqueradeAll: false, nodePortAddresses: [] }
  const config = [
    'apiVersion: kubeproxy.config.k8s.io/v1alpha1',
    'kind: KubeProxyConfiguration',
    `mode: ${mode}`,
    'clusterCIDR: 10.244.0.0/16',
    `nodePortAddresses: ${JSON.stringify(nodePortAddresses)}`,
    `${mode}:`,
    `  masqueradeAll: ${masqueradeAll}`,
    '',
  ].join('\n')
  const metadata = {
    namespace: 'kube-system',
    name: 'kube-proxy',
    uid: 'kube-proxy',
    resourceVersion: '1',
    creationTimestamp: '',
  }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'config.conf': config } } as unknown as ConfigMap
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
    forget(stage, topology)
    const way = once(stage, topology, flow)
    const key = `${way.verdict} ${way.backend ?? ''} ${way.peer ?? ''} ${JSON.stringify(way.path)}`
    if (ways.has(key)) quiet++
    else {
      ways.set(key, way)
      quiet = 0
    }
    if (way.verdict !== 'answer' && i >= 3 && ways.size === 1) break
  }
  return [...ways.values()]
}

/** Every try is a client that nobody remembers. */
function forget(stage: Stage, topology: Topology): void {
  if (!topology.services.some((service) => service.spec?.sessionAffinity === 'ClientIP')) return
  const { reader } = stage.machine
  stage.change((world) => {
    for (const one of world.all('recent')) world.put('recent', `${one.node}|${one.list}|${one.address}`, undefined)
    for (const one of world.all('ipvsConns')) world.put('ipvsConns', idOfConn(one), undefined)
  })
  for (const { name } of topology.nodes) {
    const sets = liveNft(reader, name)
      .sets('ip/kube-proxy')
      .filter((set) => set.name.startsWith('affinity-'))
    if (sets.length === 0) continue
    const data: NftApply = { lines: sets.map((set) => `flush set ip kube-proxy ${set.name}`), writer: 'test' }
    stage.machine.input({ kind: 'kernel.nft-apply', to: `${name}/kernel`, data })
    stage.run(stage.machine.now)
  }
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
    rules.push(...hop.matched.map((step) => `${tableName(step.table)} ${step.chain} ${step.rule}`))
  }
  const response = result.response as { from: string; peer: string } | undefined
  return {
    verdict: result.ok ? 'answer' : result.error!,
    ...(response ? { backend: response.from, peer: response.peer } : {}),
    path,
    compared,
  }
}

/** A table of nft stands under its family in the model's traces. */
export const tableName = (table: string): string => table.slice(table.indexOf('/') + 1)

/** Adds what each pass of a trace compared, by `table chain` of the base chain. */
export function comparedByPass(trace: Trace, into: Record<string, number>): void {
  trace.passes.forEach((pass, p) => {
    const end = trace.passes[p + 1]?.from ?? trace.runs.length / 4
    let sum = 0
    for (let r = pass.from; r < end; r++) sum += trace.runs[r * 4 + 2]! - trace.runs[r * 4 + 1]! + 1
    if (sum === 0) return
    const key = tableName(trace.chains[trace.runs[pass.from * 4]!]!)
    into[key] = (into[key] ?? 0) + sum
  })
}
