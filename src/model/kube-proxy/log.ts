/**
 * What kube-proxy prints, as far as people look for it: lines of klog at verbosity 0, in the log of its container.
 * cmd/kube-proxy/app/server.go, server_linux.go, pkg/proxy/config/config.go, client-go shared_informer.go. Line numbers
 * are those of our reading.
 */
import { civil } from '../../sim/clock.ts'
import { appendContainerLog } from '../cri/container-log.ts'
import type { ModelWorld } from '../tables.ts'

const two = (n: number): string => String(n).padStart(2, '0')

export function proxyLog(
  world: ModelWorld,
  node: string,
  place: string,
  says: string,
  severity: 'I' | 'E' = 'I',
): void {
  const pid = world.get('kubeProxies', node)?.pid ?? 0
  const container = world.get('processes', `${node}|${pid}`)?.containerId
  if (container === undefined) return
  appendContainerLog(world, container, 'stderr', klogLine(severity, world.now, place, says))
}

/** A line of klog. In its container a program is process 1. */
export function klogLine(severity: 'I' | 'W' | 'E', now: number, place: string, says: string): string {
  const t = civil(now)
  const time = `${two(t.month)}${two(t.day)} ${two(t.hour)}:${two(t.minute)}:${two(t.second)}.${String(t.micros).padStart(6, '0')}`
  return `${severity}${time}       1 ${place}] ${says}`
}

export function logStart(world: ModelWorld, node: string, mode: string, conntrackMax: number): void {
  const machine = world.get('machines', node)
  const log = (place: string, says: string): void => proxyLog(world, node, place, says)
  log('server.go:634', `"Successfully retrieved node IP(s)" IPs=["${machine?.ip ?? ''}"]`)
  log('conntrack.go:60', `"Setting nf_conntrack_max" nfConntrackMax=${conntrackMax}`)
  log('server.go:274', '"kube-proxy running in dual-stack mode" primary ipFamily="IPv4"')
  log('server_linux.go:254', `"Using ${mode} Proxier"`)
  if (mode === 'ipvs') logIpvs(world, node)
  log('server.go:539', `"Version info" version="${machine?.kubeletVersion ?? ''}"`)
  log('server.go:541', '"Golang settings" GOGC="" GOMAXPROCS="" GOTRACEBACK=""')
  for (const [place, what] of [
    ['config.go:200', 'service'],
    ['config.go:106', 'endpoint slice'],
    ['config.go:309', 'node'],
  ] as const) {
    log(place, `"Starting ${what} config controller"`)
    log('shared_informer.go:349', `"Waiting for caches to sync" controller="${what} config"`)
  }
}

/** Deprecated since 1.35 (KEP 5495); it goes on working, and says so at every start. */
export const IPVS_DEPRECATED =
  "The ipvs proxier is now deprecated and may be removed in a future release. Please use 'nftables' instead."

function logIpvs(world: ModelWorld, node: string): void {
  proxyLog(world, node, 'server_linux.go:256', `"${IPVS_DEPRECATED}"`, 'E')
  const scheduler = world.get('kubeProxies', node)?.configuration.options.scheduler
  if (scheduler !== undefined && scheduler !== '') return
  for (const family of ['IPv4', 'IPv6'])
    proxyLog(world, node, 'proxier.go:351', `"IPVS scheduler not specified, use rr by default" ipFamily="${family}"`)
}

export function logSynced(world: ModelWorld, node: string, what: 'service' | 'endpoint slice' | 'node'): void {
  proxyLog(world, node, 'shared_informer.go:356', `"Caches are synced" controller="${what} config"`)
}
