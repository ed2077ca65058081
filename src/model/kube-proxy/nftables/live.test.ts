// Mode nftables in a cluster that lives: switched to while packets flow, and back.
import { describe, expect, it } from 'vitest'
import { SECOND } from '../../../sim/clock.ts'
import { httpGet, type HttpResponse } from '../../images/payloads.ts'
import { wrongRules, wrongWays } from '../../settled-rules.ts'
import type { FlowRecord, NetPlace } from '../../tables.ts'
import { container, TestLab } from '../../test-lab.ts'

const GET = httpGet('web', '/', 'test')

function web(spec: Record<string, unknown> = {}, replicas = 3): TestLab {
  const lab = new TestLab()
  lab.create('Service', 'web', { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }], ...spec })
  lab.deployment('web', replicas, [container('a', 'nodeglass/web:1')])
  lab.untilAvailable('web')
  lab.run(3 * SECOND)
  return lab
}

function mode(lab: TestLab, node: string, name: string | null, options: Record<string, unknown> | null = null): void {
  lab.machine.input({ kind: 'proxy.settings', to: `${node}/kube-proxy`, data: { mode: name, options } })
  lab.run(30 * SECOND)
}

const clusterIP = (lab: TestLab): string => lab.reader.get('services', 'default/web')!.spec.clusterIP!
const nodePort = (lab: TestLab): number => lab.reader.get('services', 'default/web')!.spec.ports![0]!.nodePort!
const WORKER: NetPlace = { node: 'worker-1', netns: '' }
const pod = (flow: FlowRecord): string => (flow.response as HttpResponse | undefined)?.body.trim() ?? flow.error ?? ''
const kubeChains = (lab: TestLab): string[] =>
  lab.reader
    .by('chains', 'node', 'worker-1')
    .map((chain) => chain.name)
    .filter((name) => /^KUBE-(SVC|SEP|SERVICES|POSTROUTING)/.test(name))

describe('a node whose kube-proxy is switched to nftables', () => {
  it('has no rules of iptables mode left, and serves ClusterIPs and node ports by maps', () => {
    const lab = web({ type: 'NodePort' })
    expect(kubeChains(lab).length).toBeGreaterThan(5)
    mode(lab, 'worker-1', 'nftables')
    expect(lab.reader.get('kubeProxies', 'worker-1')!.mode).toBe('nftables')
    expect(kubeChains(lab)).toEqual([])
    expect(wrongRules(lab.reader)).toEqual([])
    expect(wrongWays(lab.reader)).toEqual([])
    const pods = new Set(lab.pods('web').map((p) => p.metadata.name))
    const got = Array.from({ length: 20 }, () => pod(lab.connect(WORKER, clusterIP(lab), 80, GET)))
    expect(new Set(got)).toEqual(pods)
    expect(pods).toContain(pod(lab.connect({ host: 'laptop' }, '172.18.0.3', nodePort(lab), GET)))
  })

  it('refuses what iptables mode lets through: other ports of a ClusterIP, addresses without a Service, 127.0.0.1', () => {
    const lab = web({ type: 'NodePort' }, 1)
    expect(lab.connect(WORKER, '127.0.0.1', nodePort(lab), GET).error).toBeUndefined()
    mode(lab, 'worker-1', 'nftables')
    expect(lab.connect(WORKER, clusterIP(lab), 81, GET).error).toBe('refused')
    expect(lab.connect(WORKER, '10.111.1.1', 80, GET).error).toBe('timeout')
    expect(lab.connect(WORKER, '127.0.0.1', nodePort(lab), GET).error).toBe('refused')
  })

  it.each(['1.35', '1.36'])(
    'in layout %s follows its endpoints by partial syncs, down to none and up again',
    (layout) => {
      const lab = web({}, 2)
      mode(lab, 'worker-1', 'nftables', { layout })
      const fullBefore = lab.reader.get('kubeProxies', 'worker-1')!.fullSyncs
      for (const replicas of [3, 0, 1]) {
        lab.patch('deployments', 'web', { spec: { replicas } })
        lab.run(60 * SECOND)
        expect(wrongRules(lab.reader)).toEqual([])
        expect(wrongWays(lab.reader)).toEqual([])
        if (replicas === 0) expect(lab.connect(WORKER, clusterIP(lab), 80, GET).error).toBe('refused')
      }
      expect(lab.reader.get('kubeProxies', 'worker-1')!.fullSyncs).toBe(fullBefore)
    },
  )

  it('keeps a client with ClientIP affinity at one pod, by a set that ages', () => {
    const lab = web({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } })
    mode(lab, 'worker-1', 'nftables')
    const ask = (): string => pod(lab.connect(WORKER, clusterIP(lab), 80, GET))
    const first = ask()
    for (let i = 0; i < 10; i++) expect(ask()).toBe(first)
    const later = new Set<string>()
    for (let i = 0; i < 12 && later.size < 2; i++) {
      lab.run(70 * SECOND)
      later.add(ask())
    }
    expect(later.size).toBe(2)
  })

  it('gives its table back when it is switched to iptables', () => {
    const lab = web()
    mode(lab, 'worker-1', 'nftables')
    mode(lab, 'worker-1', null)
    expect(lab.reader.get('nftTables', 'worker-1|ip/kube-proxy')).toBeUndefined()
    expect(wrongRules(lab.reader)).toEqual([])
    expect(pod(lab.connect(WORKER, clusterIP(lab), 80, GET))).toMatch(/^web-/)
  })

  it('does not see that somebody flushed the ruleset: the next change fails, and then all is written anew', () => {
    const lab = web({}, 2)
    mode(lab, 'worker-1', 'nftables')
    lab.machine.input({
      kind: 'kernel.nft-apply',
      to: 'worker-1/kernel',
      data: { lines: ['flush ruleset'], writer: 'nft' },
    })
    lab.run(90 * SECOND)
    expect(lab.connect(WORKER, clusterIP(lab), 80, GET).error).toBe('timeout')
    lab.patch('deployments', 'web', { spec: { replicas: 3 } })
    lab.run(20 * SECOND)
    const proxy = () => lab.reader.get('kubeProxies', 'worker-1')!
    expect([proxy().failures, proxy().needFullSync]).toEqual([1, true])
    const container = lab.reader.get('processes', `worker-1|${proxy().pid}`)!.containerId!
    const log = lab.reader.by('containerLogs', 'container', container).map((line) => line.text)
    expect(log.filter((line) => /failed/.test(line))).toEqual([
      expect.stringMatching(
        /^E.* proxier.go:\d+\] "nftables sync failed" err=".*No such file or directory" ipFamily="IPv4"$/,
      ),
      expect.stringMatching(/"Sync failed" ipFamily="IPv4" retryingTime="30s"$/),
    ])
    lab.run(30 * SECOND)
    expect(wrongRules(lab.reader)).toEqual([])
    expect(pod(lab.connect(WORKER, clusterIP(lab), 80, GET))).toMatch(/^web-/)
  })
})
