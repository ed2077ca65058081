/** The table of rules that stand under none (output of grep): worked out by what they do, and by who jumps to whom. */
import { type Line, RULE } from './paste-lines.ts'
import { loadedRule } from './ruleset.ts'

const NAT = new Set(['DNAT', 'SNAT', 'MASQUERADE', 'REDIRECT', 'NETMAP'])
const IN_NAT =
  /^(?:KUBE-(?:SVC|SEP|SVL|EXT|FW|XLB|MARK|POSTROUTING|HAIRPIN)|CNI-|CILIUM_(?:PRE|POST|OUTPUT)_nat|FLANNEL-POSTRTG|DOCKER_OUTPUT|cali-(?:nat-outgoing|fip-))/
const IN_FILTER =
  /^(?:KUBE-(?:FORWARD|FIREWALL|EXTERNAL-SERVICES|PROXY-FIREWALL|ROUTER|NWPLCY|POD-FW)|FLANNEL-FWD|DOCKER-(?:USER|ISOLATION|FORWARD)|CILIUM_(?:INPUT|FORWARD|OUTPUT)$|cali-(?:FORWARD|INPUT|tw-|fw-|pri-|pro-|pi-|po-)|ufw-)/
const IN_MANGLE = /^(?:CILIUM_(?:PRE|POST)_mangle|KUBE-IPTABLES-HINT)/
const IN_RAW = /^(?:CILIUM_(?:PRE|OUTPUT)_raw|cali-rpf)/

/** Chain -> table. */
export function tablesOfChains(lines: readonly Line[]): {
  readonly byChain: Map<string, string>
  readonly fallback: string
} {
  const votes = new Map<string, string>()
  const links: [string, string][] = []
  const vote = (name: string, table: string): void => void (votes.has(name) || votes.set(name, table))
  const byName = (name: string): void => {
    if (IN_NAT.test(name)) vote(name, 'nat')
    else if (IN_FILTER.test(name)) vote(name, 'filter')
    else if (IN_MANGLE.test(name)) vote(name, 'mangle')
    else if (IN_RAW.test(name)) vote(name, 'raw')
  }
  for (const { text } of lines) {
    if (!RULE.test(text)) {
      const name = /^(?::|-[PN]\s+)(\S+)/.exec(text)?.[1] ?? ''
      byName(name)
      if (name === 'FORWARD') vote(name, 'filter')
      continue
    }
    const rule = loadedRule(text.replace(/^((?:\[\d+:\d+\]\s*)?)(?:-I|--insert)(\s+\S+)(?:\s+\d+(?=\s))?/, '$1-A$2'))
    byName(rule.chain)
    const target = rule.target
    if (target && NAT.has(target.kind)) vote(rule.chain, 'nat')
    else if (target?.kind === 'REJECT') vote(rule.chain, 'filter')
    else if (target?.kind === 'NOTRACK') vote(rule.chain, 'raw')
    else if (target?.kind === 'TPROXY') vote(rule.chain, 'mangle')
    if (target?.kind === 'chain') {
      links.push([rule.chain, target.name])
      byName(target.name)
    }
  }
  for (let round = 0; round < links.length + 1; round++) {
    let moved = false
    for (const [from, to] of links) {
      const table = votes.get(from) ?? votes.get(to)
      if (table === undefined) continue
      for (const name of [from, to])
        if (!votes.has(name)) {
          votes.set(name, table)
          moved = true
        }
    }
    if (!moved) break
  }
  // what is still open: these hooks are in one of two tables
  vote('FORWARD', 'filter')
  vote('INPUT', 'filter')
  vote('PREROUTING', 'nat')
  vote('POSTROUTING', 'nat')
  return {
    byChain: votes,
    fallback: [...new Set(votes.values())].includes('nat') && links.length > 0 ? 'nat' : 'filter',
  }
}
