/**
 * Matches that are kept as they were written. Few of them say themselves whether a packet fits; most look at things that
 * are not in the rules (a payload, a socket, a clock, a set), and so they ask.
 */
import { type Ip, parseIp } from './address.ts'
import { inSet } from './ip-set.ts'
import { ipvsOf } from './ipvs-property.ts'
import { askAbout, type Place } from './match-ask.ts'
import { addressType } from './route.ts'
import type { Match } from './rule.ts'
import type { Walk } from './walk.ts'

type Opaque = Extract<Match, { kind: 'opaque' }>

interface Option {
  readonly name: string
  readonly values: readonly string[]
  readonly not: boolean
}

/** `! --match-set s src` as an option with its values; a `!` behind the option is the older spelling. */
export function optionsOf(args: readonly string[]): Option[] {
  const out: { name: string; values: string[]; not: boolean }[] = []
  let not = false
  for (const arg of args) {
    const last = out[out.length - 1]
    if (arg.startsWith('--')) {
      out.push({ name: arg, values: [], not })
      not = false
    } else if (arg === '!') {
      if (last && last.values.length === 0 && /^--(match-set|src-range|dst-range|pkt-type)$/.test(last.name))
        last.not = true
      else not = true
    } else last?.values.push(arg)
  }
  return out
}

export function matchByName(walk: Walk, match: Opaque, place: Place): boolean {
  const options = optionsOf(match.args)
  const has = (name: string): boolean => options.some((option) => option.name === name)
  const where = `rule ${place.i + 1} of ${place.chain.name}`
  switch (match.name) {
    case 'iprange':
      return options.every((option) => rangeMatches(walk, option, where, place))
    case 'pkttype':
      return options.every((option) => (packetType(walk) === option.values[0]?.toLowerCase()) !== option.not)
    case 'set':
      return options.every((option) => option.name !== '--match-set' || setMatches(walk, option, place))
    case 'ipvs':
      return ipvsMatches(walk, options) ?? askAbout(walk, place, `does -m ipvs ${match.args.join(' ')} match?`)
    case 'rpfilter':
      return askAbout(walk, place, RPFILTER, { usual: 1 }) !== has('--invert')
    case 'hashlimit':
    case 'connlimit': {
      const what = match.name === 'hashlimit' ? 'rate' : 'number of connections'
      const above = has(`--${match.name}-above`)
      const within = askAbout(walk, place, `is the ${what} of ${where} (${match.args.join(' ')}) not exceeded?`, {
        usual: 1,
      })
      return within !== above
    }
    case 'quota':
      return askAbout(walk, place, `are the bytes of ${where} (${match.args.join(' ')}) not used up?`, { usual: 1 })
    case 'policy': {
      const usual = options.some((o) => o.name === '--pol' && (o.values[0] === 'none') !== o.not) ? 1 : 0
      return askAbout(walk, place, `does -m policy ${match.args.join(' ')} match (IPsec)?`, { usual })
    }
    case 'unreadable':
      return askAbout(walk, place, `a rule that could not be read: ${match.args[1]}`)
    default:
      // `! --uid-owner 0` is the other answer to `--uid-owner 0`
      if (options.length === 1 && options[0]!.not) {
        const positive = match.args.filter((arg) => arg !== '!').join(' ')
        return !askAbout(walk, place, `does -m ${match.name} ${positive} match?${WHY[match.name] ?? ''}`)
      }
      return askAbout(walk, place, `does -m ${match.name} ${match.args.join(' ')} match?${WHY[match.name] ?? ''}`)
  }
}

const RPFILTER = 'would an answer leave by the interface that the packet came by (-m rpfilter)?'

/** What the answer hangs on. */
const WHY: Readonly<Record<string, string>> = {
  string: ' It looks at the payload',
  bpf: ' It runs a program over the packet',
  u32: ' It looks at bytes of the packet',
  socket: ' It asks for a socket of this machine',
  owner: ' It asks which process sends',
  cgroup: ' It asks which process sends',
  time: ' It looks at the clock',
  mac: ' It looks at the Ethernet source',
  length: ' It looks at the length of the packet',
  ttl: ' It looks at the TTL',
  dscp: ' It looks at the DSCP field',
  tos: ' It looks at the TOS field',
  connbytes: ' It looks at what the connection has carried',
  helper: ' It asks for a conntrack helper',
}

function rangeMatches(walk: Walk, option: Option, where: string, place: Place): boolean {
  const ip = option.name === '--src-range' ? walk.src : walk.dst
  const [low, high] = (option.values[0] ?? '').split('-')
  const from = parseIp(low ?? '')
  const to = parseIp(high ?? low ?? '')
  if (!from || !to) return askAbout(walk, place, `does ${option.name} ${option.values.join(' ')} of ${where} match?`)
  const inside = from.family === ip.family && compareIps(from, ip) <= 0 && compareIps(ip, to) <= 0
  return inside !== option.not
}

function compareIps(a: Ip, b: Ip): number {
  for (let i = 0; i < a.words.length; i++) {
    const difference = (a.words[i]! >>> 0) - (b.words[i]! >>> 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** xt_pkttype.c: what arrives for this machine, and what it sends, is unicast unless its address says otherwise. */
function packetType(walk: Walk): string {
  const type = addressType(walk.links, walk.dst)
  return type === 'MULTICAST' || type === 'BROADCAST' ? type.toLowerCase() : 'unicast'
}

/** xt_set.c: the content of a set is not in the rules, but may have been pasted with them (`ipset save`). */
function setMatches(walk: Walk, option: Option, place: Place): boolean {
  const [name = '', flags = 'src'] = option.values
  const sides = flags.split(',')
  const set = walk.source.sets?.(name)
  const known = set && inSet(set, walk, sides, (inner) => walk.source.sets?.(inner))
  if (known !== undefined) {
    walk.trace.lookedUp()
    return known !== option.not
  }
  const members = sides.map((side, at) =>
    at === 1 ? portOf(walk, side) : side === 'src' ? walk.src.text : walk.dst.text,
  )
  return askAbout(walk, place, `is ${members.join(',')} (${flags}) in the set ${name}?`) !== option.not
}

/** xt_ipvs.c: the virtual server that the packet went through. undefined: an option that looks at something else. */
function ipvsMatches(walk: Walk, options: readonly Option[]): boolean | undefined {
  const property = ipvsOf(walk)
  let fits = true
  for (const { name, values, not } of options) {
    let same: boolean
    if (name === '--ipvs') same = property !== undefined
    else if (name === '--vaddr') same = property?.vaddr === values[0]?.replace(/\/(32|128)$/, '')
    else if (name === '--vport') same = property?.vport === Number(values[0])
    else if (name === '--vproto') same = property?.proto === values[0]?.toLowerCase()
    else return undefined
    if (same === not) fits = false
  }
  return fits
}

function portOf(walk: Walk, side: string): string {
  return String(side === 'src' ? walk.sport : walk.dport)
}
