/** The command line of ipvsadm (popt): one operation, its service and its server. ipvsadm.c parse_options. */
import type { SchedulerFlag, VirtualAddress } from '../../model/linux/ipvs/records.ts'
import { parseIp } from '../../model/linux/netfilter/address.ts'

export type Operation = 'A' | 'E' | 'D' | 'C' | 'R' | 'S' | 'a' | 'e' | 'd' | 'L' | 'Z' | 'set' | 'h'

export interface IpvsadmArguments {
  operation: Operation
  service?: VirtualAddress
  server?: { address: string; port: number }
  scheduler?: string
  persistent?: number
  forward?: 'g' | 'i' | 'm'
  weight?: number
  schedFlags?: string
  timeouts?: readonly [number, number, number]
  readonly flags: Set<string>
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  'add-service': 'A',
  'edit-service': 'E',
  'delete-service': 'D',
  clear: 'C',
  restore: 'R',
  save: 'S',
  'add-server': 'a',
  'edit-server': 'e',
  'delete-server': 'd',
  list: 'L',
  zero: 'Z',
  set: 'set',
  help: 'h',
}
const SHORT: Readonly<Record<string, string>> = {
  A: 'add-service',
  E: 'edit-service',
  D: 'delete-service',
  C: 'clear',
  R: 'restore',
  S: 'save',
  a: 'add-server',
  e: 'edit-server',
  d: 'delete-server',
  L: 'list',
  l: 'list',
  Z: 'zero',
  h: 'help',
  t: 'tcp-service',
  u: 'udp-service',
  f: 'fwmark-service',
  s: 'scheduler',
  p: 'persistent',
  M: 'netmask',
  r: 'real-server',
  g: 'gatewaying',
  i: 'ipip',
  m: 'masquerading',
  w: 'weight',
  x: 'u-threshold',
  y: 'l-threshold',
  b: 'sched-flags',
  c: 'connection',
  n: 'numeric',
  '6': 'ipv6',
  o: 'ops',
}
const WITH_VALUE = new Set([
  'tcp-service',
  'udp-service',
  'sctp-service',
  'fwmark-service',
  'scheduler',
  'netmask',
  'real-server',
  'weight',
  'u-threshold',
  'l-threshold',
  'sched-flags',
])
const FLAGS = new Set([
  'connection',
  'numeric',
  'stats',
  'rate',
  'timeout',
  'daemon',
  'exact',
  'thresholds',
  'persistent-conn',
  'nosort',
  'sort',
  'ops',
  'ipv6',
])

export type Failure = { readonly err: string; readonly exit: number }
const failure = (says: string, exit = 2): Failure => ({ err: `${says}\n`, exit })

export function readArguments(argv: readonly string[]): IpvsadmArguments | Failure {
  const out: Partial<IpvsadmArguments> & { flags: Set<string> } = { flags: new Set() }
  const words = [...argv]
  while (words.length > 0) {
    const word = words.shift()!
    const names: string[] = []
    if (word.startsWith('--')) {
      const [name, value] = word.slice(2).split('=') as [string, string?]
      names.push(name)
      if (value !== undefined) words.unshift(value)
    } else if (/^-./.test(word)) {
      const letters = word.slice(1)
      for (let i = 0; i < letters.length; i++) {
        const name = SHORT[letters[i]!]
        if (name === undefined) return failure(`-${letters[i]}: unknown option`)
        names.push(name)
        // the rest of the word is its value: -w5
        if ((WITH_VALUE.has(name) || name === 'persistent') && i + 1 < letters.length) {
          words.unshift(letters.slice(i + 1))
          break
        }
      }
    } else return failure(`unexpected argument ${word}`)
    for (const name of names) {
      const problem = option(out, name, words)
      if (problem) return problem
    }
  }
  return { operation: 'L', ...out }
}

function option(
  out: Partial<IpvsadmArguments> & { flags: Set<string> },
  name: string,
  words: string[],
): Failure | undefined {
  if (name in OPERATIONS) {
    const operation = OPERATIONS[name]!
    if (out.operation !== undefined) return failure('multiple commands specified')
    out.operation = operation
    if (operation === 'set') {
      const values = words.splice(0, 3).map(Number)
      if (values.length < 3 || values.some((value) => !Number.isInteger(value) || value < 0 || value > 31 * 86_400))
        return failure('--set option requires 3 timeout values')
      out.timeouts = values as unknown as readonly [number, number, number]
    }
    return undefined
  }
  if (name === 'persistent') {
    const next = words[0]
    if (next !== undefined && /^\d+$/.test(next)) {
      out.persistent = Number(words.shift())
      if (out.persistent < 1) return failure('illegal timeout for persistent service')
    } else out.persistent = 300
    return undefined
  }
  if (FLAGS.has(name)) {
    out.flags.add(name)
    return undefined
  }
  const forward = ({ gatewaying: 'g', ipip: 'i', masquerading: 'm' } as const)[name]
  if (forward) {
    out.forward = forward
    return undefined
  }
  if (!WITH_VALUE.has(name)) return failure(`--${name}: unknown option`)
  const value = words.shift()
  if (value === undefined) return failure(`--${name}: missing argument`)
  return valued(out, name, value)
}

function valued(out: Partial<IpvsadmArguments>, name: string, value: string): Failure | undefined {
  switch (name) {
    case 'tcp-service':
    case 'udp-service':
    case 'sctp-service': {
      const at = address(value, undefined)
      if (!at) return failure('illegal virtual server address[:port] specified')
      out.service = { proto: name.slice(0, name.indexOf('-')) as VirtualAddress['proto'], ...at }
      return undefined
    }
    case 'fwmark-service':
      return { err: 'not simulated here: virtual servers by firewall mark (-f)\n', exit: 1 }
    case 'real-server': {
      const at = address(value, out.service?.port)
      if (!at) return failure('illegal real server address[:port] specified')
      out.server = at
      return undefined
    }
    case 'scheduler':
      out.scheduler = value
      return undefined
    case 'weight':
      if (!/^\d+$/.test(value) || Number(value) > 65_535) return failure('illegal weight specified')
      out.weight = Number(value)
      return undefined
    case 'sched-flags':
      out.schedFlags = value
      return undefined
    default:
      return { err: `not simulated here: ipvsadm --${name}\n`, exit: 1 }
  }
}

const SERVICES: Readonly<Record<string, number>> = { http: 80, https: 443, domain: 53, ssh: 22, 'http-alt': 8080 }

function address(text: string, otherPort: number | undefined): { address: string; port: number } | undefined {
  const found = /^(?:\[([0-9a-fA-F:]+)\]|([^:]+))(?::(\w[\w-]*))?$/.exec(text)
  const ip = found && parseIp(found[1] ?? found[2]!)
  if (!found || !ip) return undefined
  const port = found[3] === undefined ? otherPort : (SERVICES[found[3]] ?? Number(found[3]))
  if (port === undefined || !Number.isInteger(port) || port < 0 || port > 65_535) return undefined
  return { address: ip.text, port }
}

/** `-b`: by number, or by name where the scheduler has one. */
export function readSchedulerFlags(text: string, scheduler: string): SchedulerFlag[] | undefined {
  const out: SchedulerFlag[] = []
  for (const word of text.split(',')) {
    const named = word.startsWith(`${scheduler}-`) ? word.slice(scheduler.length + 1) : word
    const flag = (
      { fallback: 'flag-1', port: 'flag-2', 'flag-1': 'flag-1', 'flag-2': 'flag-2', 'flag-3': 'flag-3' } as const
    )[named]
    if (!flag) return undefined
    if (!out.includes(flag)) out.push(flag)
  }
  return out.sort()
}
