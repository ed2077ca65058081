/** Whether one rule matches: interfaces, then its matches in order. Header fields are compared in evaluate.ts. */
import { type Ip, parseCidr } from './address.ts'
import type { CompiledChain } from './compile.ts'
import { askAbout, type Place } from './match-ask.ts'
import { matchByName } from './match-by-name.ts'
import { addressType, isLocalAddress } from './route.ts'
import { type AddrTypeMatch, type InterfaceMatch, type Match, protocolOf } from './rule.ts'
import type { Walk } from './walk.ts'

export function slowMatch(walk: Walk, chain: CompiledChain, i: number, table: string): boolean {
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
    // what goes to the node itself is known to leave by lo, so all else does not
    if (way === 'out' && match.name === 'lo') return match.not
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
      const { sport, dport, flags, rest } = match
      if (sport && (walk.sport >= sport.from && walk.sport <= sport.to) === sport.not) return false
      if (dport && (walk.dport >= dport.from && walk.dport <= dport.to) === dport.not) return false
      if (flags && ((walk.flags & flags.mask) === flags.set) === flags.not) return false
      return (
        rest.length === 0 ||
        askAbout(
          walk,
          { table, chain, i },
          `does ${rest.join(' ')} match? Options and chunks of the packet are not known`,
        )
      )
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
      return conntrackMatches(walk, match, { table, chain, i })
    case 'addrtype': {
      const place = { table, chain, i }
      if (match.src && match.src.types.includes(typeOf(walk, match, walk.src, place)) === match.src.not) return false
      return !match.dst || match.dst.types.includes(typeOf(walk, match, walk.dst, place)) !== match.dst.not
    }
    case 'mark':
      return ((walk.mark & match.mask) === match.value) !== match.not
    case 'connmark':
      if (!walk.ctEntry && walk.ctState === 'ESTABLISHED') {
        const bits = `0x${(match.value >>> 0).toString(16)}/0x${(match.mask >>> 0).toString(16)}`
        return askAbout(walk, { table, chain, i }, `does the known connection carry the mark ${bits}?`) !== match.not
      }
      return ((walk.ctMark & match.mask) === match.value) !== match.not
    case 'statistic': {
      if (match.mode === 'random') {
        const chance = match.not ? 2_147_483_648 - match.probability : match.probability
        if (chance >= 2_147_483_648) return true
        if (chance <= 0) return false
        const about = 'does the random draw choose this rule?'
        return askAbout(walk, { table, chain, i }, about, { kind: 'random', probability: chance })
      }
      const about = `is this one of every ${match.every} packets that the rule takes?`
      return askAbout(walk, { table, chain, i }, about, { kind: 'nth' }) !== match.not
    }
    case 'recent':
      return recentMatches(walk, match, { table, chain, i })
    case 'physdev':
      return match.options.every((option) => physdevMatches(walk, option, { table, chain, i }) !== option.not)
    case 'limit': {
      const about = `is the rate ${match.rate} of rule ${i + 1} of ${chain.name} not used up?`
      return askAbout(walk, { table, chain, i }, about, { usual: 1 })
    }
    case 'opaque':
      return matchByName(walk, match, { table, chain, i })
  }
}

/** xt_addrtype.c. Of an address of the node nobody may know on which interface it is. */
function typeOf(walk: Walk, match: AddrTypeMatch, ip: Ip, place: Place): string {
  if (match.limit === undefined) return addressType(walk.links, ip)
  const dev = match.limit === 'in' ? walk.inDev : walk.outDev
  if (dev !== undefined && walk.links.some((link) => link.name === dev)) return addressType(walk.links, ip, dev)
  if (!isLocalAddress(walk.links, ip)) return addressType(walk.links, ip)
  const name = dev === undefined || dev === '' ? `the ${match.limit} interface` : dev
  return askAbout(walk, place, `is ${ip.text} an address of ${name}?`) ? 'LOCAL' : 'UNICAST'
}

/** xt_physdev.c: whether a bridge port is on the way is nowhere in the rules, but the lab knows its devices. */
function physdevMatches(walk: Walk, option: { name: string; value: string | undefined }, place: Place): boolean {
  switch (option.name) {
    case '--physdev-is-bridged':
      return askAbout(walk, place, 'is the packet bridged (same bridge in and out), not routed?')
    case '--physdev-is-in': {
      // what arrives at a bridge came in by one of its ports (br_netfilter, bridge-nf-call-iptables)
      const kind = walk.inDev === '' ? 'none' : walk.links.find((link) => link.name === walk.inDev)?.kind
      if (kind !== undefined) return kind === 'bridge'
      return askAbout(walk, place, 'did the packet come in by a port of a bridge?')
    }
    case '--physdev-is-out':
      return askAbout(walk, place, 'does the packet leave by a port of a bridge?')
    case '--physdev-in':
      return askAbout(walk, place, `did the packet come in by the bridge port ${option.value}?`)
    default:
      return askAbout(walk, place, `does the packet leave by the bridge port ${option.value}?`)
  }
}

function conntrackMatches(walk: Walk, match: Extract<Match, { kind: 'conntrack' }>, place: Place): boolean {
  const state = walk.untracked ? 'UNTRACKED' : walk.ctState
  const entry = walk.ctEntry
  // a flow that is said to be known has no entry to look into
  const open = !entry && state === 'ESTABLISHED'
  if (match.states) {
    const names = match.states.names
    const translated = (name: 'DNAT' | 'SNAT'): boolean =>
      names.includes(name) &&
      (open
        ? askAbout(
            walk,
            place,
            `does the known connection have its ${name === 'DNAT' ? 'destination' : 'source'} changed?`,
          )
        : name === 'DNAT'
          ? walk.dnat
          : walk.snat)
    const found = names.includes(state) || translated('DNAT') || translated('SNAT')
    if (found === match.states.not) return false
  }
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
    if (open) {
      if (askAbout(walk, place, `is ${part.name.slice(2)} of the known connection ${part.value}?`) === part.not)
        return false
      continue
    }
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
    } else found = part.name !== '--ctproto' || protocolOf(tuple.proto)?.number === protocolOf(part.value)?.number
    if (found === part.not) return false
  }
  return true
}

/** xt_recent.c recent_mt: the lists are in memory of the kernel, not in the rules. */
function recentMatches(walk: Walk, match: Extract<Match, { kind: 'recent' }>, place: Place): boolean {
  const address = match.side === 'rsource' ? walk.src.text : walk.dst.text
  if (match.mode === 'set') {
    walk.effects.push({ kind: 'recent', op: 'set', list: match.name, address })
    return !match.not
  }
  // what a rule before this one wrote for the same packet
  const notes = walk.effects.filter((e) => e.kind === 'recent' && e.list === match.name && e.address === address)
  const last = notes[notes.length - 1]
  const removed = last?.kind === 'recent' && last.op === 'remove'
  const needed = Math.max(1, match.hitcount ?? 1)
  let found: boolean
  if (removed || notes.length >= needed) found = !removed
  else if (walk.recent) {
    const seen = walk.recent(match.name, address)
    const fresh = (seen ?? []).filter((age) => match.seconds === undefined || age <= match.seconds)
    found = fresh.length + notes.length >= needed
  } else {
    const often = match.hitcount === undefined ? '' : ` ${match.hitcount} times`
    const lately = match.seconds === undefined ? '' : ` in the last ${match.seconds} s`
    found = askAbout(walk, place, `was ${address} noted in the list ${match.name}${often}${lately}?`)
  }
  if (found && match.mode !== 'rcheck') walk.effects.push({ kind: 'recent', op: match.mode, list: match.name, address })
  return found !== match.not
}
