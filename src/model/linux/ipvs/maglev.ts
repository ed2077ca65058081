/**
 * The look-up tables of the hashing schedulers. linux net/netfilter/ipvs/ip_vs_sh.c, ip_vs_dh.c, ip_vs_mh.c,
 * include/linux/hash.h (hash_32), lib/siphash.c (hsiphash on 64 bits: SipHash-1-3, cut to 32 bits).
 */
import type { Ip } from '../netfilter/address.ts'
import { parseIp } from '../netfilter/address.ts'
import type { RealServer } from './records.ts'

/** IP_VS_SH_TAB_BITS and IP_VS_DH_TAB_BITS as distributions set them. */
export const HASH_BITS = 8
export const HASH_SIZE = 1 << HASH_BITS
/** CONFIG_IP_VS_MH_TAB_INDEX 12. */
export const MAGLEV_SIZE = 4093
const MAGLEV_BITS = 6

/** ip6: the four words folded into one. */
export function foldAddress(ip: Ip): number {
  return ip.words.reduce((all, word) => all ^ word, 0) >>> 0
}

export function hash32(value: number, bits: number): number {
  return Math.imul(value, 0x61c88647) >>> (32 - bits)
}

export function sourceHash(ip: Ip, port: number, offset: number): number {
  return (offset + hash32((port + foldAddress(ip)) | 0, HASH_BITS)) % HASH_SIZE
}

/** Buckets of sh: each server gets as many as its weight, in turn (ip_vs_sh_reassign). Indexes of servers. */
function shBuckets(servers: readonly RealServer[]): readonly number[] {
  const buckets: number[] = []
  let at = 0
  let given = 0
  for (let i = 0; i < HASH_SIZE; i++) {
    if (at === servers.length) at = 0
    buckets.push(at)
    if (++given >= servers[at]!.weight) {
      at++
      given = 0
    }
  }
  return buckets
}

const M64 = 0xffffffffffffffffn
const rotl = (x: bigint, n: bigint): bigint => ((x << n) | (x >> (64n - n))) & M64

/** hsiphash_1u32 with both halves of the key the same. */
export function hsiphash(value: number, key: bigint): number {
  let v0 = 0x736f6d6570736575n ^ key
  let v1 = 0x646f72616e646f6dn ^ key
  let v2 = 0x6c7967656e657261n ^ key
  let v3 = 0x7465646279746573n ^ key
  const round = (): void => {
    v0 = (v0 + v1) & M64
    v1 = rotl(v1, 13n) ^ v0
    v0 = rotl(v0, 32n)
    v2 = (v2 + v3) & M64
    v3 = rotl(v3, 16n) ^ v2
    v0 = (v0 + v3) & M64
    v3 = rotl(v3, 21n) ^ v0
    v2 = (v2 + v1) & M64
    v1 = rotl(v1, 17n) ^ v2
    v2 = rotl(v2, 32n)
  }
  const b = (4n << 56n) | BigInt(value >>> 0)
  v3 ^= b
  round()
  v0 ^= b
  v2 ^= 0xffn
  round()
  round()
  round()
  return Number((v0 ^ v1 ^ v2 ^ v3) & 0xffffffffn)
}

const KEY1 = 2654435761n
const KEY2 = 2654446892n

export function maglevHash(ip: Ip, port: number, offset: number): number {
  return hsiphash((offset + port + foldAddress(ip)) >>> 0, KEY1) % MAGLEV_SIZE
}

function greatestDivisor(weights: readonly number[]): number {
  let g = 0
  for (const weight of weights) {
    let [a, b] = [weight, g]
    while (b > 0) [a, b] = [b, a % b]
    g = a
  }
  return g
}

/**
 * The table of mh: every server has its own permutation of all places and takes the next free one in turn. A server
 * whose weight was set to 0 keeps its places (last_weight) and is passed over when chosen; `weights` are those.
 */
function maglevTable(servers: readonly RealServer[], weights: readonly number[]): readonly number[] {
  const gcd = greatestDivisor(weights.filter((weight) => weight > 0))
  if (gcd < 1) return []
  const most = Math.max(...weights)
  const shift = Math.max(0, 32 - Math.clz32(Math.floor(most / gcd)) - MAGLEV_BITS)
  const setups = servers.map((server, i) => {
    const v = (server.port + foldAddress(parseIp(server.address)!)) >>> 0
    const turns = Math.floor(weights[i]! / gcd) >> shift
    return {
      perm: hsiphash(v, KEY1) % MAGLEV_SIZE,
      skip: (hsiphash(v, KEY2) % (MAGLEV_SIZE - 1)) + 1,
      turns: turns > 0 ? turns : weights[i] === 0 ? 0 : 1,
    }
  })
  const table = new Array<number>(MAGLEV_SIZE).fill(-1)
  let filled = 0
  for (;;)
    for (let i = 0; i < setups.length; i++) {
      const setup = setups[i]!
      for (let turn = 0; turn < setup.turns; turn++) {
        while (table[setup.perm] !== -1) setup.perm = (setup.perm + setup.skip) % MAGLEV_SIZE
        table[setup.perm] = i
        if (++filled === MAGLEV_SIZE) return table
      }
    }
}

const tables = new WeakMap<readonly RealServer[], Map<string, readonly number[]>>()

/** Index into `servers` by hash; made once for a list of servers. */
export function tableFor(scheduler: 'sh' | 'dh' | 'mh', servers: readonly RealServer[]): readonly number[] {
  let mine = tables.get(servers)
  if (!mine) tables.set(servers, (mine = new Map<string, readonly number[]>()))
  let table = mine.get(scheduler)
  if (!table) {
    if (servers.length === 0) table = []
    else if (scheduler === 'sh') table = shBuckets(servers)
    else if (scheduler === 'dh') table = Array.from({ length: HASH_SIZE }, (_, i) => i % servers.length)
    else {
      const weights = servers.map((server) => server.lastWeight ?? server.weight)
      table = maglevTable(servers, weights)
    }
    mine.set(scheduler, table)
  }
  return table
}
