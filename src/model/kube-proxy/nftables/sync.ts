/**
 * One sync of kube-proxy in mode nftables: the transactions that it hands to `nft -f -`.
 * pkg/proxy/nftables/proxier.go syncProxyRules, nftElementStorage.
 */
import type { Micros } from '../../../sim/contract.ts'
import type { ProxierConfig } from '../config.ts'
import type { ServiceState } from '../iptables/sync.ts'
import { type Container, CONTAINERS, dialect, type Layout } from './dialect.ts'
import { isAffinitySetName, isServiceChainName } from './names.ts'
import { serviceBlock } from './service-rules.ts'
import { setupLines } from './static-rules.ts'

/** What the process knows between two syncs. Plain, so that it can stand in a record. */
export type NftMemory = {
  /** It has made the base chains anew once. */
  readonly recreated: boolean
  /** Key, value, key, value ... of each set and map, as the kernel has them after the last sync. */
  readonly elements: Readonly<Partial<Record<Container, readonly string[]>>>
  /** Chains that were emptied and are to be deleted later, and since when. */
  readonly staleChains: Readonly<Record<string, Micros>>
}

export const NO_MEMORY: NftMemory = { recreated: false, elements: {}, staleChains: {} }

/** What `nft -a list chains`, `list sets` and `list map` would say about the table. */
export interface KernelTable {
  chains(): readonly string[]
  sets(): readonly string[]
  /** Key, value, key, value ...; empty where there is no such set. */
  elements(container: Container): readonly string[]
}

export interface NftSyncRequest {
  readonly config: ProxierConfig
  readonly layout: Layout
  readonly services: readonly ServiceState[]
  /** Services that changed since the last sync that worked; undefined: a full sync. */
  readonly changed: ReadonlySet<string> | undefined
  readonly kernel: KernelTable
  readonly memory: NftMemory
  readonly now: Micros
}

export interface NftSyncResult {
  /** Deletes chains that are stale long enough; a transaction of its own, empty where there are none. */
  readonly deletion: readonly string[]
  /** Empty where nothing has to be written. */
  readonly lines: readonly string[]
  readonly memory: NftMemory
  readonly full: boolean
  readonly endpoints: number
  readonly noLocalEndpointsInternal: number
  readonly noLocalEndpointsExternal: number
}

/**
 * Before Linux 6.2 a chain counts as referenced for a moment after the map element that led to it is gone, so it is
 * emptied first and deleted by a sync that comes more than this much later.
 */
export const STALE_AFTER: Micros = 1_000_000

const NO_ELEMENTS: readonly string[] = []

export function syncTransaction(request: NftSyncRequest): NftSyncResult {
  const { config, layout, services, changed, kernel, memory, now } = request
  const full = changed === undefined
  const { table } = dialect(config, layout)

  const deletion: string[] = []
  const staleChains: Record<string, Micros> = {}
  for (const chain of Object.keys(memory.staleChains).sort()) {
    const since = memory.staleChains[chain]!
    if (since < now - STALE_AFTER) deletion.push(`delete chain ${table} ${chain}`)
    else staleChains[chain] = since
  }

  const lines: string[] = full ? setupLines(config, layout, !memory.recreated) : []
  const active = new Set<string>()
  const activeSets = new Set<string>()
  const wanted = new Map<Container, Map<string, string>>(CONTAINERS.map((name) => [name, new Map<string, string>()]))
  // a full sync asks the kernel (readOrReset), a partial one goes by what it wrote itself
  const before = new Map(
    CONTAINERS.map((name) => {
      const flat = full ? kernel.elements(name) : (memory.elements[name] ?? NO_ELEMENTS)
      return [name, pairs(flat)]
    }),
  )
  let endpoints = 0
  let noLocalEndpointsInternal = 0
  let noLocalEndpointsExternal = 0
  for (const service of services) {
    const write = full || changed.has(service.service)
    for (const port of service.ports) {
      const all = service.endpoints(port)
      endpoints += all.length
      const block = serviceBlock(config, layout, port, all)
      for (const chain of block.chains) active.add(chain)
      for (const set of block.affinitySets) activeSets.add(set)
      if (block.noLocalInternal) noLocalEndpointsInternal++
      if (block.noLocalExternal) noLocalEndpointsExternal++
      if (write) for (const line of block.ensureLines) lines.push(line)
      for (const { container, key, value, comment } of block.elements) {
        const want = wanted.get(container)!
        const there = want.get(key) ?? before.get(container)!.get(key)
        want.set(key, value)
        if (there === value) continue
        // an element cannot be changed, only deleted and added
        if (there !== undefined) lines.push(`delete element ${table} ${container} { ${key} }`)
        const note = comment === undefined ? '' : ` comment "${comment}"`
        lines.push(`add element ${table} ${container} { ${key}${note}${value === '' ? '' : ` : ${value}`} }`)
      }
      if (write) for (const line of block.ruleLines) lines.push(line)
    }
  }

  const gone = new Set(deletion.map((line) => line.slice(line.lastIndexOf(' ') + 1)))
  for (const chain of [...kernel.chains()].filter(isServiceChainName).sort()) {
    if (active.has(chain)) delete staleChains[chain]
    else if (!gone.has(chain)) {
      lines.push(`flush chain ${table} ${chain}`)
      staleChains[chain] = now
    }
  }
  for (const set of [...kernel.sets()].filter(isAffinitySetName).sort())
    if (!activeSets.has(set)) lines.push(`delete set ${table} ${set}`)
  const elements: Partial<Record<Container, readonly string[]>> = {}
  for (const name of CONTAINERS) {
    if (layout === '1.35' && name === 'hairpin-connections') continue
    const want = wanted.get(name)!
    for (const key of before.get(name)!.keys())
      if (!want.has(key)) lines.push(`delete element ${table} ${name} { ${key} }`)
    elements[name] = flatten(want, memory.elements[name])
  }
  return {
    deletion,
    lines,
    memory: { recreated: true, elements, staleChains },
    full,
    endpoints,
    noLocalEndpointsInternal,
    noLocalEndpointsExternal,
  }
}

function pairs(flat: readonly string[]): Map<string, string> {
  const out = new Map<string, string>()
  for (let i = 0; i + 1 < flat.length; i += 2) out.set(flat[i]!, flat[i + 1]!)
  return out
}

/** The list that is there already where it says the same. */
function flatten(map: ReadonlyMap<string, string>, known: readonly string[] | undefined): readonly string[] {
  const out: string[] = []
  let same = known?.length === map.size * 2
  for (const [key, value] of map) {
    if (same && (known![out.length] !== key || known![out.length + 1] !== value)) same = false
    out.push(key, value)
  }
  return same ? known! : out
}
