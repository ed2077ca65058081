/** Header fields and keys by which nft selects, and their types. nftables src/proto.c, src/meta.c, src/ct.c. */
import { type DataType, typeNamed } from './data-type.ts'

const ports = { sport: 'inet_service', dport: 'inet_service' }

/** Protocol -> field -> type. */
export const PAYLOAD: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ip: {
    saddr: 'ipv4_addr',
    daddr: 'ipv4_addr',
    protocol: 'inet_proto',
    version: 'integer',
    hdrlength: 'integer',
    dscp: 'dscp',
    ecn: 'integer',
    length: 'integer',
    id: 'integer',
    'frag-off': 'integer',
    ttl: 'integer',
    checksum: 'integer',
  },
  ip6: {
    saddr: 'ipv6_addr',
    daddr: 'ipv6_addr',
    nexthdr: 'inet_proto',
    version: 'integer',
    dscp: 'dscp',
    flowlabel: 'integer',
    length: 'integer',
    hoplimit: 'integer',
  },
  tcp: { ...ports, flags: 'tcp_flag', sequence: 'integer', ackseq: 'integer', window: 'integer', doff: 'integer' },
  udp: { ...ports, length: 'integer', checksum: 'integer' },
  udplite: { ...ports, checksum: 'integer' },
  sctp: { ...ports, vtag: 'integer', checksum: 'integer' },
  dccp: { ...ports, type: 'integer' },
  th: ports,
  icmp: { type: 'icmp_type', code: 'icmp_code', id: 'integer', sequence: 'integer', mtu: 'integer' },
  icmpv6: { type: 'icmpv6_type', code: 'icmpv6_code', id: 'integer', sequence: 'integer', mtu: 'integer' },
  ether: { saddr: 'ether_addr', daddr: 'ether_addr', type: 'ether_type' },
  esp: { spi: 'integer', sequence: 'integer' },
  ah: { spi: 'integer', sequence: 'integer', nexthdr: 'inet_proto' },
}

export const L4_NUMBER: Readonly<Record<string, number>> = {
  tcp: 6,
  udp: 17,
  udplite: 136,
  sctp: 132,
  dccp: 33,
  icmp: 1,
  icmpv6: 58,
  esp: 50,
  ah: 51,
}

/** Key -> type. */
export const META: Readonly<Record<string, string>> = {
  length: 'integer',
  protocol: 'ether_type',
  priority: 'classid',
  random: 'integer',
  mark: 'mark',
  iif: 'iface_index',
  iifname: 'ifname',
  iiftype: 'integer',
  oif: 'iface_index',
  oifname: 'ifname',
  oiftype: 'integer',
  skuid: 'uid',
  skgid: 'gid',
  nftrace: 'integer',
  rtclassid: 'integer',
  ibrname: 'ifname',
  obrname: 'ifname',
  pkttype: 'pkt_type',
  cpu: 'integer',
  iifgroup: 'integer',
  oifgroup: 'integer',
  cgroup: 'integer',
  nfproto: 'nf_proto',
  l4proto: 'inet_proto',
  secpath: 'boolean',
  time: 'string',
  day: 'string',
  hour: 'string',
  iifkind: 'ifname',
  oifkind: 'ifname',
}
/** Keys that nft prints without `meta` in front (meta.c, meta_key_is_unqualified). */
export const UNQUALIFIED: ReadonlySet<string> = new Set([
  'iif',
  'iifname',
  'iiftype',
  'oif',
  'oifname',
  'oiftype',
  'iifgroup',
  'oifgroup',
])
/** Keys that may be written without `meta`. */
export const BARE_META: ReadonlySet<string> = new Set([
  ...UNQUALIFIED,
  'mark',
  'skuid',
  'skgid',
  'nftrace',
  'rtclassid',
  'ibriport',
  'obriport',
  'pkttype',
  'cpu',
  'cgroup',
])

export const CT: Readonly<Record<string, string>> = {
  state: 'ct_state',
  direction: 'ct_dir',
  status: 'ct_status',
  mark: 'mark',
  expiration: 'time',
  helper: 'string',
  label: 'string',
  l3proto: 'nf_proto',
  protocol: 'inet_proto',
  saddr: 'ipv4_addr',
  daddr: 'ipv4_addr',
  'proto-src': 'inet_service',
  'proto-dst': 'inet_service',
  bytes: 'integer',
  packets: 'integer',
  avgpkt: 'integer',
  zone: 'integer',
  id: 'ct_id',
  count: 'integer',
}

export const typeOfPayload = (proto: string, field: string): DataType | undefined => {
  const type = PAYLOAD[proto]?.[field]
  return type === undefined ? undefined : typeNamed(type)
}
