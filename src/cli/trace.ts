/** `nodeglass trace`: one packet through a dump of rules, every rule tried. */
import { readFileSync } from 'node:fs'
import { parseIp } from '../model/linux/netfilter/address.ts'
import { type Branch, explore } from '../model/linux/netfilter/explore.ts'
import type { NetNamespace } from '../model/linux/netfilter/namespace.ts'
import { type Packet, packetText } from '../model/linux/netfilter/packet.ts'
import { type Dump, parseDump } from '../model/linux/netfilter/parse-dump.ts'
import { isLocalAddress } from '../model/linux/netfilter/route.ts'
import { protocolOf } from '../model/linux/netfilter/rule.ts'
import type { MapRules } from '../model/linux/netfilter/ruleset.ts'
import { comparedRules, expandTrace, type TraceStep } from '../model/linux/netfilter/trace.ts'
import { readArguments, UsageError } from './arguments.ts'

const USAGE =
  "usage: nodeglass trace --rules FILE --packet 'tcp A:P > B:P' [--in IFACE] [--node-ip IP]... [--known-flow] [--json]"

export interface TraceResult {
  verdict: 'ACCEPT' | 'DROP' | 'REJECT'
  backends: string[]
  masquerade: boolean
  compared: number
  steps: TraceStep[]
  forks?: {
    choices: { table: string; chain: string; rule: number; question: string; matched: boolean }[]
    verdict: 'ACCEPT' | 'DROP' | 'REJECT'
    backend: string | null
    masquerade: boolean
    compared: number
    packet: { src: string; sport: number; dst: string; dport: number; proto: string }
  }[]
  assumed?: string[]
  packet: { src: string; sport: number; dst: string; dport: number; proto: string }
}

export async function main(argv: string[]): Promise<number> {
  const args = readArguments(argv, {
    switches: ['json', 'known-flow'],
    values: ['rules', 'packet', 'in'],
    lists: ['node-ip'],
  })
  if (args.words.length > 0) throw new UsageError(`what is "${args.words[0]}"?\n${USAGE}`)
  const file = args.flags.rules
  if (typeof file !== 'string') throw new UsageError(`--rules FILE is missing\n${USAGE}`)
  if (typeof args.flags.packet !== 'string') throw new UsageError(`--packet is missing\n${USAGE}`)
  const packet = readPacket(args.flags.packet)
  const dump = readDump(file)
  const nodeIps = args.lists['node-ip'] ?? []
  for (const ip of nodeIps) if (!parseIp(ip)) throw new UsageError(`--node-ip ${ip}: not an IP address`)
  const result = tracePacket(dump.rules, packet, {
    nodeIps,
    ...(typeof args.flags.in === 'string' ? { inDev: args.flags.in } : {}),
    knownFlow: args.flags['known-flow'] === true,
  })
  for (const problem of dump.problems)
    process.stderr.write(`${file}:${problem.line}: ${problem.severity}: ${problem.message}\n`)
  process.stdout.write(args.flags.json ? `${JSON.stringify(result, undefined, 1)}\n` : words(result, packet))
  return 0
}

function readDump(file: string): Dump {
  let text: string
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new UsageError(`${file}: ${(error as Error).message}`)
  }
  const dump = parseDump(text)
  const error = dump.problems.find((problem) => problem.severity === 'error')
  if (error) throw new UsageError(`${file}:${error.line}: ${error.message}`)
  return dump
}

/** `tcp 10.244.1.5:40000 > 10.96.0.10:80`, `udp [fd00::1]:53 > [fd00::2]:53`, `icmp 10.0.0.1 > 10.0.0.2`. */
export function readPacket(text: string): Packet {
  const found = /^\s*(\S+)\s+(\S+)\s*-?>\s*(\S+)\s*$/.exec(text)
  if (!found) throw new UsageError(`--packet ${text}: write it as 'tcp 10.244.1.5:40000 > 10.96.0.10:80'`)
  const proto = protocolOf(found[1]!)
  if (!proto || proto.number === 0) throw new UsageError(`--packet ${text}: unknown protocol ${found[1]}`)
  const end = (part: string): { ip: string; port: number | undefined } => {
    const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(part)
    const plain = /^([^:]+)(?::(\d+))?$/.exec(part)
    const [, ip, port] = bracketed ?? plain ?? [undefined, part, undefined]
    const parsed = parseIp(ip!)
    if (!parsed || (port !== undefined && Number(port) > 65_535))
      throw new UsageError(`--packet ${text}: "${part}" is not an address with a port`)
    return { ip: parsed.text, port: port === undefined ? undefined : Number(port) }
  }
  const src = end(found[2]!)
  const dst = end(found[3]!)
  if (src.ip.includes(':') !== dst.ip.includes(':'))
    throw new UsageError(`--packet ${text}: one address is IPv4, the other IPv6`)
  const ports = ['tcp', 'udp', 'sctp', 'udplite', 'dccp'].includes(proto.name)
  if (ports && dst.port === undefined) throw new UsageError(`--packet ${text}: ${proto.name} needs a destination port`)
  return {
    proto: proto.name,
    src: src.ip,
    dst: dst.ip,
    sport: src.port ?? (ports ? 40_000 : 0),
    dport: dst.port ?? 0,
    ...(proto.name.includes('icmp') ? { icmp: { type: proto.name === 'icmp' ? 8 : 128, code: 0 } } : {}),
  }
}

export interface TraceOptions {
  readonly nodeIps: readonly string[]
  readonly inDev?: string
  readonly knownFlow?: boolean
}

export function tracePacket(rules: MapRules, packet: Packet, options: TraceOptions): TraceResult {
  const ns: NetNamespace = {
    rules,
    links: [
      { name: 'lo', addresses: ['127.0.0.1/8', '::1/128'] },
      { name: '(node)', addresses: options.nodeIps },
    ],
    routes: [],
    conntrack: () => undefined,
    sysctls: { ipForward: true, routeLocalnet: true },
  }
  const local = options.inDev === undefined && isLocalAddress(ns.links, parseIp(packet.src)!)
  const { branches, cut } = explore(ns, packet, {
    local,
    unknownDevices: true,
    ...(options.inDev === undefined ? {} : { inDev: options.inDev }),
    knownFlow: options.knownFlow === true,
  })
  const assumed = new Set(branches.flatMap((branch) => branch.traversal.assumed))
  if (options.nodeIps.length === 0)
    assumed.add('no --node-ip given: only 127.0.0.0/8 and ::1 are addresses of the node')
  if (local)
    assumed.add(
      `${packet.src} is an address of the node: the packet starts there (OUTPUT); give --in for one that arrives`,
    )
  if (cut) assumed.add('more ways than can be listed: the first 4,096 stand for all')
  const steps = expandTrace(rules, branches[0]!.traversal.trace)
  if (steps.length === 0 && rules.tables().some((t) => rules.chains(t).some((chain) => chain.rules.length > 0)))
    assumed.add(
      'no rule was tried: nothing in this dump leads from a built-in chain to its rules; paste the whole output of iptables-save',
    )
  const ends = branches.map(end)
  const main = branches.find((_, i) => ends[i]!.backend !== null) ?? branches[0]!
  const mainEnd = ends[branches.indexOf(main)]!
  const backends = [...new Set(ends.flatMap((e) => (e.backend === null ? [] : [e.backend])))]
  return {
    verdict: mainEnd.verdict,
    backends,
    masquerade: ends.some((e) => e.masquerade),
    compared: mainEnd.compared,
    steps: expandTrace(rules, main.traversal.trace),
    ...(branches.length > 1
      ? {
          forks: branches.map((branch, i) => ({
            choices: branch.answers.map(({ question, answer }) => ({
              table: question.table,
              chain: question.chain,
              rule: question.index + 1,
              question: question.about,
              matched: answer !== 0,
            })),
            ...ends[i]!,
          })),
        }
      : {}),
    ...(assumed.size > 0 ? { assumed: [...assumed] } : {}),
    packet: mainEnd.packet,
  }
}

function end({ traversal }: Branch): Omit<NonNullable<TraceResult['forks']>[number], 'choices'> {
  const { src, sport, dst, dport, proto } = traversal.packet
  return {
    verdict: traversal.verdict === 'UNREACHABLE' ? 'DROP' : traversal.verdict,
    backend: traversal.nat.find((n) => n.kind === 'DNAT' && n.byRule)?.to ?? null,
    masquerade: traversal.masqueraded,
    compared: comparedRules(traversal.trace),
    packet: { src, sport, dst, dport, proto },
  }
}

function words(result: TraceResult, packet: Packet): string {
  let out = `${packetText(packet)}\n`
  let place = ''
  for (const step of result.steps) {
    const now = `${step.hook} ${step.table}`
    if (now !== place) out += `\n${(place = now)}\n`
    out += `  ${step.matched ? '*' : ' '} ${step.chain} ${step.rule}  ${step.text}${step.matched ? `   => ${step.action}` : ''}\n`
  }
  out += `\nverdict    ${result.verdict}\n`
  if (result.backends.length > 0) out += `backends   ${result.backends.join(', ')}\n`
  out += `masquerade ${result.masquerade ? 'yes' : 'no'}\ncompared   ${result.compared} rules\npacket     ${packetText(result.packet)}\n`
  for (const fork of result.forks ?? []) {
    const choices = fork.choices.map(
      (c) => `${c.table} ${c.chain} ${c.rule} ${c.matched ? 'matches' : 'does not match'}`,
    )
    out += `one way    ${fork.verdict}${fork.backend ? ` ${fork.backend}` : ''}: ${choices.join(', ')}\n`
  }
  for (const text of result.assumed ?? []) out += `assumed    ${text}\n`
  return out
}
