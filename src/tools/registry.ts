import type { Tool } from './contract.ts'
import { bpftool } from './bpf/bpftool.ts'
import { ciliumDbg } from './bpf/cilium-dbg.ts'
import { crictl } from './crictl/crictl.ts'
import { chrootTool, ctrTool, dockerTool, minikubeTool, nsenterTool, ocTool, sshTool } from './enter/enter.ts'
import { iptables, iptablesRestore, iptablesSave } from './iptables/iptables.ts'
import { ipset } from './ipset/ipset.ts'
import { ipvsadm } from './ipvsadm/ipvsadm.ts'
import { kubectl } from './kubectl/kubectl.ts'
import { conntrack } from './linux/conntrack.ts'
import { ip } from './linux/ip.ts'
import { killTool, pkillTool, psTool } from './linux/processes.ts'
import { sysctl } from './linux/sysctl.ts'
import { ss } from './linux/sockets.ts'
import { curl } from './net/curl.ts'
import { digTool, nslookupTool } from './net/dns.ts'
import { ncTool, pingTool } from './net/ping.ts'
import { wget } from './net/wget.ts'
import { nftTool } from './nft/nft.ts'
import { dmesg } from './systemd/dmesg.ts'
import { journalctl } from './systemd/journalctl.ts'
import { systemctl } from './systemd/systemctl.ts'

/** Every tool that the terminal has; one line each. Menus, help and completion derive from it. */
export const TOOLS: readonly Tool[] = [
  kubectl,
  crictl,
  ctrTool,
  systemctl,
  journalctl,
  dmesg,
  sysctl,
  iptables,
  iptablesSave,
  iptablesRestore,
  nftTool,
  ipvsadm,
  ipset,
  conntrack,
  bpftool,
  ciliumDbg,
  ip,
  ss,
  psTool,
  killTool,
  pkillTool,
  curl,
  wget,
  nslookupTool,
  digTool,
  pingTool,
  ncTool,
  sshTool,
  dockerTool,
  nsenterTool,
  minikubeTool,
  ocTool,
  chrootTool,
]
