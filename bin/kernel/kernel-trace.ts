/**
 * What `nft -a monitor trace` says of a packet, put together: the rules that matched, and how many were compared. The
 * kernel reports matching rules only; between them it compared each rule of each chain in turn, so places in chains give
 * the number. The end of a chain is not reported: it follows from what comes next.
 */
import type { KernelRules } from './kernel-rules.ts'

export interface KernelPath {
  /** `table chain place` of each rule that matched. */
  readonly rules: readonly string[]
  /** Rules compared, by `table chain` of the base chain. */
  readonly compared: Readonly<Record<string, number>>
  /** Addresses as each base chain found them: `table chain: src > dst`. */
  readonly packets: readonly string[]
  /** Verdict of the last rule or policy: `accept`, `drop`, ... */
  readonly verdict: string
}

const EVENT = /^trace id (\w+) (\w+) (\S+) (\S+) (packet:|rule|return|policy|unknown rule handle)(.*)$/

/** Position in a chain that the packet is in: `done` rules of it are compared. */
interface Frame {
  readonly key: string
  done: number
}

/** Tables that the harness made for itself are left out by `mine`. */
export function readTrace(lines: readonly string[], rules: KernelRules, mine: (table: string) => boolean): KernelPath {
  const matched: string[] = []
  const compared: Record<string, number> = {}
  const packets: string[] = []
  let verdict = ''
  let base = ''
  let stack: Frame[] = []
  const add = (n: number): void => {
    if (n > 0) compared[base] = (compared[base] ?? 0) + n
  }
  const leaveTo = (depth: number): void => {
    while (stack.length > depth) {
      const frame = stack.pop()!
      add(rules.size(frame.key) - frame.done)
    }
  }
  for (const line of lines) {
    const found = EVENT.exec(line)
    if (!found || mine(found[3]!)) continue
    // the id is not looked at: a packet that leaves a bridge for the IP stack gets another, and one packet is traced
    const [, , family, table, chain, kind, rest] = found
    const key = `${family} ${table} ${chain}`
    if (kind === 'packet:') {
      // nft prints the headers once for each base chain that the packet enters
      leaveTo(0)
      const addresses = /ip saddr (\S+) ip daddr (\S+).*?(?:sport (\d+) (?:tcp|udp|sctp) dport (\d+)|$)/.exec(rest!)
      packets.push(
        `${table} ${chain}: ${endpoint(addresses?.[1], addresses?.[3])} > ${endpoint(addresses?.[2], addresses?.[4])}`,
      )
      base = ''
      continue
    }
    if (base === '') {
      base = `${table} ${chain}`
      stack = [{ key, done: 0 }]
    }
    const end = /\(verdict (\w+)(?: ([^)]+))?\)/.exec(rest!)
    if (kind === 'policy') {
      leaveTo(0)
      verdict = rest!.trim().split(' ')[0]!
      continue
    }
    if (kind === 'return') continue
    const handle = /# handle (\d+)/.exec(rest!) ?? /^ (\d+)/.exec(rest!)
    const place = handle ? rules.place(key, Number(handle[1])) : undefined
    // without a handle it is the end of a chain
    if (place === undefined) continue
    const depth = stack.findIndex((frame) => frame.key === key)
    if (depth >= 0) leaveTo(depth + 1)
    else stack.push({ key, done: 0 })
    const top = stack[stack.length - 1]!
    add(place - top.done)
    top.done = place
    matched.push(`${table} ${chain} ${place}`)
    const what = end?.[1] ?? 'continue'
    if (what === 'jump') stack.push({ key: `${family} ${table} ${end![2]}`, done: 0 })
    else if (what === 'goto') stack.splice(-1, 1, { key: `${family} ${table} ${end![2]}`, done: 0 })
    else if (what === 'return') {
      stack.pop()
      // what a base chain returns to is its policy: no more rules
      if (stack.length === 0) stack = []
    } else if (what !== 'continue') {
      stack = []
      verdict = what
    }
  }
  leaveTo(0)
  return { rules: matched, compared, packets, verdict }
}

const endpoint = (ip: string | undefined, port: string | undefined): string =>
  port === undefined ? (ip ?? '?') : `${ip}:${port}`
