/**
 * One packet through one table at one hook: linux net/ipv4/netfilter/ip_tables.c ipt_do_table. Where a match has no
 * single answer (chance, a set that is not in the dump, an interface nobody named) it asks; it never guesses silently.
 */
import { type Ip, parseCidr } from './address.ts'
import { type CompiledChain, compileChain, DPORT_NOT, DST_NOT, MORE, NEVER, PROTO_NOT, SRC_NOT } from './compile.ts'
import type { ConntrackEntry, CtState } from './conntrack.ts'
import { addressType, type Link } from './route.ts'
import type { InterfaceMatch, Match, Rule, Target } from './rule.ts'
import type { ChainSource, Hook } from './ruleset.ts'
import type { TraceBuilder } from './trace.ts'

/** A question that the rules alone do not answer. */
export interface Question {
  readonly kind: 'random' | 'nth' | 'unknown' | 'interface' | 'nat-address' | 'port'
  readonly table: string
  readonly chain: string
  /** From 0. */
  readonly index: number
  readonly rule: Rule
  /** Answers are whole numbers from 0 below this. Yes or no: 2, and 1 means that the match says yes (before a `!`). */
  readonly below: number
  /** `random`: chance of a yes in steps of 2^-31. */
  readonly probability?: number
  /** What is asked, for people. */
  readonly about: string
}

export type Ask = (question: Question) => number

/** `-m recent` lists: seconds since the address was last seen, newest first; undefined: the list is not known. */
export type RecentLists = (list: string, address: string) => readonly number[] | undefined

export type Effect =
  | {
      readonly kind: 'recent'
      readonly op: 'set' | 'update' | 'remove'
      readonly list: string
      readonly address: string
    }
  | { readonly kind: 'log'; readonly table: string; readonly chain: string; readonly index: number }

/** The state of a walk: the packet as it is now, and what is known around it. */
export interface Walk {
  readonly source: ChainSource
  readonly links: readonly Link[]
  readonly ask: Ask
  readonly recent: RecentLists | undefined
  readonly trace: TraceBuilder
  readonly assumed: Set<string>
  readonly effects: Effect[]
  family: 4 | 6
  proto: number
  src: Ip
  dst: Ip
  sport: number
  dport: number
  flags: number
  icmpType: number
  icmpCode: number
  mark: number
  /** undefined: nobody said; '' : none at this hook. */
  inDev: string | undefined
  outDev: string | undefined
  ctState: CtState
  ctEntry: ConntrackEntry | undefined
  ctDirection: 0 | 1
  ctMark: number
  /** `--ctstate DNAT` and `SNAT`. */
  dnat: boolean
  snat: boolean
  untracked: boolean
}

export type TableVerdict =
  | { readonly kind: 'ACCEPT' | 'DROP'; readonly chain: string; readonly index: number; readonly policy: boolean }
  | {
      readonly kind: 'REJECT'
      readonly with: string
      readonly chain: string
      readonly index: number
      readonly policy: false
    }
  | {
      readonly kind: 'NAT'
      readonly target: Extract<Target, { kind: 'DNAT' | 'SNAT' | 'MASQUERADE' | 'REDIRECT' }>
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
        if (target.name === 'QUEUE') walk.assumed.add('a packet handed to user space (QUEUE) is accepted there')
        return { kind: target.name === 'DROP' ? 'DROP' : 'ACCEPT', chain: chain.name, index: i, policy: false }
      case 'REJECT':
        return { kind: 'REJECT', with: target.with, chain: chain.name, index: i, policy: false }
      case 'DNAT':
      case 'SNAT':
      case 'MASQUERADE':
      case 'REDIRECT':
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
      walk.untracked = true
      return
    case 'passing':
      walk.effects.push({ kind: 'log', table, chain, index })
      return
    case 'opaque':
      walk.assumed.add(`target ${target.name} is not modelled: the packet goes on to the next rule`)
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

function slowMatch(walk: Walk, chain: CompiledChain, i: number, table: string): boolean {
  const rule = chain.rules[i]!
  if (rule.fragment === 'yes') return false
  if (rule.inDev && !deviceMatches(walk, rule.inDev, walk.inDev, 'in', table, chain, i)) return false
  if (rule.outDev && !deviceMatches(walk, rule.outDev, walk.outDev, 'out', table, chain, i)) return false
  const rest = chain.rest[i]
  if (rest) for (const match of rest) if (!matches(walk, match, table, chain, i)) return false
  return true
}

function deviceMatches(
  walk: Walk,
  match: InterfaceMatch,
  dev: string | undefined,
  way: string,
  table: string,
  chain: CompiledChain,
  i: number,
): boolean {
  if (dev === undefined) {
    const about = `is the ${way} interface ${match.name}?`
    const same =
      walk.ask({ kind: 'interface', table, chain: chain.name, index: i, rule: chain.rules[i]!, below: 2, about }) === 1
    return same !== match.not
  }
  const same = match.name.endsWith('+') ? dev.startsWith(match.name.slice(0, -1)) : dev === match.name
  return same !== match.not
}

function matches(walk: Walk, match: Match, table: string, chain: CompiledChain, i: number): boolean {
  switch (match.kind) {
    case 'comment':
    case 'nfacct':
      return true
    case 'ports': {
      const { sport, dport, flags } = match
      if (sport && (walk.sport >= sport.from && walk.sport <= sport.to) === sport.not) return false
      if (dport && (walk.dport >= dport.from && walk.dport <= dport.to) === dport.not) return false
      return !flags || ((walk.flags & flags.mask) === flags.set) !== flags.not
    }
    case 'multiport': {
      const inside = (port: number): boolean => match.ports.some((p) => port >= p.from && port <= p.to)
      const found =
        match.side === 's'
          ? inside(walk.sport)
          : match.side === 'd'
            ? inside(walk.dport)
            : inside(walk.sport) || inside(walk.dport)
      return found !== match.not
    }
    case 'icmp':
      return (
        (match.type === 255 ||
          (match.type === walk.icmpType && (match.code === undefined || match.code === walk.icmpCode))) !== match.not
      )
    case 'conntrack':
      return conntrackMatches(walk, match)
    case 'addrtype': {
      const limit = match.limit === 'in' ? walk.inDev : match.limit === 'out' ? walk.outDev : undefined
      if (match.src && match.src.types.includes(addressType(walk.links, walk.src, limit)) === match.src.not)
        return false
      return !match.dst || match.dst.types.includes(addressType(walk.links, walk.dst, limit)) !== match.dst.not
    }
    case 'mark':
      return ((walk.mark & match.mask) === match.value) !== match.not
    case 'connmark':
      return ((walk.ctMark & match.mask) === match.value) !== match.not
    case 'statistic': {
      if (match.mode === 'random') {
        const chance = match.not ? 2_147_483_648 - match.probability : match.probability
        if (chance >= 2_147_483_648) return true
        if (chance <= 0) return false
        return yes(walk, 'random', table, chain, i, 'does the random draw choose this rule?', chance)
      }
      return yes(
        walk,
        'nth',
        table,
        chain,
        i,
        `is this one of every ${match.every} packets that the rule takes?`,
        undefined,
      )
    }
    case 'recent':
      return recentMatches(walk, match)
    case 'physdev':
      walk.assumed.add('the packet does not cross a bridge port (-m physdev)')
      return match.options.every((option) => option.not)
    case 'limit':
      walk.assumed.add(`the packet is within the rate of -m limit ${match.rate}`)
      return true
    case 'opaque':
      return opaqueMatches(walk, match, table, chain, i)
  }
}

function yes(
  walk: Walk,
  kind: 'random' | 'nth' | 'unknown',
  table: string,
  chain: CompiledChain,
  i: number,
  about: string,
  probability: number | undefined,
): boolean {
  const rule = chain.rules[i]!
  return (
    walk.ask({
      kind,
      table,
      chain: chain.name,
      index: i,
      rule,
      below: 2,
      about,
      ...(probability === undefined ? {} : { probability }),
    }) === 1
  )
}

function conntrackMatches(walk: Walk, match: Extract<Match, { kind: 'conntrack' }>): boolean {
  const state = walk.untracked ? 'UNTRACKED' : walk.ctState
  if (match.states) {
    const names = match.states.names
    const found =
      names.includes(state) || (walk.dnat && names.includes('DNAT')) || (walk.snat && names.includes('SNAT'))
    if (found === match.states.not) return false
  }
  const entry = walk.ctEntry
  if (match.direction && (match.direction === 'ORIGINAL') !== (walk.ctDirection === 0)) return false
  if (match.status) {
    const has = (name: string): boolean =>
      name === 'SEEN_REPLY'
        ? !!entry?.seenReply
        : name === 'ASSURED'
          ? !!entry?.assured
          : name === 'CONFIRMED'
            ? entry !== undefined && walk.ctState !== 'NEW'
            : name === 'NONE' && entry === undefined
    if (match.status.names.some(has) === match.status.not) return false
  }
  for (const part of match.tuple) {
    if (!entry) return false
    const tuple = part.name.startsWith('--ctorig') ? entry.orig : entry.reply
    let found: boolean
    if (part.name.endsWith('srcport') || part.name.endsWith('dstport')) {
      const port = part.name.endsWith('srcport') ? tuple.sport : tuple.dport
      const [low, high] = part.value.split(':').map(Number)
      found = port >= low! && port <= (high ?? low!)
    } else if (part.name.endsWith('src') || part.name.endsWith('dst')) {
      const cidr = parseCidr(part.value)
      found =
        cidr !== undefined &&
        parseCidr(part.name.endsWith('src') ? tuple.src : tuple.dst)!.words.every(
          (w, k) => (w & cidr.mask[k]!) === cidr.words[k],
        )
    } else found = part.name !== '--ctproto' || tuple.proto === part.value.toLowerCase()
    if (found === part.not) return false
  }
  return true
}

function recentMatches(walk: Walk, match: Extract<Match, { kind: 'recent' }>): boolean {
  const address = match.side === 'rsource' ? walk.src.text : walk.dst.text
  if (match.mode === 'set') {
    walk.effects.push({ kind: 'recent', op: 'set', list: match.name, address })
    return !match.not
  }
  const seen = walk.recent?.(match.name, address)
  if (!walk.recent) walk.assumed.add('no client is remembered yet: the lists of -m recent are empty')
  const fresh = (seen ?? []).filter((age) => match.seconds === undefined || age <= match.seconds)
  const found = fresh.length >= Math.max(1, match.hitcount ?? 1)
  if (found && match.mode !== 'rcheck') walk.effects.push({ kind: 'recent', op: match.mode, list: match.name, address })
  return found !== match.not
}

function opaqueMatches(
  walk: Walk,
  match: Extract<Match, { kind: 'opaque' }>,
  table: string,
  chain: CompiledChain,
  i: number,
): boolean {
  if (match.name === 'rpfilter') {
    walk.assumed.add('the reverse path of the packet is the one it came by (-m rpfilter)')
    return !match.args.includes('--invert')
  }
  if (match.name === 'iprange') {
    let ok = true
    match.args.forEach((arg, at) => {
      if (arg !== '--src-range' && arg !== '--dst-range') return
      const [low, high] = match.args[at + 1]!.split('-')
      const ip = arg === '--src-range' ? walk.src : walk.dst
      const from = parseCidr(low!)?.words[0]
      const to = parseCidr(high ?? low!)?.words[0]
      if (from === undefined || to === undefined || ip.family === 6) return
      const inside = ip.words[0]! >>> 0 >= from >>> 0 && ip.words[0]! >>> 0 <= to >>> 0
      if (inside === (match.args[at - 1] === '!')) ok = false
    })
    return ok
  }
  const about =
    match.name === 'unreadable'
      ? `a rule that could not be read: ${match.args[1]}`
      : `does -m ${match.name} ${match.args.join(' ')} match?`
  return yes(walk, 'unknown', table, chain, i, about, undefined)
}
