/**
 * Tables that iptables-nft made: nft sees them, too, names their owner, and takes them away with everything else. How it
 * would list their rules (extensions as `xt match "..."`) is not simulated; iptables-save has them.
 * nftables src/rule.c table_print, iptables iptables/nft.c.
 */
import type { Input } from '../../sim/contract.ts'
import type { IptablesRestore } from '../../model/linux/netfilter/live-rules.ts'
import { liveRules } from '../../model/linux/netfilter/live-rules.ts'
import type { ModelReader } from '../../model/tables.ts'

export function managedTables(reader: ModelReader, node: string): readonly string[] {
  return liveRules(reader, node).tables()
}

export function managedText(table: string): string {
  return `# Warning: table ip ${table} is managed by iptables-nft, do not touch!
table ip ${table} {
	# its rules as nft sees them are not simulated here: iptables-save -t ${table}
}
`
}

/** `flush ruleset` empties them as well. */
export function flushManaged(reader: ModelReader, node: string): readonly Input[] {
  const tables = managedTables(reader, node)
  if (tables.length === 0) return []
  const lines = tables.flatMap((table) => [`*${table}`, 'COMMIT'])
  const data: IptablesRestore = { lines, noflush: false, writer: 'nft' }
  return [{ kind: 'kernel.iptables-restore', to: `${node}/kernel`, data }]
}
