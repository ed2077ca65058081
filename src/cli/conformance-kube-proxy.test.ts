import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { conformanceKubeProxy } from './conformance-kube-proxy.ts'
import { differences } from './restore-compare.ts'

const folder = fileURLToPath(new URL('../../../shared/conformance/kube-proxy', import.meta.url))

describe.skipIf(!existsSync(folder))("Kubernetes' own kube-proxy tables (../shared/conformance)", () => {
  const tables = existsSync(folder) ? conformanceKubeProxy(folder) : []

  it.each(tables.map((t) => [t.table, t] as const))('%s', (_, table) => {
    expect(table.failures).toEqual([])
  })

  it('runs every row of iptables, nftables, topology, hash and metrics', () => {
    for (const name of ['iptables', 'nftables', 'topology', 'hash', 'metrics']) {
      const table = tables.find((t) => t.table === `kube-proxy/${name}`)!
      expect(table.rows).toBeGreaterThan(0)
      expect(table.notRunnable).toBe(0)
    }
  })
})

describe('comparing restore inputs', () => {
  const text =
    '*nat\n:KUBE-SVC-A - [0:0]\n-A KUBE-SERVICES -d 1 -j X\n-A KUBE-SERVICES -d 2 -j Y\n-A KUBE-SVC-A -j P\n-A KUBE-SVC-A -j Q\nCOMMIT\n'
  it('leaves the order of Services free, and nothing else', () => {
    expect(differences(text, text.replace(/(.*-d 1.*\n)(.*-d 2.*\n)/, '$2$1'))).toEqual([])
    expect(differences(text, text.replace(/(.*-j P\n)(.*-j Q\n)/, '$2$1'))).not.toEqual([])
    expect(differences(text, text.replace('-d 2', '-d 3'))).toEqual([
      '- -A KUBE-SERVICES -d 2 -j Y',
      '+ -A KUBE-SERVICES -d 3 -j Y',
    ])
    expect(differences(text, text.replace(':KUBE-SVC-A - [0:0]\n', ''))).toEqual(['- nat :KUBE-SVC-A - [0:0]'])
  })
})
