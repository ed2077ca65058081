/** What the Cluster picture shows: nodes as small bodies on one wire, and what the time does to one of them. Pure. */
import type { Micros } from '../../sim/contract.ts'
import type { Pod } from '../../model/apiserver/objects.ts'
import type { Replica, Size } from '../contract.ts'
import { bottom, box, type Box } from '../drawing/box.ts'
import { heartbeatOf, missedBeats, taintOf, tolerationOf, type Heartbeat } from './heartbeat.ts'

export interface PodBox {
  readonly uid: string
  readonly id: string
  readonly name: string
  readonly ip: string
  readonly hostNetwork: boolean
  readonly box: Box
  readonly lines: readonly [string, string]
  readonly ready: boolean
  readonly failed: boolean
  readonly deleting: boolean
  /** The toleration clock: running, or waiting for the taint. */
  readonly clock?: { since: Micros; until: Micros }
  readonly waits?: number
  /** Tolerates the silence of its node for ever. */
  readonly forEver: boolean
}

export interface NodeBody {
  readonly name: string
  readonly ip: string
  readonly box: Box
  readonly cable: boolean
  readonly cableSince?: Micros
  readonly heartbeat: Heartbeat
  readonly silent: boolean
  readonly taints: readonly string[]
  readonly pods: readonly PodBox[]
  readonly more: number
  readonly plugX: number
  readonly present: boolean
}

export interface ControlPlane {
  readonly name: string
  readonly ip: string
  readonly box: Box
  readonly plugX: number
  readonly api: Box
  readonly leases: readonly { node: string; renewedAt?: Micros; silent: boolean }[]
  readonly moreLeases: number
  readonly lifecycle: Box
  readonly passAt?: Micros
  readonly service?: { id: string; box: Box; name: string; ip: string; listed: number; ready: number; gone: number }
}

export type ClusterSize = 'bodies' | 'rings' | 'dots'

export interface ClusterPicture {
  readonly size: Size
  readonly form: ClusterSize
  readonly phone: boolean
  readonly controlPlane?: ControlPlane
  readonly bodies: readonly NodeBody[]
  /** Rings and names, when bodies are too many. */
  readonly cells: readonly NodeBody[]
  readonly wireY: number
  readonly wireEnd: number
  readonly network: string
  readonly stripTop: number
  /** The node whose time is shown below. */
  readonly chosen?: NodeBody
}

const LEFT = 16
const OBLIQUE = 14
const GAP = 20

export function selectCluster(replica: Replica, node: string, size: Size): ClusterPicture {
  const passAt = nextPass(replica)
  const machines = replica.all('machines')
  const workers = machines.filter((m) => m.role === 'worker')
  const first = machines.find((m) => m.role === 'control-plane')
  const phone = size.width < 600
  const form: ClusterSize =
    workers.length > 40 ? 'dots' : workers.length > bodiesThatFit(size) || phone ? 'rings' : 'bodies'
  const bodyHeight = size.height >= 640 ? 284 : Math.max(228, Math.min(284, size.height - 296))
  const bodyTop = 32
  const wireY = bodyTop + bodyHeight + (size.height >= 640 ? 46 : 38)
  const withPlane = !phone && first !== undefined
  const planeWidth = size.width >= 1200 ? 262 : 236
  const planeBox = box(LEFT, bodyTop, planeWidth, bodyHeight)
  const start = withPlane ? LEFT + planeWidth + GAP + (form === 'bodies' ? 0 : 8) : LEFT
  const all = size.width - start - LEFT - OBLIQUE
  const facts = workers.map((m) => nodeFacts(replica, m.name, passAt))
  const bodies = form === 'bodies' ? placeBodies(replica, facts, box(start, bodyTop, all, bodyHeight)) : []
  const cells =
    form === 'bodies'
      ? []
      : placeCells(facts, phone ? box(8, 8, size.width - 16, 0) : box(start, bodyTop, all, bodyHeight), form)
  const placed = form === 'bodies' ? bodies : cells
  const worst = [...placed].sort((a, b) => (a.heartbeat.renewedAt ?? 0) - (b.heartbeat.renewedAt ?? 0))[0]
  const chosen = placed.find((b) => b.name === node) ?? placed.find((b) => b.silent) ?? worst
  const silentOne = placed.find((b) => b.silent)
  return {
    size,
    form,
    phone,
    controlPlane: withPlane ? controlPlane(replica, first.name, first.ip, planeBox, facts, passAt) : undefined,
    bodies,
    cells,
    wireY,
    wireEnd: size.width - 58,
    network: '172.18.0.0/16',
    stripTop: phone ? phoneStrip(cells, form) : wireY + 28,
    chosen: chosen?.silent || !silentOne ? chosen : placed.some((b) => b.name === node) ? chosen : silentOne,
  }
}

/** A body needs room for ring, words and two pods. */
function bodiesThatFit(size: Size): number {
  return Math.min(6, Math.max(1, Math.floor((size.width - 300) / 216)))
}

/** When the node lifecycle controller looks next. */
export function nextPass(replica: Replica): Micros | undefined {
  for (const event of replica.pending()) if (event.kind === 'timer.node-lifecycle.monitor') return event.at
  return undefined
}

type Facts = Omit<NodeBody, 'box' | 'pods' | 'more' | 'plugX'>

function nodeFacts(replica: Replica, name: string, passAt: Micros | undefined): Facts {
  const machine = replica.get('machines', name)!
  const object = replica.get('nodes', name)
  const heartbeat = heartbeatOf(replica, name, passAt)
  const fault = replica.all('faults').find((f) => f.target === name && /link|cable/.test(f.name))
  return {
    name,
    ip: machine.ip,
    cable: machine.cable,
    cableSince: machine.cable ? undefined : fault?.since,
    heartbeat,
    silent: missedBeats(heartbeat.renewedAt, replica.now) > 0 || heartbeat.ready === 'Unknown',
    // The one that ends pods first.
    taints: [...(object?.spec.taints ?? [])]
      .sort((a, b) => Number(b.effect === 'NoExecute') - Number(a.effect === 'NoExecute'))
      .map((t) => `${t.key.replace('node.kubernetes.io/', '')}:${t.effect}`),
    present: object !== undefined,
  }
}

const POD_GAP = 8
const POD_LEAST = 76

function placeBodies(replica: Replica, facts: readonly Facts[], area: Box): NodeBody[] {
  const pods = facts.map((f) => podsOn(replica, f.name))
  const weights = pods.map((list) => Math.min(5, Math.max(3, list.length)) * 88 + 58)
  const total = weights.reduce((sum, w) => sum + w, 0)
  const free = area.width - GAP * (facts.length - 1)
  const scale = free / total
  let x = area.x
  return facts.map((fact, i) => {
    const width = Math.floor(weights[i]! * scale)
    const body = box(x, area.y, width, area.height)
    x += width + GAP
    const room = width - 28
    const most = Math.max(1, Math.floor((room + POD_GAP) / (POD_LEAST + POD_GAP)))
    const list = pods[i]!
    const shown = list.length <= most ? list : list.slice(-(most - 1 > 0 ? most - 1 : 1))
    const slots = shown.length < list.length ? shown.length + 1 : shown.length
    const podWidth = Math.min(116, (room - POD_GAP * (Math.max(1, slots) - 1)) / Math.max(1, slots))
    const top = body.y + body.height * 0.585
    const height = bottom(body) - top - 16
    return {
      ...fact,
      box: body,
      pods: shown.map((pod, p) =>
        podBox(pod, replica, fact, box(body.x + 14 + p * (podWidth + POD_GAP), top, podWidth, height)),
      ),
      more: list.length - shown.length,
      plugX: Math.round(body.x + width / 2),
    }
  })
}

/** Beyond 6 nodes: ring and name; beyond 40: rings alone. */
function placeCells(facts: readonly Facts[], area: Box, form: ClusterSize): NodeBody[] {
  const cell = form === 'rings' ? { width: 104, height: 92 } : { width: 30, height: 30 }
  const columns = Math.max(1, Math.floor(area.width / cell.width))
  return facts.map((fact, i) => {
    const b = box(
      area.x + (i % columns) * cell.width,
      area.y + Math.floor(i / columns) * cell.height,
      cell.width,
      cell.height,
    )
    return { ...fact, box: b, pods: [], more: 0, plugX: b.x + b.width / 2 }
  })
}

function phoneStrip(cells: readonly NodeBody[], form: ClusterSize): number {
  const last = cells[cells.length - 1]
  return last ? bottom(last.box) + (form === 'rings' ? 8 : 16) : 120
}

/** Pods of a node, what people run first; what kubeadm put there last, static pods not at all. */
export function podsOn(replica: Replica, node: string): Pod[] {
  const pods = replica.by('pods', 'node', node).filter((p) => !p.metadata.annotations?.['kubernetes.io/config.mirror'])
  return [...pods].sort(
    (a, b) =>
      Number(b.metadata.namespace === 'kube-system') - Number(a.metadata.namespace === 'kube-system') ||
      (a.metadata.name < b.metadata.name ? -1 : 1),
  )
}

function podBox(pod: Pod, replica: Replica, node: Facts, area: Box): PodBox {
  const toleration = tolerationOf(pod)
  const eviction = replica.get('evictions', `${pod.metadata.namespace}/${pod.metadata.name}`)
  const ready = pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false
  const failed =
    pod.status?.containerStatuses?.some(
      (s) => (s.state.terminated?.exitCode ?? 0) !== 0 || /BackOff|Err/.test(s.state.waiting?.reason ?? ''),
    ) ?? false
  const deleting = pod.metadata.deletionTimestamp !== undefined
  const watched = node.silent || taintOf(replica.get('nodes', node.name)) !== undefined
  const reason = pod.status?.containerStatuses?.find((s) => s.state.waiting?.reason)?.state.waiting?.reason
  const lines: [string, string] = deleting
    ? ['marked', 'deleted']
    : watched && toleration.seconds === undefined
      ? ['tolerates', 'for ever']
      : ready
        ? ['running', 'and ready']
        : failed
          ? [reason ?? 'failed', '']
          : [
              pod.status?.phase === 'Running' ? 'running' : (reason ?? pod.status?.phase ?? 'Pending'),
              pod.status?.phase === 'Running' ? 'not ready' : '',
            ]
  return {
    uid: pod.metadata.uid,
    id: `${pod.metadata.namespace}/${pod.metadata.name}`,
    name: pod.metadata.name,
    ip: pod.status?.podIP ?? '',
    hostNetwork: pod.spec.hostNetwork ?? false,
    box: area,
    lines,
    ready,
    failed,
    deleting,
    clock: eviction && !deleting ? { since: eviction.since, until: eviction.dueAt } : undefined,
    waits: watched && !eviction && !deleting ? toleration.seconds : undefined,
    forEver: toleration.seconds === undefined,
  }
}

function controlPlane(
  replica: Replica,
  name: string,
  ip: string,
  body: Box,
  facts: readonly Facts[],
  passAt: Micros | undefined,
): ControlPlane {
  const inner = { x: body.x + 14, width: body.width - 28 }
  const scale = body.height / 284
  const api = box(inner.x, body.y + 54, inner.width, 94 * scale)
  const rows = Math.max(2, Math.floor((api.height - 22) / 16))
  const own = heartbeatOf(replica, name, passAt)
  const all = [{ name, heartbeat: own, silent: missedBeats(own.renewedAt, replica.now) > 0 }, ...facts]
  const silentFirst = all.length <= rows ? all : [...all].sort((a, b) => Number(b.silent) - Number(a.silent))
  const shown = silentFirst.slice(0, all.length <= rows ? rows : rows - 1)
  const lifecycle = box(inner.x, bottom(api) + 14 * scale, inner.width, 46)
  const serviceBox = box(inner.x, bottom(lifecycle) + 8, inner.width, bottom(body) - bottom(lifecycle) - 20)
  return {
    name,
    ip,
    box: body,
    plugX: Math.round(body.x + body.width / 2),
    api,
    leases: shown.map((f) => ({ node: f.name, renewedAt: f.heartbeat.renewedAt, silent: f.silent })),
    moreLeases: all.length - shown.length,
    lifecycle,
    passAt,
    service: serviceBox.height > 20 ? serviceInHand(replica, facts, serviceBox) : undefined,
  }
}

/** The Service that has most to tell: one whose endpoints lie on a silent node, else what people made, else the DNS. */
function serviceInHand(replica: Replica, facts: readonly Facts[], area: Box): ControlPlane['service'] {
  const silent = new Set(facts.filter((f) => f.silent || !f.cable).map((f) => f.name))
  let best: NonNullable<ControlPlane['service']> | undefined
  let rank = -1
  for (const service of replica.all('services')) {
    const id = `${service.metadata.namespace}/${service.metadata.name}`
    if (id === 'default/kubernetes') continue
    const ends = replica.by('endpointslices', 'service', id).flatMap((s) => s.endpoints ?? [])
    const ready = ends.filter((e) => e.conditions?.ready !== false)
    const gone = ready.filter((e) => e.nodeName !== undefined && silent.has(e.nodeName)).length
    const here = gone * 100 + (service.metadata.namespace === 'kube-system' ? 0 : 10) + Math.min(9, ends.length)
    if (here <= rank) continue
    rank = here
    best = { id, box: area, name: id, ip: service.spec.clusterIP ?? '', listed: ends.length, ready: ready.length, gone }
  }
  return best
}
