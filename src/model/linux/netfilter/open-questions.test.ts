/** What the rules and a packet do not say is asked: the ways fork, and no way contradicts itself. */
import { describe, expect, it } from 'vitest'
import type { Packet } from './packet.ts'
import { parseDump } from './parse-dump.ts'
import { endOf, waysOf } from './trace-dump.ts'

const PACKET: Packet = { proto: 'tcp', src: '203.0.113.9', dst: '10.0.0.7', sport: 40_000, dport: 80 }

/** Each way: verdict, and the questions that were answered with yes. */
function ways(rules: readonly string[], packet: Partial<Packet> = {}, options: object = {}): string[] {
  const dump = parseDump(rules.join('\n'))
  expect(dump.problems).toEqual([])
  const { branches } = waysOf(dump, { ...PACKET, ...packet }, { nodeIps: ['172.18.0.3'], inDev: 'eth0', ...options })
  return branches.map((branch) => {
    const { verdict, packet: end } = endOf(branch)
    const yes = branch.answers.filter(({ answer }) => answer === 1).map(({ question }) => question.about)
    return `${verdict} ${end.dst}${yes.length > 0 ? ` if ${yes.join(' and ')}` : ''}`
  })
}
const filter = (...rules: string[]): string[] => ['*filter', ':FORWARD ACCEPT [0:0]', ...rules, 'COMMIT']
const drop = (match: string): string[] => ways(filter(`-A FORWARD ${match} -j DROP`))

describe('a match with no single answer', () => {
  it.each<[string, string, RegExp]>([
    ['-m limit --limit 10/min', 'DROP', /rate 10\/min of rule 1 of FORWARD not used up/],
    ['-m hashlimit --hashlimit-upto 5/sec --hashlimit-name x', 'DROP', /not exceeded/],
    ['-m hashlimit --hashlimit-above 5/sec --hashlimit-name x', 'ACCEPT', /not exceeded/],
    ['-p tcp -m connlimit --connlimit-above 9', 'ACCEPT', /not exceeded/],
    ['-m recent --rcheck --seconds 60 --name seen', 'ACCEPT', /203\.0\.113\.9 noted in the list seen in the last 60 s/],
    ['-m physdev --physdev-is-bridged', 'ACCEPT', /bridged/],
    ['-m physdev --physdev-in veth1', 'ACCEPT', /bridge port veth1/],
    ['-m set --match-set blocked src', 'ACCEPT', /203\.0\.113\.9 \(src\) in the set blocked/],
    ['-m set --match-set web dst,dst', 'ACCEPT', /10\.0\.0\.7,80 \(dst,dst\) in the set web/],
    ['-m rpfilter --invert', 'ACCEPT', /would an answer leave/],
    ['-m string --string evil --algo bm', 'ACCEPT', /payload/],
    ['-m bpf --bytecode "1,6 0 0 1"', 'ACCEPT', /program over the packet/],
    ['-m socket --transparent', 'ACCEPT', /socket of this machine/],
    ['-m mac --mac-source 02:00:00:00:00:01', 'ACCEPT', /Ethernet source/],
    ['-p tcp -m tcp --tcp-option 8', 'ACCEPT', /--tcp-option 8/],
    ['-m time --timestart 08:00', 'ACCEPT', /clock/],
    ['-j NFQUEUE --queue-num 3', 'ACCEPT', /behind queue 3 accept/],
    ['-o cali+', 'ACCEPT', /out interface cali\+/],
    ['-m statistic --mode nth --every 3 --packet 0', 'DROP', /one of every 3/],
  ])('%s', (match, usual, question) => {
    const all = match.includes('-j') ? ways(filter(`-A FORWARD ${match}`)) : drop(match)
    expect(all).toHaveLength(2)
    expect(all[0]).toMatch(new RegExp(`^${usual} `))
    expect(all.map((way) => way.split(' ')[0]).sort()).toEqual(['ACCEPT', 'DROP'])
    expect(all.join()).toMatch(question)
  })

  it('is not asked about what the packet says itself', () => {
    expect(drop('-m iprange --src-range 203.0.113.1-203.0.113.20')).toEqual(['DROP 10.0.0.7'])
    expect(drop('-m iprange ! --src-range 203.0.113.1-203.0.113.20')).toEqual(['ACCEPT 10.0.0.7'])
    expect(drop('-m pkttype --pkt-type broadcast')).toEqual(['ACCEPT 10.0.0.7'])
    expect(drop('-p tcp -m multiport ! --dports 22,443')).toEqual(['DROP 10.0.0.7'])
    expect(drop('-i eth+ -m conntrack --ctproto 6 --ctstate NEW')).toEqual(['DROP 10.0.0.7'])
    expect(drop('-o lo')).toEqual(['ACCEPT 10.0.0.7'])
  })

  it('answers the same thing alike, also behind a !', () => {
    const owner = ways(
      [
        '*filter',
        ':OUTPUT ACCEPT [0:0]',
        '-A OUTPUT -m owner --uid-owner 9 -j ACCEPT',
        '-A OUTPUT -m owner ! --uid-owner 9 -j DROP',
        'COMMIT',
      ],
      { src: '172.18.0.3' },
      { inDev: undefined },
    )
    expect(owner.map((way) => way.split(' ')[0])).toEqual(['DROP', 'ACCEPT'])
    // one interface: named, of a family, or neither
    const out = ways(
      filter(
        '-A FORWARD -o cali+ -j MARK --set-xmark 0x1/0x1',
        '-A FORWARD -o docker0 -j DROP',
        '-A FORWARD -o cali12 -j REJECT',
      ),
    )
    expect(out.map((way) => way.replace(/is the out interface (\S+)\?/g, '$1'))).toEqual([
      'ACCEPT 10.0.0.7',
      'DROP 10.0.0.7 if docker0',
      'ACCEPT 10.0.0.7 if cali+',
      'REJECT 10.0.0.7 if cali+ and cali12',
    ])
  })

  it('looks into sets that were pasted with the rules', () => {
    const rules = (...sets: string[]): string[] => [...filter('-A FORWARD -m set --match-set s src -j DROP'), ...sets]
    const create = 'create s hash:net family inet hashsize 1024 maxelem 65536'
    expect(ways(rules(create))).toEqual(['ACCEPT 10.0.0.7'])
    expect(ways(rules(create, 'add s 203.0.113.0/24'))).toEqual(['DROP 10.0.0.7'])
    expect(ways(rules(create, 'add s 203.0.113.0/24', 'add s 203.0.113.8/31 nomatch'))).toEqual(['ACCEPT 10.0.0.7'])
    const port = [
      'create p hash:ip,port family inet',
      'add p 10.0.0.7,tcp:80',
      'create all list:set size 8',
      'add all p',
    ]
    expect(ways([...filter('-A FORWARD -m set --match-set all dst,dst -j DROP'), ...port])).toEqual(['DROP 10.0.0.7'])
    expect(ways([...filter('-A FORWARD -m set ! --match-set all dst,dst -j DROP'), ...port], { dport: 81 })).toEqual([
      'DROP 10.0.0.7',
    ])
  })

  it('forks over what is not known of a connection that is under way', () => {
    const known = ways(filter('-A FORWARD -m conntrack --ctstate DNAT -j DROP'), {}, { knownFlow: true })
    expect(known.map((way) => way.split(' ')[0])).toEqual(['ACCEPT', 'DROP'])
  })

  it('maps networks, and gives packets to proxies that listen', () => {
    expect(ways(['*nat', '-A PREROUTING -d 10.0.0.0/24 -j NETMAP --to 192.168.5.0/24', 'COMMIT'])).toEqual([
      'ACCEPT 192.168.5.7',
    ])
    const proxied = ways(['*mangle', '-A PREROUTING -p tcp -j TPROXY --on-port 15001 --tproxy-mark 0x1/0x1', 'COMMIT'])
    expect(proxied).toEqual([
      'ACCEPT 10.0.0.7 if does a proxy listen on 127.0.0.1:15001 (transparent socket)?',
      'DROP 10.0.0.7',
    ])
  })
})
