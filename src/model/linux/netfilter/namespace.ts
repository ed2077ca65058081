/** What the interpreter knows of a network namespace. */
import type { ConntrackTimeouts, FindEntry } from './conntrack.ts'
import type { Tuple } from './packet.ts'
import type { RecentLists } from './walk.ts'
import type { Link, Route } from './route.ts'
import type { HookPass } from './hooks.ts'
import type { ChainSource } from './ruleset.ts'

export interface NetNamespace {
  readonly rules: ChainSource
  readonly links: readonly Link[]
  readonly routes: readonly Route[]
  readonly conntrack: FindEntry
  readonly sysctls: { readonly ipForward: boolean; readonly routeLocalnet: boolean }
  readonly recent?: RecentLists
  /** For UDP streams; seconds of any clock. */
  readonly nowSeconds?: number
  readonly timeouts?: ConntrackTimeouts
  /** Whether the table has room for a new entry: undefined: full; `evict`: by the loss of another. */
  readonly room?: (tuple: Tuple) => { readonly evict?: string } | undefined
  /** What hangs at the hooks beside iptables' tables. The same list as long as nothing is added. */
  readonly passes?: readonly HookPass[]
}

export interface Entry {
  /** The device a packet arrived on; undefined: a process of this namespace sent it. */
  readonly inDev?: string
  /** A process of this namespace sent it, also where devices are unknown; default: no `inDev`. */
  readonly local?: boolean
  /** Nobody said which devices and routes there are: `-i` and `-o` are asked about. */
  readonly unknownDevices?: boolean
  /** The connection is known already: no entry is looked up or made, nat chains are not entered. */
  readonly knownFlow?: boolean
}
