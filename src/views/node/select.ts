/** What the Node picture shows: `(replica, node, size)` to plain shapes. Pure; no DOM, no React. */
import type { Replica, Size } from '../contract.ts'
import { box, type Box } from '../drawing/box.ts'
import { podOfEvent } from '../drawing/pod-of-event.ts'
import { fits, podSuffix, shortImage } from '../drawing/spell.ts'
import { kubeletOfNode, type KubeletPicture } from './agents.ts'
import { podsOfNode, type PodPicture } from './capsules.ts'
import { layoutNode, type NodeLayout } from './layout.ts'

export type CapsuleSize = 'full' | 'slim' | 'dots'

export interface PlacedPod extends PodPicture {
  readonly box: Box
}

export interface PullPicture {
  readonly id: string
  readonly image: string
  readonly state: 'manifest' | 'layers' | 'unpack' | 'done' | 'failed'
  readonly error?: string
  readonly box: Box
  /** Share of the bar per layer, by size; never thinner than the eye can see. */
  readonly layers: readonly { x: number; width: number; startedAt?: number; doneAt?: number; digest: string }[]
  readonly done: number
}

/** A call on the socket that is open: the kubelet waits for its answer. */
export interface OpenCall {
  readonly service: 'image' | 'runtime'
  readonly label: string
  /** Record id in `criCalls`. */
  readonly record: string
}

export interface Counter {
  readonly name: string
  readonly value: string
  readonly box: Box
  readonly says: string
  readonly command: string
}

export interface CgroupDots {
  readonly name: string
  readonly box: Box
  readonly dots: readonly {
    uid: string
    id: string
    name: string
    x: number
    y: number
    tone: 'ready' | 'not-ready' | 'building' | 'failed'
  }[]
}

export interface NodePicture {
  readonly node: string
  readonly layout: NodeLayout
  readonly machine?: { ip: string; cable: boolean; runtimeVersion: string; podCIDR: string }
  readonly apiServer: string
  readonly kubelet: KubeletPicture
  readonly proxy: { present: boolean; mode: string; syncedAt?: number; nextAt?: number }
  readonly calls: readonly OpenCall[]
  readonly controlPlane: boolean
  readonly agent: { title: string; lines: readonly string[]; present: boolean }
  readonly runtimeRunning: boolean
  readonly pulls: readonly PullPicture[]
  readonly images: number
  readonly size: CapsuleSize
  readonly pods: readonly PlacedPod[]
  /** On a phone: how many more there are than are drawn. */
  readonly hidden: number
  readonly groups: readonly CgroupDots[]
  readonly bridge?: { name: string; address: string }
  readonly counters: readonly Counter[]
}

const FULL = 8
const SLIM = 40

export function selectNode(replica: Replica, node: string, size: Size, focus?: string): NodePicture {
  const layout = layoutNode(size)
  const machine = replica.get('machines', node)
  const pods = podsOfNode(replica, node)
  const drawn = layout.phone ? phonePods(pods, focus) : pods
  const capsuleSize: CapsuleSize = drawn.length <= FULL ? 'full' : drawn.length <= SLIM ? 'slim' : 'dots'
  const links = replica.by('links', 'netns', `${node}|`)
  const bridge = links.find((l) => l.kind === 'bridge')
  const controlPlane = replica.all('machines').find((m) => m.role === 'control-plane')
  return {
    node,
    layout,
    machine: machine && {
      ip: machine.ip,
      cable: machine.cable,
      runtimeVersion: machine.containerRuntimeVersion.replace(/^containerd:\/\//, ''),
      podCIDR: machine.podCIDR,
    },
    apiServer: controlPlane ? `${controlPlane.ip}:6443` : '',
    kubelet: kubeletOfNode(replica, node),
    proxy: proxyOfNode(replica, node),
    calls: openCalls(replica, node, layout.phone),
    controlPlane: machine?.role === 'control-plane',
    agent: agentOfNode(replica, node),
    runtimeRunning: unitRuns(replica, node, 'containerd'),
    pulls: pullsOfNode(replica, node, layout),
    images: replica.by('images', 'node', node).length,
    size: capsuleSize,
    pods: capsuleSize === 'dots' ? [] : placePods(drawn, layout),
    hidden: pods.length - drawn.length,
    groups: capsuleSize === 'dots' ? placeDots(drawn, layout) : [],
    bridge: bridge && { name: bridge.name, address: bridge.addresses[0] ?? '' },
    counters: layout.counters ? counters(replica, node, layout, pods) : [],
  }
}

/** A unit that nobody wrote down runs: the record is there when it does not. */
function unitRuns(replica: Replica, node: string, unit: string): boolean {
  const record = replica.get('units', `${node}|${unit}.service`) ?? replica.get('units', `${node}|${unit}`)
  return record === undefined || record.active === 'active'
}

/** On a phone: the one that was chosen and the newest. */
function phonePods(pods: readonly PodPicture[], focus: string | undefined): PodPicture[] {
  const chosen = pods.find((p) => p.uid === focus || p.id === focus)
  const newest = [...pods].reverse().filter((p) => p !== chosen)
  const two = chosen ? [chosen, ...newest.slice(0, 1)] : newest.slice(0, 2)
  return two.sort((a, b) => a.born - b.born || (a.id < b.id ? -1 : 1))
}

function placePods(pods: readonly PodPicture[], layout: NodeLayout): PlacedPod[] {
  const n = pods.length
  if (n === 0) return []
  const { left, right } = layout.inside
  const all = right - left
  const slim = n > FULL
  const gap = slim ? Math.max(3, Math.min(10, all / n / 6)) : layout.phone ? 14 : n <= 4 ? 26 : n <= 6 ? 16 : 10
  const widest = slim ? 56 : layout.phone ? 160 : Math.max(196, Math.min(236, all * 0.18))
  const width = Math.min(widest, (all - gap * (n - 1)) / n)
  // Few capsules spread over the layer, so that each has its own place on the bridge.
  const used = width * n + gap * (n - 1)
  const spread = n > 1 && !layout.phone ? Math.min(slim ? 0 : n > 2 ? all : 60, (all - used) / (n - 1)) : 0
  const height = layout.capsuleBottom - layout.capsuleTop
  return pods.map((pod, i) => ({
    ...pod,
    box: box(Math.round(left + i * (width + gap + Math.max(0, spread))), layout.capsuleTop, Math.round(width), height),
  }))
}

const CGROUPS = [
  ['Guaranteed', 'kubepods.slice'],
  ['Burstable', 'kubepods-burstable.slice'],
  ['BestEffort', 'kubepods-besteffort.slice'],
] as const

/** More pods than capsules can show: one dot each, in its cgroup. */
function placeDots(pods: readonly PodPicture[], layout: NodeLayout): CgroupDots[] {
  const { left, right } = layout.inside
  const groups = CGROUPS.map(([qos, name]) => ({ name, pods: pods.filter((p) => p.cgroup === qos) })).filter(
    (g) => g.pods.length > 0,
  )
  const gap = 16
  const all = right - left - gap * (groups.length - 1)
  const height = layout.capsuleBottom - layout.capsuleTop
  const least = Math.min(170, all / groups.length)
  const free = all - least * groups.length
  let x = left
  return groups.map((group) => {
    const width = Math.floor(least + (free * group.pods.length) / pods.length)
    const area = box(x, layout.capsuleTop, width, height)
    x += width + gap
    const inner = { width: width - 28, height: height - 66 }
    let pitch = 20
    while (pitch > 5 && Math.floor(inner.width / pitch) * Math.floor(inner.height / pitch) < group.pods.length)
      pitch -= 0.5
    const columns = Math.max(1, Math.floor(inner.width / pitch))
    return {
      name: group.name,
      box: area,
      dots: group.pods.map((pod, i) => ({
        uid: pod.uid,
        id: pod.id,
        name: pod.name,
        x: area.x + 14 + pitch / 2 + (i % columns) * pitch,
        y: area.y + 38 + pitch / 2 + Math.floor(i / columns) * pitch,
        tone: pod.failed
          ? ('failed' as const)
          : pod.phase !== 'up'
            ? ('building' as const)
            : pod.ready
              ? ('ready' as const)
              : ('not-ready' as const),
      })),
    }
  })
}

/** The pull that is under way, over the pods that wait for it. The bar's room ends where the registry's wire comes in. */
function pullsOfNode(replica: Replica, node: string, layout: NodeLayout): PullPicture[] {
  const open = replica.by('pulls', 'node', node).filter((p) => p.state !== 'done')
  const recentFirst = [...open]
    .sort((a, b) => b.startedAt - a.startedAt)
    .filter((p) => p.state !== 'failed' || replica.now - (p.endedAt ?? 0) < 20_000_000)
  const { containerd } = layout
  const left = containerd.x + (layout.phone ? 96 : Math.max(150, containerd.width * 0.24))
  const room = Math.min(300, containerd.x + containerd.width - left - (layout.phone ? 60 : 120))
  return recentFirst.slice(0, 1).map((pull) => {
    const total = pull.layers.reduce((sum, l) => sum + l.size, 0) || 1
    const gap = 3
    const bar = room - gap * Math.max(0, pull.layers.length - 1)
    const least = Math.min(6, bar / Math.max(1, pull.layers.length))
    const free = bar - least * pull.layers.length
    let x = left
    const layers = pull.layers.map((layer) => {
      const width = least + (free * layer.size) / total
      const placed = { x, width, startedAt: layer.startedAt, doneAt: layer.doneAt, digest: layer.digest }
      x += width + gap
      return placed
    })
    return {
      id: `${node}|${pull.image}`,
      image: shortImage(pull.image),
      state: pull.state,
      error: pull.error,
      box: box(left - 6, containerd.y + 4, room + 12, containerd.height - 8),
      layers,
      done: pull.layers.filter((l) => l.doneAt !== undefined && l.doneAt <= replica.now).length,
    }
  })
}

function proxyOfNode(replica: Replica, node: string): NodePicture['proxy'] {
  const proxy = replica.get('kubeProxies', node)
  return {
    present: proxy?.running ?? false,
    mode: proxy?.mode ?? 'iptables',
    syncedAt: proxy?.lastSyncAt,
    nextAt: proxy?.nextSyncAt,
  }
}

/** Calls that only ask come every second and say nothing here. */
const ASKING = /^(Version|Status|List|ImageStatus|PodSandboxStatus|ContainerStatus|ImageFsInfo)/

/** The newest open call of each of the two services. */
function openCalls(replica: Replica, node: string, phone: boolean): OpenCall[] {
  const calls = new Map<string, OpenCall & { since: number }>()
  for (const call of replica.by('criCalls', 'node', node)) {
    if (ASKING.test(call.method)) continue
    const service = call.method.includes('Image') ? 'image' : 'runtime'
    const before = calls.get(service)
    if (before && before.since > call.since) continue
    const uid = podOfEvent({ kind: 'cri.request', data: call, from: '', to: `${node}/containerd` }, replica)
    const name = uid === undefined ? undefined : replica.get('podWorkers', `${node}|${uid}`)?.name
    const label = phone || name === undefined ? call.method : `${call.method} ${podSuffix(name, 8)}`
    calls.set(service, { service, label, record: call.id, since: call.since })
  }
  return [...calls.values()].map(({ service, label, record }) => ({ service, label, record }))
}

/** The network agent: a watch on nodes, and a route to the pods of each other node. */
function agentOfNode(replica: Replica, node: string): NodePicture['agent'] {
  const peers = replica
    .by('routes', 'netns', `${node}|`)
    .filter((r) => r.via !== undefined && r.dst !== 'default').length
  return {
    title: 'CNI agent',
    lines: ['routes', peers === 1 ? '1 peer' : `${peers} peers`],
    present: replica.get('cniNodes', node) !== undefined || peers > 0,
  }
}

function counters(replica: Replica, node: string, layout: NodeLayout, pods: readonly PodPicture[]): Counter[] {
  const { left, right } = layout.inside
  const cgroups = new Set(replica.by('processes', 'node', node).map((p) => p.cgroup)).size
  const rules = replica.get('netfilter', node)?.rules ?? 0
  const flows = replica.all('conntrack').filter((entry) => entry.node === node && entry.expiresAt > replica.now).length
  const mounts = pods.reduce((sum, pod) => sum + mountsOf(replica, pod), 0)
  const all: Omit<Counter, 'box'>[] = [
    {
      name: 'cgroups',
      value: String(cgroups),
      says: 'Each container has a cgroup under its pod, and the pod under its class: there the kernel counts and limits.',
      command: 'systemd-cgls',
    },
    {
      name: 'netfilter',
      value: `${rules} rules`,
      says: 'What kube-proxy wrote. The kernel walks these rules for the first packet of a flow, without kube-proxy.',
      command: 'iptables-save',
    },
    {
      name: 'conntrack',
      value: flows === 1 ? '1 flow' : `${flows} flows`,
      says: 'Packets of a known flow skip the nat table: the kernel does for them what it decided for the first.',
      command: 'conntrack -L',
    },
    {
      name: 'mounts',
      value: String(mounts),
      says: 'Volumes are mounts that the kubelet makes first and the container sees later.',
      command: 'mount',
    },
  ]
  const gap = 8
  const width = (right - left - gap * 3) / 4
  return all.map((one, i) => ({
    ...one,
    value: fits(width - 24 - one.name.length * 7) >= one.value.length ? one.value : one.value.replace(/ .*/, ''),
    box: box(left + i * (width + gap), layout.counters!.y, width, layout.counters!.height),
  }))
}

function mountsOf(replica: Replica, pod: PodPicture): number {
  if (pod.sandboxId === undefined) return 0
  return replica.by('containers', 'sandbox', pod.sandboxId).reduce((sum, c) => sum + c.mounts.length, 0)
}
