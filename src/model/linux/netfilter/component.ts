/** The kernel's tables of rules, and its conntrack table as far as others may write to it. */
import { placeOf, type SimEvent } from '../../../sim/contract.ts'
import type { ModelComponent, ModelWorld } from '../../tables.ts'
import { whilePowered } from '../power.ts'
import { restore } from './live-rules.ts'
import { zeroCounters } from './zero.ts'
import { joined } from '../../../sim/joined.ts'

/** `kernel.conntrack-delete`: `conntrack -D`, and kube-proxy's cleaning of UDP entries. Ids of `conntrack` records. */
export type ConntrackDelete = { ids: readonly string[] }

function deleteEntries(world: ModelWorld, event: SimEvent<ConntrackDelete>): void {
  const node = placeOf(event.to)
  for (const id of event.data.ids) if (id.startsWith(`${node}|`)) world.put('conntrack', id, undefined)
}

export const netfilter: ModelComponent = {
  roles: ['kernel'],
  tables: {
    chains: { owner: 'linux/netfilter', indexes: { node: (r) => r.node, table: (r) => joined(r.node, r.table) } },
    netfilter: { owner: 'linux/netfilter' },
    ruleHits: { owner: 'linux/netfilter' },
  },
  rules: [
    {
      id: 'NF4',
      says: 'A restore is taken whole or not at all; chains that it names are emptied first, all others stay (--noflush).',
      source: 'iptables iptables/iptables-restore.c, linux net/netfilter/nf_tables_api.c nf_tables_commit',
    },
  ],
  handlers: whilePowered({
    'kernel.iptables-restore': restore,
    'kernel.iptables-zero': zeroCounters,
    'kernel.conntrack-delete': deleteEntries,
  }),
}
