/** The same Services in modes iptables and nftables: a packet goes the same ways, but where the real modes differ. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { randomCase } from './fuzz-cases.ts'
import type { Json } from './json-file.ts'
import { type FlowResult, toCase } from './kube-proxy-case.ts'
import { runCase, runFlow } from './kube-proxy-case-iptables.ts'
import { runNftCase, runNftFlow } from './kube-proxy-case-nft.ts'

const FOLDER = fileURLToPath(new URL('../../../shared/conformance/kube-proxy/', import.meta.url))
const files = ['iptables', 'nftables'].flatMap((mode) =>
  existsSync(FOLDER + mode) ? readdirSync(FOLDER + mode).map((name) => `${mode}/${name}`) : [],
)

/** What differs, in words; empty where the modes agree. */
function differences(file: string, json: Json): string[] {
  const out: string[] = []
  const subject = toCase(file, json)
  const byIptables = runCase(subject)
  // with affinity the modes ask their memory of clients at different places: any order will do
  const sorted = ({ output, masq }: FlowResult): FlowResult => ({ output: output.split(', ').sort().join(', '), masq })
  for (const layout of ['1.35', '1.36'] as const)
    runNftCase(subject, layout).forEach(({ step, kernel }, i) => {
      const keys = (set: string): string[] =>
        kernel.store.elements(kernel.store.tables()[0]!.key, set).map((e) => e.key.split(' ')[0]!)
      const clusterIPs = keys('cluster-ips')
      const firewalled = keys('firewall-ips')
      for (const flow of step.flows) {
        const iptables = runFlow(subject.config, byIptables[i]!.rules, flow)
        const nft = runNftFlow(subject.config, kernel, flow)
        // another port of a ClusterIP falls through in iptables mode
        if (clusterIPs.includes(flow.destIP) && iptables.output === '') iptables.output = 'REJECT'
        // an unallocated address of the range, likewise
        else if (nft.output === 'DROP' && iptables.output === '') iptables.output = 'DROP'
        // KUBE-EXTERNAL-SERVICES does not hang at OUTPUT: what the node itself sends to a dead external address goes on
        else if (flow.sourceIP === subject.config.nodeIP && iptables.output === '' && nft.output === 'REJECT')
          iptables.output = 'REJECT'
        // source ranges are asked before anybody looks for endpoints; in iptables mode only where there are some
        else if (firewalled.includes(flow.destIP) && iptables.output === 'REJECT' && nft.output === 'DROP')
          iptables.output = 'DROP'
        // iptables mode refuses dead node ports at every address of the node, chosen or not
        else if (flow.destIP === '192.168.1.2' && nft.output === '' && !iptables.output.includes(':'))
          iptables.output = ''
        // node ports on 127.0.0.1 are of iptables mode alone, and so is the rule that lets health checks in
        if (flow.destIP.startsWith('127.') || iptables.output === 'ACCEPT') {
          iptables.output = ''
          iptables.masq = false
        }
        // a packet that is stopped may have been marked before
        if (!iptables.output.includes(':')) iptables.masq = nft.masq
        const [want, got] = [JSON.stringify(sorted(iptables)), JSON.stringify(sorted(nft))]
        if (want !== got) out.push(`${layout} ${flow.name}: iptables ${want}, nftables ${got}`)
      }
    })
  return out
}

describe('modes iptables and nftables send packets the same ways', () => {
  it.skipIf(files.length === 0).each(files)('%s', (file) => {
    const json = JSON.parse(readFileSync(FOLDER + file, 'utf8')) as Json
    // the modes' own defaults differ: all addresses, the node's own
    json.input.config.nodePortAddresses ??= ['0.0.0.0/0', '::/0']
    expect(differences(file, json)).toEqual([])
  })

  it('whatever the Services are', () => {
    for (let seed = 1; seed <= 60; seed++) expect(differences(`seed ${seed}`, randomCase(seed))).toEqual([])
  })
})
