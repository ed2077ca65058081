/** Where the parts of the cut-open node stand, from the pixels there are. Heights of the mock-up at 852 x 520. */
import { bottom, box, right, type Box } from '../drawing/box.ts'
import type { Size } from '../contract.ts'

export interface NodeLayout {
  readonly phone: boolean
  readonly width: number
  readonly height: number
  readonly body: Box
  /** The oblique side: how far it goes right and up. */
  readonly oblique: { dx: number; dy: number }
  readonly wall: number
  readonly apiServer: Box
  readonly registry: Box
  readonly agents: Box
  readonly runtime: Box
  readonly kernel: Box
  readonly kubelet: Box
  readonly proxy?: Box
  readonly agent?: Box
  readonly containerd: Box
  /** Where the registry's wire comes down. */
  readonly registryX: number
  /** Roof ports: what comes from the API server, what goes to it, kube-proxy's. */
  readonly ports: { down: number; up: number; proxy?: number; agent?: number }
  /** Sockets: image service, runtime service. */
  readonly sockets: { image: number; runtime: number; y: number }
  /** Free columns left and right of the boxes, for what passes a stratum. */
  readonly gutter: { left: number; right: number }
  /** Left and right end of what stands inside. */
  readonly inside: { left: number; right: number }
  readonly capsuleTop: number
  readonly capsuleBottom: number
  readonly bridgeY: number
  readonly plug: Box
  readonly counters?: { y: number; height: number }
}

export function layoutNode(size: Size): NodeLayout {
  return size.width < 520 ? phoneLayout(size) : wideLayout(size)
}

function wideLayout(size: Size): NodeLayout {
  const { width, height } = size
  const wall = 7
  const body = box(8, 58, width - 38, height - 66)
  const inside = { left: 48, right: right(body) - wall - 16 }
  const spare = Math.max(-70, height - 520)
  const counted = height >= 470
  const agentsHeight = 117 + Math.max(0, Math.min(30, spare * 0.14))
  const agents = box(body.x, body.y, body.width, agentsHeight)
  const containerdY = bottom(agents) + 26 + Math.max(0, Math.min(14, spare * 0.08))
  const containerd = box(inside.left, containerdY, inside.right - inside.left, 46)
  const counters = counted ? { y: bottom(body) - 35, height: 24 } : undefined
  const bridgeY = (counters?.y ?? bottom(body) - 12) - 25
  const capsuleTop = bottom(containerd) + 14 + Math.max(0, Math.min(10, spare * 0.05))
  const capsuleBottom = bridgeY - 24 - Math.max(0, Math.min(16, spare * 0.06))
  // The line of system calls cuts a capsule a little below its middle: containers above, the network namespace below.
  const line = Math.round(capsuleTop + (capsuleBottom - capsuleTop) * 0.527)
  const boxTop = body.y + 17
  const boxHeight = agentsHeight - 29
  const all = inside.right - inside.left - 26
  const proxyWidth = Math.round(Math.min(132, Math.max(84, all * 0.115)))
  const agentWidth = Math.round(Math.min(150, Math.max(72, all * 0.13)))
  const kubelet = box(inside.left, boxTop, all - proxyWidth - agentWidth - 18, boxHeight)
  const proxy = box(right(kubelet) + 10, boxTop, proxyWidth, boxHeight)
  const agent = box(right(proxy) + 8, boxTop, agentWidth, boxHeight)
  const registryX = inside.right - 14
  return {
    phone: false,
    width,
    height,
    body,
    oblique: { dx: 22, dy: -16 },
    wall,
    apiServer: box(inside.left + 52, 8, Math.min(registryX - 76, right(agent) - 8) - inside.left - 52, 26),
    registry: box(registryX - 60, 8, 96, 26),
    agents,
    runtime: box(body.x, bottom(agents), body.width, line - bottom(agents)),
    kernel: box(body.x, line, body.width, bottom(body) - line),
    kubelet,
    proxy,
    agent,
    containerd,
    registryX,
    ports: { down: inside.left + 102, up: inside.left + 166, proxy: proxy.x + 42, agent: agent.x + agent.width / 2 },
    sockets: { image: inside.left + 38, runtime: inside.left + Math.min(280, kubelet.width * 0.52), y: bottom(agents) },
    gutter: { left: 41.5, right: inside.right + 8 },
    inside,
    capsuleTop,
    capsuleBottom,
    bridgeY,
    plug: box(right(body) + 6, bridgeY - 8, 10, 14),
    counters,
  }
}

/** 390 px: kubelet, containerd, two pods, cni0. */
function phoneLayout(size: Size): NodeLayout {
  const { width, height } = size
  const wall = 7
  const body = box(8, 44, width - 38, Math.min(height - 52, 420))
  const inside = { left: 44, right: right(body) - wall - 10 }
  const agents = box(body.x, body.y, body.width, 60)
  const containerd = box(inside.left, bottom(agents) + 18, inside.right - inside.left, 42)
  const bridgeY = bottom(body) - 34
  const capsuleTop = bottom(containerd) + 18
  const capsuleBottom = bridgeY - 18
  const line = Math.round(capsuleTop + (capsuleBottom - capsuleTop) * 0.5)
  const registryX = inside.right - 12
  return {
    phone: true,
    width,
    height,
    body,
    oblique: { dx: 22, dy: -16 },
    wall,
    apiServer: box(37, 4, 150, 24),
    registry: box(registryX - 74, 4, 96, 24),
    agents,
    runtime: box(body.x, bottom(agents), body.width, line - bottom(agents)),
    kernel: box(body.x, line, body.width, bottom(body) - line),
    kubelet: box(inside.left, body.y + 15, inside.right - inside.left - 36, 35),
    containerd,
    registryX,
    ports: { down: 137, up: 163 },
    sockets: { image: inside.left + 36, runtime: inside.left + 150, y: bottom(agents) },
    gutter: { left: 39, right: inside.right + 5 },
    inside,
    capsuleTop,
    capsuleBottom,
    bridgeY,
    plug: box(right(body) + 6, bridgeY - 8, 10, 14),
  }
}
