/**
 * One packet through one table at one hook: linux net/ipv4/netfilter/ip_tables.c ipt_do_table. Where a match has no
 * single answer (chance, a set that is not in the dump, an interface nobody named) it asks; it never guesses silently.
 */
import { type CompiledChain, compileChain, DPORT_NOT, DST_NOT, MORE, NEVER, PROTO_NOT, SRC_NOT } from './compile.ts'
import type { Rule, Target } from './rule.ts'
import type { Hook } from './ruleset.ts'
import { slowMatch } from './match.ts'
import { askAbout, type Place } from './match-ask.ts'
import type { Walk } from './walk.ts'

export type TableVerdict =
  | {
      readonly kind: 'ACCEPT' | 'DROP'
      readonly chain: string
      readonly index: number
      readonly policy: boolean
      /** Instead of naming the rule, where there is none. */
      readonly why?: string
    }
  | {
      readonly kind: 'REJECT'
      readonly with: string
      readonly chain: string
      readonly index: number
      readonly policy: false
      readonly why?: string
    }
  | {
      readonly kind: 'NAT'
      readonly target: Extract<Target, { kind: 'DNAT' | 'SNAT' | 'MASQUERADE' | 'REDIRECT' | 'NETMAP' }>
      readonly chain: string
      readonly index: number
      readonly rule: Rule
    }

const JUMP_LIMIT = 1_000

export function runTable(walk: Walk, table: string, hook: Hook): TableVerdict {
  const base = walk.source.chain(table, hook)
  if (!base) return { kind: 'ACCEPT', chain: hook, index: -1, policy: true }
  const trace = walk.trace
  trace.enter(hook, table)
  let chain = compileChain(base, walk.family)
  let chainAt = trace.chain(table, chain.name)
  let i = 0
  const stack: { chain: CompiledChain; chainAt: number; next: number }[] = []
  for (;;) {
    const from = i
    i = scan(walk, chain, i, table)
    if (i >= chain.size) {
      if (chain.size > from) trace.run(chainAt, from, chain.size - 1, false)
      // the end of a user chain returns; the end of a built-in one is its policy
      const back = stack.pop()
      if (back) {
        chain = back.chain
        chainAt = back.chainAt
        i = back.next
        continue
      }
      const policy = base.policy ?? 'ACCEPT'
      trace.policy(hook, table, policy)
      return { kind: policy, chain: hook, index: -1, policy: true }
    }
    trace.run(chainAt, from, i, true)
    const rule = chain.rules[i]!
    const target = rule.target
    if (target === undefined) {
      i++
      continue
    }
    switch (target.kind) {
      case 'verdict':
        if (target.name === 'RETURN') {
          const back = stack.pop()
          if (back) {
            chain = back.chain
            chainAt = back.chainAt
            i = back.next
            continue
          }
          const policy = base.policy ?? 'ACCEPT'
          trace.policy(hook, table, policy)
          return { kind: policy, chain: hook, index: -1, policy: true }
        }
        if (target.name === 'QUEUE' && !accepted(walk, 'the packet queue', { table, chain, i }))
          return { kind: 'DROP', chain: chain.name, index: i, policy: false }
        return { kind: target.name === 'DROP' ? 'DROP' : 'ACCEPT', chain: chain.name, index: i, policy: false }
      case 'NFQUEUE': {
        const queue = `queue ${target.args[target.args.indexOf('--queue-num') + 1] ?? '0'}`
        const kind = accepted(walk, queue, { table, chain, i }) ? 'ACCEPT' : 'DROP'
        return { kind, chain: chain.name, index: i, policy: false }
      }
      case 'TPROXY': {
        // tproxy_tg4: the packet keeps its addresses; the mark leads it to the proxy by a route of its own
        const about = `does a proxy listen on ${target.address ?? '127.0.0.1'}:${target.port} (transparent socket)?`
        if (!askAbout(walk, { table, chain, i }, about, { usual: 1 }))
          return { kind: 'DROP', chain: chain.name, index: i, policy: false }
        walk.mark = (walk.mark & ~target.mask) ^ target.value
        trace.marked(walk.mark)
        walk.assumed.add(
          `a route for the mark of TPROXY leads the packet to the proxy on port ${target.port}; the trace goes on as if there were none`,
        )
        return { kind: 'ACCEPT', chain: chain.name, index: i, policy: false }
      }
      case 'REJECT':
        return { kind: 'REJECT', with: target.with, chain: chain.name, index: i, policy: false }
      case 'DNAT':
      case 'SNAT':
      case 'MASQUERADE':
      case 'REDIRECT':
      case 'NETMAP':
        return { kind: 'NAT', target, chain: chain.name, index: i, rule }
      case 'chain': {
        const to = walk.source.chain(table, target.name)
        if (!to) {
          walk.assumed.add(`chain ${target.name} of table ${table} is not in the rules: taken as empty`)
          if (target.goto) {
            i = chain.size
            continue
          }
          i++
          continue
        }
        if (!target.goto) stack.push({ chain, chainAt, next: i + 1 })
        if (stack.length > JUMP_LIMIT) {
          walk.assumed.add(`chains of table ${table} jump in a circle: stopped, packet dropped`)
          return { kind: 'DROP', chain: chain.name, index: i, policy: false }
        }
        chain = compileChain(to, walk.family)
        chainAt = trace.chain(table, chain.name)
        i = 0
        continue
      }
      default:
        passTarget(walk, target, table, chain.name, i)
        i++
    }
  }
}

/** NF_QUEUE: a program outside of the kernel says ACCEPT or DROP. */
function accepted(walk: Walk, queue: string, place: Place): boolean {
  return askAbout(walk, place, `does the program behind ${queue} accept the packet?`, { usual: 1 })
}

function passTarget(walk: Walk, target: Target, table: string, chain: string, index: number): void {
  switch (target.kind) {
    case 'MARK':
      walk.mark = (walk.mark & ~target.mask) ^ target.value
      walk.trace.marked(walk.mark)
      return
    case 'CONNMARK':
      if (target.mode === 'set') walk.ctMark = (walk.ctMark & ~target.ctmask) ^ target.value
      else if (target.mode === 'save') walk.ctMark = (walk.ctMark & ~target.ctmask) ^ (walk.mark & target.mask)
      else {
        walk.mark = (walk.mark & ~target.mask) ^ (walk.ctMark & target.ctmask)
        walk.trace.marked(walk.mark)
      }
      return
    case 'NOTRACK':
      // over loopback the packet is known from OUTPUT: ignored (xt_CT.c notrack_tg)
      if (!walk.ctEntry) walk.untracked = true
      return
    case 'passing':
      walk.effects.push({ kind: 'log', table, chain, index })
      return
    case 'opaque':
      if (target.name === 'SYNPROXY')
        walk.assumed.add('SYNPROXY answers a SYN itself and opens the connection later: taken as if it were open')
      else if (target.name === 'HMARK')
        walk.assumed.add('HMARK sets a mark by a hash that is not modelled: no mark is set')
      else walk.assumed.add(`target ${target.name} is not modelled: the packet goes on to the next rule`)
  }
}

/** The first rule from `i` that the packet matches; the chain's size when there is none. */
function scan(walk: Walk, chain: CompiledChain, start: number, table: string): number {
  if (walk.family === 6) return scan6(walk, chain, start, table)
  const { size, bits, src, srcMask, dst, dstMask, proto, dportFrom, dportTo } = chain
  const psrc = walk.src.words[0]!
  const pdst = walk.dst.words[0]!
  const pproto = walk.proto
  const pdport = walk.dport
  for (let i = start; i < size; i++) {
    const flags = bits[i]!
    if (((pdst & dstMask[i]!) === dst[i]) === ((flags & DST_NOT) !== 0)) continue
    if (((psrc & srcMask[i]!) === src[i]) === ((flags & SRC_NOT) !== 0)) continue
    const want = proto[i]!
    if (want !== 0 && (want === pproto) === ((flags & PROTO_NOT) !== 0)) continue
    if ((pdport >= dportFrom[i]! && pdport <= dportTo[i]!) === ((flags & DPORT_NOT) !== 0)) continue
    if (flags & NEVER) continue
    if ((flags & MORE) === 0 || slowMatch(walk, chain, i, table)) return i
  }
  return size
}

function scan6(walk: Walk, chain: CompiledChain, start: number, table: string): number {
  const { size, bits, src, srcMask, dst, dstMask, proto, dportFrom, dportTo } = chain
  const s = walk.src.words
  const d = walk.dst.words
  for (let i = start; i < size; i++) {
    const flags = bits[i]!
    const o = i * 4
    const dstIn =
      (d[0]! & dstMask[o]!) === dst[o] &&
      (d[1]! & dstMask[o + 1]!) === dst[o + 1] &&
      (d[2]! & dstMask[o + 2]!) === dst[o + 2] &&
      (d[3]! & dstMask[o + 3]!) === dst[o + 3]
    if (dstIn === ((flags & DST_NOT) !== 0)) continue
    const srcIn =
      (s[0]! & srcMask[o]!) === src[o] &&
      (s[1]! & srcMask[o + 1]!) === src[o + 1] &&
      (s[2]! & srcMask[o + 2]!) === src[o + 2] &&
      (s[3]! & srcMask[o + 3]!) === src[o + 3]
    if (srcIn === ((flags & SRC_NOT) !== 0)) continue
    const want = proto[i]!
    if (want !== 0 && (want === walk.proto) === ((flags & PROTO_NOT) !== 0)) continue
    if ((walk.dport >= dportFrom[i]! && walk.dport <= dportTo[i]!) === ((flags & DPORT_NOT) !== 0)) continue
    if (flags & NEVER) continue
    if ((flags & MORE) === 0 || slowMatch(walk, chain, i, table)) return i
  }
  return size
}
