/**
 * What the page and the rules worker say to each other: dumps that somebody pasted, and the four modes of kube-proxy for
 * one Service. A worker of its own, so that neither holds up the lab's clock; it can be ended when it takes too long.
 */
import type { ProxyModeName } from '../model/kube-proxy/mode.ts'
import type { Packet } from '../model/linux/netfilter/packet.ts'
import type { DumpProblem } from '../model/linux/netfilter/parse-dump.ts'
import type { Question } from '../model/linux/netfilter/walk.ts'
import type { ProxiedServiceRecord } from '../model/tables.ts'

export type { DumpProblem }

/** Larger texts are refused before they are sent. */
export const LARGEST_DUMP = 10_000_000

export type RulesAsk =
  | { q: 'load'; text: string }
  | { q: 'trace'; packet: PacketForm }
  /** One of the ways of the last trace. */
  | { q: 'way'; index: number }
  | { q: 'example'; id: string }
  /** What a mode costs for numbers of Services, one after the other. `of`: of the cluster; undefined: one of our own. */
  | { q: 'sample'; mode: ProxyModeName; services: readonly number[]; of: ChosenService | undefined }
  | { q: 'modes' }

/* ------------------------------------------------------------------ rules that were pasted */

export interface Loaded {
  readonly format: 'iptables' | 'nft'
  readonly tables: readonly { readonly name: string; readonly chains: number; readonly rules: number }[]
  readonly ruleCount: number
  readonly problems: readonly DumpProblem[]
  /** More problems than are listed. */
  readonly problemCount: number
  /** Addresses that rules rewrite, in the order in which they stand. */
  readonly targets: readonly DumpTarget[]
  readonly guess: PacketForm
  /** Interfaces that rules ask for by name. */
  readonly devices: readonly string[]
}

export interface DumpTarget {
  readonly says: string
  readonly proto: string
  readonly ip: string
  readonly port: number
}

export interface PacketForm {
  readonly proto: string
  readonly src: string
  readonly sport: string
  readonly dst: string
  readonly dport: string
  /** Empty: nobody said. */
  readonly inDev: string
  /** Addresses of the node, parted by spaces or commas. */
  readonly nodeIps: string
  readonly known: boolean
}

export type Verdict = 'ACCEPT' | 'DROP' | 'REJECT'

export interface Choice {
  /** Same key, same thing asked. */
  readonly key: string
  readonly answer: number
}

export interface WayInfo {
  readonly index: number
  readonly verdict: Verdict
  readonly backend: string | null
  readonly masquerade: boolean
  readonly compared: number
  readonly choices: readonly Choice[]
}

export interface Asked {
  readonly key: string
  readonly kind: Question['kind']
  /** `nat KUBE-SVC-... 2` */
  readonly place: string
  readonly about: string
  /** How many answers there may be; each as likely for `choice`. */
  readonly below: number
  /** Chance of a yes, for `random`. */
  readonly share?: number
  /** Answers that some way gives. */
  readonly answers: readonly number[]
}

export interface TraceAnswer {
  readonly packet: Packet
  /** The first few hundred. */
  readonly ways: readonly WayInfo[]
  readonly wayCount: number
  readonly asked: readonly Asked[]
  readonly assumed: readonly string[]
  readonly way: Way
}

/** One way, written out. */
export interface Way {
  readonly index: number
  readonly verdict: Verdict
  readonly fate: 'local' | 'forwarded' | 'sent' | 'stopped'
  readonly stoppedBy?: { readonly table: string; readonly chain: string; readonly rule: number; readonly why: string }
  readonly rejectWith?: string
  readonly compared: number
  readonly lookups: number
  /** In order; a hook without rules has no steps. */
  readonly hooks: readonly string[]
  readonly before: Packet
  readonly after: Packet
  readonly steps: readonly WayStep[]
}

export interface WayStep {
  readonly hook: string
  readonly table: string
  readonly chain: string
  /** From 1. */
  readonly rule: number
  readonly text: string
  readonly matched: boolean
  readonly action: string
  /** Rules of this chain before it that did not match and are not listed. */
  readonly folded: number
  /** What its look-up found. */
  readonly found?: string
  readonly before: Packet
  readonly after: Packet
}

export interface Example {
  readonly text: string
  readonly packet: PacketForm
}

/* ------------------------------------------------------------------ the modes side by side */

export interface ChosenService {
  /** Of the cluster; what a node's kube-proxy knows of it. */
  readonly record: ProxiedServiceRecord
  readonly port: number
  readonly protocol: string
}

/** What one mode does with one packet to the last of so many Services. */
export interface ModeSample {
  readonly mode: ProxyModeName
  readonly services: number
  readonly endpoints: number
  /** Rules compared at the client's node by the first packet of a flow. */
  readonly compared: number
  /** Look-ups in hash tables: sets, maps, connections. */
  readonly lookups: number
  /** Lines of the text that prints the table, and its bytes. */
  readonly lines: number
  readonly bytes: number
  /** Written by a first sync, and when one endpoint changes; lines of a restore, of a transaction, or calls. */
  readonly fullWrite: number
  readonly changeWrite: number
  readonly backend: string | undefined
  readonly text: readonly SampleLine[]
}

export interface SampleLine {
  readonly text: string
  /** yes: matched; no: compared; now: it rewrites the packet; rest: not asked; fold: so many like the line above. */
  readonly state: 'yes' | 'no' | 'now' | 'rest' | 'fold'
  readonly count?: number
}
