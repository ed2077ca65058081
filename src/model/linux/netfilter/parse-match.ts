/** The options of each `-m` match (iptables extensions/libxt_*.c), read one at a time. */
import { addrtype, conntrack, mark, recent, statistic } from './parse-match-state.ts'
import { type Of, type OpenMatch, optionValue as value } from './open-match.ts'
import { parseNumber, parsePort, RuleError } from './rule-words.ts'
import { type PortRange, TCP_FLAGS } from './rule.ts'

export function newMatch(name: string): OpenMatch {
  switch (name) {
    case 'comment':
      return comment()
    case 'tcp':
    case 'udp':
    case 'sctp':
    case 'udplite':
    case 'dccp':
      return ports(name)
    case 'multiport':
      return multiport()
    case 'icmp':
      return icmp('icmp')
    case 'icmp6':
    case 'icmpv6':
    case 'ipv6-icmp':
      return icmp('icmp6')
    case 'conntrack':
    case 'state':
      return conntrack(name)
    case 'addrtype':
      return addrtype()
    case 'mark':
    case 'connmark':
      return mark(name)
    case 'statistic':
      return statistic()
    case 'recent':
      return recent()
    case 'physdev':
      return physdev()
    case 'nfacct':
      return nfacct()
    case 'limit':
      return limit()
    default:
      return opaque(name)
  }
}

function comment(): OpenMatch {
  const match: Of<'comment'> = { kind: 'comment', text: '' }
  return {
    option(word, words) {
      if (word !== '--comment') return false
      match.text = words.next(word)
      return true
    },
    close: () => match,
  }
}

function range(text: string, option: string, not: boolean): PortRange {
  const colon = text.indexOf(':')
  if (colon < 0) {
    const port = parsePort(text)
    return { from: port, to: port, not }
  }
  const low = text.slice(0, colon)
  const high = text.slice(colon + 1)
  return { from: low === '' ? 0 : parsePort(low), to: high === '' ? 65_535 : parsePort(high), not }
}

function ports(name: 'tcp' | 'udp' | 'sctp' | 'udplite' | 'dccp'): OpenMatch {
  const match: Of<'ports'> = { kind: 'ports', name, sport: undefined, dport: undefined, flags: undefined, rest: [] }
  const flagBits = (list: string): number => {
    if (list === 'ALL') return 63
    if (list === 'NONE') return 0
    let bits = 0
    for (const flag of list.split(',')) {
      if (!Object.hasOwn(TCP_FLAGS, flag)) throw new RuleError(`unknown TCP flag \`${flag}'`)
      bits |= TCP_FLAGS[flag as keyof typeof TCP_FLAGS]
    }
    return bits
  }
  return {
    option(word, words, not) {
      switch (word) {
        case '--sport':
        case '--source-port': {
          const v = value(word, words, not)
          match.sport = range(v.text, word, v.not)
          return true
        }
        case '--dport':
        case '--destination-port': {
          const v = value(word, words, not)
          match.dport = range(v.text, word, v.not)
          return true
        }
        case '--syn':
          if (name !== 'tcp') return false
          match.flags = { mask: 1 | 2 | 4 | 16, set: 2, not }
          return true
        case '--tcp-flags': {
          if (name !== 'tcp') return false
          const v = value(word, words, not)
          match.flags = { mask: flagBits(v.text), set: flagBits(words.next(word)), not: v.not }
          return true
        }
        case '--tcp-option':
        case '--chunk-types':
          match.rest = [...match.rest, ...(not ? ['!'] : []), word, words.next(word)]
          if (word === '--chunk-types') match.rest = [...match.rest, words.next(word)]
          return true
        default:
          return false
      }
    },
    close: () => match,
  }
}

function multiport(): OpenMatch {
  const match: Of<'multiport'> = { kind: 'multiport', side: 'd', ports: [], not: false }
  return {
    option(word, words, not) {
      const sides: Record<string, 's' | 'd' | 'both'> = {
        '--sports': 's',
        '--source-ports': 's',
        '--dports': 'd',
        '--destination-ports': 'd',
        '--ports': 'both',
      }
      const side = sides[word]
      if (!side) return false
      const v = value(word, words, not)
      match.side = side
      match.not = v.not
      match.ports = v.text.split(',').map((part) => range(part, word, false))
      return true
    },
    close: () => match,
  }
}

const ICMP_TYPES: Readonly<Record<string, readonly [number, number | undefined]>> = {
  any: [255, undefined],
  'echo-reply': [0, undefined],
  pong: [0, undefined],
  'destination-unreachable': [3, undefined],
  'network-unreachable': [3, 0],
  'host-unreachable': [3, 1],
  'protocol-unreachable': [3, 2],
  'port-unreachable': [3, 3],
  'fragmentation-needed': [3, 4],
  'source-quench': [4, undefined],
  redirect: [5, undefined],
  'echo-request': [8, undefined],
  ping: [8, undefined],
  'router-advertisement': [9, undefined],
  'router-solicitation': [10, undefined],
  'time-exceeded': [11, undefined],
  'parameter-problem': [12, undefined],
  'timestamp-request': [13, undefined],
  'timestamp-reply': [14, undefined],
}
const ICMP6_TYPES: Readonly<Record<string, readonly [number, number | undefined]>> = {
  'destination-unreachable': [1, undefined],
  'packet-too-big': [2, undefined],
  'time-exceeded': [3, undefined],
  'parameter-problem': [4, undefined],
  'echo-request': [128, undefined],
  'echo-reply': [129, undefined],
  'router-solicitation': [133, undefined],
  'router-advertisement': [134, undefined],
  'neighbour-solicitation': [135, undefined],
  'neighbor-solicitation': [135, undefined],
  'neighbour-advertisement': [136, undefined],
  'neighbor-advertisement': [136, undefined],
  redirect: [137, undefined],
}

function icmp(name: 'icmp' | 'icmp6'): OpenMatch {
  const match: Of<'icmp'> = { kind: 'icmp', name, type: 255, code: undefined, not: false }
  return {
    option(word, words, not) {
      if (word !== '--icmp-type' && word !== '--icmpv6-type') return false
      const v = value(word, words, not)
      const named = (name === 'icmp' ? ICMP_TYPES : ICMP6_TYPES)[v.text]
      const [type, code] = named ?? v.text.split('/').map((part) => parseNumber(part, word))
      match.type = type!
      match.code = code
      match.not = v.not
      return true
    },
    close: () => match,
  }
}

function physdev(): OpenMatch {
  const options: { name: string; value: string | undefined; not: boolean }[] = []
  return {
    option(word, words, not) {
      if (word === '--physdev-in' || word === '--physdev-out') {
        const v = value(word, words, not)
        options.push({ name: word, value: v.text, not: v.not })
      } else if (/^--physdev-is-(in|out|bridged)$/.test(word)) options.push({ name: word, value: undefined, not })
      else return false
      return true
    },
    close: () => ({ kind: 'physdev', options }),
  }
}

function nfacct(): OpenMatch {
  let name = ''
  return {
    option(word, words) {
      if (word !== '--nfacct-name') return false
      name = words.next(word)
      return true
    },
    close: () => ({ kind: 'nfacct', name }),
  }
}

function limit(): OpenMatch {
  let rate = '3/hour'
  let burst = 5
  return {
    option(word, words) {
      if (word === '--limit-burst') burst = parseNumber(words.next(word), word)
      else if (word === '--limit') {
        const parsed = /^(\d+)(?:\/(s|sec|second|m|min|minute|h|hour|d|day))?$/.exec(words.next(word))
        if (!parsed) throw new RuleError('bad rate for --limit')
        const unit = { s: 'sec', m: 'min', h: 'hour', d: 'day' }[(parsed[2] ?? 's')[0]!]!
        rate = `${parsed[1]}/${unit}`
      } else return false
      return true
    },
    close: () => ({ kind: 'limit', rate, burst }),
  }
}

/** Keeps every option up to the next header option as it stands. */
function opaque(name: string): OpenMatch {
  const args: string[] = []
  return {
    option(word, words, not) {
      if (!word.startsWith('--')) return false
      if (not) args.push('!')
      args.push(word)
      while (!words.done && !words.peek()!.startsWith('-') && words.peek() !== '!') args.push(words.next(word))
      return true
    },
    close: () => ({ kind: 'opaque', name, args }),
  }
}
