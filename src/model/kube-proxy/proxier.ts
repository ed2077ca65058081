/**
 * A kube-proxy outside of the world: Services and EndpointSlices go in, restore inputs (or what another mode writes) come
 * out. The command line and the tests use it; the component keeps the same state in records.
 */
import type { EndpointSlice, Service } from '../apiserver/objects.ts'
import type { ProxierConfig } from './config.ts'
import { type EndpointInfo, type EndpointsByPort, endpointsOfSlices, serviceOfSlice } from './endpoints.ts'
import { type ServicePortInfo, servicePorts } from './service-port.ts'
import { type ServiceState, type SyncResult, syncLines } from './iptables/sync.ts'

interface Slices {
  readonly byName: Map<string, EndpointSlice>
  endpoints: EndpointsByPort | undefined
}

/** What every mode knows of Services and their endpoints. */
export interface Tracker {
  readonly config: ProxierConfig
  setService(service: Service): void
  deleteService(namespace: string, name: string): void
  setSlice(slice: EndpointSlice): void
  deleteSlice(slice: EndpointSlice): void
  /** The node's topology labels changed, a sync failed, or the tables were flushed. */
  needFullSync(): void
  services(): ServiceState[]
  /** `namespace/name` of those that changed since the last sync; undefined: a full sync. */
  changed(): ReadonlySet<string> | undefined
  /** A sync took all this. */
  synced(): void
}

export interface Proxier extends Tracker {
  /** `cleanupDue`: syncPeriod has passed since stale chains were last looked for (matters in large clusters only). */
  sync(existingNatChains: Iterable<string> | undefined, cleanupDue?: boolean): SyncResult
}

const NONE: readonly EndpointInfo[] = []
const NO_PORTS: EndpointsByPort = {}

export function newTracker(config: ProxierConfig): Tracker {
  const services = new Map<string, ServiceState>()
  const slices = new Map<string, Slices>()
  const changed = new Set<string>()
  let full = true

  const endpointsOf = (service: string): EndpointsByPort => {
    const mine = slices.get(service)
    if (!mine) return NO_PORTS
    return (mine.endpoints ??= endpointsOfSlices(service, [...mine.byName.values()], config.family, config.nodeName))
  }
  const touch = (slice: EndpointSlice): Slices | undefined => {
    const service = serviceOfSlice(slice)
    if (!service || slice.addressType !== (config.family === 4 ? 'IPv4' : 'IPv6')) return undefined
    let mine = slices.get(service)
    if (!mine) slices.set(service, (mine = { byName: new Map(), endpoints: undefined }))
    mine.endpoints = undefined
    changed.add(service)
    return mine
  }
  return {
    config,
    setService(service) {
      const key = `${service.metadata.namespace ?? 'default'}/${service.metadata.name}`
      const ports = servicePorts(service, config.family)
      changed.add(key)
      if (ports.length === 0) services.delete(key)
      else
        services.set(key, {
          service: key,
          ports,
          endpoints: (port: ServicePortInfo) => endpointsOf(key)[port.portKey] ?? NONE,
        })
    },
    deleteService(namespace, name) {
      if (services.delete(`${namespace}/${name}`)) changed.add(`${namespace}/${name}`)
    },
    setSlice(slice) {
      touch(slice)?.byName.set(slice.metadata.name, slice)
    },
    deleteSlice(slice) {
      touch(slice)?.byName.delete(slice.metadata.name)
    },
    needFullSync() {
      full = true
    },
    services: () => [...services.values()],
    changed: () => (full ? undefined : changed),
    synced() {
      full = false
      changed.clear()
    },
  }
}

/** Mode iptables. */
export function newProxier(config: ProxierConfig): Proxier {
  const tracker = newTracker(config)
  return {
    ...tracker,
    sync(existingNatChains, cleanupDue = true) {
      const result = syncLines({
        config,
        services: tracker.services(),
        changed: tracker.changed(),
        existingNatChains: existingNatChains && (() => existingNatChains),
        cleanupDue,
      })
      tracker.synced()
      return result
    },
  }
}
