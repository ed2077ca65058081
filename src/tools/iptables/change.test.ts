import { beforeAll, describe, expect, test } from 'vitest'
import { openLab } from '../../lesson/lab.ts'
import type { Lab } from '../../lesson/play.ts'
import { createFilters } from '../../shell/filters.ts'

const loadFilters = async () =>
  createFilters((await import('just-bash/browser')) as unknown as Parameters<typeof createFilters>[0])

let lab: Lab
beforeAll(async () => {
  lab = openLab('shop', 1, loadFilters)
})
const on = (node: string, script: string) => lab.run(`ssh ${node} bash -s <<'END'\n${script}\nEND`)
const ask = async () => (await lab.run('kubectl exec -n shop deploy/client -- curl -s -m 2 web')).exit

describe('what iptables refuses, in its words (as iptables 1.8 in a namespace of its own said them)', () => {
  const cases: [command: string, exit: number, says: string][] = [
    ['iptables -t nat -A NOPE -j ACCEPT', 1, 'iptables: No chain/target/match by that name.'],
    ['iptables -A INPUT -j NOPE', 2, "(nf_tables): Chain 'NOPE' does not exist\nTry `iptables -h'"],
    ['iptables -A INPUT --dport 80 -j DROP', 2, '(nf_tables): unknown option "--dport"\n'],
    ['iptables -A INPUT DROP', 2, "Bad argument `DROP'\n"],
    ['iptables -D FORWARD -s 9.9.9.9 -j DROP', 1, 'iptables: Bad rule (does a matching rule exist in that chain?).'],
    ['iptables -D FORWARD 99', 1, 'iptables: Index of deletion too big.'],
    [
      'iptables -t nat -X KUBE-SERVICES',
      4,
      '(nf_tables):  CHAIN_DEL failed (Device or resource busy): chain KUBE-SERVICES',
    ],
    ['iptables -A INPUT -j MASQUERADE', 4, '(nf_tables):  RULE_APPEND failed (Invalid argument): rule in chain INPUT'],
    ['iptables -P FORWARD REJECT', 1, 'iptables: Bad policy name.'],
    ['iptables -t fliter -F', 3, "(nf_tables): table 'fliter' does not exist\nPerhaps iptables"],
    [
      "printf '*filter\\n-A INPUT --foo\\nCOMMIT\\n' | iptables-restore",
      2,
      'unknown option "--foo"\nError occurred at line: 2\n',
    ],
    ["printf '*filter\\n-A INPUT -j DROP\\n' | iptables-restore", 1, 'iptables-restore: COMMIT expected at line 3\n'],
    ['iptables -A INPUT -m owner --uid-owner 0 -j DROP', 1, 'not simulated here: -m owner'],
  ]
  test.each(cases)('%s', async (command, exit, says) => {
    const before = (await on('worker-1', 'iptables-save')).out
    const { out } = await on('worker-1', `${command} 2>&1; echo "[$?]"`)
    expect(out).toContain(says)
    expect(out).toMatch(new RegExp(`\\[${exit}\\]\\n$`))
    expect((await on('worker-1', 'iptables-save | grep ^-A')).out).toBe(before.replace(/^[^-].*\n/gm, ''))
  })
})

describe('an incident made by hand', () => {
  test('a rule that drops is met by the next packet, and gone when it is deleted', async () => {
    expect(await ask()).toBe(0)
    await on('worker-2', 'iptables -I FORWARD -p tcp --dport 8080 -j DROP')
    expect(await ask()).toBe(28)
    expect((await on('worker-2', 'iptables -C FORWARD -p tcp --dport 8080 -j DROP; iptables -D FORWARD 1')).exit).toBe(
      0,
    )
    expect(await ask()).toBe(0)
  })

  test('emptied tables are written again: kube-proxy and the kubelet each look at a canary of theirs', async () => {
    const rules = async () => (await on('worker-2', 'iptables-save | grep -e ^: -e ^-A | grep -v ACCEPT | sort')).out
    const before = await rules()
    await on('worker-2', 'for t in nat filter mangle; do iptables -t $t -F; iptables -t $t -X; done')
    expect((await rules()).split('\n').length).toBeLessThan(5)
    expect(await ask()).not.toBe(0)
    await lab.run('lab advance 65s')
    expect(await ask()).toBe(0)
    const kube = (text: string) => text.split('\n').filter((line) => line.includes('KUBE'))
    expect(kube(await rules())).toEqual(kube(before))
  })

  test('a saved file is loaded as a whole', async () => {
    const { out } = await on(
      'worker-1',
      'cd /tmp; iptables-save -t nat | grep ^-A > a; iptables-save -t nat > n; iptables -t nat -F KUBE-SERVICES; iptables-restore < n; iptables-save -t nat | grep ^-A > b; diff a b && echo same',
    )
    expect(out).toContain('same')
  })
})
