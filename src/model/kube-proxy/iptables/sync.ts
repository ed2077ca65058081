/**
 * One sync of kube-proxy: the exact input of `iptables-restore --noflush --counters`.
 * pkg/proxy/iptables/proxier.go syncProxyRules.
 */
import { isServiceChainName } from '../chain-names.ts'
import type { ProxierConfig } from '../config.ts'
import type { EndpointInfo } from '../endpoints.ts'
import type { ServicePortInfo } from '../service-port.ts'
import { serviceLines } from './service-rules.ts'
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

const NO_ENDPOINTS: readonly EndpointInfo[] = []

export function syncLines(request: SyncRequest): SyncResult {
  const { config, services, changed } = request
  let total = 0
  for (const service of services) for (const port of service.ports) total += service.endpoints(port).length
  const large = total > LARGE_CLUSTER_ENDPOINTS

  const { filterChains, filter, natChains, nat } = headLines(config)
  let skipped = 0
  let noLocalEndpointsInternal = 0
  let noLocalEndpointsExternal = 0
  const existing = !large || request.cleanupDue ? request.existingNatChains : undefined
  const active = existing && new Set<string>()
  for (const service of services) {
    const write = changed === undefined || changed.has(service.service)
    for (const port of service.ports) {
      const lines = serviceLines(config, port, service.endpoints(port) ?? NO_ENDPOINTS, large)
      append(filter, lines.filter)
      append(nat, lines.natTop)
      if (write) {
        append(natChains, lines.natChains)
        append(nat, lines.natRules)
      } else skipped += lines.natRules.length
      if (active) for (const chain of lines.chains) active.add(chain)
      if (lines.noLocalInternal) noLocalEndpointsInternal++
      if (lines.noLocalExternal) noLocalEndpointsExternal++
    }
  }
  const deletedChains: string[] = []
  if (existing && active)
    for (const chain of existing()) {
      if (!isServiceChainName(chain) || active.has(chain)) continue
      // declaring it empties it; then it can go
      natChains.push(`:${chain} - [0:0]`)
      nat.push(`-X ${chain}`)
      deletedChains.push(chain)
    }
  const tail = tailLines(config)
  append(nat, tail.nat)
  append(filter, tail.filter)

  const lines: string[] = ['*filter']
  append(lines, filterChains)
  append(lines, filter)
  lines.push('COMMIT', '*nat')
  append(lines, natChains)
  append(lines, nat)
  lines.push('COMMIT')
  return {
    lines,
    full: changed === undefined,
    large,
    endpoints: total,
    cleanedUp: existing !== undefined,
    deletedChains,
    metrics: {
      filterRules: filter.length,
      natRules: nat.length - deletedChains.length,
      natRulesTotal: nat.length + skipped - deletedChains.length,
      noLocalEndpointsInternal,
      noLocalEndpointsExternal,
    },
  }
}

function append(to: string[], lines: readonly string[]): void {
  for (const line of lines) to.push(line)
}

export function restoreText(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`
}
