import { expect, it } from 'vitest'
import { openScenario } from '../model/cluster.ts'
import type { ProxyModeName } from '../model/kube-proxy/mode.ts'
import { chiSquare, shares } from './shares.ts'

const SECOND = 1_000_000

async function inMode(mode: ProxyModeName) {
  const machine = openScenario('shop', 4)
  machine.input({ kind: 'proxy.settings', to: 'worker-1/kube-proxy', data: { mode } })
  const until = machine.now + 20 * SECOND
  while ((machine.nextAt() ?? Infinity) <= until) machine.step()
  const hash = machine.hash()
  const dst = machine.reader.get('services', 'shop/web')!.spec.clusterIP!
  const packet = { proto: 'tcp', src: '10.244.1.77', sport: 40_000, dst, dport: 80, flags: 2 }
  const of = mode === 'ebpf' ? { atSocket: true } : { inDev: 'cni0' }
  const answer = await shares(machine.reader, { node: 'worker-1', packet, ...of, count: 1_500, seed: 7 })
  expect(machine.hash()).toBe(hash)
  return answer
}

it.each(['iptables', 'nftables', 'ebpf'] as const)('%s draws: shares that end equal', async (mode) => {
  const { counts, none, chiSquare: x, bound } = await inMode(mode)
  expect(counts).toHaveLength(3)
  expect(none).toBe(0)
  expect(x).toBeLessThan(bound)
  expect(x).toBeGreaterThan(0)
})

it('ipvs takes turns: shares are the same number', async () => {
  const { counts } = await inMode('ipvs')
  expect(counts.map((c) => c.count)).toEqual([500, 500, 500])
})

it('a chi-square with two degrees of freedom stays below 13.8 in 999 of 1,000 tries', () => {
  expect(chiSquare([1, 1, 1]).bound).toBeCloseTo(13.8, 0)
  expect(chiSquare([600, 200, 200]).chiSquare).toBeGreaterThan(300)
})
