/**
 * Chains in the form the inner loop wants: addresses, protocol and destination port in flat arrays, everything else in
 * a list per rule. No index and no reordering: the loop compares the rules that the kernel compares, in its order.
 */
import { type Chain, loadedRule } from './ruleset.ts'
import type { Match, Rule } from './rule.ts'

export interface CompiledChain {
  readonly name: string
  readonly policy: 'ACCEPT' | 'DROP' | undefined
  readonly size: number
  readonly rules: readonly Rule[]
  readonly src: Int32Array
  readonly srcMask: Int32Array
  readonly dst: Int32Array
  readonly dstMask: Int32Array
  readonly proto: Int16Array
  readonly dportFrom: Int32Array
  readonly dportTo: Int32Array
  readonly bits: Uint8Array
  /** Matches that are left to evaluate one by one; undefined: none. */
  readonly rest: readonly (readonly Match[] | undefined)[]
}

export const SRC_NOT = 1
export const DST_NOT = 2
export const PROTO_NOT = 4
export const DPORT_NOT = 8
/** Interfaces, fragments or matches in `rest`. */
export const MORE = 16
/** A rule of the other address family: never matches. */
export const NEVER = 32

const compiled4 = new WeakMap<Chain, CompiledChain>()
const compiled6 = new WeakMap<Chain, CompiledChain>()

export function compileChain(chain: Chain, family: 4 | 6): CompiledChain {
  const memo = family === 4 ? compiled4 : compiled6
  let out = memo.get(chain)
  if (!out) memo.set(chain, (out = compile(chain, family)))
  return out
}

function compile(chain: Chain, family: 4 | 6): CompiledChain {
  const size = chain.rules.length
  const words = family === 4 ? 1 : 4
  const src = new Int32Array(size * words)
  const srcMask = new Int32Array(size * words)
  const dst = new Int32Array(size * words)
  const dstMask = new Int32Array(size * words)
  const proto = new Int16Array(size)
  const dportFrom = new Int32Array(size)
  const dportTo = new Int32Array(size).fill(65_535)
  const bits = new Uint8Array(size)
  const rules: Rule[] = new Array<Rule>(size)
  const rest: (readonly Match[] | undefined)[] = new Array<readonly Match[] | undefined>(size)
  for (let i = 0; i < size; i++) {
    const rule = loadedRule(chain.rules[i]!)
    rules[i] = rule
    let flags = 0
    if (rule.src) {
      if (rule.src.cidr.family !== family) flags |= NEVER
      else
        for (let w = 0; w < words; w++) {
          src[i * words + w] = rule.src.cidr.words[w]!
          srcMask[i * words + w] = rule.src.cidr.mask[w]!
        }
      if (rule.src.not) flags |= SRC_NOT
    }
    if (rule.dst) {
      if (rule.dst.cidr.family !== family) flags |= NEVER
      else
        for (let w = 0; w < words; w++) {
          dst[i * words + w] = rule.dst.cidr.words[w]!
          dstMask[i * words + w] = rule.dst.cidr.mask[w]!
        }
      if (rule.dst.not) flags |= DST_NOT
    }
    if (rule.proto) {
      proto[i] = rule.proto.number
      if (rule.proto.not) flags |= PROTO_NOT
    }
    let left: Match[] | undefined
    for (const match of rule.matches) {
      if (match.kind === 'comment' || match.kind === 'nfacct') continue
      if (match.kind === 'ports' && left === undefined && !match.flags && !match.sport && match.rest.length === 0) {
        if (!match.dport) continue
        dportFrom[i] = match.dport.from
        dportTo[i] = match.dport.to
        if (match.dport.not) flags |= DPORT_NOT
        continue
      }
      ;(left ??= []).push(match)
    }
    if (left || rule.inDev || rule.outDev || rule.fragment === 'yes') flags |= MORE
    rest[i] = left
    bits[i] = flags
  }
  return {
    name: chain.name,
    policy: chain.policy,
    size,
    rules,
    src,
    srcMask,
    dst,
    dstMask,
    proto,
    dportFrom,
    dportTo,
    bits,
    rest,
  }
}
