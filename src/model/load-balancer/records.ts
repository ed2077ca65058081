/** What load balancers keep. The tables are owned by this folder; `linux/net/wire.ts` reads the last two. */
import type { Micros } from '../../sim/contract.ts'

/** The controller of MetalLB. id: node on which it runs. */
export type MetalLbControllerRecord = {
  node: string
  running: boolean
  since: Micros
  pid: number
  /** The list of Services is in: nothing is given out before. */
  synced: boolean
  /** `namespace/name` -> the address it has given out, written into the status or about to be. */
  assigned: Readonly<Record<string, string>>
}

/** The speaker of MetalLB on a node. id: node. */
export type MetalLbSpeakerRecord = {
  node: string
  running: boolean
  since: Micros
  pid: number
  /** Watches whose first list is in. */
  synced: readonly string[]
  /** `namespace/name` -> the address for which it answers ARP. */
  announced: Readonly<Record<string, string>>
  /** memberlist: what it knows of the other speakers, by node. */
  members: Readonly<Record<string, SpeakerMember>>
  /** The ping without an answer yet. */
  asked?: string
  /** Whose turn it is, counted up. */
  turn: number
}
export type SpeakerMember = { state: 'alive' | 'suspect' | 'dead'; since: Micros }

/** An address of no machine, in the neighbour table of the node network: whose MAC answers for it. id: the address. */
export type NeighbourRecord = { ip: string; node: string; mac: string; service: string; since: Micros }

/** The cloud outside: its controller manager and its load balancers. id: 'cloud'. */
export type CloudRecord = {
  on: boolean
  since: Micros
  synced: readonly string[]
  /** A mistake that people make: the load balancer sends to every node, healthy or not. */
  ignoresHealthChecks: boolean
}
/** A load balancer of the cloud: it passes packets on as they are, to one node each flow. id: its address. */
export type CloudBalancerRecord = {
  ip: string
  /** `namespace/name` */
  service: string
  /** Asked on every node: the health check port of the Service, or that of kube-proxy. */
  check: { port: number; path: string }
  targets: Readonly<Record<string, CloudTarget>>
  provisioned: boolean
  /** VIP: packets pass as they are. Proxy: it opens connections of its own to node ports. */
  ipMode: 'VIP' | 'Proxy'
  since: Micros
  ignoresHealthChecks: boolean
}
/** What a proxying load balancer knows of a flow. id: the flow. */
export type CloudSessionRecord = {
  flow: string
  /** The client's end and the address that it asked. */
  client: string
  sport: number
  ip: string
  dport: number
  /** Its own port, and the node's end. */
  port: number
  node: string
  nodeIp: string
  nodePort: number
  n: number
}
export type CloudTarget = {
  healthy: boolean
  /** Checks that failed in a row. */
  failures: number
  checkedAt?: Micros
  /** What it said last: `200`, `503`, `timeout`. */
  said: string
}
