import type { Packet } from '../../model/linux/netfilter/packet.ts'

interface Devices {
  readonly inDev?: string
  readonly outDev?: string
  readonly ctState?: string
}

/** Why a rule as iptables prints it did not match, in two or three words: the first condition that does not hold. */
export function whyNot(text: string, packet: Packet, devices: Devices): string {
  const value = (flag: string): { not: boolean; value: string } | undefined => {
    const m = new RegExp(` (! )?${flag} (\\S+)`).exec(` ${text}`)
    return m ? { not: m[1] !== undefined, value: m[2]! } : undefined
  }
  const fails = (flag: string, holds: (v: string) => boolean): boolean => {
    const found = value(flag)
    return found !== undefined && holds(found.value) === found.not
  }
  if (fails('-p', (v) => v === packet.proto)) return 'other protocol'
  if (fails('-d', (v) => contains(v, packet.dst))) return 'other destination'
  if (fails('--dport', (v) => ports(v, packet.dport))) return 'other port'
  if (fails('--dports', (v) => v.split(',').some((part) => ports(part, packet.dport)))) return 'other port'
  if (fails('-s', (v) => contains(v, packet.src))) return value('-s')?.not ? 'from the pod range' : 'other source'
  if (fails('-i', (v) => device(v, devices.inDev))) return 'other way in'
  if (fails('-o', (v) => device(v, devices.outDev))) return 'other way out'
  if (text.includes('--mode random')) return 'chance said no'
  if (text.includes('--mode nth')) return 'not its turn'
  if (text.includes('--rcheck')) return 'client not remembered'
  if (text.includes('--dst-type LOCAL')) return 'not an address of the node'
  if (text.includes('--src-type LOCAL')) return 'not from the node'
  if (/-m mark|--mark/.test(text)) return (packet.mark ?? 0) === 0 ? 'carries no mark' : 'other mark'
  if (text.includes('--ctstate') || text.includes('--state')) return `flow is ${devices.ctState ?? 'NEW'}`
  return 'did not match'
}

function contains(cidr: string, ip: string): boolean {
  const [net, bits] = cidr.split('/') as [string, string | undefined]
  if (ip.includes(':') || net.includes(':')) return net === ip
  const width = bits === undefined ? 32 : Number(bits)
  const mask = width === 0 ? 0 : (-1 << (32 - width)) >>> 0
  return (word(net) & mask) >>> 0 === (word(ip) & mask) >>> 0
}

const word = (ip: string): number => ip.split('.').reduce((sum, part) => ((sum << 8) | Number(part)) >>> 0, 0)

function ports(range: string, port: number): boolean {
  const [first, last] = range.split(':') as [string, string | undefined]
  return port >= Number(first) && port <= Number(last ?? first)
}

function device(pattern: string, name: string | undefined): boolean {
  if (name === undefined) return false
  return pattern.endsWith('+') ? name.startsWith(pattern.slice(0, -1)) : pattern === name
}
