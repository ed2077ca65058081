// A connection from the kubelet to a container: what an HTTP, TCP or gRPC probe and an httpGet hook do. The packets go
// through the node's own stack, from the host namespace, like those of anyone else.
// Upstream: pkg/probe/http/http.go, pkg/probe/tcp/tcp.go, pkg/probe/grpc/grpc.go (gRPC is approximated by TCP).
import { httpGet, type HttpResponse } from '../../images/payloads.ts'
import { connect } from '../../linux/net/connect.ts'
import type { ConnectResult } from '../../linux/net/result.ts'
import type { Micros } from '../../../sim/contract.ts'
import type { SimEvent } from '../../../sim/contract.ts'
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

type DialCtx = { ctx: Ctx; asked: Dial }

export const DIALED = 'net.dialed'

export function dial(world: ModelWorld, node: string, asked: Dial, ctx: Omit<Ctx, 'boot'>): void {
  const http = asked.kind === 'http'
  const path = asked.path.startsWith('/') ? asked.path : `/${asked.path}`
  const back: DialCtx = { ctx: { boot: bootOf(world, node), ...ctx }, asked }
  connect(world, {
    from: { node, netns: '' },
    proto: 'tcp',
    dst: asked.ip,
    dport: asked.port,
    ...(http ? { request: httpGet(`${asked.ip}:${asked.port}`, path, 'kube-probe/1.36') } : {}),
    what: http ? `GET ${path}` : 'tcp probe',
    timeoutMicros: asked.timeoutMicros,
    routine: ctx.who === 'probe',
    answer: { to: `${node}/kubelet`, kind: DIALED },
    ctx: back,
  })
}

export function dialAnswer(event: SimEvent<ConnectResult>): DialAnswer {
  const result = event.data
  const { ctx, asked } = result.ctx as DialCtx
  if (!result.ok) return { error: wordsOf(asked, result), ctx }
  if (asked.kind === 'tcp') return { ctx }
  const response = result.response as HttpResponse
  return { status: response.status, body: response.body, ctx }
}

/** Go's words for what went wrong; its HTTP client puts the method and the address first. */
function wordsOf(asked: Dial, result: ConnectResult): string {
  const at = `${asked.ip}:${asked.port}`
  let error: string
  if (result.error === 'timeout') {
    error =
      asked.kind === 'http'
        ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
        : `dial tcp ${at}: i/o timeout`
  } else if (result.phase === 'connect') error = `dial tcp ${at}: connect: ${result.message ?? result.error}`
  else error = result.error === 'reset' ? 'EOF' : (result.message ?? result.error ?? '')
  return asked.kind === 'http' ? `Get "${urlOf(asked.https, asked.ip, asked.port, asked.path)}": ${error}` : error
}
