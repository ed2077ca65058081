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
  /** The dip through table nat, where a rule of it matched. */
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
  readonly chains: readonly string[]
  /** What the Service chain can choose from; undefined where there is no such chain. */
  readonly fan?: { readonly chain: string; readonly endpoints: readonly string[]; readonly chosen: number }
  readonly rewrite: string
}
export interface Path {
  readonly flow: FlowRecord
  readonly packet: PacketRecord
  readonly frames: readonly Frame[]
  readonly steps: readonly PathStep[]
  readonly reply: PacketRecord | undefined
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
  return flows.find((flow) => !flow.routine && /^10\.(9[6-9]|10\d|11[01])\./.test(flow.dst)) ?? flows[0]
}

export function packetsOf(replica: Replica, flow: FlowRecord): PacketRecord[] {
  return flow.packets.flatMap((id) => replica.get('packets', id) ?? [])
}

export function pathOf(replica: Replica, flow: FlowRecord, packet: PacketRecord): Path {
  const steps = stepsOf(packet, replica)
  const reply = packet.way === 'request' ? packetsOf(replica, flow).find((p) => p.way === 'reply') : undefined
  return {
    flow,
    packet,
    steps,
    reply,
    frames: packet.hops.map((hop, i) => frameOf(hop, i, packet, steps, replica)),
    stale: packet.hops.some((hop) => hop.trace && (replica.get('netfilter', hop.node)?.lastWriteAt ?? 0) > hop.at),
  }
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
  const first = index === 0
  const outside = hop.node === '' || replica.get('machines', hop.node) === undefined
  const kind = outside ? 'outside' : hop.netns === '' ? 'host' : 'pod'
  const branch = branchOf(mine, hop, replica)
  return {
    hop: index,
    title: titleOf(hop, kind, replica),
    address: addressOf(hop, kind, replica),
    kind,
    stations: stationsOf(hop, kind, first, last && packet.state === 'delivered'),
    known: hop.ctState !== undefined && hop.ctState !== 'NEW',
    ...(branch ? { branch } : {}),
  }
}

function stationsOf(hop: PacketHop, kind: Frame['kind'], first: boolean, last: boolean): Station[] {
  const station = (id: string, name = id): Station => ({ id, name })
  if (kind !== 'host') {
    if (first) return [station('socket'), station('out', hop.outDev ?? 'eth0')]
    return [station('in', hop.inDev ?? 'eth0'), station('socket')]
  }
  if (first) return [station('OUTPUT'), station('routing'), station('POSTROUTING')]
  if (last) return [station('PREROUTING'), station('routing'), station('INPUT')]
  return [station('PREROUTING'), station('routing'), station('FORWARD'), station('POSTROUTING')]
}

function branchOf(steps: readonly PathStep[], hop: PacketHop, replica: Replica): Branch | undefined {
  const nat = steps.filter((step) => step.table === 'nat' && (step.hook === 'PREROUTING' || step.hook === 'OUTPUT'))
  const rewrite = nat.find((step) => step.matched && /^(DNAT|REDIRECT)/.test(step.action))
  const hook = nat[0]?.hook
  if (!hook || !rewrite) return undefined
  const chains = [
    ...new Set(
      nat.filter((step) => step.chain !== hook && !step.chain.startsWith('KUBE-MARK')).map((step) => step.chain),
    ),
  ]
  const service = chains.find((name) => /^KUBE-SV[CL]-/.test(name))
  return {
    hook,
    chains,
    rewrite: `${rewrite.after.dst}:${rewrite.after.dport}`,
    ...(service ? { fan: fanOf(hop, service, rewrite.chain, replica) } : {}),
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

function fanOf(hop: PacketHop, chain: string, chosen: string, replica: Replica): NonNullable<Branch['fan']> {
  const rules = endpointRules(replica.get('chains', `${hop.node}|nat|${chain}`)?.rules ?? [])
  return {
    chain,
    endpoints: rules.map((rule) => rule.address),
    chosen: rules.findIndex((rule) => rule.chain === chosen),
  }
}

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
  const frame = path.frames[step.hop]
  if (step.table === 'nat' && frame?.branch && step.hook === frame.branch.hook) {
    if (step.matched && /^(DNAT|REDIRECT)/.test(step.action)) return { hop: step.hop, place: 'rewrite' }
    if (frame.branch.chains.includes(step.chain)) return { hop: step.hop, place: step.chain }
  }
  const known = frame?.stations.some((station) => station.id === step.hook)
  return { hop: step.hop, place: known ? step.hook : (frame?.stations[0]?.id ?? 'end') }
}

/** What is said of the packet at a step, in one or two plain sentences. */
export function narrate(path: Path, step: PathStep | undefined): string {
  const { packet, flow } = path
  if (!step)
    switch (packet.state) {
      case 'moving':
        return `The packet ${packet.what} to ${flow.dst}:${flow.dport} is on its way.`
      case 'delivered':
        return `The packet ${packet.what} has arrived at ${packet.now.dst}:${packet.now.dport}.`
      case 'rejected':
        return `A rule rejected the packet. The sender is told: ${packet.why ?? 'refused'}.`
      case 'dropped':
        return `A rule dropped the packet. The sender is told nothing and will try again: ${packet.why ?? ''}`
      default:
        return `The packet was lost: ${packet.why ?? 'nobody took it'}.`
    }
  if (step.hook === 'conntrack') return `${step.text}. No rule of the table nat is asked.`
  if (!step.matched) return `Rule ${step.rule} of ${step.chain} does not match: ${step.reason}.`
  if (/^(DNAT|REDIRECT)/.test(step.action))
    return `Rule ${step.rule} of ${step.chain} rewrites the destination: the Service address becomes ${step.after.dst}:${step.after.dport}.`
  if (/^(SNAT|MASQUERADE)/.test(step.action))
    return `Rule ${step.rule} of ${step.chain} rewrites the source to ${step.after.src}, so that the reply comes back through this node.`
  return `Rule ${step.rule} of ${step.chain} matches: ${step.action}.`
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
