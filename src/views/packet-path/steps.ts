/** What happens to a packet, stack by stack and step by step: rules tried, look-ups, and what conntrack does by itself. */
import { expandTrace } from '../../lab/trace.ts'
import type { FlowRecord, PacketHop, PacketRecord } from '../../model/tables.ts'
import type { Packet } from '../../model/linux/netfilter/packet.ts'
import type { Replica } from '../contract.ts'
import { whyNot } from './why-not.ts'

/** One thing that happens to the packet in one stack. */
export interface PathStep {
  readonly hop: number
  /** Hook of netfilter, INGRESS or EGRESS of a device, or `conntrack`, `connect()`. */
  readonly hook: string
  /** Table of iptables, `ip/kube-proxy` of nftables, `ipvs`, `bpf`; '' for what is no rule. */
  readonly table: string
  readonly chain: string
  /** Position in the chain from 1; 0 for what is no rule. */
  readonly rule: number
  readonly text: string
  readonly matched: boolean
  readonly action: string
  readonly reason: string
  /** The element that a look-up found. */
  readonly found?: string
  readonly nat?: PacketHop['nat'][number]
  /** Rules of the same chain that were tried before this one, none of which matched, and that are not listed. */
  readonly folded: number
  readonly before: Packet
  readonly after: Packet
}

/** Rules without a match that are listed before the one that matched; more are counted. */
const SHOWN_BEFORE_MATCH = 4

export function stepsOf(packet: PacketRecord, replica: Replica): PathStep[] {
  const flow = replica.get('flows', packet.flow)
  return packet.hops.flatMap((hop, i) => [
    ...(i === 0 && flow ? atSocket(flow, packet) : []),
    ...stepsOfHop(hop, i, replica),
  ])
}

/** The address that the program asked for, before a BPF program in the system call chose another. */
function atSocket(flow: FlowRecord, packet: PacketRecord): PathStep[] {
  const lb = flow.socketLb
  if (!lb || packet.way !== 'request') return []
  const { header } = packet
  const how =
    lb.by === 'affinity' ? 'the backend that this client had' : `slot ${lb.slot} of ${lb.backends}, drawn at random`
  return [
    {
      hop: 0,
      hook: 'connect()',
      table: 'bpf',
      chain: 'cil_sock4_connect',
      rule: 1,
      text: `the program at connect() looks up ${lb.ip}:${lb.port} and rewrites the address in the system call`,
      matched: true,
      action: 'rewrite the destination',
      reason: how,
      found: `${lb.name}: ${header.dst}:${header.dport}`,
      nat: {
        hook: 'connect()',
        kind: 'DNAT',
        from: `${lb.ip}:${lb.port}`,
        to: `${header.dst}:${header.dport}`,
        byRule: true,
      },
      folded: 0,
      before: { ...header, dst: lb.ip, dport: lb.port },
      after: header,
    },
  ]
}

/** A facility beside iptables: its steps are not lines of iptables-save. */
export const isForeign = (table: string): boolean => table.includes('/') || table === 'ipvs' || table === 'bpf'

function stepsOfHop(hop: PacketHop, index: number, replica: Replica): PathStep[] {
  const steps: PathStep[] = []
  let header = hop.before
  const left = [...hop.nat]
  for (const nat of hop.nat) {
    if (!isConntracks(hop, nat)) continue
    const after = translate(header, nat.kind, nat.to)
    left.splice(left.indexOf(nat), 1)
    steps.push({
      hop: index,
      hook: 'conntrack',
      table: '',
      chain: '',
      rule: 0,
      text: `conntrack knows this flow: ${nat.kind} ${nat.from} to ${nat.to}`,
      matched: true,
      action: '',
      reason: '',
      nat,
      folded: 0,
      before: header,
      after,
    })
    header = after
  }
  if (!hop.trace) return steps
  const source = {
    chain: (table: string, name: string) => replica.get('chains', `${hop.node}|${table}|${name}`),
    tables: () => [],
    chains: () => [],
  }
  const all = expandTrace(source as never, hop.trace, false, textsOf(hop, replica))
  let skipped = 0
  all.forEach((step, at) => {
    const hit = all.findIndex((other, j) => j >= at && (other.matched || other.chain !== step.chain))
    const near = hit < 0 ? all.length - at <= SHOWN_BEFORE_MATCH : hit - at <= SHOWN_BEFORE_MATCH
    if (!step.matched && !near) {
      skipped++
      return
    }
    const made = step.matched ? takeNat(left, step.hook, step.table, step.action) : []
    let after = step.matched && made.length === 0 ? marked(header, step.action) : header
    for (const nat of made) after = translate(after, nat.kind, nat.to)
    steps.push({
      hop: index,
      hook: step.hook,
      table: step.table,
      chain: step.chain,
      rule: step.rule,
      text: step.text,
      matched: step.matched,
      action: step.action,
      reason: reasonOf(step, hop, header, made.length > 0 ? made[0] : undefined),
      ...(step.found === undefined ? {} : { found: step.found }),
      ...(made.length > 0 ? { nat: made[0]! } : {}),
      folded: skipped,
      before: header,
      after,
    })
    skipped = 0
    header = after
  })
  return steps
}

type Step = ReturnType<typeof expandTrace>[number]

/** Translations of a known flow, which no rule was asked about. IPVS and BPF translate in steps of their own. */
function isConntracks(hop: PacketHop, nat: PacketHop['nat'][number]): boolean {
  if (nat.byRule) return false
  return !(hop.trace?.passes ?? []).some(
    (pass) => pass.hook === nat.hook && (pass.table === 'ipvs' || pass.table === 'bpf'),
  )
}

/** Texts of rules that are not iptables': as they were when they matched, else as they are. */
function textsOf(hop: PacketHop, replica: Replica): Parameters<typeof expandTrace>[3] {
  return {
    step(table, chain, index) {
      // as it was when it matched; rules may have been written anew since
      const was = hop.matched.find((m) => m.table === table && m.chain === chain && m.rule === index + 1)
      if (was) return { text: was.text, action: was.action }
      if (!isForeign(table)) {
        const there = replica.get('chains', `${hop.node}|${table}|${chain}`)?.rules[index]
        return there === undefined ? { text: `-A ${chain} (rule ${index + 1}, gone since)`, action: '' } : undefined
      }
      const rules = replica.get('nftChains', `${hop.node}|${table}|${chain}`)?.rules
      return { text: rules?.[index] ?? `rule ${index + 1} of ${chain}`, action: '' }
    },
  }
}

const KINDS: readonly (readonly [says: RegExp, kinds: readonly string[]])[] = [
  [/^(DNAT|REDIRECT)|\b(dnat|redirect)\b/, ['DNAT']],
  [/^(SNAT|MASQUERADE)|\b(snat|masquerade)\b/, ['SNAT']],
  [/rewrite source and destination back/, ['un-SNAT', 'un-DNAT']],
  [/rewrite the source back/, ['un-DNAT']],
  [/rewrite the source/, ['SNAT']],
  [/rewrite the destination/, ['DNAT']],
]

/** The translations that a step made, taken from those of the hop that nobody has claimed yet. */
function takeNat(
  left: PacketHop['nat'][number][],
  hook: string,
  table: string,
  action: string,
): PacketHop['nat'][number][] {
  const kinds =
    table === 'ipvs' ? ['DNAT', 'un-DNAT', 'SNAT', 'un-SNAT'] : (KINDS.find(([says]) => says.test(action))?.[1] ?? [])
  const mine = left.filter((nat) => nat.hook === hook && kinds.includes(nat.kind)).slice(0, table === 'ipvs' ? 1 : 2)
  for (const nat of mine) left.splice(left.indexOf(nat), 1)
  return mine
}

function reasonOf(step: Step, hop: PacketHop, header: Packet, nat: PacketHop['nat'][number] | undefined): string {
  const draw = hop.draws?.find((d) => d.chain === step.chain && d.rule === step.rule)
  if (draw && draw.below <= 1)
    return `drew ${draw.drawn.toFixed(3)} ${step.matched ? '<' : '≥'} ${draw.below.toFixed(3)}`
  if (draw) return `drew ${draw.drawn} of 0 to ${draw.below - 1}`
  if (!step.matched) return isForeign(step.table) ? 'did not match' : whyNot(step.text, header, hop)
  if (nat?.kind === 'DNAT') return 'rewrites the destination'
  if (nat?.kind === 'SNAT') return 'rewrites the source'
  if (nat) return 'rewrites it back'
  if (step.found !== undefined) return 'found'
  if (/MARK/.test(step.action) && !/^jump|^goto|^KUBE/.test(step.action)) return 'marks the packet'
  return 'matched'
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
  const m = /MARK (?:or|OR|set|xset) (0x[0-9a-f]+)|mark set (?:meta )?mark (?:\||or) (0x[0-9a-f]+)/i.exec(action)
  return m ? { ...packet, mark: ((packet.mark ?? 0) | Number(m[1] ?? m[2])) >>> 0 } : packet
}
