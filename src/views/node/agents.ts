/** What stands in the agents' layer: the kubelet with its loop, workers and timers; kube-proxy; the CNI agent. Pure. */
import type { Micros } from '../../sim/contract.ts'
import { SECOND } from '../../sim/clock.ts'
import type { PodWorkerRecord } from '../../model/tables.ts'
import type { Replica } from '../contract.ts'
import type { Plane } from '../drawing/plane.ts'
import { podSuffix } from '../drawing/spell.ts'

export interface WorkerChip {
  /** Record id in `podWorkers`. */
  readonly id: string
  readonly label: string
  readonly name: string
  readonly busy: boolean
  readonly ending: boolean
  readonly doing: string
}

export interface Timer {
  readonly name: string
  readonly since: Micros
  readonly until: Micros
  /** A glyph instead of a clock: something waits in a queue. */
  readonly queued?: number
  /** What it does when it is due. */
  readonly says: string
  readonly table: 'kubelets' | 'probes' | 'leases'
  readonly id: string
}

export interface KubeletPicture {
  readonly running: boolean
  readonly version: string
  readonly notReady: string
  /** The event in the hands of the loop. */
  readonly inHand?: { plane?: Plane; what: string; channel: string; at: Micros }
  readonly workers: readonly WorkerChip[]
  readonly busy: number
  readonly timers: readonly Timer[]
}

const CHANNEL_PLANE: Readonly<Record<string, Plane>> = {
  config: 'api',
  pleg: 'cri',
  liveness: 'packet',
  readiness: 'packet',
  startup: 'packet',
  probes: 'packet',
}

const RELIST = SECOND
const LEASE = 10 * SECOND

export function kubeletOfNode(replica: Replica, node: string): KubeletPicture {
  const kubelet = replica.get('kubelets', node)
  const machine = replica.get('machines', node)
  const workers = replica.by('podWorkers', 'node', node).filter((w) => w.state !== 'terminated')
  const chips = [...workers].sort(byRank).map(chip)
  const timers: Timer[] = []
  if (kubelet?.running) {
    const { lastRelistAt, nextRelistAt } = kubelet
    timers.push({
      name: 'PLEG',
      since: Math.min(lastRelistAt, nextRelistAt - RELIST),
      until: nextRelistAt,
      says: 'Every second the kubelet lists all sandboxes and containers and compares them with the last list.',
      table: 'kubelets',
      id: node,
    })
    const probe = nextProbe(replica, node)
    if (probe) {
      timers.push({
        name: 'prober',
        since: probe.nextAt - probe.periodMicros,
        until: probe.nextAt,
        says: `The ${probe.probe} probe of ${probe.container} in ${probe.pod} is the next to be tried.`,
        table: 'probes',
        id: `${node}|${probe.uid}|${probe.container}|${probe.probe}`,
      })
    }
    if (kubelet.nextLeaseAt !== undefined) {
      timers.push({
        name: 'lease',
        since: kubelet.lastLeaseAt ?? kubelet.nextLeaseAt - LEASE,
        until: kubelet.nextLeaseAt,
        says: 'Every 10 s the kubelet renews its lease. 50 s without make the node Unknown.',
        table: 'leases',
        id: `kube-node-lease/${node}`,
      })
    }
    const statusAt = kubelet.nextNodeStatusAt
    if (kubelet.statusQueued > 0 || statusAt !== undefined) {
      timers.push({
        name: 'status',
        since: (statusAt ?? 0) - LEASE,
        until: statusAt ?? 0,
        queued: kubelet.statusQueued > 0 ? kubelet.statusQueued : undefined,
        says: 'The status manager sends what changed of its pods; every 10 s the kubelet looks at its node and reports a change, or the same after 5 minutes.',
        table: 'kubelets',
        id: node,
      })
    }
  }
  return {
    running: kubelet?.running ?? false,
    version: machine?.kubeletVersion ?? '',
    notReady: kubelet?.notReady ?? '',
    inHand: kubelet?.inHand && { ...kubelet.inHand, plane: planeOfChannel(kubelet.inHand.channel) },
    workers: chips,
    busy: chips.filter((c) => c.busy).length,
    timers,
  }
}

function planeOfChannel(channel: string): Plane | undefined {
  return CHANNEL_PLANE[channel.toLowerCase()]
}

/** Busy ones first, then by name: a chip does not jump each time a worker wakes. */
function byRank(a: PodWorkerRecord, b: PodWorkerRecord): number {
  if (a.busy !== b.busy) return a.busy ? -1 : 1
  return a.name < b.name ? -1 : 1
}

function chip(worker: PodWorkerRecord): WorkerChip {
  return {
    id: `${worker.node}|${worker.uid}`,
    label: podSuffix(worker.name, 7),
    name: worker.name,
    busy: worker.busy,
    ending: worker.state === 'terminating',
    doing: worker.doing,
  }
}

function nextProbe(replica: Replica, node: string) {
  let next: ReturnType<typeof replica.get<'probes'>>
  for (const probe of replica.by('probes', 'node', node)) if (!next || probe.nextAt < next.nextAt) next = probe
  return next
}
