/**
 * What kube-proxy itself answers over HTTP: the health check port of each Service with externalTrafficPolicy Local, its
 * own health on 10256, and mode and metrics on 127.0.0.1:10249.
 * pkg/proxy/healthcheck/service_health.go, proxy_health.go, cmd/kube-proxy/app/server.go serveMetrics.
 */
import { civil, EPOCH_SECONDS, SECOND } from '../../sim/clock.ts'
import type { Micros } from '../../sim/contract.ts'
import { placeOf, type Rule } from '../../sim/contract.ts'
import { type HttpResponse, httpReply } from '../images/payloads.ts'
import type { ListenRequest } from '../linux/listeners.ts'
import type { KubeProxyRecord, ModelComponent, ModelHandler, ModelReader, ModelWorld } from '../tables.ts'
import { endpointsOfSlices } from './endpoints.ts'
import { servicePorts } from './service-port.ts'

export const HEALTHZ_PORT = 10_256
export const METRICS_PORT = 10_249

/** What the health servers of a node's kube-proxy were told by its last sync. id: node. */
export type ProxyHealthRecord = {
  node: string
  /** `namespace/name` -> its health check node port, and how many of its ready endpoints are on this node. */
  checks: Readonly<Record<string, { readonly port: number; readonly localEndpoints: number }>>
  /** A change has been waiting for a sync since then. */
  pendingSince?: Micros
}

/** Without a sync for this long after a change it calls itself unhealthy: twice syncPeriod. */
const healthTimeout = (proxy: KubeProxyRecord): Micros => 2 * proxy.configuration.syncMicros

/** After these the health servers are told: a sync that had nothing to write, and the kernel's answers. */
const SYNC = 'timer.kube-proxy-sync'

const RULE: Rule = {
  id: 'KH1',
  says: 'For a LoadBalancer with externalTrafficPolicy Local each kube-proxy answers on the health check node port: 200 where a ready endpoint is on its node, else 503.',
  source: 'pkg/proxy/healthcheck/service_health.go SyncServices',
}

/** kube-proxy with its servers: they follow each sync, whatever its mode. */
export function withServers(component: ModelComponent): ModelComponent {
  const handlers: Record<string, ModelHandler> = {}
  for (const [kind, handler] of Object.entries(component.handlers)) {
    const after =
      kind === SYNC || kind.startsWith('kernel.') ? syncServers : kind === 'api.watch' ? notePending : kind === 'kube-proxy.stop' ? forget : undefined // prettier-ignore
    handlers[kind] = after
      ? (world, event) => {
          handler(world, event)
          after(world, placeOf(event.to))
        }
      : handler
  }
  const tables = { ...component.tables, proxyHealth: { owner: 'kube-proxy' } }
  return { ...component, handlers, tables, rules: [...component.rules, RULE] }
}

/** QueuedUpdate */
function notePending(world: ModelWorld, node: string): void {
  const proxy = world.get('kubeProxies', node)
  const health = world.get('proxyHealth', node)
  if (!proxy?.running || proxy.changed.length === 0 || health?.pendingSince !== undefined) return
  world.put('proxyHealth', node, { node, checks: health?.checks ?? {}, pendingSince: world.now })
}

function forget(world: ModelWorld, node: string): void {
  if (world.get('proxyHealth', node)) world.put('proxyHealth', node, undefined)
}

/** SyncServices and SyncEndpoints, at the end of syncProxyRules; Updated. */
function syncServers(world: ModelWorld, node: string): void {
  const proxy = world.get('kubeProxies', node)
  if (!proxy?.running || proxy.busy || proxy.syncs === 0) return
  const before = world.get('proxyHealth', node)
  const checks: Record<string, { port: number; localEndpoints: number }> = {}
  for (const record of world.by('proxiedServices', 'node', node)) {
    const port = record.object && servicePorts(record.object, 4)[0]?.healthCheckNodePort
    if (port) checks[record.service] = { port, localEndpoints: localReady(world, node, record.service) }
  }
  for (const [service, { port }] of Object.entries(before?.checks ?? {}))
    if (checks[service]?.port !== port) world.send('kernel.unlisten', `${node}/kernel`, { proto: 'tcp', ip: '0.0.0.0', port, pid: proxy.pid }, { delayMicros: 20 }) // prettier-ignore
  for (const [service, { port }] of Object.entries(checks)) {
    if (before?.checks[service]?.port === port) continue
    const containerId = world.get('processes', `${node}|${proxy.pid}`)?.containerId ?? ''
    const listen: ListenRequest = { pid: proxy.pid, containerId, proto: 'tcp', ip: '0.0.0.0', port }
    world.because('KH1', { service, port })
    world.send('kernel.listen', `${node}/kernel`, listen, { delayMicros: 40 })
  }
  const pending = proxy.changed.length > 0 ? before?.pendingSince : undefined
  if (before && pending === before.pendingSince && JSON.stringify(checks) === JSON.stringify(before.checks)) return
  if (!before && Object.keys(checks).length === 0) return
  world.put('proxyHealth', node, { node, checks, ...(pending === undefined ? {} : { pendingSince: pending }) })
}

/** EndpointsMap.LocalReadyEndpoints: addresses of this node that are ready, each once. */
function localReady(reader: ModelReader, node: string, service: string): number {
  const slices = Object.values(reader.get('proxiedServices', `${node}|${service}`)?.slices ?? {})
  const local = new Set<string>()
  for (const list of Object.values(endpointsOfSlices(service, slices, 4, node)))
    for (const endpoint of list) if (endpoint.isLocal && endpoint.ready) local.add(endpoint.ip)
  return local.size
}

/** ProxyHealthServer.IsHealthy */
function isHealthy(reader: ModelReader, proxy: KubeProxyRecord): boolean {
  const since = reader.get('proxyHealth', proxy.node)?.pendingSince
  return since === undefined || reader.now - since < healthTimeout(proxy)
}

const JSON_HEADERS = { 'Content-Type': 'application/json', 'X-Content-Type-Options': 'nosniff' } as const

/** An answer of the kube-proxy on this node, by the port that was asked. */
export function answerOfProxy(reader: ModelReader, node: string, port: number, rawPath: string): HttpResponse {
  const proxy = reader.get('kubeProxies', node)
  const path = rawPath.split('?')[0]!
  if (!proxy?.running) return httpReply(503, '')
  if (port === METRICS_PORT) return metricsPort(reader, proxy, path)
  if (port === HEALTHZ_PORT) return healthz(reader, proxy, path)
  const [service, check] = Object.entries(reader.get('proxyHealth', node)?.checks ?? {}).find(([, c]) => c.port === port) ?? [] // prettier-ignore
  if (!check) return httpReply(404, '404 page not found\n')
  return serviceHealth(service!, check.localEndpoints, isHealthy(reader, proxy))
}

/** hcHandler: every path is answered. */
function serviceHealth(service: string, count: number, healthy: boolean): HttpResponse {
  const [namespace, name] = service.split('/')
  const body = `{
	"service": {
		"namespace": "${namespace}",
		"name": "${name}"
	},
	"localEndpoints": ${count},
	"serviceProxyHealthy": ${healthy}
}`
  const headers = { ...JSON_HEADERS, 'X-Load-Balancing-Endpoint-Weight': String(count) }
  return httpReply(count > 0 && healthy ? 200 : 503, body, headers)
}

const TO_BE_DELETED = 'ToBeDeletedByClusterAutoscaler'

function healthz(reader: ModelReader, proxy: KubeProxyRecord, path: string): HttpResponse {
  const live = path === '/livez'
  if (path !== '/healthz' && !live) return httpReply(404, '404 page not found\n')
  const node = reader.get('nodes', proxy.node)
  const eligible =
    node?.metadata.deletionTimestamp === undefined && !node?.spec.taints?.some((t) => t.key === TO_BE_DELETED)
  const healthy = isHealthy(reader, proxy)
  const now = goTime(reader.now, proxy.since)
  const updated = healthy && (live || eligible) ? now : goTime(proxy.lastSyncAt ?? reader.now, proxy.since)
  const tail = live ? '' : `, "nodeEligible": ${eligible}`
  const body = `{"lastUpdated": "${updated}","currentTime": "${now}"${tail}}`
  return httpReply(healthy && (live || eligible) ? 200 : 503, body, JSON_HEADERS)
}

/** time.Time.String(), with the reading of the monotonic clock since the process began. */
function goTime(at: Micros, started: Micros): string {
  const t = civil(at)
  const two = (n: number): string => String(n).padStart(2, '0')
  const fraction = t.micros === 0 ? '' : `.${String(t.micros).padStart(6, '0').replace(/0+$/, '')}`
  const up = at - started
  const seconds = `${Math.floor(up / SECOND)}.${String(up % SECOND).padStart(6, '0')}000`
  return `${t.year}-${two(t.month)}-${two(t.day)} ${two(t.hour)}:${two(t.minute)}:${two(t.second)}${fraction} +0000 UTC m=+${seconds}`
}

function metricsPort(reader: ModelReader, proxy: KubeProxyRecord, path: string): HttpResponse {
  if (path === '/proxyMode') return httpReply(200, proxy.mode)
  if (path === '/healthz') return httpReply(200, 'ok')
  if (path === '/metrics') return httpReply(200, metrics(reader, proxy))
  if (path === '/configz')
    return httpReply(501, 'not simulated here: /configz; read the ConfigMap kube-system/kube-proxy\n')
  return httpReply(404, '404 page not found\n')
}

type Sample = readonly [labels: string, value: number]

/** pkg/proxy/metrics/metrics.go: those that the model counts, by their names and with their help. */
function metrics(reader: ModelReader, proxy: KubeProxyRecord): string {
  const m = proxy.metrics
  const family = 'ip_family="IPv4"'
  const seconds = (at: Micros | undefined): number => (at === undefined ? 0 : EPOCH_SECONDS + at / SECOND)
  const lines: string[] = []
  const add = (name: string, type: 'counter' | 'gauge', help: string, ...samples: Sample[]): void => {
    lines.push(`# HELP ${name} [ALPHA] ${help}`, `# TYPE ${name} ${type}`)
    for (const [labels, value] of samples) lines.push(`${name}${labels === '' ? '' : `{${labels}}`} ${value}`)
  }
  const sync = 'kubeproxy_sync_proxy_rules'
  if (proxy.mode === 'iptables' && m) {
    add(`${sync}_iptables_last`, 'gauge', 'Number of iptables rules written by kube-proxy in last sync',
      [`${family},table="filter"`, m.filterRules], [`${family},table="nat"`, m.natRules]) // prettier-ignore
    add(`${sync}_iptables_total`, 'gauge', 'Total number of iptables rules owned by kube-proxy',
      [`${family},table="filter"`, m.filterRules], [`${family},table="nat"`, m.natRulesTotal]) // prettier-ignore
    add(`${sync}_iptables_restore_failures_total`, 'counter', 'Cumulative proxy iptables restore failures',
      [family, proxy.failures]) // prettier-ignore
  } else if (proxy.mode === 'nftables')
    add(`${sync}_nftables_sync_failures_total`, 'counter', 'Cumulative proxy nftables sync failures', [family, proxy.failures]) // prettier-ignore
  add(`${sync}_endpoint_changes_pending`, 'gauge', 'Pending proxy rules Endpoint changes', ['', proxy.changed.length])
  add(`${sync}_last_timestamp_seconds`, 'gauge', 'The last time proxy rules were successfully synced',
    [family, seconds(proxy.lastSyncAt)]) // prettier-ignore
  add(`${sync}_no_local_endpoints_total`, 'gauge',
    'Number of services with a Local traffic policy and no endpoints',
    [`${family},traffic_policy="external"`, m?.noLocalEndpointsExternal ?? 0],
    [`${family},traffic_policy="internal"`, m?.noLocalEndpointsInternal ?? 0]) // prettier-ignore
  const names = ['sync_full_proxy_rules', 'sync_partial_proxy_rules', 'sync_proxy_rules']
  const counts = [proxy.fullSyncs, proxy.syncs - proxy.fullSyncs, proxy.syncs]
  names.forEach((name, i) => lines.push(`kubeproxy_${name}_duration_seconds_count{${family}} ${counts[i]}`))
  add('process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes.',
    ['', reader.get('processes', `${proxy.node}|${proxy.pid}`)?.rss ?? 0]) // prettier-ignore
  lines.push('# not simulated here: buckets of durations, and the metrics of the client and of Go')
  return lines.map((line) => `${line}\n`).join('')
}
