/** What the kernel of a node has otherwise than a sync of ipvs mode would leave it. The fuzzer and the tests ask. */
import { liveRules } from '../../linux/netfilter/live-rules.ts'
import type { IptablesRestore } from '../../linux/netfilter/live-rules.ts'
import { planRestore } from '../../linux/netfilter/restore.ts'
import type { IpvsApply } from '../../linux/ipvs/operations.ts'
import type { ModelReader } from '../../tables.ts'
import type { ProxierConfig } from '../config.ts'
import type { ServiceState } from '../iptables/sync.ts'
import { ipvsMode } from './mode.ts'

export function wrongIpvs(
  reader: ModelReader,
  node: string,
  config: ProxierConfig,
  services: readonly ServiceState[],
): string[] {
  const options = reader.get('kubeProxies', node)?.configuration.options ?? {}
  const input = { node, config, services, changed: undefined, cleanupDue: true, options, memory: undefined }
  const out: string[] = []
  for (const { kind, data } of ipvsMode.plan(reader, input).writes) {
    if (kind === 'kernel.ipvs-apply') {
      for (const op of (data as unknown as IpvsApply).ops) out.push(`ipvs of ${node} lacks ${JSON.stringify(op)}`)
      continue
    }
    const rules = liveRules(reader, node)
    const plan = planRestore(rules, (data as unknown as IptablesRestore).lines, { noflush: true, trusted: true })
    if (plan.error) {
      out.push(`rules of ${node}: a fresh restore does not load: ${plan.error.message}`)
      continue
    }
    for (const { table, name, chain } of plan.changes) {
      const have = (rules.chain(table, name)?.rules ?? []).join('\n')
      const want = (chain?.rules ?? []).join('\n')
      if (have !== want) out.push(`rules of ${node}, ${table} ${name}: want\n${want}\nhave\n${have}`)
    }
  }
  return out
}
