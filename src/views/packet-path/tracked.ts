import type { ConntrackRecord } from '../../model/tables.ts'
import type { Tuple } from '../../model/linux/netfilter/packet.ts'
import type { Replica } from '../contract.ts'
import type { Path } from './select.ts'
import type { PathStep } from './steps.ts'

export interface TrackedAt {
  readonly node: string
  readonly orig?: Tuple
  readonly reply?: Tuple
  /** It is in the table, for others to find (nf_conntrack_confirm): the packet got through. */
  readonly confirmed: boolean
  readonly entry?: ConntrackRecord
}

/**
 * What conntrack knows of the flow when the packet stands at this step. A new entry is made at the first hook, gets the
 * chosen backend into its reply tuple when a rule translates, and is confirmed after the last hook: stepping back
 * through these takes them away again.
 */
export function trackedAt(path: Path, step: PathStep | undefined, replica: Replica): TrackedAt | undefined {
  const { hops } = path.packet
  const firstHost = hops.findIndex((hop) => hop.netns === '')
  const at = step?.hop ?? firstHost
  const hop = hops[at]?.netns === '' ? hops[at] : hops[firstHost]
  if (!hop) return undefined
  const { node } = hop
  const entry = entryOf(path, node, replica)
  const whole: TrackedAt = entry
    ? { node, orig: entry.orig, reply: entry.reply, entry, confirmed: true }
    : { node, confirmed: false }
  if (!step || hop.ctState !== 'NEW') return step && step.hop < firstHost ? { node, confirmed: false } : whole
  if (step.hop < hops.indexOf(hop)) return { node, confirmed: false }
  if (step.hop > hops.indexOf(hop)) return whole
  const { proto, src, dst, sport, dport } = hop.before
  const orig: Tuple = { proto, src, dst, sport, dport }
  // the packet in hand shows what the entry's reply will be: the other way round
  const now = step.nat ? step.after : step.before
  const reply: Tuple = { proto, src: now.dst, dst: now.src, sport: now.dport, dport: now.sport }
  return { node, orig, reply, confirmed: false }
}

function entryOf(path: Path, node: string, replica: Replica): ConntrackRecord | undefined {
  const { proto, src, sport, dst, dport } = path.flow
  return replica.get('conntrack', `${node}|${proto} ${src}:${sport}>${dst}:${dport}`)
}
