/**
 * A connection that stays open after an answer: the next request goes over it, so the choice of a backend, which fell
 * with its first packet, holds for all of them. RFC 9112 section 9.3.
 */
import type { SimEvent } from '../../../sim/contract.ts'
import type { FlowRecord, ModelWorld } from '../../tables.ts'
import { answered, succeedFlow } from './result.ts'
import { ACK, DATA_AGAIN, FIN, PSH, sendFromClient } from './segments.ts'
import { actorOf } from './places.ts'

/** `net.send`: one more request over the connection that was opened with `ctx: { token }` and `keep`. */
export type NetSend = { token: string; request: unknown; what: string; timeoutMicros: number }
/** `net.close`: it is closed by its client. */
export type NetClose = { token: string }

const kept = (world: ModelWorld, token: string): FlowRecord | undefined =>
  world
    .all('flows')
    .findLast((flow) => flow.keep && flow.endedAt === undefined && (flow.ctx as { token?: string })?.token === token)

/** The answer is there and the connection stays. */
export function keepOpen(world: ModelWorld, flow: FlowRecord): void {
  world.cancel(flow.deadline)
  answered(world, flow.id, { idle: true, turn: (flow.turn ?? 0) + 1, answeredAt: world.now })
  sendFromClient(world, flow.id, ACK, 'ACK')
}

export function sendAgain(world: ModelWorld, event: SimEvent<NetSend>): void {
  const { token, request, what, timeoutMicros } = event.data
  const flow = kept(world, token)
  if (!flow?.idle) return
  const actor = actorOf(flow.client)
  const deadline = world.send(
    'timer.net-deadline',
    actor,
    { flow: flow.id },
    { from: actor, delayMicros: timeoutMicros },
  )
  const { idle: _, response: __, ...rest } = flow
  world.put('flows', flow.id, { ...rest, state: 'connected', request, what, turnAt: world.now, deadline })
  sendFromClient(world, flow.id, PSH | ACK, what, DATA_AGAIN)
}

export function closeKept(world: ModelWorld, event: SimEvent<NetClose>): void {
  const flow = kept(world, event.data.token)
  if (!flow) return
  succeedFlow(world, flow.id)
  sendFromClient(world, flow.id, FIN | ACK, 'FIN, ACK')
}
