/** Packets to try on a dump: to the addresses and ports that its rules speak of, from all sides. */
import { addressesIn, type Dice, dice } from './dice.ts'
import { parseCidr } from '../../src/model/linux/netfilter/address.ts'
import type { Dump } from '../../src/model/linux/netfilter/parse-dump.ts'
import type { Rule } from '../../src/model/linux/netfilter/rule.ts'
import { loadedRule, type MapRules } from '../../src/model/linux/netfilter/ruleset.ts'

export interface DumpPacket {
  readonly proto: 'tcp' | 'udp'
  readonly src: string
  readonly dst: string
  readonly dport: number
  /** undefined: the node itself sends it. */
  readonly inDev: string | undefined
}

/** The node of every dump. */
export const NODE_IP = '198.51.100.2'
const OUTSIDE = '203.0.113.77'

export interface DumpNet {
  /** Interfaces of the node, `eth0` first: what the rules name. */
  readonly interfaces: readonly string[]
  /** The network behind an interface; behind `eth0` is everything else. */
  readonly behind: Readonly<Record<string, string>>
}

const everyRule = (rules: MapRules): Rule[] =>
  rules.tables().flatMap((table) => rules.chains(table).flatMap((chain) => chain.rules.map((line) => loadedRule(line))))

/** The interfaces that the rules name; of a family (`cali+`) one. */
export function netOf({ rules, nft }: Dump): DumpNet {
  const names = new Set<string>(['eth0'])
  for (const [, name] of (nft?.list() ?? '').matchAll(/[io]ifname (?:!= )?"([^"]+)"/g)) {
    const one = name!.replace(/\*$/, 'x0')
    if (one !== 'lo' && one.length <= 15 && names.size < 8) names.add(one)
  }
  for (const rule of everyRule(rules))
    for (const match of [rule.inDev, rule.outDev]) {
      const name = match?.name.replace(/\+$/, 'x0')
      if (name && name !== 'lo' && name.length <= 15 && names.size < 8) names.add(name)
    }
  const interfaces = [...names]
  return {
    interfaces,
    behind: Object.fromEntries(interfaces.slice(1).map((name, k) => [name, `10.200.${k + 1}.0/24`])),
  }
}

export function packetsFor(dump: Dump, net: DumpNet, seed: number, count: number): DumpPacket[] {
  const roll = dice(seed, 'dump')
  const all = everyRule(dump.rules)
  const sources = all.flatMap((rule) =>
    rule.src && rule.src.cidr.family === 4 ? addressesIn(rule.src.cidr, roll) : [],
  )
  const aims = all.flatMap((rule) => aimsOf(rule, roll))
  if (dump.nft) {
    const lines = dump.nft.list().split('\n')
    sources.push(...lines.flatMap((line) => addressesOf(line, /saddr/, roll)))
    aims.push(...lines.flatMap((line) => nftAims(line, roll)))
  }
  const order = [...aims]
  for (let i = order.length - 1; i > 0; i--) {
    const other = roll.below(i + 1)
    ;[order[i], order[other]] = [order[other]!, order[i]!]
  }
  let next = 0
  const out: DumpPacket[] = []
  const seen = new Set<string>()
  for (let i = 0; i < count * 4 && out.length < count; i++) {
    // each of them in turn, and again from elsewhere
    const aim = aims.length > 0 && roll.chance(80) ? order[next++ % order.length]! : freeAim(net, roll)
    const local = roll.chance(25)
    const inDev = local ? undefined : roll.pick(net.interfaces)
    const src = local ? NODE_IP : sources.length > 0 && roll.chance(65) ? roll.pick(sources) : OUTSIDE
    const packet: DumpPacket = { ...aim, src, inDev }
    const key = JSON.stringify(packet)
    if (!usable(src) || !usable(packet.dst) || src === packet.dst || seen.has(key)) continue
    // what arrives does not come from the node, and not for its loopback
    if (!local && (src === NODE_IP || packet.dst.startsWith('127.'))) continue
    seen.add(key)
    out.push(packet)
  }
  return out
}

function usable(ip: string): boolean {
  const first = Number(ip.split('.')[0])
  return first > 0 && first < 224 && !ip.endsWith('.255') && !(first === 127 && ip !== '127.0.0.1')
}

function aimsOf(rule: Rule, roll: Dice): Omit<DumpPacket, 'src' | 'inDev'>[] {
  const ports: number[] = []
  for (const match of rule.matches) {
    if (match.kind === 'ports' && match.dport) ports.push(match.dport.from, match.dport.to)
    if (match.kind === 'multiport') for (const port of match.ports) ports.push(port.from, port.to)
  }
  if (rule.target?.kind === 'DNAT' && rule.target.to.ports) ports.push(rule.target.to.ports.from)
  if (ports.length === 0 && !rule.dst) return []
  const name = rule.proto?.name
  const protos: ('tcp' | 'udp')[] = name === 'udp' ? ['udp'] : name === 'tcp' ? ['tcp'] : ['tcp', 'udp']
  const addresses = rule.dst && rule.dst.cidr.family === 4 ? addressesIn(rule.dst.cidr, roll) : [NODE_IP, '127.0.0.1']
  return addresses.flatMap((dst) =>
    protos.flatMap((proto) =>
      (ports.length > 0 ? [...new Set(ports)] : [80]).map((dport) => ({ proto, dst, dport: Math.max(1, dport) })),
    ),
  )
}

const ADDRESS = /\b(?:\d{1,3}\.){3}\d{1,3}(?:\/\d{1,2})?\b/g

function addressesOf(line: string, only: RegExp, roll: Dice): string[] {
  if (!only.test(line)) return []
  return [...line.matchAll(ADDRESS)].flatMap(([text]) => {
    const cidr = parseCidr(text)
    return cidr ? addressesIn(cidr, roll) : []
  })
}

/** What a line of `nft list` speaks of: every address with every port. */
function nftAims(line: string, roll: Dice): Omit<DumpPacket, 'src' | 'inDev'>[] {
  const ports = [...line.matchAll(/(?:dport (?:!= )?|(?:tcp|udp) \. |[{,] ?|-)(\d{1,5})(?=[\s,}:-]|$)/g)]
    .map(([, port]) => Number(port))
    .filter((port) => port > 0 && port < 65_536)
  const addresses = addressesOf(line, /daddr|:|elements|^\s+\d/, roll)
  if (ports.length === 0 && addresses.length === 0) return []
  const protos: ('tcp' | 'udp')[] = /\budp\b/.test(line) ? ['udp'] : /\btcp\b/.test(line) ? ['tcp'] : ['tcp', 'udp']
  return (addresses.length > 0 ? addresses : [NODE_IP, '192.0.2.44']).flatMap((dst) =>
    protos.flatMap((proto) => (ports.length > 0 ? ports : [80]).map((dport) => ({ proto, dst, dport }))),
  )
}

/** Somewhere that no rule names. */
function freeAim(net: DumpNet, roll: Dice): Omit<DumpPacket, 'src' | 'inDev'> {
  const networks = Object.values(net.behind).map((cidr) => cidr.replace('.0/24', '.5'))
  const dst = roll.pick(['192.0.2.44', NODE_IP, '127.0.0.1', ...networks])
  return { proto: roll.pick(['tcp', 'udp'] as const), dst, dport: roll.pick([80, 443, 53, 30_080, 4789, 8080]) }
}
