/** Rules that somebody pasted: what is in them, and the way of a packet through them. Runs in the rules worker. */
import { parseCidr, parseIp } from '../model/linux/netfilter/address.ts'
import type { Branch } from '../model/linux/netfilter/explore.ts'
import type { Packet } from '../model/linux/netfilter/packet.ts'
import { type DumpProblem, parseDump } from '../model/linux/netfilter/parse-dump.ts'
import { packetOf } from '../model/linux/netfilter/read-packet.ts'
import type { Rule } from '../model/linux/netfilter/rule.ts'
import { loadedRule, type MapRules } from '../model/linux/netfilter/ruleset.ts'
import { expandTrace, type Trace } from '../model/linux/netfilter/trace.ts'
import { endOf, type Subject, type Ways, waysOf } from '../model/linux/netfilter/trace-dump.ts'
import type { Walk } from '../model/linux/netfilter/walk.ts'
import { loadedNft } from './own-nft.ts'
import type { Asked, DumpTarget, Loaded, PacketForm, TraceAnswer, Way, WayInfo, WayStep } from './rules-protocol.ts'

type Question = Parameters<Walk['ask']>[0]

/** A dump in hand. */
export interface Held {
  readonly subject: Subject
  readonly loaded: Loaded
}

const PROBLEMS_LISTED = 200
const TARGETS_LISTED = 60
const WAYS_LISTED = 400

export function load(text: string): Held {
  const dump = parseDump(text)
  const { rules, problems, ruleCount } = dump
  const listed = { problems: worstFirst(problems).slice(0, PROBLEMS_LISTED), problemCount: problems.length }
  if (dump.nft) return { subject: dump, loaded: { ...loadedNft(dump, dump.nft), ...listed } }
  const targets = targetsOf(rules)
  const devices = devicesOf(rules)
  const loaded: Loaded = {
    format: 'iptables',
    tables: rules.tables().map((name) => {
      const chains = rules.chains(name)
      return { name, chains: chains.length, rules: chains.reduce((sum, chain) => sum + chain.rules.length, 0) }
    }),
    ruleCount,
    ...listed,
    targets,
    guess: guess(rules, targets[0]),
    devices,
  }
  return { subject: { rules }, loaded }
}

const RANK = { error: 0, warning: 1, note: 2 } as const
function worstFirst(problems: readonly DumpProblem[]): DumpProblem[] {
  return [...problems].sort((a, b) => RANK[a.severity] - RANK[b.severity] || a.line - b.line)
}

function rulesOf(rules: MapRules, table: string, chain: string): Rule[] {
  return (rules.chain(table, chain)?.rules ?? []).map(loadedRule)
}

/** Addresses with a port that something in table nat is written for: Services first, then published ports. */
function targetsOf(rules: MapRules): DumpTarget[] {
  const found = new Map<string, DumpTarget>()
  const add = (rule: Rule, elsewhere: string): void => {
    const ports = rule.matches.find((m) => m.kind === 'ports')
    const port = ports?.kind === 'ports' && ports.dport && !ports.dport.not ? ports.dport.from : undefined
    const whole =
      rule.dst && !rule.dst.not && isHost(rule.dst.cidr.text) ? rule.dst.cidr.text.split('/')[0]! : undefined
    const ip = whole ?? elsewhere
    if (port === undefined || ip === '' || !rule.proto || rule.proto.not) return
    const comment = rule.matches.find((m) => m.kind === 'comment')
    const says = comment?.kind === 'comment' ? comment.text.replace(/ cluster IP$/, '') : rule.chain
    const key = `${rule.proto.name} ${ip} ${port}`
    if (!found.has(key)) found.set(key, { says, proto: rule.proto.name, ip, port })
  }
  for (const rule of rulesOf(rules, 'nat', 'KUBE-SERVICES')) {
    if (found.size >= TARGETS_LISTED) break
    add(rule, '')
  }
  for (const chain of rules.chains('nat')) {
    if (found.size >= TARGETS_LISTED) break
    if (/^KUBE-(?:SVC|SVL|SEP|EXT|FW|SERVICES)/.test(chain.name)) continue
    for (const rule of chain.rules.slice(0, 2_000).map(loadedRule))
      if (rule.target?.kind === 'DNAT' || (rule.target?.kind === 'chain' && rule.target.name !== 'KUBE-NODEPORTS'))
        add(rule, rule.target.kind === 'DNAT' || chain.name === 'KUBE-NODEPORTS' ? NODE : '')
  }
  // the API server is in every dump: another Service says more
  return [...found.values()].sort(
    (a, b) => Number(/^default\/kubernetes/.test(a.says)) - Number(/^default\/kubernetes/.test(b.says)),
  )
}

/** An address of documentation that stands for the node, where a dump names none. */
const NODE = '192.0.2.10'
const isHost = (text: string): boolean => !text.includes('/') || /\/(?:32|128)$/.test(text)

function guess(rules: MapRules, target: DumpTarget | undefined): PacketForm {
  const six = rules.family === 6
  const node = target?.ip === NODE
  const pods = podRange(rules)
  return {
    proto: target?.proto ?? 'tcp',
    src: node ? '198.51.100.7' : (pods ?? (six ? 'fd00::7' : '10.244.1.7')),
    sport: '40000',
    dst: target?.ip ?? (six ? 'fd00:10::1' : '10.96.0.1'),
    dport: String(target?.port ?? 443),
    inDev: '',
    nodeIps: node ? NODE : '',
    known: false,
  }
}

/** An address in the pods' range, which kube-proxy's `! -s RANGE ... KUBE-MARK-MASQ` names. */
function podRange(rules: MapRules): string | undefined {
  for (const chain of rules.chains('nat'))
    for (const line of chain.rules.slice(0, 20)) {
      const text = /! -s (\S+) .*KUBE-MARK-MASQ/.exec(line)?.[1]
      const cidr = text === undefined ? undefined : parseCidr(text)
      if (cidr?.family !== 4) continue
      const base = cidr.words[0]! >>> 0
      const host = cidr.prefix <= 16 ? 0x0107 : cidr.prefix <= 24 ? 0x07 : 1
      return [24, 16, 8, 0].map((shift) => ((base + host) >>> shift) & 255).join('.')
    }
  return undefined
}

function devicesOf(rules: MapRules): string[] {
  const names = new Set<string>()
  for (const table of rules.tables())
    for (const chain of rules.chains(table))
      for (const line of chain.rules) {
        const name = / -i (\S+)/.exec(line)?.[1]
        if (name && !name.endsWith('+') && names.size < 20) names.add(name)
      }
  return [...names]
}

/* ------------------------------------------------------------------ a packet */

export interface Traced {
  readonly held: Held
  readonly packet: Packet
  readonly ways: Ways
}

/** Throws a sentence for the person. */
export function trace(held: Held, form: PacketForm): Traced {
  const end = (ip: string, port: string) => ({ ip: ip.trim(), port: port.trim() === '' ? undefined : Number(port) })
  const packet = packetOf(form.proto.trim() || 'tcp', end(form.src, form.sport), end(form.dst, form.dport))
  if ('error' in packet) throw new Error(`The packet: ${packet.error}.`)
  const nodeIps = form.nodeIps.split(/[\s,]+/).filter(Boolean)
  for (const ip of nodeIps) if (!parseIp(ip)) throw new Error(`The node's addresses: ${ip} is not an IP address.`)
  const ways = waysOf(held.subject, packet, {
    nodeIps,
    ...(form.inDev.trim() === '' ? {} : { inDev: form.inDev.trim() }),
    knownFlow: form.known,
  })
  return { held, packet, ways }
}

export function answerOf(traced: Traced, form: PacketForm): TraceAnswer {
  const { packet, ways } = traced
  return {
    packet,
    ways: ways.branches.slice(0, WAYS_LISTED).map(wayInfo),
    wayCount: ways.branches.length,
    asked: askedIn(ways.branches),
    assumed: assumedIn(traced, form),
    way: wayOf(traced, ways.branches.indexOf(ways.main)),
  }
}

function assumedIn({ packet, ways }: Traced, form: PacketForm): string[] {
  const out = ways.assumed.map((text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`)
  if (form.nodeIps.trim() === '')
    out.push('No address of the node is given: only 127.0.0.0/8 and ::1 count as its own. Node ports need one.')
  if (ways.local)
    out.push(
      `${packet.src} is an address of the node: the packet starts there, at OUTPUT. Name an interface for one that arrives.`,
    )
  if (ways.cut) out.push('There are more ways than can be listed: the first 4,096 stand for all.')
  if (ways.untried)
    out.push(
      'No rule was tried: nothing in this dump leads from a built-in chain to its rules. Paste the whole output of iptables-save.',
    )
  return out
}

/** A draw is asked anew by each rule; anything else once, however many rules ask it. */
const keyOf = (question: Question): string =>
  question.kind === 'random' || question.kind === 'nth' || question.kind === 'choice'
    ? `${question.table} ${question.chain} ${question.index}`
    : question.about

function wayInfo(branch: Branch, index: number): WayInfo {
  const { verdict, backend, masquerade, compared } = endOf(branch)
  const choices = branch.answers.map(({ question, answer }) => ({ key: keyOf(question), answer }))
  return { index, verdict, backend, masquerade, compared, choices }
}

function askedIn(branches: readonly Branch[]): Asked[] {
  const found = new Map<string, { asked: Omit<Asked, 'answers'>; answers: Set<number> }>()
  for (const branch of branches)
    for (const { question, answer } of branch.answers) {
      const key = keyOf(question)
      let known = found.get(key)
      if (!known) {
        const { kind, table, chain, index, about, probability, below } = question
        const share = probability === undefined ? {} : { share: probability / 0x80000000 }
        known = {
          asked: { key, kind, place: `${table} ${chain} ${index + 1}`, about, below, ...share },
          answers: new Set(),
        }
        found.set(key, known)
      }
      known.answers.add(answer)
    }
  return [...found.values()].map(({ asked, answers }) => ({ ...asked, answers: [...answers].sort((a, b) => a - b) }))
}

const HOOKS: Readonly<Record<string, readonly string[]>> = {
  forwarded: ['PREROUTING', 'FORWARD', 'POSTROUTING'],
  local: ['PREROUTING', 'INPUT'],
  sent: ['OUTPUT', 'POSTROUTING'],
}

export function wayOf({ held, packet, ways }: Traced, index: number): Way {
  const branch = ways.branches[index]
  if (!branch) throw new Error('This way is gone: trace the packet again.')
  const { traversal } = branch
  const { rules, texts } = held.subject
  const steps: WayStep[] = []
  let header = packet
  let last: { at: string; rule: number } | undefined
  for (const step of expandTrace(rules, thinned(traversal.trace), false, texts)) {
    const at = `${step.hook} ${step.table} ${step.chain}`
    const folded = last?.at === at ? Math.max(0, step.rule - last.rule - 1) : 0
    last = { at, rule: step.rule }
    const nat = step.matched
      ? traversal.nat.find((n) => n.byRule && n.hook === step.hook && KIND[n.kind]?.test(step.action))
      : undefined
    const after = nat ? rewritten(header, nat.kind, nat.to) : step.matched ? marked(header, step.action) : header
    steps.push({ ...step, folded, before: header, after })
    header = after
  }
  const { stoppedBy } = traversal
  const passed = traversal.trace.passes.map((pass) => pass.hook)
  const usual = HOOKS[traversal.fate] ?? (ways.local ? HOOKS.sent! : HOOKS.forwarded!)
  const end = stoppedBy ? usual.slice(0, Math.max(1, usual.indexOf(stoppedBy.hook) + 1)) : usual
  return {
    index,
    verdict: traversal.verdict === 'UNREACHABLE' ? 'DROP' : traversal.verdict,
    fate: traversal.fate,
    ...(stoppedBy
      ? { stoppedBy: { table: stoppedBy.table, chain: stoppedBy.chain, rule: stoppedBy.rule, why: stoppedBy.why } }
      : {}),
    ...(traversal.rejectWith ? { rejectWith: traversal.rejectWith } : {}),
    compared: endOf(branch).compared,
    lookups: traversal.trace.lookups ?? 0,
    hooks: [...new Set([...end, ...passed])].sort((a, b) => order(a) - order(b)),
    before: packet,
    after: traversal.packet,
    steps,
  }
}

const ORDER = ['INGRESS', 'PREROUTING', 'INPUT', 'OUTPUT', 'FORWARD', 'POSTROUTING', 'EGRESS']
const order = (hook: string): number => ORDER.indexOf(hook)
const KIND: Readonly<Record<string, RegExp>> = { DNAT: /^(?:dnat|redirect)/i, SNAT: /^(?:snat|masquerade)/i }

/** Of a long run without a match only its first two and its last four are written out. */
function thinned(trace: Trace): Trace {
  const runs: number[] = []
  const moved: number[] = []
  for (let i = 0; i < trace.runs.length; i += 4) {
    const [chain, first, last, matched] = trace.runs.slice(i, i + 4) as [number, number, number, number]
    if (last - first > 7) runs.push(chain, first, first + 1, 0)
    moved.push(runs.length / 4)
    runs.push(chain, last - first > 7 ? last - 3 : first, last, matched)
  }
  const begins = (run: number): number => {
    if (run >= moved.length) return runs.length / 4
    const first = trace.runs[run * 4 + 1]!
    return trace.runs[run * 4 + 2]! - first > 7 ? moved[run]! - 1 : moved[run]!
  }
  return {
    ...trace,
    runs,
    passes: trace.passes.map((pass) => ({ ...pass, from: begins(pass.from) })),
    ...(trace.found ? { found: trace.found.map((f) => ({ ...f, after: moved[f.after] ?? f.after })) } : {}),
  }
}

function rewritten(packet: Packet, kind: string, to: string): Packet {
  const m = /^\[?([^\]]+?)\]?:(\d+)$/.exec(to)
  const ip = m?.[1] ?? to
  const port = m ? Number(m[2]) : undefined
  return kind === 'DNAT'
    ? { ...packet, dst: ip, dport: port ?? packet.dport }
    : { ...packet, src: ip, sport: port ?? packet.sport }
}

function marked(packet: Packet, action: string): Packet {
  const m = /MARK (?:or|OR|set|xset) (0x[0-9a-f]+)/i.exec(action)
  return m ? { ...packet, mark: ((packet.mark ?? 0) | Number(m[1])) >>> 0 } : packet
}
