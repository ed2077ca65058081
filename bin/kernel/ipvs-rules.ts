/** What mode ipvs has put into a node of the model, as text for the tools of a real one. */
import type { ModelReader } from '../../src/model/tables.ts'
import type { IpvsServiceRecord } from '../../src/model/linux/ipvs/records.ts'
import { joinHostPort } from '../../src/model/linux/netfilter/address.ts'
import { liveRules } from '../../src/model/linux/netfilter/live-rules.ts'
import { printSave } from '../../src/model/linux/netfilter/print-save.ts'
import { saveText } from '../../src/tools/ipset/print.ts'

export interface IpvsRules {
  readonly iptables: string
  readonly ipset: string
  /** For `ipvsadm -R`. */
  readonly ipvs: string
  /** Of kube-ipvs0. */
  readonly addresses: readonly string[]
}

export function ipvsRules(reader: ModelReader, node: string): IpvsRules {
  return {
    iptables: printSave(liveRules(reader, node)),
    ipset: reader
      .by('ipsets', 'node', node)
      .map((set) => saveText(set, true))
      .join(''),
    ipvs: reader.by('ipvsServices', 'node', node).map(restoreText).join(''),
    addresses: reader.get('links', `${node}||kube-ipvs0`)?.addresses ?? [],
  }
}

/** The kernel's list has the last added first: added in the other order it is the same again. */
function restoreText(service: IpvsServiceRecord): string {
  const at = `-${service.proto === 'udp' ? 'u' : 't'} ${joinHostPort(service.address, service.port)}`
  const persistent = service.persistentSeconds > 0 ? ` -p ${service.persistentSeconds}` : ''
  const servers = [...service.servers].reverse()
  return [
    `-A ${at} -s ${service.scheduler}${persistent}`,
    ...servers.map((server) => `-a ${at} -r ${joinHostPort(server.address, server.port)} -m -w ${server.weight}`),
    '',
  ].join('\n')
}
