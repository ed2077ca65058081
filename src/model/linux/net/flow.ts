/** Flows and packets as records: opening, changing, bounding their number. */
import type { FlowRecord, ModelWorld, PacketHop, PacketRecord } from '../../tables.ts'
import type { Packet } from '../netfilter/packet.ts'

/** What is kept of the past; older ones go. */
export const FLOWS_KEPT = 300
export const PACKETS_KEPT = 1_000

export function newFlow(
  world: ModelWorld,
  flow: Omit<FlowRecord, 'id' | 'packets' | 'tries' | 'startedAt'>,
): FlowRecord {
  const n = world.serial('flow')
  const record: FlowRecord = { ...flow, id: `f${n}`, packets: [], tries: 0, startedAt: world.now }
  world.put('flows', record.id, record)
  if (n > FLOWS_KEPT) forget(world, `f${n - FLOWS_KEPT}`)
  return record
}

function forget(world: ModelWorld, id: string): void {
  const old = world.get('flows', id)
  if (!old) return
  world.cancel(old.timer)
  world.cancel(old.deadline)
  world.put('flows', id, undefined)
}

export function changeFlow(world: ModelWorld, id: string, change: Partial<FlowRecord>): FlowRecord | undefined {
  const flow = world.get('flows', id)
  if (!flow) return undefined
  const next = { ...flow, ...change }
  world.put('flows', id, next)
  return next
}

export function newPacket(
  world: ModelWorld,
  flow: string,
  way: PacketRecord['way'],
  what: string,
  header: Packet,
): PacketRecord {
  const n = world.serial('packet')
  const record: PacketRecord = {
    id: `p${n}`,
    flow,
    way,
    what,
    sentAt: world.now,
    header,
    now: header,
    state: 'moving',
    hops: [],
  }
  world.put('packets', record.id, record)
  if (n > PACKETS_KEPT) world.put('packets', `p${n - PACKETS_KEPT}`, undefined)
  const owner = world.get('flows', flow)
  if (owner) world.put('flows', flow, { ...owner, packets: [...owner.packets.slice(-39), record.id] })
  return record
}

export function addHop(world: ModelWorld, id: string, now: Packet, hop: PacketHop): void {
  const packet = world.get('packets', id)
  if (packet) world.put('packets', id, { ...packet, now, hops: [...packet.hops, hop] })
}

export function endPacket(world: ModelWorld, id: string, state: PacketRecord['state'], why?: string): void {
  const packet = world.get('packets', id)
  if (packet && packet.state === 'moving')
    world.put('packets', id, { ...packet, state, endedAt: world.now, ...(why === undefined ? {} : { why }) })
}
