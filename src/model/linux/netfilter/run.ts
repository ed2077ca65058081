/** The walk of one packet through one namespace: what the walk needs, and how it can be stopped. */
import type { Tracked } from './conntrack.ts'
import type { TableVerdict } from './evaluate.ts'
import type { HookName } from './hooks.ts'
import type { NetNamespace } from './namespace.ts'
import type { Packet } from './packet.ts'
import type { Hook } from './ruleset.ts'
import type { Traversal } from './traversal.ts'
import type { Walk } from './walk.ts'

export interface Run extends Walk {
  readonly ns: NetNamespace
  readonly packet0: Packet
  tracked: Tracked
  readonly nat: {
    hook: HookName
    kind: 'DNAT' | 'SNAT' | 'un-DNAT' | 'un-SNAT'
    from: string
    to: string
    byRule: boolean
  }[]
  /** nf_nat_initialized: which half of a new entry's NAT is settled. */
  dstDone: boolean
  srcDone: boolean
  known: boolean
  unknownDevices: boolean
  masqueraded: boolean
  markBits: number
  /** It came through these hooks before: conntrack does not look again. */
  seen: boolean
}

export type Stop = Pick<Traversal, 'verdict' | 'stoppedBy' | 'rejectWith'>

export function stopOf(verdict: Exclude<TableVerdict, { kind: 'NAT' }>, name: string, hook: Hook): Stop {
  const rule = verdict.index + 1
  const why = verdict.why ?? (verdict.policy ? `policy of ${hook}` : `rule ${rule} of ${verdict.chain}`)
  return {
    verdict: verdict.kind === 'REJECT' ? 'REJECT' : 'DROP',
    stoppedBy: { hook, table: name, chain: verdict.chain, rule, why },
    ...(verdict.kind === 'REJECT' ? { rejectWith: verdict.with } : {}),
  }
}
