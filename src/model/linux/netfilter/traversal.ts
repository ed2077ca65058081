/** What became of a packet in one network namespace. */
import type { Tracked } from './conntrack.ts'
import type { HookName } from './hooks.ts'
import type { Packet } from './packet.ts'
import type { Trace } from './trace.ts'
import type { Effect } from './walk.ts'

export type Outcome = 'ACCEPT' | 'DROP' | 'REJECT' | 'UNREACHABLE'

export interface Traversal {
  readonly verdict: Outcome
  /** Where it ended: delivered here, sent out, or stopped. */
  readonly fate: 'local' | 'forwarded' | 'sent' | 'stopped'
  /** The rule or policy that stopped it, or why without one. */
  readonly stoppedBy?: {
    readonly hook: HookName | 'ROUTING'
    readonly table: string
    readonly chain: string
    readonly rule: number
    readonly why: string
  }
  /** `icmp-port-unreachable`, `tcp-reset`: what goes back to the sender. */
  readonly rejectWith?: string
  readonly packet: Packet
  readonly inDev: string | undefined
  readonly outDev: string | undefined
  /** The neighbour to hand it to; undefined for local delivery. */
  readonly nextHop: string | undefined
  readonly trace: Trace
  /** State that the packet had in conntrack, its direction, and the entry as it is now; `undefined` entry: none is kept. */
  readonly conntrack: Tracked
  /** What NAT did on the way, in order. */
  readonly nat: readonly {
    readonly hook: HookName
    readonly kind: 'DNAT' | 'SNAT' | 'un-DNAT' | 'un-SNAT'
    readonly from: string
    readonly to: string
    readonly byRule: boolean
  }[]
  /** MASQUERADE or SNAT was applied by a rule. */
  readonly masqueraded: boolean
  /** The mark had this value at its highest use: every mark bit that was ever set on the way. */
  readonly markBits: number
  readonly assumed: readonly string[]
  readonly effects: readonly Effect[]
}
