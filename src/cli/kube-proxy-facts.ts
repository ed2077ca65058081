/** Rows of hash/, topology/, metrics/ and facts/ and what the model says to each. */
import { DEFAULTS, masqueradeMark, type ProxierConfig } from '../model/kube-proxy/config.ts'
import { endpointChainName, portProtoHash } from '../model/kube-proxy/chain-names.ts'
import type { EndpointInfo } from '../model/kube-proxy/endpoints.ts'
import { newProxier } from '../model/kube-proxy/proxier.ts'
import type { ServicePortInfo } from '../model/kube-proxy/service-port.ts'
import { categorizeEndpoints } from '../model/kube-proxy/topology.ts'
import {
  CANARY,
  FILTER_CHAINS,
  headLines,
  jumpsFor,
  NAT_CHAINS,
  tailLines,
} from '../model/kube-proxy/iptables/static-rules.ts'
import { endpointBase, servicePortBase } from '../model/kube-proxy/nftables/names.ts'
import { probability } from '../model/kube-proxy/iptables/service-rules.ts'
import type { CaseRow as FactRow } from './kube-proxy-case.ts'
import type { Json } from './json-file.ts'
import { ipvsFacts } from './kube-proxy-facts-ipvs.ts'
import { nftFacts } from './kube-proxy-facts-nft.ts'

export const PLAIN: ProxierConfig = {
  family: 4,
  nodeName: 'test-node',
  nodeIP: '192.168.0.2',
  nodeAddresses: ['127.0.0.1/8', '192.168.0.2/24'],
  zone: '',
  masqueradeAll: false,
  masqueradeMark: '0x4000',
  localhostNodePorts: true,
  nodePortAddresses: [],
  tcpBeLiberal: false,
  randomFully: false,
  nfacct: { invalidDropped: false, localhostNodePorts: false },
  localDetector: undefined,
  nodeHints: true,
}

export function hashRows(json: Json): FactRow[] {
  const rows: FactRow[] = json.iptables.map((row: Json) => ({
    name: row.hashInput,
    expected: row.chain,
    run: () =>
      row.endpoint
        ? endpointChainName(row.servicePortName, row.protocol, row.endpoint)
        : `${row.chain.slice(0, row.chain.lastIndexOf('-') + 1)}${portProtoHash(row.servicePortName, row.protocol)}`,
  }))
  for (const row of json.nftables ?? [])
    rows.push({
      name: row.name,
      expected: row.name,
      run: () => {
        const { namespace, service, protocol, port, endpoint } = row
        if (!endpoint) return servicePortBase(`${namespace}/${service}`, protocol, port)
        const [, ip, to] = /^\[?(.*?)\]?:(\d+)$/.exec(endpoint) as unknown as [string, string, string]
        return endpointBase(`${namespace}/${service}`, protocol, port, ip, Number(to))
      },
    })
  return rows
}

export function topologyRows(json: Json): FactRow[] {
  return json.rows.map((row: Json) => ({
    name: row.name,
    expected: row.expected,
    run: () => {
      const service = row.service
      const info: ServicePortInfo = {
        service: 'ns/svc',
        name: 'ns/svc',
        portKey: '/TCP',
        protocol: 'tcp',
        clusterIP: service.clusterIP,
        port: service.port,
        nodePort: service.nodePort ?? 0,
        externalIPs: [],
        loadBalancerVIPs: [],
        sourceRanges: [],
        stickySeconds: 0,
        externalPolicyLocal: service.externalTrafficPolicy === 'Local',
        internalPolicyLocal: service.internalTrafficPolicy === 'Local',
        healthCheckNodePort: 0,
        hash: '',
      }
      const endpoints: EndpointInfo[] = row.endpoints.map((ep: Json) => ({
        ip: ep.address,
        port: ep.port,
        text: `${ep.address}:${ep.port}`,
        isLocal: ep.isLocal,
        ready: ep.ready,
        serving: ep.serving,
        terminating: ep.terminating,
        zoneHints: ep.zoneHints ?? [],
        nodeHints: ep.nodeHints ?? [],
        chain: '',
      }))
      const place = {
        nodeName: row.nodeName || row.nodeLabels?.['kubernetes.io/hostname'] || '',
        zone: row.nodeLabels?.['topology.kubernetes.io/zone'] ?? '',
        nodeHints: row.preferSameNodeGate !== false,
      }
      const got = categorizeEndpoints(endpoints, info, place)
      const texts = (list: readonly EndpointInfo[] | undefined): string[] | null =>
        list?.map((ep) => ep.text).sort() ?? null
      return {
        clusterEndpoints: texts(got.cluster),
        localEndpoints: texts(got.local),
        allEndpoints: texts(got.reachable),
      }
    },
  }))
}

/** The row's name says which policies are Local and where endpoints are. */
export function metricRows(json: Json): FactRow[] {
  return json.rows.map((row: Json) => {
    const name: string = row.name
    const where = /only remote/.test(name)
      ? 'remote'
      : /no endpoints anywhere/.test(name)
        ? 'none'
        : /local endpoints exist/.test(name)
          ? 'local'
          : ''
    const both = /both Local|any Local|no endpoints anywhere/.test(name)
    const internal = both || /internalTrafficPolicy Local/.test(name)
    const external = both || /externalTrafficPolicy Local/.test(name)
    return {
      name,
      expected: { internal: row.internal, external: row.external },
      run: where === '' ? undefined : () => noLocalEndpoints(where, internal, external),
    }
  })
}

function noLocalEndpoints(where: string, internal: boolean, external: boolean): Json {
  const proxier = newProxier(PLAIN)
  const service: Json = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'svc1', namespace: 'ns1' },
    spec: {
      type: external ? 'NodePort' : 'ClusterIP',
      clusterIP: '172.30.1.1',
      ...(internal ? { internalTrafficPolicy: 'Local' } : {}),
      ...(external ? { externalTrafficPolicy: 'Local' } : {}),
      ports: [{ name: 'p80', protocol: 'TCP', port: 80, ...(external ? { nodePort: 123 } : {}) }],
    },
  }
  proxier.setService(service)
  const slice: Json = {
    metadata: { name: 'svc1-1', namespace: 'ns1', labels: { 'kubernetes.io/service-name': 'svc1' } },
    addressType: 'IPv4',
    endpoints:
      where === 'none' ? [] : [{ addresses: ['10.0.1.2'], nodeName: where === 'local' ? PLAIN.nodeName : 'host-1' }],
    ports: [{ name: 'p80', protocol: 'TCP', port: 80 }],
  }
  proxier.setSlice(slice)
  const { metrics } = proxier.sync(undefined)
  return { internal: metrics.noLocalEndpointsInternal, external: metrics.noLocalEndpointsExternal }
}

export function factRows(file: string, json: Json): FactRow[] | undefined {
  if (file.startsWith('iptables-static')) return iptablesFacts(json)
  if (file.startsWith('config-defaults')) return configFacts(json)
  if (file.startsWith('nftables-static')) return nftFacts(json)
  if (file.startsWith('ipvs-static')) return ipvsFacts(json, PLAIN)
  return undefined
}

function iptablesFacts(json: Json): FactRow[] {
  const rows: FactRow[] = []
  const add = (name: string, expected: unknown, run: (() => unknown) | undefined): void =>
    void (expected === undefined || rows.push({ name, expected, run }))
  const withNfacct = { ...PLAIN, nfacct: { invalidDropped: true, localhostNodePorts: true } }
  add('jumpRules', json.jumpRules?.rules, () => jumpsFor(PLAIN).map((j) => `-t ${j.table} -I ${j.from} ${j.rule}`))
  add(
    'canary',
    json.canary && true,
    () => json.canary.includes(CANARY.chain) && CANARY.tables.every((t) => json.canary.includes(t)),
  )
  add(
    'filterChainOrder',
    json.filterChainOrder?.map((c: string) => c.split(' ')[0]),
    () => [
      ...FILTER_CHAINS,
      ...(headLines(PLAIN).filterChains.some((l) => l.includes('KUBE-FIREWALL')) ? ['KUBE-FIREWALL'] : []),
    ],
  )
  add(
    'natChainOrder',
    json.natChainOrder?.filter((c: string) => c.startsWith('KUBE')),
    () => [...NAT_CHAINS],
  )
  for (const row of json.probability ?? []) add(`probability of 1/${row.n}`, row.text, () => probability(row.n))
  const invalid = (config: ProxierConfig): string =>
    tailLines(config).filter.find((l) => l.includes('INVALID')) ?? 'rule omitted'
  add('dropInvalid', json.dropInvalid?.default, () => invalid(PLAIN))
  add('dropInvalid with nfacct', json.dropInvalid?.withNfacct, () => invalid(withNfacct))
  add('dropInvalid with tcpBeLiberal', json.dropInvalid?.tcpBeLiberal, () => invalid({ ...PLAIN, tcpBeLiberal: true }))
  const masquerade = (config: ProxierConfig): string => headLines(config).nat.find((l) => l.includes('MASQUERADE'))!
  add('masquerade', json.masquerade?.default, () => masquerade(PLAIN))
  add('masquerade --random-fully', json.masquerade?.randomFully && `${json.masquerade.default} --random-fully`, () =>
    masquerade({ ...PLAIN, randomFully: true }),
  )
  add('mark', json.mark && true, () => json.mark.includes(masqueradeMark(14)))
  return rows
}

function configFacts(json: Json): FactRow[] {
  const rows: FactRow[] = []
  for (const [key, value] of Object.entries((json.defaults ?? {}) as Record<string, unknown>)) {
    const mine = (DEFAULTS as Record<string, unknown>)[key]
    rows.push({ name: `default ${key}`, expected: value, run: mine === undefined ? undefined : () => mine })
  }
  return rows
}
