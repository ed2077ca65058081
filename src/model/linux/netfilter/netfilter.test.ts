import { describe, expect, it } from 'vitest'
import { explore } from './explore.ts'
import { listChains } from './list-rules.ts'
import type { NetNamespace } from './namespace.ts'
import type { Packet } from './packet.ts'
import { parseDump } from './parse-dump.ts'
import { parseRuleLine } from './parse-rule.ts'
import { printRule } from './print-rule.ts'
import { planCommand, planRestore } from './restore.ts'
import { MapRules } from './ruleset.ts'
import { comparedRules, expandTrace } from './trace.ts'
import { traverse } from './traverse.ts'
import type { ConntrackEntry } from './conntrack.ts'
import { tupleKey } from './packet.ts'

/** Left as written, right as iptables 1.8.9 was seen to print it back. */
const PRINTED: readonly (readonly [string, string])[] = [
  ['-A X -m conntrack ! --ctstate NEW,INVALID -j DROP', '-A X -m conntrack ! --ctstate INVALID,NEW -j DROP'],
  [
    '-A X -m recent --name R --rcheck --seconds 10800 --reap -j ACCEPT',
    '-A X -m recent --rcheck --seconds 10800 --reap --name R --mask 255.255.255.255 --rsource -j ACCEPT',
  ],
  [
    '-A X -m recent --name R --set -j REJECT',
    '-A X -m recent --set --name R --mask 255.255.255.255 --rsource -j REJECT --reject-with icmp-port-unreachable',
  ],
  [
    '-A X -m multiport -p tcp --dports 80,1000:2000 -j LOG --log-prefix "a b"',
    '-A X -p tcp -m multiport --dports 80,1000:2000 -j LOG --log-prefix "a b"',
  ],
  [
    '-A X -p tcp --syn -m limit --limit 10/min -j NFLOG --nflog-group 100',
    '-A X -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m limit --limit 10/min -j NFLOG --nflog-group 100',
  ],
  [
    '-A X -p icmp --icmp-type echo-request -j REJECT --reject-with icmp-host-prohibited',
    '-A X -p icmp -m icmp --icmp-type 8 -j REJECT --reject-with icmp-host-prohibited',
  ],
  [
    '-A X -m physdev --physdev-is-bridged -j CONNMARK --save-mark',
    '-A X -m physdev --physdev-is-bridged -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff',
  ],
  [
    '-A X -p udp --sport 10:20 ! --dport 53 -m comment --comment "x \\"y\\" \'z\' \\\\"',
    '-A X -p udp -m udp --sport 10:20 ! --dport 53 -m comment --comment "x \\"y\\" \\\'z\\\' \\\\"',
  ],
  [
    '-A X -m addrtype ! --src-type LOCAL --dst-type LOCAL -i lxc+ ! -o eth0',
    '-A X -i lxc+ ! -o eth0 -m addrtype ! --src-type LOCAL --dst-type LOCAL',
  ],
  ['-A X -p all -s 0.0.0.0/0 -d 1.2.3.4/24 -j RETURN', '-A X -d 1.2.3.0/24 -j RETURN'],
  [
    '-A X -m statistic --mode random ! --probability 0.3333333333 -j ACCEPT',
    '-A X -m statistic --mode random ! --probability 0.33333333349 -j ACCEPT',
  ],
  ['-A X -m mark ! --mark 0x004000/0x004000 -j RETURN', '-A X -m mark ! --mark 0x4000/0x4000 -j RETURN'],
  ['-A X -j MARK --xor-mark 0x004000', '-A X -j MARK --set-xmark 0x4000/0x0'],
  ['-A X -j MARK --or-mark 0x004000', '-A X -j MARK --set-xmark 0x4000/0x4000'],
  ['-A X -j MARK --and-mark 0x004000', '-A X -j MARK --set-xmark 0x0/0xffffbfff'],
  [
    '-A X -m comment --comment ns/x:y -m tcp -p tcp -d 10.0.0.1 --dport 80 -j DNAT --to-destination 1.2.3.4:80',
    '-A X -d 10.0.0.1/32 -p tcp -m comment --comment "ns/x:y" -m tcp --dport 80 -j DNAT --to-destination 1.2.3.4:80',
  ],
  [
    '-A X -s 1.2.3.0/24 -p udp -j SNAT --to-source 1.1.1.1:1-100 --random',
    '-A X -s 1.2.3.0/24 -p udp -j SNAT --to-source 1.1.1.1:1-100 --random',
  ],
]

function rules(lines: readonly string[]): MapRules {
  const out = new MapRules(4)
  const plan = planRestore(out, lines)
  if (plan.error) throw new Error(`line ${plan.error.line}: ${plan.error.message}`)
  out.apply(plan.changes)
  return out
}

function namespace(lines: readonly string[], conntrack: NetNamespace['conntrack'] = () => undefined): NetNamespace {
  return {
    rules: rules(lines),
    links: [
      { name: 'lo', addresses: ['127.0.0.1/8'] },
      { name: 'eth0', addresses: ['172.18.0.3/16'] },
      { name: 'cni0', addresses: ['10.244.1.1/24'] },
    ],
    routes: [
      { dst: '10.244.1.0/24', dev: 'cni0' },
      { dst: '172.18.0.0/16', dev: 'eth0' },
      { dst: '10.244.2.0/24', dev: 'eth0', via: '172.18.0.4' },
      { dst: 'default', dev: 'eth0', via: '172.18.0.1' },
    ],
    conntrack,
    sysctls: { ipForward: true, routeLocalnet: false },
  }
}

const syn: Packet = { proto: 'tcp', src: '10.244.1.5', dst: '10.96.0.10', sport: 40_000, dport: 80, flags: 2 }
const never = (): number => {
  throw new Error('nothing to ask here')
}

describe('rules as text', () => {
  it.each(PRINTED)('%s', (written, saved) => {
    expect(printRule(parseRuleLine(written))).toBe(saved)
    expect(printRule(parseRuleLine(saved))).toBe(saved)
  })

  it('lists as iptables -L -n -v', () => {
    const source = rules([
      '*nat',
      ':S - [0:0]',
      '-A POSTROUTING -j S',
      '-A S -d 10.0.0.1/32 -p tcp -m comment --comment "ns/x:y" -m tcp --dport 80 -j DNAT --to-destination 1.2.3.4:80',
      '-A S -j MARK --or-mark 0x4000',
      'COMMIT',
    ])
    expect(listChains(source, 'nat', 'S', { verbose: true, numericProtocols: true }).split('\n')).toEqual([
      'Chain S (1 references)',
      ' pkts bytes target     prot opt in     out     source               destination         ',
      '    0     0 DNAT       6    --  *      *       0.0.0.0/0            10.0.0.1             /* ns/x:y */ tcp dpt:80 to:1.2.3.4:80',
      '    0     0 MARK       0    --  *      *       0.0.0.0/0            0.0.0.0/0            MARK or 0x4000',
      '',
    ])
  })

  it('restores all or nothing, and says which line is wrong', () => {
    const source = rules(['*filter', ':A - [0:0]', '-A A -j ACCEPT', 'COMMIT'])
    expect(planRestore(source, ['*filter', '-A A -s x.x.x.x -j DROP', 'COMMIT'], { noflush: true })).toEqual({
      error: { line: 2, message: "host/network `x.x.x.x' not found" },
    })
    expect(planRestore(source, ['*filter', '-A FORWARD -j NOPE', 'COMMIT'], { noflush: true }).error?.message).toBe(
      "Chain 'NOPE' does not exist",
    )
    expect(planCommand(source, 'filter', '-X A').error?.message).toContain('Device or resource busy')
    const flushed = planRestore(source, ['*filter', ':A - [0:0]', '-X A', 'COMMIT'], { noflush: true })
    expect(flushed).toEqual({ changes: [{ table: 'filter', name: 'A', chain: undefined }] })
  })

  it('reads what people paste, or says what to paste instead', () => {
    const grep = parseDump(
      '$ iptables-save | grep WEB\n1. -A KUBE-SVC-A -m comment --comment "WEB" -j KUBE-SEP-B\n[3:180] -A KUBE-SEP-B -p tcp -m tcp -j DN\nAT --to-destination 10.0.0.1:80\n',
    )
    expect(grep.rules.chain('nat', 'KUBE-SEP-B')?.rules).toHaveLength(1)
    expect(grep.problems.map((p) => p.severity)).toEqual(['note', 'note'])
    expect(parseDump('Chain INPUT (policy ACCEPT)\n').problems[0]).toMatchObject({ line: 1, severity: 'error' })
  })
})

describe('a packet', () => {
  const SERVICE = [
    '*nat', ':SVC - [0:0]', ':A - [0:0]', ':B - [0:0]', ':MASQ - [0:0]',
    '-A PREROUTING -d 10.96.0.10/32 -p tcp -m tcp --dport 80 -j SVC',
    '-A SVC -m statistic --mode random --probability 0.5 -j A', '-A SVC -j B',
    '-A A -s 10.244.1.7/32 -j MASQ', '-A A -p tcp -j DNAT --to-destination 10.244.1.7:8080',
    '-A B -p tcp -j DNAT --to-destination 10.244.2.9:8080',
    '-A MASQ -j MARK --or-mark 0x4000', '-A POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE',
    'COMMIT',
  ] // prettier-ignore

  it('goes every way that chance leaves open, in rule order', () => {
    const { branches } = explore(namespace(SERVICE), syn, { inDev: 'cni0' })
    expect(branches.map((b) => [b.traversal.packet.dst, b.traversal.outDev, b.traversal.nextHop])).toEqual([
      ['10.244.1.7', 'cni0', '10.244.1.7'],
      ['10.244.2.9', 'eth0', '172.18.0.4'],
    ])
    // PREROUTING 1, SVC 1 or 2, A 2 or B 1, POSTROUTING 1
    expect(branches.map((b) => comparedRules(b.traversal.trace))).toEqual([5, 5])
  })

  it('is masqueraded when a pod reaches itself, with the address of the device it leaves by', () => {
    const ns = namespace(SERVICE)
    const t = traverse(ns, { ...syn, src: '10.244.1.7' }, { inDev: 'cni0' }, () => 1)
    expect(t).toMatchObject({ masqueraded: true, packet: { src: '10.244.1.1', dst: '10.244.1.7' } })
    expect(t.conntrack.entry).toMatchObject({
      dnat: true,
      snat: true,
      reply: { src: '10.244.1.7', dst: '10.244.1.1', sport: 8080 },
    })
    expect(expandTrace(ns.rules, t.trace, true).map((s) => `${s.chain} ${s.rule} ${s.action}`)).toEqual([
      'PREROUTING 1 jump SVC', 'SVC 1 jump A', 'A 1 jump MASQ', 'MASQ 1 MARK or 0x4000', 'A 2 DNAT to 10.244.1.7:8080', 'POSTROUTING 1 MASQUERADE',
    ]) // prettier-ignore
  })

  it('finds its way back by conntrack, past no nat rule', () => {
    const entries = new Map<string, ConntrackEntry>()
    const ns = namespace(SERVICE, (tuple) => entries.get(tupleKey(tuple)))
    const { entry } = traverse(ns, { ...syn, src: '10.244.1.7' }, { inDev: 'cni0' }, () => 1).conntrack
    entries.set(tupleKey(entry!.orig), entry!).set(tupleKey(entry!.reply), entry!)
    const reply = traverse(
      ns,
      { proto: 'tcp', src: '10.244.1.7', dst: '10.244.1.1', sport: 8080, dport: 40_000, flags: 18 },
      { inDev: 'cni0' },
      never,
    )
    expect(reply).toMatchObject({
      fate: 'forwarded',
      packet: { src: '10.96.0.10', sport: 80, dst: '10.244.1.7', dport: 40_000 },
    })
    expect(reply.conntrack).toMatchObject({
      state: 'ESTABLISHED',
      direction: 1,
      entry: { state: 'SYN_RECV', seenReply: true },
    })
    expect(reply.trace.passes.filter((p) => p.table === 'nat')).toEqual([])
  })

  it('ends where a rule, a policy or the routing decision ends it', () => {
    const filter = [
      '*filter',
      ':FORWARD DROP [0:0]',
      ':C - [0:0]',
      '-A FORWARD -i cni0 -g C',
      '-A C -p tcp -m tcp --dport 22 -j REJECT --reject-with tcp-reset',
      '-A C -p udp -j ACCEPT',
      'COMMIT',
    ]
    const ns = namespace(filter)
    expect(traverse(ns, { ...syn, dst: '10.244.2.9', dport: 22 }, { inDev: 'cni0' }, never)).toMatchObject({
      verdict: 'REJECT',
      rejectWith: 'tcp-reset',
    })
    // the end of a chain reached by goto is the policy of the base chain
    expect(traverse(ns, { ...syn, dst: '10.244.2.9' }, { inDev: 'cni0' }, never)).toMatchObject({
      verdict: 'DROP',
      stoppedBy: { why: 'policy of FORWARD' },
    })
    expect(traverse(ns, { ...syn, proto: 'udp', dst: '10.244.2.9' }, { inDev: 'cni0' }, never)).toMatchObject({
      fate: 'forwarded',
      outDev: 'eth0',
    })
    expect(traverse(ns, { ...syn, src: '172.18.0.9', dst: '127.0.0.1' }, { inDev: 'eth0' }, never)).toMatchObject({
      verdict: 'DROP',
      stoppedBy: { hook: 'ROUTING' },
    })
    expect(traverse(ns, { ...syn, src: '172.18.0.3', dst: '172.18.0.3' }, {}, never)).toMatchObject({
      fate: 'local',
      verdict: 'ACCEPT',
    })
  })

  it('never guesses: what the rules do not know is asked', () => {
    const ns = namespace(['*filter', '-A FORWARD -m set --match-set bad src -j DROP', 'COMMIT'])
    const asked: string[] = []
    const t = traverse(ns, { ...syn, dst: '10.244.2.9' }, { inDev: 'cni0' }, (q) => (asked.push(q.about), 1))
    expect(asked).toEqual(['is 10.244.1.5 (src) in the set bad?'])
    expect(t.verdict).toBe('DROP')
  })
})
