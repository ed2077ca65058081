/** The sets of a machine for `-m set`: one look at a hash, whatever their size. */
import type { ModelReader } from '../../tables.ts'
import { type Cidr, cidrContains, parseCidr } from '../netfilter/address.ts'
import type { Headers, IpSet } from '../netfilter/ip-set.ts'
import { type IpsetRecord, setId } from './records.ts'

const known = new WeakMap<IpsetRecord, IpSet>()

export function liveSet(reader: Pick<ModelReader, 'get'>, node: string, name: string): IpSet | undefined {
  const record = reader.get('ipsets', setId(node, name))
  if (!record) return undefined
  let set = known.get(record)
  if (!set) known.set(record, (set = compile(record)))
  return set
}

const NAMES: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp', 132: 'sctp', 136: 'udplite' }

function compile(record: IpsetRecord): IpSet {
  const kinds = record.type.slice(record.type.indexOf(':') + 1).split(',')
  const bitmap = record.type.startsWith('bitmap')
  const nets = kinds[kinds.length - 1] === 'net'
  // what stands before the net, and the nets behind it
  const plain = new Map<string, Cidr[]>()
  for (const member of record.members) {
    const comma = member.lastIndexOf(',')
    const key = !nets ? member : comma < 0 ? '' : member.slice(0, comma)
    let list = plain.get(key)
    if (!list) plain.set(key, (list = []))
    const cidr = nets ? parseCidr(member.slice(comma + 1)) : undefined
    if (cidr) list.push(cidr)
  }
  const find = (packet: Headers, sides: readonly string[]): boolean => {
    const parts: string[] = []
    for (let at = 0; at < kinds.length; at++) {
      const src = (sides[at] ?? sides[sides.length - 1]) === 'src'
      if (kinds[at] === 'port') {
        const proto = NAMES[packet.proto]
        if (proto === undefined) return false
        const port = src ? packet.sport : packet.dport
        parts.push(bitmap ? String(port) : `${proto}:${port}`)
      } else if (kinds[at] === 'net') {
        const ip = src ? packet.src : packet.dst
        return (plain.get(parts.join(',')) ?? []).some((cidr) => cidrContains(cidr, ip))
      } else parts.push((src ? packet.src : packet.dst).text)
    }
    return plain.has(parts.join(','))
  }
  return {
    name: record.name,
    type: record.type,
    entries: record.members.map((member) => ({ parts: member.split(','), except: false })),
    find,
  }
}
