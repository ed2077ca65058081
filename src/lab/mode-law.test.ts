import { describe, expect, it } from 'vitest'
import { exampleService, sampleMode } from './mode-costs.ts'
import { ANCHORS, costsAt, FIGURES, isExact, linesAt } from './mode-law.ts'
import type { ProxyModeName } from '../model/kube-proxy/mode.ts'

/** Those that stand side by side; userspace is told of in words. */
const COMPARED: readonly ProxyModeName[] = ['iptables', 'nftables', 'ipvs', 'ebpf']

describe.each(COMPARED)('costs of %s', (mode) => {
  const of = exampleService()
  const samples = ANCHORS.map((services) => sampleMode(mode, services, of))

  it('by the law equal those that the interpreter counts for 1, 10, 100 and 1,000 Services', () => {
    for (const services of [1, 10, 100, 1_000]) {
      const run = sampleMode(mode, services, of)
      const costs = costsAt(samples, services)
      for (const figure of FIGURES)
        if (isExact(mode, figure)) expect(costs[figure], `${figure} of ${services} Services`).toBe(run[figure])
        else
          expect(Math.abs(costs[figure] / run[figure] - 1), `${figure} of ${services}`).toBeLessThan(
            services < 100 ? 0.2 : 0.05,
          )
    }
  })

  it('are of a packet that reaches a backend of the Service, by six lines at most', () => {
    for (const sample of samples) expect(sample.backend).toMatch(/^10\.244\.[12]\.(14|23|31):8080$/)
    for (const services of [1, 2, 3, 7, 5_000]) {
      const lines = linesAt(samples, services)
      expect(lines.length).toBeGreaterThan(0)
      expect(lines.length).toBeLessThanOrEqual(6)
    }
  })
})

it('iptables compares what the kernel was seen to compare, a Service at a time', () => {
  const of = exampleService()
  const samples = ANCHORS.map((services) => sampleMode('iptables', services, of))
  // 1 + i + (1 + k) + 2 in nat PREROUTING, 7 in FORWARD, 2 in nat POSTROUTING, k = 1 to 3
  expect(costsAt(samples, 10_000).compared).toBeGreaterThanOrEqual(10_014)
  expect(costsAt(samples, 10_000).compared).toBeLessThanOrEqual(10_016)
  expect(linesAt(samples, 1_000).find((line) => line.state === 'fold')).toMatchObject({ count: 998 })
})
