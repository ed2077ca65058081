/** Mode nftables: one `nft -f -` a sync, and before it another that deletes chains that are stale long enough. */
import { MILLI } from '../../../sim/clock.ts'
import type { NftApply } from '../../linux/nft/apply.ts'
import { liveNft } from '../../linux/nft/live-store.ts'
import type { ModelReader } from '../../tables.ts'
import type { KernelWrite, ProxyMode, SyncInput, SyncPlan } from '../mode.ts'
import { type Container, layoutOf } from './dialect.ts'
import { type KernelTable, NO_MEMORY, type NftMemory, syncTransaction } from './sync.ts'

const TABLE = 'ip/kube-proxy'

export const nftablesMode: ProxyMode = {
  name: 'nftables',
  answers: ['kernel.nft-applied'],
  rules: { full: 'KP31', partial: 'KP32' },
  plan,
  cleanup,
  failed: (message) => [
    {
      severity: 'E',
      place: 'proxier.go:1860',
      says: `"nftables sync failed" err=${JSON.stringify(message)} ipFamily="IPv4"`,
    },
    { severity: 'I', place: 'proxier.go:1238', says: '"Sync failed" ipFamily="IPv4" retryingTime="30s"' },
  ],
}

function running(lines: readonly string[], delayMicros: number): KernelWrite {
  const data: NftApply = { lines, writer: 'kube-proxy', trusted: true }
  return { kind: 'kernel.nft-apply', data, delayMicros }
}

function kernelTable(reader: ModelReader, node: string): KernelTable {
  const store = liveNft(reader, node)
  return {
    chains: () => store.chains(TABLE).map((chain) => chain.name),
    sets: () =>
      store
        .sets(TABLE)
        .filter((set) => set.data === undefined)
        .map((set) => set.name),
    elements: (container: Container) =>
      store.elements(TABLE, container).flatMap((element) => [element.key, element.data ?? '']),
  }
}

function plan(reader: ModelReader, input: SyncInput): SyncPlan {
  const { node, config, services, changed } = input
  const full = changed === undefined
  const result = syncTransaction({
    config,
    layout: layoutOf(input.options),
    services,
    changed,
    kernel: kernelTable(reader, node),
    memory: (input.memory as NftMemory | undefined) ?? NO_MEMORY,
    now: reader.now,
  })
  const writes: KernelWrite[] = []
  if (result.deletion.length > 0)
    writes.push({
      ...running(result.deletion, 3 * MILLI),
      because: { rule: 'KP33', facts: { chains: result.deletion.length } },
    })
  if (result.lines.length > 0) writes.push(running(result.lines, nftMicros(result.lines.length, full)))
  return {
    writes,
    cleanedUp: true,
    lines: result.lines.length,
    says:
      result.deletion.length === 0
        ? []
        : [
            {
              severity: 'I',
              place: 'proxier.go:1272',
              says: `"Deleting stale nftables chains" ipFamily="IPv4" numChains=${result.deletion.length}`,
            },
          ],
    memory: result.memory,
    metrics: {
      filterRules: 0,
      natRules: 0,
      natRulesTotal: 0,
      noLocalEndpointsInternal: result.noLocalEndpointsInternal,
      noLocalEndpointsExternal: result.noLocalEndpointsExternal,
      endpoints: result.endpoints,
    },
  }
}

/** `nft -f` with the listings before it: seven of maps and sets before a full sync, one of the table before each. */
function nftMicros(lines: number, full: boolean): number {
  return (full ? 36 * MILLI : 8 * MILLI) + lines * 22
}

/** pkg/proxy/nftables/cleanup.go CleanupLeftovers: the table goes, and all that hangs in it. */
function cleanup(reader: ModelReader, node: string): readonly KernelWrite[] {
  const store = liveNft(reader, node)
  return ['ip', 'ip6']
    .filter((family) => store.table(`${family}/kube-proxy`))
    .map((family) => running([`delete table ${family} kube-proxy`], 12 * MILLI))
}
