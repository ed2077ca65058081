/** The last syncs of a node's kube-proxy: what each wrote, and which Service or endpoint it answered. */
import type { EndpointSlice } from '../model/apiserver/objects.ts'
import type { BpfUpdate } from '../model/linux/bpf/maps.ts'
import type { IpvsApply, IpvsOp } from '../model/linux/ipvs/operations.ts'
import type { ApiWatchEvent } from '../model/messages.ts'
import type { NetfilterRecord, Tables } from '../model/tables.ts'
import type { EventId, JournalEntry, SimEvent } from '../sim/contract.ts'
import type { SyncCause, SyncNote } from './protocol.ts'
import type { Session } from './session.ts'

const LINES = 200
/** So many events are looked through before the search gives up: syncs come by the second, and hourly when all is still. */
const LOOKED_THROUGH = 200_000

type Diff = Pick<SyncNote, 'added' | 'removed' | 'addedCount' | 'removedCount' | 'unit'>

const WRITES: Readonly<Record<string, (entry: JournalEntry, node: string) => Diff | undefined>> = {
  'kernel.iptables-restore': (entry, node) => written(entry, 'netfilter', node, 'lines'),
  'kernel.nft-apply': (entry, node) => written(entry, 'nftWrites', node, 'rules and elements'),
  'kernel.ipvs-apply': ({ event }) => ipvsDiff((event.data as IpvsApply).ops),
  'kernel.bpf-map-update': ({ event }) => bpfDiff(event.data as BpfUpdate),
}

/** Newest first. */
export function syncNotes(session: Session, node: string, limit: number): SyncNote[] {
  const { journal, dropped } = session.timeline.window
  const end = session.timeline.machine.executed - dropped - 1
  const notes: SyncNote[] = []
  for (let i = end; i >= 0 && i > end - LOOKED_THROUGH && notes.length < limit; i--) {
    const entry = journal[i]
    if (!entry || entry.event.to !== `${node}/kernel` || entry.event.from !== `${node}/kube-proxy`) continue
    const diff = WRITES[entry.event.kind]?.(entry, node)
    if (!diff || diff.addedCount + diff.removedCount === 0) continue
    const { event } = entry
    notes.push({
      event: event.id,
      at: event.at,
      kind: event.kind,
      full: (event.data as { ctx?: { full?: boolean } }).ctx?.full === true,
      ...diff,
      causes: causesOf(session, event, diff),
    })
  }
  return notes
}

function written(entry: JournalEntry, table: keyof Tables, node: string, unit: string): Diff | undefined {
  const change = entry.changes.find((one) => one.table === table && one.id === node)
  const to = change?.to as Pick<NetfilterRecord, 'added' | 'removed' | 'addedCount' | 'removedCount'> | undefined
  return to && { added: to.added, removed: to.removed, addedCount: to.addedCount, removedCount: to.removedCount, unit }
}

function diffOf(added: readonly string[], removed: readonly string[], unit: string): Diff {
  const counts = { addedCount: added.length, removedCount: removed.length, unit }
  return { added: added.slice(0, LINES), removed: removed.slice(0, LINES), ...counts }
}

function ipvsDiff(ops: readonly IpvsOp[]): Diff {
  const goes = (op: IpvsOp): boolean => /^(?:del-|unbind|flush|dummy-del)/.test(op.op)
  const text = (op: IpvsOp): string => {
    const { op: name, ...rest } = op
    return `${name} ${words(rest)}`
  }
  return diffOf(ops.filter((op) => !goes(op)).map(text), ops.filter(goes).map(text), 'calls')
}

/** The values of a plain record, in order: `tcp 10.96.0.10 53`. */
function words(value: unknown): string {
  if (Array.isArray(value)) return value.map(words).join(' ')
  if (typeof value === 'object' && value !== null) return Object.values(value).map(words).join(' ')
  return String(value)
}

function bpfDiff({ services, backends, gone }: BpfUpdate): Diff {
  const key = (id: string): string => id.slice(id.indexOf('|') + 1)
  return diffOf(
    [
      ...services.map((s) => `lb4_services ${s.ip}:${s.port}/${s.proto} -> ${s.backends.join(' ') || 'no backend'}`),
      ...backends.map((b) => `lb4_backends ${b.id} -> ${b.ip}:${b.port}/${b.proto}`),
    ],
    [...gone.services.map((id) => `lb4_services ${key(id)}`), ...gone.backends.map((id) => `lb4_backends ${key(id)}`)],
    'map entries',
  )
}

const CAUSES = 4

/** The news from the API server that the sync answers, those of endpoints with the address that came or went. */
function causesOf(session: Session, event: SimEvent, diff: Diff): SyncCause[] {
  const found: SyncCause[] = []
  const seen = new Set<EventId>()
  // between the news and the write stand kube-proxy's own timers
  let next = [...event.causes]
  for (let round = 0; round < 4 && found.length < CAUSES; round++) {
    const further: EventId[] = []
    for (const id of next) {
      if (seen.has(id)) continue
      seen.add(id)
      const cause = session.timeline.entryOf(id)?.event
      if (!cause) continue
      if (cause.kind === 'api.watch') found.push(...causeOf(cause as SimEvent<ApiWatchEvent>, diff))
      else further.push(...cause.causes)
    }
    next = further
  }
  // the same thing told twice (not ready yet, then ready) is said once, as of the last time
  const told = new Map(
    found.sort((a, b) => a.at - b.at).map((one) => [`${one.resource} ${one.name} ${one.address}`, one]),
  )
  return [...told.values()].slice(-CAUSES)
}

function causeOf(event: SimEvent<ApiWatchEvent>, diff: Diff): SyncCause[] {
  const { type, resource, object } = event.data
  if (type === 'BOOKMARK' || !object) return []
  const { name, namespace } = object.metadata
  const base = { event: event.id, at: event.at, resource, name, namespace: namespace ?? '', type }
  if (resource !== 'endpointslices') return [base]
  const has = (lines: readonly string[], ip: string): boolean =>
    lines.some((line) => line.includes(ip) && new RegExp(`(?<![0-9.])${ip.replaceAll('.', '\\.')}(?![0-9])`).test(line))
  const { endpoints } = object as unknown as EndpointSlice
  for (const { addresses } of endpoints) {
    const ip = addresses[0] ?? ''
    const came = has(diff.added, ip)
    const went = has(diff.removed, ip)
    if (came !== went) return [{ ...base, address: ip, change: came ? 'came' : 'went' }]
  }
  // an address that went is not in the slice any more
  const left = new Set(endpoints.map((endpoint) => endpoint.addresses[0]))
  for (const line of diff.removed) {
    const ip = /(?:--to-destination |dnat ip to |(?:del-server|->) \D*)(\d+\.\d+\.\d+\.\d+)/.exec(line)?.[1]
    if (ip && !left.has(ip) && !has(diff.added, ip)) return [{ ...base, address: ip, change: 'went' }]
  }
  return [base]
}
