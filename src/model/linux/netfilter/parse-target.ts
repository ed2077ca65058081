/** The options of each `-j` target (iptables extensions/libxt_*.c, libipt_*.c). */
import { type Cidr, parseCidr } from './address.ts'
import { parseNumber, requireIp, RuleError, type Words } from './rule-words.ts'
import type { NatRange, Target } from './rule.ts'

export interface OpenTarget {
  option(word: string, words: Words, not: boolean): boolean
  close(): Target
}

/** Targets that leave the packet's way and headers alone as far as the model goes. */
const PASSING = new Set([
  'LOG',
  'NFLOG',
  'ULOG',
  'TRACE',
  'CHECKSUM',
  'TCPMSS',
  'AUDIT',
  'ECN',
  'IDLETIMER',
  'LED',
  'RATEEST',
  'SET',
  'TCPOPTSTRIP',
  'TEE',
  'CLASSIFY',
  'DSCP',
  'TOS',
  'SECMARK',
  'CONNSECMARK',
  'TTL',
  'HL',
])
const OPAQUE = new Set(['SYNPROXY', 'HMARK', 'CLUSTERIP', 'MIRROR', 'SAME'])

export function newTarget(name: string, goto: boolean): OpenTarget {
  if (goto) return plain({ kind: 'chain', name, goto })
  switch (name) {
    case 'ACCEPT':
    case 'DROP':
    case 'RETURN':
    case 'QUEUE':
      return plain({ kind: 'verdict', name })
    case 'REJECT':
      return reject()
    case 'DNAT':
    case 'SNAT':
      return nat(name)
    case 'MASQUERADE':
    case 'REDIRECT':
      return ownAddress(name)
    case 'NETMAP':
      return netmap()
    case 'TPROXY':
      return tproxy()
    case 'NFQUEUE':
      return nfqueue()
    case 'MARK':
      return mark()
    case 'CONNMARK':
      return connmark()
    case 'NOTRACK':
    case 'CT':
      return track(name)
  }
  if (PASSING.has(name) || OPAQUE.has(name)) return opaque(PASSING.has(name) ? 'passing' : 'opaque', name)
  return plain({ kind: 'chain', name, goto })
}

function plain(target: Target): OpenTarget {
  return { option: () => false, close: () => target }
}

const REJECT_WITH: Readonly<Record<string, string>> = {
  'net-unreach': 'icmp-net-unreachable',
  'host-unreach': 'icmp-host-unreachable',
  'proto-unreach': 'icmp-proto-unreachable',
  'port-unreach': 'icmp-port-unreachable',
  'net-prohib': 'icmp-net-prohibited',
  'host-prohib': 'icmp-host-prohibited',
  'admin-prohib': 'icmp-admin-prohibited',
  'tcp-rst': 'tcp-reset',
}

function reject(): OpenTarget {
  let how = 'icmp-port-unreachable'
  return {
    option(word, words) {
      if (word !== '--reject-with') return false
      const text = words.next(word)
      how = REJECT_WITH[text] ?? text
      return true
    },
    close: () => ({ kind: 'REJECT', with: how }),
  }
}

function portRange(text: string, option: string): { from: number; to: number } {
  const parsed = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/\d+)?$/.exec(text)
  if (!parsed) throw new RuleError(`Port \`${text}' not valid for ${option}`)
  const from = Number(parsed[1])
  return { from, to: parsed[2] === undefined ? from : Number(parsed[2]) }
}

function natRange(text: string, option: string): NatRange {
  let address = text
  let ports: NatRange['ports']
  const bracketed = /^\[([^\]]+)\](?::(.+))?$/.exec(text)
  if (bracketed) {
    address = bracketed[1]!
    if (bracketed[2]) ports = portRange(bracketed[2], option)
  } else if (text.indexOf(':') === text.lastIndexOf(':') && text.includes(':')) {
    address = text.slice(0, text.indexOf(':'))
    ports = portRange(text.slice(text.indexOf(':') + 1), option)
  }
  if (address === '') return { from: undefined, to: undefined, ports }
  const [low, high] = address.split('-')
  const from = requireIp(low!, option)
  return { from, to: high === undefined ? from : requireIp(high, option), ports }
}

function nat(kind: 'DNAT' | 'SNAT'): OpenTarget {
  const option = kind === 'DNAT' ? '--to-destination' : '--to-source'
  let to: NatRange | undefined
  let text = ''
  const flags: string[] = []
  return {
    option(word, words) {
      if (word === option) {
        text = words.next(word)
        to = natRange(text, word)
        return true
      }
      if (word !== '--random' && word !== '--persistent' && word !== '--random-fully') return false
      flags.push(word)
      return true
    },
    close() {
      if (!to) throw new RuleError(`${kind}: option "${option}" must be specified`)
      return { kind, to, text, flags }
    },
  }
}

function ownAddress(kind: 'MASQUERADE' | 'REDIRECT'): OpenTarget {
  let ports: { from: number; to: number } | undefined
  const flags: string[] = []
  return {
    option(word, words) {
      if (word === '--to-ports') ports = portRange(words.next(word), word)
      else if (word === '--random' || word === '--random-fully') flags.push(word)
      else return false
      return true
    },
    close: () => ({ kind, ports, flags }),
  }
}

/** Bits as iptables stores them (libxt_MARK.c): every spelling becomes value and mask of `--set-xmark`. */
function xmark(word: string, text: string): { value: number; mask: number } | undefined {
  const [low, high] = text.split('/')
  const value = parseNumber(low!, word) | 0
  const mask = high === undefined ? -1 : parseNumber(high, word) | 0
  switch (word) {
    case '--set-xmark':
      return { value, mask }
    case '--set-mark':
      return { value, mask: mask | value }
    case '--and-mark':
      return { value: 0, mask: ~value }
    case '--or-mark':
      return { value, mask: value }
    case '--xor-mark':
      return { value, mask: 0 }
  }
  return undefined
}
const MARK_OPTION = /^--(set-xmark|set-mark|and-mark|or-mark|xor-mark)$/

function mark(): OpenTarget {
  let bits: { value: number; mask: number } | undefined
  return {
    option(word, words) {
      if (!MARK_OPTION.test(word)) return false
      bits = xmark(word, words.next(word))
      return true
    },
    close() {
      if (!bits) throw new RuleError('MARK: one of the --set-xmark, --{and,or,xor,set}-mark options is required')
      return { kind: 'MARK', ...bits }
    },
  }
}

function connmark(): OpenTarget {
  let mode: 'set' | 'save' | 'restore' = 'set'
  let value = 0
  let mask = -1
  let ctmask = -1
  return {
    option(word, words) {
      if (MARK_OPTION.test(word)) {
        const bits = xmark(word, words.next(word))!
        value = bits.value
        mask = bits.mask
        ctmask = bits.mask
      } else if (word === '--save-mark' || word === '--restore-mark') mode = word === '--save-mark' ? 'save' : 'restore'
      else if (word === '--mask') mask = ctmask = parseNumber(words.next(word), word) | 0
      else if (word === '--nfmask') mask = parseNumber(words.next(word), word) | 0
      else if (word === '--ctmask') ctmask = parseNumber(words.next(word), word) | 0
      else return false
      return true
    },
    close: () => ({ kind: 'CONNMARK', mode, value, mask, ctmask }),
  }
}

function netmap(): OpenTarget {
  let to: Cidr | undefined
  return {
    option(word, words) {
      if (word !== '--to') return false
      const text = words.next(word)
      to = parseCidr(text)
      if (!to) throw new RuleError(`Bad network "${text}" for --to`)
      return true
    },
    close() {
      if (!to) throw new RuleError('NETMAP: option "--to" must be specified')
      return { kind: 'NETMAP', to }
    },
  }
}

function tproxy(): OpenTarget {
  const args: string[] = []
  let port = 0
  let address: string | undefined
  let bits = { value: 0, mask: 0 }
  return {
    option(word, words) {
      if (!/^--(on-port|on-ip|tproxy-mark)$/.test(word)) return false
      const text = words.next(word)
      args.push(word, text)
      if (word === '--on-port') port = parseNumber(text, word)
      else if (word === '--on-ip') address = requireIp(text, word)
      else bits = xmark('--set-xmark', text)!
      return true
    },
    close() {
      if (!args.includes('--on-port')) throw new RuleError('TPROXY: option "--on-port" must be specified')
      return { kind: 'TPROXY', port, address: address === '0.0.0.0' ? undefined : address, ...bits, args }
    },
  }
}

function nfqueue(): OpenTarget {
  const args: string[] = []
  return {
    option(word, words) {
      if (!word.startsWith('--queue-')) return false
      args.push(word)
      if (word === '--queue-num' || word === '--queue-balance') args.push(words.next(word))
      return true
    },
    close: () => ({ kind: 'NFQUEUE', args }),
  }
}

function track(name: 'NOTRACK' | 'CT'): OpenTarget {
  const args: string[] = []
  return {
    option(word, words) {
      if (!word.startsWith('--')) return false
      args.push(word)
      while (!words.done && !words.peek()!.startsWith('-')) args.push(words.next(word))
      return true
    },
    close(): Target {
      if (name === 'CT' && !args.includes('--notrack')) return { kind: 'passing', name, args }
      return { kind: 'NOTRACK', name, args }
    },
  }
}

function opaque(kind: 'passing' | 'opaque', name: string): OpenTarget {
  const args: string[] = []
  return {
    option(word, words, not) {
      if (!word.startsWith('--')) return false
      if (not) args.push('!')
      args.push(word)
      while (!words.done && !/^(--|-[a-z]$|!$)/.test(words.peek()!)) args.push(words.next(word))
      return true
    },
    close: () => ({ kind, name, args }),
  }
}
