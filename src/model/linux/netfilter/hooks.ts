/**
 * The hooks of a network namespace and what hangs there, by priority: iptables' tables, connection tracking, and
 * whatever else registered (nft chains, IPVS, BPF programs). linux include/uapi/linux/netfilter_ipv4.h
 * (nf_ip_hook_priorities), net/netfilter/core.c (nf_hook_entries_grow).
 */
import type { TableVerdict } from './evaluate.ts'
import type { Hook } from './ruleset.ts'
import type { Walk } from './walk.ts'

/** INGRESS and EGRESS: a program at a device (tc, XDP), before PREROUTING and after POSTROUTING. */
export type HookName = Hook | 'INGRESS' | 'EGRESS'

export const PRIORITY = {
  raw: -300,
  conntrack: -200,
  mangle: -150,
  dstnat: -100,
  filter: 0,
  security: 50,
  srcnat: 100,
} as const

/** A pass takes the packet away from its way through the hooks. */
export type Detour =
  /** It changed the packet's destination and sends it itself: routing, OUTPUT and POSTROUTING come next (ip_vs_nat_xmit). */
  | { readonly kind: 'OUTPUT' }
  /** It hands the packet to a device, past all other hooks (bpf_redirect). `via`: the neighbour. */
  | { readonly kind: 'REDIRECT'; readonly dev: string; readonly via?: string }

/** Something that hangs at a hook. */
export interface HookPass {
  readonly hook: HookName
  /** Lower runs first. Of passes of type nat it orders them among themselves: all run where nat runs. */
  readonly priority: number
  /** A `nat` pass is asked about the first packet of a connection only; what it answers holds for the others. */
  readonly type: 'filter' | 'nat'
  /** Table in traces and in "stopped by": `ip/kube-proxy`, `ipvs`, `bpf`. */
  readonly table: string
  /**
   * undefined: the packet goes on. It may change the packet in `walk` (mark, or `rewrite` of traverse.ts for addresses),
   * and says what it compared to `walk.trace` (`enter`, `chain`, `run`, `lookedUp`).
   */
  run(walk: Walk): TableVerdict | Detour | undefined
}

/** How the steps of a trace read that are no rules of iptables. */
export interface StepTexts {
  /** A rule, a server of a table, an entry of a map; `index` from 0. undefined: not one of mine. */
  step(table: string, chain: string, index: number): { readonly text: string; readonly action: string } | undefined
}

export interface HookEntry {
  readonly kind: 'xtables' | 'conntrack' | 'nat' | 'pass'
  /** Of iptables. */
  readonly table: string
  readonly priority: number
  readonly pass?: HookPass
}

const own = (kind: HookEntry['kind'], table: keyof typeof PRIORITY | 'dstnat' | 'srcnat'): HookEntry => ({
  kind,
  table: kind === 'nat' ? 'nat' : table,
  priority: PRIORITY[table],
})

const OWN: Readonly<Record<HookName, readonly HookEntry[]>> = {
  INGRESS: [],
  PREROUTING: [own('xtables', 'raw'), own('conntrack', 'conntrack'), own('xtables', 'mangle'), own('nat', 'dstnat')],
  INPUT: [own('xtables', 'mangle'), own('xtables', 'filter'), own('xtables', 'security'), own('nat', 'srcnat')],
  FORWARD: [own('xtables', 'mangle'), own('xtables', 'filter'), own('xtables', 'security')],
  OUTPUT: [
    own('xtables', 'raw'),
    own('conntrack', 'conntrack'),
    own('xtables', 'mangle'),
    own('nat', 'dstnat'),
    own('xtables', 'filter'),
    own('xtables', 'security'),
  ],
  POSTROUTING: [own('xtables', 'mangle'), own('nat', 'srcnat')],
  EGRESS: [],
}

const merged = new WeakMap<readonly HookPass[], Map<HookName, readonly HookEntry[]>>()

/** What hangs at a hook, in order. A newcomer comes before what has the same priority (nf_hook_entries_grow). */
export function entriesAt(hook: HookName, passes: readonly HookPass[] | undefined): readonly HookEntry[] {
  if (passes === undefined || passes.length === 0) return OWN[hook]
  let byHook = merged.get(passes)
  if (!byHook) merged.set(passes, (byHook = new Map()))
  let entries = byHook.get(hook)
  if (!entries) {
    const list = [...OWN[hook]]
    for (const pass of passes) {
      if (pass.hook !== hook || pass.type === 'nat') continue
      const at = list.findIndex((entry) => entry.priority >= pass.priority)
      list.splice(at < 0 ? list.length : at, 0, { kind: 'pass', table: pass.table, priority: pass.priority, pass })
    }
    byHook.set(hook, (entries = list))
  }
  return entries
}

/** Chains of type nat at a hook beside that of iptables, which has the priority of the hook's nat. */
export function natPassesAt(hook: Hook, passes: readonly HookPass[] | undefined): readonly HookPass[] {
  if (passes === undefined) return NO_PASSES
  return passes.filter((pass) => pass.hook === hook && pass.type === 'nat').sort((a, b) => a.priority - b.priority)
}

const NO_PASSES: readonly HookPass[] = []
