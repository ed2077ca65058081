/** The modes of kube-proxy, and what cleans up after which at start. */
import { ebpfMode } from './ebpf/mode.ts'
import { iptablesMode } from './iptables/mode.ts'
import { ipvsMode } from './ipvs/mode.ts'
import type { ProxyMode, ProxyModeName } from './mode.ts'
import { nftablesMode } from './nftables/mode.ts'
import { userspaceMode } from './userspace/mode.ts'

export const MODES: Readonly<Partial<Record<ProxyModeName, ProxyMode>>> = {
  iptables: iptablesMode,
  nftables: nftablesMode,
  ipvs: ipvsMode,
  ebpf: ebpfMode,
  userspace: userspaceMode,
}

/** Those that write iptables rules, too (isIPTablesBased): they leave each other's rules alone when they start. */
const IPTABLES_BASED: ReadonlySet<ProxyModeName> = new Set(['iptables', 'ipvs'])

/**
 * Modes whose leftovers a start in `mode` takes away: nftables those of iptables and ipvs, these two those of nftables
 * (cmd/kube-proxy/app/server_linux.go platformCleanup). A change between iptables and ipvs cleans nothing, so their
 * rules stay side by side until `kube-proxy --cleanup` or a reboot. The lab's own two modes clean everything.
 */
export function cleansUp(mode: ProxyModeName): readonly ProxyMode[] {
  const others = Object.values(MODES).filter((other) => other.name !== mode)
  return others.filter((other) => !(IPTABLES_BASED.has(mode) && IPTABLES_BASED.has(other.name)))
}
