/**
 * Rules of a node as a kube-proxy that has just started in its mode would write them, against what its kernel has; and
 * where packets go by them. The fuzzer and the tests ask.
 */
import { isServiceChainName } from './kube-proxy/chain-names.ts'
import type { ProxierConfig } from './kube-proxy/config.ts'
import { wrongIpvs } from './kube-proxy/ipvs/wrong-state.ts'
import { liveConfig, serviceStates } from './kube-proxy/live-state.ts'
import { layoutOf } from './kube-proxy/nftables/dialect.ts'
import { newNftProxier } from './kube-proxy/nftables/proxier.ts'
import { TableText } from './kube-proxy/nftables/table-text.ts'
import { newProxier, newTracker, type Tracker } from './kube-proxy/proxier.ts'
import { type ServicePortInfo } from './kube-proxy/service-port.ts'
import { categorizeEndpoints } from './kube-proxy/topology.ts'
import { backendId, lookupService } from './linux/bpf/maps.ts'
import { proxiedPorts } from './kube-proxy/userspace/ports.ts'
import { serverKey, serviceId } from './linux/ipvs/records.ts'
import { namespaceOf } from './linux/net/places.ts'
import { joinHostPort } from './linux/netfilter/address.ts'
import { explore } from './linux/netfilter/explore.ts'
import { planRestore } from './linux/netfilter/restore.ts'
import { MapRules } from './linux/netfilter/ruleset.ts'
import { liveNft } from './linux/nft/live-store.ts'
import { NftRuleset } from './linux/nft/nft-ruleset.ts'
import type { NftStore } from './linux/nft/store.ts'
import type { KubeProxyRecord, ModelReader } from './tables.ts'

/** Gives a tracker what a kube-proxy of this cluster watches. */
function watching<T extends Tracker>(reader: ModelReader, tracker: T): T {
  const watched = (labels: Record<string, string> | undefined): boolean =>
    labels?.['service.kubernetes.io/headless'] === undefined &&
    labels?.['service.kubernetes.io/service-proxy-name'] === undefined
  for (const service of reader.all('services')) if (watched(service.metadata.labels)) tracker.setService(service)
  for (const slice of reader.all('endpointslices')) if (watched(slice.metadata.labels)) tracker.setSlice(slice)
  return tracker
}

function configOf(reader: ModelReader, node: string): ProxierConfig {
  return liveConfig(reader, node, reader.get('nodes', node)?.metadata.labels?.['topology.kubernetes.io/zone'] ?? '')
}

export function wrongRules(reader: ModelReader): string[] {
  return reader.all('machines').flatMap(({ name: node }) => {
    const proxy = reader.get('kubeProxies', node)
    if (!proxy?.running) return [`kube-proxy of ${node} does not run`]
    const own = proxy.mode === 'iptables' ? wrongIptables(reader, node) : []
    if (proxy.mode === 'ipvs') {
      const config = configOf(reader, node)
      own.push(...wrongIpvs(reader, node, config, watching(reader, newTracker(config)).services()))
    }
    if (proxy.mode === 'nftables') own.push(...wrongNft(reader, node, proxy), ...leftByIptables(reader, node))
    else if (reader.get('nftTables', `${node}|ip/kube-proxy`))
      own.push(`nft of ${node}: table ip kube-proxy is left over in mode ${proxy.mode}`)
    return own.slice(0, 3)
  })
}

function wrongIptables(reader: ModelReader, node: string): string[] {
  const proxier = watching(reader, newProxier(configOf(reader, node)))
  const fresh = new MapRules()
  const plan = planRestore(fresh, proxier.sync(undefined).lines, { noflush: true, trusted: true })
  if (plan.error) return [`a fresh sync for ${node} does not load: line ${plan.error.line}: ${plan.error.message}`]
  fresh.apply(plan.changes)
  const want = new Map<string, string>()
  // kube-proxy walks a map: the order of Services in a chain that they share is free.
  const text = (lines: readonly string[]): string => [...lines].sort().join('\n')
  for (const table of ['nat', 'filter'])
    for (const chain of fresh.chains(table))
      if (chain.name.startsWith('KUBE-')) want.set(`${table} ${chain.name}`, text(chain.rules))
  const out: string[] = []
  const have = new Map<string, string>()
  for (const chain of reader.by('chains', 'node', node))
    if (/^KUBE-(?!PROXY-CANARY|KUBELET)/.test(chain.name) && chain.table !== 'mangle') {
      have.set(`${chain.table} ${chain.name}`, text(chain.rules))
      // chains of mode ipvs stay side by side with these
      if (isServiceChainName(chain.name) && !want.has(`${chain.table} ${chain.name}`))
        out.push(`rules of ${node}: ${chain.table} ${chain.name} is left over`)
    }
  for (const [key, lines] of want)
    if (have.get(key) !== lines) out.push(`rules of ${node}, ${key}: want\n${lines}\nhave\n${have.get(key)}`)
  return out
}

const OF_IPTABLES = /^KUBE-(SERVICES|EXTERNAL-SERVICES|NODEPORTS|PROXY-FIREWALL|FORWARD|POSTROUTING|PROXY-CANARY)$/

function leftByIptables(reader: ModelReader, node: string): string[] {
  return reader
    .by('chains', 'node', node)
    .filter((chain) => isServiceChainName(chain.name) || OF_IPTABLES.test(chain.name))
    .map((chain) => `rules of ${node}: ${chain.table} ${chain.name} is left over in mode nftables`)
}

function wrongNft(reader: ModelReader, node: string, proxy: KubeProxyRecord): string[] {
  const proxier = watching(reader, newNftProxier(configOf(reader, node), layoutOf(proxy.configuration.options)))
  const fresh = new NftRuleset()
  const { error } = fresh.apply(proxier.sync(new TableText(), 0).lines)
  if (error) return [`a fresh transaction for ${node} does not load: line ${error.line}: ${error.message}`]
  const want = contents(fresh.store)
  const have = contents(liveNft(reader, node))
  const out: string[] = []
  for (const [key, text] of want)
    if (have.get(key) !== text) out.push(`nft of ${node}, ${key}: want\n${text}\nhave\n${have.get(key)}`)
  // emptied chains wait for a later sync to delete them; what only the other layout has is nobody's to delete
  for (const [key, text] of have)
    if (!want.has(key) && !OF_ONE_LAYOUT.has(key) && !(key.startsWith('chain ') && key.includes('/') && text === ''))
      out.push(`nft of ${node}: ${key} is left over: ${text}`)
  return out
}

const OF_ONE_LAYOUT: ReadonlySet<string> = new Set(['set hairpin-connections', 'chain mark-for-masquerade'])

/** What a table holds; elements that packets put there apart. */
function contents(store: NftStore): Map<string, string> {
  const out = new Map<string, string>()
  const table = 'ip/kube-proxy'
  for (const chain of store.chains(table))
    out.set(`chain ${chain.name}`, [chain.base ? JSON.stringify(chain.base) : '', ...chain.rules].join('\n').trim())
  for (const set of store.sets(table)) {
    const elements = set.flags.includes('dynamic') ? [] : store.elements(table, set.name)
    out.set(
      `set ${set.name}`,
      elements
        .map((e) => (e.data === undefined ? e.key : `${e.key} : ${e.data}`))
        .sort()
        .join('\n'),
    )
  }
  return out
}

/** Modes whose packets meet netfilter alone, and whose refusals are alike. */
const BY_RULES: ReadonlySet<string> = new Set(['iptables', 'nftables'])
/** Those that choose at random: any endpoint can be met by the next connection. */
const ANY: ReadonlySet<string> = new Set(['iptables', 'nftables', 'ebpf'])

/**
 * In every mode a packet to a ClusterIP or a node port of a Service with ready endpoints reaches one of them; where only
 * rules decide, any of them can be reached and a Service without endpoints refuses.
 */
export function wrongWays(reader: ModelReader): string[] {
  return reader.all('machines').flatMap(({ name: node, ip }) => {
    const mode = reader.get('kubeProxies', node)?.mode
    if (mode === undefined) return []
    const config = configOf(reader, node)
    const out: string[] = []
    const relays = (port: ServicePortInfo): string[] =>
      proxiedPorts(serviceStates(reader, node)).flatMap(({ info, proxyPort }) =>
        info.name === port.name && info.protocol === port.protocol ? [`${ip}:${proxyPort}`] : [],
      )
    for (const { ports, endpoints } of watching(reader, newTracker(config)).services())
      for (const port of ports) {
        if (port.protocol !== 'tcp' && port.protocol !== 'udp') continue
        const { cluster = [], local = [], hasAny } = categorizeEndpoints(endpoints(port), port, config)
        const check = (what: string, src: string, dst: string, dport: number, policyLocal: boolean): void => {
          const endpointsOf = (policyLocal ? local : cluster).map((ep) => ep.text)
          // kube-proxy's own socket, which copies to an endpoint
          const serving = endpointsOf.length > 0 && mode === 'userspace' ? relays(port) : endpointsOf
          const refused = hasAny ? 'DROP' : 'REJECT'
          const got = (mode === 'ebpf' ? byMaps : waysOf)(reader, node, port, src, dst, dport)
          if (serving.length === 0) {
            const left = src === OUTSIDE ? [] : leftByIpvs(reader, node, port, dst, dport)
            const right = got.length > 0 && got.every((way) => way === refused || left.includes(way))
            if (BY_RULES.has(mode) && !right)
              out.push(`${mode} on ${node}, ${port.name} by ${what}: want ${refused}, got ${got.join(', ')}`)
            return
          }
          const wrong = got.filter((way) => !serving.includes(way))
          const missing = ANY.has(mode) && port.stickySeconds === 0 ? serving.filter((way) => !got.includes(way)) : []
          if (wrong.length > 0 || missing.length > 0 || got.length === 0)
            out.push(`${mode} on ${node}, ${port.name} by ${what}: want ${serving.join(', ')}, got ${got.join(', ')}`)
        }
        check('ClusterIP', ip, port.clusterIP, port.port, port.internalPolicyLocal)
        if (port.nodePort !== 0) check('node port', OUTSIDE, ip, port.nodePort, port.externalPolicyLocal)
      }
    return out.slice(0, 3)
  })
}

/**
 * A change from ipvs to iptables cleans nothing (cmd/kube-proxy/app/server_linux.go platformCleanup): a virtual server of
 * before takes a packet of this host ahead of the filter table's refusal, for IPVS stands at OUTPUT right behind nat.
 */
function leftByIpvs(
  reader: ModelReader,
  node: string,
  { protocol }: ServicePortInfo,
  address: string,
  port: number,
): readonly string[] {
  if (protocol !== 'tcp' && protocol !== 'udp') return []
  const left = reader.get('ipvsServices', serviceId(node, { proto: protocol, address, port }))
  // one without servers refuses, too
  return left === undefined ? [] : ['REJECT', ...left.servers.map(serverKey)]
}

/** Where a BPF program sends it: one at the socket of a local client, before there is a packet, or one at the device. */
function byMaps(
  reader: ModelReader,
  node: string,
  port: ServicePortInfo,
  src: string,
  dst: string,
  dport: number,
): string[] {
  const service = lookupService(reader, node, port.protocol, dst, dport, src === OUTSIDE ? 'external' : 'internal')
  if (!service) return ['nobody']
  return service.backends.map((id) => {
    const backend = reader.get('bpfBackends', backendId(node, id))
    return backend ? joinHostPort(backend.ip, backend.port) : `backend ${id}, which is gone`
  })
}

const OUTSIDE = '203.0.113.10'

/** Where the first packet of a connection can go: `ip:port` of endpoints, or what stops it. */
function waysOf(
  reader: ModelReader,
  node: string,
  port: ServicePortInfo,
  src: string,
  dst: string,
  dport: number,
): string[] {
  const { branches } = explore(
    namespaceOf(reader, node, ''),
    { proto: port.protocol, src, dst, sport: 61_234, dport },
    src === OUTSIDE ? { inDev: 'eth0' } : {},
  )
  const ways = branches.map(({ traversal }) =>
    traversal.verdict === 'ACCEPT'
      ? (traversal.nat.find((n) => n.kind === 'DNAT')?.to ?? `nobody (${traversal.fate})`)
      : traversal.verdict,
  )
  return [...new Set(ways)]
}
