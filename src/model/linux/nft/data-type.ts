/**
 * The types of nft values: how each is read and printed, and the bytes by which a listing sorts it.
 * nftables src/datatype.c, src/meta.c, src/ct.c, src/fib.c, src/proto.c.
 */
import { formatIp4, formatIp6, type Ip, parseIp } from '../netfilter/address.ts'
import { PROTOCOLS } from '../netfilter/rule.ts'

/** Numbers up to 32 bits and IPv4 addresses as unsigned numbers, longer ones as bigint, names as text. */
export type Value = number | bigint | string

export interface DataType {
  readonly name: string
  readonly bytes: number
  /** Flags that can be joined with commas. */
  readonly bitmask?: boolean
  /** Numbers of the host's own byte order (marks, interface numbers). */
  readonly hostOrder?: boolean
  parse(text: string): Value | undefined
  print(value: Value): string
}

export function ipValue(ip: Ip): Value {
  if (ip.family === 4) return ip.words[0]! >>> 0
  let value = 0n
  for (const word of ip.words) value = (value << 32n) | BigInt(word >>> 0)
  return value
}

export function ipText(value: Value, family: 4 | 6): string {
  if (family === 4) return formatIp4(Number(value) | 0)
  const big = BigInt(value)
  return formatIp6([96n, 64n, 32n, 0n].map((shift) => Number((big >> shift) & 0xffffffffn) | 0))
}

function address(name: string, family: 4 | 6): DataType {
  return {
    name,
    bytes: family === 4 ? 4 : 16,
    parse: (text) => {
      const plain = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text
      const ip = parseIp(plain)
      return ip?.family === family ? ipValue(ip) : undefined
    },
    print: (value) => ipText(value, family),
  }
}

const whole = (text: string): number | undefined =>
  /^(?:0x[0-9a-fA-F]{1,8}|\d{1,10})$/.test(text) && Number(text) <= 0xffffffff ? Number(text) : undefined

/** Names first, then numbers. `also`: names that are read and not printed. */
function named(
  name: string,
  bytes: number,
  names: Readonly<Record<string, number>>,
  more: { bitmask?: boolean; hostOrder?: boolean; hex?: boolean; also?: Readonly<Record<string, number>> } = {},
): DataType {
  const byNumber = new Map<number, string>()
  for (const [text, number] of Object.entries(names)) if (!byNumber.has(number)) byNumber.set(number, text)
  const unknown = (n: number): string => (more.hex ? `0x${n.toString(16).padStart(bytes * 2, '0')}` : String(n))
  return {
    name,
    bytes,
    ...(more.bitmask ? { bitmask: true } : {}),
    ...(more.hostOrder ? { hostOrder: true } : {}),
    parse: (text) =>
      Object.hasOwn(names, text)
        ? names[text]
        : more.also && Object.hasOwn(more.also, text)
          ? more.also[text]
          : whole(text),
    print: (value) => {
      const n = Number(value)
      const exact = byNumber.get(n)
      if (exact !== undefined) return exact
      if (!more.bitmask || n === 0) return unknown(n)
      const parts: string[] = []
      let rest = n
      for (const [bit, text] of byNumber) {
        if (bit === 0 || (rest & bit) !== bit) continue
        parts.push(text)
        rest &= ~bit
      }
      if (rest !== 0) parts.push(unknown(rest >>> 0))
      return parts.join(',')
    },
  }
}

const number = (name: string, bytes: number, hostOrder = false): DataType => named(name, bytes, {}, { hostOrder })

const text = (name: string, bytes: number): DataType => ({
  name,
  bytes,
  hostOrder: true,
  parse: (word) => word,
  print: (value) => `"${value}"`,
})

const mark: DataType = {
  name: 'mark',
  bytes: 4,
  hostOrder: true,
  parse: whole,
  print: (value) => `0x${Number(value).toString(16).padStart(8, '0')}`,
}

const ether: DataType = {
  name: 'ether_addr',
  bytes: 6,
  parse: (word) =>
    /^[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5}$/.test(word)
      ? BigInt(
          `0x${word
            .split(':')
            .map((part) => part.padStart(2, '0'))
            .join('')}`,
        )
      : undefined,
  print: (value) =>
    BigInt(value)
      .toString(16)
      .padStart(12, '0')
      .replace(/..(?!$)/g, '$&:'),
}

const UNITS: Readonly<Record<string, number>> = { w: 604_800, d: 86_400, h: 3_600, m: 60, s: 1, ms: 0.001 }

/** `1d2h3m4s500ms` or seconds. */
export function parseTime(word: string): number | undefined {
  if (/^\d+$/.test(word)) return Number(word)
  if (!/^(?:\d+(?:w|d|h|ms|m|s))+$/.test(word)) return undefined
  let seconds = 0
  for (const [, n, unit] of word.matchAll(/(\d+)(ms|w|d|h|m|s)/g)) seconds += Number(n) * UNITS[unit!]!
  return seconds
}

/** datatype.c time_print. */
export function printTime(seconds: number): string {
  const ms = Math.round(seconds * 1000)
  let rest = Math.floor(ms / 1000)
  let out = ''
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const n = Math.floor(rest / size)
    rest -= n * size
    if (n > 0) out += `${n}${unit}`
  }
  if (ms % 1000 > 0) out += `${ms % 1000}ms`
  return out === '' ? '0s' : out
}

const PROTO_NAMES: Readonly<Record<string, number>> = {
  tcp: 6,
  udp: 17,
  udplite: 136,
  esp: 50,
  ah: 51,
  icmp: 1,
  'ipv6-icmp': 58,
  comp: 108,
  dccp: 33,
  sctp: 132,
  igmp: 2,
  gre: 47,
}

export const CT_STATES = { invalid: 1, established: 2, related: 4, new: 8, untracked: 64 } as const
export const CT_STATUS = {
  expected: 1,
  'seen-reply': 2,
  assured: 4,
  confirmed: 8,
  snat: 16,
  dnat: 32,
  dying: 512,
} as const
export const TCP_FLAG_BITS = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ecn: 64, cwr: 128 } as const
/** linux include/uapi/linux/rtnetlink.h RTN_*, as `fib ... type` gives them. */
export const ADDRESS_TYPES = {
  unspec: 0,
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
} as const
const ICMP_TYPES = {
  'echo-reply': 0,
  'destination-unreachable': 3,
  'source-quench': 4,
  redirect: 5,
  'echo-request': 8,
  'router-advertisement': 9,
  'router-solicitation': 10,
  'time-exceeded': 11,
  'parameter-problem': 12,
  'timestamp-request': 13,
  'timestamp-reply': 14,
  'info-request': 15,
  'info-reply': 16,
  'address-mask-request': 17,
  'address-mask-reply': 18,
}
const ICMP6_TYPES = {
  'destination-unreachable': 1,
  'packet-too-big': 2,
  'time-exceeded': 3,
  'parameter-problem': 4,
  'echo-request': 128,
  'echo-reply': 129,
  'mld-listener-query': 130,
  'mld-listener-report': 131,
  'mld-listener-done': 132,
  'nd-router-solicit': 133,
  'nd-router-advert': 134,
  'nd-neighbor-solicit': 135,
  'nd-neighbor-advert': 136,
  'nd-redirect': 137,
  'mld2-listener-report': 143,
}

const DSCP: Readonly<Record<string, number>> = {
  cs0: 0,
  cs1: 8,
  cs2: 16,
  cs3: 24,
  cs4: 32,
  cs5: 40,
  cs6: 48,
  cs7: 56,
  df: 0,
  be: 0,
  lephb: 1,
  af11: 10,
  af12: 12,
  af13: 14,
  af21: 18,
  af22: 20,
  af23: 22,
  af31: 26,
  af32: 28,
  af33: 30,
  af41: 34,
  af42: 36,
  af43: 38,
  va: 44,
  ef: 46,
}

const all: readonly DataType[] = [
  address('ipv4_addr', 4),
  address('ipv6_addr', 6),
  ether,
  named('inet_proto', 1, PROTO_NAMES, { also: { ...PROTOCOLS, icmpv6: 58 } }),
  named('inet_service', 2, {}, { also: { ssh: 22, domain: 53, http: 80, https: 443, ntp: 123, smtp: 25, dns: 53 } }),
  mark,
  text('ifname', 16),
  text('iface_index', 4),
  text('string', 16),
  /** Of `fib ... oif`: a device, or whether there is one. */
  {
    ...text('fib_oif', 4),
    print: (value) => (/^(?:missing|exists|\d+)$/.test(String(value)) ? String(value) : `"${value}"`),
  },
  { ...text('classid', 4), print: String },
  named('dscp', 1, DSCP, { hex: true }),
  number('integer', 4, true),
  named('gid', 4, {}, { hostOrder: true, also: { root: 0 } }),
  named('uid', 4, {}, { hostOrder: true, also: { root: 0 } }),
  named('nf_proto', 1, { ipv4: 2, ipv6: 10 }),
  named('ether_type', 2, { ip: 0x800, arp: 0x806, ip6: 0x86dd, vlan: 0x8100 }, { also: { ipv4: 0x800, ipv6: 0x86dd } }),
  named('ct_state', 4, CT_STATES, { bitmask: true, hostOrder: true, hex: true }),
  named('ct_status', 4, CT_STATUS, { bitmask: true, hostOrder: true, hex: true }),
  named('ct_dir', 1, { original: 0, reply: 1 }),
  number('ct_id', 4),
  named('tcp_flag', 1, TCP_FLAG_BITS, { bitmask: true, hex: true }),
  named('pkt_type', 1, { host: 0, broadcast: 1, multicast: 2, other: 3 }, { also: { unicast: 0 } }),
  named('fib_addrtype', 4, ADDRESS_TYPES, { hostOrder: true }),
  named('icmp_type', 1, ICMP_TYPES),
  named('icmpv6_type', 1, ICMP6_TYPES),
  named('icmp_code', 1, {
    'net-unreachable': 0,
    'host-unreachable': 1,
    'prot-unreachable': 2,
    'port-unreachable': 3,
    'frag-needed': 4,
    'net-prohibited': 9,
    'host-prohibited': 10,
    'admin-prohibited': 13,
  }),
  named('icmpv6_code', 1, { 'no-route': 0, 'admin-prohibited': 1, 'addr-unreachable': 3, 'port-unreachable': 4 }),
  named('boolean', 1, { missing: 0, exists: 1 }, { also: { false: 0, true: 1 } }),
  {
    name: 'time',
    bytes: 4,
    hostOrder: true,
    parse: parseTime,
    print: (value) => printTime(Number(value)),
  },
]

const byName = new Map(all.map((type) => [type.name, type]))

export function dataType(name: string): DataType | undefined {
  return byName.get(name)
}

/** What nft cannot type (`typeof` of something that is not modelled) is kept as text. */
export function typeNamed(name: string): DataType {
  return byName.get(name) ?? byName.get('string')!
}

/** `10.0.0.1 . tcp . 80` */
export function joinKey(types: readonly DataType[], values: readonly Value[]): string {
  let out = types[0]!.print(values[0]!)
  for (let i = 1; i < types.length; i++) out += ` . ${types[i]!.print(values[i]!)}`
  return out
}

/** How many numbers `bits` bits hold, up to 32. */
export const spanOf = (bits: number): number => (bits >= 32 ? 4_294_967_296 : (1 << bits) >>> 0)
