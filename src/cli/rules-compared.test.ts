/**
 * How many rules the first packet of a flow is compared with, pod to the i-th of N ClusterIP Services of three endpoints:
 * the numbers that a real kernel was seen to need (`npm run test:kernel` counts them there).
 */
import { describe, expect, it } from 'vitest'
import { explore } from '../model/linux/netfilter/explore.ts'
import type { NetNamespace } from '../model/linux/netfilter/namespace.ts'
import { comparedRules, expandTrace } from '../model/linux/netfilter/trace.ts'
import { manyServices } from './bench-rules.ts'

const ENDPOINTS = 3

describe.each([1, 2, 17, 500, 10_000])('%i Services', (count) => {
  const { rules } = manyServices(count)
  const portals = rules.chain('nat', 'KUBE-SERVICES')!.rules
  const ns: NetNamespace = {
    rules,
    links: [{ name: 'eth0', addresses: ['172.18.0.3/16'] }],
    routes: [{ dst: 'default', dev: 'eth0' }],
    conntrack: () => undefined,
    sysctls: { ipForward: true, routeLocalnet: true },
  }
  const ways = (dst: string): ReturnType<typeof explore>['branches'] =>
    explore(ns, { proto: 'tcp', src: '10.128.200.9', dst, sport: 40_000, dport: 80 }, { inDev: 'cni0' }).branches

  it.each([...new Set([1, Math.ceil(count / 2), count])])('to Service %i of them, each endpoint', (i) => {
    const clusterIP = /-d ([\d.]+)/.exec(portals[i - 1]!)![1]!
    const branches = ways(clusterIP)
    expect(branches).toHaveLength(ENDPOINTS)
    branches.forEach(({ traversal }, at) => {
      const k = at + 1
      expect(comparedRules(traversal.trace)).toBe(1 + i + (1 + k) + 2 + 7 + 2)
      // positions only: the rules before the one that matched cost nothing to keep
      expect(traversal.trace.runs.length / 4).toBeLessThan(25)
    })
    const { traversal } = branches[0]!
    const compared = (hook: string): number => expandTrace(rules, traversal.trace).filter((s) => s.hook === hook).length
    expect([compared('PREROUTING'), compared('FORWARD'), compared('POSTROUTING')]).toEqual([1 + i + 2 + 2, 7, 2])
  })

  it('to no Service', () => {
    const branches = ways('10.127.255.1')
    expect(branches).toHaveLength(1)
    expect(comparedRules(branches[0]!.traversal.trace)).toBe(1 + (count + 1) + 7 + 2)
  })
})
