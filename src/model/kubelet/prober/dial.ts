// A connection from the kubelet to a container: what an HTTP, TCP or gRPC probe and an httpGet hook do.
// Upstream: pkg/probe/http/http.go, pkg/probe/tcp/tcp.go, pkg/probe/grpc/grpc.go (gRPC is approximated by TCP).
import { LATENCY } from '../../messages.ts'
import { findListener } from '../../linux/listeners.ts'
import type { Micros } from '../../../sim/contract.ts'
import { placeOf, type SimEvent } from '../../../sim/contract.ts'
import type { ModelWorld } from '../../tables.ts'
import { bootOf, type Ctx } from '../calls.ts'
import { urlOf } from './targets.ts'

export type Dial = {
  kind: 'http' | 'tcp'
  ip: string
  port: number
  path: string
  https: boolean
  timeoutMicros: Micros
}

/** `error`: no answer came, in Go's words. `status`: of an HTTP answer. */
export type DialAnswer = { status?: number; body?: string; error?: string; ctx: Ctx }

export function dial(world: ModelWorld, node: string, request: Dial, ctx: Omit<Ctx, 'boot'>): void {
  world.send(
    'timer.kubelet.dial',
    `${node}/kubelet`,
    { request, ctx: { boot: bootOf(world, node), ...ctx } },
    { delayMicros: LATENCY.local },
  )
}

export function onDial(world: ModelWorld, event: SimEvent<{ request: Dial; ctx: Ctx }>): DialAnswer {
  const node = placeOf(event.to)
  const { request, ctx } = event.data
  const netns =
    world.by('sandboxes', 'node', node).find((s) => s.ip === request.ip && s.state === 'SANDBOX_READY')?.netns ?? ''
  const listening = findListener(world, node, netns, 'tcp', request.ip, request.port) !== undefined
  if (listening) return { status: 200, body: '', ctx }
  return { error: wordsOf(request, `dial tcp ${request.ip}:${request.port}: connect: connection refused`), ctx }
}

/** Go's http client puts the method and the address before the error of the connection. */
function wordsOf(request: Dial, error: string): string {
  return request.kind === 'http'
    ? `Get "${urlOf(request.https, request.ip, request.port, request.path)}": ${error}`
    : error
}
