import { parseIp } from './address.ts'

export class RuleError extends Error {}

/** Reads the words of a rule from left to right. */
export class Words {
  at = 0
  readonly words: readonly string[]
  constructor(words: readonly string[]) {
    this.words = words
  }
  get done(): boolean {
    return this.at >= this.words.length
  }
  peek(): string | undefined {
    return this.words[this.at]
  }
  next(option: string): string {
    const word = this.words[this.at++]
    if (word === undefined) throw new RuleError(`option "${option}" requires an argument`)
    return word
  }
}

/**
 * Splits one line of a dump into words the way iptables-restore does (iptables/xshared.c add_param_to_argv): double
 * quotes group, a backslash takes the next character as it is.
 */
export function ruleWords(line: string): string[] | undefined {
  if (!line.includes('"') && !line.includes('\\') && !line.includes("'")) {
    const words = line.split(/[ \t]+/)
    if (words[0] === '') words.shift()
    if (words[words.length - 1] === '') words.pop()
    return words
  }
  const words: string[] = []
  let word = ''
  let open = false
  let quote = ''
  for (let i = 0; i < line.length; i++) {
    const c = line[i]!
    if (c === '\\' && i + 1 < line.length) {
      word += line[++i]!
      open = true
    } else if (quote) {
      if (c === quote) quote = ''
      else word += c
    } else if (c === '"' || (c === "'" && !open)) {
      quote = c
      open = true
    } else if (c === ' ' || c === '\t') {
      if (open) words.push(word)
      word = ''
      open = false
    } else {
      word += c
      open = true
    }
  }
  if (quote) return undefined
  if (open) words.push(word)
  return words
}

const PLAIN = /^[-_0-9A-Za-z]+$/

/** Quoting as libxtables does (xtables_save_string): anything but letters, digits, `_` and `-` asks for quotes. */
export function saveWord(text: string): string {
  return PLAIN.test(text) ? text : `"${text.replace(/["\\']/g, '\\$&')}"`
}

/** A number as iptables reads it: decimal, 0x hexadecimal or 0 octal. */
export function parseNumber(text: string, option: string): number {
  if (/^0[xX][0-9a-fA-F]{1,8}$/.test(text)) return parseInt(text.slice(2), 16)
  if (/^0[0-7]{1,11}$/.test(text)) return parseInt(text, 8)
  if (/^\d{1,10}$/.test(text)) return Number(text)
  throw new RuleError(`bad value for ${option}: "${text}"`)
}

export function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  const service = SERVICES[text]
  if (service !== undefined) return service
  throw new RuleError(`invalid port/service \`${text}' specified`)
}

/** The names that turn up in pasted rules; the full list of /etc/services is not modelled. */
const SERVICES: Readonly<Record<string, number>> = {
  ssh: 22,
  domain: 53,
  bootps: 67,
  bootpc: 68,
  http: 80,
  'http-alt': 8080,
  webcache: 8080,
  https: 443,
  ntp: 123,
  snmp: 161,
}

export function requireIp(text: string, option: string): string {
  const ip = parseIp(text)
  if (!ip) throw new RuleError(`bad IP address "${text}" for ${option}`)
  return ip.text
}
