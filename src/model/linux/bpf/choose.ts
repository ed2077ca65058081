/** Which backend a new connection gets: bpf/lib/lb.h lb4_select_backend_id, lb4_affinity_backend_id. */
import type { ModelReader } from '../../tables.ts'
import { affinityId, type BpfBackendRecord, type BpfServiceRecord, backendId } from './maps.ts'
import { maglevSlot, maglevTable } from './maglev.ts'

export interface Choice {
  readonly backend: BpfBackendRecord
  /** Slot in the service's list, from 1; 0: not chosen by slot (affinity, Maglev). */
  readonly slot: number
  readonly by: 'random' | 'maglev' | 'affinity'
}

/** `draw` gives a whole number below its argument. undefined: the service has no backend. */
export function chooseBackend(
  reader: ModelReader,
  service: BpfServiceRecord,
  client: string,
  tuple: string | undefined,
  draw: (below: number) => number,
): Choice | undefined {
  const { node, revNat, affinity, backends } = service
  if (backends.length === 0) return undefined
  const known = affinity > 0 ? reader.get('bpfAffinity', affinityId(node, client, revNat)) : undefined
  if (known && reader.now - known.lastUsed <= affinity * 1_000_000 && backends.includes(known.backend)) {
    const backend = reader.get('bpfBackends', backendId(node, known.backend))
    if (backend) return { backend, slot: 0, by: 'affinity' }
  }
  if (tuple !== undefined && reader.get('bpfAgents', node)?.algorithm === 'maglev') {
    const all = backends.flatMap((id) => reader.get('bpfBackends', backendId(node, id)) ?? [])
    const name = (b: BpfBackendRecord): string => `${b.ip}:${b.port}/${b.proto}`
    const chosen = maglevTable(all.map(name))[maglevSlot(tuple)]
    const backend = all.find((b) => name(b) === chosen)
    if (backend) return { backend, slot: 0, by: 'maglev' }
  }
  const slot = draw(backends.length) + 1
  const backend = reader.get('bpfBackends', backendId(node, backends[slot - 1]!))
  return backend && { backend, slot, by: 'random' }
}
