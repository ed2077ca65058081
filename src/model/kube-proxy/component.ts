/**
 * The kube-proxy of each node: watches Services and EndpointSlices, waits for both lists, and writes rules, at most once
 * a second. cmd/kube-proxy/app/server.go, pkg/proxy/iptables/proxier.go, pkg/proxy/runner/bounded_frequency_runner.go.
 */
import { HOUR, MILLI, SECOND } from '../../sim/clock.ts'
import { placeOf, type EventId, type SimEvent } from '../../sim/contract.ts'
import type { EndpointSlice, Node, Service } from '../apiserver/objects.ts'
import { type ApiRequest, type ApiWatchEvent, sendOver } from '../messages.ts'
import type { ConntrackDelete } from '../linux/netfilter/component.ts'
import { chainId, liveRules, type IptablesRestore, type IptablesRestored } from '../linux/netfilter/live-rules.ts'
import type { KubeProxyRecord, ModelComponent, ModelWorld } from '../tables.ts'
import { jumpsFor, CANARY } from './iptables/static-rules.ts'
import { syncLines } from './iptables/sync.ts'
import { forgetAll, keyOf, liveConfig, serviceStates, trackService, trackSlice } from './live-state.ts'
import { logStart, logSynced } from './log.ts'
import { staleUdpEntries } from './stale-conntrack.ts'
import { KUBE_PROXY_RULES } from './rules.ts'

export const MIN_SYNC_PERIOD = SECOND
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

function start(world: ModelWorld, event: SimEvent<KubeProxyStart>): void {
  const node = placeOf(event.to)
  const old = world.get('kubeProxies', node)
  world.cancel(old?.timer)
  forgetAll(world, node)
  put(world, {
    node,
    running: true,
    mode: 'iptables',
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
  logStart(world, node, 'iptables')
  world.send(CANARY_TICK, event.to, { since: world.now }, { from: event.to, delayMicros: SYNC_PERIOD })
  world.because('KP1', { node })
  openWatches(world, node, 40 * MILLI)
}

/** Monitor (pkg/util/iptables/iptables.go): the chain that nobody uses is gone, so somebody emptied the tables. */
function watchCanary(world: ModelWorld, event: SimEvent<{ since: number }>): void {
  const proxy = proxyOf(world, event.to)
  if (!proxy || proxy.since !== event.data.since) return
  world.send(CANARY_TICK, event.to, event.data, { from: event.to, delayMicros: SYNC_PERIOD })
  const table = CANARY.tables[0]
  if (proxy.lastFullSyncAt === undefined || proxy.busy || world.get('chains', chainId(proxy.node, table, CANARY.chain)))
    return
  world.because('KP8', { table, chain: CANARY.chain })
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
  const changed = proxy.changed.includes(service) ? proxy.changed : [...proxy.changed, service]
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
  const earliest = proxy.lastSyncAt === undefined ? world.now : proxy.lastSyncAt + MIN_SYNC_PERIOD
  const at = Math.max(world.now + delayMicros, earliest)
  if (proxy.nextSyncAt !== undefined && proxy.nextSyncAt <= at) return
  world.cancel(proxy.timer)
  const actor = `${proxy.node}/kube-proxy`
  world.because('KP2', { ...why, waitMicros: at - world.now })
  const timer = world.send(SYNC, actor, {}, { delayMicros: at - world.now, from: actor })
  put(world, { ...proxy, nextSyncAt: at, timer })
}

/** syncProxyRules */
function sync(world: ModelWorld, event: SimEvent): void {
  const found = proxyOf(world, event.to)
  if (!found || found.busy) return
  const { timer: _, nextSyncAt: __, ...proxy } = found
  const { node } = proxy
  const config = liveConfig(world, node, proxy.zone ?? '')
  const full =
    proxy.needFullSync || (proxy.lastFullSyncAt !== undefined && world.now - proxy.lastFullSyncAt > FULL_SYNC_PERIOD)
  const services = serviceStates(world, node)
  const result = syncLines({
    config,
    services,
    changed: full ? undefined : new Set(proxy.changed),
    existingNatChains: () => world.by('chains', 'table', `${node}|nat`).map((chain) => chain.name),
    cleanupDue: world.now - (proxy.lastCleanupAt ?? -SYNC_PERIOD) >= SYNC_PERIOD,
  })
  const kernel = `${node}/kernel`
  const facts = { services: proxy.changed.slice(0, 20), full, lines: result.lines.length }
  const causes = proxy.causes
  if (full) {
    const setup = missingJumps(world, node)
    // iptables -N, -C and -I, one process each
    if (setup.length > 0) {
      const data: IptablesRestore = {
        lines: setup,
        noflush: true,
        writer: 'kube-proxy',
        trusted: true,
        ctx: { setup: true },
      }
      world.because('KP4', { rules: setup.filter((line) => line.startsWith('-I')).length })
      world.send('kernel.iptables-restore', kernel, data, { delayMicros: 3 * MILLI, causes })
    }
  }
  const data: IptablesRestore = {
    lines: result.lines,
    noflush: true,
    writer: 'kube-proxy',
    trusted: true,
    ctx: { full },
  }
  world.because(full ? 'KP3' : 'KP5', facts)
  world.send('kernel.iptables-restore', kernel, data, { delayMicros: restoreMicros(result.lines.length, full), causes })
  put(world, {
    ...proxy,
    busy: true,
    needFullSync: false,
    changed: [],
    causes: [],
    lastSyncAt: world.now,
    syncs: proxy.syncs + 1,
    fullSyncs: proxy.fullSyncs + (full ? 1 : 0),
    ...(full ? { lastFullSyncAt: world.now } : {}),
    ...(result.cleanedUp ? { lastCleanupAt: world.now } : {}),
    metrics: { ...result.metrics, endpoints: result.endpoints },
  })
}

/** What `iptables-nft-restore` was seen to take, with `iptables-save` before it; a full sync checks its jumps first. */
function restoreMicros(lines: number, full: boolean): number {
  return (full ? 38 * MILLI : 9 * MILLI) + lines * 28
}

/** Chains and jumps that a full sync finds missing (EnsureChain, EnsureRule), as lines for a restore. */
function missingJumps(world: ModelWorld, node: string): string[] {
  const rules = liveRules(world, node)
  const lines: string[] = []
  for (const table of ['mangle', 'filter', 'nat']) {
    const mine: string[] = []
    const there = new Set(rules.chains(table).map((chain) => chain.name))
    const need = (chain: string): void => {
      if (!there.has(chain)) mine.push(`:${chain} - [0:0]`)
      there.add(chain)
    }
    if ((CANARY.tables as readonly string[]).includes(table)) need(CANARY.chain)
    const jumps = jumpsFor(liveConfig(world, node, '')).filter((jump) => jump.table === table)
    for (const jump of jumps) need(jump.to)
    for (const jump of jumps)
      if (!(rules.chain(table, jump.from)?.rules ?? []).includes(`-A ${jump.from} ${jump.rule}`))
        mine.push(`-I ${jump.from} ${jump.rule}`)
    if (mine.length > 0) lines.push(`*${table}`, ...mine, 'COMMIT')
  }
  return lines
}

function restored(world: ModelWorld, event: SimEvent<IptablesRestored>): void {
  const proxy = proxyOf(world, event.to)
  const { ok, error, ctx } = event.data
  if (!proxy || (ctx as { setup?: boolean } | undefined)?.setup) return
  const next = put(world, {
    ...proxy,
    busy: false,
    needFullSync: proxy.needFullSync || !ok,
    failures: proxy.failures + (ok ? 0 : 1),
  })
  if (!ok) {
    world.because('KP6', { line: error?.line ?? 0, message: error?.message ?? '' })
    return schedule(world, next, { what: 'the last restore failed' }, SYNC_PERIOD)
  }
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
  if (next.changed.length > 0 || next.needFullSync)
    schedule(world, next, { service: next.changed[0], what: 'changed meanwhile' })
  else schedule(world, next, { what: 'hourly full sync' }, FULL_SYNC_PERIOD + SECOND)
}

/** Answers to our watches carry nothing that the events do not say. */
function response(): void {}

export const kubeProxy: ModelComponent = {
  roles: ['kube-proxy'],
  tables: {
    kubeProxies: { owner: 'kube-proxy' },
    proxiedServices: { owner: 'kube-proxy', indexes: { node: (r) => r.node } },
  },
  rules: KUBE_PROXY_RULES,
  handlers: {
    'kube-proxy.start': start,
    'kube-proxy.stop': stop,
    'api.watch': watched,
    'api.response': response,
    'kernel.iptables-restored': restored,
    [SYNC]: sync,
    [WATCH_AGAIN]: watchAgain,
    [CANARY_TICK]: watchCanary,
  },
}
