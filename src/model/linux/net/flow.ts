/** Flows and packets as records: opening, changing, bounding their number. */
import type { EventId, FlowRecord, ModelWorld, PacketRecord } from '../../tables.ts'
import type { Packet } from '../netfilter/packet.ts'

/** What is kept of the past: so many flows of each kind, with their packets. Probes do not push out what people sent. */
export const FLOWS_KEPT = 60
export const PROBES_KEPT = 30

/** `deadline`: sets the timer of the whole exchange. */
export function newFlow(
  world: ModelWorld,
  flow: Omit<FlowRecord, 'id' | 'packets' | 'tries' | 'startedAt' | 'deadline'>,
  deadline: (id: string) => EventId,
): FlowRecord {
  const prefix = flow.routine ? 'probe' : 'f'
  const n = world.serial(flow.routine ? 'probe flow' : 'flow')
  const id = `${prefix}${n}`
  const record: FlowRecord = { ...flow, id, packets: [], tries: 0, startedAt: world.now, deadline: deadline(id) }
  world.put('flows', record.id, record)
  forget(world, `${prefix}${n - (flow.routine ? PROBES_KEPT : FLOWS_KEPT)}`)
  return record
}

function forget(world: ModelWorld, id: string): void {
  const old = world.get('flows', id)
  if (!old) return
  world.cancel(old.timer)
  world.cancel(old.deadline)
  for (const packet of world.by('packets', 'flow', id)) world.put('packets', packet.id, undefined)
  world.put('flows', id, undefined)
}

export function changeFlow(world: ModelWorld, id: string, change: Partial<FlowRecord>): FlowRecord | undefined {
  const flow = world.get('flows', id)
  if (!flow) return undefined
  const next = { ...flow, ...change }
  world.put('flows', id, next)
  return next
}

/** A packet about to leave a socket; not yet in its table (`pass` puts it there with its first hop). */
export function newPacket(
  world: ModelWorld,
  flow: string,
  way: PacketRecord['way'],
  what: string,
  header: Packet,
): PacketRecord {
  const id = `p${world.serial('packet')}`
  return { id, flow, way, what, sentAt: world.now, header, now: header, state: 'moving', hops: [] }
}

export function putPacket(world: ModelWorld, packet: PacketRecord): void {
  world.put('packets', packet.id, packet)
}

export function endPacket(world: ModelWorld, id: string, state: PacketRecord['state'], why?: string): void {
  const packet = world.get('packets', id)
  if (packet && packet.state === 'moving')
    world.put('packets', id, { ...packet, state, endedAt: world.now, ...(why === undefined ? {} : { why }) })
}

/** Lists a packet with its flow. */
export function listPacket(world: ModelWorld, packet: PacketRecord, change: Partial<FlowRecord> = {}): void {
  const flow = world.get('flows', packet.flow)
  if (flow) world.put('flows', flow.id, { ...flow, ...change, packets: [...flow.packets, packet.id] })
}
