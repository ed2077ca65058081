/** Which endpoints serve which traffic from this node: pkg/proxy/topology.go CategorizeEndpoints. */
import type { EndpointInfo } from './endpoints.ts'
import { type ServicePortInfo, usesClusterEndpoints, usesLocalEndpoints } from './service-port.ts'

export interface Categorized {
  /** undefined: the Service does not use a set of this kind. */
  readonly cluster: readonly EndpointInfo[] | undefined
  readonly local: readonly EndpointInfo[] | undefined
  /** Every endpoint that may be reached from this node, under either policy. */
  readonly reachable: readonly EndpointInfo[]
  /** Somewhere, on any node, there is a usable endpoint. */
  readonly hasAny: boolean
  /** The hints that narrowed the Cluster set. */
  readonly hints: 'node' | 'zone' | ''
}

export interface Place {
  readonly nodeName: string
  readonly zone: string
  /** Node hints count (feature gate PreferSameTrafficDistribution, on in 1.36). */
  readonly nodeHints: boolean
}

const terminatingServing = (ep: EndpointInfo): boolean => ep.serving && ep.terminating

export function categorizeEndpoints(all: readonly EndpointInfo[], info: ServicePortInfo, place: Place): Categorized {
  const usesCluster = usesClusterEndpoints(info)
  const usesLocal = usesLocalEndpoints(info)
  let cluster: readonly EndpointInfo[] | undefined
  let hints: Categorized['hints'] = ''
  let hasAny = false
  if (usesCluster) {
    hints = hintMode(all, place)
    cluster = all.filter((ep) => ep.ready && available(ep, hints, place))
    // nothing is ready: those that are on their way out but still answer are better than none
    if (cluster.length === 0) cluster = all.filter(terminatingServing)
    hasAny = cluster.length > 0
  }
  if (!usesLocal) return { cluster, local: undefined, reachable: cluster ?? [], hasAny, hints }

  hasAny ||= all.some((ep) => ep.ready || terminatingServing(ep))
  let local = all.filter((ep) => ep.isLocal && ep.ready)
  let terminatingOnly = false
  if (local.length === 0) {
    local = all.filter((ep) => ep.isLocal && terminatingServing(ep))
    terminatingOnly = local.length > 0
  }
  if (!cluster) return { cluster, local, reachable: local, hasAny, hints }
  // without hints and terminating endpoints the Cluster set already holds every local one
  if (hints === '' && !terminatingOnly) return { cluster, local, reachable: cluster, hasAny, hints }
  const merged = new Map([...cluster, ...local].map((ep) => [ep.text, ep]))
  const reachable = [...merged.values()].sort((a, b) => (a.text < b.text ? -1 : 1))
  return { cluster, local, reachable, hasAny, hints }
}

/** topologyModeFromHints: a kind of hint counts if every ready endpoint has one and one of them names this place. */
function hintMode(all: readonly EndpointInfo[], place: Place): Categorized['hints'] {
  let everyNode = true
  let everyZone = true
  let oneNode = false
  let oneZone = false
  for (const ep of all) {
    if (!ep.ready) continue
    if (ep.nodeHints.length === 0) everyNode = false
    else if (ep.nodeHints.includes(place.nodeName)) oneNode = true
    if (ep.zoneHints.length === 0) everyZone = false
    else if (ep.zoneHints.includes(place.zone)) oneZone = true
  }
  if (place.nodeHints && everyNode && oneNode) return 'node'
  return everyZone && oneZone ? 'zone' : ''
}

function available(ep: EndpointInfo, mode: Categorized['hints'], place: Place): boolean {
  if (mode === 'node') return ep.nodeHints.includes(place.nodeName)
  return mode === '' || ep.zoneHints.includes(place.zone)
}
