/** The chain of causes as short steps, and the neighbour questions: why not yet, why can't it. Pure. */
import { isRoutine } from '../../lab/watch.ts'
import { spellSpan } from '../drawing/spell.ts'
import type { CauseStep } from '../../lab/protocol.ts'
import type { Micros, Rule, SimEvent } from '../../sim/contract.ts'
import { parseRfc3339 } from '../../sim/clock.ts'
import type { Pod } from '../../model/apiserver/objects.ts'
import type { Replica, Selection } from '../contract.ts'
import { planeOf, type Plane } from '../drawing/plane.ts'
import { GRACE, heartbeatOf } from '../cluster/heartbeat.ts'
import { nextPass } from '../cluster/select.ts'
import { narrateEvent } from '../words/narrate-event.ts'
import { say } from '../words/say.ts'
import { reasonsNotReady } from '../words/why-not-ready.ts'

export interface Step {
  readonly event: SimEvent
  readonly plane?: Plane
  readonly title: string
  readonly says: string
  readonly at: Micros
  readonly reasons: readonly {
    rule: string
    says: string
    source: string
    facts: readonly (readonly [string, string])[]
  }[]
  readonly root: boolean
  /** How many steps without news lie between this one and the next cause. */
  readonly skipped: number
}

/** Effect first. Timers and asking are left out unless a rule was applied there, or the chain begins there. */
export function selectChain(steps: readonly CauseStep[], nameOfId: (id: string) => string | undefined): Step[] {
  const shown: Step[] = []
  let skipped = 0
  steps.forEach((step, i) => {
    const { event } = step.entry
    const root = i === steps.length - 1
    if (i > 0 && !root && isDull(step)) {
      skipped++
      return
    }
    const before = shown[shown.length - 1]
    if (before && skipped > 0) shown[shown.length - 1] = { ...before, skipped }
    skipped = 0
    const { title, says } = narrateEvent(event, nameOfId)
    shown.push({
      event,
      plane: planeOf(event),
      title,
      says,
      at: event.at,
      reasons: reasonsOf(step),
      root: root && event.causes.length === 0,
      skipped: 0,
    })
  })
  return shown
}

function isDull({ entry, rules }: CauseStep): boolean {
  const { event } = entry
  if (event.from === event.to) return rules.length === 0
  return isRoutine(event) || /^kernel\.(netns-added|link-added|cloned|run)$/.test(event.kind)
}

function reasonsOf({ entry, rules }: CauseStep): Step['reasons'] {
  const byId = new Map<string, Rule>(rules.map((rule) => [rule.id, rule]))
  const all = [...entry.event.because, ...entry.changes.flatMap((change) => change.because)]
  const seen = new Set<string>()
  const reasons: Step['reasons'][number][] = []
  for (const reason of all) {
    const rule = byId.get(reason.rule)
    if (!rule || seen.has(reason.rule)) continue
    seen.add(reason.rule)
    reasons.push({ rule: rule.id, says: rule.says, source: rule.source, facts: factsOf(reason.facts) })
  }
  return reasons.slice(0, 3)
}

function factsOf(facts: Readonly<Record<string, unknown>>): (readonly [string, string])[] {
  return Object.entries(facts).flatMap(([key, value]) => {
    const text = key.endsWith('Micros') && typeof value === 'number' ? spanOf(value) : textOf(value)
    return text === '' ? [] : [[nameOf(key), text.length > 90 ? `${text.slice(0, 88)}…` : text] as const]
  })
}

/** A time that is below nothing was never measured: there is no such time yet. */
const spanOf = (micros: number): string => (micros < 0 ? '' : micros === 0 ? 'none' : spellSpan(micros))

function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (Array.isArray(value)) return value.map(textOf).join(', ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** `sinceLastRenewalMicros` is `since last renewal`; names that are Kubernetes' own (`podCIDR`) stay as they are. */
function nameOf(key: string): string {
  const bare = key.replace(/Micros$/, '')
  return /[A-Z]{2}|^[A-Z]/.test(bare) ? bare : bare.replace(/[A-Z]/g, (c) => ` ${c.toLowerCase()}`)
}

/** What the model waits for, with the instant at which it ends. */
export interface Deadline {
  readonly says: string
  readonly since?: Micros
  readonly until: Micros
  readonly harm?: boolean
  readonly event?: number
}

/** Why has it not happened yet: the deadlines that stand over the thing, the nearest first. */
export function whyNotYet(selection: Selection, replica: Replica): Deadline[] {
  const found: Deadline[] = []
  if (selection.kind === 'event') {
    for (const event of replica.pending()) {
      if (event.id === selection.event)
        found.push({
          says: say('why.under-way', { title: narrateEvent(event).title }),
          since: event.sent,
          until: event.at,
          event: event.id,
        })
    }
  } else if (selection.kind === 'record') {
    const pod = podOf(selection, replica)
    if (pod) podDeadlines(pod, replica, found)
    const node =
      selection.table === 'nodes' || selection.table === 'machines' || selection.table === 'kubelets'
        ? selection.id
        : selection.table === 'leases'
          ? selection.id.replace(/^.*\//, '')
          : undefined
    if (node !== undefined) nodeDeadlines(node, replica, found)
    const keys = pod ? [pod.metadata.uid, `${pod.metadata.namespace}/${pod.metadata.name}`] : [selection.id]
    for (const event of pendingAbout(replica, keys)) {
      // Told above, with the name of the probe or the rule of the lease.
      if (/probe|lease|monitor|taint-eviction/.test(event.kind)) continue
      found.push({ says: narrateEvent(event).says, since: event.sent, until: event.at, event: event.id })
    }
  } else {
    for (const event of replica.pending()) {
      if (event.to === selection.actor)
        found.push({ says: narrateEvent(event).says, since: event.sent, until: event.at, event: event.id })
    }
  }
  const now = replica.now
  const seen = new Set<string>()
  return found
    .filter((d) => d.until >= now && !seen.has(d.says) && seen.add(d.says))
    .sort((a, b) => a.until - b.until)
    .slice(0, 8)
}

function podOf(selection: Extract<Selection, { kind: 'record' }>, replica: Replica): Pod | undefined {
  if (selection.table === 'pods') return replica.get('pods', selection.id)
  const uid =
    selection.table === 'sandboxes'
      ? replica.get('sandboxes', selection.id)?.metadata.uid
      : selection.table === 'containers'
        ? replica.get('containers', selection.id)?.podUid
        : selection.table === 'podWorkers'
          ? replica.get('podWorkers', selection.id)?.uid
          : undefined
  return uid === undefined ? undefined : replica.by('pods', 'uid', uid)[0]
}

function podDeadlines(pod: Pod, replica: Replica, found: Deadline[]): void {
  const { uid, name, namespace } = pod.metadata
  const id = `${namespace}/${name}`
  const node = pod.spec.nodeName
  const waiting = replica.get('scheduling', id)
  if (waiting?.dueAt !== undefined)
    found.push({
      says: say('why.scheduling', { why: waiting.message ?? waiting.state }),
      since: waiting.since,
      until: waiting.dueAt,
    })
  const eviction = replica.get('evictions', id)
  if (eviction) found.push({ says: say('why.eviction'), since: eviction.since, until: eviction.dueAt, harm: true })
  if (pod.metadata.deletionTimestamp !== undefined) {
    const until = parseRfc3339(pod.metadata.deletionTimestamp)
    found.push({
      says: say('why.grace'),
      since: until - (pod.metadata.deletionGracePeriodSeconds ?? 0) * 1_000_000,
      until,
      harm: true,
    })
  }
  if (!node) return
  for (const b of replica.by('backoffs', 'node', node))
    if (b.uid === uid)
      found.push({
        says: say(b.what === 'image' ? 'why.backoff.image' : 'why.backoff', { name: b.container }),
        since: b.since,
        until: b.until,
      })
  for (const p of replica.by('probes', 'node', node))
    if (p.uid === uid)
      found.push({
        says: say('why.probe', { probe: p.probe, name: p.container }),
        since: p.nextAt - p.periodMicros,
        until: p.nextAt,
      })
  for (const container of pod.spec.containers) {
    const pull = replica.get('pulls', `${node}|${container.image}`)
    const last = Math.max(0, ...(pull?.layers ?? []).map((l) => l.doneAt ?? 0))
    if (pull && pull.state !== 'done' && pull.state !== 'failed' && last > replica.now)
      found.push({ says: say('why.pull', { image: container.image }), since: pull.startedAt, until: last })
  }
  const worker = replica.get('podWorkers', `${node}|${uid}`)
  if (worker?.nextDue !== undefined) found.push({ says: say('why.worker'), since: worker.since, until: worker.nextDue })
  const relist = replica.get('kubelets', node)?.nextRelistAt
  if (relist !== undefined) found.push({ says: say('why.relist'), since: relist - 1_000_000, until: relist })
}

function nodeDeadlines(node: string, replica: Replica, found: Deadline[]): void {
  const pass = nextPass(replica)
  const beat = heartbeatOf(replica, node, pass)
  const lease = replica.get('kubelets', node)?.nextLeaseAt
  if (lease !== undefined) found.push({ says: say('why.lease'), since: beat.renewedAt, until: lease })
  if (pass !== undefined) found.push({ says: say('why.pass'), since: pass - 5_000_000, until: pass })
  if (beat.ready !== 'Unknown' && beat.renewedAt !== undefined)
    found.push({
      says: say('why.unknown-next'),
      since: beat.countsFrom,
      until: Math.max(beat.unknownAt, beat.countsFrom + GRACE),
      harm: true,
    })
}

/** Waiting events that name the thing. */
function pendingAbout(replica: Replica, keys: readonly string[]): SimEvent[] {
  const found: SimEvent[] = []
  for (const event of replica.pending()) {
    if (mentions(event.data, keys, 0)) found.push(event)
  }
  return found
}

function mentions(value: unknown, keys: readonly string[], depth: number): boolean {
  if (typeof value === 'string') return keys.some((key) => value === key || (key.length > 12 && value.includes(key)))
  if (value === null || typeof value !== 'object' || depth > 4) return false
  return Object.values(value).some((part) => mentions(part, keys, depth + 1))
}

/** Why can't it: what stands between the thing and what was asked for. */
export function whyCannot(
  selection: Selection,
  replica: Replica,
): { question: string; reasons: readonly string[] } | undefined {
  if (selection.kind !== 'record') return undefined
  const pod = podOf(selection, replica)
  if (pod) {
    const ready = pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True')
    if (ready) return undefined
    const reasons = reasonsNotReady(pod, replica)
    return reasons.length === 0
      ? undefined
      : { question: say('why.question.not-ready', { name: pod.metadata.name }), reasons }
  }
  if (selection.table === 'nodes') {
    const ready = replica.get('nodes', selection.id)?.status?.conditions?.find((c) => c.type === 'Ready')
    if (!ready || ready.status === 'True') return undefined
    return {
      question: say('why.question.not-ready', { name: selection.id }),
      reasons: [ready.message ?? ready.reason ?? ''],
    }
  }
  if (selection.table === 'services') {
    const reasons = endpointsMissing(replica, selection.id)
    return reasons.length === 0
      ? undefined
      : { question: say('why.question.no-endpoint', { name: selection.id }), reasons }
  }
  return undefined
}

function endpointsMissing(replica: Replica, service: string): string[] {
  const ends = replica.by('endpointslices', 'service', service).flatMap((slice) => slice.endpoints ?? [])
  if (ends.length === 0) return [say('why.endpoint.none')]
  return ends
    .filter((e) => e.conditions?.ready === false)
    .map((e) => say('why.endpoint.not-ready', { ip: e.addresses[0], pod: e.targetRef?.name ?? '-' }))
}
