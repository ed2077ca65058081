/**
 * What a mode of kube-proxy is: from Services and endpoints to what it asks of the kernel. The component (component.ts)
 * knows when to sync; a mode knows what to write. Modes are listed in modes.ts, a line each.
 */
import type { Micros } from '../../sim/contract.ts'
import type { ModelReader } from '../tables.ts'
import type { ProxierConfig } from './config.ts'
import type { ServiceState } from './iptables/sync.ts'

export type ProxyModeName = 'iptables' | 'nftables' | 'ipvs' | 'userspace' | 'ebpf'

/** A message to the node's kernel. Its `data` gets a `ctx`, which the kernel gives back in its answer. */
export interface KernelWrite {
  readonly kind: string
  readonly data: Readonly<Record<string, unknown>>
  /** How long it takes: making the input, the process or netlink, and the kernel's commit. */
  readonly delayMicros: Micros
  /** Rule that is named for it beside the sync's own, with its facts. */
  readonly because?: { readonly rule: string; readonly facts: Record<string, unknown> }
}

export interface SyncInput {
  readonly node: string
  readonly config: ProxierConfig
  /** In the order in which they were first seen. */
  readonly services: readonly ServiceState[]
  /** `namespace/name` of those that changed since the last sync that worked; undefined: a full sync. */
  readonly changed: ReadonlySet<string> | undefined
  /** syncPeriod has passed since stale objects were last looked for. */
  readonly cleanupDue: boolean
  /** Scheduler, layout and the like: what the mode reads of the configuration, as it is written there. */
  readonly options: Readonly<Record<string, unknown>>
  /** `SyncPlan.memory` of the last sync; undefined: the process has just started. */
  readonly memory: unknown
}

export interface LogLine {
  readonly severity: 'I' | 'E'
  /** `proxier.go:1224` */
  readonly place: string
  readonly says: string
}

export interface SyncPlan {
  /** In order. The answer to the last one ends the sync; when there is none, nothing had to be written. */
  readonly writes: readonly KernelWrite[]
  readonly cleanedUp: boolean
  /** Size of what is written, for people: lines of a restore, lines of an nft transaction, netlink calls. */
  readonly lines: number
  /** What the process logs about it. */
  readonly says?: readonly LogLine[]
  /** What the process keeps in its memory until the next sync. Plain. */
  readonly memory?: unknown
  readonly metrics: {
    readonly filterRules: number
    readonly natRules: number
    readonly natRulesTotal: number
    readonly noLocalEndpointsInternal: number
    readonly noLocalEndpointsExternal: number
    readonly endpoints: number
  }
}

export interface ProxyMode {
  readonly name: ProxyModeName
  /** Kinds of events by which the kernel answers its writes: `{ ok, error?: { line, message }, ctx }`. */
  readonly answers: readonly string[]
  /** Rules that say what its syncs write; those of iptables where there is none. */
  readonly rules?: { readonly full: string; readonly partial: string }
  plan(reader: ModelReader, input: SyncInput): SyncPlan
  /** What it logs when the kernel refuses a write. */
  failed?(message: string): readonly LogLine[]
  /** What takes all of this mode away again (CleanupLeftovers): at start in another mode, and for --cleanup. */
  cleanup(reader: ModelReader, node: string): readonly KernelWrite[]
  /**
   * Something that the mode looks after while it runs is gone (iptables' canary chain): write everything anew.
   * undefined: it does not look.
   */
  lost?(reader: ModelReader, node: string): { readonly table: string; readonly chain: string } | undefined
}
