/** The end of a flow, and what its opener is told. */
import type { FlowRecord, ModelWorld } from '../../tables.ts'
import { actorOf } from './places.ts'

export type ConnectError = 'refused' | 'timeout' | 'unreachable' | 'reset' | 'denied'

export interface ConnectResult {
  readonly flow: string
  readonly ok: boolean
  readonly error?: ConnectError
  /** The errno in Go's words: `connection refused`. */
  readonly message?: string
  /** Where it stood: `connect` before the connection was there, `answer` after. */
  readonly phase: 'connect' | 'answer'
  readonly response?: unknown
  readonly connectMicros?: number
  readonly totalMicros: number
  readonly ctx?: unknown
}

export const ERRNO: Readonly<Record<ConnectError, string>> = {
  refused: 'connection refused',
  timeout: 'i/o timeout',
  unreachable: 'no route to host',
  reset: 'connection reset by peer',
  denied: 'operation not permitted',
}

export function resultOf(flow: FlowRecord, now: number): ConnectResult {
  return {
    flow: flow.id,
    ok: flow.error === undefined,
    ...(flow.error === undefined
      ? {}
      : { error: flow.error as ConnectError, message: ERRNO[flow.error as ConnectError] }),
    phase: flow.connectedAt === undefined ? 'connect' : 'answer',
    ...(flow.response === undefined || flow.error !== undefined ? {} : { response: flow.response }),
    ...(flow.connectedAt === undefined ? {} : { connectMicros: flow.connectedAt - flow.startedAt }),
    totalMicros: (flow.endedAt ?? now) - flow.startedAt,
    ...(flow.ctx === undefined ? {} : { ctx: flow.ctx }),
  }
}

/** The client has what it wanted, or knows that it will not get it. Told once. */
function finish(world: ModelWorld, id: string, change: Partial<FlowRecord>, delayMicros: number): void {
  const flow = world.get('flows', id)
  if (!flow || flow.endedAt !== undefined) return
  world.cancel(flow.timer)
  world.cancel(flow.deadline)
  const { timer: _timer, deadline: _deadline, unanswered: _unanswered, ...rest } = flow
  const ended: FlowRecord = { ...rest, ...change, endedAt: world.now }
  world.put('flows', id, ended)
  if (ended.answerTo !== '')
    world.send(ended.answerKind, ended.answerTo, resultOf(ended, world.now), {
      from: actorOf(ended.client),
      delayMicros,
    })
}

export function failFlow(world: ModelWorld, id: string, error: ConnectError, delayMicros = 20): void {
  finish(world, id, { state: 'failed', error }, delayMicros)
}

export function succeedFlow(world: ModelWorld, id: string): void {
  finish(world, id, { state: 'answered' }, 20)
}

/** The segment that waited for an answer has it: no more repeats. */
export function answered(world: ModelWorld, id: string, change: Partial<FlowRecord> = {}): FlowRecord | undefined {
  const flow = world.get('flows', id)
  if (!flow) return undefined
  world.cancel(flow.timer)
  const { timer: _timer, unanswered: _unanswered, ...rest } = flow
  const next: FlowRecord = { ...rest, tries: 0, ...change }
  world.put('flows', id, next)
  return next
}
