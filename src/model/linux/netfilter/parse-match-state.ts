/** Options of the matches that look beyond the packet: conntrack, addresses, marks, chance, memory. */
import { type Of, type OpenMatch, optionValue as value } from './open-match.ts'
import { parseNumber, requireIp, RuleError } from './rule-words.ts'

const CT_STATES = ['INVALID', 'NEW', 'RELATED', 'ESTABLISHED', 'UNTRACKED', 'SNAT', 'DNAT']
const CT_STATUS = ['NONE', 'EXPECTED', 'SEEN_REPLY', 'ASSURED', 'CONFIRMED']
const CT_TUPLE = [
  '--ctproto',
  '--ctorigsrc',
  '--ctorigdst',
  '--ctreplsrc',
  '--ctrepldst',
  '--ctorigsrcport',
  '--ctorigdstport',
  '--ctreplsrcport',
  '--ctrepldstport',
  '--ctexpire',
]

function names(text: string, known: readonly string[], what: string): string[] {
  const wanted = text.split(',')
  for (const name of wanted) if (!known.includes(name)) throw new RuleError(`Bad ${what} "${name}"`)
  return known.filter((name) => wanted.includes(name))
}

export function conntrack(name: 'conntrack' | 'state'): OpenMatch {
  const match: Of<'conntrack'> = {
    kind: 'conntrack',
    name,
    states: undefined,
    status: undefined,
    direction: undefined,
    tuple: [],
  }
  return {
    option(word, words, not) {
      if (name === 'state' ? word === '--state' : word === '--ctstate') {
        const v = value(word, words, not)
        match.states = { names: names(v.text, CT_STATES, name === 'state' ? 'state' : 'ctstate'), not: v.not }
        return true
      }
      if (name === 'state') return false
      if (word === '--ctstatus') {
        const v = value(word, words, not)
        match.status = { names: names(v.text, CT_STATUS, 'ctstatus'), not: v.not }
        return true
      }
      if (word === '--ctdir') {
        const dir = words.next(word)
        if (dir !== 'ORIGINAL' && dir !== 'REPLY') throw new RuleError(`Bad ctdir "${dir}"`)
        match.direction = dir
        return true
      }
      if (!CT_TUPLE.includes(word)) return false
      const v = value(word, words, not)
      match.tuple = [...match.tuple, { name: word, value: v.text, not: v.not }].sort(
        (a, b) => CT_TUPLE.indexOf(a.name) - CT_TUPLE.indexOf(b.name),
      )
      return true
    },
    close: () => match,
  }
}

const ADDRESS_TYPES = [
  'UNSPEC',
  'UNICAST',
  'LOCAL',
  'BROADCAST',
  'ANYCAST',
  'MULTICAST',
  'BLACKHOLE',
  'UNREACHABLE',
  'PROHIBIT',
  'THROW',
  'NAT',
  'XRESOLVE',
]

export function addrtype(): OpenMatch {
  const match: Of<'addrtype'> = { kind: 'addrtype', src: undefined, dst: undefined, limit: undefined }
  return {
    option(word, words, not) {
      if (word === '--limit-iface-in' || word === '--limit-iface-out') {
        match.limit = word === '--limit-iface-in' ? 'in' : 'out'
        return true
      }
      if (word !== '--src-type' && word !== '--dst-type') return false
      const v = value(word, words, not)
      match[word === '--src-type' ? 'src' : 'dst'] = { types: names(v.text, ADDRESS_TYPES, 'address type'), not: v.not }
      return true
    },
    close: () => match,
  }
}

export function mark(kind: 'mark' | 'connmark'): OpenMatch {
  const match = { kind, value: 0, mask: -1, not: false }
  return {
    option(word, words, not) {
      if (word !== '--mark') return false
      const v = value(word, words, not)
      const [low, mask] = v.text.split('/')
      match.value = parseNumber(low!, word) | 0
      match.mask = mask === undefined ? -1 : parseNumber(mask, word) | 0
      match.not = v.not
      return true
    },
    close: () => match,
  }
}

export function statistic(): OpenMatch {
  let mode = ''
  let probability: number | undefined
  let every = 1
  let packet = 0
  let negated = false
  return {
    option(word, words, not) {
      switch (word) {
        case '--mode':
          mode = words.next(word)
          if (mode !== 'random' && mode !== 'nth') throw new RuleError(`Bad mode "${mode}"`)
          return true
        case '--probability': {
          const v = value(word, words, not)
          if (!/^\d*\.?\d+$/.test(v.text) || Number(v.text) > 1)
            throw new RuleError(`bad value for ${word}: "${v.text}"`)
          // libxt_statistic.c: lround(0x80000000 * probability)
          probability = Math.floor(2_147_483_648 * Number(v.text) + 0.5)
          negated = v.not
          return true
        }
        case '--every': {
          const v = value(word, words, not)
          every = parseNumber(v.text, word)
          negated = v.not
          if (every === 0) throw new RuleError('--every cannot be 0')
          return true
        }
        case '--packet':
          packet = parseNumber(words.next(word), word)
          return true
        default:
          return false
      }
    },
    close() {
      if (mode === '') throw new RuleError('statistic match: no mode specified')
      if (mode === 'random' && probability === undefined)
        throw new RuleError('--probability must be specified when using random mode')
      return mode === 'random'
        ? { kind: 'statistic', mode, probability: probability!, not: negated }
        : { kind: 'statistic', mode: 'nth', every, packet, not: negated }
    },
  }
}

export function recent(): OpenMatch {
  const match: Of<'recent'> = {
    kind: 'recent',
    mode: 'set',
    not: false,
    name: 'DEFAULT',
    seconds: undefined,
    reap: false,
    hitcount: undefined,
    rttl: false,
    mask: '255.255.255.255',
    side: 'rsource',
  }
  let chosen = false
  return {
    option(word, words, not) {
      switch (word) {
        case '--set':
        case '--rcheck':
        case '--update':
        case '--remove':
          match.mode = word.slice(2) as 'set'
          match.not = not
          chosen = true
          return true
        case '--name':
          match.name = words.next(word)
          return true
        case '--seconds':
          match.seconds = parseNumber(words.next(word), word)
          return true
        case '--hitcount':
          match.hitcount = parseNumber(words.next(word), word)
          return true
        case '--reap':
          match.reap = true
          return true
        case '--rttl':
          match.rttl = true
          return true
        case '--mask':
          match.mask = requireIp(words.next(word), word)
          return true
        case '--rsource':
        case '--rdest':
          match.side = word.slice(2) as 'rsource'
          return true
        default:
          return false
      }
    },
    close() {
      if (!chosen) throw new RuleError('recent: you must specify one of --set, --rcheck, --update or --remove')
      return match
    },
  }
}
