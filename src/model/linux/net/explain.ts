/** Why a flow went as it did, in sentences: the way of its first packet, what stopped it, what to look at on a node. */
import type { FlowRecord, ModelReader, NetPlace, PacketHop, PacketRecord } from '../../tables.ts'
import { joinHostPort } from '../netfilter/address.ts'
import { ERRNO, type ConnectError } from './result.ts'

export interface FlowExplanation {
  /** One sentence: what became of it. */
  readonly says: string
  /** The way, one line a stack. */
  readonly way: readonly string[]
  /** A command that shows the deciding thing on a real node. */
  readonly command?: { readonly line: string; readonly node: string }
}

export function explainFlow(reader: ModelReader, id: string): FlowExplanation | undefined {
  const flow = reader.get('flows', id)
  if (!flow) return undefined
  const packets = reader.by('packets', 'flow', id)
  const first = packets[0]
  const bad = packets.find(
    (packet) => packet.state === 'dropped' || packet.state === 'rejected' || packet.state === 'lost',
  )
  const way = first ? first.hops.map(hopText) : []
  if (bad) way.push(`${bad.what} ${bad.state}: ${bad.why ?? 'nobody says why'}`)
  const command = decidingCommand(bad ?? first)
  return { says: outcome(flow, bad), way, ...(command ? { command } : {}) }
}

function placeText(place: NetPlace): string {
  if ('host' in place) return place.host
  return place.netns === '' ? `node ${place.node}` : `a pod on ${place.node}`
}

function outcome(flow: FlowRecord, bad: PacketRecord | undefined): string {
  const target = joinHostPort(flow.dst, flow.dport)
  const who = placeText(flow.client)
  if (flow.endedAt === undefined) return `${who} waits for ${target}.`
  if (flow.error === undefined) {
    const server = flow.server
    const moved =
      server && server.ip !== flow.dst ? ` The address was rewritten to ${joinHostPort(server.ip, server.port)}.` : ''
    const masked = server && server.peerIp !== flow.src ? ` The server saw ${server.peerIp} as the client.` : ''
    return `${who} reached ${target}.${moved}${masked}`
  }
  const because = bad?.why === undefined ? '' : `: ${bad.what} was ${bad.state}, ${bad.why}`
  return `${who} did not reach ${target} (${ERRNO[flow.error as ConnectError]})${because}.`
}

function hopText(hop: PacketHop): string {
  const where = hop.netns === '' ? hop.node : `${hop.node}, ${hop.netns}`
  const nat = hop.nat.map((change) => `${change.kind} ${change.from} to ${change.to}`)
  const rules = hop.matched.filter((step) => step.table === 'nat').map((step) => `${step.chain} ${step.rule}`)
  // of nft what its maps gave: that is where the way is decided
  const found = hop.matched.flatMap((step) =>
    step.table.includes('/') && step.found !== undefined ? [step.found] : [],
  )
  const parts = [
    `${where}: ${hop.inDev ?? 'socket'} to ${hop.outDev ?? (hop.verdict === 'ACCEPT' ? 'socket' : 'nowhere')}`,
    ...(hop.ctState === undefined ? [] : [`conntrack ${hop.ctState}`]),
    ...(rules.length > 0 ? [`nat rules ${rules.join(' > ')}`] : []),
    ...(found.length > 0 ? [`nft found ${found.join(' > ')}`] : []),
    ...nat,
    ...(hop.stoppedBy === undefined ? [] : [`${hop.verdict} by ${hop.stoppedBy}`]),
  ]
  return parts.join('; ')
}

function decidingCommand(packet: PacketRecord | undefined): FlowExplanation['command'] {
  const hop = packet?.hops.findLast((one) => one.netns === '' && one.matched.length > 0)
  if (!hop) return undefined
  if (hop.matched.some((step) => step.table === 'ipvs') || /^virtual server /.test(hop.stoppedBy ?? ''))
    return { line: 'ipvsadm -Ln', node: hop.node }
  const nft = hop.matched.findLast((step) => step.table.includes('/'))
  if (nft) {
    const [family, ...name] = nft.table.split('/')
    return { line: `nft list table ${family} ${name.join('/')}`, node: hop.node }
  }
  const table = hop.verdict === 'ACCEPT' ? 'nat' : 'filter'
  return { line: `iptables-save -t ${table}`, node: hop.node }
}
