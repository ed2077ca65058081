/**
 * One sync of kube-proxy: the exact input of `iptables-restore --noflush --counters`.
 * pkg/proxy/iptables/proxier.go syncProxyRules.
 */
import { isServiceChainName } from '../chain-names.ts'
import type { ProxierConfig } from '../config.ts'
import type { EndpointInfo } from '../endpoints.ts'
import type { ServicePortInfo } from '../service-port.ts'
import { linesOf, type ServiceLines, serviceLines } from './service-rules.ts'
import { headLines, tailLines } from './static-rules.ts'

export const LARGE_CLUSTER_ENDPOINTS = 1_000

export interface ServiceState {
  /** `namespace/name` */
  readonly service: string
  readonly ports: readonly ServicePortInfo[]
  endpoints(port: ServicePortInfo): readonly EndpointInfo[]
}

export interface SyncRequest {
  readonly config: ProxierConfig
  /** kube-proxy walks a Go map, whose order is random; here it is the order in which Services were first seen. */
  readonly services: readonly ServiceState[]
  /** Services that changed since the last sync that worked; undefined: a full sync. */
  readonly changed: ReadonlySet<string> | undefined
  /** Chains of table nat as iptables-save lists them; undefined: this sync does not look for stale ones. */
  readonly existingNatChains: (() => Iterable<string>) | undefined
  /** A large cluster looks for stale chains only when syncPeriod has passed since it last did. */
  readonly cleanupDue: boolean
}

export interface SyncResult {
  /** Lines of the restore input, without line ends. */
  readonly lines: readonly string[]
  /** The same in blocks that unchanged Services share from sync to sync. */
  readonly pieces: readonly (readonly string[])[]
  /** How many lines there are. */
  readonly count: number
  readonly full: boolean
  readonly large: boolean
  readonly endpoints: number
  /** It looked for stale chains. */
  readonly cleanedUp: boolean
  readonly deletedChains: readonly string[]
  readonly metrics: {
    readonly filterRules: number
    readonly natRules: number
    /** With those of unchanged Services, which a partial sync does not write. */
    readonly natRulesTotal: number
    readonly noLocalEndpointsInternal: number
    readonly noLocalEndpointsExternal: number
  }
}

/** Blocks of lines, each made once per state of a Service and only pointed to from here. */
class Pieces {
  readonly list: (readonly string[])[] = []
  size = 0
  add(lines: readonly string[]): void {
    if (lines.length === 0) return
    this.list.push(lines)
    this.size += lines.length
  }
}

export function syncLines(request: SyncRequest): SyncResult {
  const { config, services, changed } = request
  let total = 0
  for (const service of services) for (const port of service.ports) total += service.endpoints(port).length
  const large = total > LARGE_CLUSTER_ENDPOINTS

  const head = headLines(config)
  const filter = new Pieces()
  const natChains = new Pieces()
  const nat = new Pieces()
  filter.add(head.filter)
  natChains.add(head.natChains)
  nat.add(head.nat)
  let skipped = 0
  let noLocalEndpointsInternal = 0
  let noLocalEndpointsExternal = 0
  const existing = !large || request.cleanupDue ? request.existingNatChains : undefined
  const active = existing && startChains(config)
  const memo = linesOf(config, large)
  for (const service of services) {
    const write = changed === undefined || changed.has(service.service)
    for (const port of service.ports) {
      const lines = serviceLines(memo, port, service.endpoints(port))
      filter.add(lines.filter)
      nat.add(lines.natTop)
      if (write) {
        natChains.add(lines.natChains)
        nat.add(lines.natRules)
      } else skipped += lines.natRules.length
      if (active) noteChains(active, port.hash, lines)
      if (lines.noLocalInternal) noLocalEndpointsInternal++
      if (lines.noLocalExternal) noLocalEndpointsExternal++
    }
  }
  const deletedChains: string[] = []
  if (existing && active) {
    forgetOthers(active)
    for (const chain of existing()) if (!active.names.has(chain) && isServiceChainName(chain)) deletedChains.push(chain)
    // declaring it empties it; then it can go
    natChains.add(deletedChains.map((chain) => `:${chain} - [0:0]`))
    nat.add(deletedChains.map((chain) => `-X ${chain}`))
  }
  const tail = tailLines(config)
  nat.add(tail.nat)
  filter.add(tail.filter)

  const pieces = [
    ['*filter'],
    head.filterChains,
    ...filter.list,
    ['COMMIT', '*nat'],
    ...natChains.list,
    ...nat.list,
    ['COMMIT'],
  ]
  let flat: readonly string[] | undefined
  return {
    get lines() {
      return (flat ??= joined(pieces))
    },
    pieces,
    count: filter.size + natChains.size + nat.size + head.filterChains.length + 4,
    full: changed === undefined,
    large,
    endpoints: total,
    cleanedUp: existing !== undefined,
    deletedChains,
    metrics: {
      filterRules: filter.size,
      natRules: nat.size - deletedChains.length,
      natRulesTotal: nat.size + skipped - deletedChains.length,
      noLocalEndpointsInternal,
      noLocalEndpointsExternal,
    },
  }
}

function joined(pieces: readonly (readonly string[])[]): string[] {
  const out: string[] = []
  for (const piece of pieces) for (let i = 0; i < piece.length; i++) out.push(piece[i]!)
  return out
}

/**
 * Names of the chains in use, kept from sync to sync: of 100,000 names a change touches a dozen. What is kept follows
 * from the blocks alone, so that it holds for whatever state of the world comes next.
 */
interface ActiveChains {
  readonly names: Set<string>
  readonly blocks: Map<string, { lines: ServiceLines; turn: number }>
  turn: number
}
const activeChains = new WeakMap<ProxierConfig, ActiveChains>()

function startChains(config: ProxierConfig): ActiveChains {
  let active = activeChains.get(config)
  if (!active) activeChains.set(config, (active = { names: new Set(), blocks: new Map(), turn: 0 }))
  active.turn++
  return active
}

function noteChains(active: ActiveChains, hash: string, lines: ServiceLines): void {
  const known = active.blocks.get(hash)
  if (known?.lines === lines) {
    known.turn = active.turn
    return
  }
  if (known) for (const chain of known.lines.chains) active.names.delete(chain)
  for (const chain of lines.chains) active.names.add(chain)
  active.blocks.set(hash, { lines, turn: active.turn })
}

function forgetOthers(active: ActiveChains): void {
  for (const [hash, { lines, turn }] of active.blocks) {
    if (turn === active.turn) continue
    for (const chain of lines.chains) active.names.delete(chain)
    active.blocks.delete(hash)
  }
}

/** The text that iptables-restore reads. */
export function restoreText(result: SyncResult): string {
  const { pieces } = result
  const texts: string[] = new Array<string>(pieces.length)
  for (let i = 0; i < pieces.length; i++) texts[i] = pieces[i]!.join('\n')
  return `${texts.filter((text) => text !== '').join('\n')}\n`
}
