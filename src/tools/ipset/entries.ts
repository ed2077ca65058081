/** Entries as people type them, brought into the form of `ipset save`. lib/parse.c of ipset. */
import type { IpsetRecord, SetType } from '../../model/linux/ipset/records.ts'
import { parseCidr, parseIp } from '../../model/linux/netfilter/address.ts'

const PORTS: Readonly<Record<string, number>> = { http: 80, https: 443, domain: 53, ssh: 22 }

/** What is wrong with it, in the words of ipset. */
export type Wrong = { readonly wrong: string }

export function readEntry(set: IpsetRecord, text: string): string[] | Wrong {
  const kinds = set.type.slice(set.type.indexOf(':') + 1).split(',')
  const parts = text.split(',')
  if (parts.length > kinds.length)
    return { wrong: `Syntax error: Elem separator in ${text}, but settype ${set.type} does not support it.` }
  if (parts.length < kinds.length)
    return { wrong: `Syntax error: ${ORDINAL[parts.length]} element is missing from ${text}.` }
  let entries: string[] = ['']
  for (let i = 0; i < kinds.length; i++) {
    const values = readPart(set.type, kinds[i]!, parts[i]!, set.family)
    if (!Array.isArray(values)) return values
    entries = entries.flatMap((entry) => values.map((value) => (entry === '' ? value : `${entry},${value}`)))
  }
  return entries
}

const ORDINAL = ['First', 'Second', 'Third'] as const

function readPart(type: SetType, kind: string, text: string, family: 4 | 6): string[] | Wrong {
  if (kind === 'port') return readPorts(type, text)
  if (kind === 'net') {
    const cidr = parseCidr(text)
    if (cidr?.family !== family) return unparsed(text, family)
    const full = cidr.prefix === (family === 4 ? 32 : 128)
    return [full ? cidr.text.split('/')[0]! : cidr.text]
  }
  const range = /^([^/-]+)(?:\/(\d+)|-(.+))?$/.exec(text)
  const first = range && parseIp(range[1]!)
  if (!first || first.family !== family) return unparsed(text, family)
  if (range[2] === undefined && range[3] === undefined) return [first.text]
  if (family === 6) return { wrong: 'Syntax error: ranges of IPv6 addresses are not supported' }
  const cidr = range[2] === undefined ? undefined : parseCidr(text)
  const last = range[3] === undefined ? undefined : parseIp(range[3])
  if (!cidr && !last) return unparsed(text, family)
  const low = (cidr ? cidr.words[0]! : first.words[0]!) >>> 0
  const high = cidr ? (cidr.words[0]! | ~cidr.mask[0]!) >>> 0 : last!.words[0]! >>> 0
  if (high - low > 65_535) return { wrong: 'Hash is full, cannot add more elements' }
  return Array.from({ length: high - low + 1 }, (_, i) => dotted(low + i))
}

const dotted = (n: number): string => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join('.')

const unparsed = (text: string, family: 4 | 6): Wrong => ({
  wrong: `Syntax error: cannot parse ${text}: resolving to IPv${family} address failed`,
})

function readPorts(type: SetType, text: string): string[] | Wrong {
  const found = /^(?:(tcp|udp|sctp|udplite):)?([\w]+)(?:-(\w+))?$/.exec(text)
  const number = (word: string): number => PORTS[word] ?? (/^\d+$/.test(word) ? Number(word) : -1)
  const low = found ? number(found[2]!) : -1
  const high = found?.[3] === undefined ? low : number(found[3])
  if (!found || low < 0 || high > 65_535 || high < low)
    return { wrong: `Syntax error: cannot parse '${text}' as a TCP port` }
  const prefix = type.startsWith('bitmap') ? '' : `${found[1] ?? 'tcp'}:`
  return Array.from({ length: high - low + 1 }, (_, i) => `${prefix}${low + i}`)
}
