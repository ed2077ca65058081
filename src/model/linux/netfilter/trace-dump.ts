/** One packet through a pasted dump of rules: every way it can go, and what had to be assumed about the node. */
import { parseIp } from './address.ts'
import { type Branch, explore } from './explore.ts'
import type { HookPass, StepTexts } from './hooks.ts'
import type { NetNamespace } from './namespace.ts'
import type { Packet } from './packet.ts'
import { isLocalAddress } from './route.ts'
import type { MapRules } from './ruleset.ts'
import { comparedRules, expandTrace, type TraceStep } from './trace.ts'

export interface TraceResult {
  verdict: 'ACCEPT' | 'DROP' | 'REJECT'
  backends: string[]
  masquerade: boolean
  compared: number
  steps: TraceStep[]
  forks?: {
    /** `answer`: of a choice among many, which one. */
    choices: { table: string; chain: string; rule: number; question: string; matched: boolean; answer?: number }[]
    verdict: 'ACCEPT' | 'DROP' | 'REJECT'
    backend: string | null
    masquerade: boolean
    compared: number
    packet: { src: string; sport: number; dst: string; dport: number; proto: string }
  }[]
  assumed?: string[]
  packet: { src: string; sport: number; dst: string; dport: number; proto: string }
}

/** What was pasted: rules of iptables, and whatever else hangs at the hooks. */
export interface Subject {
  readonly rules: MapRules
  readonly passes?: readonly HookPass[]
  readonly texts?: StepTexts
}

export interface TraceOptions {
  readonly nodeIps: readonly string[]
  readonly inDev?: string
  readonly knownFlow?: boolean
}

/** Every way, and what was assumed; the ways are in the order of `explore`. */
export interface Ways {
  readonly branches: readonly Branch[]
  /** The first that reaches a backend, else the first. */
  readonly main: Branch
  readonly assumed: readonly string[]
  /** It starts at the node itself (OUTPUT). */
  readonly local: boolean
  /** There are more ways than the first 4,096. */
  readonly cut: boolean
  /** There are rules, and nothing leads to them. */
  readonly untried: boolean
}

export function waysOf(subject: Subject, packet: Packet, options: TraceOptions): Ways {
  const { rules } = subject
  const ns: NetNamespace = {
    rules,
    links: [
      { name: 'lo', addresses: ['127.0.0.1/8', '::1/128'] },
      { name: '(node)', addresses: options.nodeIps },
    ],
    routes: [],
    conntrack: () => undefined,
    sysctls: { ipForward: true, routeLocalnet: true },
    ...(subject.passes ? { passes: subject.passes } : {}),
  }
  const local = options.inDev === undefined && isLocalAddress(ns.links, parseIp(packet.src)!)
  const { branches, cut } = explore(ns, packet, {
    local,
    unknownDevices: true,
    ...(options.inDev === undefined ? {} : { inDev: options.inDev }),
    knownFlow: options.knownFlow === true,
  })
  const tried = branches.some((branch) => branch.traversal.trace.runs.length > 0)
  const anyRules = rules.tables().some((t) => rules.chains(t).some((chain) => chain.rules.length > 0))
  const main = branches.find((branch) => backendOf(branch) !== null) ?? branches[0]!
  const assumed = [...new Set(branches.flatMap((branch) => branch.traversal.assumed))]
  return { branches, main, assumed, local, cut, untried: !tried && anyRules }
}

/** `nodeglass trace`. */
export function tracePacket(subject: Subject, packet: Packet, options: TraceOptions): TraceResult {
  const ways = waysOf(subject, packet, options)
  const { branches, main } = ways
  const assumed = [...ways.assumed]
  if (options.nodeIps.length === 0)
    assumed.push('no --node-ip given: only 127.0.0.0/8 and ::1 are addresses of the node')
  if (ways.local)
    assumed.push(
      `${packet.src} is an address of the node: the packet starts there (OUTPUT); give --in for one that arrives`,
    )
  if (ways.cut) assumed.push('more ways than can be listed: the first 4,096 stand for all')
  if (ways.untried)
    assumed.push(
      'no rule was tried: nothing in this dump leads from a built-in chain to its rules; paste the whole output of iptables-save',
    )
  const ends = branches.map(endOf)
  const mainEnd = ends[branches.indexOf(main)]!
  const backends = [...new Set(ends.flatMap((e) => (e.backend === null ? [] : [e.backend])))]
  return {
    verdict: mainEnd.verdict,
    backends,
    masquerade: ends.some((e) => e.masquerade),
    compared: mainEnd.compared,
    steps: expandTrace(subject.rules, main.traversal.trace, false, subject.texts),
    ...(branches.length > 1
      ? {
          forks: branches.map((branch, i) => ({
            choices: branch.answers.map(({ question, answer }) => ({
              table: question.table,
              chain: question.chain,
              rule: question.index + 1,
              question: question.about,
              matched: answer !== 0,
              ...(question.kind === 'choice' ? { answer } : {}),
            })),
            ...ends[i]!,
          })),
        }
      : {}),
    ...(assumed.length > 0 ? { assumed } : {}),
    packet: mainEnd.packet,
  }
}

export type WayEnd = Omit<NonNullable<TraceResult['forks']>[number], 'choices'>

export function endOf(branch: Branch): WayEnd {
  const { traversal } = branch
  const { src, sport, dst, dport, proto } = traversal.packet
  return {
    verdict: traversal.verdict === 'UNREACHABLE' ? 'DROP' : traversal.verdict,
    backend: backendOf(branch),
    masquerade: traversal.masqueraded,
    compared: comparedRules(traversal.trace),
    packet: { src, sport, dst, dport, proto },
  }
}

function backendOf({ traversal }: Branch): string | null {
  return traversal.nat.find((n) => n.kind === 'DNAT' && n.byRule)?.to ?? null
}
