/** CRI calls under way: the record that stands for the goroutine of a call, and the answer that ends it. */
import { LATENCY } from '../messages.ts'
import type { CriCallRecord, ModelReader, ModelWorld } from '../tables.ts'
import type { CriRequest } from '../messages.ts'
import { placeOf, type SimEvent } from '../../sim/contract.ts'
import type { CriMethod } from './api.ts'
import { COSTS } from './costs.ts'

export type GrpcCode = 'Unknown' | 'NotFound' | 'InvalidArgument' | 'DeadlineExceeded' | 'Unavailable' | 'Unimplemented'
export type CallEvent = SimEvent<CriRequest>

/** Opens a call that ends in a later handler. */
export function openCall(
  world: ModelWorld,
  event: CallEvent,
  doing: string,
  more: { sandboxId?: string; containerId?: string; deadline?: number } = {},
): CriCallRecord {
  const node = placeOf(event.to)
  const call: CriCallRecord = {
    id: `${node}|${world.serial(`cri ${node}`)}`,
    node,
    method: event.data.method,
    caller: event.from,
    request: event.data.request,
    since: world.now,
    doing,
    ...(event.data.ctx === undefined ? {} : { ctx: event.data.ctx }),
    ...more,
  }
  world.put('criCalls', call.id, call)
  return call
}

export function callOf(reader: ModelReader, ctx: unknown): CriCallRecord | undefined {
  const id = (ctx as { call?: string } | undefined)?.call
  return id === undefined ? undefined : reader.get('criCalls', id)
}

export function updateCall(world: ModelWorld, call: CriCallRecord, change: Partial<CriCallRecord>): void {
  world.put('criCalls', call.id, { ...call, ...change })
}

type Answered = Pick<CriCallRecord, 'method' | 'caller' | 'ctx'>

/** Ends an open call. */
export function finishCall(world: ModelWorld, call: CriCallRecord, response: object, workMicros = 0): void {
  world.put('criCalls', call.id, undefined)
  reply(world, call, response, workMicros)
}

export function failCall(world: ModelWorld, call: CriCallRecord, message: string, code: GrpcCode = 'Unknown'): void {
  world.put('criCalls', call.id, undefined)
  replyError(world, call, message, code)
}

const asked = (event: CallEvent): Answered => ({ method: event.data.method, caller: event.from, ctx: event.data.ctx })

/** Answers a call at once. */
export function answer(world: ModelWorld, event: CallEvent, response: object, workMicros: number = COSTS.store): void {
  reply(world, asked(event), response, workMicros)
}

export function refuse(world: ModelWorld, event: CallEvent, message: string, code: GrpcCode = 'Unknown'): void {
  replyError(world, asked(event), message, code)
}

function reply(world: ModelWorld, call: Answered, response: object, workMicros = 0): void {
  const { method, ctx } = call
  world.send(
    'cri.response',
    call.caller,
    { method, response, ...(ctx === undefined ? {} : { ctx }) },
    { delayMicros: LATENCY.local + workMicros },
  )
}

function replyError(world: ModelWorld, call: Answered, message: string, code: GrpcCode): void {
  const { method, ctx } = call
  world.send(
    'cri.response',
    call.caller,
    { method, error: { code, message }, ...(ctx === undefined ? {} : { ctx }) },
    { delayMicros: LATENCY.local + COSTS.store },
  )
}

export const requestOf = <R>(event: CallEvent): R => event.data.request as R
export type { CriMethod }
