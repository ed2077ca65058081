/** The way of each message through the picture: from which port to which, by which column. Pure. */
import type { SimEvent } from '../../sim/contract.ts'
import { isRoutine } from '../../lab/watch.ts'
import { placeOf, roleOf } from '../../sim/contract.ts'
import type { Replica } from '../contract.ts'
import { bottom, middleX, middleY, right } from '../drawing/box.ts'
import type { Placement } from '../drawing/glyph-painter.ts'
import { isAnswer, isFailure, planeOf } from '../drawing/plane.ts'
import { podOfEvent } from '../drawing/pod-of-event.ts'
import { reversed, route, type Route } from '../drawing/route.ts'
import type { NodePicture, PlacedPod } from './select.ts'

/** Undefined: the message does not pass this node. */
export function wayOfEvent(
  event: SimEvent,
  picture: NodePicture,
  replica: Replica,
  focus?: string,
): Placement | undefined {
  const way = routeOf(event, picture, replica)
  if (!way) return undefined
  const uid = podOfEvent(event, replica)
  return {
    route: way,
    plane: planeOf(event),
    hollow: isAnswer(event) || (focus !== undefined && uid !== undefined && uid !== focus),
    failed: isFailure(event),
    label: labelOf(event, picture),
    labelFrom: event.kind.startsWith('cni.')
      ? picture.layout.capsuleTop - bottom(picture.layout.containerd) + 50
      : undefined,
  }
}

/** An open call stands at its plug with its name; a second name beside it would lie on it. */
function labelOf(event: SimEvent, picture: NodePicture): string | undefined {
  const data = event.data as Record<string, unknown> | undefined
  if (event.kind === 'cri.request') {
    const method = typeof data?.method === 'string' ? data.method : undefined
    if (isRoutine(event)) return undefined
    const service = method?.includes('Image') ? 'image' : 'runtime'
    return picture.calls.some((c) => c.service === service) ? undefined : method
  }
  if (event.kind === 'net.hop') return typeof data?.what === 'string' ? data.what : undefined
  if (event.kind === 'cni.add') return 'CNI ADD'
  if (event.kind === 'cni.del') return 'CNI DEL'
  return undefined
}

function routeOf(event: SimEvent, picture: NodePicture, replica: Replica): Route | undefined {
  const here = picture.node
  if (event.kind === 'wire.lost') return lostRoute(event, picture)
  if (placeOf(event.from) !== here && placeOf(event.to) !== here) return undefined
  if (event.kind === 'net.hop' || event.kind === 'net.probe-hop') return packetRoute(event, picture, replica)
  const from = roleOf(event.from)
  const to = roleOf(event.to)
  if (from === 'apiserver' || to === 'apiserver')
    return apiRoute(from === 'apiserver' ? to : from, from === 'apiserver', picture)
  if (from === 'registry' || to === 'registry') return registryRoute(from === 'registry', picture)
  const pod = podAt(event, picture, replica)
  if (from === 'cni-agent' && to === 'kernel') return agentRoute(picture)
  if (from === 'kernel' && to === 'cni-agent') return mapped(agentRoute(picture), reversed)
  if (from === 'kubelet' && to === 'containerd') return criRoute(event, picture, false)
  if (from === 'containerd' && to === 'kubelet') return criRoute(event, picture, true)
  const packet = planeOf(event) === 'packet'
  if (packet && from === 'kernel' && to === 'kubelet') return reversed(probeRoute(picture))
  if (packet && from === 'kubelet' && to === 'kernel') return probeRoute(picture)
  if (from === 'kubelet' && to === 'kernel') return gutterRoute('kubelet-kernel', picture, event.kind)
  if (from === 'kernel' && to === 'kubelet') return reversed(gutterRoute('kubelet-kernel', picture, event.kind))
  if (from === 'kube-proxy' && to === 'kernel') return proxyRoute(picture)
  if (from === 'kernel' && to === 'kube-proxy') return mapped(proxyRoute(picture), reversed)
  if (pod) return podRoute(event, from, to, picture, pod)
  return undefined
}

function mapped(way: Route | undefined, change: (way: Route) => Route): Route | undefined {
  return way && change(way)
}

function podAt(event: SimEvent, picture: NodePicture, replica: Replica): PlacedPod | undefined {
  const uid = podOfEvent(event, replica)
  return uid === undefined ? undefined : picture.pods.find((p) => p.uid === uid)
}

function apiRoute(agent: string, down: boolean, picture: NodePicture): Route | undefined {
  const { layout } = picture
  const top = bottom(layout.apiServer)
  if (agent === 'kube-proxy') {
    if (layout.ports.proxy === undefined || !layout.proxy) return undefined
    const x = layout.ports.proxy
    const wire = route(
      'proxy-api',
      [
        { x, y: top },
        { x, y: layout.proxy.y + 4 },
      ],
      { wired: true },
    )
    return down ? wire : reversed(wire)
  }
  if (agent === 'cni-agent' && layout.agent && layout.ports.agent !== undefined) {
    const x = layout.ports.agent
    const wire = route(
      'agent-api',
      [
        { x, y: top },
        { x, y: layout.agent.y + 4 },
      ],
      { wired: true },
    )
    return down ? wire : reversed(wire)
  }
  if (agent !== 'kubelet') return undefined
  const x = down ? layout.ports.down : layout.ports.up
  const wire = route(
    down ? 'api-kubelet' : 'kubelet-api',
    [
      { x, y: top },
      { x, y: layout.kubelet.y + 4 },
    ],
    { wired: true },
  )
  return down ? wire : reversed(wire)
}

function registryRoute(down: boolean, picture: NodePicture): Route {
  const { layout, pulls } = picture
  const y = layout.containerd.y + layout.containerd.height * 0.685
  const end = pulls[0] ? right(pulls[0].box) + 4 : layout.registryX - 60
  const wire = route(
    'registry',
    [
      { x: layout.registryX, y: bottom(layout.registry) },
      { x: layout.registryX, y },
      { x: end, y },
    ],
    { wired: true },
  )
  return down ? wire : reversed(wire)
}

function criRoute(event: SimEvent, picture: NodePicture, up: boolean): Route {
  const { layout } = picture
  const method = String((event.data as { method?: unknown } | undefined)?.method ?? '')
  const x = method.includes('Image') ? layout.sockets.image : layout.sockets.runtime
  const wire = route(
    `cri-${x}`,
    [
      { x, y: bottom(layout.kubelet) },
      { x, y: layout.containerd.y },
    ],
    { wired: true },
  )
  return up ? reversed(wire) : wire
}

/** Past the runtime in the left gutter: cgroups and mounts are the kubelet's own work on the kernel. */
function gutterRoute(id: string, picture: NodePicture, kind: string): Route {
  const { layout } = picture
  const x = layout.gutter.left
  const goal = picture.counters.find((c) => c.name === (/mount/.test(kind) ? 'mounts' : 'cgroups'))
  const y = goal ? middleY(goal.box) : layout.kernel.y + 24
  const start = { x: layout.kubelet.x, y: bottom(layout.kubelet) - 14 }
  const end =
    goal && goal.name === 'mounts' ? { x: middleX(goal.box), y: layout.counters!.y } : { x: layout.inside.left + 2, y }
  const turn =
    goal && goal.name === 'mounts'
      ? [
          { x, y: layout.counters!.y - 5 },
          { x: end.x, y: layout.counters!.y - 5 },
        ]
      : [{ x, y }]
  return route(`${id}-${goal?.name ?? ''}`, [start, { x, y: start.y }, ...turn, end])
}

/** The kubelet's own packets (probes) leave by the host's stack. */
function probeRoute(picture: NodePicture): Route {
  const { layout } = picture
  const x = layout.gutter.left
  const y = bottom(layout.kubelet) - 14
  return route('kubelet-packets', [
    { x: layout.kubelet.x, y },
    { x, y },
    { x, y: layout.bridgeY },
    { x: layout.inside.left + 8, y: layout.bridgeY },
  ])
}

/** kube-proxy writes into netfilter: down the right gutter. */
function proxyRoute(picture: NodePicture): Route | undefined {
  const { layout } = picture
  if (!layout.proxy) return undefined
  const goal = picture.counters.find((c) => c.name === 'netfilter')
  const x = layout.gutter.right
  const start = { x: middleX(layout.proxy) + 18, y: bottom(layout.proxy) }
  const band = bottom(layout.agents) + 8
  if (!goal)
    return route('proxy-kernel', [start, { x: start.x, y: band }, { x, y: band }, { x, y: layout.kernel.y + 20 }])
  return route('proxy-kernel', [
    start,
    { x: start.x, y: band },
    { x, y: band },
    { x, y: goal.box.y - 5 },
    { x: middleX(goal.box), y: goal.box.y - 5 },
    { x: middleX(goal.box), y: goal.box.y },
  ])
}

/** The network agent writes routes: down the right gutter to the card. */
function agentRoute(picture: NodePicture): Route | undefined {
  const { layout } = picture
  if (!layout.agent) return undefined
  const x = layout.gutter.right
  const start = { x: middleX(layout.agent), y: bottom(layout.agent) }
  const band = bottom(layout.agents) + 8
  return route('agent-kernel', [start, { x: start.x, y: band }, { x, y: band }, { x, y: layout.bridgeY }])
}

/** Between runtime, shim, CNI plugin and kernel, in the column of one pod. */
function podRoute(event: SimEvent, from: string, to: string, picture: NodePicture, pod: PlacedPod): Route | undefined {
  const { layout } = picture
  const x = middleX(pod.box)
  const place = (role: string): { x: number; y: number } | undefined => {
    switch (role) {
      case 'containerd':
        return { x, y: bottom(layout.containerd) }
      case 'cni':
        return { x, y: layout.kernel.y - 30 }
      case 'runc':
      case 'proc':
        return { x, y: pod.box.y + (layout.kernel.y - pod.box.y) * 0.5 }
      case 'kernel':
        return { x, y: layout.kernel.y + 24 }
      case 'kubelet':
        return { x: layout.gutter.left, y: bottom(layout.kubelet) - 14 }
      default:
        return undefined
    }
  }
  const a = place(from)
  const b = place(to)
  if (!a || !b) return undefined
  // Side by side where two of them share the column of a narrow capsule.
  const aside = Math.min(20, pod.box.width * 0.16)
  const shift = from === 'runc' || to === 'runc' ? aside : from === 'proc' || to === 'proc' ? -aside : 0
  return route(`${pod.uid}-${from}-${to}`, [
    { x: a.x + shift, y: a.y },
    { x: b.x + shift, y: b.y },
  ])
}

/** A packet from door to door: pod and bridge, bridge and wall. */
function packetRoute(event: SimEvent, picture: NodePicture, replica: Replica): Route | undefined {
  const { layout, node } = picture
  const y = layout.bridgeY
  const data = event.data as { at?: { node?: string; netns?: string }; dev?: string; src?: string } | undefined
  const wall = { x: layout.plug.x + 4, y }
  const host = { x: layout.inside.left + 8, y }
  if (placeOf(event.to) !== node) return route('out-by-eth0', [host, wall], { wired: true })
  if (placeOf(event.from) !== node) return route('in-by-eth0', [wall, host], { wired: true })
  const inside = podOfNetns(data?.at?.netns, picture, replica)
  if (inside)
    return route(
      `to-${inside.uid}`,
      [host, { x: middleX(inside.box), y }, { x: middleX(inside.box), y: bottom(inside.box) - 12 }],
      { wired: true },
    )
  const dev = data?.dev === undefined ? undefined : replica.get('links', `${node}||${data.dev}`)
  const source =
    podOfNetns(dev?.peer?.netns, picture, replica) ??
    picture.pods.find((p) => !p.hostNetwork && p.ip !== '' && p.ip === data?.src)
  if (source)
    return route(
      `from-${source.uid}`,
      [{ x: middleX(source.box), y: bottom(source.box) - 12 }, { x: middleX(source.box), y }, host],
      { wired: true },
    )
  return undefined
}

function podOfNetns(netns: string | undefined, picture: NodePicture, replica: Replica): PlacedPod | undefined {
  if (!netns) return undefined
  const sandbox = replica.get('netns', `${picture.node}|${netns}`)?.sandboxId
  return picture.pods.find((p) => p.sandboxId !== undefined && p.sandboxId === sandbox)
}

/** A lost message gets as far as the wall. */
function lostRoute(event: SimEvent, picture: NodePicture): Route | undefined {
  const inner = event.data as { from?: string; to?: string; kind?: string } | undefined
  if (inner?.from === undefined || placeOf(inner.from) !== picture.node) return undefined
  const role = roleOf(inner.from)
  const { layout } = picture
  if (role === 'kubelet' || role === 'kube-proxy') {
    const x = role === 'kubelet' ? layout.ports.up : layout.ports.proxy
    if (x === undefined) return undefined
    return route(
      `lost-${role}`,
      [
        { x, y: layout.kubelet.y + 4 },
        { x, y: layout.body.y + layout.oblique.dy / 2 },
      ],
      { wired: true },
    )
  }
  return undefined
}
