/**
 * The kube-proxy of each node: watches Services and EndpointSlices, waits for both lists, and syncs, at most once a
 * minSyncPeriod. What a sync writes is the mode's matter (mode.ts). cmd/kube-proxy/app/server.go,
 * pkg/proxy/iptables/proxier.go, pkg/proxy/runner/bounded_frequency_runner.go.
 */
import { HOUR, MILLI, SECOND } from '../../sim/clock.ts'
import { placeOf, type EventId, type SimEvent } from '../../sim/contract.ts'
import type { EndpointSlice, Node, Service } from '../apiserver/objects.ts'
import { type ApiRequest, type ApiWatchEvent, sendOver } from '../messages.ts'
import type { ConntrackDelete } from '../linux/netfilter/component.ts'
import type { KubeProxyRecord, ModelComponent, ModelWorld } from '../tables.ts'
import { conntrackMax, type ProxySettingsRecord, readConfiguration, sysctlsOf } from './configuration.ts'
import { forgetAll, keyOf, liveConfig, serviceStates, trackService, trackSlice } from './live-state.ts'
import { logStart, logSynced, proxyLog } from './log.ts'
import type { KernelWrite, ProxyMode } from './mode.ts'
import { cleansUp, MODES } from './modes.ts'
import { staleUdpEntries } from './stale-conntrack.ts'
import { KUBE_PROXY_RULES } from './rules.ts'
import { relay, relayed } from './userspace/relay.ts'

/** How often a mode looks whether its rules were emptied (iptables.syncPeriod). */
export const SYNC_PERIOD = 30 * SECOND
export const FULL_SYNC_PERIOD = HOUR
const SYNC = 'timer.kube-proxy-sync'
const WATCH_AGAIN = 'timer.kube-proxy-watch'
const CANARY_TICK = 'timer.kube-proxy-canary'
/** Until a request that nobody answers is sent again. */
const WATCH_RETRY = 10 * SECOND

/** `kube-proxy.start`: its container runs. `kube-proxy.stop`: it ended; rules stay as they are. */
export type KubeProxyStart = { pid: number }

function proxyOf(world: ModelWorld, actor: string): KubeProxyRecord | undefined {
  const proxy = world.get('kubeProxies', placeOf(actor))
  return proxy?.running ? proxy : undefined
}

function put(world: ModelWorld, proxy: KubeProxyRecord): KubeProxyRecord {
  world.put('kubeProxies', proxy.node, proxy)
  return proxy
}

/** A mode that this build does not have is refused where it is chosen. */
const modeOf = (proxy: KubeProxyRecord): ProxyMode => MODES[proxy.mode]!

function start(world: ModelWorld, event: SimEvent<KubeProxyStart>): void {
  const node = placeOf(event.to)
  const configuration = readConfiguration(world, node)
  // its container has said what is wrong and ended (images/servers.ts)
  if ('error' in configuration) return
  const old = world.get('kubeProxies', node)
  world.cancel(old?.timer)
  forgetAll(world, node)
  put(world, {
    node,
    running: true,
    mode: configuration.mode,
    configuration,
    since: world.now,
    pid: event.data.pid,
    servicesSynced: false,
    slicesSynced: false,
    needFullSync: true,
    busy: false,
    changed: [],
    causes: [event.id],
    syncs: 0,
    fullSyncs: 0,
    failures: 0,
  })
  const cpus = world.get('machines', node)?.cpus ?? 1
  logStart(world, node, configuration.mode, conntrackMax(configuration, cpus))
  const values = sysctlsOf(configuration, cpus)
  world.send('kernel.sysctl', `${node}/kernel`, { values }, { delayMicros: MILLI })
  const kernel = `${node}/kernel`
  for (const other of cleansUp(configuration.mode))
    for (const write of other.cleanup(world, node)) {
      world.because('KP9', { mode: configuration.mode, leftBy: other.name })
      send(world, kernel, write, { cleanup: other.name }, [event.id])
    }
  world.send(CANARY_TICK, event.to, { since: world.now }, { from: event.to, delayMicros: SYNC_PERIOD })
  world.because('KP1', { node })
  openWatches(world, node, 40 * MILLI)
}

/** What the mode looks after is gone, so somebody emptied the tables. */
function watchCanary(world: ModelWorld, event: SimEvent<{ since: number }>): void {
  const proxy = proxyOf(world, event.to)
  if (!proxy || proxy.since !== event.data.since) return
  world.send(CANARY_TICK, event.to, event.data, { from: event.to, delayMicros: SYNC_PERIOD })
  if (proxy.lastFullSyncAt === undefined || proxy.busy) return
  const lost = modeOf(proxy).lost?.(world, proxy.node)
  if (!lost) return
  world.because('KP8', lost)
  schedule(world, put(world, { ...proxy, needFullSync: true }), { what: 'the canary is gone' })
}

/** Asks for the lists that are not in yet, and again while they do not come (client-go reflector). */
function openWatches(world: ModelWorld, node: string, extraMicros: number): void {
  const proxy = world.get('kubeProxies', node)
  const actor = `${node}/kube-proxy`
  const watch = (request: Partial<ApiRequest>): void => {
    const data = { verb: 'watch', userAgent: 'kube-proxy/v1.36.0', ...request }
    sendOver(world, 'api.request', 'apiserver', data, { from: actor, extraMicros })
  }
  if (!proxy?.servicesSynced) watch({ resource: 'services', labelSelector: SELECTOR })
  if (!proxy?.slicesSynced) watch({ resource: 'endpointslices', group: 'discovery.k8s.io', labelSelector: SELECTOR })
  watch({ resource: 'nodes', fieldSelector: `metadata.name=${node}` })
  world.send(WATCH_AGAIN, actor, { since: proxy?.since }, { from: actor, delayMicros: WATCH_RETRY })
}

function watchAgain(world: ModelWorld, event: SimEvent<{ since: number }>): void {
  const proxy = proxyOf(world, event.to)
  if (!proxy || proxy.since !== event.data.since || (proxy.servicesSynced && proxy.slicesSynced)) return
  openWatches(world, proxy.node, 0)
}

/** Headless Services and those of another proxy are not even watched (ProxyServer.Run). */
const SELECTOR = '!service.kubernetes.io/headless,!service.kubernetes.io/service-proxy-name'

function stop(world: ModelWorld, event: SimEvent): void {
  const proxy = proxyOf(world, event.to)
  if (!proxy) return
  world.cancel(proxy.timer)
  const { timer: _, nextSyncAt: __, ...rest } = proxy
  put(world, { ...rest, running: false, busy: false })
}

function watched(world: ModelWorld, event: SimEvent<ApiWatchEvent>): void {
  const proxy = proxyOf(world, event.to)
  if (!proxy) return
  const { type, resource, object } = event.data
  const gone = type === 'DELETED'
  if (type === 'BOOKMARK') return synced(world, proxy, resource, event.id)
  if (resource === 'nodes') return nodeSeen(world, proxy, object as Node, event.id)
  let service: string | undefined
  if (resource === 'services')
    service = trackService(world, proxy.node, object as Service, gone) ? keyOf(object) : undefined
  else service = trackSlice(world, proxy.node, object as EndpointSlice, gone)
  if (service === undefined) return
  // a full sync writes everything: which Services changed before it does not matter
  const known = proxy.needFullSync || proxy.changed.includes(service)
  const changed = known ? proxy.changed : [...proxy.changed, service]
  const next = put(world, { ...proxy, changed, causes: remember(proxy.causes, event.id) })
  if (next.servicesSynced && next.slicesSynced) schedule(world, next, { service, what: `${resource} ${type}` })
}

/** More than the newest few say nothing more to a reader of "why". */
function remember(causes: readonly EventId[], id: EventId): EventId[] {
  return causes.includes(id) ? [...causes] : [...causes.slice(-15), id]
}

function synced(world: ModelWorld, proxy: KubeProxyRecord, resource: string, id: EventId): void {
  if (resource === 'nodes') return logSynced(world, proxy.node, 'node')
  if (resource === 'services' ? !proxy.servicesSynced : !proxy.slicesSynced)
    logSynced(world, proxy.node, resource === 'services' ? 'service' : 'endpoint slice')
  const next = put(world, {
    ...proxy,
    servicesSynced: proxy.servicesSynced || resource === 'services',
    slicesSynced: proxy.slicesSynced || resource === 'endpointslices',
    causes: remember(proxy.causes, id),
  })
  const ready = next.servicesSynced && next.slicesSynced
  if (ready && !(proxy.servicesSynced && proxy.slicesSynced)) schedule(world, next, { what: 'both lists are complete' })
}

const ZONE = 'topology.kubernetes.io/zone'

/** The node's zone changes which endpoints hints choose: everything is written anew (OnTopologyChange). */
function nodeSeen(world: ModelWorld, proxy: KubeProxyRecord, node: Node, id: EventId): void {
  const zone = node.metadata.labels?.[ZONE] ?? ''
  if (zone === (proxy.zone ?? '')) return
  const next = put(world, { ...proxy, zone, needFullSync: true, causes: remember(proxy.causes, id) })
  if (next.servicesSynced && next.slicesSynced) schedule(world, next, { what: `zone ${zone}` })
}

/** BoundedFrequencyRunner.Run: at once, but not within minSyncPeriod of the last run. */
function schedule(world: ModelWorld, proxy: KubeProxyRecord, why: Record<string, unknown>, delayMicros = 0): void {
  if (proxy.busy) return
  const settings = world.get('proxySettings', proxy.node)
  const minSync = settings?.minSyncMicros ?? proxy.configuration.minSyncMicros
  const earliest = proxy.lastSyncAt === undefined ? world.now : proxy.lastSyncAt + minSync
  const lagMicros = settings?.lagMicros ?? 0
  const at = Math.max(world.now + delayMicros + lagMicros, earliest)
  if (proxy.nextSyncAt !== undefined && proxy.nextSyncAt <= at) return
  world.cancel(proxy.timer)
  const actor = `${proxy.node}/kube-proxy`
  world.because('KP2', { ...why, waitMicros: at - world.now, ...(lagMicros > 0 ? { lagMicros } : {}) })
  const timer = world.send(SYNC, actor, {}, { delayMicros: at - world.now, from: actor })
  put(world, { ...proxy, nextSyncAt: at, timer })
}

function send(
  world: ModelWorld,
  kernel: string,
  write: KernelWrite,
  ctx: Record<string, unknown>,
  causes: readonly EventId[],
): void {
  if (write.because) world.because(write.because.rule, write.because.facts)
  world.send(write.kind, kernel, { ...write.data, ctx }, { delayMicros: write.delayMicros, causes })
}

/** syncProxyRules */
function sync(world: ModelWorld, event: SimEvent): void {
  const found = proxyOf(world, event.to)
  if (!found || found.busy) return
  const { timer: _, nextSyncAt: __, ...proxy } = found
  const { node, causes } = proxy
  const full =
    proxy.needFullSync || (proxy.lastFullSyncAt !== undefined && world.now - proxy.lastFullSyncAt > FULL_SYNC_PERIOD)
  const mode = modeOf(proxy)
  const plan = mode.plan(world, {
    node,
    config: liveConfig(world, node, proxy.zone ?? ''),
    services: serviceStates(world, node),
    changed: full ? undefined : new Set(proxy.changed),
    cleanupDue: world.now - (proxy.lastCleanupAt ?? -SYNC_PERIOD) >= proxy.configuration.syncMicros,
    options: proxy.configuration.options,
    memory: proxy.memory,
  })
  for (const { severity, place, says } of plan.says ?? []) proxyLog(world, node, place, says, severity)
  const facts = { services: proxy.changed.slice(0, 20), full, lines: plan.lines }
  plan.writes.forEach((write, i) => {
    const last = i === plan.writes.length - 1
    if (last) world.because(full ? (mode.rules?.full ?? 'KP3') : (mode.rules?.partial ?? 'KP5'), facts)
    send(world, `${node}/kernel`, write, last ? { full } : { setup: true }, causes)
  })
  const next = put(world, {
    ...proxy,
    busy: plan.writes.length > 0,
    needFullSync: false,
    changed: [],
    causes: [],
    lastSyncAt: world.now,
    syncs: proxy.syncs + 1,
    fullSyncs: proxy.fullSyncs + (full ? 1 : 0),
    ...(full ? { lastFullSyncAt: world.now } : {}),
    ...(plan.cleanedUp ? { lastCleanupAt: world.now } : {}),
    ...(plan.memory === undefined ? {} : { memory: plan.memory }),
    metrics: plan.metrics,
  })
  if (!next.busy) afterSync(world, next)
}

/** The kernel's answer to a write. */
type Written = { ok: boolean; error?: { line: number; message: string }; ctx?: unknown }

function written(world: ModelWorld, event: SimEvent<Written>): void {
  const proxy = proxyOf(world, event.to)
  const { ok, error } = event.data
  const ctx = event.data.ctx as { full?: boolean } | undefined
  if (!proxy || ctx?.full === undefined) return
  const next = put(world, {
    ...proxy,
    busy: false,
    needFullSync: proxy.needFullSync || !ok,
    failures: proxy.failures + (ok ? 0 : 1),
  })
  if (!ok) {
    for (const { severity, place, says } of modeOf(proxy).failed?.(error?.message ?? '') ?? [])
      proxyLog(world, proxy.node, place, says, severity)
    world.because('KP6', { line: error?.line ?? 0, message: error?.message ?? '' })
    return schedule(world, next, { what: 'the last restore failed' }, SYNC_PERIOD)
  }
  afterSync(world, next)
}

function afterSync(world: ModelWorld, proxy: KubeProxyRecord): void {
  const stale = staleUdpEntries(
    world,
    proxy.node,
    serviceStates(world, proxy.node),
    liveConfig(world, proxy.node, proxy.zone ?? ''),
  )
  if (stale.length > 0) {
    const data: ConntrackDelete = { ids: stale }
    world.because('KP7', { entries: stale.length })
    world.send('kernel.conntrack-delete', `${proxy.node}/kernel`, data, { delayMicros: MILLI })
  }
  if (proxy.changed.length > 0 || proxy.needFullSync)
    schedule(world, proxy, { service: proxy.changed[0], what: 'changed meanwhile' })
  else schedule(world, proxy, { what: 'hourly full sync' }, FULL_SYNC_PERIOD + SECOND)
}

/** `proxy.settings`: what a person sets for this node's proxy. A field that is null goes back to what it was. */
export type ProxySettings = { [K in keyof Omit<ProxySettingsRecord, 'node'>]?: ProxySettingsRecord[K] | null }

function settings(world: ModelWorld, event: SimEvent<ProxySettings>): void {
  const node = placeOf(event.to)
  const before = world.get('proxySettings', node)
  const next: Record<string, unknown> = { ...before, node }
  for (const [key, value] of Object.entries(event.data))
    if (value === null) delete next[key]
    // a mode that this build does not have would leave the node without a proxy
    else if (key === 'mode' && !(String(value) in MODES)) continue
    else next[key] = value
  world.put('proxySettings', node, next as ProxySettingsRecord)
  const proxy = proxyOf(world, event.to)
  const anew = next.mode !== before?.mode || JSON.stringify(next.options) !== JSON.stringify(before?.options)
  // read at start only: its process is ended, and the kubelet starts it again
  if (proxy && anew)
    world.send('kernel.kill', `${node}/kernel`, { pid: proxy.pid, signal: 'SIGTERM' }, { delayMicros: MILLI })
}

/** Answers to our watches carry nothing that the events do not say. */
function response(): void {}

export const kubeProxy: ModelComponent = {
  roles: ['kube-proxy'],
  tables: {
    kubeProxies: { owner: 'kube-proxy' },
    proxySettings: { owner: 'kube-proxy' },
    proxyTurns: { owner: 'kube-proxy' },
    proxiedServices: { owner: 'kube-proxy', indexes: { node: (r) => r.node } },
  },
  rules: KUBE_PROXY_RULES,
  handlers: {
    'kube-proxy.start': start,
    'kube-proxy.stop': stop,
    'api.watch': watched,
    'api.response': response,
    'proxy.settings': settings,
    'kube-proxy.relay': relay,
    'kube-proxy.relayed': relayed,
    ...Object.fromEntries(Object.values(MODES).flatMap((mode) => mode.answers.map((kind) => [kind, written]))),
    [SYNC]: sync,
    [WATCH_AGAIN]: watchAgain,
    [CANARY_TICK]: watchCanary,
  },
}
