import type { Tool } from '../contract.ts'

/** This cluster's kube-proxy runs in iptables mode: IPVS has no virtual servers, and says so by its header alone. */
export const ipvsadm: Tool = {
  name: 'ipvsadm',
  summary: 'virtual servers of IPVS (none: the proxy mode is iptables)',
  places: ['node'],
  run(call) {
    if (!call.argv.slice(1).some((arg) => /^-[a-zA-Z]*[lL]|^--list/.test(arg)))
      return { err: 'not simulated here: changing IPVS by hand; ipvsadm -Ln lists\n', exit: 1 }
    return {
      out: 'IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n',
      exit: 0,
    }
  },
}
