/**
 * Mode userspace, as it was until 1.25: rules only bring connections to a port of kube-proxy, and kube-proxy itself
 * copies the bytes. pkg/proxy/userspace/proxier.go (iptablesInit, openOnePortal) at v1.25.
 */
import { MILLI } from '../../../sim/clock.ts'
import { liveRules, type IptablesRestore } from '../../linux/netfilter/live-rules.ts'
import type { ModelReader } from '../../tables.ts'
import { nodePortAddresses } from '../config.ts'
import type { KernelWrite, ProxyMode, SyncInput, SyncPlan } from '../mode.ts'
import { proxiedPorts, type ProxiedPort } from './ports.ts'

const CONTAINER = 'KUBE-PORTALS-CONTAINER'
const HOST = 'KUBE-PORTALS-HOST'
const NODEPORT_CONTAINER = 'KUBE-NODEPORT-CONTAINER'
const NODEPORT_HOST = 'KUBE-NODEPORT-HOST'
const CHAINS = [CONTAINER, HOST, NODEPORT_CONTAINER, NODEPORT_HOST]

const PORTALS = '-m comment --comment "handle ClusterIPs; NOTE: this must be before the NodePort rules"'
const NODEPORTS =
  '-m addrtype --dst-type LOCAL -m comment --comment "handle service NodePorts; NOTE: this must be the last rule in the chain"'
/** `-I` puts it first, `-A` last. */
const JUMPS: readonly (readonly [from: string, how: '-I' | '-A', rule: string])[] = [
  ['PREROUTING', '-I', `${PORTALS} -j ${CONTAINER}`],
  ['OUTPUT', '-I', `${PORTALS} -j ${HOST}`],
  ['PREROUTING', '-A', `${NODEPORTS} -j ${NODEPORT_CONTAINER}`],
  ['OUTPUT', '-A', `${NODEPORTS} -j ${NODEPORT_HOST}`],
]

export const userspaceMode: ProxyMode = {
  name: 'userspace',
  answers: ['kernel.iptables-restored'],
  plan,
  cleanup(reader, node) {
    const rules = liveRules(reader, node)
    const mine = CHAINS.filter((chain) => rules.chain('nat', chain))
    if (mine.length === 0) return []
    const jumps = ['PREROUTING', 'OUTPUT'].flatMap((chain) =>
      (rules.chain('nat', chain)?.rules ?? []).filter((rule) => mine.some((name) => rule.endsWith(`-j ${name}`))),
    )
    return [
      restoring([
        '*nat',
        ...mine.map((chain) => `:${chain} - [0:0]`),
        ...jumps.map((rule) => rule.replace(/^(\[\d+:\d+\] ?)?-A/, '-D')),
        ...mine.map((chain) => `-X ${chain}`),
        'COMMIT',
      ]),
    ]
  },
}

/** One `iptables` process a rule, as it was then. */
const RULE_MICROS = 2 * MILLI

function restoring(lines: readonly string[]): KernelWrite {
  const data: IptablesRestore = { lines, noflush: true, writer: 'kube-proxy', trusted: true }
  return { kind: 'kernel.iptables-restore', data, delayMicros: lines.length * RULE_MICROS }
}

function plan(reader: ModelReader, input: SyncInput): SyncPlan {
  const { node, config, services } = input
  const ports = proxiedPorts(services)
  const rules = liveRules(reader, node)
  const lines = ['*nat', ...CHAINS.map((chain) => `:${chain} - [0:0]`)]
  for (const [from, how, rule] of JUMPS)
    if (!(rules.chain('nat', from)?.rules ?? []).includes(`-A ${from} ${rule}`)) lines.push(`${how} ${from} ${rule}`)
  for (const port of ports)
    lines.push(...rulesOf(port, config.nodeIP, nodePortAddresses(config.nodePortAddresses, 4).matchAll))
  lines.push('COMMIT')
  const endpoints = services.reduce((sum, s) => sum + s.ports.reduce((n, port) => n + s.endpoints(port).length, 0), 0)
  return {
    writes: [...listening(reader, node, ports), restoring(lines)],
    cleanedUp: true,
    lines: lines.length,
    metrics: {
      filterRules: 0,
      natRules: lines.length - 2 - CHAINS.length,
      natRulesTotal: lines.length - 2 - CHAINS.length,
      noLocalEndpointsInternal: 0,
      noLocalEndpointsExternal: 0,
      endpoints,
    },
  }
}

function rulesOf({ info, proxyPort }: ProxiedPort, nodeIP: string, everyAddress: boolean): string[] {
  const { protocol } = info
  const head = (chain: string, match: string): string =>
    `-A ${chain} ${match}-p ${protocol} -m comment --comment ${info.name.includes(':') ? `"${info.name}"` : info.name} -m ${protocol} --dport`
  const out: string[] = []
  for (const ip of [info.clusterIP, ...info.externalIPs, ...info.loadBalancerVIPs]) {
    out.push(`${head(CONTAINER, `-d ${ip}/32 `)} ${info.port} -j REDIRECT --to-ports ${proxyPort}`)
    out.push(`${head(HOST, `-d ${ip}/32 `)} ${info.port} -j DNAT --to-destination ${nodeIP}:${proxyPort}`)
  }
  if (info.nodePort !== 0 && everyAddress) {
    out.push(`${head(NODEPORT_CONTAINER, '')} ${info.nodePort} -j REDIRECT --to-ports ${proxyPort}`)
    out.push(`${head(NODEPORT_HOST, '')} ${info.nodePort} -j DNAT --to-destination ${nodeIP}:${proxyPort}`)
  }
  return out
}

/** Its sockets: one a Service port, opened and closed with it. */
function listening(reader: ModelReader, node: string, ports: readonly ProxiedPort[]): KernelWrite[] {
  const pid = reader.get('kubeProxies', node)?.pid ?? 0
  const containerId = reader.get('processes', `${node}|${pid}`)?.containerId
  if (containerId === undefined) return []
  const wanted = new Map(
    ports.flatMap(({ info, proxyPort }) =>
      info.protocol === 'sctp'
        ? []
        : [[`${info.protocol} ${proxyPort}`, { proto: info.protocol, port: proxyPort }] as const],
    ),
  )
  const there = reader
    .by('listeners', 'netns', `${node}|`)
    .filter((l) => l.pid === pid && l.port >= 32_768)
    .map((l) => ({ proto: l.proto, port: l.port }))
  const keys = new Set(there.map((l) => `${l.proto} ${l.port}`))
  const write = (kind: string, socket: { proto: string; port: number }): KernelWrite => ({
    kind,
    data: { pid, containerId, ip: '0.0.0.0', ...socket },
    delayMicros: 50,
  })
  return [
    ...[...wanted].filter(([key]) => !keys.has(key)).map(([, socket]) => write('kernel.listen', socket)),
    ...there.filter((l) => !wanted.has(`${l.proto} ${l.port}`)).map((socket) => write('kernel.unlisten', socket)),
  ]
}
