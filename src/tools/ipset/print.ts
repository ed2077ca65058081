/** What ipset prints. lib/session.c, and in the kernel ip_set_hash_gen.h mtype_head, ip_set_bitmap_gen.h. */
import { referencesTo } from '../../model/linux/ipset/apply.ts'
import type { IpsetRecord, SetType } from '../../model/linux/ipset/records.ts'
import type { ModelReader } from '../../model/tables.ts'

/** As a 6.1 kernel answers. */
const REVISIONS: Readonly<Record<SetType, number>> = {
  'hash:ip': 5,
  'hash:net': 7,
  'hash:ip,port': 6,
  'hash:ip,port,ip': 6,
  'hash:ip,port,net': 8,
  'bitmap:port': 3,
}
const ELEMENT: Readonly<Record<SetType, number>> = {
  'hash:ip': 4,
  'hash:net': 8,
  'hash:ip,port': 8,
  'hash:ip,port,ip': 12,
  'hash:ip,port,net': 12,
  'bitmap:port': 0,
}

/**
 * Seen on a 6.1 kernel: a head, for nets a count of each prefix length, and a bucket of two for each entry. Entries that
 * share a bucket would take less: where they fall hangs on a random number, so it is not modelled.
 */
function sizeInMemory(set: IpsetRecord): number {
  if (set.type === 'bitmap:port') return 8_264
  const element = ELEMENT[set.type]
  const head = 184 + Math.ceil(element / 8) * 8 + (set.type.includes('net') ? 256 : 0)
  return head + set.members.length * (32 + 2 * element)
}

export function headerWords(set: IpsetRecord): string {
  if (set.type.startsWith('bitmap')) return `range ${set.range}`
  const initval = `0x${set.initval.toString(16).padStart(8, '0')}`
  const family = set.family === 4 ? 'inet' : 'inet6'
  return `family ${family} hashsize ${set.hashsize} maxelem ${set.maxelem} bucketsize 12 initval ${initval}`
}

export function listText(reader: ModelReader, set: IpsetRecord, terse: boolean, sorted: boolean): string {
  const lines = [
    `Name: ${set.name}`,
    `Type: ${set.type}`,
    `Revision: ${REVISIONS[set.type]}`,
    `Header: ${headerWords(set)}`,
    `Size in memory: ${sizeInMemory(set)}`,
    `References: ${referencesTo(reader, set.node, set.name)}`,
    `Number of entries: ${set.members.length}`,
    ...(terse ? [] : ['Members:', ...members(set, sorted)]),
  ]
  return `${lines.join('\n')}\n`
}

export function saveText(set: IpsetRecord, sorted: boolean): string {
  const lines = [`create ${set.name} ${set.type} ${headerWords(set)}`]
  for (const member of members(set, sorted)) lines.push(`add ${set.name} ${member}`)
  return `${lines.join('\n')}\n`
}

function members(set: IpsetRecord, sorted: boolean): readonly string[] {
  return sorted && !set.type.startsWith('bitmap') ? [...set.members].sort() : set.members
}
