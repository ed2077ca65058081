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
}
