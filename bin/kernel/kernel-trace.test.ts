import { describe, expect, it } from 'vitest'
import type { KernelRules } from './kernel-rules.ts'
import { readTrace } from './kernel-trace.ts'

/** Chains as lists of handles. */
function rules(chains: Record<string, number[]>): KernelRules {
  return {
    place: (chain, handle) => {
      const at = (chains[chain] ?? []).indexOf(handle)
      return at < 0 ? undefined : at + 1
    },
    size: (chain) => chains[chain]?.length ?? 0,
    hook: () => undefined,
  }
}
const head = (table: string, chain: string, dst: string): string =>
  `trace id 5 ip ${table} ${chain} packet: iif "cni0" ip saddr 10.0.0.1 ip daddr ${dst} ip ttl 64 tcp sport 19001 tcp dport 80 tcp flags == syn`
const rule = (table: string, chain: string, handle: number, verdict: string): string =>
  `trace id 5 ip ${table} ${chain} rule tcp dport 80 counter packets 0 bytes 0 # handle ${handle} (verdict ${verdict})`

describe('what the kernel says of a packet', () => {
  const kernel = rules({
    'ip nat PREROUTING': [1, 2, 3],
    'ip nat A': [10, 11, 12, 13],
    'ip nat B': [20, 21],
    'ip filter FORWARD': [30, 31],
  })

  it('counts rules that did not match, ends of chains that are not reported, and all to the policy', () => {
    const {
      rules: matched,
      compared,
      verdict,
    } = readTrace(
      [
        head('nat', 'PREROUTING', '10.96.0.1'),
        rule('nat', 'PREROUTING', 2, 'jump A'),
        rule('nat', 'A', 11, 'jump B'),
        rule('nat', 'A', 12, 'continue'),
        'trace id 5 ip nat PREROUTING policy accept',
        head('filter', 'FORWARD', '10.96.0.1'),
        'trace id 5 ip filter FORWARD policy drop',
      ],
      kernel,
      () => false,
    )
    expect(matched).toEqual(['nat PREROUTING 2', 'nat A 2', 'nat A 3'])
    // PREROUTING 1 and 2, A 1 and 2, both of B, A 3 and 4, PREROUTING 3
    expect(compared).toEqual({ 'nat PREROUTING': 9, 'filter FORWARD': 2 })
    expect(verdict).toBe('drop')
  })

  it('leaves the rest of a chain out after goto, return and a verdict', () => {
    const goto = readTrace(
      [
        head('nat', 'PREROUTING', '10.96.0.1'),
        rule('nat', 'PREROUTING', 1, 'goto A'),
        rule('nat', 'A', 10, 'return'),
        'trace id 5 ip nat PREROUTING policy accept',
      ],
      kernel,
      () => false,
    )
    expect(goto.compared).toEqual({ 'nat PREROUTING': 2 })
    const end = readTrace(
      [
        head('nat', 'PREROUTING', '10.96.0.1'),
        rule('nat', 'PREROUTING', 2, 'accept'),
        head('filter', 'FORWARD', '10.0.0.9'),
        rule('filter', 'FORWARD', 30, 'drop'),
      ],
      kernel,
      () => false,
    )
    expect(end).toMatchObject({ compared: { 'nat PREROUTING': 2, 'filter FORWARD': 1 }, verdict: 'drop' })
    expect(end.packets).toEqual([
      'nat PREROUTING: 10.0.0.1:19001 > 10.96.0.1:80',
      'filter FORWARD: 10.0.0.1:19001 > 10.0.0.9:80',
    ])
  })

  it('does not count the table of the harness', () => {
    expect(
      readTrace(
        [head('ngtrace', 'prerouting', '10.96.0.1'), rule('ngtrace', 'prerouting', 1, 'continue')],
        kernel,
        (table) => table === 'ngtrace',
      ).rules,
    ).toEqual([])
  })
})
