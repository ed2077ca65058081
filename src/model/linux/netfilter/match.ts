/** Whether one rule matches: interfaces, then its matches in order. Header fields are compared in evaluate.ts. */
import { parseCidr } from './address.ts'
import type { CompiledChain } from './compile.ts'
import { addressType } from './route.ts'
import type { InterfaceMatch, Match } from './rule.ts'
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
