/**
 * Rows of facts/nftables-static.json. Most of them are sentences: a row holds when the texts that our table is made of
 * stand in them.
 */
import type { ProxierConfig } from '../model/kube-proxy/config.ts'
import { BASE_CHAINS, setupLines } from '../model/kube-proxy/nftables/static-rules.ts'
import { newNftProxier } from '../model/kube-proxy/nftables/proxier.ts'
import { STALE_AFTER } from '../model/kube-proxy/nftables/sync.ts'
import { TableText } from '../model/kube-proxy/nftables/table-text.ts'
import type { Layout } from '../model/kube-proxy/nftables/dialect.ts'
import type { CaseRow } from './kube-proxy-case.ts'
import type { Json } from './json-file.ts'

const CONFIG: ProxierConfig = {
  family: 4,
  nodeName: 'test-node',
  nodeIP: '192.168.0.2',
  nodeAddresses: ['127.0.0.1/8', '192.168.0.2/24'],
  zone: '',
  masqueradeAll: false,
  masqueradeMark: '0x4000',
  localhostNodePorts: true,
  nodePortAddresses: ['192.168.0.2/32'],
  tcpBeLiberal: false,
  randomFully: true,
  nfacct: { invalidDropped: false, localhostNodePorts: false },
  localDetector: { ifLocal: '-s 10.244.0.0/16', ifNotLocal: '! -s 10.244.0.0/16' },
  nodeHints: true,
  serviceCIDRs: '10.96.0.0/12',
}

/** Rules of a chain, or what defines a set or map. */
function texts(layout: Layout, config: ProxierConfig, what: 'rule' | 'set' | 'chain', name: string): string[] {
  const start = `add ${what} ip kube-proxy ${name}`
  return setupLines(config, layout, false)
    .filter((line) => line === start || line.startsWith(`${start} `))
    .map((line) => line.slice(start.length + 1))
}

/** The sentence with the letters that stand for values filled in. */
const spell = (sentence: string): string =>
  sentence
    .replace(/\bM\b/g, '0x4000')
    .replace(/PODCIDR/g, '10.244.0.0/16')
    .replace(/ADDR/g, 'ipv4_addr')

export function nftFacts(json: Json): CaseRow[] {
  const rows: CaseRow[] = []
  const says = (name: string, sentence: string | undefined, parts: () => string[]): void => {
    if (sentence !== undefined)
      rows.push({ name, expected: [], run: () => parts().filter((part) => !spell(sentence).includes(part)) })
  }
  if (json.table) says('table', json.table, () => ['kube-proxy', 'rules for kube-proxy'])
  if (json.baseChains)
    rows.push({ name: 'baseChains', expected: json.baseChains, run: () => BASE_CHAINS.map((chain) => ({ ...chain })) })
  const old = json.layouts?.['<=1.35']
  const now = json.layouts?.['>=1.36']
  says('<=1.35 masquerade', old?.masquerade, () => [
    ...texts('1.35', CONFIG, 'rule', 'mark-for-masquerade'),
    ...texts('1.35', CONFIG, 'rule', 'masquerading'),
  ])
  says('>=1.36 masquerade', now?.masquerade, () => texts('1.36', CONFIG, 'rule', 'masquerading'))
  says('>=1.36 hairpinSet', now?.hairpinSet, () =>
    texts('1.36', CONFIG, 'set', 'hairpin-connections').flatMap((text) => [
      /type (.*?) ;/.exec(text)![1]!,
      /comment (".*?")/.exec(text)![1]!,
    ]),
  )
  says('>=1.36 services', now?.services, () => [
    texts('1.36', CONFIG, 'rule', 'services')[0]!.replace(' comment', ', comment'),
    /comment (".*")/.exec(texts('1.36', { ...CONFIG, masqueradeAll: true }, 'rule', 'services')[0]!)![1]!,
  ])
  const service = (layout: Layout, local: boolean, sticky: boolean, suffix: string): string[] =>
    ofOneService(layout, local, sticky).flatMap((line) => {
      const found = /^add rule ip kube-proxy (\w+)-\S*\/\S+ (.*)$/.exec(line)
      return found?.[1] === suffix ? [found[2]!] : []
    })
  says('<=1.35 perService', old?.perService, () => [
    service('1.35', false, false, 'service')[0]!.replace('10.96.0.9', 'CLUSTERIP'),
    service('1.35', false, false, 'service')[1]!
      .replace('mod 2', 'mod N')
      .replace(/\{ 0 : goto endpoint-.*/, '{i : goto endpoint-'),
  ])
  says('<=1.35 perEndpoint', old?.perEndpoint, () => [
    service('1.35', false, true, 'endpoint')[0]!.replace('10.244.1.2', 'EP'),
    ...(service('1.35', false, true, 'endpoint')[1]!.startsWith('update @affinity-')
      ? ['update @affinity {ip saddr}']
      : ['?']),
    service('1.35', false, true, 'endpoint')[2]!.replace('tcp', 'P').replace('10.244.1.2:8080', 'EP:PORT'),
  ])
  says('>=1.36 external', now?.external, () => [
    service('1.36', false, false, 'external')[0]!.replace(' comment', ', comment'),
    service('1.36', true, false, 'external')[1]!.replace(' comment', ', comment'),
  ])
  says('>=1.36 perService', now?.perService, () => [
    service('1.36', false, false, 'service')[0]!
      .replace('tcp', 'P')
      .replace(/mod 2 map .*/, 'mod N map { 0 : ip . port , 1 :'),
  ])
  const all = { ...CONFIG, nodePortAddresses: ['0.0.0.0/0'] }
  says('nodePortMatchAll', json.nodePortMatchAll, () => [
    texts('1.36', all, 'rule', 'services').find((rule) => rule.includes('@service-nodeports'))!,
    texts('1.36', all, 'rule', 'nodeport-endpoints-check')[0]!,
    ...(setupLines(all, '1.36', false).includes('delete set ip kube-proxy nodeport-ips')
      ? ['nodeport-ips set is deleted']
      : ['?']),
  ])
  says('staleChains', json.staleChains, () => [`more than ${STALE_AFTER / 1_000_000} s afterwards`])
  if (json.endpointOrder)
    rows.push({
      name: 'endpointOrder',
      expected: true,
      run: () =>
        service('1.36', false, false, 'service')[0]!.includes('{ 0 : 10.244.1.10 . 8080 , 1 : 10.244.1.2 . 8080 }'),
    })
  return rows
}

/** What a node port Service of two endpoints writes, the first of them on this node. */
function ofOneService(layout: Layout, local: boolean, sticky: boolean): readonly string[] {
  const proxier = newNftProxier(CONFIG, layout)
  const service: Json = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's', namespace: 'ns' },
    spec: {
      type: 'NodePort',
      clusterIP: '10.96.0.9',
      ...(local ? { externalTrafficPolicy: 'Local' } : {}),
      ...(sticky ? { sessionAffinity: 'ClientIP' } : {}),
      ports: [{ name: 'p', protocol: 'TCP', port: 80, nodePort: 30_001 }],
    },
  }
  proxier.setService(service)
  const slice: Json = {
    metadata: { name: 's-1', namespace: 'ns', labels: { 'kubernetes.io/service-name': 's' } },
    addressType: 'IPv4',
    endpoints: [
      { addresses: ['10.244.1.2'], nodeName: 'test-node' },
      ...(sticky ? [] : [{ addresses: ['10.244.1.10'] }]),
    ],
    ports: [{ name: 'p', protocol: 'TCP', port: 8080 }],
  }
  proxier.setSlice(slice)
  return proxier.sync(new TableText(), 0).lines
}
