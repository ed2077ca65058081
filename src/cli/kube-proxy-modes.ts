/** The modes whose cases the command line runs: a file and a line each. */
import type { ModeCase } from './kube-proxy-case.ts'
import { iptablesCase } from './kube-proxy-case-iptables.ts'
import { ipvsCase } from './kube-proxy-case-ipvs.ts'
import { nftCase } from './kube-proxy-case-nft.ts'

export const MODE_CASES: Readonly<Record<string, ModeCase>> = {
  iptables: iptablesCase,
  nftables: nftCase,
  ipvs: ipvsCase,
}
