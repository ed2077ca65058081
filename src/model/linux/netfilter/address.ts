/**
 * IP addresses and CIDRs as text and as numbers. Parsing accepts leading zeros in IPv4 and removes them, as Kubernetes
 * does for stored objects (k8s.io/utils/net ParseIPSloppy, ParseCIDRSloppy).
 */
export interface Ip {
  readonly family: 4 | 6
  /** Canonical text. */
  readonly text: string
  /** One signed 32-bit word for IPv4, four for IPv6, most significant first. */
  readonly words: readonly number[]
}

export interface Cidr {
  readonly family: 4 | 6
  /** Network address in canonical form, slash, prefix length. */
  readonly text: string
  readonly words: readonly number[]
  readonly mask: readonly number[]
  readonly prefix: number
}

const MEMO_LIMIT = 65_536
const memo = new Map<string, Ip | undefined>()

export function parseIp(text: string): Ip | undefined {
  const known = memo.get(text)
  if (known !== undefined) return known
  const ip = text.includes(':') ? parseIp6(text) : parseIp4(text)
  if (memo.size >= MEMO_LIMIT) memo.clear()
  if (ip) memo.set(text, ip)
  return ip
}

function parseIp4(text: string): Ip | undefined {
  let word = 0
  let octet = -1
  let octets = 0
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : 46
    if (code === 46) {
      if (octet < 0 || octet > 255 || octets === 4) return undefined
      word = (word << 8) | octet
      octets++
      octet = -1
    } else if (code >= 48 && code <= 57) octet = (octet < 0 ? 0 : octet * 10) + code - 48
    else return undefined
    if (octet > 255) return undefined
  }
  return octets === 4 ? { family: 4, text: formatIp4(word), words: [word] } : undefined
}

function parseIp6(text: string): Ip | undefined {
  let head = text
  const groups: number[] = []
  const lastColon = text.lastIndexOf(':')
  let tail: number[] = []
  if (text.includes('.', lastColon)) {
    const v4 = parseIp4(text.slice(lastColon + 1))
    if (!v4) return undefined
    tail = [v4.words[0]! >>> 16, v4.words[0]! & 0xffff]
    head = text.slice(0, lastColon + 1)
    if (head.endsWith('::')) head = head.slice(0, -1) + ':'
    else head = head.slice(0, -1)
  }
  const gap = head.indexOf('::')
  if (gap >= 0 && head.includes('::', gap + 1)) return undefined
  const parts = (side: string): number[] | undefined => {
    if (side === '') return []
    const out: number[] = []
    for (const part of side.split(':')) {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined
      out.push(parseInt(part, 16))
    }
    return out
  }
  if (gap < 0) {
    const all = parts(head)
    if (!all || all.length + tail.length !== 8) return undefined
    groups.push(...all, ...tail)
  } else {
    const before = parts(head.slice(0, gap))
    const after = parts(head.slice(gap + 2))
    if (!before || !after) return undefined
    const zeros = 8 - before.length - after.length - tail.length
    if (zeros < 1) return undefined
    groups.push(...before, ...new Array<number>(zeros).fill(0), ...after, ...tail)
  }
  const words = [0, 2, 4, 6].map((i) => (groups[i]! << 16) | groups[i + 1]!)
  // Go's net.IP treats ::ffff:a.b.c.d as the IPv4 address
  if (words[0] === 0 && words[1] === 0 && words[2] === 0xffff)
    return { family: 4, text: formatIp4(words[3]!), words: [words[3]!] }
  return { family: 6, text: formatIp6(words), words }
}

export function formatIp4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`
}

/** RFC 5952: lower case, the longest run of two or more zero groups as `::`. */
export function formatIp6(words: readonly number[]): string {
  const groups: number[] = []
  for (const word of words) groups.push(word >>> 16, word & 0xffff)
  let bestAt = -1
  let bestLength = 1
  for (let i = 0; i < 8;) {
    let j = i
    while (j < 8 && groups[j] === 0) j++
    if (j - i > bestLength) {
      bestAt = i
      bestLength = j - i
    }
    i = j === i ? i + 1 : j
  }
  const hex = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((g) => g.toString(16))
      .join(':')
  return bestAt < 0 ? hex(0, 8) : `${hex(0, bestAt)}::${hex(bestAt + bestLength, 8)}`
}

export function maskWords(family: 4 | 6, prefix: number): number[] {
  const words: number[] = []
  for (let i = 0; i < (family === 4 ? 1 : 4); i++) {
    const bits = prefix - 32 * i
    words.push(bits >= 32 ? -1 : bits <= 0 ? 0 : -1 << (32 - bits))
  }
  return words
}

const cidrMemo = new Map<string, Cidr>()

/** `10.0.0.0/8`, `10.0.0.0/255.0.0.0` or a lone address; the host bits are cleared. */
export function parseCidr(text: string): Cidr | undefined {
  const known = cidrMemo.get(text)
  if (known) return known
  const slash = text.indexOf('/')
  const ip = parseIp(slash < 0 ? text : text.slice(0, slash))
  if (!ip) return undefined
  const full = ip.family === 4 ? 32 : 128
  let prefix = full
  if (slash >= 0) {
    const tail = text.slice(slash + 1)
    if (/^\d{1,3}$/.test(tail)) prefix = Number(tail)
    else {
      const mask = parseIp(tail)
      if (!mask || mask.family !== ip.family) return undefined
      prefix = 0
      while (prefix < full && mask.words[prefix >> 5]! & (1 << (31 - (prefix & 31)))) prefix++
      if (mask.words.some((word, i) => word !== maskWords(ip.family, prefix)[i])) return undefined
    }
    if (prefix > full) return undefined
  }
  const mask = maskWords(ip.family, prefix)
  const words = ip.words.map((word, i) => word & mask[i]!)
  const base = ip.family === 4 ? formatIp4(words[0]!) : formatIp6(words)
  const cidr: Cidr = { family: ip.family, text: `${base}/${prefix}`, words, mask, prefix }
  if (cidrMemo.size >= MEMO_LIMIT) cidrMemo.clear()
  cidrMemo.set(text, cidr)
  return cidr
}

export function cidrContains(cidr: Cidr, ip: Ip): boolean {
  if (cidr.family !== ip.family) return false
  for (let i = 0; i < cidr.words.length; i++) if ((ip.words[i]! & cidr.mask[i]!) !== cidr.words[i]) return false
  return true
}

export function isLoopback(ip: Ip): boolean {
  if (ip.family === 4) return ip.words[0]! >>> 24 === 127
  return ip.words[0] === 0 && ip.words[1] === 0 && ip.words[2] === 0 && ip.words[3] === 1
}

/** `10.0.0.1:80`, `[fd00::1]:80`. */
export function joinHostPort(ip: string, port: number): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
}
