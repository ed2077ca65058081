/**
 * One packet to the last of many Services, in one mode of kube-proxy: a node of its own is built with so many Services,
 * its kube-proxy writes what it writes, and the interpreters count. Runs in the rules worker.
 */
import type { EndpointSlice, Service } from '../model/apiserver/objects.ts'
import { liveConfig, serviceStates } from '../model/kube-proxy/live-state.ts'
import type { ProxyModeName } from '../model/kube-proxy/mode.ts'
import { MODES } from '../model/kube-proxy/modes.ts'
import { textsOf } from '../model/linux/net/facilities.ts'
import { newStage, serviceOf, sliceOf, type Stage } from '../model/linux/net/stage.ts'
import { liveRules } from '../model/linux/netfilter/live-rules.ts'
import { comparedRules, expandTrace, type TraceStep } from '../model/linux/netfilter/trace.ts'
import { entryLines, sizeOf, textOf } from './mode-text.ts'
import type { ChosenService, ModeSample, SampleLine } from './rules-protocol.ts'

export const NODE = 'worker-1'
const CLIENT = { name: 'client', node: NODE, ip: '10.244.1.250' }
/** Endpoints of each of the Services that stand in front. */
export const ENDPOINTS_EACH = 3
/** Seconds of model time for a first sync. */
const PATIENCE = 600
const PORTS = [{ name: 'p', port: 8080, protocol: 'TCP' }]

/** cilium bpf/lib/lb.h: lb4_lookup_service, __lb4_lookup_backend_slot, __lb4_lookup_backend. */
const SOCKET_LOOKUPS = 3

const three = (n: number): number => 100 + (n % 100)

/** Names and addresses of one width, so that the size of a table grows by the same step with each of them. */
function filler(i: number): { service: Service; slice: EndpointSlice } {
  const name = `svc-${String(i).padStart(5, '0')}`
  const service = serviceOf(name, {
    type: 'ClusterIP',
    clusterIP: `10.101.${100 + Math.floor(i / 100)}.${three(i)}`,
    ports: [{ name: 'p', port: 80, protocol: 'TCP', targetPort: 8080 }],
  })
  const endpoints = [0, 1, 2].map((k) => {
    const j = i * ENDPOINTS_EACH + k
    return { ip: `10.${200 + Math.floor(j / 10_000)}.${three(Math.floor(j / 100))}.${three(j)}`, node: 'elsewhere' }
  })
  return { service, slice: sliceOf(name, endpoints, PORTS) }
}

/** A Service that stands for one, where the cluster has none to choose. */
export function exampleService(): ChosenService {
  const service = serviceOf('web', {
    type: 'ClusterIP',
    clusterIP: '10.96.44.17',
    ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 }],
  })
  const slice = sliceOf(
    'web',
    ['10.244.1.14', '10.244.1.23', '10.244.2.31'].map((ip) => ({ ip, node: 'elsewhere' })),
    [{ name: 'http', port: 8080, protocol: 'TCP' }],
  )
  const record = { node: NODE, service: 'default/web', object: service, slices: { 'web-x': slice } }
  return { record, port: 80, protocol: 'tcp' }
}

/** A node with `services` Services in this mode, the chosen one the last that kube-proxy heard of. */
function nodeWith(mode: ProxyModeName, services: number, of: ChosenService): Stage {
  const stage = newStage([{ name: NODE, ip: '172.18.0.3', pods: '10.244.1' }], [CLIENT])
  // between the first sync and the next there is time to ask what the next would write
  const data = { mode, minSyncMicros: 3_600_000_000 }
  stage.machine.input({ kind: 'proxy.settings', to: `${NODE}/kube-proxy`, data })
  const others = Array.from({ length: services - 1 }, (_, i) => filler(i))
  const slices = Object.values(of.record.slices)
  stage.startProxies(
    [...others.map((one) => one.service), of.record.object!],
    [...others.map((one) => one.slice), ...slices],
  )
  // a first sync takes its time, in some modes with each Service
  const { reader } = stage.machine
  for (let waited = 0; reader.get('kubeProxies', NODE)?.busy && waited < PATIENCE; waited++)
    stage.run(stage.machine.now + 1_000_000)
  return stage
}

/** Throws a sentence where the build lacks the mode. */
export function sampleMode(mode: ProxyModeName, services: number, of: ChosenService): ModeSample {
  const writer = MODES[mode]
  if (!writer) throw new Error(`This build does not have the mode ${mode} yet.`)
  const stage = nodeWith(mode, services, of)
  const { reader } = stage.machine
  const proxy = reader.get('kubeProxies', NODE)!
  const states = serviceStates(reader, NODE)
  const input = {
    node: NODE,
    config: liveConfig(reader, NODE, ''),
    services: states,
    cleanupDue: false,
    options: proxy.configuration.options,
  }
  const bare = newStage([{ name: NODE, ip: '172.18.0.3', pods: '10.244.1' }], []).machine.reader
  const fullWrite = writer.plan(bare, { ...input, changed: undefined, memory: undefined }).lines
  const table = textOf(mode, reader, NODE) ?? ''
  const { steps, ...packet } = firstPacket(stage, of)
  const change = changeOne(stage, of)
  const changed = new Set([of.record.service])
  const changeWrite = writer.plan(reader, {
    ...input,
    services: serviceStates(reader, NODE),
    changed,
    memory: proxy.memory,
  }).lines
  let endpoints = 0
  for (const state of states) for (const port of state.ports) endpoints += state.endpoints(port).length
  return {
    mode,
    services,
    endpoints,
    ...packet,
    ...sizeOf(table),
    fullWrite,
    changeWrite: change ? changeWrite : 0,
    text: RULES.has(mode) ? sampleLines(mode, steps) : entryLines(table, addressOf(of), packet.backend),
  }
}

/** Modes whose table is a list of rules; that of the others is looked up. */
const RULES: ReadonlySet<ProxyModeName> = new Set(['iptables', 'nftables'])

const addressOf = (of: ChosenService): string => `${of.record.object!.spec.clusterIP!}:${of.port}`

function firstPacket(stage: Stage, of: ChosenService) {
  const { reader } = stage.machine
  const dst = of.record.object!.spec.clusterIP!
  stage.connect({
    from: { node: NODE, netns: CLIENT.name },
    proto: of.protocol === 'udp' ? 'udp' : 'tcp',
    dst,
    dport: of.port,
    what: 'SYN',
    request: {},
    timeoutMicros: 10_000,
  })
  const syn = reader.all('packets').find((packet) => packet.way === 'request')
  const texts = textsOf(reader, NODE)
  const source = liveRules(reader, NODE)
  const steps: TraceStep[] = []
  let compared = 0
  let lookups = 0
  const flow = reader.all('flows')[0]
  let backend = flow?.socketLb ? `${flow.dst}:${flow.dport}` : undefined
  // at the socket: the service, the slot that was drawn, and the backend that stands there
  if (flow?.socketLb) lookups = SOCKET_LOOKUPS
  for (const hop of syn?.hops ?? []) {
    backend ??= hop.nat.find((nat) => nat.kind === 'DNAT')?.to
    if (!hop.trace || hop.node !== NODE) continue
    compared += comparedRules(hop.trace)
    lookups += hop.trace.lookups ?? 0
    steps.push(...expandTrace(source, hop.trace, false, texts))
  }
  return { compared, lookups, backend, steps }
}

/** One endpoint more for the chosen Service, heard of and not yet written. */
function changeOne(stage: Stage, of: ChosenService): boolean {
  const slice = Object.values(of.record.slices)[0]
  if (!slice) return false
  const endpoint = { ...slice.endpoints[0], addresses: ['10.244.2.99'], conditions: { ready: true } }
  const next = { ...slice, endpoints: [...slice.endpoints, endpoint] } as EndpointSlice
  stage.watch('endpointslices', 'MODIFIED', next)
  stage.run(stage.machine.now)
  return true
}

/* ------------------------------------------------------------------ six lines */

const MOST_LINES = 6

/** The lines that the packet met, in order: what did not match is folded, what follows a choice is shown as not reached. */
function sampleLines(mode: ProxyModeName, steps: readonly TraceStep[]): SampleLine[] {
  const nat = /^(?:dnat|redirect)|[dD]NAT|real server|backend/
  const end = steps.findIndex((step) => step.matched && nat.test(step.action))
  const way = (end < 0 ? steps : steps.slice(0, end + 1)).filter(
    (step) => mode !== 'iptables' || (step.table === 'nat' && step.chain !== 'PREROUTING'),
  )
  const lines: SampleLine[] = []
  const said = (step: TraceStep): SampleLine => ({
    text: step.text,
    state: step === steps[end] ? 'now' : step.matched ? 'yes' : 'no',
  })
  let at = 0
  while (at < way.length) {
    let next = at
    while (next < way.length && !way[next]!.matched && way[next]!.chain === way[at]!.chain) next++
    const misses = next - at
    if (misses > 2) {
      lines.push(said(way[at]!))
      lines.push({ text: '', state: 'fold', count: misses - 1 })
    } else for (; at < next; at++) lines.push(said(way[at]!))
    if (next < way.length && way[next]!.matched) lines.push(said(way[next]!))
    at = Math.max(next, at) + (next < way.length && way[next]!.matched ? 1 : 0)
  }
  // a question that is no choice of the endpoint goes first, where there are more than fit
  for (let i = lines.length - 2; lines.length > MOST_LINES && i > 0; i--)
    if (lines[i]!.state === 'no' && lines[i]!.text.includes('KUBE-MARK-MASQ')) lines.splice(i, 1)
  return lines.length > MOST_LINES ? [...lines.slice(0, 3), ...lines.slice(lines.length - 3)] : lines
}
