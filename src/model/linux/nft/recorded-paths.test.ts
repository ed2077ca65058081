/**
 * First packets through random rulesets, as a real kernel took them (shared/kernel-oracle/oracle.py): the rules that
 * matched, in order, and how many were compared.
 */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { explore } from '../netfilter/explore.ts'
import type { Packet } from '../netfilter/packet.ts'
import { MapRules } from '../netfilter/ruleset.ts'
import { comparedRules, expandTrace } from '../netfilter/trace.ts'
import { NftRuleset } from './nft-ruleset.ts'

interface Recorded {
  kernel: string
  cases: { rules: string[]; packets: { packet: Packet; inDev?: string; compared: number; matched: string[] }[] }[]
}
const recorded = JSON.parse(readFileSync(new URL('recorded-paths.json', import.meta.url), 'utf8')) as Recorded

const NODE = {
  rules: new MapRules(4),
  links: [
    { name: 'lo', addresses: ['127.0.0.1/8'] },
    { name: 'eth0', addresses: ['172.18.0.2/16'] },
    { name: 'veth', addresses: ['10.244.1.1/32'] },
  ],
  routes: [
    { dst: '10.244.1.0/24', dev: 'veth' },
    { dst: '172.18.0.0/16', dev: 'eth0' },
    { dst: 'default', dev: 'eth0', via: '172.18.0.1' },
  ],
  conntrack: () => undefined,
  sysctls: { ipForward: true, routeLocalnet: false },
}

test.each(recorded.cases.map((one, i) => [i, one] as const))(
  'ruleset %i goes as on the kernel',
  (_, { rules, packets }) => {
    const set = new NftRuleset()
    expect(set.apply(rules).error).toBeUndefined()
    for (const { packet, inDev, compared, matched } of packets) {
      const ns = { ...NODE, passes: set.passes(), texts: set.texts() }
      const { branches } = explore(ns, packet, inDev === undefined ? {} : { inDev })
      const ways = branches.map(({ traversal }) => ({
        compared: comparedRules(traversal.trace),
        matched: expandTrace(NODE.rules, traversal.trace, true, set.texts()).map(
          (step) => `${step.hook.toLowerCase()} ${step.table.split('/')[1]} ${step.chain} ${step.rule}`,
        ),
      }))
      expect(ways).toContainEqual({ compared, matched })
    }
  },
)
