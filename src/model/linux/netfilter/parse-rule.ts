/**
 * One rule from its words. Order and negation are free as in iptables; the two spellings `! -s A` and `-s ! A` (before
 * 1.4.3) are both read. What the model does not know is kept as an opaque match or target, never dropped.
 */
import { parseCidr } from './address.ts'
import type { OpenMatch } from './open-match.ts'
import { newMatch } from './parse-match.ts'
import { newTarget, type OpenTarget } from './parse-target.ts'
import { type CidrMatch, type InterfaceMatch, type Match, protocolOf, type Rule, type Target } from './rule.ts'
import { RuleError, ruleWords, Words } from './rule-words.ts'

interface Draft {
  src: CidrMatch | undefined
  dst: CidrMatch | undefined
  inDev: InterfaceMatch | undefined
  outDev: InterfaceMatch | undefined
  proto: Rule['proto']
  fragment: Rule['fragment']
  matches: OpenMatch[]
  target: OpenTarget | undefined
}

const HEADER: Readonly<Record<string, string>> = {
  '-s': 's',
  '--source': 's',
  '--src': 's',
  '-d': 'd',
  '--destination': 'd',
  '--dst': 'd',
  '-i': 'i',
  '--in-interface': 'i',
  '-o': 'o',
  '--out-interface': 'o',
  '-p': 'p',
  '--protocol': 'p',
  '--proto': 'p',
  '-f': 'f',
  '--fragment': 'f',
  '-m': 'm',
  '--match': 'm',
  '-j': 'j',
  '--jump': 'j',
  '-g': 'g',
  '--goto': 'g',
}

/** Options that load a protocol match by themselves after `-p tcp` and the like. */
const PORT_OPTION = /^--(sport|source-port|dport|destination-port|syn|tcp-flags|tcp-option|chunk-types)$/

/** `words` follow the chain's name. Throws RuleError with what is wrong. */
export function parseRule(chain: string, given: Words): Rule {
  let words = given
  const draft: Draft = {
    src: undefined,
    dst: undefined,
    inDev: undefined,
    outDev: undefined,
    proto: undefined,
    fragment: undefined,
    matches: [],
    target: undefined,
  }
  while (!words.done) {
    let word = words.next('')
    let not = false
    if (word === '!') {
      not = true
      word = words.next('!')
    }
    const equals = /^(--[a-z][a-z-]*)=(.*)$/s.exec(word)
    if (equals) {
      // getopt takes --on-port=80 for --on-port 80
      word = equals[1]!
      words = new Words([equals[2]!, ...words.words.slice(words.at)])
    }
    // counters of `iptables -S -v`, and the family in front of rules for both
    if (word === '-c' || word === '--set-counters') {
      words.next(word)
      if (/^\d+$/.test(words.peek() ?? '')) words.next(word)
      continue
    }
    if (/^(?:-[46w]|--ipv[46]|--wait)$/.test(word)) continue
    const header = HEADER[word]
    if (header) readHeader(draft, header, word, words, not)
    else readExtension(draft, word, words, not)
  }
  const matches: Match[] = draft.matches.map((open) => open.close())
  const target: Target | undefined = draft.target?.close()
  return {
    chain,
    src: draft.src,
    dst: draft.dst,
    inDev: draft.inDev,
    outDev: draft.outDev,
    proto: draft.proto,
    fragment: draft.fragment,
    matches,
    target,
  }
}

function readHeader(draft: Draft, header: string, word: string, words: Words, notBefore: boolean): void {
  let not = notBefore
  if (header === 'f') {
    draft.fragment = not ? 'not' : 'yes'
    return
  }
  let value = words.next(word)
  if (value === '!') {
    not = true
    value = words.next(word)
  }
  switch (header) {
    case 's':
    case 'd': {
      const cidr = parseCidr(value)
      if (!cidr) throw new RuleError(`host/network \`${value}' not found`)
      const any = cidr.prefix === 0 && !not
      draft[header === 's' ? 'src' : 'dst'] = any ? undefined : { cidr, not }
      return
    }
    case 'i':
    case 'o':
      draft[header === 'i' ? 'inDev' : 'outDev'] = value === '+' && !not ? undefined : { name: value, not }
      return
    case 'p': {
      const proto = protocolOf(value)
      if (!proto) throw new RuleError(`unknown protocol "${value}" specified`)
      draft.proto = proto.number === 0 ? undefined : { ...proto, not }
      return
    }
    case 'm':
      draft.matches.push(newMatch(value))
      return
    case 'j':
    case 'g':
      if (draft.target) throw new RuleError('more than one target')
      draft.target = newTarget(value, header === 'g')
  }
}

function readExtension(draft: Draft, word: string, words: Words, not: boolean): void {
  if (draft.target?.option(word, words, not)) return
  for (let i = draft.matches.length - 1; i >= 0; i--) if (draft.matches[i]!.option(word, words, not)) return
  const implied = impliedMatch(draft, word)
  if (implied) {
    draft.matches.push(implied)
    if (implied.option(word, words, not)) return
  }
  throw new RuleError(`unknown option "${word}"`)
}

function impliedMatch(draft: Draft, word: string): OpenMatch | undefined {
  const name = draft.proto?.name
  if (!name || draft.proto!.not) return undefined
  if (PORT_OPTION.test(word) && /^(tcp|udp|sctp|udplite|dccp)$/.test(name)) return newMatch(name)
  if (word === '--icmp-type' && name === 'icmp') return newMatch('icmp')
  if (word === '--icmpv6-type' && name === 'ipv6-icmp') return newMatch('icmp6')
  return undefined
}

/** `-A CHAIN ...`, with or without counters in front. Throws RuleError. */
export function parseRuleLine(line: string): Rule {
  const words = ruleWords(line)
  if (!words) throw new RuleError('a quote is not closed')
  const cursor = new Words(words)
  if (cursor.peek()?.startsWith('[')) cursor.at++
  const verb = cursor.next('')
  if (verb !== '-A' && verb !== '--append') throw new RuleError(`expected -A, found ${verb}`)
  return parseRule(cursor.next('-A'), cursor)
}
