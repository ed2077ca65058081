/** The restore input of ipvs mode. pkg/proxy/ipvs/proxier.go writeIptablesRules, acceptIPVSTraffic. */
import type { ProxierConfig } from '../config.ts'
import { IPVS_CHAINS } from './chains.ts'
import type { Desired } from './desired.ts'
import { SET_RULES, setName, SETS } from './sets.ts'

/** Table nat comes first here. */
export function ipvsRestoreLines(config: ProxierConfig, desired: Desired): string[] {
  const { family, masqueradeMark: mark } = config
  const nat: string[] = []
  const filter: string[] = []
  const named = (set: string): string => setName(set, family)
  const filled = (set: string): boolean => desired.sets.get(set)!.size > 0
  const comment = (set: string): string => `-m comment --comment "${SETS.find((s) => s.name === set)!.comment}"`
  const match = (set: string, sides: string): string => `-m set --match-set ${named(set)} ${sides}`

  nat.push(`-A KUBE-SERVICES -s ${family === 4 ? '127.0.0.0/8' : '::1/128'} -j RETURN`)
  for (const { set, table, from, to, sides, proto } of SET_RULES)
    if (filled(set))
      (table === 'nat' ? nat : filter).push(
        `-A ${from}${proto ? ` -p ${proto}` : ''} ${comment(set)} ${match(set, sides)} -j ${to}`,
      )

  if (filled('KUBE-CLUSTER-IP')) {
    const asked = `-A KUBE-SERVICES ${comment('KUBE-CLUSTER-IP')} `
    const both = match('KUBE-CLUSTER-IP', 'dst,dst')
    if (config.masqueradeAll) nat.push(`${asked}${both} -j KUBE-MARK-MASQ`)
    else if (config.localDetector) nat.push(`${asked}${both} ${config.localDetector.ifNotLocal} -j KUBE-MARK-MASQ`)
    // what this host sends to a virtual address has that address as its source
    else nat.push(`${asked}${match('KUBE-CLUSTER-IP', 'src,dst')} -j KUBE-MARK-MASQ`)
  }
  for (const set of ['KUBE-EXTERNAL-IP', 'KUBE-EXTERNAL-IP-LOCAL']) {
    if (!filled(set)) continue
    const asked = `-A KUBE-SERVICES ${comment(set)} ${match(set, 'dst,dst')}`
    if (set === 'KUBE-EXTERNAL-IP') nat.push(`${asked} -j KUBE-MARK-MASQ`)
    nat.push(`${asked} -m physdev ! --physdev-is-in -m addrtype ! --src-type LOCAL -j ACCEPT`)
    nat.push(`${asked} -m addrtype --dst-type LOCAL -j ACCEPT`)
  }
  nat.push('-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT')
  nat.push('-A KUBE-LOAD-BALANCER -j KUBE-MARK-MASQ')
  filter.push('-A KUBE-SOURCE-RANGES-FIREWALL -j DROP')
  for (const { ip, proto, port } of desired.closedToNode)
    filter.push(`-A KUBE-IPVS-OUT-FILTER -s ${ip} -m ipvs --vaddr ${ip} --vproto ${proto} --vport ${port} -j DROP`)
  for (const set of ['KUBE-CLUSTER-IP', 'KUBE-LOAD-BALANCER'])
    if (filled(set)) nat.push(`-A KUBE-SERVICES ${match(set, 'dst,dst')} -j ACCEPT`)

  filter.push(
    `-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark ${mark}/${mark} -j ACCEPT`,
    '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    `-A KUBE-NODE-PORT ${comment('KUBE-HEALTH-CHECK-NODE-PORT')} ${match('KUBE-HEALTH-CHECK-NODE-PORT', 'dst')} -j ACCEPT`,
  )
  // a virtual address is local: what asks it for other ports would find the host's own listeners (issue 72236)
  for (const set of ['KUBE-LOAD-BALANCER', 'KUBE-CLUSTER-IP', 'KUBE-EXTERNAL-IP', 'KUBE-EXTERNAL-IP-LOCAL'])
    filter.push(`-A KUBE-IPVS-FILTER ${match(set, 'dst,dst')} -j RETURN`)
  filter.push(
    `-A KUBE-IPVS-FILTER ${match('KUBE-HEALTH-CHECK-NODE-PORT', 'dst')} -j RETURN`,
    `-A KUBE-IPVS-FILTER -m conntrack --ctstate NEW ${match('KUBE-IPVS-IPS', 'dst')} -j REJECT`,
  )
  nat.push(
    `-A KUBE-POSTROUTING -m mark ! --mark ${mark}/${mark} -j RETURN`,
    `-A KUBE-POSTROUTING -j MARK --xor-mark ${mark}`,
    `-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE${config.randomFully ? ' --random-fully' : ''}`,
    `-A KUBE-MARK-MASQ -j MARK --or-mark ${mark}`,
  )
  const head = (table: 'nat' | 'filter'): string[] => IPVS_CHAINS[table].map((chain) => `:${chain} - [0:0]`)
  return ['*nat', ...head('nat'), ...nat, 'COMMIT', '*filter', ...head('filter'), ...filter, 'COMMIT']
}
