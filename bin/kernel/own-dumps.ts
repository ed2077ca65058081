/** Rules of our own that use what real dumps use seldom: each of their matches and targets is met by some packet. */
export const OWN_DUMPS: Readonly<Record<string, string>> = {
  'own: headers': `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:A - [0:0]
:B - [0:0]
:C - [0:0]
-A INPUT -j A
-A FORWARD -g A
-A FORWARD -m comment --comment unreachable -j DROP
-A OUTPUT -j A
-A OUTPUT -d 192.0.2.0/24 -j REJECT --reject-with icmp-admin-prohibited
-A A -m iprange --src-range 203.0.113.70-203.0.113.80 --dst-range 192.0.2.1-192.0.2.50 -j B
-A A -m iprange ! --src-range 203.0.113.0-203.0.113.76 -m pkttype --pkt-type unicast
-A A -p tcp -m multiport ! --dports 80,443,1000:2000 -g C
-A A -p udp -m multiport --ports 53,19000:19999 -m udp ! --dport 53
-A A -p tcp -m tcp ! --sport 22 --tcp-flags FIN,SYN,RST,ACK SYN -j B
-A A ! -p tcp -m pkttype ! --pkt-type multicast -j C
-A A -i eth+ ! -s 10.0.0.0/8 -j RETURN
-A A -j DROP
-A B -d 192.0.2.44/32 -p tcp -m tcp --dport 80:443 -j REJECT --reject-with tcp-reset
-A B ! -i docker0 -m mark --mark 0x0/0xff
-A B -m conntrack ! --ctstate ESTABLISHED,RELATED --ctproto 6 -j RETURN
-A B -j ACCEPT
-A C -m conntrack --ctstate NEW --ctorigdst 198.51.100.2 --ctdir ORIGINAL -j ACCEPT
-A C -m addrtype ! --dst-type LOCAL --src-type UNICAST -j LOG --log-prefix "not here: "
-A C -p udp -m udp --dport 53 -j DROP
-A C -m limit --limit 1000/sec --limit-burst 1000 -j RETURN
-A C -m comment --comment unreachable -j DROP
COMMIT
`,
  'own: marks, notrack, goto': `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 4789 -j CT --notrack
-A OUTPUT -p udp -m udp --dport 4789 -j NOTRACK
-A PREROUTING -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x10/0xf0
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:M - [0:0]
-A PREROUTING -j M
-A PREROUTING -m mark --mark 0x12/0xff -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff
-A OUTPUT -j M
-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
-A POSTROUTING -p udp -m udp --dport 53 -j CHECKSUM --checksum-fill
-A POSTROUTING -m connmark --mark 0x12/0xff -j DSCP --set-dscp 0x0a
-A M -m mark --mark 0x10/0xf0 -j MARK --set-xmark 0x2/0x0
-A M -m conntrack --ctstate UNTRACKED -j RETURN
-A M -p udp -m udp --dport 443 -j MARK --set-xmark 0x0/0xffffffff
-A M -m mark ! --mark 0x0 -j MARK --set-xmark 0x100/0x100
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate UNTRACKED -j ACCEPT
-A FORWARD -s 192.168.9.0/24 -m connmark ! --mark 0x0 -j ACCEPT
-A FORWARD -m mark --mark 0x100/0x100 -j ACCEPT
-A INPUT -m conntrack ! --ctstate NEW -j DROP
-A INPUT -p tcp -m recent ! --rcheck --seconds 60 --name seen --mask 255.255.255.255 --rsource
-A INPUT -p tcp -m recent --set --name seen --mask 255.255.255.255 --rsource
-A INPUT -p tcp -m recent --rcheck --seconds 60 --hitcount 1 --name seen --mask 255.255.255.255 --rsource
-A INPUT -p tcp -m recent --update --seconds 60 --name seen --mask 255.255.255.255 --rsource
-A INPUT -p tcp -m recent ! --rcheck --name others --mask 255.255.255.255 --rdest -j ACCEPT
COMMIT
`,
  'own: every nat': `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:LB - [0:0]
:RANGE - [0:0]
-A PREROUTING -d 10.96.0.0/24 -j LB
-A PREROUTING -d 10.97.0.0/24 -j NETMAP --to 10.200.7.0/24
-A PREROUTING -p tcp -m tcp --dport 8080 -j REDIRECT --to-ports 9090
-A PREROUTING -d 198.51.100.2/32 -p tcp -m tcp --dport 30080 -j RANGE
-A INPUT -p tcp -m tcp --dport 9090 -j SNAT --to-source 198.51.100.99
-A OUTPUT -d 10.96.0.0/24 -j LB
-A OUTPUT -d 10.97.0.0/24 -j NETMAP --to 10.200.7.0/24
-A OUTPUT -d 127.0.0.1/32 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 15001
-A POSTROUTING -s 10.0.0.0/8 ! -d 10.0.0.0/8 -j MASQUERADE --random-fully
-A POSTROUTING -d 10.200.7.0/24 -j SNAT --to-source 198.51.100.10-198.51.100.12
-A POSTROUTING -s 203.0.113.77/32 -p tcp -j SNAT --to-source 198.51.100.20:2000-2999
-A LB -d 10.96.0.1/32 -p tcp -m statistic --mode random --probability 0.33333333349 -j DNAT --to-destination 10.200.1.5:8443
-A LB -d 10.96.0.1/32 -p tcp -m statistic --mode random --probability 0.50000000000 -j DNAT --to-destination 10.200.1.6:8443
-A LB -d 10.96.0.1/32 -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.200.1.7
-A LB -p udp -m statistic --mode nth --every 2 --packet 0 -j DNAT --to-destination :5353
-A RANGE -j DNAT --to-destination 10.200.1.20-10.200.1.23
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate DNAT -j ACCEPT
-A FORWARD -o docker0 -j DROP
-A FORWARD -m conntrack --ctorigdstport 30080 -j ACCEPT
COMMIT
`,
  'own: nft': `table inet edge {
	set blocked {
		type ipv4_addr
		flags interval
		elements = { 203.0.113.64/26 }
	}

	map marks {
		type inet_service : mark
		elements = { 80 : 0x00000010, 443 : 0x00000020 }
	}

	chain early {
		type filter hook prerouting priority raw; policy accept;
		udp dport 4789 notrack
		meta mark set tcp dport map @marks
	}

	chain first {
		type filter hook prerouting priority mangle; policy accept;
		meta mark & 0x000000f0 == 0x00000010 ct mark set 0x00000001
		ct state untracked counter accept
		iifname "cali*" meta mark set meta mark | 0x00000100
		fib daddr type local meta mark set meta mark | 0x00000200
	}

	chain input {
		type filter hook input priority filter; policy drop;
		ct state vmap { invalid : drop, established : accept, related : accept } comment "unreachable"
		meta l4proto { tcp, udp } th dport vmap { 22 : jump ssh, 53 : accept, 1000-2000 : goto range }
		ip saddr @blocked reject with icmp admin-prohibited
		meta l4proto tcp reject with tcp reset
		ct state untracked accept
	}

	chain forward {
		type filter hook forward priority filter; policy accept;
		ct status dnat accept
		ip saddr . tcp dport { 10.9.0.1 . 80, 10.9.0.1 . 443 } drop
		oifname "docker0" meta mark & 0x00000100 == 0x00000000 drop
		ip daddr 192.0.2.0-192.0.2.60 ip daddr != 192.0.2.44 drop
		iifname != "eth0" jump ssh
	}

	chain forward-late {
		type filter hook forward priority filter + 10; policy accept;
		meta l4proto udp ip saddr @blocked drop
	}

	chain ssh {
		tcp flags & (fin | syn | rst | ack) == syn ip saddr 198.51.100.0/24 return
		ip saddr != @blocked accept
	}

	chain range {
		tcp sport >= 1024 meta mark & 0x00000200 != 0x00000000 drop
		udp sport >= 1024 drop
		th sport 1-1023 drop comment "unreachable"
	}

	chain output {
		type filter hook output priority filter; policy accept;
		oifname "lo" accept
		ip daddr 192.0.2.44 tcp dport != { 80, 443 } reject with icmp port-unreachable
		ct direction original udp dport 53 accept
	}
}
table ip lb {
	map services {
		type ipv4_addr . inet_proto . inet_service : verdict
		elements = { 10.96.0.1 . tcp . 443 : goto svc-a,
			     10.96.0.2 . udp . 53 : goto svc-b }
	}

	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept;
		ip daddr . meta l4proto . th dport vmap @services
		ip daddr 198.51.100.2 tcp dport 30080 dnat to 10.200.1.9:8080
		tcp dport 8081 redirect to :9090
	}

	chain before {
		type nat hook prerouting priority dstnat - 10; policy accept;
		ip daddr 10.96.0.9 dnat to 10.200.1.3
	}

	chain output {
		type nat hook output priority -100; policy accept;
		ip daddr . meta l4proto . th dport vmap @services
	}

	chain svc-a {
		ip saddr 10.9.0.0/16 meta mark set meta mark | 0x00004000
		numgen random mod 3 vmap { 0 : goto ep-1, 1 : goto ep-2, 2 : goto ep-3 }
	}

	chain svc-b {
		numgen inc mod 2 vmap { 0 : goto ep-1, 1 : goto ep-2 }
	}

	chain ep-1 {
		meta l4proto { tcp, udp } dnat to 10.200.1.5:8443
	}

	chain ep-2 {
		meta l4proto { tcp, udp } dnat to 10.200.1.6:8443
	}

	chain ep-3 {
		ip daddr 10.96.0.1 tcp dport 443 dnat to 10.200.1.7
	}

	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		meta mark & 0x00004000 == 0x00000000 return
		meta mark set meta mark ^ 0x00004000
		masquerade fully-random
	}
}
`,
}
