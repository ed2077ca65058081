/** Sets of addresses and ports, as `ipset save` prints them. linux net/netfilter/ipset/ip_set_*.c */
import { type Cidr, cidrContains, type Ip, parseCidr, parseIp } from './address.ts'

export interface IpSet {
  readonly name: string
  /** `hash:ip`, `hash:net,port`, `list:set`, ... */
  readonly type: string
  /** `10.0.0.1`, `10.0.0.0/8`, `10.0.0.1,tcp:80`; behind `nomatch` an exception. */
  readonly entries: readonly { readonly parts: readonly string[]; readonly except: boolean }[]
  /** Of a set of the lab: one look at a hash instead of one at every entry. */
  readonly find?: (packet: Headers, sides: readonly string[]) => boolean
}

/** `create NAME TYPE ...` and `add NAME ENTRY ...`; false: not a line of `ipset save`. */
export function readSetLine(sets: Map<string, IpSet>, line: string): boolean {
  const made = /^create (\S+) ((?:hash|bitmap|list):\S+)(?:\s|$)/.exec(line)
  if (made) {
    sets.set(made[1]!, { name: made[1]!, type: made[2]!, entries: [] })
    return true
  }
  const added = /^add (\S+) (\S+)(.*)$/.exec(line)
  const set = added && sets.get(added[1]!)
  if (!set) return false
  const entry = { parts: added[2]!.split(','), except: / nomatch\b/.test(added[3]!) }
  ;(set.entries as { parts: string[]; except: boolean }[]).push(entry)
  return true
}

export interface Headers {
  readonly src: Ip
  readonly dst: Ip
  readonly sport: number
  readonly dport: number
  readonly proto: number
}

/** undefined: it hangs on something that the packet does not show (an Ethernet address, an interface, a mark). */
export function inSet(
  set: IpSet,
  packet: Headers,
  sides: readonly string[],
  find: (name: string) => IpSet | undefined,
): boolean | undefined {
  if (set.find) return set.find(packet, sides)
  if (set.type === 'list:set') {
    let open = false
    for (const entry of set.entries) {
      const inner = find(entry.parts[0]!)
      const found = inner && inSet(inner, packet, sides, find)
      if (found) return true
      if (found === undefined) open = true
    }
    return open ? undefined : false
  }
  const kinds = set.type.slice(set.type.indexOf(':') + 1).split(',')
  if (kinds.some((kind) => kind !== 'ip' && kind !== 'net' && kind !== 'port')) return undefined
  let best = -1
  let found = false
  for (const entry of set.entries) {
    let width = 0
    const fits = kinds.every((kind, at) => {
      const side = sides[at] ?? sides[sides.length - 1]
      const part = entry.parts[at] ?? ''
      if (kind === 'port') return portFits(part, packet, side === 'src' ? packet.sport : packet.dport, set.type)
      const cidr = addressFits(part, side === 'src' ? packet.src : packet.dst)
      width += cidr?.prefix ?? 0
      return cidr !== undefined
    })
    // the longest prefix decides, so that an exception may lie inside a larger net
    if (fits && width > best) {
      best = width
      found = !entry.except
    }
  }
  return found
}

function addressFits(part: string, ip: Ip): Cidr | undefined {
  const dash = part.indexOf('-')
  if (dash > 0) {
    const low = parseIp(part.slice(0, dash))
    const high = parseIp(part.slice(dash + 1))
    const word = ip.words[0]! >>> 0
    const inside =
      low?.family === 4 &&
      high?.family === 4 &&
      ip.family === 4 &&
      word >= low.words[0]! >>> 0 &&
      word <= high.words[0]! >>> 0
    return inside ? parseCidr(ip.text) : undefined
  }
  const cidr = parseCidr(part)
  return cidr && cidrContains(cidr, ip) ? cidr : undefined
}

const NUMBERS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132, udplite: 136, icmp: 1 }

/** `tcp:80`, `80` (tcp unless it is a bitmap), `udp:5000-5100`. */
function portFits(part: string, packet: Headers, port: number, type: string): boolean {
  const colon = part.indexOf(':')
  const proto = colon < 0 ? (type.startsWith('bitmap') ? undefined : 'tcp') : part.slice(0, colon)
  if (proto !== undefined && NUMBERS[proto] !== packet.proto) return false
  const [low, high] = part
    .slice(colon + 1)
    .split('-')
    .map(Number)
  return port >= low! && port <= (high ?? low!)
}
