/** Listings: as the real tool prints them (recorded from nft 1.0.6), and as people paste them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseDump } from '../netfilter/parse-dump.ts'
import { tracePacket } from '../netfilter/trace-dump.ts'
import { NftRuleset } from './nft-ruleset.ts'

/** `nft -f` of this, then `nft -a list ruleset`, gave LISTED but for the table's own handle. */
const WRITTEN = `add table ip kube-proxy { comment "rules for kube-proxy" ; }
add map ip kube-proxy service-ips { type ipv4_addr . inet_proto . inet_service : verdict ; comment "ClusterIP, ExternalIP and LoadBalancer IP traffic" ; }
add set ip kube-proxy cluster-ips { type ipv4_addr ; comment "Active ClusterIPs" ; }
add chain ip kube-proxy services
add chain ip kube-proxy masquerading
add chain ip kube-proxy reject-chain { comment "helper for @no-endpoint-services / @no-endpoint-nodeports" ; }
add chain ip kube-proxy service-a
add chain ip kube-proxy filter-prerouting-pre-dnat { type filter hook prerouting priority -110 ; }
add chain ip kube-proxy nat-output { type nat hook output priority -100 ; }
add set ip kube-proxy affinity-x { type ipv4_addr ; flags dynamic,timeout ; timeout 10800s ; }
add rule ip kube-proxy reject-chain reject
add rule ip kube-proxy nat-output jump services
add rule ip kube-proxy services ip daddr @cluster-ips ip saddr != 10.0.0.0/8 mark set mark or 0x4000 comment "masquerade"
add rule ip kube-proxy services ip daddr . meta l4proto . th dport vmap @service-ips
add rule ip kube-proxy services ip daddr { 172.30.0.0/16 } drop
add rule ip kube-proxy services ip saddr != { 192.168.0.0/24 , 203.0.113.0/25 , 1.2.3.4 , 5.6.7.8 } drop
add rule ip kube-proxy masquerading mark and 0x4000 != 0 mark set mark xor 0x4000 masquerade fully-random
add rule ip kube-proxy service-a meta l4proto tcp dnat ip addr . port to numgen random mod 2 map { 0 : 10.180.0.1 . 80 , 1 : 10.180.0.2 . 80 }
add rule ip kube-proxy service-a update @affinity-x { ip saddr }
add element ip kube-proxy service-ips { 172.30.0.41 . tcp . 80 : goto service-a }
add element ip kube-proxy service-ips { 10.30.0.41 . tcp . 80 : goto service-a }
add element ip kube-proxy service-ips { 10.30.0.41 . udp . 80 : goto service-a }
add element ip kube-proxy service-ips { 10.30.0.41 . tcp . 443 : goto service-a }
add element ip kube-proxy service-ips { 10.96.0.1 . tcp . 444 comment "ns/x:p" : drop }
add element ip kube-proxy cluster-ips { 10.0.0.1, 10.0.0.2, 9.0.0.3, 200.1.1.1, 172.16.0.1 }`

const LISTED = `table ip kube-proxy { # handle 1
	comment "rules for kube-proxy"
	map service-ips { # handle 1
		type ipv4_addr . inet_proto . inet_service : verdict
		comment "ClusterIP, ExternalIP and LoadBalancer IP traffic"
		elements = { 10.30.0.41 . tcp . 80 : goto service-a,
			     172.30.0.41 . tcp . 80 : goto service-a,
			     10.30.0.41 . udp . 80 : goto service-a,
			     10.30.0.41 . tcp . 443 : goto service-a,
			     10.96.0.1 . tcp . 444 comment "ns/x:p" : drop }
	}

	set cluster-ips { # handle 2
		type ipv4_addr
		comment "Active ClusterIPs"
		elements = { 9.0.0.3, 10.0.0.1,
			     10.0.0.2, 172.16.0.1,
			     200.1.1.1 }
	}

	set affinity-x { # handle 9
		type ipv4_addr
		size 65535
		flags dynamic,timeout
		timeout 3h
	}

	chain services { # handle 3
		ip daddr @cluster-ips ip saddr != 10.0.0.0/8 meta mark set meta mark | 0x00004000 comment "masquerade" # handle 12
		ip daddr . meta l4proto . th dport vmap @service-ips # handle 13
		ip daddr 172.30.0.0/16 drop # handle 14
		ip saddr != { 1.2.3.4, 5.6.7.8, 192.168.0.0/24, 203.0.113.0/25 } drop # handle 16
	}

	chain masquerading { # handle 4
		meta mark & 0x00004000 != 0x00000000 meta mark set meta mark ^ 0x00004000 masquerade fully-random # handle 17
	}

	chain reject-chain { # handle 5
		comment "helper for @no-endpoint-services / @no-endpoint-nodeports"
		reject # handle 10
	}

	chain service-a { # handle 6
		meta l4proto tcp dnat ip to numgen random mod 2 map { 0 : 10.180.0.1 . 80, 1 : 10.180.0.2 . 80 } # handle 19
		update @affinity-x { ip saddr } # handle 20
	}

	chain filter-prerouting-pre-dnat { # handle 7
		type filter hook prerouting priority dstnat - 10; policy accept;
	}

	chain nat-output { # handle 8
		type nat hook output priority -100; policy accept;
		jump services # handle 11
	}
}
`

describe('nft list', () => {
  test.each([false, true])('what kube-proxy writes, byte for byte (trusted %s)', (trusted) => {
    const ruleset = new NftRuleset()
    expect(ruleset.apply(WRITTEN.split('\n'), { trusted }).error).toBeUndefined()
    expect(ruleset.list({ handles: true })).toBe(LISTED)
  })

  test('a listing that is loaded lists itself', () => {
    const ruleset = new NftRuleset()
    expect(ruleset.apply(LISTED.split('\n')).error).toBeUndefined()
    expect(ruleset.list({ handles: true })).toBe(LISTED)
  })

  test('a rule as it is written, and as it is listed', () => {
    const cases: [family: string, written: string, listed: string][] = [
      ['inet', 'tcp flags & (fin|syn|rst|ack) == syn accept', 'tcp flags syn / fin,syn,rst,ack accept'],
      ['inet', 'ct state != established,related drop', 'ct state != established | related drop'],
      ['inet', 'meta l4proto tcp tcp dport 80 accept', 'tcp dport 80 accept'],
      ['inet', 'reject with tcp reset', 'meta l4proto tcp reject with tcp reset'],
      ['ip', 'tcp dport { ssh, https } accept', 'tcp dport { 22, 443 } accept'],
      ['ip', 'ip saddr & 255.255.255.0 == 10.1.1.0 accept', 'ip saddr 10.1.1.0/24 accept'],
      ['ip', 'meta mark set (meta mark & 0xff) | 0x100', 'meta mark set meta mark & 0x000001ff | 0x00000100'],
      ['ip', 'log level debug prefix "y: "', 'log prefix "y: " level debug'],
      ['ip', 'limit rate 10/minute burst 20 packets drop', 'limit rate 10/minute burst 20 packets drop'],
      ['ip', 'ip dscp 0x08 fib daddr type local accept', 'ip dscp cs1 fib daddr type local accept'],
    ]
    for (const [family, written, listed] of cases) {
      const ruleset = new NftRuleset()
      const { error } = ruleset.apply([
        `add table ${family} t`,
        `add chain ${family} t c`,
        `add rule ${family} t c ${written}`,
      ])
      expect(error).toBeUndefined()
      expect(ruleset.list().split('\n')[2]!.trim()).toBe(listed)
    }
  })
})

describe('a pasted ruleset', () => {
  const WHOLE = `root@worker-1:~# nft -a list ruleset
> \`\`\`
# Warning: table ip nat is managed by iptables-nft, do not touch!
table ip shop { # handle 7
        map svc { # handle 1
                type ipv4_addr . inet_proto . inet_service : verdict
                elements = { 10.96.5.5 . tcp . 80 : goto web,
                             10.96.5.6 . tcp . 80 : drop }
        }
        chain pre { # handle 2
                type nat hook prerouting priority dstnat; policy accept;
                ip daddr . meta l4proto . th dport vmap @svc # handle 4
        }
        chain web { # handle 3
                meta l4proto tcp dnat ip to numgen random mod 3 map { 0 : 10.244.1.5 .
 8080, 1 : 10.244.1.6 . 8080, 2 : 10.244.2.7 . 8080 } # handle 5
        }
        chain guard {
                type filter hook forward priority filter; policy drop;
                ct state established,related accept
                iifname "cni0" counter packets 3 bytes 180 accept
                frobnicate the packet
        }
}
\`\`\``
  const dump = parseDump(WHOLE)
  const to = (dst: string, dport = 80) =>
    tracePacket(dump, { proto: 'tcp', src: '10.244.1.9', dst, sport: 40_000, dport }, { nodeIps: [], inDev: 'cni0' })

  test('is found among what stands around it; wrapped lines are joined, and what cannot be read is named', () => {
    expect(dump.ruleCount).toBe(4)
    expect(dump.problems.map((p) => [p.line, p.severity])).toEqual([
      [3, 'note'],
      [16, 'note'],
      [22, 'warning'],
    ])
  })

  test('every backend that a random number may choose is a way of its own', () => {
    const result = to('10.96.5.5')
    expect(result.backends).toEqual(['10.244.1.5:8080', '10.244.1.6:8080', '10.244.2.7:8080'])
    expect(result.forks).toHaveLength(3)
    expect(result.steps.map((step) => `${step.chain} ${step.rule} ${step.found ?? ''}`.trim())).toEqual([
      'pre 1 10.96.5.5 . tcp . 80 : goto web',
      'web 1 0 : 10.244.1.5 . 8080',
      'guard 1',
      'guard 2',
    ])
  })

  test('a drop of a map is final, and a policy counts', () => {
    expect(to('10.96.5.6').verdict).toBe('DROP')
    const other = tracePacket(
      dump,
      { proto: 'tcp', src: '10.9.9.9', dst: '10.8.8.8', sport: 1, dport: 1 },
      { nodeIps: [], inDev: 'eth0' },
    )
    expect(other.verdict).toBe('DROP')
  })

  test('an interface that nobody named is asked about', () => {
    const open = tracePacket(
      dump,
      { proto: 'tcp', src: '10.9.9.9', dst: '10.8.8.8', sport: 1, dport: 1 },
      { nodeIps: [] },
    )
    expect(open.forks?.map((fork) => [fork.choices[0]?.question, fork.verdict])).toEqual([
      ['is the in interface cni0?', 'DROP'],
      ['is the in interface cni0?', 'ACCEPT'],
    ])
  })

  const FOLDER = '/work/shared/corpus/rules'
  const names = existsSync(FOLDER) ? readdirSync(FOLDER).filter((name) => name.includes('nft-kube-proxy')) : []
  test.skipIf(names.length === 0)('a listing from somewhere else', () => {
    const found = parseDump(readFileSync(`${FOLDER}/${names[0]}`, 'utf8'))
    expect(found.problems.filter((p) => p.severity === 'error')).toEqual([])
    expect(found.ruleCount).toBe(5)
  })
})
