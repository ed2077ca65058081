/** The state of a packet's walk through the tables, and the questions it may raise. */
import type { ConntrackEntry, CtState } from './conntrack.ts'
import type { HookName } from './hooks.ts'
import type { Ip } from './address.ts'
import type { Packet } from './packet.ts'
import type { Tuple } from './packet.ts'
import type { Link } from './route.ts'
import type { Rule } from './rule.ts'
import type { ChainSource } from './ruleset.ts'
import type { TraceBuilder } from './trace.ts'

/** A question that the rules alone do not answer. */
export interface Question {
  /** `choice`: one of `below` ways, each as likely (numgen). */
  readonly kind: 'random' | 'nth' | 'choice' | 'unknown' | 'interface' | 'nat-address' | 'port'
  readonly table: string
  readonly chain: string
  /** From 0. */
  readonly index: number
  readonly rule: Rule
  /** Answers are whole numbers from 0 below this. Yes or no: 2, and 1 means that the match says yes (before a `!`). */
  readonly below: number
  /** `random`: chance of a yes in steps of 2^-31. */
  readonly probability?: number
  /** What is asked, for people. Questions with the same words have the same answer, as far as one packet goes. */
  readonly about: string
  /** The answer that is nearly always right; default 0. */
  readonly usual?: 0 | 1
}

export type Ask = (question: Question) => number

/** `-m recent` lists: seconds since the address was last seen, newest first; undefined: the list is not known. */
export type RecentLists = (list: string, address: string) => readonly number[] | undefined

export type Effect =
  | {
      readonly kind: 'recent'
      readonly op: 'set' | 'update' | 'remove'
      readonly list: string
      readonly address: string
    }
  /** The conntrack table was full: the entry that made room; none: the packet had to go. */
  | { readonly kind: 'full'; readonly tuple: Tuple; readonly evict?: string }
  | { readonly kind: 'log'; readonly table: string; readonly chain: string; readonly index: number }
  /** A facility that is no table of iptables keeps something: a connection of IPVS, an element of an nft set. */
  | { readonly kind: 'keep'; readonly facility: string; readonly data: unknown }

/** The state of a walk: the packet as it is now, and what is known around it. */
export interface Walk {
  readonly source: ChainSource
  readonly links: readonly Link[]
  readonly ask: Ask
  readonly recent: RecentLists | undefined
  readonly trace: TraceBuilder
  readonly assumed: Set<string>
  readonly effects: Effect[]
  /** As it came to this machine. */
  readonly packet0?: Packet
  family: 4 | 6
  proto: number
  src: Ip
  dst: Ip
  sport: number
  dport: number
  flags: number
  icmpType: number
  icmpCode: number
  mark: number
  /** undefined: nobody said; '' : none at this hook. */
  inDev: string | undefined
  /** The device it came in by, also in POSTROUTING, where iptables cannot ask and nft can (ip_output). '' : made here. */
  arrivedBy?: string | undefined
  outDev: string | undefined
  ctState: CtState
  ctEntry: ConntrackEntry | undefined
  ctDirection: 0 | 1
  ctMark: number
  /** `--ctstate DNAT` and `SNAT`. */
  dnat: boolean
  snat: boolean
  untracked: boolean
  /** Where it is. */
  hook: HookName
}
