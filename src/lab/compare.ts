/** Two forks at the same moment: what clients got, what was lost, whom servers saw, and which state differs. */
import type { Micros } from '../sim/contract.ts'
import type { Branch } from '../sim/timeline.ts'
import type { FlowRecord, ModelReader, PacketRecord } from '../model/tables.ts'
import type { Session } from './session.ts'

export interface ForkSide {
  readonly branch: number
  readonly cause: string
  /** Requests of programs and people that ended since the fork; probes are none of them. */
  readonly requests: number
  readonly answered: number
  /** By error: `refused`, `timeout`. */
  readonly failed: Readonly<Record<string, number>>
  /** Packets that a rule or a wire ended. */
  readonly lost: number
  /** Source address as the server saw it -> requests. */
  readonly sources: Readonly<Record<string, number>>
  /** Server -> requests that it got. */
  readonly servers: Readonly<Record<string, number>>
  /** The journal does not reach back to the fork. */
  readonly cut: boolean
}

export interface Difference {
  /** `pod default/web-1`, `service shop/web` */
  readonly what: string
  readonly sides: readonly [string, string]
}

export interface Comparison {
  readonly at: Micros
  readonly since: Micros
  readonly sides: readonly [ForkSide, ForkSide]
  readonly differences: readonly Difference[]
  /** There were more. */
  readonly more: number
}

const MOST = 60

export function compareForks(session: Session, a: number, b: number): Comparison {
  const { timeline } = session
  const [first, second] = [a, b].map((id) => timeline.allBranches().find((branch) => branch.id === id))
  if (!first || !second) throw new Error('One of these forks is no longer kept.')
  const at = Math.min(first.head, second.head)
  const since = Math.max(first.forkedAt, second.forkedAt)
  const states = visiting(session, [first.id, second.id], at, stateOf)
  const differences = differ(states[0]!, states[1]!)
  return {
    at,
    since,
    sides: [sideOf(first, since, at), sideOf(second, since, at)],
    differences: differences.slice(0, MOST),
    more: Math.max(0, differences.length - MOST),
  }
}

/** Looks at the state of each branch at a moment, and comes back to exactly where the session stands. */
function visiting<R>(session: Session, branches: readonly number[], at: Micros, look: (reader: ModelReader) => R): R[] {
  const { timeline } = session
  const home = { branch: timeline.branch.id, executed: timeline.machine.executed, now: timeline.now }
  try {
    return branches.map((id) => {
      timeline.switchTo(id)
      timeline.seek(at)
      return look(timeline.machine.reader)
    })
  } finally {
    timeline.switchTo(home.branch)
    timeline.seekEvent(home.executed)
    if (home.now > timeline.machine.now) timeline.machine.idleUntil(home.now)
  }
}

function sideOf(branch: Branch, since: Micros, at: Micros): ForkSide {
  const failed: Record<string, number> = {}
  const sources: Record<string, number> = {}
  const servers: Record<string, number> = {}
  let requests = 0
  let answered = 0
  let lost = 0
  const add = (to: Record<string, number>, key: string): void => void (to[key] = (to[key] ?? 0) + 1)
  for (const { event, changes } of branch.journal) {
    if (event.at < since || event.at > at) continue
    for (const { table, from, to } of changes) {
      if (table === 'packets' && ended(from as PacketRecord | undefined, to as PacketRecord | undefined)) lost++
      if (table !== 'flows') continue
      const flow = to as FlowRecord | undefined
      if (!flow || flow.routine || flow.endedAt === undefined) continue
      if ((from as FlowRecord | undefined)?.endedAt !== undefined) continue
      requests++
      if (flow.error === undefined) answered++
      else add(failed, flow.error)
      if (flow.server && flow.proto === 'tcp') {
        add(sources, flow.server.peerIp)
        add(servers, `${flow.server.ip}:${flow.server.port}`)
      }
    }
  }
  const oldest = branch.journal[0]?.event.at ?? at
  return {
    branch: branch.id,
    cause: branch.cause,
    requests,
    answered,
    failed,
    lost,
    sources,
    servers,
    cut: branch.dropped > 0 && oldest > since,
  }
}

const ended = (from: PacketRecord | undefined, to: PacketRecord | undefined): boolean =>
  to !== undefined && /^(dropped|rejected|lost)$/.test(to.state) && (from === undefined || from.state === 'moving')

type State = ReadonlyMap<string, string>

/** What people would compare, each in a line. */
function stateOf(reader: ModelReader): State {
  const state = new Map<string, string>()
  for (const pod of reader.all('pods')) {
    const ready = pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true
    const restarts = (pod.status?.containerStatuses ?? []).reduce((sum, c) => sum + c.restartCount, 0)
    const leaving = pod.metadata.deletionTimestamp === undefined ? '' : ', terminating'
    const more = restarts > 0 ? `, ${restarts} restarts` : ''
    state.set(
      `pod ${nameOf(pod)}`,
      `${pod.status?.phase ?? 'Pending'}, ${ready ? 'ready' : 'not ready'}${leaving}${more} on ${pod.spec.nodeName ?? 'no node'}`,
    )
  }
  for (const slice of reader.all('endpointslices')) {
    const service = slice.metadata.labels?.['kubernetes.io/service-name'] ?? slice.metadata.name
    const ready = slice.endpoints.filter((e) => e.conditions?.ready !== false).map((e) => e.addresses[0])
    state.set(`endpoints ${slice.metadata.namespace}/${service}`, ready.length === 0 ? 'none' : ready.join(', '))
  }
  for (const service of reader.all('services')) {
    const { type, externalTrafficPolicy, internalTrafficPolicy, sessionAffinity } = service.spec
    const policies = [
      type,
      externalTrafficPolicy && `external ${externalTrafficPolicy}`,
      internalTrafficPolicy && `internal ${internalTrafficPolicy}`,
      sessionAffinity,
    ]
    state.set(`service ${nameOf(service)}`, policies.filter(Boolean).join(', '))
  }
  for (const proxy of reader.all('kubeProxies')) {
    const { node, mode, metrics } = proxy
    const rules = reader.get('netfilter', node)?.rules
    state.set(
      `proxy of ${node}`,
      `${mode}, ${metrics?.endpoints ?? 0} endpoints${mode === 'iptables' && rules !== undefined ? `, ${rules} rules` : ''}`,
    )
  }
  for (const node of reader.all('nodes')) {
    const ready = node.status?.conditions?.find((c) => c.type === 'Ready')?.status
    state.set(`node ${node.metadata.name}`, `Ready ${ready ?? 'Unknown'}`)
  }
  return state
}

const nameOf = (object: { metadata: { namespace?: string; name: string } }): string =>
  `${object.metadata.namespace}/${object.metadata.name}`

function differ(a: State, b: State): Difference[] {
  const keys = [...new Set([...a.keys(), ...b.keys()])].sort()
  return keys.flatMap((what) => {
    const sides = [a.get(what) ?? 'not there', b.get(what) ?? 'not there'] as const
    return sides[0] === sides[1] ? [] : [{ what, sides }]
  })
}
