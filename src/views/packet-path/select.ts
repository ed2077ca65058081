import type { FlowRecord, PacketHop, PacketRecord } from '../../model/tables.ts'
import type { Micros, Replica, Selection } from '../contract.ts'
import { stepsOf, type PathStep } from './steps.ts'

/** A network namespace, or a machine outside, that the packet passes. */
export interface Frame {
  readonly hop: number
  readonly title: string
  readonly address: string
  readonly kind: 'pod' | 'host' | 'outside'
  readonly stations: readonly Station[]
  /** The dip through the table that chose, where one did. */
  readonly branch?: Branch
  /** The flow is known here, so that its packets skip the table nat. */
  readonly known: boolean
}
export interface Station {
  readonly id: string
  readonly name: string
}
export interface Branch {
  readonly hook: string
  /** `nat`, `ip/kube-proxy`, `ipvs`, `bpf`. */
  readonly table: string
  readonly chains: readonly string[]
  /** What the Service can choose from; undefined where nothing was to be chosen. */
  readonly fan?: Fan
  readonly rewrite: string
}
export interface Fan {
  /** The station from which it spreads. */
  readonly chain: string
  readonly endpoints: readonly string[]
  readonly chosen: number
  /** Rule after rule with a rising chance; one draw over a map; IPVS' scheduler; a slot of a BPF map. */
  readonly how: 'cascade' | 'draw' | 'scheduler' | 'slot'
}
export interface Path {
  readonly flow: FlowRecord
  readonly packet: PacketRecord
  readonly frames: readonly Frame[]
  readonly steps: readonly PathStep[]
  readonly reply: PacketRecord | undefined
  /** Frames before that of the packet's first stack: a client outside of the cluster has none. */
  readonly offset: 0 | 1
  /** Rules were written since the packet passed: the texts are those of now. */
  readonly stale: boolean
}

/** Flows that may be looked at, newest first: what repeats by the clock comes last. */
export function flowsToChoose(replica: Replica, limit = 30): FlowRecord[] {
  const flows = [...replica.all('flows')].filter((flow) => flow.packets.length > 0).reverse()
  return [...flows.filter((flow) => !flow.routine), ...flows.filter((flow) => flow.routine)].slice(0, limit)
}

/** The flow that a selection means, else the newest that was routed by rules. */
export function chosenFlow(replica: Replica, selected: Selection | undefined): FlowRecord | undefined {
  if (selected?.kind === 'record' && selected.table === 'flows') return replica.get('flows', selected.id)
  if (selected?.kind === 'record' && selected.table === 'packets') {
    const packet = replica.get('packets', selected.id)
    if (packet) return replica.get('flows', packet.flow)
  }
  if (selected?.kind === 'event') {
    const event = replica.recent.find((e) => e.id === selected.event)
    const id = (event?.data as { packet?: unknown } | undefined)?.packet
    const packet = typeof id === 'string' ? replica.get('packets', id) : undefined
    if (packet) return replica.get('flows', packet.flow)
  }
  const flows = flowsToChoose(replica)
  return flows.find((flow) => !flow.routine && meantForService(flow)) ?? flows[0]
}

/** To a Service address, translated at its socket, or from outside. */
function meantForService({ dst, client, socketLb }: FlowRecord): boolean {
  return socketLb !== undefined || 'host' in client || /^10\.(9[6-9]|10\d|11[01])\./.test(dst)
}

export function packetsOf(replica: Replica, flow: FlowRecord): PacketRecord[] {
  return flow.packets.flatMap((id) => replica.get('packets', id) ?? [])
}

export function pathOf(replica: Replica, flow: FlowRecord, packet: PacketRecord): Path {
  const steps = stepsOf(packet, replica)
  const fromOutside = 'host' in flow.client && packet.way === 'request'
  const toOutside = 'host' in flow.client && packet.way === 'reply' && packet.state === 'delivered'
  const reply = packet.way === 'request' ? packetsOf(replica, flow).find((p) => p.way === 'reply') : undefined
  return {
    flow,
    packet,
    steps,
    reply,
    frames: [
      ...(fromOutside ? [outside(-1, flow)] : []),
      ...packet.hops.map((hop, i) => frameOf(hop, i, packet, steps, replica)),
      ...(toOutside ? [outside(packet.hops.length, flow)] : []),
    ],
    offset: fromOutside ? 1 : 0,
    stale: packet.hops.some((hop) => hop.trace && (replica.get('netfilter', hop.node)?.lastWriteAt ?? 0) > hop.at),
  }
}

/** The machine of a client that is not in the cluster. */
function outside(hop: number, { client, src }: FlowRecord): Frame {
  const stations: Station[] = [
    { id: 'socket', name: 'socket' },
    { id: 'out', name: 'eth0' },
  ]
  const title = 'host' in client ? client.host : ''
  return { hop, title, address: src, kind: 'outside', stations: hop < 0 ? stations : stations.reverse(), known: false }
}

function frameOf(
  hop: PacketHop,
  index: number,
  packet: PacketRecord,
  steps: readonly PathStep[],
  replica: Replica,
): Frame {
  const mine = steps.filter((step) => step.hop === index)
  const last = index === packet.hops.length - 1
  const first = index === 0 && hop.inDev === undefined
  const outside = hop.node === '' || replica.get('machines', hop.node) === undefined
  const kind = outside ? 'outside' : hop.netns === '' ? 'host' : 'pod'
  const branch = branchOf(mine, hop, replica)
  const stations = stationsOf(hop, kind, first, last && packet.state === 'delivered')
  return {
    hop: index,
    title: titleOf(hop, kind, replica),
    address: addressOf(hop, kind, replica),
    kind,
    stations:
      branch && !stations.some((s) => s.id === branch.hook)
        ? [{ id: branch.hook, name: branch.hook }, ...stations]
        : stations,
    known: hop.ctState !== undefined && hop.ctState !== 'NEW',
    ...(branch ? { branch } : {}),
  }
}

/** The stations of a stack in the order of the mode in use: IPVS sends from INPUT, BPF redirects at the device. */
function stationsOf(hop: PacketHop, kind: Frame['kind'], first: boolean, last: boolean): Station[] {
  const station = (id: string, name = id): Station => ({ id, name })
  const passes = hop.trace?.passes ?? []
  const at = (hook: string, table?: string): boolean =>
    passes.some((pass) => pass.hook === hook && (table === undefined || pass.table === table))
  if (kind !== 'host') {
    if (first) return [station('socket'), station('out', hop.outDev ?? 'eth0')]
    return [station('in', hop.inDev ?? 'eth0'), station('socket')]
  }
  const netfilter = at('PREROUTING') || at('FORWARD') || at('POSTROUTING') || at('INPUT')
  if (at('INGRESS', 'bpf') && !netfilter && hop.outDev !== undefined)
    return [station('INGRESS', `tc, ${hop.inDev ?? 'eth0'}`), station('redirect', `redirect, ${hop.outDev}`)]
  if (at('INPUT', 'ipvs') && hop.outDev !== undefined)
    return ['PREROUTING', 'routing', 'INPUT', 'OUTPUT', 'POSTROUTING'].map((id) => station(id))
  if (first) return [station('OUTPUT'), station('routing'), station('POSTROUTING')]
  if (last) return [station('PREROUTING'), station('routing'), station('INPUT')]
  return [station('PREROUTING'), station('routing'), station('FORWARD'), station('POSTROUTING')]
}

/** Chains that only mark, and base chains: no stations of their own. */
const PASSING = /^(KUBE-MARK|mark-for-masquerade|nat-(prerouting|output)$|(PREROUTING|OUTPUT|INPUT)$)/
const BASE = /^(nat-(prerouting|output)|PREROUTING|OUTPUT|INPUT)$/
const MOST_CHAINS = 4

function branchOf(steps: readonly PathStep[], hop: PacketHop, replica: Replica): Branch | undefined {
  const rewrite = steps.find((step) => step.nat?.kind === 'DNAT' && step.rule > 0 && step.hook !== 'connect()')
  if (!rewrite) return undefined
  const { hook, table } = rewrite
  const way = steps.filter((step) => step.hook === hook && step.table === table)
  const all = way.slice(0, way.indexOf(rewrite) + 1)
  // nftables has a base chain for each of its jobs; the one that translates is what is drawn
  const upTo = all.slice(all.findLastIndex((step) => BASE.test(step.chain)) + 1)
  const chains = [...new Set(upTo.filter((step) => !PASSING.test(step.chain)).map((step) => step.chain))]
  return {
    hook,
    table,
    chains: chains.length > MOST_CHAINS ? [...chains.slice(0, 2), ...chains.slice(-2)] : chains,
    rewrite: `${rewrite.after.dst}:${rewrite.after.dport}`,
    ...fanOf(upTo, rewrite, hop, replica),
  }
}

/** The endpoint rules of a Service chain, in order. kube-proxy writes the address into the comment. */
export function endpointRules(rules: readonly string[]): { address: string; chain: string; probability: number }[] {
  return rules.flatMap((rule) => {
    const chain = /-j (KUBE-SEP-\S+)/.exec(rule)?.[1]
    if (chain === undefined || rule.includes('--rcheck')) return []
    const address = /-> ([^"\s]+)/.exec(rule)?.[1] ?? chain
    return [{ address, chain, probability: Number(/--probability ([\d.]+)/.exec(rule)?.[1] ?? 1) }]
  })
}

/** What the Service could choose from, in the words of the mode. */
function fanOf(
  steps: readonly PathStep[],
  rewrite: PathStep,
  hop: PacketHop,
  replica: Replica,
): { fan: Fan } | Record<string, never> {
  const chosenIs = `${rewrite.after.dst}:${rewrite.after.dport}`
  const fan = (
    chain: string,
    endpoints: readonly string[],
    how: Fan['how'],
    chosen = endpoints.indexOf(chosenIs),
  ): { fan: Fan } => ({
    fan: { chain, endpoints, how, chosen },
  })
  if (rewrite.table === 'nat') {
    const chain = steps.find((step) => /^KUBE-SV[CL]-/.test(step.chain))?.chain
    if (chain === undefined) return {}
    const rules = endpointRules(replica.get('chains', `${hop.node}|nat|${chain}`)?.rules ?? [])
    const chosen = rules.findIndex((rule) => rule.chain === rewrite.chain)
    return fan(
      chain,
      rules.map((rule) => rule.address),
      'cascade',
      chosen,
    )
  }
  if (rewrite.table === 'ipvs') {
    const service = replica.get('ipvsServices', `${hop.node}|${ipvsKey(rewrite.chain)}`)
    return service
      ? fan(
          rewrite.chain,
          service.servers.map((s) => `${s.address}:${s.port}`),
          'scheduler',
        )
      : {}
  }
  if (rewrite.table === 'bpf') {
    const { proto } = rewrite.before
    const id = `${hop.node}|${proto} ${rewrite.before.dst}:${rewrite.before.dport}/external`
    const ids = replica.get('bpfServices', id)?.backends ?? []
    const all = ids.flatMap((n) => replica.get('bpfBackends', `${hop.node}|${n}`) ?? [])
    return fan(
      rewrite.chain,
      all.map((b) => `${b.ip}:${b.port}`),
      'slot',
    )
  }
  const numgen = steps.find((step) => /numgen random mod/.test(step.text))
  const text = numgen?.text ?? ''
  // 1.36: a map of addresses; before: a verdict map of the endpoints' chains
  const mapped = [...text.matchAll(/\d+ : ([0-9a-f.:]+) \. (\d+)/g)].map((m) => `${m[1]!}:${m[2]!}`)
  const goals = [...text.matchAll(/goto endpoint-\S+?__([^\s,}]+)/g)].map((m) => m[1]!.replace('/', ':'))
  const endpoints = mapped.length > 0 ? mapped : goals
  return numgen && endpoints.length > 0 ? fan(numgen.chain, endpoints, 'draw') : {}
}

/** `TCP 10.96.0.10:53` as ipvsadm prints it. */
const ipvsKey = (chain: string): string => chain.replace(/^\S+/, (proto) => proto.toLowerCase())

function titleOf(hop: PacketHop, kind: Frame['kind'], replica: Replica): string {
  if (kind === 'outside') return hop.node || 'outside'
  if (kind === 'host') return `${hop.node}, host net ns`
  const sandbox = replica.by('sandboxes', 'node', hop.node).find((s) => s.netns === hop.netns)
  return sandbox?.metadata.name ?? hop.netns
}

function addressOf(hop: PacketHop, kind: Frame['kind'], replica: Replica): string {
  if (kind === 'host') return replica.get('machines', hop.node)?.ip ?? ''
  if (kind === 'pod') return replica.by('sandboxes', 'node', hop.node).find((s) => s.netns === hop.netns)?.ip ?? ''
  return ''
}

/** Where the packet in hand stands at a step: the frame, and the station or chain in it. */
export function standsAt(path: Path, step: PathStep | undefined): { hop: number; place: string } {
  if (!step) return { hop: Math.max(0, path.frames.length - 1), place: 'end' }
  const at = step.hop + path.offset
  const frame = path.frames[at]
  const { branch } = frame ?? {}
  if (branch && step.table === branch.table && step.hook === branch.hook) {
    if (step.nat?.kind === 'DNAT') return { hop: at, place: 'rewrite' }
    if (branch.chains.includes(step.chain)) return { hop: at, place: step.chain }
  }
  const known = frame?.stations.some((station) => station.id === step.hook)
  return { hop: at, place: known ? step.hook : (frame?.stations[0]?.id ?? 'end') }
}

export const flowName = (flow: FlowRecord, replica: Replica): string => {
  const { client } = flow
  const from =
    'host' in client
      ? client.host
      : client.netns === ''
        ? client.node
        : (replica.by('sandboxes', 'node', client.node).find((s) => s.netns === client.netns)?.metadata.name ??
          client.node)
  return `${from} to ${flow.dst}:${flow.dport}, ${flow.what}`
}

export function timeOf(at: Micros): string {
  const ms = Math.floor(at / 1000)
  return `${String(Math.floor(ms / 60_000)).padStart(2, '0')}:${String(Math.floor(ms / 1000) % 60).padStart(2, '0')}.${String(ms % 1000).padStart(3, '0')}`
}
