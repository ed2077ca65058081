/** The same Services in modes iptables and nftables: a packet goes the same ways, but where the real modes differ. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { toCase } from './kube-proxy-case.ts'
import { runCase, runFlow } from './kube-proxy-case-iptables.ts'
import { runNftCase, runNftFlow } from './kube-proxy-case-nft.ts'

const FOLDER = fileURLToPath(new URL('../../../shared/conformance/kube-proxy/', import.meta.url))
const files = ['iptables', 'nftables'].flatMap((mode) =>
  existsSync(FOLDER + mode) ? readdirSync(FOLDER + mode).map((name) => `${mode}/${name}`) : [],
)

describe.skipIf(files.length === 0)('modes iptables and nftables', () => {
  it.each(files)('%s', (file) => {
    const json = JSON.parse(readFileSync(FOLDER + file, 'utf8'))
    // the modes' own defaults differ: all addresses, the node's own
    json.input.config.nodePortAddresses ??= ['0.0.0.0/0', '::/0']
    const subject = toCase(file, json)
    const byIptables = runCase(subject)
    for (const layout of ['1.35', '1.36'] as const)
      runNftCase(subject, layout).forEach(({ step, kernel }, i) => {
        const clusterIPs = kernel.store.elements(kernel.store.tables()[0]!.key, 'cluster-ips').map((e) => e.key)
        for (const flow of step.flows) {
          const iptables = runFlow(subject.config, byIptables[i]!.rules, flow)
          const nft = runNftFlow(subject.config, kernel, flow)
          // another port of a ClusterIP falls through in iptables mode
          if (clusterIPs.includes(flow.destIP) && iptables.output === '') iptables.output = 'REJECT'
          // an unallocated address of the range, likewise
          else if (nft.output === 'DROP' && iptables.output === '') iptables.output = 'DROP'
          // node ports on 127.0.0.1 are of iptables mode alone, and so is the rule that lets health checks in
          if (flow.destIP.startsWith('127.') || iptables.output === 'ACCEPT') {
            expect(nft, flow.name).toEqual({ output: '', masq: false })
            continue
          }
          expect(nft, `${layout} ${flow.name}`).toEqual(iptables)
        }
      })
  })
})
