/**
 * The order of elements in a listing. nft sorts them by their bytes taken as one number in the host's order, so that of
 * a concatenation the last part counts most and its low byte before its high one (src/mergesort.c expr_msort_value,
 * src/netlink.c netlink_delinearize_setelem). Single values sort as numbers. True for a little-endian host.
 */
import type { Value } from './data-type.ts'
import type { Constant } from './statement.ts'

/** Smaller first. */
export function sortKey(constant: Constant): number | bigint {
  switch (constant.kind) {
    case 'value':
      return single(constant.value)
    case 'prefix':
      return single(constant.value)
    case 'range':
      return single(constant.from)
    case 'wildcard':
      return single(constant.start)
    case 'any':
      return 1n << 200n
    case 'tuple':
      return tuple(constant.parts)
  }
}

function single(value: Value): number | bigint {
  if (typeof value !== 'string') return value
  let sum = 0n
  for (let i = value.length - 1; i >= 0; i--) sum = (sum << 8n) | BigInt(value.charCodeAt(i) & 255)
  return sum
}

/** Each part takes whole registers of four bytes. */
function tuple(parts: readonly Constant[]): bigint {
  let sum = 0n
  let shift = 0n
  for (const part of parts) {
    const type = 'type' in part ? part.type : undefined
    const bytes = type?.bytes ?? 4
    sum |= littleEndian(BigInt(sortKey(part)), bytes, type?.hostOrder === true) << shift
    shift += BigInt(Math.ceil(bytes / 4) * 32)
  }
  return sum
}

function littleEndian(value: bigint, bytes: number, hostOrder: boolean): bigint {
  if (hostOrder) return value
  let out = 0n
  let rest = value
  for (let i = 0; i < bytes; i++) {
    out = (out << 8n) | (rest & 255n)
    rest >>= 8n
  }
  return out
}
