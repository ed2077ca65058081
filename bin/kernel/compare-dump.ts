/**
 * A dump of rules on both sides: a node's kernel loads it, packets go through, and one of the ways that `nodeglass trace`
 * names must be what the kernel did: the rules that matched, how many were compared at each hook, verdict, destination.
 */
import type { Branch } from '../../src/model/linux/netfilter/explore.ts'
import { packetText } from '../../src/model/linux/netfilter/packet.ts'
import { type Dump, parseDump } from '../../src/model/linux/netfilter/parse-dump.ts'
import { printSave } from '../../src/model/linux/netfilter/print-save.ts'
import { loadedRule, type MapRules } from '../../src/model/linux/netfilter/ruleset.ts'
import { expandTrace } from '../../src/model/linux/netfilter/trace.ts'
import { nftRuleText } from '../../src/model/linux/nft/print-rule.ts'
import { waysOf } from '../../src/model/linux/netfilter/trace-dump.ts'
import { TRACED_PORTS } from './agent-words.ts'
import { type DumpNode, makeDumpNode } from './dump-net.ts'
import { type DumpPacket, netOf, NODE_IP, packetsFor } from './dump-packets.ts'
import { type KernelPath, readTrace } from './kernel-trace.ts'
import { kernelRules } from './kernel-rules.ts'
import { comparedByPass, tableName } from './modelled.ts'
import { Agent, Monitor, sleep, TRACE_RULES, TRACE_TABLE } from './real.ts'

export interface DumpReport {
  readonly name: string
  /** Why it is no dump: what a person is told to run instead. */
  readonly refused?: string
  readonly rules: number
  readonly packets: number
  readonly matched: number
  readonly compared: number
  /** Rules that this kernel does not take, and that were left out on both sides. */
  readonly stripped: readonly { readonly line: string; readonly why: string }[]
  readonly wrong: number
  readonly lines: readonly string[]
}

const PACKETS = 24
/** Nearly all rules of our own are to be met. */
const OWN_PACKETS = 220
const UNMET = 4

export async function compareDump(name: string, text: string, seed: number, agentScript: string): Promise<DumpReport> {
  const none = { name, rules: 0, packets: 0, matched: 0, compared: 0, stripped: [], lines: [] }
  let dump = parseDump(text)
  const refused = dump.problems.find((problem) => problem.severity === 'error')
  if (refused) return { ...none, refused: refused.message, wrong: /run |paste /.test(refused.message) ? 0 : 1 }
  const stripped: { line: string; why: string }[] = []
  const lines: string[] = []
  const met = new Set<string>()
  let [wrong, packets, matched, compared] = [0, 0, 0, 0]
  if (dump.nft) dump = withEveryChain(dump)
  const shape = netOf(dump)
  const node = makeDumpNode(shape)
  const agents: Agent[] = []
  let monitor: Monitor | undefined
  try {
    if (dump.nft) {
      const refusal = node.load(dump.nft.list(), 'nft')
      if (refusal) throw new Error(`nft -f: ${refusal.message}: ${dump.nft.list().split('\n')[refusal.line - 1]}`)
    } else loadWhatFits(node, dump, stripped)
    const difference = dump.nft
      ? firstDifference(dump.nft.list(), node.saved('nft'))
      : firstDifference(printSave(dump.rules), node.saved('iptables-save'))
    if (difference !== undefined) {
      wrong++
      lines.push(`  DIFFERS its rules as text: ${difference}`)
    }
    node.net.inside('node', ['nft', '-f', '-'], TRACE_RULES)
    const rules = kernelRules(node.net, 'node')
    monitor = new Monitor(node.net, 'node')
    const world = new Agent(node.net, 'world', agentScript)
    const self = new Agent(node.net, 'node', agentScript)
    agents.push(world, self)
    await warmUp(monitor, self)
    let sport: number = TRACED_PORTS.from + 500
    for (const packet of packetsFor(dump, shape, seed, name.startsWith('own') ? OWN_PACKETS : PACKETS)) {
      let differences: string[] = []
      let path: KernelPath | undefined
      for (let tries = 1; tries <= 3; tries++) {
        sport++
        node.forget()
        monitor.take()
        if (packet.inDev !== undefined) node.aim(packet.src, packet.inDev)
        const agent = packet.inDev === undefined ? self : world
        const { proto, src, dst, dport } = packet
        await agent.ask({ do: 'connect', proto, dst, port: dport, timeoutMs: 40, sport, source: src })
        await settle(monitor, tries)
        path = readTrace(monitor.take(), rules, (table) => table === TRACE_TABLE)
        differences = compareWays(dump, packet, sport, path, shape.interfaces)
        if (differences.length === 0) break
      }
      packets++
      matched += path!.rules.length
      for (const rule of path!.rules) met.add(rule)
      compared += Object.values(path!.compared).reduce((a, b) => a + b, 0)
      if (differences.length > 0) wrong++
      lines.push(
        `  ${differences.length > 0 ? 'DIFFERS' : 'agrees '} ${textOf(packet, sport)}: ${path!.verdict}, ${path!.rules.length} rules matched`,
      )
      for (const difference of differences) lines.push(`      ${difference}`)
    }
    if (name.startsWith('own')) {
      for (const problem of dump.problems)
        lines.push(`  DIFFERS line ${problem.line} is not understood: ${problem.message}`)
      wrong += dump.problems.length
      const left = unmet(dump, met)
      // chance leaves out a few; more means that the packets do not fit the rules any more
      if (left.length > UNMET) wrong++
      for (const rule of left) lines.push(`  ${left.length > UNMET ? 'DIFFERS' : 'agrees '} no packet met ${rule}`)
    }
  } finally {
    for (const agent of agents) agent.stop()
    monitor?.stop()
    node.destroy()
  }
  return { name, rules: dump.ruleCount, packets, matched, compared, stripped, wrong, lines }
}

/** Chains that an excerpt jumps to and does not have, empty. */
function withEveryChain(dump: Dump): Dump {
  const text = dump.nft!.list()
  const there = new Set([...text.matchAll(/^\tchain (\S+) \{/gm)].map(([, name]) => name))
  const missing = new Set([...text.matchAll(/\b(?:goto|jump) ([^\s,}]+)/g)].map(([, name]) => name!))
  const stubs = [...missing].filter((name) => !there.has(name)).map((name) => `\tchain ${name} {\n\t}\n`)
  return stubs.length === 0 ? dump : parseDump(text.replace(/^\}\n$/m, `${stubs.join('')}}\n`))
}

function unmet({ rules, nft }: Dump, met: ReadonlySet<string>): string[] {
  if (nft)
    return nft.store.tables().flatMap((table) =>
      nft.store.chains(table.key).flatMap((chain) =>
        chain.rules
          .map((rule, index) => ({
            at: `${table.name} ${chain.name} ${index + 1}`,
            text: nftRuleText(rule, table.family),
          }))
          .filter(({ at, text }) => !text.includes('unreachable') && !met.has(at))
          .map(({ at, text }) => `${at}: ${text}`),
      ),
    )
  return rules
    .tables()
    .flatMap((table) =>
      rules
        .chains(table)
        .flatMap((chain) =>
          chain.rules
            .filter((line, index) => !line.includes('unreachable') && !met.has(`${table} ${chain.name} ${index + 1}`))
            .map((line) => `${table} ${line}`),
        ),
    )
}

const textOf = (p: DumpPacket, sport: number): string =>
  `${packetText({ proto: p.proto, src: p.src, dst: p.dst, sport, dport: p.dport })}${p.inDev === undefined ? ' from the node' : ` in ${p.inDev}`}`

/** Leaves out, rule by rule, what iptables-restore refuses here. */
function loadWhatFits(node: DumpNode, { rules }: Dump, stripped: { line: string; why: string }[]): void {
  // a part of a dump jumps to chains that it does not have: the model takes them as empty
  for (const table of rules.tables())
    for (const chain of rules.chains(table))
      for (const line of chain.rules) {
        const target = loadedRule(line).target
        if (target?.kind === 'chain' && !rules.chain(table, target.name))
          rules.table(table).set(target.name, { name: target.name, rules: [] })
      }
  for (let i = 0; i < 60; i++) {
    const text = printSave(rules)
    const refused = node.load(text, 'iptables-restore')
    if (refused === undefined) return
    const at = ruleAt(rules, text.split('\n'), refused.line - 1)
    if (!at) throw new Error(`iptables-restore: ${refused.message}`)
    const chain = rules.chain(at.table, at.chain)!
    const line = chain.rules[at.index]!
    const unreadable = loadedRule(line).matches.find((match) => match.kind === 'opaque' && match.name === 'unreadable')
    const why = unreadable?.kind === 'opaque' ? unreadable.args[0]! : refused.message.replace(/^.*\): (?=\S)/, '')
    stripped.push({ line, why })
    const left = chain.rules.filter((_, index) => index !== at.index)
    rules.table(at.table).set(chain.name, { ...chain, rules: left })
  }
  throw new Error('more than 60 rules that this kernel does not take')
}

function ruleAt(
  rules: MapRules,
  lines: readonly string[],
  at: number,
): { table: string; chain: string; index: number } | undefined {
  let line = 0
  for (const table of rules.tables()) {
    const chains = rules.chains(table)
    line += 1 + chains.length
    for (const chain of chains)
      for (let index = 0; index < chain.rules.length; index++)
        if (line++ === at) return { table, chain: chain.name, index }
    if (lines[line++] !== 'COMMIT') throw new Error('lost count of the lines')
  }
  return undefined
}

async function warmUp(monitor: Monitor, self: Agent): Promise<void> {
  for (let i = 0; i < 100 && monitor.count === 0; i++)
    await self.ask({
      do: 'connect',
      proto: 'udp',
      dst: '192.0.2.254',
      port: 9,
      timeoutMs: 30,
      sport: TRACED_PORTS.from + i,
    })
  await settle(monitor, 1)
}

async function settle(monitor: Monitor, patience: number): Promise<void> {
  let last = 0
  let still = 0
  for (let i = 0; i < 100 && still < 4 * patience; i++) {
    await sleep(6)
    still = monitor.count > 0 && monitor.count === last ? still + 1 : 0
    last = monitor.count
  }
}

function compareWays(
  dump: Dump,
  packet: DumpPacket,
  sport: number,
  seen: KernelPath,
  interfaces: readonly string[],
): string[] {
  const { branches, cut } = waysOf(
    dump,
    { proto: packet.proto, src: packet.src, dst: packet.dst, sport, dport: packet.dport },
    { nodeIps: [NODE_IP], ...(packet.inDev === undefined ? {} : { inDev: packet.inDev }) },
  )
  const path = JSON.stringify(seen.rules)
  const fitting = branches.filter((branch) => JSON.stringify(pathOf(dump, branch)) === path)
  if (fitting.length === 0) {
    const near = branches
      .map((branch) => pathOf(dump, branch))
      .sort((a, b) => common(b, seen.rules) - common(a, seen.rules))[0]!
    const i = common(near, seen.rules)
    return [
      `none of ${branches.length} ways${cut ? ' (cut)' : ''} is the kernel's: the nearest parts after ${i}: model ${near.slice(i, i + 3).join(' | ') || '(end)'}  kernel ${seen.rules.slice(i, i + 3).join(' | ') || '(end)'}`,
    ]
  }
  const out: string[] = []
  const right = fitting.find((branch) => {
    const compared: Record<string, number> = {}
    comparedByPass(branch.traversal.trace, compared)
    const found: string[] = []
    for (const pass of new Set([...Object.keys(compared), ...Object.keys(seen.compared)]))
      if ((compared[pass] ?? 0) !== (seen.compared[pass] ?? 0))
        found.push(`rules compared in ${pass}: model ${compared[pass] ?? 0}, kernel ${seen.compared[pass] ?? 0}`)
    const accepted = branch.traversal.verdict === 'ACCEPT'
    if (seen.verdict !== '' && accepted !== (seen.verdict === 'accept'))
      found.push(`verdict: model ${branch.traversal.verdict}, kernel ${seen.verdict}`)
    const last = / > (\S+)$/.exec(seen.packets[seen.packets.length - 1] ?? '')?.[1]
    const { dst, dport } = branch.traversal.packet
    if (last !== undefined && accepted && /: /.test(seen.packets[0]!) && last !== `${dst}:${dport}`)
      found.push(`destination: model ${dst}:${dport}, kernel ${last}`)
    // a way that rests on an interface that the node does not have is no way here
    if (
      branch.answers.some(
        ({ question, answer }) => answer === 1 && question.kind === 'interface' && !named(question.about, interfaces),
      )
    )
      found.push(`it rests on ${branch.answers.map((a) => a.question.about).join(', ')}`)
    out.push(...found)
    return found.length === 0
  })
  return right ? [] : [...new Set(out)]
}

function named(about: string, interfaces: readonly string[]): boolean {
  const name = / interface (\S+)\?$/.exec(about)?.[1] ?? ''
  return ['lo', ...interfaces].some((dev) => (name.endsWith('+') ? dev.startsWith(name.slice(0, -1)) : dev === name))
}

const pathOf = (dump: Dump, { traversal }: Branch): string[] =>
  expandTrace(dump.rules, traversal.trace, true, dump.texts).map(
    (step) => `${tableName(step.table)} ${step.chain} ${step.rule}`,
  )

function common(a: readonly string[], b: readonly string[]): number {
  let i = 0
  while (i < a.length && a[i] === b[i]) i++
  return i
}

function firstDifference(model: string, kernel: string): string | undefined {
  const clean = (text: string): string[] =>
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.replace(/\[\d+:\d+\]/, '[0:0]').replace(/counter packets \d+ bytes \d+/, 'counter'))
  const a = clean(model)
  const b = clean(kernel)
  for (let i = 0; i < Math.max(a.length, b.length); i++) if (a[i] !== b[i]) return `model "${a[i]}", kernel "${b[i]}"`
  return undefined
}
