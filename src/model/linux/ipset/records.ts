/** Sets of netfilter in the kernel of a machine. linux net/netfilter/ipset/ip_set_core.c. */

export const SET_TYPES = [
  'hash:ip',
  'hash:net',
  'hash:ip,port',
  'hash:ip,port,ip',
  'hash:ip,port,net',
  'bitmap:port',
] as const
export type SetType = (typeof SET_TYPES)[number]

/** id: `node|name`. */
export interface IpsetRecord {
  readonly node: string
  readonly name: string
  readonly type: SetType
  readonly family: 4 | 6
  /** Of hash types. */
  readonly hashsize: number
  readonly maxelem: number
  /** Of bitmaps: `0-65535`. */
  readonly range: string
  /** Random start of the hash: of no use but to be printed. */
  readonly initval: number
  /** As `ipset save` prints them, in the order in which they came (bitmaps: by number). */
  readonly members: readonly string[]
}

export const setId = (node: string, name: string): string => `${node}|${name}`
