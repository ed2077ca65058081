import { expandTrace } from '../../lab/trace.ts'
import type { PacketHop, PacketRecord } from '../../model/tables.ts'
import type { Packet } from '../../model/linux/netfilter/packet.ts'
import type { Replica } from '../contract.ts'
import { whyNot } from './why-not.ts'

/** One thing that happens to the packet in one stack: a rule tried, or what conntrack and routing do by themselves. */
export interface PathStep {
  readonly hop: number
  /** Hook of netfilter, or `conntrack`, `routing`. */
  readonly hook: string
  readonly table: string
  readonly chain: string
  /** Position in the chain from 1; 0 for what is no rule. */
  readonly rule: number
  readonly text: string
  readonly matched: boolean
  readonly action: string
  readonly reason: string
  /** Rules of the same chain that were tried before this one, none of which matched, and that are not listed. */
  readonly folded: number
  readonly before: Packet
  readonly after: Packet
}

/** Rules without a match that are listed before the one that matched; more are counted. */
const SHOWN_BEFORE_MATCH = 4

export function stepsOf(packet: PacketRecord, replica: Replica): PathStep[] {
  return packet.hops.flatMap((hop, i) => stepsOfHop(hop, i, replica))
}

function stepsOfHop(hop: PacketHop, index: number, replica: Replica): PathStep[] {
  const steps: PathStep[] = []
  let header = hop.before
  const own = (hook: string, text: string, after: Packet): void => {
    steps.push({
      hop: index,
      hook,
      table: '',
      chain: '',
      rule: 0,
      text,
      matched: true,
      action: '',
      reason: '',
      folded: 0,
      before: header,
      after,
    })
    header = after
  }
  for (const nat of hop.nat)
    if (!nat.byRule)
      own(
        'conntrack',
        `conntrack knows this flow: ${nat.kind} ${nat.from} to ${nat.to}`,
        translate(header, nat.kind, nat.to),
      )
  if (hop.trace) {
    const source = {
      chain: (table: string, name: string) => replica.get('chains', `${hop.node}|${table}|${name}`),
      tables: () => [],
      chains: () => [],
    }
    const all = expandTrace(source as never, hop.trace)
    let skipped = 0
    all.forEach((step, at) => {
      const hit = all.findIndex((other, j) => j >= at && (other.matched || other.chain !== step.chain))
      const near = hit < 0 ? all.length - at <= SHOWN_BEFORE_MATCH : hit - at <= SHOWN_BEFORE_MATCH
      if (!step.matched && !near) {
        skipped++
        return
      }
      const nat = step.matched ? natOf(hop, step.hook, step.action) : undefined
      const after = nat ? translate(header, nat.kind, nat.to) : marked(header, step.matched ? step.action : '')
      steps.push({
        hop: index,
        hook: step.hook,
        table: step.table,
        chain: step.chain,
        rule: step.rule,
        text: step.text,
        matched: step.matched,
        action: step.action,
        reason: step.matched ? whyMatched(step.action) : whyNot(step.text, header, hop),
        folded: skipped,
        before: header,
        after,
      })
      skipped = 0
      header = after
    })
  }
  return steps
}

function natOf(hop: PacketHop, hook: string, action: string): PacketHop['nat'][number] | undefined {
  const kind = /^(DNAT|REDIRECT)/.test(action) ? 'DNAT' : /^(SNAT|MASQUERADE)/.test(action) ? 'SNAT' : undefined
  return kind && hop.nat.find((nat) => nat.byRule && nat.hook === hook && nat.kind === kind)
}

/** `10.244.1.23:8080` or `[fd00::1]:80` put in the place that this kind of NAT rewrites. */
export function translate(packet: Packet, kind: string, to: string): Packet {
  const m = /^\[?([^\]]+?)\]?:(\d+)$/.exec(to)
  const ip = m?.[1] ?? to
  const port = m ? Number(m[2]) : undefined
  const destination = kind === 'DNAT' || kind === 'un-SNAT'
  if (destination) return { ...packet, dst: ip, dport: port ?? packet.dport }
  return { ...packet, src: ip, sport: port ?? packet.sport }
}

function marked(packet: Packet, action: string): Packet {
  const m = /MARK (?:or|OR|set|xset) (0x[0-9a-f]+)/i.exec(action)
  return m ? { ...packet, mark: ((packet.mark ?? 0) | Number(m[1])) >>> 0 } : packet
}

function whyMatched(action: string): string {
  if (/^(DNAT|REDIRECT)/.test(action)) return 'rewrites the destination'
  if (/^(SNAT|MASQUERADE)/.test(action)) return 'rewrites the source'
  if (/MARK/.test(action) && !/^jump|^goto|^KUBE/.test(action)) return 'marks the packet'
  return 'matched'
}
