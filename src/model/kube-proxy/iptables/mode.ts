/** Mode iptables: one `iptables-restore` a sync, and before a full one the jumps that lead to its chains. */
import { MILLI } from '../../../sim/clock.ts'
import { chainId, type IptablesRestore, liveRules } from '../../linux/netfilter/live-rules.ts'
import type { ModelReader } from '../../tables.ts'
import { isServiceChainName } from '../chain-names.ts'
import type { ProxierConfig } from '../config.ts'
import type { KernelWrite, ProxyMode, SyncInput, SyncPlan } from '../mode.ts'
import { CANARY, jumpsFor } from './static-rules.ts'
import { syncLines } from './sync.ts'

export const iptablesMode: ProxyMode = {
  name: 'iptables',
  answers: ['kernel.iptables-restored'],
  plan,
  cleanup,
  failed: (message) => [
    {
      severity: 'E',
      place: 'proxier.go:1554',
      says: `"Failed to execute iptables-restore" err=${JSON.stringify(message)} ipFamily="IPv4"`,
    },
    { severity: 'I', place: 'proxier.go:756', says: '"Sync failed" ipFamily="IPv4" retryingTime="30s"' },
  ],
  /** Monitor (pkg/util/iptables/iptables.go): the chain that nobody uses is gone, so somebody emptied the tables. */
  lost(reader, node) {
    const table = CANARY.tables[0]
    return reader.get('chains', chainId(node, table, CANARY.chain)) ? undefined : { table, chain: CANARY.chain }
  },
}

function restoring(lines: readonly string[], delayMicros: number): KernelWrite {
  const data: IptablesRestore = { lines, noflush: true, writer: 'kube-proxy', trusted: true }
  return { kind: 'kernel.iptables-restore', data, delayMicros }
}

function plan(reader: ModelReader, input: SyncInput): SyncPlan {
  const { node, config, services, changed, cleanupDue } = input
  const full = changed === undefined
  const result = syncLines({
    config,
    services,
    changed,
    existingNatChains: () => reader.by('chains', 'table', `${node}|nat`).map((chain) => chain.name),
    cleanupDue,
  })
  const writes: KernelWrite[] = []
  if (full) {
    const setup = missingJumps(reader, node, config)
    const rules = setup.filter((line) => line.startsWith('-I')).length
    // iptables -N, -C and -I, one process each
    if (setup.length > 0) writes.push({ ...restoring(setup, 3 * MILLI), because: { rule: 'KP4', facts: { rules } } })
  }
  writes.push(restoring(result.lines, restoreMicros(result.count, full)))
  return {
    writes,
    cleanedUp: result.cleanedUp,
    lines: result.count,
    metrics: { ...result.metrics, endpoints: result.endpoints },
  }
}

/** What `iptables-nft-restore` was seen to take, with `iptables-save` before it; a full sync checks its jumps first. */
function restoreMicros(lines: number, full: boolean): number {
  return (full ? 38 * MILLI : 9 * MILLI) + lines * 28
}

/** Chains and jumps that a full sync finds missing (EnsureChain, EnsureRule), as lines for a restore. */
function missingJumps(reader: ModelReader, node: string, config: ProxierConfig): string[] {
  const rules = liveRules(reader, node)
  const lines: string[] = []
  for (const table of ['mangle', 'filter', 'nat']) {
    const mine: string[] = []
    const there = new Set(rules.chains(table).map((chain) => chain.name))
    const need = (chain: string): void => {
      if (!there.has(chain)) mine.push(`:${chain} - [0:0]`)
      there.add(chain)
    }
    if ((CANARY.tables as readonly string[]).includes(table)) need(CANARY.chain)
    const jumps = jumpsFor(config).filter((jump) => jump.table === table)
    for (const jump of jumps) need(jump.to)
    for (const jump of jumps)
      if (!(rules.chain(table, jump.from)?.rules ?? []).includes(`-A ${jump.from} ${jump.rule}`))
        mine.push(`-I ${jump.from} ${jump.rule}`)
    if (mine.length > 0) lines.push(`*${table}`, ...mine, 'COMMIT')
  }
  return lines
}

/** pkg/proxy/iptables/proxier.go CleanupLeftovers: the jumps, the chains they lead to, and those of Services. */
function cleanup(reader: ModelReader, node: string): readonly KernelWrite[] {
  const rules = liveRules(reader, node)
  const lines: string[] = []
  for (const table of ['filter', 'nat', 'mangle']) {
    const chains = rules.chains(table)
    const mine = chains.filter((chain) => OWN_CHAINS.has(chain.name) || isServiceChainName(chain.name))
    if (mine.length === 0) continue
    const names = new Set(mine.map((chain) => chain.name))
    const jumps = chains
      .filter((chain) => !names.has(chain.name))
      .flatMap((chain) => chain.rules.filter((rule) => names.has(/ -j (\S+)/.exec(rule)?.[1] ?? '')))
    lines.push(`*${table}`, ...mine.map((chain) => `:${chain.name} - [0:0]`))
    lines.push(...jumps.map((rule) => rule.replace(/^(\[\d+:\d+\] ?)?-A/, '-D')))
    lines.push(...mine.map((chain) => `-X ${chain.name}`), 'COMMIT')
  }
  return lines.length === 0 ? [] : [restoring(lines, 20 * MILLI)]
}

/** Chains of kube-proxy alone: those that the kubelet makes, too, stay (KUBE-MARK-DROP's time is over). */
const OWN_CHAINS: ReadonlySet<string> = new Set([
  'KUBE-SERVICES',
  'KUBE-EXTERNAL-SERVICES',
  'KUBE-NODEPORTS',
  'KUBE-PROXY-FIREWALL',
  'KUBE-FORWARD',
  'KUBE-POSTROUTING',
  'KUBE-MARK-MASQ',
  CANARY.chain,
])
