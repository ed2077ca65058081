// Which zones and nodes an endpoint is meant for (staging/src/k8s.io/endpointslice: trafficdist/trafficdist.go for
// spec.trafficDistribution, topologycache/ for the annotation service.kubernetes.io/topology-mode: Auto).
import { milliValue } from '../../apiserver/quantity.ts'
import type { Endpoint, Node, Service } from '../../apiserver/objects.ts'
import type { Told } from '../event-recorder.ts'

const ZONE = 'topology.kubernetes.io/zone'
const OVERLOAD = 0.2

/** The slices of one Service and address type, on their way out. `needed`: an unchanged slice that is to be written. */
export type HintedSlice = { endpoints: Endpoint[]; unchanged: boolean; needed: boolean }

type Hints = Endpoint['hints']
const ready = (e: Endpoint): boolean => e.conditions?.ready === true
const withHints = (e: Endpoint, hints: Hints): Endpoint => {
  if (hints) return { ...e, hints }
  if (!e.hints) return e
  const { hints: _, ...rest } = e
  return rest
}
const isFor = (names: readonly { name: string }[] | undefined, wanted: string | undefined): boolean =>
  wanted === undefined ? !names?.length : names?.length === 1 && names[0]!.name === wanted

const CLOSE = new Set(['PreferClose', 'PreferSameZone', 'PreferSameNode'])

/** hintsEnabled: the annotation wins over the field. */
export function asksForTopology(service: Service): boolean {
  const a = service.metadata.annotations ?? {}
  const value = a['service.kubernetes.io/topology-aware-hints'] ?? a['service.kubernetes.io/topology-mode']
  return value === 'Auto' || value === 'auto'
}

/** Sets the hints of what is written and marks unchanged slices whose hints are wrong. Returns events to tell. */
export function setHints(service: Service, slices: HintedSlice[], nodes: () => readonly Node[]): Told[] {
  const had = slices.some((s) => s.unchanged && s.endpoints.some((e) => e.hints))
  if (asksForTopology(service)) return byCapacity(slices, nodes(), had)
  const distribution = service.spec.trafficDistribution
  if (distribution !== undefined && CLOSE.has(distribution)) preferClose(slices, distribution === 'PreferSameNode')
  else dropHints(slices)
  return []
}

/** preferCloseHeuristic: each ready endpoint is for its own zone, and with PreferSameNode for its own node. */
function preferClose(slices: HintedSlice[], nodeHints: boolean): void {
  const wrong = (e: Endpoint): boolean =>
    ready(e) && (!isFor(e.hints?.forZones, e.zone) || !isFor(e.hints?.forNodes, nodeHints ? e.nodeName : undefined))
  for (const slice of slices) {
    if (slice.unchanged && !slice.endpoints.some(wrong)) continue
    slice.needed = true
    slice.endpoints = slice.endpoints.map((e) => {
      if (!ready(e)) return e
      const forZones = e.zone === undefined ? undefined : [{ name: e.zone }]
      const forNodes = nodeHints && e.nodeName !== undefined ? [{ name: e.nodeName }] : undefined
      return withHints(
        e,
        forZones || forNodes ? { ...(forZones ? { forZones } : {}), ...(forNodes ? { forNodes } : {}) } : undefined,
      )
    })
  }
}

function dropHints(slices: HintedSlice[]): void {
  for (const slice of slices) {
    if (!slice.endpoints.some((e) => e.hints)) continue
    slice.needed = true
    slice.endpoints = slice.endpoints.map((e) => withHints(e, undefined))
  }
}

// ---- topology-mode: Auto

type Allocation = { minimum: number; maximum: number; desired: number }
type Counts = Map<string, number>

const told = (type: Told['type'], reason: string, message: string): Told => ({
  type,
  reason,
  message: `${message}, addressType: IPv4`,
})
const disabled = (message: string): Told => told('Warning', 'TopologyAwareHintsDisabled', message)

/** AddHints: endpoints are given to zones in proportion to their allocatable CPU. */
function byCapacity(slices: HintedSlice[], nodes: readonly Node[], had: boolean): Told[] {
  const total = slices.reduce((n, s) => n + s.endpoints.filter(ready).length, 0)
  const allocations = allocate(zoneRatios(nodes), total)
  if (typeof allocations === 'string') {
    dropHints(slices)
    return [disabled(allocations)]
  }
  const held: Counts = new Map()
  for (const slice of slices) if (slice.unchanged && !countHeld(slice, held, allocations)) slice.needed = true
  const open = slices.filter((s) => !s.unchanged || s.needed)
  for (const slice of open) {
    if (slice.endpoints.some((e) => ready(e) && !e.zone)) {
      dropHints(slices)
      return [disabled('One or more endpoints do not have a zone specified')]
    }
    slice.needed = true
    slice.endpoints = slice.endpoints.map((e) => {
      if (!ready(e)) return e
      held.set(e.zone!, (held.get(e.zone!) ?? 0) + 1)
      return withHints(e, { forZones: [{ name: e.zone! }] })
    })
  }
  redistribute(open, ...givingAndReceiving(allocations, held))
  if (held.size === 0) {
    dropHints(slices)
    return [disabled('No hints allocated for zones')]
  }
  return had || open.length === 0
    ? []
    : [told('Normal', 'TopologyAwareHintsEnabled', 'Topology Aware Hints has been enabled')]
}

/** SetNodes: undefined when a node has no zone or CPU, or all are in one zone. */
function zoneRatios(nodes: readonly Node[]): Map<string, number> | undefined {
  const cpu: Counts = new Map()
  let total = 0
  for (const node of nodes) {
    const labels = node.metadata.labels ?? {}
    if ('node-role.kubernetes.io/control-plane' in labels || 'node-role.kubernetes.io/master' in labels) continue
    if (node.status?.conditions?.find((c) => c.type === 'Ready')?.status !== 'True') continue
    const milli = milliValue(node.status.allocatable?.['cpu'] ?? '0')
    const zone = labels[ZONE]
    if (!zone || milli === 0) return undefined
    cpu.set(zone, (cpu.get(zone) ?? 0) + milli)
    total += milli
  }
  if (cpu.size < 2) return undefined
  return new Map([...cpu].sort(([a], [b]) => (a < b ? -1 : 1)).map(([zone, milli]) => [zone, milli / total]))
}

/** getAllocations, or why there are none. */
function allocate(ratios: Map<string, number> | undefined, endpoints: number): Map<string, Allocation> | string {
  if (!ratios) return 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes'
  const counted = `(${endpoints} endpoints, ${ratios.size} zones)`
  if (ratios.size > endpoints) return `Insufficient number of endpoints ${counted}`
  const out = new Map<string, Allocation>()
  let sum = 0
  for (const [zone, ratio] of ratios) {
    const desired = ratio * endpoints
    const minimum = Math.ceil(desired * (1 / (1 + OVERLOAD)))
    out.set(zone, { minimum, maximum: 0, desired: Math.max(desired, minimum) })
    sum += minimum
    if (sum > endpoints)
      return `Unable to allocate minimum required endpoints to each zone without exceeding overload threshold ${counted}`
  }
  for (const a of out.values()) a.maximum = a.minimum + endpoints - sum
  return out
}

/** getHintsByZone: false when the slice's hints cannot stay. Adds up those that can. */
function countHeld(slice: HintedSlice, held: Counts, allocations: ReadonlyMap<string, Allocation>): boolean {
  const mine: Counts = new Map()
  for (const e of slice.endpoints) {
    if (!ready(e)) continue
    if (!e.hints?.forZones?.length) return false
    for (const { name } of e.hints.forZones) {
      if (!allocations.has(name)) return false
      mine.set(name, (mine.get(name) ?? 0) + 1)
    }
  }
  for (const [zone, n] of mine) if (n + (held.get(zone) ?? 0) > allocations.get(zone)!.maximum) return false
  for (const [zone, n] of mine) held.set(zone, (held.get(zone) ?? 0) + n)
  return true
}

function givingAndReceiving(allocations: ReadonlyMap<string, Allocation>, held: Counts): [Counts, Counts] {
  const give: Counts = new Map()
  const take: Counts = new Map()
  for (const [zone, { desired }] of allocations) {
    const diff = (held.get(zone) ?? 0) - desired
    if (diff > 0) give.set(zone, diff)
    else if (diff < 0) take.set(zone, -diff)
  }
  const giving: Counts = new Map()
  const receiving: Counts = new Map()
  for (;;) {
    const [from, n] = most(give)
    const [to, m] = most(take)
    if (from === '' || to === '' || (n < 1 && m < 1) || n < 0.5 || m < 0.5) return [giving, receiving]
    giving.set(from, (giving.get(from) ?? 0) + 1)
    receiving.set(to, (receiving.get(to) ?? 0) + 1)
    give.set(from, n - 1)
    take.set(to, m - 1)
  }
}

function most(zones: Counts): [string, number] {
  let best: [string, number] = ['', 0]
  for (const [zone, n] of zones) if (n > best[1]) best = [zone, n]
  return best
}

/** redistributeHints */
function redistribute(open: HintedSlice[], giving: Counts, receiving: Counts): void {
  const less = (counts: Counts, zone: string): void => {
    const n = counts.get(zone)! - 1
    if (n > 0) counts.set(zone, n)
    else counts.delete(zone)
  }
  for (const slice of open)
    slice.endpoints = slice.endpoints.map((e) => {
      const [to] = receiving.keys()
      if (!ready(e) || to === undefined || !giving.has(e.zone!)) return e
      less(giving, e.zone!)
      less(receiving, to)
      return withHints(e, { forZones: [{ name: to }] })
    })
}
