/** The time of one node since its last heartbeat: what was, what is, what will be if it stays silent. Pure. */
import type { Micros } from '../../sim/contract.ts'
import { SECOND } from '../../sim/clock.ts'
import type { Pod } from '../../model/apiserver/objects.ts'
import type { Replica } from '../contract.ts'
import { shortPodName } from '../drawing/spell.ts'
import { BEAT, missedBeats, tolerationOf } from './heartbeat.ts'
import { podsOn, type NodeBody } from './select.ts'

export interface StripBar {
  readonly from: Micros
  /** undefined: to the right edge. */
  readonly to?: Micros
  readonly fill: 'ink' | 'deep' | 'none'
  readonly says: string
  readonly bold?: boolean
}

export interface StripLane {
  readonly key: string
  readonly name: string
  /** Who acts. */
  readonly who: string
  readonly bars: readonly StripBar[]
  /** The deletion of a pod: a message to the API server. */
  readonly marks: readonly Micros[]
  /** A clock that starts with the lane's first bar. */
  readonly clock?: { since: Micros; until: Micros }
  readonly note?: string
  readonly selection?: { table: 'pods' | 'leases' | 'nodes'; id: string }
}

export interface Strip {
  readonly node: string
  /** The last heartbeat: second 0. */
  readonly zero: Micros
  readonly from: number
  readonly to: number
  readonly beats: readonly { at: Micros; state: 'done' | 'missed' }[]
  readonly lanes: readonly StripLane[]
  /** Instants that decide: bold, across all lanes. */
  readonly key: readonly Micros[]
  readonly cableAt?: Micros
}

const BEFORE = 30
const AFTER = 388

export function selectStrip(replica: Replica, body: NodeBody, lanes: number): Strip | undefined {
  const { heartbeat } = body
  const zero = heartbeat.renewedAt
  if (zero === undefined) return undefined
  const unknownAt = heartbeat.unknownSince ?? heartbeat.unknownAt
  const taintAt = heartbeat.taintedAt ?? unknownAt
  const pods = podsOn(replica, body.name)
  const key = new Set<Micros>([unknownAt])
  const rows: StripLane[] = [
    {
      key: 'lease',
      name: 'Lease renewals',
      who: 'kubelet',
      bars: [],
      marks: [],
      note: 'the 50 s grace ends here',
      selection: { table: 'leases', id: `kube-node-lease/${body.name}` },
    },
    {
      key: 'ready',
      name: 'Ready',
      who: 'node lifecycle',
      bars: [
        {
          from: zero - BEFORE * SECOND,
          to: unknownAt,
          fill: 'ink',
          says: heartbeat.ready === 'False' ? 'False' : 'True',
          bold: true,
        },
        {
          from: unknownAt,
          fill: 'none',
          says: 'Unknown, as are MemoryPressure, DiskPressure, PIDPressure: "Kubelet stopped posting node status."',
        },
      ],
      marks: [],
      selection: { table: 'nodes', id: body.name },
    },
    {
      key: 'taint',
      name: 'unreachable:NoExecute',
      who: 'same pass',
      bars: [
        {
          from: taintAt,
          fill: 'none',
          says: 'No second grace: the taint comes with Unknown, through a limiter of one node in 10 s',
        },
      ],
      marks: [],
      selection: { table: 'nodes', id: body.name },
    },
  ]
  const endpoint = endpointOn(replica, body.name)
  if (endpoint !== undefined) {
    rows.push({
      key: 'endpoint',
      name: `Endpoint ${endpoint}`,
      who: 'EndpointSlice',
      bars: [
        { from: zero - BEFORE * SECOND, to: unknownAt, fill: 'deep', says: 'ready' },
        { from: unknownAt, fill: 'none', says: 'not ready: traffic stops coming here, long before the pod goes' },
      ],
      marks: [],
    })
  }
  for (const pod of [...pods].sort((a, b) => stripRank(a) - stripRank(b))) {
    const { seconds } = tolerationOf(pod)
    const id = `${pod.metadata.namespace}/${pod.metadata.name}`
    const owner = pod.metadata.ownerReferences?.[0]?.kind
    const of = pod.metadata.ownerReferences?.[0]?.name
    const name = shortPodName(pod.metadata.name, owner === 'StatefulSet' || owner === 'DaemonSet' ? 13 : 18)
    const eviction = replica.get('evictions', id)
    const since = eviction?.since ?? taintAt
    const until = eviction?.dueAt ?? taintAt + (seconds ?? 0) * SECOND
    const base = {
      key: id,
      name: owner === 'StatefulSet' ? `${name}, ${owner}` : owner === 'DaemonSet' ? `${of}, ${owner}` : name,
      selection: { table: 'pods' as const, id },
    }
    if (seconds === undefined) {
      rows.push({
        ...base,
        who: 'no limit',
        bars: [{ from: zero - BEFORE * SECOND, fill: 'none', says: 'stays, whatever happens' }],
        marks: [],
      })
      continue
    }
    key.add(until)
    rows.push({
      ...base,
      who: `tolerates ${seconds} s`,
      bars: [
        {
          from: since,
          to: until,
          fill: 'none',
          says: eviction ? `toleration clock ${seconds} s` : `toleration clock ${seconds} s, not started`,
        },
        {
          from: until,
          fill: 'none',
          says:
            owner === 'StatefulSet'
              ? 'marked deleted, the object stays: no second copy'
              : owner === undefined
                ? 'marked deleted; nobody makes another'
                : 'marked deleted; its replacement starts elsewhere',
        },
      ],
      marks: [until],
      clock: { since, until },
    })
  }
  const far = Math.max(...key) - zero
  return {
    node: body.name,
    zero,
    from: -BEFORE,
    to: Math.max(AFTER, Math.ceil(far / SECOND) + 24),
    beats: beats(zero, replica.now),
    lanes: rows.slice(0, Math.max(3, lanes)),
    key: [...key].sort((a, b) => a - b),
    cableAt: body.cableSince,
  }
}

function beats(zero: Micros, now: Micros): Strip['beats'] {
  const all: { at: Micros; state: 'done' | 'missed' }[] = []
  for (let i = 3; i >= 0; i--) all.push({ at: zero - i * BEAT, state: 'done' })
  const missed = Math.min(60, missedBeats(zero, now))
  for (let i = 1; i <= missed; i++) all.push({ at: zero + i * BEAT, state: 'missed' })
  return all
}

function endpointOn(replica: Replica, node: string): string | undefined {
  for (const slice of replica.all('endpointslices')) {
    if (slice.metadata.namespace === 'kube-system') continue
    const end = slice.endpoints?.find((e) => e.nodeName === node)
    if (end) return end.addresses[0]
  }
  return undefined
}

/** What people run first, what tolerates everything last. */
function stripRank(pod: Pod): number {
  return (tolerationOf(pod).seconds === undefined ? 2 : 0) + (pod.metadata.namespace === 'kube-system' ? 1 : 0)
}
