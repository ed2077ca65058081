/** `nodeglass trace`: one packet through a dump of rules, every rule tried. */
import { readFileSync } from 'node:fs'
import { parseIp } from '../model/linux/netfilter/address.ts'
import { type Packet, packetText } from '../model/linux/netfilter/packet.ts'
import { type Dump, parseDump } from '../model/linux/netfilter/parse-dump.ts'
import { readPacket } from '../model/linux/netfilter/read-packet.ts'
import { type TraceResult, tracePacket } from '../model/linux/netfilter/trace-dump.ts'
import { readArguments, UsageError } from './arguments.ts'

const USAGE =
  "usage: nodeglass trace --rules FILE --packet 'tcp A:P > B:P' [--in IFACE] [--node-ip IP]... [--known-flow] [--json]"

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
  if ('error' in packet) throw new UsageError(`--packet ${args.flags.packet}: ${packet.error}`)
  const dump = readDump(file)
  const nodeIps = args.lists['node-ip'] ?? []
  for (const ip of nodeIps) if (!parseIp(ip)) throw new UsageError(`--node-ip ${ip}: not an IP address`)
  const result = tracePacket(dump, packet, {
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

function words(result: TraceResult, packet: Packet): string {
  let out = `${packetText(packet)}\n`
  let place = ''
  for (const step of result.steps) {
    const now = `${step.hook} ${step.table}`
    if (now !== place) out += `\n${(place = now)}\n`
    out += `  ${step.matched ? '*' : ' '} ${step.chain} ${step.rule}  ${step.text}${step.matched ? `   => ${step.action}` : ''}${step.found === undefined ? '' : ` (found ${step.found})`}\n`
  }
  out += `\nverdict    ${result.verdict}\n`
  if (result.backends.length > 0) out += `backends   ${result.backends.join(', ')}\n`
  out += `masquerade ${result.masquerade ? 'yes' : 'no'}\ncompared   ${result.compared} rules\npacket     ${packetText(result.packet)}\n`
  for (const fork of result.forks ?? []) {
    const choices = fork.choices.map(
      (c) =>
        `${c.table} ${c.chain} ${c.rule} ${c.answer !== undefined ? `gives ${c.answer}` : c.matched ? 'matches' : 'does not match'}`,
    )
    out += `one way    ${fork.verdict}${fork.backend ? ` ${fork.backend}` : ''}: ${choices.join(', ')}\n`
  }
  for (const text of result.assumed ?? []) out += `assumed    ${text}\n`
  return out
}
